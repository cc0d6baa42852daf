//! Groups and who is in them (Identity and Access Management API reference, "User Group Management"; Identity API v3,
//! "Groups").

use claviger_iam::Fault;
use claviger_iam::operation::groups::{
    AddUserToGroup, CreateGroup, DeleteGroup, GetGroup, ListGroups, ListGroupsForUser,
    RemoveUserFromGroup, UpdateGroup,
};
use claviger_iam::operation::shapes::GroupShape;
use claviger_model::name::{ExistingUserName, GroupName};
use claviger_model::{AccountId, Code};
use serde_json::{Value, json};

use super::list::{Pages, page};
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::{Codes, Members};
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("GET", "/v3/groups", "ListGroups", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("POST", "/v3/groups", "CreateGroup", |asked| {
        Box::pin(create(asked))
    }),
    Route::iam("GET", "/v3/groups/{group_id}", "GetGroup", |asked| {
        Box::pin(show(asked))
    }),
    Route::iam("PATCH", "/v3/groups/{group_id}", "UpdateGroup", |asked| {
        Box::pin(update(asked))
    }),
    Route::iam("DELETE", "/v3/groups/{group_id}", "DeleteGroup", |asked| {
        Box::pin(delete(asked))
    }),
    Route::iam("GET", "/v3/groups/{group_id}/users", "GetGroup", |asked| {
        Box::pin(users(asked))
    }),
    Route::iam(
        "PUT",
        "/v3/groups/{group_id}/users/{user_id}",
        "AddUserToGroup",
        |asked| Box::pin(add(asked)),
    ),
    Route::iam(
        "HEAD",
        "/v3/groups/{group_id}/users/{user_id}",
        "ListGroupsForUser",
        |asked| Box::pin(check(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v3/groups/{group_id}/users/{user_id}",
        "RemoveUserFromGroup",
        |asked| Box::pin(remove(asked)),
    ),
];

/// A group as this API shows one. Groups have no description.
pub(super) fn written(
    group: &GroupShape,
    account: AccountId,
    address: &str,
) -> Result<Value, Fault> {
    let id = ids::group(&group.group_id)
        .ok_or_else(|| Fault::service("a group whose id is not a group's"))?;
    Ok(json!({
        "id": id,
        "name": group.group_name,
        "domain_id": ids::domain(account),
        "description": "",
        "create_time": group.create_date.micros() / 1_000,
        "links": { "self": format!("{address}/v3/groups/{id}") },
    }))
}

/// `GET /v3/groups`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let account = asked.account();
    let is_own = query
        .get("domain_id")
        .is_none_or(|wanted| wanted == ids::domain(account));
    let name = query.get("name");
    let mut groups = Vec::new();
    let mut pages = Pages::default();
    while let Some(marker) = pages.next() {
        let operation = ListGroups {
            path_prefix: None,
            page: page(marker)?,
        };
        let listed = asked.run(&operation).await?;
        for group in &listed.groups {
            if is_own && name.is_none_or(|name| name == group.group_name) {
                groups.push(written(group, account, asked.address)?);
            }
        }
        pages.after(listed.end.marker);
    }
    Ok(Reply::ok(
        json!({ "groups": groups, "links": asked.links() }),
    ))
}

/// Refuses what groups do not have here.
fn check_members(asked: &Asked<'_>, group: Members<'_>) -> Result<(), Error> {
    if group
        .text("description")?
        .is_some_and(|text| !text.is_empty())
    {
        return Err(Error::not_built("Describing a group"));
    }
    match group.text("domain_id")? {
        Some(named) if named != ids::domain(asked.account()) => Err(Error::elsewhere("domain_id")),
        _ => Ok(()),
    }
}

/// `POST /v3/groups`.
async fn create(asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let group = input.within("group", Codes::COMMON)?;
    check_members(&asked, group)?;
    let operation = CreateGroup {
        path: None,
        group_name: group.required("name")?,
    };
    let (account, address) = (asked.account(), asked.address);
    let made = asked.call(&operation).await?.group;
    Ok(Reply::created(
        json!({ "group": written(&made, account, address)? }),
    ))
}

async fn one(asked: &Asked<'_>, name: &GroupName, id: &str) -> Result<Value, Error> {
    let operation = GetGroup {
        group_name: name.clone(),
        page: page(None)?,
    };
    let found = asked.run(&operation).await;
    let found = found.map_err(|fault| Error::of(fault, "group", id))?;
    Ok(written(&found.group, asked.account(), asked.address)?)
}

/// `GET /v3/groups/{group_id}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let name = asked.group(id).await?;
    Ok(Reply::ok(json!({ "group": one(&asked, &name, id).await? })))
}

