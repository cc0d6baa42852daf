//! The rows of the list of users. Who may read the credential report gets them from one operation, put in order and chosen as
//! wished; who may not gets those of `ListUsers`, with what may be seen of each.

use claviger_iam::Fault;
use claviger_iam::entity::user_access::AccessMode;
use claviger_iam::operation::access_keys::GetAccessKeyLastUsed;
use claviger_iam::operation::groups::ListGroupsForUser;
use claviger_iam::operation::login_profiles::GetLoginProfile;
use claviger_iam::operation::page::Marker;
use claviger_iam::operation::shapes::UserShape;
use claviger_iam::operation::user_details::{ListUserDetails, NamePart, UserFacts};
use claviger_iam::operation::users::{GetUser, ListUsers};
use claviger_model::name::ExistingUserName;
use claviger_model::{AccessKeyId, Code, Scalar, Timestamp, text};

use super::columns::{By, Column, asked};
use super::{MOST_READ, ROWS, address_of, name_of, pages_of, short, whole};
use crate::credentials::{Key, devices, keys_of};
use crate::door::Visit;
use crate::field::read;
use crate::home::OLD_KEY_DAYS;
use crate::order::Order;
use crate::view::When;

/// Whom the list shows, by the word in its address.
pub(super) const CHOICES: &[(&str, &str)] = &[
    ("", "All users"),
    ("no-mfa", "With a password, without MFA"),
    ("mfa", "With MFA"),
    ("console", "With console access"),
    ("no-console", "Without console access"),
    ("old-key", "Active key older than 90 days"),
    ("unused-key", "Active key unused for 90 days"),
    ("old-password", "Password older than 90 days"),
    ("disabled", "Disabled"),
    ("programmatic", "With keys and tokens alone"),
    ("console-only", "At the console alone"),
];

/// What a cell shows.
pub(super) enum Cell {
    /// What may not be seen.
    Hidden,
    /// That there is nothing.
    None,
    /// That there is nothing, where there should be something.
    Missing,
    Text(String),
    Code(String),
    When(When),
    /// An age in days, and whether it is a great one.
    Age(i64, bool),
    /// Several things, each on a line.
    Lines(Vec<String>),
    /// How many, and which.
    Count(usize, Vec<String>),
    Keys(Vec<Key>),
}

/// A user in the list.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) cells: Vec<Cell>,
}

/// A page of the list.
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// The marker of what follows.
    pub(super) next: Option<String>,
    /// Why they are in no order but that of their names.
    pub(super) plain: Option<Fault>,
}

/// What the list is asked.
pub(super) struct Wanted<'a> {
    pub(super) search: &'a str,
    pub(super) show: &'a str,
    pub(super) order: Order<By>,
    pub(super) columns: &'a [Column],
}

impl Wanted<'_> {
    /// The operation that answers it.
    fn details(&self, marker: Option<Marker>) -> Result<ListUserDetails, Fault> {
        let (by, order) = asked(self.order);
        let days = |word| {
            (self.show == word)
                .then(|| Scalar::parse(&OLD_KEY_DAYS.to_string()).ok())
                .flatten()
        };
        let name_contains = match self.search {
            "" => None,
            search => Some(read::<NamePart>(search, "The part of a name")?),
        };
        Ok(ListUserDetails {
            name_contains,
            mfa_active: match self.show {
                "mfa" => Some(true),
                "no-mfa" => Some(false),
                _ => None,
            },
            has_password: match self.show {
                "console" | "no-mfa" => Some(true),
                "no-console" => Some(false),
                _ => None,
            },
            enabled: (self.show == "disabled").then_some(false),
            access_mode: match self.show {
                "programmatic" => Some(AccessMode::Programmatic),
                "console-only" => Some(AccessMode::Console),
                _ => None,
            },
            password_older_than_days: days("old-password"),
            access_key_older_than_days: days("old-key"),
            access_key_unused_for_days: days("unused-key"),
            sort_by: Some(by),
            sort_order: Some(order),
            page: pages_of(ROWS, marker),
        })
    }

    /// Whether it takes more than names to answer it.
    fn needs_details(&self) -> bool {
        !self.show.is_empty() || self.order != Order::USUAL
    }
}

