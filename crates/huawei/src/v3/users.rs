//! Users as OpenStack's clients see them (Identity and Access Management API reference, "IAM User Management"; Identity API
//! v3, "Users").

use claviger_iam::operation::groups::ListGroupsForUser;
use claviger_iam::operation::login_profiles::{
    ChangePassword, CreateLoginProfile, Password, UpdateLoginProfile,
};
use claviger_iam::operation::user_access::{GetUserAccess, GetUserAccessOutput};
use claviger_iam::operation::user_details::ListUserDetails;
use claviger_iam::operation::users::{CreateUser, DeleteUser, GetUser, UpdateUser};
use claviger_iam::{Answers, Fault, Together};
use claviger_model::name::{ExistingUserName, UserName};
use claviger_model::{AccountId, Code, Scalar as _, Secret};
use serde_json::{Value, json};

use super::groups;
use super::list::{Pages, page};
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::{Codes, Members};
use crate::reply::Reply;
use crate::routes::Route;
use crate::user_settings::Settings;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("GET", "/v3/users", "ListUserDetails", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("POST", "/v3/users", "CreateUser", |asked| {
        Box::pin(create(asked))
    }),
    Route::iam("GET", "/v3/users/{user_id}", "GetUser", |asked| {
        Box::pin(show(asked))
    }),
    Route::iam("PATCH", "/v3/users/{user_id}", "UpdateUser", |asked| {
        Box::pin(update(asked))
    }),
    Route::iam("DELETE", "/v3/users/{user_id}", "DeleteUser", |asked| {
        Box::pin(delete(asked))
    }),
    Route::iam(
        "POST",
        "/v3/users/{user_id}/password",
        "ChangePassword",
        |asked| Box::pin(change_password(asked)),
    ),
    Route::iam(
        "GET",
        "/v3/users/{user_id}/groups",
        "ListGroupsForUser",
        |asked| Box::pin(groups_of(asked)),
    ),
];

/// What is told of a user.
struct User<'a> {
    id: String,
    name: &'a str,
    enabled: bool,
    access_mode: &'a str,
    description: &'a str,
}

impl User<'_> {
    fn written(&self, account: AccountId, address: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "domain_id": ids::domain(account),
            "enabled": self.enabled,
            "description": self.description,
            "access_mode": self.access_mode,
            "links": { "self": format!("{address}/v3/users/{}", self.id) },
        })
    }
}

fn id_of(unique: &str) -> Result<String, Fault> {
    ids::user(unique).ok_or_else(|| Fault::service("a user whose id is not a user's"))
}

/// `GET /v3/users`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let (account, address) = (asked.account(), asked.address);
    let is_own = query
        .get("domain_id")
        .is_none_or(|wanted| wanted == ids::domain(account));
    let name = query.get("name");
    let enabled = query
        .get("enabled")
        .map(|wanted| !wanted.eq_ignore_ascii_case("false"));
    if query.get("password_expires_at").is_some() {
        return Err(Error::not_built("Listing users by password_expires_at"));
    }
    let mut users = Vec::new();
    let mut pages = Pages::default();
    while let Some(marker) = pages.next() {
        let operation = ListUserDetails {
            name_contains: None,
            mfa_active: None,
            has_password: None,
            enabled,
            access_mode: None,
            password_older_than_days: None,
            access_key_older_than_days: None,
            access_key_unused_for_days: None,
            sort_by: None,
            sort_order: None,
            page: page(marker)?,
        };
        let listed = asked.run(&operation).await?;
        for user in &listed.users {
            if is_own && name.is_none_or(|name| name == user.user_name) {
                let user = User {
                    id: id_of(&user.user_id)?,
                    name: &user.user_name,
                    enabled: user.enabled,
                    access_mode: user.access_mode.as_str(),
                    description: user.description.as_ref().map_or("", |text| text.as_str()),
                };
                users.push(user.written(account, address));
            }
        }
        pages.after(listed.end.marker);
    }
    Ok(Reply::ok(json!({ "users": users, "links": asked.links() })))
}

/// Refuses a request for another account.
fn check_domain(asked: &Asked<'_>, members: Members<'_>) -> Result<(), Error> {
    let own = ids::domain(asked.account());
    match members.text("domain_id")? {
        Some(named) if named != own => Err(Error::elsewhere("domain_id")),
        _ => Ok(()),
    }
}