/// `PATCH /v3/groups/{group_id}`.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let group = input.within("group", Codes::COMMON)?;
    check_members(&asked, group)?;
    let id = asked.id();
    let name: GroupName = asked.group(id).await?;
    let new_name: Option<GroupName> = group.scalar("name")?;
    let shown = one(&asked, &name, id).await?;
    let Some(new_name) = new_name else {
        return Ok(Reply::ok(json!({ "group": shown })));
    };
    let operation = UpdateGroup {
        group_name: name,
        new_path: None,
        new_group_name: Some(new_name.clone()),
    };
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "group", id))?;
    let mut shown = shown;
    if let Some(members) = shown.as_object_mut() {
        members.insert(String::from("name"), Value::from(new_name.as_str()));
    }
    Ok(Reply::ok(json!({ "group": shown })))
}

/// `DELETE /v3/groups/{group_id}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = DeleteGroup {
        group_name: asked.group(id).await?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "group", id))?;
    Ok(Reply::done())
}

/// `GET /v3/groups/{group_id}/users`.
async fn users(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let group_name: GroupName = asked.group(id).await?;
    let mut users = Vec::new();
    let mut pages = Pages::default();
    while let Some(marker) = pages.next() {
        let operation = GetGroup {
            group_name: group_name.clone(),
            page: page(marker)?,
        };
        let found = asked.run(&operation).await;
        let found = found.map_err(|fault| Error::of(fault, "group", id))?;
        for user in &found.users {
            let id = ids::user(&user.user_id)
                .ok_or_else(|| Fault::service("a user whose id is not a user's"))?;
            users.push(json!({
                "id": id,
                "name": user.user_name,
                "domain_id": ids::domain(asked.account()),
                "links": { "self": asked.link(&format!("/v3/users/{id}")) },
            }));
        }
        pages.after(found.end.marker);
    }
    Ok(Reply::ok(json!({ "users": users, "links": asked.links() })))
}

/// `PUT /v3/groups/{group_id}/users/{user_id}`.
async fn add(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let (group, user) = (asked.id(), asked.second_id());
    let operation = AddUserToGroup {
        group_name: asked.group(group).await?,
        user_name: asked.user(user).await?,
    };
    asked.call(&operation).await?;
    Ok(Reply::done())
}

/// `HEAD /v3/groups/{group_id}/users/{user_id}`: 404 for who is not in it.
async fn check(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let (group, user) = (asked.id(), asked.second_id());
    let wanted = ids::to_group(group).ok_or_else(|| Error::no_such("group", group))?;
    let user_name: ExistingUserName = asked.user(user).await?;
    let mut pages = Pages::default();
    while let Some(marker) = pages.next() {
        let operation = ListGroupsForUser {
            user_name: user_name.clone(),
            page: page(marker)?,
        };
        let listed = asked.run(&operation).await;
        let listed = listed.map_err(|fault| Error::of(fault, "user", user))?;
        if listed
            .groups
            .iter()
            .any(|group| group.group_id == wanted.as_str())
        {
            return Ok(Reply::done());
        }
        pages.after(listed.end.marker);
    }
    Err(Error::no_such("user in the group", user))
}

/// `DELETE /v3/groups/{group_id}/users/{user_id}`.
async fn remove(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let (group, user) = (asked.id(), asked.second_id());
    let operation = RemoveUserFromGroup {
        group_name: asked.group(group).await?,
        user_name: asked.user(user).await?,
    };
    let removed = asked.call(&operation).await;
    removed.map_err(|fault| match fault.code() {
        Code::NoSuchEntity => Error::of(fault, "user in the group", user),
        _ => fault.into(),
    })?;
    Ok(Reply::done())
}
