//! Users: their list, with what an administrator looks for first, and a search by name or access key ID.

pub(crate) mod actions;
pub(crate) mod boundary;
pub(crate) mod console_access;
mod credentials;
pub(crate) mod delete;
pub(crate) mod detail;
pub(crate) mod inline;
pub(crate) mod keys;
pub(crate) mod new;
pub(crate) mod pick;
pub(crate) mod removal;
pub(crate) mod rename;
pub(crate) mod resync;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::access_keys::GetAccessKeyLastUsed;
use claviger_iam::operation::account::GetAccountSummary;
use claviger_iam::operation::groups::ListGroupsForUser;
use claviger_iam::operation::login_profiles::GetLoginProfile;
use claviger_iam::operation::page::{Marker, Paged};
use claviger_iam::operation::shapes::UserShape;
use claviger_iam::operation::users::{GetUser, ListUsers};
use claviger_model::name::{ExistingUserName, UserName};
use claviger_model::scalar::Bounded;
use claviger_model::{AccessKeyId, Code, Scalar, text};

use crate::answer::{Answer, Failure, go, page};
use crate::credentials::{Key, Section, devices, keys_of};
use crate::door::Visit;
use crate::home::OLD_KEY_DAYS;
use crate::view::{Frame, When, encode};

/// Users of one page of the list.
const ROWS: usize = 50;
/// Users that are read at once at the most while a name is looked for.
const MOST_READ: usize = 1_000;

/// The part of the console that these pages belong to.
pub(crate) const HERE: &str = "users";

/// What was typed, as what it should be.
///
/// # Errors
/// `InvalidInput`, saying what it should have been.
fn typed<T: Scalar>(given: &str, what: &str) -> Result<T, Fault> {
    T::parse(given)
        .map_err(|_| Fault::new(Code::InvalidInput, format!("`{given}` cannot be {what}.")))
}

/// The user of an address, for operations that take names as long as they were ever allowed.
fn user_of(visit: &Visit) -> Result<ExistingUserName, Failure> {
    ExistingUserName::parse(visit.asked.param("name")).map_err(|_| Failure::Missing)
}

/// The same user, for operations that take no name longer than one can be.
pub(crate) fn short(name: &ExistingUserName) -> Result<UserName, Fault> {
    UserName::parse(name.as_str())
        .map_err(|_| Fault::new(Code::NoSuchEntity, "There is no such user."))
}

/// Whoever changes how they sign in themselves has to prove first to be there.
pub(crate) fn be_fresh_for(visit: &Visit, name: &str) -> Result<(), Failure> {
    let own = visit
        .user_name()
        .is_some_and(|own| text::fold(own) == text::fold(name));
    if own { visit.must_be_fresh() } else { Ok(()) }
}

/// Where a user's pages are.
pub(crate) fn address_of(name: &str) -> String {
    format!("/console/users/{}", encode(name))
}

/// The longest page that a list gives.
pub(crate) fn whole() -> Paged {
    pages_of(MOST_READ, None)
}

fn pages_of(rows: usize, marker: Option<Marker>) -> Paged {
    Paged {
        marker,
        max_items: Bounded::parse(&rows.to_string()).ok(),
    }
}

/// A user in the list. What may not be seen is `None`, and shown as a dash.
struct Row {
    name: String,
    address: String,
    path: String,
    groups: Option<usize>,
    devices: Option<Vec<&'static str>>,
    console: Option<Console>,
    keys: Option<Vec<Key>>,
    activity: Option<When>,
    created: When,
}

/// Whether somebody signs in here.
enum Console {
    Off,
    /// Since when there is a password.
    On(When),
}

#[derive(Template)]
#[template(path = "users.html")]
struct Users {
    frame: Frame,
    search: String,
    /// How many there are in all, where that may be known.
    total: Option<i32>,
    rows: Section<Row>,
    first: bool,
    /// The address of what follows.
    next: Option<String>,
}

/// A page of users, and the marker of the next.
type Found = (Vec<UserShape>, Option<String>);

async fn list(visit: &Visit, rows: usize, marker: Option<Marker>) -> Result<Found, Fault> {
    let list = ListUsers {
        path_prefix: None,
        page: pages_of(rows, marker),
    };
    let listed = visit.call(&list).await?;
    Ok((listed.users, listed.end.marker))
}

