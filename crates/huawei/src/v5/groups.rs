//! Groups (Identity and Access Management API reference, "User Group Management (v5)"). Groups have no description here.

use claviger_iam::Fault;
use claviger_iam::operation::groups::{
    AddUserToGroup, CreateGroup, DeleteGroup, GetGroup, ListGroups, ListGroupsForUser,
    RemoveUserFromGroup, UpdateGroup,
};
use claviger_iam::operation::page::{Marker, PageEnd, Paged};
use claviger_iam::operation::shapes::GroupShape;
use claviger_model::name::GroupName;
use claviger_model::scalar::Bounded;
use claviger_model::{AccountId, Scalar as _};
use serde_json::{Value, json};

use super::page::{self, Page};
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::{Codes, Members};
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("POST", "/v5/groups", "CreateGroup", |asked| {
        Box::pin(create(asked))
    }),
    Route::iam("GET", "/v5/groups", "ListGroups", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("GET", "/v5/groups-summary", "ListGroups", |asked| {
        Box::pin(summary(asked))
    }),
    Route::iam("GET", "/v5/groups/{group_id}", "GetGroup", |asked| {
        Box::pin(show(asked))
    }),
    Route::iam("PUT", "/v5/groups/{group_id}", "UpdateGroup", |asked| {
        Box::pin(update(asked))
    }),
    Route::iam("DELETE", "/v5/groups/{group_id}", "DeleteGroup", |asked| {
        Box::pin(delete(asked))
    }),
    Route::iam(
        "POST",
        "/v5/groups/{group_id}/add-user",
        "AddUserToGroup",
        |asked| Box::pin(add_user(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/groups/{group_id}/remove-user",
        "RemoveUserFromGroup",
        |asked| Box::pin(remove_user(asked)),
    ),
];

/// `POST /v5/groups`.
async fn create(asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    refuse_description(members, "description")?;
    let operation = CreateGroup {
        path: None,
        group_name: members.required("group_name")?,
    };
    let account = asked.account();
    let made = asked.call(&operation).await?;
    Ok(Reply::created(
        json!({ "group": written(&made.group, account)? }),
    ))
}

/// `GET /v5/groups`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let account = asked.account();
    let (groups, end) = listed(asked).await?;
    let groups = groups
        .iter()
        .map(|group| written(group, account))
        .collect::<Result<Vec<Value>, Fault>>()?;
    let info = page::info(groups.len(), end);
    Ok(Reply::ok(json!({ "groups": groups, "page_info": info })))
}

/// The groups on a page, of all or of a user.
async fn listed(mut asked: Asked<'_>) -> Result<(Vec<GroupShape>, PageEnd), Error> {
    let query = asked.query()?;
    let page = Page::read(&query)?;
    match query.get("user_id") {
        Some(user_id) => {
            let operation = ListGroupsForUser {
                user_name: asked.user(user_id).await?,
                page: page.asked(),
            };
            let listed = asked.call(&operation).await;
            let listed = listed.map_err(|fault| page.refused_about(fault, "user", user_id))?;
            Ok((listed.groups, listed.end))
        }
        None => {
            let operation = ListGroups {
                path_prefix: None,
                page: page.asked(),
            };
            let listed = asked.call(&operation).await;
            let listed = listed.map_err(|fault| page.refused(fault))?;
            Ok((listed.groups, listed.end))
        }
    }
}

/// `GET /v5/groups-summary`: groups with how many users are in them.
async fn summary(asked: Asked<'_>) -> Result<Reply, Error> {
    let account = asked.account();
    let again = asked.again().await?;
    let (groups, end) = listed(again).await?;
    let mut told = Vec::with_capacity(groups.len());
    for group in &groups {
        let count = users_in(&asked, group).await?;
        let mut group = written(group, account)?;
        if let Some(group) = group.as_object_mut() {
            group.insert(String::from("user_count"), Value::from(count));
        }
        told.push(group);
    }
    let info = page::info(told.len(), end);
    Ok(Reply::ok(json!({ "groups": told, "page_info": info })))
}

/// How many users are in a group. One that has just gone has none.
async fn users_in(asked: &Asked<'_>, group: &GroupShape) -> Result<usize, Error> {
    let group_name = GroupName::parse(&group.group_name)
        .map_err(|_| Fault::service("a group's name is none"))?;
    let (mut count, mut marker) = (0, None);
    loop {
        let operation = GetGroup {
            group_name: group_name.clone(),
            page: Paged {
                marker: marker.take(),
                max_items: Bounded::parse("1000").ok(),
            },
        };
        let page = match asked.run(&operation).await {
            Err(fault) if fault.code() == claviger_model::Code::NoSuchEntity => return Ok(0),
            other => other?,
        };
        count += page.users.len();
        marker = page.end.marker.and_then(|next| Marker::parse(&next).ok());
        if marker.is_none() {
            return Ok(count);
        }
    }
}

/// `GET /v5/groups/{group_id}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let group = found(&mut asked).await?;
    Ok(Reply::ok(
        json!({ "group": written(&group, asked.account())? }),
    ))
}

