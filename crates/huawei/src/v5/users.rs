//! Users (Identity and Access Management API reference, "IAM User Management (v5)").

use claviger_iam::Fault;
use claviger_iam::operation::page::{Marker, Paged};
use claviger_iam::operation::shapes::UserShape;
use claviger_iam::operation::users::{GetUser, ListUsers};
use claviger_model::name::ExistingUserName;
use claviger_model::scalar::Bounded;
use claviger_model::{AccountId, Code, Scalar as _};
use claviger_shape::{Form, Limits};
use serde_json::{Value, json};

use crate::error::Error;
use crate::routes::Asked;
use crate::{Reply, ids};

/// Items on a page where none is asked for, and the most.
const DEFAULT_LIMIT: i32 = 100;
const MAX_LIMIT: i32 = 200;
/// Characters of a marker.
const MARKER: std::ops::RangeInclusive<usize> = 4..=400;

/// `GET /v5/users`.
pub(crate) async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = Form::parse(asked.query, &[], Limits::DEFAULT)
        .map_err(|_| Error::invalid("The query cannot be read."))?;
    for filter in ["group_id", "access_key_id"] {
        // Answered as if it were not there, it would list users that nobody asked for.
        if query.get(filter).is_some() {
            return Err(Error::not_built(&format!("Listing users by {filter}")));
        }
    }
    let page = Paged {
        max_items: Some(limit(query.get("limit"))?),
        marker: query.get("marker").map(marker).transpose()?,
    };
    let has_marker = page.marker.is_some();
    let operation = ListUsers {
        path_prefix: None,
        page,
    };
    let account = asked.admitted.caller().account();
    let listed = asked
        .iam
        .call(&operation, asked.admitted, asked.facts)
        .await
        .map_err(|fault| match fault.code() {
            // Nothing else that was asked can be wrong by now.
            Code::ValidationError if has_marker => Error::marker(),
            _ => Error::from(fault),
        })?;
    let users = listed
        .users
        .iter()
        .map(|user| written(user, account))
        .collect::<Result<Vec<Value>, Fault>>()?;
    let mut page_info = json!({ "current_count": users.len() });
    if let (Some(marker), Some(info)) = (listed.end.marker, page_info.as_object_mut()) {
        info.insert(String::from("next_marker"), Value::from(marker));
    }
    Ok(Reply::ok(json!({ "users": users, "page_info": page_info })))
}

fn limit(text: Option<&str>) -> Result<Bounded<1, 1000>, Error> {
    let wrong = || Error::invalid(format!("limit must be a number from 1 to {MAX_LIMIT}."));
    let Some(text) = text else {
        return Bounded::parse(&DEFAULT_LIMIT.to_string()).map_err(|_| wrong());
    };
    let limit: Bounded<1, 1000> = Bounded::parse(text).map_err(|_| wrong())?;
    if limit.get() > MAX_LIMIT {
        return Err(wrong());
    }
    Ok(limit)
}

fn marker(text: &str) -> Result<Marker, Error> {
    if !MARKER.contains(&text.chars().count()) {
        return Err(Error::marker());
    }
    Marker::parse(text).map_err(|_| Error::marker())
}

/// `GET /v5/users/{user_id}`.
pub(crate) async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let missing = || Error::no_such_user(id);
    let unique = ids::to_user(id).ok_or_else(missing)?;
    // Who may not ask must not learn whether there is such a user, so a name that nobody can be meant by is asked for then.
    let name = match asked.admitted.name_of_user(&unique).await? {
        Some(name) => ExistingUserName::parse(name.as_str()),
        None => ExistingUserName::parse(unique.as_str()),
    }
    .map_err(|_| Fault::service("a user's name is none"))?;
    let operation = GetUser {
        user_name: Some(name),
    };
    let account = asked.admitted.caller().account();
    let answer = asked
        .iam
        .call(&operation, asked.admitted, asked.facts)
        .await
        .map_err(|fault| match fault.code() {
            Code::NoSuchEntity => missing(),
            _ => Error::from(fault),
        })?;
    // A user who was renamed in between leaves the name to another one, and a name may look like an id.
    if answer.user.user_id != unique.as_str() {
        return Err(missing());
    }
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
