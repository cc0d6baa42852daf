//! Users (Identity and Access Management API reference, "IAM User Management (v5)").

use claviger_iam::Fault;
use claviger_iam::operation::shapes::UserShape;
use claviger_iam::operation::users::{GetUser, ListUsers};
use claviger_model::AccountId;
use serde_json::{Value, json};

use super::page::{self, Page};
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("GET", "/v5/users", "ListUsers", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("GET", "/v5/users/{user_id}", "GetUser", |asked| {
        Box::pin(show(asked))
    }),
];

/// `GET /v5/users`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    for filter in ["group_id", "access_key_id"] {
        // Answered as if it were not there, it would list users that nobody asked for.
        if query.get(filter).is_some() {
            return Err(Error::not_built(&format!("Listing users by {filter}")));
        }
    }
    let page = Page::read(&query)?;
    let operation = ListUsers {
        path_prefix: None,
        page: page.asked(),
    };
    let account = asked.account();
    let listed = asked
        .call(&operation)
        .await
        .map_err(|fault| page.refused(fault))?;
    let users = listed
        .users
        .iter()
        .map(|user| written(user, account))
        .collect::<Result<Vec<Value>, Fault>>()?;
    let info = page::info(users.len(), listed.end);
    Ok(Reply::ok(json!({ "users": users, "page_info": info })))
}

/// `GET /v5/users/{user_id}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = GetUser {
        user_name: Some(asked.user(id).await?),
    };
    let account = asked.account();
    let answer = asked
        .call(&operation)
        .await
        .map_err(|fault| Error::of(fault, "user", id))?;
    let mut user = written(&answer.user, account)?;
    let tags: Vec<Value> = answer
        .user
        .tags
        .iter()
        .flatten()
        .map(|tag| json!({ "tag_key": tag.key.as_str(), "tag_value": tag.value.as_str() }))
        .collect();
    if let Some(user) = user.as_object_mut() {
        user.insert(String::from("tags"), Value::from(tags));
    }
    Ok(Reply::ok(json!({ "user": user })))
}

/// A user as this API shows one. Users have no description and are never disabled.
fn written(user: &UserShape, account: AccountId) -> Result<Value, Fault> {
    let name = user
        .user_name
        .as_deref()
        .ok_or_else(|| Fault::service("a user without a name"))?;
    let id = ids::user(&user.user_id)
        .ok_or_else(|| Fault::service("a user whose id is not a user's"))?;
    Ok(json!({
        "user_id": id,
        "user_name": name,
        "description": "",
        "enabled": true,
        "is_root_user": false,
        "created_at": user.create_date.to_string(),
        "urn": format!("iam::{}:user:{name}", ids::domain(account)),
    }))
}
