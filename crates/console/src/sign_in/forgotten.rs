//! A password that was forgotten: a code to a verified address, then another password. What the page says is the same whether
//! or not anybody is there.

use askama::Template;
use claviger_iam::operation::contacts::ContactChannel;
use claviger_iam::signin::Refusal;
use claviger_model::{Scalar as _, Secret};

use super::told;
use crate::answer::{Answer, go, page, page_again};
use crate::door::Guest;
use crate::view::Frame;

/// What is said of a code that is not the one.
const WRONG: &str = "The code is not right, or its time or its tries are over. Look at the last message, or ask for another code.";

#[derive(Template)]
#[template(path = "forgotten.html")]
struct Forgotten {
    frame: Frame,
    error: Option<String>,
    account: String,
    name: String,
    mobile: bool,
    /// What comes back with the code, once one was asked for.
    ticket: Option<Secret<String>>,
}

impl Forgotten {
    fn new(guest: &Guest, ticket: Option<Secret<String>>, error: Option<String>) -> Self {
        let asked = &guest.asked;
        let typed = |name: &str| asked.form.filled(name).unwrap_or(asked.query.text(name));
        Self {
            frame: Frame::guest(guest, "Forgot your password?"),
            error,
            account: typed("account").to_owned(),
            name: typed("user_name").to_owned(),
            mobile: typed("channel") == ContactChannel::Mobile.as_str(),
            ticket,
        }
    }
}

/// The page.
pub(crate) async fn show(guest: Guest) -> Answer {
    page(&Forgotten::new(&guest, None, None))
}

/// Sends a code, or takes one and the password.
pub(crate) async fn act(guest: Guest) -> Answer {
    let ticket = guest.asked.form.secret("ticket");
    if ticket.expose().is_empty() {
        send(&guest).await
    } else {
        set(&guest, ticket).await
    }
}

async fn send(guest: &Guest) -> Answer {
    let asked = &guest.asked;
    let form = &asked.form;
    let channel = ContactChannel::parse(form.text("channel")).unwrap_or(ContactChannel::Email);
    let (account, name) = (form.text("account"), form.text("user_name"));
    let sent = asked
        .iam()
        .forgot_password(account, name, channel, &asked.facts)
        .await;
    match sent {
        Ok(ticket) => page(&Forgotten::new(guest, Some(ticket), None)),
        Err(refusal) => page_again(&Forgotten::new(guest, None, Some(told(&refusal)))),
    }
}

async fn set(guest: &Guest, ticket: Secret<String>) -> Answer {
    let asked = &guest.asked;
    let [new, again] = ["new", "again"].map(|name| asked.form.secret(name));
    if !new.matches(again.expose().as_bytes()) {
        let error = Some(String::from("The two passwords are not the same."));
        return page_again(&Forgotten::new(guest, Some(ticket), error));
    }
    // People copy codes with a blank in the middle.
    let code: String = asked.form.text("code").split_whitespace().collect();
    let set = asked
        .iam()
        .set_forgotten_password(&ticket, &Secret::new(code), &new, &asked.facts)
        .await;
    match set {
        Ok(owner) => go(&format!("/signin/{}?done=password-set", owner.account)),
        Err(refusal) => {
            let error = match &refusal {
                Refusal::Wrong => WRONG.to_owned(),
                other => told(other),
            };
            page_again(&Forgotten::new(guest, Some(ticket), Some(error)))
        }
    }
}
