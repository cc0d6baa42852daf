//! Permanent access keys (Identity and Access Management API reference, "Access Key Management").
//!
//! A key is called by its id alone here, so its owner is looked up. Keys have no description: one that is given is passed over
//! when a key is made, and the answer shows that there is none.

use claviger_iam::entity::credential::Status;
use claviger_iam::operation::access_keys::{
    AccessKeyDetails, CreateAccessKey, DeleteAccessKey, ListAccessKeyDetails, ListAccessKeys,
    UpdateAccessKey,
};
use claviger_iam::operation::page::Paged;
use claviger_model::name::ExistingUserName;
use claviger_model::{AccessKeyId, Code, Scalar as _};
use serde_json::json;

use crate::asked::Asked;
use crate::error::Error;
use crate::input::Codes;
use crate::reply::Reply;
use crate::routes::Route;
use crate::times;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "POST",
        "/v3.0/OS-CREDENTIAL/credentials",
        "CreateAccessKey",
        |asked| Box::pin(create(asked)),
    ),
    Route::iam(
        "GET",
        "/v3.0/OS-CREDENTIAL/credentials",
        "ListAccessKeys",
        |asked| Box::pin(list(asked)),
    ),
    Route::iam(
        "GET",
        "/v3.0/OS-CREDENTIAL/credentials/{access_key}",
        "ListAccessKeyDetails",
        |asked| Box::pin(show(asked)),
    ),
    Route::iam(
        "PUT",
        "/v3.0/OS-CREDENTIAL/credentials/{access_key}",
        "UpdateAccessKey",
        |asked| Box::pin(update(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v3.0/OS-CREDENTIAL/credentials/{access_key}",
        "DeleteAccessKey",
        |asked| Box::pin(delete(asked)),
    ),
];

/// `POST /v3.0/OS-CREDENTIAL/credentials`.
async fn create(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let credential = input.within("credential", Codes::COMMON)?;
    let user_id = credential.required_text("user_id")?;
    credential.text("description")?;
    let operation = CreateAccessKey {
        user_name: asked.owner(Some(user_id)).await?,
    };
    let made = asked.call(&operation).await;
    let key = made
        .map_err(|fault| match fault.code() {
            Code::LimitExceeded => Error::bad("IAM.0007", "akSkNumExceed").because(fault),
            _ => Error::of(fault, "user", user_id),
        })?
        .access_key;
    Ok(Reply::created(json!({
        "credential": {
            "access": key.access_key_id.as_str(),
            "secret": key.secret_access_key.expose(),
            "status": told(key.status),
            "user_id": user_id,
            "description": "",
            "create_time": times::precise(key.create_date),
        },
    })))
}

/// `GET /v3.0/OS-CREDENTIAL/credentials`, of the caller where nobody is named.
async fn list(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let own = asked.own_id();
    let user_id = query.get("user_id").map(str::to_owned).or(own);
    let Some(user_id) = user_id else {
        return Err(Error::bad("IAM.0072", "user_id is required."));
    };
    let operation = ListAccessKeys {
        user_name: asked.owner(Some(&user_id)).await?,
        page: whole(),
    };
    let listed = asked.call(&operation).await;
    let listed = listed.map_err(|fault| Error::of(fault, "user", &user_id))?;
    let credentials: Vec<_> = listed
        .access_key_metadata
        .iter()
        .map(|key| {
            json!({
                "access": key.access_key_id.as_str(),
                "status": told(key.status),
                "user_id": user_id,
                "description": "",
                "create_time": times::precise(key.create_date),
            })
        })
        .collect();
    Ok(Reply::ok(json!({ "credentials": credentials })))
}

/// `GET /v3.0/OS-CREDENTIAL/credentials/{access_key}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let owner = Owner::of(&mut asked, id).await?;
    let details = details(&mut asked, &owner, id).await?;
    let used = details.access_key_last_used.last_used_date;
    Ok(Reply::ok(json!({
        "credential": {
            "access": id,
            "status": told(details.status),
            "user_id": owner.id,
            "description": "",
            "create_time": times::precise(details.create_date),
            // A key that was never used was last used when it was made.
            "last_use_time": times::precise(used.unwrap_or(details.create_date)),
        },
    })))
}

/// `PUT /v3.0/OS-CREDENTIAL/credentials/{access_key}`.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let credential = input.within("credential", Codes::COMMON)?;
    if credential
        .text("description")?
        .is_some_and(|text| !text.is_empty())
    {
        return Err(Error::not_built("Describing an access key"));
    }
    let status = match credential.required_text("status")? {
        "active" => Status::Active,
        "inactive" => Status::Inactive,
        _ => return Err(Error::invalid("status must be active or inactive.")),
    };
    let id = asked.id();
    let owner = Owner::of(&mut asked, id).await?;
    let before = details(&mut asked, &owner, id).await?;
    let operation = UpdateAccessKey {
        user_name: owner.name,
        access_key_id: before.access_key_id.clone(),
        status,
    };
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "access key", id))?;
    Ok(Reply::ok(json!({
        "credential": {
            "access": id,
            "status": told(status),
            "user_id": owner.id,
            "description": "",
            "create_time": times::precise(before.create_date),
        },
    })))
}

/// `DELETE /v3.0/OS-CREDENTIAL/credentials/{access_key}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let owner = Owner::of(&mut asked, id).await?;
    let operation = DeleteAccessKey {
        user_name: owner.name,
        access_key_id: owner.key,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "access key", id))?;
    Ok(Reply::done())
}

/// Whose key a request is about.
struct Owner {
    key: AccessKeyId,
    /// As operations are told: `None` for the root user, who is the caller.
    name: Option<ExistingUserName>,
    id: String,
}

impl Owner {
    /// The owner of this key. Where nobody of the account has it, it is somebody whom no operation finds.
    async fn of(asked: &mut Asked<'_>, key: &str) -> Result<Self, Error> {
        let missing = || Error::no_such("access key", key);
        let key = AccessKeyId::parse(key).map_err(|_| missing())?;
        let id = asked.owner_of_key(&key).await?;
        Ok(Self {
            name: asked.owner(Some(&id)).await?,
            key,
            id,
        })
    }
}

/// What is known of a key.
async fn details(
    asked: &mut Asked<'_>,
    owner: &Owner,
    id: &str,
) -> Result<AccessKeyDetails, Error> {
    let operation = ListAccessKeyDetails {
        user_name: owner.name.clone(),
        page: whole(),
    };
    let listed = asked.run(&operation).await;
    listed
        .map_err(|fault| Error::of(fault, "access key", id))?
        .access_key_details
        .into_iter()
        .find(|details| details.access_key_id == owner.key)
        .ok_or_else(|| Error::no_such("access key", id))
}

/// Nobody has more keys than stand on a page.
fn whole() -> Paged {
    Paged {
        marker: None,
        max_items: None,
    }
}

/// A status as this API has it, which knows of no keys that have expired.
pub(crate) fn told(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Inactive | Status::Expired => "inactive",
    }
}
