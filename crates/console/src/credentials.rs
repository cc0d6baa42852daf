//! My security credentials: what somebody signs in and signs requests with, each section by itself, so that one that is
//! not allowed hides no other.

pub(crate) mod basic;
pub(crate) mod certificates;
pub(crate) mod contacts;
pub(crate) mod device_name;
pub(crate) mod kinds;
pub(crate) mod once;
pub(crate) mod recovery;
pub(crate) mod services;
pub(crate) mod ssh;
pub(crate) mod whose;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::access_keys::details::ListAccessKeyDetails;
use claviger_iam::operation::account::ListAccountAliases;
use claviger_iam::operation::mfa_device_details::{ListMFADeviceDetails, MFADeviceKind};
use claviger_iam::operation::page::Paged;
use claviger_iam::operation::recovery_codes::GetRecoveryCodes;
use claviger_model::name::ExistingUserName;
use claviger_model::{Code, Timestamp};

use self::kinds::{Kind, kinds};
use self::whose::Whose;
use crate::access_keys::described;
use crate::answer::{Answer, Failure, page, page_again};
use crate::door::Visit;
use crate::field::written;
use crate::users::whole;
use crate::view::{Frame, When, device_name, encode, fault_text};

/// A section: its rows, or why they are not to be seen.
pub(crate) enum Section<T> {
    Rows(Vec<T>),
    Refused(String),
}

impl<T> Section<T> {
    pub(crate) fn of(rows: Result<Vec<T>, Fault>) -> Self {
        match rows {
            Ok(rows) => Self::Rows(rows),
            Err(fault) => Self::Refused(fault_text(&fault)),
        }
    }
}

/// An MFA device.
pub(crate) struct Device {
    pub(crate) serial: String,
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// Whether it is an authenticator app.
    pub(crate) is_virtual: bool,
    /// Whether it shows codes, which can get out of step.
    pub(crate) has_codes: bool,
    pub(crate) since: When,
    pub(crate) used: Option<When>,
}

/// An access key.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) active: bool,
    pub(crate) made: When,
    pub(crate) used: Option<When>,
    pub(crate) used_for: String,
    pub(crate) ends: Option<When>,
    /// What it is for, where somebody has asked for that too.
    pub(crate) description: String,
    /// Since when it gives way to another.
    pub(crate) retiring: Option<When>,
    /// The networks that it is bound to.
    pub(crate) networks: Vec<String>,
    /// When it was made, to compare.
    pub(crate) made_at: Timestamp,
    /// When it ends, to compare.
    pub(crate) ends_at: Option<Timestamp>,
    /// When it was last used, to compare.
    pub(crate) used_at: Option<Timestamp>,
    /// Its age.
    pub(crate) days: i64,
}

#[derive(Template)]
#[template(path = "credentials.html")]
struct Credentials {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    arn: String,
    /// The unique ID; root has none but the account's.
    id: Option<String>,
    account: String,
    alias: Option<String>,
    email: String,
    password_set: Option<When>,
    devices: Section<Device>,
    /// How many recovery codes are left.
    recovery_codes: Option<i32>,
    keys: Section<Key>,
    kinds: Vec<Kind>,
}

/// The MFA devices of a user, or the own ones.
pub(crate) async fn devices(
    visit: &Visit,
    user_name: Option<ExistingUserName>,
) -> Result<Vec<Device>, Fault> {
    let now = visit.asked.facts.now;
    let listed = visit.call(&ListMFADeviceDetails { user_name }).await?;
    Ok(listed
        .mfa_devices
        .into_iter()
        .map(|device| {
            let serial = device.serial_number.as_str().to_owned();
            Device {
                address: encode(&serial),
                name: device.device_name.map_or_else(
                    || device_name(&serial).to_owned(),
                    |name| name.as_str().to_owned(),
                ),
                kind: match device.kind {
                    MFADeviceKind::Virtual => "Authenticator app",
                    MFADeviceKind::Hardware => "Hardware token",
                    MFADeviceKind::SecurityKey => "Security key or passkey",
                },
                is_virtual: device.kind == MFADeviceKind::Virtual,
                has_codes: device.kind != MFADeviceKind::SecurityKey,
                since: When::of(device.enable_date, now),
                used: device.last_used_date.map(|at| When::of(at, now)),
                serial,
            }
        })
        .collect())
}

