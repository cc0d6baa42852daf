//! Temporary credentials for the command line, issued to whoever is signed in: no access key lies about where they do.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::sessions::{Credentials, GetSessionToken};
use claviger_model::{Secret, Timestamp};

use crate::answer::{Answer, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, When, fault_text};

/// How long they may last: seconds, and what that is called.
const SPANS: &[(&str, &str)] = &[
    ("900", "15 minutes"),
    ("3600", "1 hour"),
    ("14400", "4 hours"),
    ("43200", "12 hours"),
];

#[derive(Template)]
#[template(path = "temporary.html")]
struct New {
    frame: Frame,
    error: Option<String>,
    spans: &'static [(&'static str, &'static str)],
    chosen: String,
    /// When this session ends, and with it what is issued here.
    ends: When,
    mfa: bool,
}

#[derive(Template)]
#[template(path = "temporary_made.html")]
struct Made {
    frame: Frame,
    id: String,
    secret: Secret<String>,
    token: Secret<String>,
    ends: When,
    mfa: bool,
    endpoint: String,
}

fn new(visit: &Visit, error: Option<String>) -> New {
    let session = visit.at.session();
    New {
        frame: Frame::of(visit, "Temporary credentials", "credentials"),
        error,
        spans: SPANS,
        chosen: visit
            .asked
            .form
            .filled("seconds")
            .unwrap_or("3600")
            .to_owned(),
        ends: when(visit, session.expires),
        mfa: session.mfa.is_some(),
    }
}

fn when(visit: &Visit, at: Timestamp) -> When {
    When::of(at, visit.asked.facts.now)
}

async fn issue(visit: &Visit) -> Result<Credentials, Fault> {
    let issue = GetSessionToken {
        duration_seconds: Some(read(
            visit.asked.form.text("seconds"),
            "How long they last",
        )?),
        serial_number: None,
        token_code: None,
        minimum_session_token_size: None,
    };
    Ok(visit.call(&issue).await?.credentials)
}

/// The page before they are issued.
pub(crate) async fn show(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    page(&new(&visit, None))
}

/// Issues them, and shows them this once.
pub(crate) async fn make(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    match issue(&visit).await {
        Ok(issued) => page(&Made {
            frame: Frame::of(&visit, "Your temporary credentials", "credentials"),
            id: issued.access_key_id.as_str().to_owned(),
            secret: issued.secret_access_key,
            token: issued.session_token,
            ends: when(&visit, issued.expiration),
            mfa: visit.at.session().mfa.is_some(),
            endpoint: visit.asked.door.site.address.clone(),
        }),
        Err(fault) => page_again(&new(&visit, Some(fault_text(&fault)))),
    }
}
