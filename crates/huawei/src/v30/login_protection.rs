//! Login protection (Identity and Access Management API reference, "Querying the Login Protection Status of IAM Users"). Nobody sets
//! the own.

use claviger_iam::Fault;
use claviger_iam::entity::login_protection::ProtectionMethod;
use claviger_iam::operation::login_protection::{
    GetLoginProtection, ListLoginProtections, LoginProtectionShape, SetLoginProtection,
};
use claviger_iam::operation::page::{Marker, Paged};
use claviger_model::Scalar as _;
use claviger_model::scalar::Bounded;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::Codes;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "GET",
        "/v3.0/OS-USER/login-protects",
        "ListLoginProtections",
        |asked| Box::pin(list(asked)),
    ),
    Route::iam(
        "GET",
        "/v3.0/OS-USER/users/{user_id}/login-protect",
        "GetLoginProtection",
        |asked| Box::pin(show(asked)),
    ),
    Route::iam(
        "PUT",
        "/v3.0/OS-USER/users/{user_id}/login-protect",
        "SetLoginProtection",
        |asked| Box::pin(update(asked)),
    ),
];

/// `GET /v3.0/OS-USER/login-protects`: of the users for whom it was ever set.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let mut told = Vec::new();
    let mut marker: Option<Marker> = None;
    loop {
        let operation = ListLoginProtections {
            page: Paged {
                marker: marker.take(),
                max_items: Bounded::parse("1000").ok(),
            },
        };
        let page = asked.run(&operation).await?;
        for protection in &page.login_protections {
            told.push(written(protection)?);
        }
        let Some(next) = page.end.marker else { break };
        marker = Some(Marker::parse(&next).map_err(|_| Fault::service("a marker is none"))?);
    }
    Ok(Reply::ok(json!({ "login_protects": told })))
}

/// `GET /v3.0/OS-USER/users/{user_id}/login-protect`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = GetLoginProtection {
        user_name: asked.owner(Some(id)).await?,
    };
    let found = asked.call(&operation).await;
    let found = found.map_err(|fault| Error::of(fault, "login protection of user", id))?;
    Ok(Reply::ok(
        json!({ "login_protect": written(&found.login_protection)? }),
    ))
}

/// `PUT /v3.0/OS-USER/users/{user_id}/login-protect`.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let protect = input.within("login_protect", Codes::COMMON)?;
    let enabled = protect.required_flag("enabled")?;
    let method: ProtectionMethod = protect.required("verification_method")?;
    if enabled && method == ProtectionMethod::None {
        return Err(Error::invalid(
            "verification_method must be sms, email or vmfa where login protection is enabled.",
        ));
    }
    let id = asked.id();
    let operation = SetLoginProtection {
        user_name: asked.user(id).await?,
        method: if enabled {
            method
        } else {
            ProtectionMethod::None
        },
        api_protection: protect.flag("api_login_protect")?,
    };
    let set = asked.call(&operation).await;
    let set = set.map_err(|fault| Error::of(fault, "user", id))?;
    Ok(Reply::ok(
        json!({ "login_protect": written(&set.login_protection)? }),
    ))
}

fn written(protection: &LoginProtectionShape) -> Result<Value, Fault> {
    let id = ids::user(&protection.user_id)
        .ok_or_else(|| Fault::service("a user whose id is not a user's"))?;
    Ok(json!({
        "user_id": id,
        "enabled": protection.enabled,
        "verification_method": protection.method.as_str(),
        "api_login_protect": protection.api_protection,
    }))
}
