//! Passwords (Identity and Access Management API reference, "Login Profile Management (v5)").

use claviger_iam::caller::Who;
use claviger_iam::operation::login_profiles::{
    ChangePassword, CreateLoginProfile, DeleteLoginProfile, GetLoginProfile, LoginProfileShape,
    Password, UpdateLoginProfile,
};
use claviger_model::Secret;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::input::{Codes, Members};
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "POST",
        "/v5/users/{user_id}/login-profile",
        "CreateLoginProfile",
        |asked| Box::pin(create(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/users/{user_id}/login-profile",
        "GetLoginProfile",
        |asked| Box::pin(show(asked)),
    ),
    Route::iam(
        "PUT",
        "/v5/users/{user_id}/login-profile",
        "UpdateLoginProfile",
        |asked| Box::pin(update(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v5/users/{user_id}/login-profile",
        "DeleteLoginProfile",
        |asked| Box::pin(delete(asked)),
    ),
    Route::iam("POST", "/v5/caller-password", "ChangePassword", |asked| {
        Box::pin(change(asked))
    }),
];

/// Characters that a password may have that is set at this door.
const LONGEST: usize = 32;

/// `POST /v5/users/{user_id}/login-profile`.
async fn create(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::USER);
    let password = password(members, "password")?
        .ok_or_else(|| Error::bad("1100", "password is required."))?;
    let user_id = asked.id();
    let operation = CreateLoginProfile {
        password: Some(password),
        password_reset_required: Some(members.required_flag("password_reset_required")?),
        user_name: Some(asked.user(user_id).await?),
    };
    let made = asked.call(&operation).await;
    let made = made.map_err(|fault| Error::of(fault, "user", user_id))?;
    Ok(Reply::created(told(&made.login_profile, user_id)))
}

/// `GET /v5/users/{user_id}/login-profile`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let profile = found(&mut asked).await?;
    Ok(Reply::ok(told(&profile, asked.id())))
}

async fn found(asked: &mut Asked<'_>) -> Result<LoginProfileShape, Error> {
    let user_id = asked.id();
    let operation = GetLoginProfile {
        user_name: Some(asked.user(user_id).await?),
    };
    let found = asked.run(&operation).await;
    Ok(found
        .map_err(|fault| Error::of(fault, "login profile of user", user_id))?
        .login_profile)
}

/// `PUT /v5/users/{user_id}/login-profile`.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::USER);
    let password = password(members, "password")?;
    let reset_required = members.flag("password_reset_required")?;
    let user_id = asked.id();
    let mut profile = found(&mut asked).await?;
    let operation = UpdateLoginProfile {
        user_name: asked.user(user_id).await?,
        password,
        password_reset_required: reset_required,
    };
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "login profile of user", user_id))?;
    profile.password_reset_required = reset_required.unwrap_or(profile.password_reset_required);
    Ok(Reply::ok(told(&profile, user_id)))
}

/// `DELETE /v5/users/{user_id}/login-profile`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let user_id = asked.id();
    let operation = DeleteLoginProfile {
        user_name: Some(asked.user(user_id).await?),
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "login profile of user", user_id))?;
    Ok(Reply::done())
}

/// `POST /v5/caller-password`.
async fn change(asked: Asked<'_>) -> Result<Reply, Error> {
    if !matches!(asked.admitted.caller().who(), Who::User { .. }) {
        return Err(Error::bad("PAP5.0040", "The caller is not an IAM user."));
    }
    let input = asked.input()?;
    let members = input.members(Codes::USER);
    let operation = ChangePassword {
        old_password: members.required_or("old_password", "1103")?,
        new_password: password(members, "new_password")?
            .ok_or_else(|| Error::bad("1100", "new_password is required."))?,
    };
    asked.call(&operation).await?;
    Ok(Reply::ok(json!({})))
}

/// A password that is to be set.
fn password(members: Members<'_>, name: &str) -> Result<Option<Secret<Password>>, Error> {
    let is_too_long = members
        .text(name)?
        .is_some_and(|text| text.chars().count() > LONGEST);
    if is_too_long {
        return Err(Error::bad(
            "1118",
            format!("A password has at most {LONGEST} characters."),
        ));
    }
    members.scalar_or(name, "1118")
}

fn told(profile: &LoginProfileShape, user_id: &str) -> Value {
    json!({
        "login_profile": {
            "user_id": user_id,
            "password_reset_required": profile.password_reset_required,
            "created_at": profile.create_date.to_string(),
        },
    })
}