/// The group that the path names.
async fn found(asked: &mut Asked<'_>) -> Result<GroupShape, Error> {
    let id = asked.id();
    let operation = GetGroup {
        group_name: asked.group(id).await?,
        page: Paged {
            marker: None,
            max_items: Bounded::parse("1").ok(),
        },
    };
    let found = asked.run(&operation).await;
    Ok(found.map_err(|fault| Error::of(fault, "group", id))?.group)
}

/// `PUT /v5/groups/{group_id}`.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    refuse_description(members, "new_group_description")?;
    let new_group_name: Option<GroupName> = members.scalar("new_group_name")?;
    let id = asked.id();
    let mut group = found(&mut asked).await?;
    let account = asked.account();
    let operation = UpdateGroup {
        group_name: asked.group(id).await?,
        new_path: None,
        new_group_name: new_group_name.clone(),
    };
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "group", id))?;
    if let Some(name) = new_group_name {
        group.group_name = name.as_str().to_owned();
    }
    Ok(Reply::ok(json!({ "group": written(&group, account)? })))
}

/// `DELETE /v5/groups/{group_id}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = DeleteGroup {
        group_name: asked.group(id).await?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "group", id))?;
    Ok(Reply::done())
}

/// `POST /v5/groups/{group_id}/add-user`.
async fn add_user(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let user_id = input.members(Codes::COMMON).required_text("user_id")?;
    let operation = AddUserToGroup {
        group_name: asked.group(asked.id()).await?,
        user_name: asked.user(user_id).await?,
    };
    asked.call(&operation).await?;
    Ok(Reply::ok(json!({})))
}

/// `POST /v5/groups/{group_id}/remove-user`.
async fn remove_user(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let user_id = input.members(Codes::COMMON).required_text("user_id")?;
    let operation = RemoveUserFromGroup {
        group_name: asked.group(asked.id()).await?,
        user_name: asked.user(user_id).await?,
    };
    asked.call(&operation).await?;
    Ok(Reply::ok(json!({})))
}

/// Refuses a description, rather than to lose it.
fn refuse_description(members: Members<'_>, name: &str) -> Result<(), Error> {
    match members.text(name)? {
        None | Some("") => Ok(()),
        Some(_) => Err(Error::not_built("Describing a group")),
    }
}

fn written(group: &GroupShape, account: AccountId) -> Result<Value, Fault> {
    let id = ids::group(&group.group_id)
        .ok_or_else(|| Fault::service("a group whose id is not a group's"))?;
    Ok(json!({
        "group_id": id,
        "group_name": group.group_name,
        "description": "",
        "created_at": group.create_date.to_string(),
        "urn": format!("iam::{}:group:{}", ids::domain(account), group.group_name),
    }))
}