/// The own access keys.
pub(crate) async fn keys(visit: &Visit) -> Result<Vec<Key>, Fault> {
    keys_of(visit, None).await
}

/// The access keys of a user, or the own ones.
pub(crate) async fn keys_of(
    visit: &Visit,
    user_name: Option<ExistingUserName>,
) -> Result<Vec<Key>, Fault> {
    let now = visit.asked.facts.now;
    let list = ListAccessKeyDetails {
        user_name,
        page: Paged {
            marker: None,
            max_items: None,
        },
    };
    Ok(visit
        .call(&list)
        .await?
        .access_key_details
        .into_iter()
        .map(|key| {
            let used = &key.access_key_last_used;
            Key {
                id: key.access_key_id.as_str().to_owned(),
                state: key.stage.as_str().to_owned(),
                active: key.status.as_str() == "Active",
                days: now.seconds_since(key.create_date) / 86_400,
                description: String::new(),
                retiring: key.retiring_date.map(|at| When::of(at, now)),
                networks: key.source_networks.iter().map(written).collect(),
                made_at: key.create_date,
                ends_at: key.expiration_date,
                made: When::of(key.create_date, now),
                used: used.last_used_date.map(|at| When::of(at, now)),
                used_at: used.last_used_date,
                used_for: if used.last_used_date.is_some() {
                    format!("{} in {}", used.service_name, used.region)
                } else {
                    String::new()
                },
                ends: key.expiration_date.map(|at| When::of(at, now)),
            }
        })
        .collect())
}

/// How many recovery codes are left; `None` where that is not to be known, or there never were any.
async fn recovery_codes(visit: &Visit) -> Result<Option<i32>, Fault> {
    match visit.call(&GetRecoveryCodes { user_name: None }).await {
        Ok(codes) => Ok(Some(codes.remaining)),
        Err(fault) if matches!(fault.code(), Code::NoSuchEntity | Code::AccessDenied) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The name that the account can be called by, if there is one and it may be seen.
async fn alias(visit: &Visit) -> Option<String> {
    let list = ListAccountAliases { page: whole() };
    let aliases = visit.call(&list).await.ok()?.account_aliases;
    aliases.first().map(|alias| alias.as_str().to_owned())
}

async fn credentials(visit: &Visit, error: Option<String>) -> Result<Credentials, Failure> {
    let now = visit.asked.facts.now;
    let principal = visit.at.principal();
    let profile = visit.at.user().and_then(|user| user.login_profile.as_ref());
    let whose = Whose::of(visit)?;
    Ok(Credentials {
        frame: Frame::of(visit, "My security credentials", "credentials"),
        error,
        arn: principal.arn.as_str().to_owned(),
        id: visit.at.user().map(|user| user.id.as_str().to_owned()),
        account: principal.account.to_string(),
        alias: alias(visit).await,
        email: visit.at.email().unwrap_or_default().to_owned(),
        password_set: profile
            .map(|profile| profile.changed)
            .or_else(|| visit.at.root_password_changed())
            .map(|at| When::of(at, now)),
        devices: Section::of(devices(visit, None).await),
        recovery_codes: recovery_codes(visit).await?,
        keys: Section::of(described(visit, &whose).await),
        kinds: kinds(visit, &whose).await,
        whose,
    })
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&credentials(&visit, None).await?)
}

/// Does what a button of the page says.
pub(crate) async fn act(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    let whose = Whose::of(&visit)?;
    match run(&visit, &whose).await {
        Ok(answer) => answer,
        Err(fault) => page_again(&credentials(&visit, Some(fault_text(&fault))).await?),
    }
}

async fn run(visit: &Visit, whose: &Whose) -> Result<Answer, Fault> {
    if visit.asked.form.text("do") == "service-reset" {
        return services::reset(visit, whose).await;
    }
    Ok(whose.done(kinds::set(visit, whose).await?))
}
