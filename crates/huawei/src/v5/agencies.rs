//! Trust agencies (Identity and Access Management API reference, "Agency Management (v5)"), which are roles.

use claviger_iam::Fault;
use claviger_iam::operation::roles::{
    CreateRole, DeleteRole, GetRole, ListRoles, UpdateAssumeRolePolicy, UpdateRole,
};
use claviger_iam::operation::shapes::RoleShape;
use claviger_model::{AccountId, Scalar};
use serde_json::{Value, json};

use super::page::{self, Page};
use super::{paths, tags};
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::{Codes, Members};
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("POST", "/v5/agencies", "CreateRole", |asked| {
        Box::pin(create(asked))
    }),
    Route::iam("GET", "/v5/agencies", "ListRoles", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("GET", "/v5/agencies/{agency_id}", "GetRole", |asked| {
        Box::pin(show(asked))
    }),
    Route::iam("PUT", "/v5/agencies/{agency_id}", "UpdateRole", |asked| {
        Box::pin(update(asked))
    }),
    Route::iam(
        "DELETE",
        "/v5/agencies/{agency_id}",
        "DeleteRole",
        |asked| Box::pin(delete(asked)),
    ),
    Route::iam(
        "PUT",
        "/v5/agencies/{agency_id}/trust-policy",
        "UpdateAssumeRolePolicy",
        |asked| Box::pin(update_trust(asked)),
    ),
];

/// `POST /v5/agencies`.
async fn create(asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let operation = CreateRole {
        path: members.text("path")?.map(paths::read).transpose()?,
        role_name: members.required_or("agency_name", "PAP5.0029")?,
        assume_role_policy_document: members.required_or("trust_policy", "PAP5.0011")?,
        description: members.scalar("description")?,
        max_session_duration: duration(members)?,
        permissions_boundary: None,
        tags: Vec::new(),
    };
    let account = asked.account();
    let made = asked.call(&operation).await?;
    Ok(Reply::created(
        json!({ "agency": written(&made.role, account)? }),
    ))
}

/// `GET /v5/agencies`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let page = Page::read(&query)?;
    let operation = ListRoles {
        path_prefix: query.get("path_prefix").map(paths::read).transpose()?,
        page: page.asked(),
    };
    let account = asked.account();
    let listed = asked.call(&operation).await;
    let listed = listed.map_err(|fault| page.refused(fault))?;
    let agencies = listed
        .roles
        .iter()
        .map(|role| written(role, account))
        .collect::<Result<Vec<Value>, Fault>>()?;
    let info = page::info(agencies.len(), listed.end);
    Ok(Reply::ok(
        json!({ "agencies": agencies, "page_info": info }),
    ))
}

/// `GET /v5/agencies/{agency_id}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = GetRole {
        role_name: asked.agency(id).await?,
    };
    let account = asked.account();
    let found = asked.call(&operation).await;
    let role = found.map_err(|fault| Error::of(fault, "agency", id))?.role;
    let mut agency = written(&role, account)?;
    if let Some(agency) = agency.as_object_mut() {
        let tags = role.tags.iter().flatten().map(tags::written).collect();
        agency.insert(String::from("tags"), Value::Array(tags));
    }
    Ok(Reply::ok(json!({ "agency": agency })))
}

/// `PUT /v5/agencies/{agency_id}`.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let id = asked.id();
    let operation = UpdateRole {
        description: members.scalar("description")?,
        max_session_duration: duration(members)?,
        role_name: asked.agency(id).await?,
    };
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "agency", id))?;
    Ok(Reply::ok(json!({})))
}

/// `PUT /v5/agencies/{agency_id}/trust-policy`.
async fn update_trust(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let id = asked.id();
    let operation = UpdateAssumeRolePolicy {
        policy_document: members.required_or("trust_policy", "PAP5.0011")?,
        role_name: asked.agency(id).await?,
    };
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "agency", id))?;
    Ok(Reply::ok(json!({})))
}

/// `DELETE /v5/agencies/{agency_id}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = DeleteRole {
        role_name: asked.agency(id).await?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "agency", id))?;
    Ok(Reply::done())
}

/// How long a session may last, in seconds.
fn duration<T: Scalar>(members: Members<'_>) -> Result<Option<T>, Error> {
    let wrong = |_| Error::invalid("max_session_duration must be from 3600 to 43200.");
    members
        .number("max_session_duration")?
        .map(|seconds| T::parse(&seconds.to_string()).map_err(wrong))
        .transpose()
}

fn written(role: &RoleShape, account: AccountId) -> Result<Value, Fault> {
    let id = ids::agency(&role.role_id)
        .ok_or_else(|| Fault::service("a role whose id is not a role's"))?;
    let path = paths::told(role.path.as_str());
    let trust = role.assume_role_policy_document.as_ref();
    Ok(json!({
        "agency_id": id,
        "agency_name": role.role_name,
        "path": path,
        "urn": format!("iam::{}:agency:{path}{}", ids::domain(account), role.role_name),
        "trust_policy": trust.map(|document| document.0.as_str()).unwrap_or_default(),
        "description": role.description.as_deref().unwrap_or_default(),
        "max_session_duration": role.max_session_duration,
        "created_at": role.create_date.to_string(),
    }))
}
