//! Sending a user a link to set a password by, or a password that was drawn.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::password_resets::{
    GeneratePassword, GetPasswordState, PasswordOrigin, SendPasswordLink,
};
use claviger_model::Code;
use claviger_model::name::ExistingUserName;

use super::{HERE, address_of, be_fresh_for, user_of};
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "users/password_reset.html")]
struct Page {
    frame: Frame,
    error: Option<String>,
    name: String,
    address: String,
}

impl Page {
    fn new(visit: &Visit, name: &ExistingUserName, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, format!("Reset the password of {name}"), HERE),
            error,
            address: address_of(name.as_str()),
            name: name.as_str().to_owned(),
        }
    }
}

/// Refuses to change a password that was drawn and sent: its owner does so.
///
/// # Errors
/// `InvalidInput`.
pub(super) async fn refuse_generated(visit: &Visit, name: &ExistingUserName) -> Result<(), Fault> {
    let get = GetPasswordState {
        user_name: name.clone(),
    };
    // Who may not see where it comes from is told by what changes it.
    let origin = visit.call(&get).await.map(|state| state.origin);
    if !matches!(origin, Ok(PasswordOrigin::Generated)) {
        return Ok(());
    }
    Err(Fault::new(
        Code::InvalidInput,
        "The password was generated and sent to the user, and only the user changes it. Send a link to set another, or delete it first.",
    ))
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    page(&Page::new(&visit, &name, None))
}

async fn run(visit: &Visit, name: &ExistingUserName) -> Result<&'static str, Fault> {
    let user_name = name.clone();
    match visit.asked.form.text("do") {
        "link" => {
            visit.call(&SendPasswordLink { user_name }).await?;
            Ok("link-sent")
        }
        "generate" => {
            refuse_generated(visit, name).await?;
            visit.call(&GeneratePassword { user_name }).await?;
            Ok("password-generated")
        }
        _ => Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    }
}

/// Sends it.
pub(crate) async fn send(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    match run(&visit, &name).await {
        Ok(done) => go(&format!(
            "{}?tab=security&done={done}",
            address_of(name.as_str())
        )),
        Err(fault) => page_again(&Page::new(&visit, &name, Some(fault_text(&fault)))),
    }
}