/// The page that is asked for.
pub(super) async fn find(visit: &Visit, wanted: &Wanted<'_>) -> Result<Found, Fault> {
    let marker: Option<Marker> = visit
        .asked
        .query
        .filled("marker")
        .map(|marker| read(marker, "The place in the list"))
        .transpose()?;
    let mut found = Found {
        rows: Vec::new(),
        next: None,
        plain: None,
    };
    if let Some(user) = holder(visit, wanted.search).await? {
        found.rows.push(seen(visit, user, wanted.columns).await?);
        return Ok(found);
    }
    match visit.call(&wanted.details(marker.clone())?).await {
        Ok(listed) => {
            for user in listed.users {
                found.rows.push(told(visit, user, wanted.columns).await?);
            }
            found.next = listed.end.marker;
        }
        Err(fault) if fault.code() == Code::AccessDenied => {
            let (users, next) = match wanted.search {
                "" => list(visit, ROWS, marker).await?,
                search => search_names(visit, search, marker).await?,
            };
            for user in users {
                found.rows.push(seen(visit, user, wanted.columns).await?);
            }
            found.next = next;
            found.plain = wanted.needs_details().then_some(fault);
        }
        Err(fault) => return Err(fault),
    }
    Ok(found)
}

/// A page of users, and the marker of the next.
type Listed = (Vec<UserShape>, Option<String>);

async fn list(visit: &Visit, rows: usize, marker: Option<Marker>) -> Result<Listed, Fault> {
    let list = ListUsers {
        path_prefix: None,
        page: pages_of(rows, marker),
    };
    let listed = visit.call(&list).await?;
    Ok((listed.users, listed.end.marker))
}

/// The users whose names hold a text. Longer and longer stretches are read while nothing is found; a stretch that holds
/// more than a page shows is read again in short ones, since a page can only go on where a stretch ended.
async fn search_names(
    visit: &Visit,
    wanted: &str,
    marker: Option<Marker>,
) -> Result<Listed, Fault> {
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
        user_name: Some(read(&user, "The user name")?),
    };
    Ok(Some(visit.call(&get).await?.user))
}

/// A row of what one operation told. Only names and ids are asked for besides, and only where there are any.
async fn told(visit: &Visit, user: UserFacts, columns: &[Column]) -> Result<Row, Fault> {
    let now = visit.asked.facts.now;
    let name: ExistingUserName = read(&user.user_name, "The user name")?;
    let days = |at: Timestamp| now.seconds_since(at) / 86_400;
    let when = |at: Option<Timestamp>| at.map_or(Cell::None, |at| Cell::When(When::of(at, now)));
    let has_password = user.password_changed_date.is_some();
    let oldest = user
        .access_keys
        .iter()
        .filter(|key| key.status.as_str() == "Active")
        .map(|key| days(key.create_date))
        .max();
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        cells.push(match column {
            Column::Path => Cell::Text(user.path.as_str().to_owned()),
            Column::Groups => match usize::try_from(user.group_count).unwrap_or(0) {
                0 => Cell::None,
                count => Cell::Count(count, groups(visit, &name).await.unwrap_or_default()),
            },
            Column::Activity => when(user.last_activity_date),
            Column::Mfa => match (user.mfa_active, has_password) {
                (true, _) => Cell::Lines(kinds(visit, &name).await),
                (false, true) => Cell::Missing,
                (false, false) => Cell::None,
            },
            Column::Console if !user.enabled => Cell::Text(String::from("User disabled")),
            Column::Console if user.access_mode == AccessMode::Programmatic => {
                Cell::Text(String::from("Closed"))
            }
            Column::Console => Cell::Text(String::from(match (has_password, user.mfa_active) {
                (false, _) => "Disabled",
                (true, true) => "Enabled with MFA",
                (true, false) => "Enabled without MFA",
            })),
            Column::PasswordAge => age(user.password_changed_date.map(days)),
            Column::SignedIn => match user.password_last_used {
                None if has_password => Cell::Text(String::from("Never")),
                at => when(at),
            },
            Column::Keys if user.access_keys.is_empty() => Cell::None,
            Column::Keys => held(visit, &name).await.map_or(Cell::Hidden, Cell::Keys),
            Column::KeyAge => age(oldest),
            Column::KeyUsed => {
                let keys = user.access_keys.iter();
                when(keys.filter_map(|key| key.last_used_date).max())
            }
            Column::Created => when(Some(user.create_date)),
            Column::Certificates => match user.active_signing_certificates {
                0 => Cell::None,
                count => Cell::Text(count.to_string()),
            },
            Column::Id => Cell::Code(user.user_id.clone()),
            Column::Arn => Cell::Code(user.arn.as_str().to_owned()),
        });
    }
    Ok(Row {
        address: address_of(name.as_str()),
        name: user.user_name,
        cells,
    })
}

