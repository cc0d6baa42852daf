//! Switching to a role, and back. A link to the page fills in the form; nothing is done before it is sent.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::signin::{Colour, Refusal, SwitchTo};
use claviger_model::Code;
use http::StatusCode;

use crate::answer::{Answer, Failure, go, page, page_again, page_with, with_cookies};
use crate::cookies::Cookie;
use crate::door::Visit;
use crate::field::read_filled;
use crate::view::{Frame, fault_text, own_path, person_name};

#[derive(Template)]
#[template(path = "switch_role.html")]
struct SwitchRole {
    frame: Frame,
    error: Option<String>,
    /// Whether the error says that something is not allowed, whatever it is.
    denied: bool,
    /// Whether it is root, who cannot switch.
    root: bool,
    account: String,
    role: String,
    name: String,
    colours: Vec<(&'static str, bool)>,
}

impl SwitchRole {
    fn new(visit: &Visit, fault: Option<&Fault>) -> Self {
        let asked = &visit.asked;
        let (form, query) = (&asked.form, &asked.query);
        let typed = |name: &str| {
            let typed = form.filled(name).unwrap_or_else(|| query.text(name));
            typed.to_owned()
        };
        let colour = Colour::named(&typed("colour")).unwrap_or_default();
        Self {
            frame: Frame::of(visit, "Switch role", "switch"),
            error: fault.map(fault_text),
            denied: fault.is_some_and(|fault| fault.code() == Code::AccessDenied),
            root: visit.at.person().user().is_none(),
            account: typed("account"),
            role: typed("roleName"),
            name: typed("displayName"),
            colours: Colour::ALL
                .map(|one| (one.as_str(), one == colour))
                .to_vec(),
        }
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&SwitchRole::new(&visit, None))
}

/// Switches to the role.
pub(crate) async fn switch(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let name = match read_filled(form.filled("displayName"), "The display name") {
        Ok(name) => name,
        Err(fault) => return page_again(&SwitchRole::new(&visit, Some(&fault))),
    };
    let to = SwitchTo {
        account: form.text("account"),
        role: form.text("roleName"),
        name,
        colour: Colour::named(form.text("colour")).unwrap_or_default(),
    };
    let (iam, facts) = (visit.asked.iam(), &visit.asked.facts);
    match iam.switch_role(&visit.at, &to, facts).await {
        Ok(token) => went(&visit, token.expose(), "/console?done=switched"),
        Err(Refusal::Fault(fault)) => match Failure::from(fault) {
            Failure::Fault(fault) => page_again(&SwitchRole::new(&visit, Some(&fault))),
            other => Err(other),
        },
        Err(_) => Err(Failure::SignIn),
    }
}

/// Switches back, and goes where the person wanted to be as themselves.
pub(crate) async fn back(visit: Visit) -> Answer {
    let (iam, facts) = (visit.asked.iam(), &visit.asked.facts);
    let to = own_path(visit.asked.form.text("to")).unwrap_or("/console?done=switched-back");
    match iam.switch_back(&visit.at, facts).await {
        Ok(token) => went(&visit, token.expose(), to),
        Err(Refusal::Fault(fault)) => Err(Failure::Fault(fault)),
        Err(_) => Err(Failure::SignIn),
    }
}

fn went(visit: &Visit, token: &str, to: &str) -> Answer {
    let cookie = visit.asked.set(Cookie::Session, token);
    Ok(with_cookies(go(to)?, [cookie]))
}

#[derive(Template)]
#[template(path = "own.html")]
struct Own {
    frame: Frame,
    person: String,
    /// Where the person wants to be.
    to: String,
}

/// In place of a page about what is the person's own, for who acts as a role.
pub(crate) fn own(visit: &Visit, is_post: bool) -> Answer {
    let path = own_path(&visit.asked.path).filter(|_| !is_post);
    let page = Own {
        frame: Frame::of(visit, "Your own credentials", "credentials"),
        person: person_name(visit),
        to: path.unwrap_or("/console/credentials").to_owned(),
    };
    let status = if is_post {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::OK
    };
    page_with(status, &page)
}
