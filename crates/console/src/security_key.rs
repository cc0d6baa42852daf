//! Registering a security key or passkey for oneself.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::security_keys::{
    BeginSecurityKeyRegistration, FinishSecurityKeyRegistration,
};
use claviger_model::{Code, Scalar, Secret};

use crate::answer::{Answer, page, page_again};
use crate::door::Visit;
use crate::mfa;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "security_key.html")]
struct SecurityKey {
    frame: Frame,
    error: Option<String>,
    name: String,
    /// What the browser is told to register, where it may be.
    options: Option<Secret<String>>,
}

async fn shown(visit: &Visit, error: Option<String>) -> SecurityKey {
    let asked = &visit.asked;
    let name = asked
        .form
        .filled("name")
        .unwrap_or(asked.query.text("name"));
    let begun = visit
        .call(&BeginSecurityKeyRegistration { user_name: None })
        .await;
    let (options, refused) = match begun {
        Ok(begun) => (Some(begun.creation_options), None),
        Err(fault) => (None, Some(fault_text(&fault))),
    };
    SecurityKey {
        frame: Frame::of(visit, "Register a security key", "credentials"),
        error: error.or(refused),
        name: name.to_owned(),
        options,
    }
}

/// The page that asks the browser for a key.
pub(crate) async fn show(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    page(&shown(&visit, None).await)
}

/// Registers what the browser answered.
pub(crate) async fn register(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    match finish(&visit).await {
        Ok(()) => mfa::assigned(&visit).await,
        Err(fault) => page_again(&shown(&visit, Some(fault_text(&fault))).await),
    }
}

async fn finish(visit: &Visit) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let invalid = |what: &str| Fault::new(Code::InvalidInput, what);
    let finish = FinishSecurityKeyRegistration {
        user_name: None,
        security_key_name: Scalar::parse(form.text("name")).map_err(|_| {
            invalid("The name of a key has letters, digits and _ + = , . @ - and no blanks.")
        })?,
        registration_response: Scalar::parse(form.secret("response").expose())
            .map_err(|_| invalid("The browser's answer cannot be read. Try again."))?,
    };
    visit.call(&finish).await.map(drop)
}