/// What refusals of changes of a user are called.
fn refused(fault: Fault, id: &str) -> Error {
    match fault.code() {
        Code::EntityAlreadyExists => {
            Error::taken("1109", "The user name is in use already.").because(fault)
        }
        Code::PasswordPolicyViolation => {
            Error::bad("1118", fault.message().unwrap_or_default().to_owned()).because(fault)
        }
        _ => Error::of(fault, "user", id),
    }
}

fn password(members: Members<'_>, name: &str) -> Result<Option<Secret<Password>>, Error> {
    let wrong = |_| {
        Error::bad(
            "1118",
            "A password has 1 to 128 Latin letters, digits, blanks and symbols.",
        )
    };
    let text = members.text(name)?;
    text.map(|text| Password::parse(text).map(Secret::new).map_err(wrong))
        .transpose()
}

/// What a change of a user consists of, besides the password.
struct Change {
    settings: Settings,
    rename: Option<UpdateUser>,
    show: GetUser,
    show_access: GetUserAccess,
}

impl Change {
    fn join<'o>(&'o self, all: Together<'o>) -> Result<Together<'o>, Fault> {
        let mut all = self.settings.join(all)?;
        // The name comes after what goes by the old one.
        if let Some(rename) = &self.rename {
            all = all.then(rename)?;
        }
        all.then(&self.show)?.then(&self.show_access)
    }
}

/// `POST /v3/users`. All of it happens, or nothing.
async fn create(asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let user = input.within("user", Codes::USER)?;
    check_domain(&asked, user)?;
    let name: UserName = user.required_or("name", "1101")?;
    let existing = ExistingUserName::parse(name.as_str()).map_err(|_| name_refused())?;
    let settings = Settings::read(user, "description", &existing, true)?;
    let made = CreateUser {
        path: None,
        user_name: name.clone(),
        permissions_boundary: None,
        tags: Vec::new(),
    };
    let reset = user.flag("pwd_status")?;
    let login = password(user, "password")?.map(|password| CreateLoginProfile {
        user_name: Some(name.clone()),
        password: Some(password),
        password_reset_required: reset,
    });
    let mut all = Together::default().then(&made)?;
    if let Some(login) = &login {
        all = all.then(login)?;
    }
    all = settings.join(all)?;
    let (account, address) = (asked.account(), asked.address);
    let answers = asked.call_together(&all).await;
    let made = answers
        .and_then(|mut answers| answers.of::<CreateUser>())
        .map_err(|fault| refused(fault, name.as_str()))?
        .user;
    let access = settings.access.as_ref();
    let said = settings.description.as_ref();
    let user = User {
        id: id_of(&made.user_id)?,
        name: name.as_str(),
        enabled: access.is_none_or(|access| access.enabled != Some(false)),
        access_mode: "default",
        description: said.map_or("", |said| said.description.as_str()),
    };
    Ok(Reply::created(
        json!({ "user": user.written(account, address) }),
    ))
}

fn name_refused() -> Error {
    Error::bad("1101", "The user name is invalid.")
}

/// What is known of one user, by two operations that are run as one.
async fn known(asked: &Asked<'_>, name: &ExistingUserName, id: &str) -> Result<Value, Error> {
    let user = GetUser {
        user_name: Some(name.clone()),
    };
    let access = GetUserAccess {
        user_name: name.clone(),
    };
    let both = Together::default().then(&user)?.then(&access)?;
    let mut answers = asked
        .run_together(&both)
        .await
        .map_err(|fault| Error::of(fault, "user", id))?;
    told(asked, &mut answers)
}

/// A user, by what the two have answered.
fn told(asked: &Asked<'_>, answers: &mut Answers) -> Result<Value, Error> {
    let user = answers.of::<GetUser>()?.user;
    let access: GetUserAccessOutput = answers.of::<GetUserAccess>()?;
    let user = User {
        id: id_of(&user.user_id)?,
        name: user.user_name.as_deref().unwrap_or_default(),
        enabled: access.enabled,
        access_mode: access.access_mode.as_str(),
        description: access.description.as_ref().map_or("", |text| text.as_str()),
    };
    Ok(user.written(asked.account(), asked.address))
}

