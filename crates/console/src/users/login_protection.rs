//! Setting the login protection of a user.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::ProtectionMethod;
use claviger_iam::operation::login_protection::SetLoginProtection;
use claviger_model::name::ExistingUserName;

use super::security::{label, protection};
use super::{HERE, address_of, be_fresh_for, user_of};
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, fault_text};

/// A method to choose.
struct Choice {
    word: &'static str,
    label: &'static str,
    hint: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "users/login_protection.html")]
struct Page {
    frame: Frame,
    error: Option<String>,
    name: String,
    address: String,
    choices: Vec<Choice>,
    api: bool,
}

const ALL: [ProtectionMethod; 4] = [
    ProtectionMethod::None,
    ProtectionMethod::Sms,
    ProtectionMethod::Email,
    ProtectionMethod::VirtualMfa,
];

fn hint(method: ProtectionMethod) -> &'static str {
    match method {
        ProtectionMethod::None => "The password alone, where the user has no MFA device.",
        ProtectionMethod::Sms => "Needs a mobile number that the user has verified.",
        ProtectionMethod::Email => "Needs an e-mail address that the user has verified.",
        ProtectionMethod::VirtualMfa => {
            "Needs a virtual MFA device, which cannot be taken away then."
        }
    }
}

impl Page {
    fn new(
        visit: &Visit,
        name: &ExistingUserName,
        chosen: &str,
        api: bool,
        error: Option<String>,
    ) -> Self {
        Self {
            frame: Frame::of(visit, format!("Login protection for {name}"), HERE),
            error,
            address: address_of(name.as_str()),
            name: name.as_str().to_owned(),
            choices: ALL
                .into_iter()
                .map(|method| Choice {
                    word: method.as_str(),
                    label: label(method),
                    hint: hint(method),
                    chosen: method.as_str() == chosen,
                })
                .collect(),
            api,
        }
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    let held = protection(&visit, &name).await?;
    let (method, api) = held.map_or((ProtectionMethod::None, false), |held| {
        (held.method, held.api_protection)
    });
    page(&Page::new(&visit, &name, method.as_str(), api, None))
}

async fn set(visit: &Visit, name: &ExistingUserName) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let method: ProtectionMethod = read(form.text("method"), "The method")?;
    let set = SetLoginProtection {
        user_name: name.clone(),
        // Without scripts the box stands there whatever is chosen.
        api_protection: Some(form.ticked("api") && method == ProtectionMethod::VirtualMfa),
        method,
    };
    visit.call(&set).await.map(drop)
}

/// Sets it.
pub(crate) async fn save(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    match set(&visit, &name).await {
        Ok(()) => go(&format!(
            "{}?tab=security&done=protection-set",
            address_of(name.as_str())
        )),
        Err(fault) => {
            let form = &visit.asked.form;
            let error = Some(fault_text(&fault));
            let (method, api) = (form.text("method"), form.ticked("api"));
            page_again(&Page::new(&visit, &name, method, api, error))
        }
    }
}
