//! Setting a password by a link that was sent.
//!
//! What stands in the link goes into a cookie at once, so that no page has it in its address, and none tells it to another as
//! where somebody came from. Looking at the link uses nothing up: programs that look through mail follow links too.

use askama::Template;
use claviger_iam::signin::{PasswordOwner, Refusal};
use claviger_model::Secret;

use super::told;
use crate::answer::{Answer, go, page, page_again, with_cookies};
use crate::cookies::Cookie;
use crate::door::Guest;
use crate::view::Frame;

/// What is said of a link that is none.
const OVER: &str =
    "This link does not work, or not any more. Ask whoever administers the account for another.";

#[derive(Template)]
#[template(path = "password_link.html")]
struct Link {
    frame: Frame,
    error: Option<String>,
    /// Whose password it sets; nobody's where it does not work.
    owner: Option<PasswordOwner>,
}

impl Link {
    fn new(guest: &Guest, owner: Option<PasswordOwner>, error: Option<String>) -> Self {
        Self {
            frame: Frame::guest(guest, "Set your password"),
            error,
            owner,
        }
    }
}

fn refused(guest: &Guest, refusal: &Refusal) -> Answer {
    let error = match refusal {
        Refusal::Over => OVER.to_owned(),
        other => told(other),
    };
    let answer = page_again(&Link::new(guest, None, Some(error)))?;
    Ok(with_cookies(answer, [guest.asked.clear(Cookie::Link)]))
}

/// The page.
pub(crate) async fn show(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let token = asked.query.text("token");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !token.is_empty() && token.len() <= 64 && token.chars().all(is_plain) {
        let cookie = asked.set(Cookie::Link, token);
        return Ok(with_cookies(go("/signin/step/password-link")?, [cookie]));
    }
    let token = asked.cookie(Cookie::Link).unwrap_or_default();
    match asked.iam().password_link(token, &asked.facts).await {
        Ok(owner) => page(&Link::new(&guest, Some(owner), None)),
        Err(refusal) => refused(&guest, &refusal),
    }
}

/// Sets the password.
pub(crate) async fn set(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let token = Secret::new(asked.cookie(Cookie::Link).unwrap_or_default().to_owned());
    let owner = match asked
        .iam()
        .password_link(token.expose(), &asked.facts)
        .await
    {
        Ok(owner) => owner,
        Err(refusal) => return refused(&guest, &refusal),
    };
    let [new, again] = ["new", "again"].map(|name| asked.form.secret(name));
    if !new.matches(again.expose().as_bytes()) {
        let error = Some(String::from("The two passwords are not the same."));
        return page_again(&Link::new(&guest, Some(owner), error));
    }
    match asked
        .iam()
        .use_password_link(&token, &new, &asked.facts)
        .await
    {
        Ok(owner) => {
            let address = format!("/signin/{}?done=password-set", owner.account);
            Ok(with_cookies(go(&address)?, [asked.clear(Cookie::Link)]))
        }
        Err(refusal @ Refusal::Fault(_)) => {
            let error = Some(told(&refusal));
            page_again(&Link::new(&guest, Some(owner), error))
        }
        Err(refusal) => refused(&guest, &refusal),
    }
}
