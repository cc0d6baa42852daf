//! The tab of a user's security credentials: everything that the user signs in or signs requests with.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::console_sessions::ListConsoleSessions;
use claviger_iam::operation::login_profiles::{GetLoginProfile, LoginProfileShape};
use claviger_iam::operation::recovery_codes::GetRecoveryCodes;
use claviger_iam::operation::sign_in_settings::GetMFADemand;
use claviger_model::Code;
use claviger_model::name::ExistingUserName;

use super::access::{MODES, Ways};
use super::detail::{Head, Tab};
use super::short;
use crate::access_keys::described;
use crate::credentials::kinds::{Kind, kinds};
use crate::credentials::whose::Whose;
use crate::credentials::{Device, Key, Section, devices};
use crate::door::Visit;
use crate::home::OLD_KEY_DAYS;
use crate::settings::alias::sign_in_address;
use crate::view::{Frame, When, fault_text};

/// Whether the user signs in here.
pub(super) enum Console {
    Off,
    On { since: When, reset: bool },
    Refused(String),
}

/// Who demands a second factor.
struct Demand {
    by_account: bool,
    by_user: bool,
    by_groups: String,
}

struct Session {
    id: String,
    current: bool,
    browser: String,
    source_ip: String,
    mfa: bool,
    opened: When,
    used: When,
}

#[derive(Template)]
#[template(path = "users/credentials.html")]
pub(super) struct Credentials {
    frame: Frame,
    head: Head,
    sign_in_address: String,
    ways: Result<Ways, String>,
    console: Console,
    demand: Option<Demand>,
    devices: Section<Device>,
    recovery_codes: Option<i32>,
    keys: Section<Key>,
    kinds: Vec<Kind>,
    whose: Whose,
    sessions: Section<Session>,
}

/// The login profile, or `None` where there is none.
pub(super) async fn profile(
    visit: &Visit,
    name: &ExistingUserName,
) -> Result<Option<LoginProfileShape>, Fault> {
    let get = GetLoginProfile {
        user_name: Some(short(name)?),
    };
    match visit.call(&get).await {
        Ok(got) => Ok(Some(got.login_profile)),
        Err(fault) if fault.code() == Code::NoSuchEntity => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether a user signs in here.
pub(super) async fn console(visit: &Visit, name: &ExistingUserName) -> Console {
    match profile(visit, name).await {
        Ok(None) => Console::Off,
        Ok(Some(profile)) => Console::On {
            since: When::of(profile.create_date, visit.asked.facts.now),
            reset: profile.password_reset_required,
        },
        Err(fault) => Console::Refused(fault_text(&fault)),
    }
}

async fn demand(visit: &Visit, name: &ExistingUserName) -> Option<Demand> {
    let get = GetMFADemand {
        user_name: name.clone(),
    };
    let demand = visit.call(&get).await.ok()?;
    Some(Demand {
        by_account: demand.by_account,
        by_user: demand.by_user,
        by_groups: demand.by_groups.join(", "),
    })
}

async fn sessions(visit: &Visit, name: &ExistingUserName) -> Result<Vec<Session>, Fault> {
    let now = visit.asked.facts.now;
    let list = ListConsoleSessions {
        user_name: Some(name.clone()),
    };
    let listed = visit.call(&list).await?.console_sessions;
    Ok(listed
        .into_iter()
        .rev()
        .map(|session| Session {
            id: session.session_id,
            current: session.current,
            browser: session.user_agent.unwrap_or_default(),
            source_ip: session.source_ip,
            mfa: session.mfa_authenticated,
            opened: When::of(session.create_date, now),
            used: When::of(session.last_used_date, now),
        })
        .collect())
}

impl Credentials {
    /// Asks for all of it; what is refused says so in its place.
    pub(super) async fn new(visit: &Visit, frame: Frame, head: Head) -> Self {
        let name = head.user.name.clone();
        let whose = Whose::user(&name);
        let codes = GetRecoveryCodes {
            user_name: Some(name.clone()),
        };
        Self {
            sign_in_address: sign_in_address(visit).await,
            ways: Ways::read(visit, &name)
                .await
                .map_err(|fault| fault_text(&fault)),
            console: console(visit, &name).await,
            demand: demand(visit, &name).await,
            devices: Section::of(devices(visit, Some(name.clone())).await),
            recovery_codes: visit.call(&codes).await.ok().map(|codes| codes.remaining),
            keys: Section::of(described(visit, &whose).await),
            kinds: kinds(visit, &whose).await,
            whose,
            sessions: Section::of(sessions(visit, &name).await),
            frame,
            head,
        }
    }
}
