//! The tab of a user's security settings: what stands between somebody with the password and the account, each setting with
//! the page where it is changed.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::ProtectionMethod;
use claviger_iam::operation::contacts::GetContacts;
use claviger_iam::operation::login_protection::{GetLoginProtection, LoginProtectionShape};
use claviger_iam::operation::password_resets::{GetPasswordState, PasswordOrigin};
use claviger_model::name::ExistingUserName;
use claviger_model::{Code, Timestamp};

use super::credentials::{Console, console};
use super::detail::{Head, Tab};
use crate::credentials::{Device, Section, devices};
use crate::door::Visit;
use crate::view::{Frame, When, fault_text};

/// An address, and whether it is verified.
pub(crate) struct Contact {
    pub(crate) kind: &'static str,
    pub(crate) address: Option<String>,
    pub(crate) verified: bool,
}

impl Contact {
    fn of(kind: &'static str, address: Option<String>, verified: Option<Timestamp>) -> Self {
        Self {
            kind,
            address,
            verified: verified.is_some(),
        }
    }
}

/// What a method is called.
pub(crate) fn label(method: ProtectionMethod) -> &'static str {
    match method {
        ProtectionMethod::Sms => "A code by SMS",
        ProtectionMethod::Email => "A code by e-mail",
        ProtectionMethod::VirtualMfa => "The virtual MFA device",
        ProtectionMethod::None => "Off",
    }
}

/// What is asked for after the password, and whether tokens are asked the same.
enum Protection {
    Known {
        on: bool,
        label: &'static str,
        api: bool,
    },
    Refused(String),
}

#[derive(Template)]
#[template(path = "users/security.html")]
pub(super) struct Settings {
    frame: Frame,
    head: Head,
    contacts: Section<Contact>,
    virtual_devices: Section<Device>,
    other_devices: Vec<Device>,
    console: Console,
    /// Where the password comes from, as far as that may be seen.
    password: Option<Password>,
    protection: Protection,
}

/// Where a password comes from.
struct Password {
    generated: bool,
    /// Until when a link is good that was sent.
    link: Option<When>,
}

async fn password(visit: &Visit, name: &ExistingUserName) -> Option<Password> {
    let get = GetPasswordState {
        user_name: name.clone(),
    };
    let state = visit.call(&get).await.ok()?;
    Some(Password {
        generated: state.origin == PasswordOrigin::Generated,
        link: state
            .link_expiration
            .map(|at| When::of(at, visit.asked.facts.now)),
    })
}

/// The login protection of a user; `None` where it was never set.
pub(super) async fn protection(
    visit: &Visit,
    name: &ExistingUserName,
) -> Result<Option<LoginProtectionShape>, Fault> {
    let get = GetLoginProtection {
        user_name: Some(name.clone()),
    };
    match visit.call(&get).await {
        Ok(got) => Ok(Some(got.login_protection)),
        Err(fault) if fault.code() == Code::NoSuchEntity => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Where a user is reached, or the caller.
pub(crate) async fn contacts(
    visit: &Visit,
    user_name: Option<ExistingUserName>,
) -> Result<Vec<Contact>, Fault> {
    let known = visit.call(&GetContacts { user_name }).await?;
    Ok(vec![
        Contact::of("Mobile number", known.mobile, known.mobile_verified),
        Contact::of("E-mail address", known.email, known.email_verified),
    ])
}

impl Settings {
    /// Asks for all of it; what is refused says so in its place.
    pub(super) async fn new(visit: &Visit, frame: Frame, head: Head) -> Self {
        let name = head.user.name.clone();
        let all = devices(visit, Some(name.clone())).await;
        let (virtual_devices, other_devices) = match all {
            Ok(all) => {
                let (ours, others) = all.into_iter().partition(|device| device.is_virtual);
                (Section::Rows(ours), others)
            }
            Err(fault) => (Section::Refused(fault_text(&fault)), Vec::new()),
        };
        Self {
            contacts: Section::of(contacts(visit, Some(name.clone())).await),
            virtual_devices,
            other_devices,
            console: console(visit, &name).await,
            password: password(visit, &name).await,
            protection: match protection(visit, &name).await {
                Ok(held) => {
                    let method = held
                        .as_ref()
                        .map_or(ProtectionMethod::None, |held| held.method);
                    Protection::Known {
                        on: method != ProtectionMethod::None,
                        label: label(method),
                        api: held.is_some_and(|held| held.api_protection),
                    }
                }
                Err(fault) => Protection::Refused(fault_text(&fault)),
            },
            frame,
            head,
        }
    }
}
