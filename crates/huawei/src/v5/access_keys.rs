//! Permanent access keys (Identity and Access Management API reference, "Access Key Management (v5)").

use claviger_iam::entity::credential::Status;
use claviger_iam::operation::access_keys::{
    AccessKeyMetadata, CreateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed, ListAccessKeys,
    UpdateAccessKey,
};
use claviger_iam::operation::page::Paged;
use claviger_model::name::ExistingUserName;
use claviger_model::{AccessKeyId, Scalar as _};
use serde_json::{Value, json};

use super::page::{self, Page};
use crate::asked::Asked;
use crate::error::Error;
use crate::input::Codes;
use crate::reply::Reply;
use crate::routes::Route;
use crate::v30::credentials::told;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "POST",
        "/v5/users/{user_id}/access-keys",
        "CreateAccessKey",
        |asked| Box::pin(create(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/users/{user_id}/access-keys",
        "ListAccessKeys",
        |asked| Box::pin(list(asked)),
    ),
    Route::iam(
        "PUT",
        "/v5/users/{user_id}/access-keys/{access_key_id}",
        "UpdateAccessKey",
        |asked| Box::pin(update(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v5/users/{user_id}/access-keys/{access_key_id}",
        "DeleteAccessKey",
        |asked| Box::pin(delete(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/users/{user_id}/access-keys/{access_key_id}/last-used",
        "GetAccessKeyLastUsed",
        |asked| Box::pin(last_used(asked)),
    ),
];

/// `POST /v5/users/{user_id}/access-keys`.
async fn create(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let user_id = asked.id();
    let operation = CreateAccessKey {
        user_name: asked.owner(Some(user_id)).await?,
    };
    let made = asked.call(&operation).await;
    let key = made
        .map_err(|fault| Error::of(fault, "user", user_id))?
        .access_key;
    Ok(Reply::created(json!({
        "access_key": {
            "user_id": user_id,
            "access_key_id": key.access_key_id.as_str(),
            "secret_access_key": key.secret_access_key.expose(),
            "status": told(key.status),
            "created_at": key.create_date.to_string(),
        },
    })))
}

/// `GET /v5/users/{user_id}/access-keys`.
async fn list(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let page = Page::read(&asked.query()?)?;
    let user_id = asked.id();
    let operation = ListAccessKeys {
        user_name: asked.owner(Some(user_id)).await?,
        page: page.asked(),
    };
    let listed = asked.call(&operation).await;
    let listed = listed.map_err(|fault| page.refused_about(fault, "user", user_id))?;
    let keys: Vec<Value> = listed
        .access_key_metadata
        .iter()
        .map(|key| written(key, user_id, key.status))
        .collect();
    let info = page::info(keys.len(), listed.end);
    Ok(Reply::ok(json!({ "access_keys": keys, "page_info": info })))
}

/// `PUT /v5/users/{user_id}/access-keys/{access_key_id}`.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let status = match input.members(Codes::COMMON).required_text("status")? {
        "active" => Status::Active,
        "inactive" => Status::Inactive,
        _ => return Err(Error::invalid("status must be active or inactive.")),
    };
    let user_id = asked.id();
    let user_name = asked.owner(Some(user_id)).await?;
    let key = found(&asked, user_name.clone()).await?;
    let operation = UpdateAccessKey {
        user_name,
        access_key_id: key.access_key_id.clone(),
        status,
    };
    let id = asked.second_id();
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "access key", id))?;
    Ok(Reply::ok(
        json!({ "access_key": written(&key, user_id, status) }),
    ))
}

/// `DELETE /v5/users/{user_id}/access-keys/{access_key_id}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.second_id();
    let operation = DeleteAccessKey {
        user_name: asked.owner(Some(asked.id())).await?,
        access_key_id: key_id(id)?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "access key", id))?;
    Ok(Reply::done())
}

/// `GET /v5/users/{user_id}/access-keys/{access_key_id}/last-used`.
async fn last_used(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let user_name = asked.owner(Some(asked.id())).await?;
    let key = found(&asked, user_name).await?;
    let operation = GetAccessKeyLastUsed {
        access_key_id: key.access_key_id,
    };
    let used = asked.call(&operation).await?.access_key_last_used;
    let mut last_used = serde_json::Map::new();
    if let Some(at) = used.last_used_date {
        last_used.insert(String::from("last_used_at"), Value::from(at.to_string()));
    }
    Ok(Reply::ok(json!({ "access_key_last_used": last_used })))
}

/// The user's key that the path names.
async fn found(
    asked: &Asked<'_>,
    user_name: Option<ExistingUserName>,
) -> Result<AccessKeyMetadata, Error> {
    let id = asked.second_id();
    let wanted = key_id(id)?;
    let operation = ListAccessKeys {
        user_name,
        page: Paged {
            marker: None,
            max_items: None,
        },
    };
    let listed = asked.run(&operation).await;
    listed
        .map_err(|fault| Error::of(fault, "access key", id))?
        .access_key_metadata
        .into_iter()
        .find(|key| key.access_key_id == wanted)
        .ok_or_else(|| Error::no_such("access key", id))
}

fn key_id(id: &str) -> Result<AccessKeyId, Error> {
    AccessKeyId::parse(id).map_err(|_| Error::no_such("access key", id))
}

fn written(key: &AccessKeyMetadata, user_id: &str, status: Status) -> Value {
    json!({
        "user_id": user_id,
        "access_key_id": key.access_key_id.as_str(),
        "status": told(status),
        "created_at": key.create_date.to_string(),
    })
}
