//! Users (Identity and Access Management API reference, "IAM User Management (v5)").

use claviger_iam::operation::shapes::UserShape;
use claviger_iam::operation::user_access::{GetUserAccess, GetUserAccessOutput};
use claviger_iam::operation::users::{CreateUser, DeleteUser, GetUser, ListUsers, UpdateUser};
use claviger_iam::{Fault, Together};
use claviger_model::name::{ExistingUserName, UserName};
use claviger_model::{AccountId, Code, Scalar as _};
use serde_json::{Value, json};

use super::page::{self, Page};
use super::tags;
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::Codes;
use crate::reply::Reply;
use crate::routes::Route;
use crate::user_settings::Settings;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("POST", "/v5/users", "CreateUser", |asked| {
        Box::pin(create(asked))
    }),
    Route::iam("GET", "/v5/users", "ListUsers", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("GET", "/v5/users/{user_id}", "GetUser", |asked| {
        Box::pin(show(asked))
    }),
    Route::iam("PUT", "/v5/users/{user_id}", "UpdateUser", |asked| {
        Box::pin(update(asked))
    }),
    Route::iam("DELETE", "/v5/users/{user_id}", "DeleteUser", |asked| {
        Box::pin(delete(asked))
    }),
    Route::iam(
        "GET",
        "/v5/users/{user_id}/last-login",
        "GetUser",
        |asked| Box::pin(last_login(asked)),
    ),
];

/// What is said of a user besides what AWS says; `None` to whoever may not know.
struct Said {
    enabled: bool,
    description: String,
}

impl Said {
    fn of(access: GetUserAccessOutput) -> Self {
        Self {
            enabled: access.enabled,
            description: access
                .description
                .map(|text| text.as_str().to_owned())
                .unwrap_or_default(),
        }
    }
}

/// What is said of the user of this name, as far as the caller may know.
async fn said(asked: &Asked<'_>, name: &str) -> Result<Option<Said>, Error> {
    let user_name =
        ExistingUserName::parse(name).map_err(|_| Fault::service("a user's name is none"))?;
    match asked.run(&GetUserAccess { user_name }).await {
        Ok(access) => Ok(Some(Said::of(access))),
        Err(fault) if matches!(fault.code(), Code::AccessDenied | Code::NoSuchEntity) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// What refusals of changes of users are called.
fn refused(fault: Fault, id: &str) -> Error {
    match fault.code() {
        Code::EntityAlreadyExists => {
            Error::taken("1109", "The user name exists already.").because(fault)
        }
        Code::LimitExceeded => {
            Error::taken("1115", "There are as many users as there may be.").because(fault)
        }
        _ => Error::of(fault, "user", id),
    }
}

/// `POST /v5/users`. All of it happens, or nothing.
async fn create(asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::USER);
    let user_name: UserName = members.required_or("name", "1101")?;
    let existing = ExistingUserName::parse(user_name.as_str())
        .map_err(|_| Error::bad("1101", "The user name is invalid."))?;
    let settings = Settings::read(members, "description", &existing, true)?;
    let operation = CreateUser {
        path: None,
        user_name,
        permissions_boundary: None,
        tags: Vec::new(),
    };
    let all = settings.join(Together::default().then(&operation)?)?;
    let account = asked.account();
    let answers = asked.call_together(&all).await;
    let user = answers
        .and_then(|mut answers| answers.of::<CreateUser>())
        .map_err(|fault| refused(fault, existing.as_str()))?
        .user;
    let said = Said {
        enabled: settings.access.is_none(),
        description: settings
            .description
            .as_ref()
            .map_or_else(String::new, |set| set.description.as_str().to_owned()),
    };
    Ok(Reply::created(
        json!({ "user": written(&user, account, Some(&said))? }),
    ))
}

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
    let listed = asked.run(&operation).await;
    let listed = listed.map_err(|fault| page.refused(fault))?;
    let mut users = Vec::with_capacity(listed.users.len());
    for user in &listed.users {
        let said = said(&asked, user.user_name.as_deref().unwrap_or_default()).await?;
        users.push(written(user, account, said.as_ref())?);
    }
    let info = page::info(users.len(), listed.end);
    Ok(Reply::ok(json!({ "users": users, "page_info": info })))
}

