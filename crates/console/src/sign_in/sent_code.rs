//! The step of login protection: a code that was sent.

use askama::Template;
use claviger_iam::signin::{AwaitingCode, Refusal};
use claviger_model::{Code, Secret};

use super::{begin_again, go_on, to};
use crate::answer::{Answer, go, page, page_again, with_cookies};
use crate::cookies::Cookie;
use crate::door::Guest;
use crate::view::{Frame, encode, fault_text};

/// What is said of a code that is not the one.
const WRONG: &str =
    "That is not right. Look at the last message, or have another code sent: five tries are all.";

#[derive(Template)]
#[template(path = "sent_code.html")]
struct SentCode {
    frame: Frame,
    error: Option<String>,
    /// Where the code went, as far as that is shown.
    sent_to: String,
    /// Whether another one was sent just now.
    sent_again: bool,
    to: String,
}

impl SentCode {
    fn new(guest: &Guest, waiting: &AwaitingCode, error: Option<String>) -> Self {
        Self {
            frame: Frame::guest(guest, "Enter the code"),
            error,
            sent_to: waiting.to.clone(),
            sent_again: guest.asked.query.text("sent") == "again",
            to: to(&guest.asked),
        }
    }
}

async fn waiting(guest: &Guest) -> Result<AwaitingCode, Refusal> {
    let asked = &guest.asked;
    let cookie = asked.cookie(Cookie::Code).ok_or(Refusal::Over)?;
    asked.iam().awaiting_code(cookie, &asked.facts).await
}

/// The page.
pub(crate) async fn show(guest: Guest) -> Answer {
    if guest.asked.cookie(Cookie::Code).is_none() {
        return go("/signin");
    }
    match waiting(&guest).await {
        Ok(waiting) => page(&SentCode::new(&guest, &waiting, None)),
        Err(refusal) => begin_again(&guest, &refusal),
    }
}

/// Takes the code, or sends another.
pub(crate) async fn act(guest: Guest) -> Answer {
    match waiting(&guest).await {
        Ok(waiting) if guest.asked.form.text("do") == "again" => again(&guest, waiting).await,
        Ok(waiting) => take(&guest, waiting).await,
        Err(refusal) => begin_again(&guest, &refusal),
    }
}

async fn again(guest: &Guest, waiting: AwaitingCode) -> Answer {
    let asked = &guest.asked;
    match asked
        .iam()
        .send_code_again(waiting.clone(), &asked.facts)
        .await
    {
        Ok(sent) => {
            let cookie = asked.set(Cookie::Code, sent.seal(asked.iam())?.expose());
            let address = format!("/signin/step/code?sent=again&to={}", encode(&to(asked)));
            Ok(with_cookies(go(&address)?, [cookie]))
        }
        // What was sent before is still good.
        Err(Refusal::Fault(fault)) if fault.code() == Code::Throttling => {
            let error = Some(fault_text(&fault));
            page_again(&SentCode::new(guest, &waiting, error))
        }
        Err(refusal) => begin_again(guest, &refusal),
    }
}

async fn take(guest: &Guest, waiting: AwaitingCode) -> Answer {
    let asked = &guest.asked;
    // People copy codes with a blank in the middle.
    let code: String = asked.form.text("code").split_whitespace().collect();
    let next = asked
        .iam()
        .sign_in_with_sent_code(waiting.clone(), &Secret::new(code), &asked.facts)
        .await;
    match next {
        Ok(next) => go_on(asked, next).await,
        Err(Refusal::Wrong) => {
            let error = Some(WRONG.to_owned());
            page_again(&SentCode::new(guest, &waiting, error))
        }
        Err(refusal) => begin_again(guest, &refusal),
    }
}