/// The users whose names hold a text. Longer and longer stretches are read while nothing is found; a stretch that holds
/// more than a page shows is read again in short ones, since a page can only go on where a stretch ended.
async fn search(visit: &Visit, wanted: &str, marker: Option<Marker>) -> Result<Found, Fault> {
    let wanted = text::fold(wanted);
    let (mut found, mut marker, mut stretch) = (Vec::new(), marker, ROWS);
    loop {
        let (users, next) = list(visit, stretch, marker.clone()).await?;
        let fits: Vec<UserShape> = users
            .into_iter()
            .filter(|user| text::fold(name_of(user)).contains(&wanted))
            .collect();
        if stretch > ROWS && found.len() + fits.len() > ROWS {
            stretch = ROWS;
            continue;
        }
        found.extend(fits);
        let Some(next) = next else {
            return Ok((found, None));
        };
        if found.len() >= ROWS {
            return Ok((found, Some(next)));
        }
        marker = Marker::parse(&next).ok();
        stretch = (stretch * 4).min(MOST_READ);
    }
}

/// The user who has an access key, if what is looked for is the ID of one that may be seen.
async fn holder(visit: &Visit, wanted: &str) -> Result<Option<UserShape>, Fault> {
    let is_key = !wanted.bytes().any(|byte| byte.is_ascii_lowercase());
    let Some(access_key_id) = AccessKeyId::parse(wanted).ok().filter(|_| is_key) else {
        return Ok(None);
    };
    // Of a key that is not there the operation says what it says of one that may not be seen.
    let Ok(key) = visit.call(&GetAccessKeyLastUsed { access_key_id }).await else {
        return Ok(None);
    };
    let Some(user) = key.user_name else {
        return Ok(None);
    };
    let get = GetUser {
        user_name: Some(typed(&user, "a user name")?),
    };
    Ok(Some(visit.call(&get).await?.user))
}

fn name_of(user: &UserShape) -> &str {
    user.user_name.as_deref().unwrap_or_default()
}

async fn row(visit: &Visit, user: UserShape) -> Result<Row, Fault> {
    let now = visit.asked.facts.now;
    let name: ExistingUserName = typed(name_of(&user), "a user name")?;
    let groups = ListGroupsForUser {
        user_name: name.clone(),
        page: whole(),
    };
    let profile = GetLoginProfile {
        user_name: Some(short(&name)?),
    };
    let console = match visit.call(&profile).await {
        Ok(profile) => Some(Console::On(When::of(
            profile.login_profile.create_date,
            now,
        ))),
        Err(fault) if fault.code() == Code::NoSuchEntity => Some(Console::Off),
        Err(_) => None,
    };
    let keys = keys_of(visit, Some(name.clone())).await.ok();
    let key_used = keys.iter().flatten().filter_map(|key| key.used_at).max();
    Ok(Row {
        address: address_of(name.as_str()),
        path: user.path.as_str().to_owned(),
        groups: visit
            .call(&groups)
            .await
            .ok()
            .map(|listed| listed.groups.len()),
        devices: devices(visit, Some(name.clone()))
            .await
            .ok()
            .map(|devices| devices.into_iter().map(|device| device.kind).collect()),
        console,
        activity: user
            .password_last_used
            .max(key_used)
            .map(|at| When::of(at, now)),
        keys,
        created: When::of(user.create_date, now),
        name: name.as_str().to_owned(),
    })
}

async fn find(visit: &Visit) -> Result<(Vec<Row>, Option<String>), Fault> {
    let query = &visit.asked.query;
    let marker = query
        .filled("marker")
        .map(|marker| typed(marker, "a place in the list"))
        .transpose()?;
    let wanted = query.text("search");
    let (users, next) = match holder(visit, wanted).await? {
        Some(user) => (vec![user], None),
        None if wanted.is_empty() => list(visit, ROWS, marker).await?,
        None => search(visit, wanted, marker).await?,
    };
    let mut rows = Vec::with_capacity(users.len());
    for user in users {
        rows.push(row(visit, user).await?);
    }
    Ok((rows, next))
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let search = visit.asked.query.text("search").to_owned();
    let (rows, next) = match find(&visit).await {
        Ok((rows, next)) => (Ok(rows), next),
        Err(fault) => (Err(fault), None),
    };
    let summary = visit.call(&GetAccountSummary {}).await.ok();
    page(&Users {
        frame: Frame::of(&visit, "Users", HERE),
        total: summary.and_then(|summary| summary.summary_map.get("Users").copied()),
        rows: Section::of(rows),
        first: !visit.asked.query.ticked("marker"),
        next: next.map(|next| {
            format!(
                "/console/users?search={}&marker={}",
                encode(&search),
                encode(&next)
            )
        }),
        search,
    })
}

/// Goes on with the users that are ticked.
pub(crate) async fn choose(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let to = match form.text("do") {
        "delete" => "~delete",
        _ => "~groups",
    };
    let names: Vec<String> = form
        .all("user")
        .map(|name| format!("user={}", encode(name)))
        .collect();
    if names.is_empty() {
        return go("/console/users?done=none-chosen");
    }
    go(&format!("/console/users/{to}?{}", names.join("&")))
}
