//! Signing in with a passkey alone, where the account allows it.

use askama::Template;
use claviger_iam::signin::Refusal;

use crate::answer::{Answer, page, page_again};
use crate::door::Guest;
use crate::sign_in::{self, told};
use crate::view::Frame;

#[derive(Template)]
#[template(path = "passkey.html")]
struct Passkey {
    frame: Frame,
    error: Option<String>,
    account: String,
    /// What the browser is told to ask for, once the account is known.
    options: Option<String>,
    to: String,
}

async fn shown(guest: &Guest, account: &str, error: Option<String>) -> Passkey {
    let asked = &guest.asked;
    let mut shown = Passkey {
        frame: Frame::guest(guest, "Sign in with a passkey"),
        error,
        account: account.to_owned(),
        options: None,
        to: sign_in::to(asked),
    };
    if account.is_empty() {
        return shown;
    }
    match asked.iam().passkey_challenge(account, &asked.facts).await {
        Ok(options) => shown.options = Some(options),
        Err(refusal) => shown.error = shown.error.or_else(|| Some(told(&refusal))),
    }
    shown
}

/// The page: it asks for the account, then for the passkey.
pub(crate) async fn show(guest: Guest) -> Answer {
    let account = guest.asked.query.text("account").to_owned();
    page(&shown(&guest, &account, None).await)
}

/// Signs in with what the browser answered.
pub(crate) async fn sign_in(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let account = asked.form.text("account").to_owned();
    let response = asked.form.secret("response");
    let next = asked
        .iam()
        .sign_in_with_passkey(&account, response.expose(), &asked.facts)
        .await;
    match next {
        Ok(next) => sign_in::go_on(asked, next).await,
        Err(refusal) => {
            let error = match refusal {
                Refusal::Wrong => String::from("That passkey was not accepted."),
                refusal => told(&refusal),
            };
            page_again(&shown(&guest, &account, Some(error)).await)
        }
    }
}