/// A row of what single operations tell, each of which may be refused.
async fn seen(visit: &Visit, user: UserShape, columns: &[Column]) -> Result<Row, Fault> {
    let now = visit.asked.facts.now;
    let name: ExistingUserName = read(name_of(&user), "The user name")?;
    let when = |at: Option<Timestamp>| at.map_or(Cell::None, |at| Cell::When(When::of(at, now)));
    let keys = keys_of(visit, Some(name.clone())).await.ok();
    let used = keys.iter().flatten().filter_map(|key| key.used_at).max();
    let oldest = keys.iter().flatten().filter(|key| key.active);
    let oldest = oldest.map(|key| key.days).max();
    let known = |cell: Cell| match keys {
        Some(_) => cell,
        None => Cell::Hidden,
    };
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        cells.push(match column {
            Column::Path => Cell::Text(user.path.as_str().to_owned()),
            Column::Groups => match groups(visit, &name).await {
                Ok(names) if names.is_empty() => Cell::None,
                Ok(names) => Cell::Count(names.len(), names),
                Err(_) => Cell::Hidden,
            },
            Column::Activity => when(user.password_last_used.max(used)),
            Column::Mfa => match devices(visit, Some(name.clone())).await {
                Ok(devices) if devices.is_empty() => Cell::None,
                Ok(devices) => Cell::Lines(
                    devices
                        .into_iter()
                        .map(|device| device.kind.to_owned())
                        .collect(),
                ),
                Err(_) => Cell::Hidden,
            },
            Column::Console => {
                let profile = GetLoginProfile {
                    user_name: Some(short(&name)?),
                };
                match visit.call(&profile).await {
                    Ok(_) => Cell::Text(String::from("Enabled")),
                    Err(fault) if fault.code() == Code::NoSuchEntity => {
                        Cell::Text(String::from("Disabled"))
                    }
                    Err(_) => Cell::Hidden,
                }
            }
            Column::PasswordAge | Column::Certificates => Cell::Hidden,
            Column::SignedIn => when(user.password_last_used),
            Column::Keys => match keys_of(visit, Some(name.clone())).await {
                Ok(keys) if keys.is_empty() => Cell::None,
                Ok(keys) => Cell::Keys(keys),
                Err(_) => Cell::Hidden,
            },
            Column::KeyAge => known(age(oldest)),
            Column::KeyUsed => known(when(used)),
            Column::Created => when(Some(user.create_date)),
            Column::Id => Cell::Code(user.user_id.clone()),
            Column::Arn => Cell::Code(user.arn.as_str().to_owned()),
        });
    }
    Ok(Row {
        address: address_of(name.as_str()),
        name: name.as_str().to_owned(),
        cells,
    })
}

fn age(days: Option<i64>) -> Cell {
    days.map_or(Cell::None, |days| Cell::Age(days, days > OLD_KEY_DAYS))
}

async fn held(visit: &Visit, name: &ExistingUserName) -> Option<Vec<Key>> {
    keys_of(visit, Some(name.clone())).await.ok()
}

/// The kinds of a user's devices, or that there are some.
async fn kinds(visit: &Visit, name: &ExistingUserName) -> Vec<String> {
    devices(visit, Some(name.clone())).await.map_or_else(
        |_| vec![String::from("Active")],
        |devices| {
            devices
                .into_iter()
                .map(|device| device.kind.to_owned())
                .collect()
        },
    )
}

async fn groups(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let list = ListGroupsForUser {
        user_name: name.clone(),
        page: whole(),
    };
    let listed = visit.call(&list).await?.groups;
    Ok(listed.into_iter().map(|group| group.group_name).collect())
}