/// `GET /v3/users/{user_id}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let name = asked.user(id).await?;
    let user = known(&asked, &name, id).await?;
    Ok(Reply::ok(json!({ "user": user })))
}

/// `PATCH /v3/users/{user_id}`. All of it happens, or nothing.
async fn update(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let user = input.within("user", Codes::USER)?;
    check_domain(&asked, user)?;
    let id = asked.id();
    let name: ExistingUserName = asked.user(id).await?;
    let new_name: Option<UserName> = user.scalar_or("name", "1101")?;
    let settings = Settings::read(user, "description", &name, false)?;
    let new_password = password(user, "password")?;
    let reset = user.flag("pwd_status")?;
    // Names of users and those of users who are there keep the same rules but for their length.
    let own_name = UserName::parse(name.as_str()).map_err(|_| Error::no_such("user", id))?;
    let rename = new_name.map(|new_name| UpdateUser {
        user_name: name.clone(),
        new_path: None,
        new_user_name: Some(new_name),
    });
    let changed = UpdateLoginProfile {
        user_name: own_name.clone(),
        password: new_password.clone(),
        password_reset_required: reset,
    };
    let made = CreateLoginProfile {
        user_name: Some(own_name),
        password: new_password.clone(),
        password_reset_required: reset,
    };
    let has_login = new_password.is_some() || reset.is_some();
    // By the name that the user has then.
    let then = match &rename {
        Some(UpdateUser {
            new_user_name: Some(new_name),
            ..
        }) => ExistingUserName::parse(new_name.as_str()).map_err(|_| name_refused())?,
        _ => name.clone(),
    };
    let change = Change {
        settings,
        rename,
        show: GetUser {
            user_name: Some(then.clone()),
        },
        show_access: GetUserAccess { user_name: then },
    };
    let first = match has_login {
        true => Together::default().then(&changed)?,
        false => Together::default(),
    };
    let mut outcome = asked.run_together(&change.join(first)?).await;
    // Whoever has no password gets one: which of the two it is, the first try has told.
    let is_first = outcome
        .as_ref()
        .is_err_and(|fault| fault.code() == Code::NoSuchEntity);
    if is_first && new_password.is_some() {
        let made = Together::default().then(&made)?;
        outcome = asked.run_together(&change.join(made)?).await;
    }
    let mut answers = outcome.map_err(|fault| refused(fault, id))?;
    let shown = told(&asked, &mut answers)?;
    Ok(Reply::ok(json!({ "user": shown })))
}

/// `DELETE /v3/users/{user_id}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    if id == ids::root(asked.account()) {
        return Err(Error::bad(
            "1107",
            "The account's administrator cannot be deleted.",
        ));
    }
    let operation = DeleteUser {
        user_name: asked.user(id).await?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "user", id))?;
    Ok(Reply::done())
}

/// `POST /v3/users/{user_id}/password`: of one's own.
async fn change_password(asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let user = input.within("user", Codes::USER)?;
    let missing = || Error::bad("1100", "password and original_password are required.");
    let operation = ChangePassword {
        old_password: password(user, "original_password")?.ok_or_else(missing)?,
        new_password: password(user, "password")?.ok_or_else(missing)?,
    };
    let id = asked.id();
    if asked.own_id().is_none_or(|own| own != id) {
        return Err(Fault::denied("A password is changed by its owner.").into());
    }
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| match fault.code() {
        Code::InvalidUserType | Code::AccessDenied => fault.into(),
        _ => refused(fault, id),
    })?;
    Ok(Reply::done())
}

/// `GET /v3/users/{user_id}/groups`.
async fn groups_of(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let user_name: ExistingUserName = asked.user(id).await?;
    let mut found = Vec::new();
    let mut pages = Pages::default();
    while let Some(marker) = pages.next() {
        let operation = ListGroupsForUser {
            user_name: user_name.clone(),
            page: page(marker)?,
        };
        let listed = asked.run(&operation).await;
        let listed = listed.map_err(|fault| Error::of(fault, "user", id))?;
        for group in &listed.groups {
            found.push(groups::written(group, asked.account(), asked.address)?);
        }
        pages.after(listed.end.marker);
    }
    Ok(Reply::ok(
        json!({ "groups": found, "links": asked.links() }),
    ))
}