/// The user whom the path names.
async fn found(asked: &mut Asked<'_>) -> Result<UserShape, Error> {
    let id = asked.id();
    let operation = GetUser {
        user_name: Some(asked.user(id).await?),
    };
    let found = asked.run(&operation).await;
    Ok(found.map_err(|fault| Error::of(fault, "user", id))?.user)
}

/// `GET /v5/users/{user_id}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let user = found(&mut asked).await?;
    let said = said(&asked, user.user_name.as_deref().unwrap_or_default()).await?;
    let mut told = written(&user, asked.account(), said.as_ref())?;
    if let Some(told) = told.as_object_mut() {
        let tags = user.tags.iter().flatten().map(tags::written).collect();
        told.insert(String::from("tags"), Value::Array(tags));
    }
    Ok(Reply::ok(json!({ "user": told })))
}

/// `PUT /v5/users/{user_id}`. All of it happens, or nothing; the name changes last, as the others are found by it.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::USER);
    let new_user_name: Option<UserName> = members.scalar_or("new_user_name", "1101")?;
    let id = asked.id();
    let mut user = found(&mut asked).await?;
    let user_name: ExistingUserName = asked.user(id).await?;
    let settings = Settings::read(members, "new_description", &user_name, false)?;
    let mut now = said(&asked, user_name.as_str()).await?;
    let rename = new_user_name.map(|new_user_name| UpdateUser {
        user_name,
        new_path: None,
        new_user_name: Some(new_user_name),
    });
    let mut all = settings.join(Together::default())?;
    if let Some(rename) = &rename {
        all = all.then(rename)?;
    }
    if !all.is_empty() {
        let changed = asked.run_together(&all).await;
        changed.map_err(|fault| refused(fault, id))?;
    }
    if let Some(now) = &mut now {
        let enabled = settings.access.as_ref().and_then(|set| set.enabled);
        now.enabled = enabled.unwrap_or(now.enabled);
        if let Some(set) = &settings.description {
            set.description.as_str().clone_into(&mut now.description);
        }
    }
    if let Some(new_name) = rename.and_then(|rename| rename.new_user_name) {
        user.user_name = Some(new_name.as_str().to_owned());
    }
    let told = written(&user, asked.account(), now.as_ref())?;
    Ok(Reply::ok(json!({ "user": told })))
}

/// `DELETE /v5/users/{user_id}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    if id == ids::root(asked.account()) {
        return Err(Error::bad("1107", "The account's owner cannot be deleted."));
    }
    let operation = DeleteUser {
        user_name: asked.user(id).await?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "user", id))?;
    Ok(Reply::done())
}

/// `GET /v5/users/{user_id}/last-login`.
async fn last_login(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let user = found(&mut asked).await?;
    let mut told = serde_json::Map::new();
    if let Some(at) = user.password_last_used {
        told.insert(String::from("last_login_at"), Value::from(at.to_string()));
    }
    Ok(Reply::ok(json!({ "user_last_login": told })))
}

/// A user as this API shows one.
fn written(user: &UserShape, account: AccountId, said: Option<&Said>) -> Result<Value, Fault> {
    let name = user
        .user_name
        .as_deref()
        .ok_or_else(|| Fault::service("a user without a name"))?;
    let id = ids::user(&user.user_id)
        .ok_or_else(|| Fault::service("a user whose id is not a user's"))?;
    Ok(json!({
        "user_id": id,
        "user_name": name,
        "description": said.map(|said| said.description.as_str()),
        "enabled": said.map(|said| said.enabled),
        "is_root_user": false,
        "created_at": user.create_date.to_string(),
        "urn": format!("iam::{}:user:{name}", ids::domain(account)),
    }))
}
