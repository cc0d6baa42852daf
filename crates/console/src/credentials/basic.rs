//! Basic information: how somebody signs in, on one page, each part with the page where it is changed.

use askama::Template;
use claviger_iam::entity::ProtectionMethod;

use super::{Device, Section, devices};
use crate::answer::{Answer, Failure, page};
use crate::door::Visit;
use crate::users::security::{Contact, contacts, label};
use crate::view::{Frame, When};

#[derive(Template)]
#[template(path = "credentials/basic.html")]
struct Basic {
    frame: Frame,
    password_set: Option<When>,
    contacts: Section<Contact>,
    devices: Section<Device>,
    /// What is asked for after the password.
    protection: Option<&'static str>,
}

/// The page. Root has its own.
pub(crate) async fn show(visit: Visit) -> Answer {
    let user = visit.at.user().ok_or(Failure::Missing)?;
    let method = user.protected_by();
    let set = user.login_profile.as_ref().map(|profile| profile.changed);
    page(&Basic {
        frame: Frame::of(&visit, "Basic information", "credentials"),
        password_set: set.map(|at| When::of(at, visit.asked.facts.now)),
        protection: (method != ProtectionMethod::None).then(|| label(method)),
        contacts: Section::of(contacts(&visit, None).await),
        devices: Section::of(devices(&visit, None).await),
    })
}
