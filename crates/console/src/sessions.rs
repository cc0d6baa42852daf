//! The own console sessions.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::console_sessions::{
    EndConsoleSession, EndConsoleSessions, ListConsoleSessions,
};
use claviger_model::{Code, Scalar};

use crate::answer::{Answer, go, page, page_again};
use crate::credentials::Section;
use crate::door::Visit;
use crate::view::{Frame, When, fault_text};

struct Row {
    id: String,
    current: bool,
    browser: String,
    source_ip: String,
    mfa: bool,
    opened: When,
    used: When,
    ends: When,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct Sessions {
    frame: Frame,
    error: Option<String>,
    sessions: Section<Row>,
}

impl Sessions {
    async fn new(visit: &Visit, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, "Console sessions", "credentials"),
            error,
            sessions: Section::of(rows(visit).await),
        }
    }
}

async fn rows(visit: &Visit) -> Result<Vec<Row>, Fault> {
    let now = visit.asked.facts.now;
    let listed = visit.call(&ListConsoleSessions { user_name: None }).await?;
    Ok(listed
        .console_sessions
        .into_iter()
        .rev()
        .map(|session| Row {
            id: session.session_id,
            current: session.current,
            browser: session.user_agent.unwrap_or_default(),
            source_ip: session.source_ip,
            mfa: session.mfa_authenticated,
            opened: When::of(session.create_date, now),
            used: When::of(session.last_used_date, now),
            ends: When::of(session.expiration, now),
        })
        .collect())
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&Sessions::new(&visit, None).await)
}

/// Ends one, or all but this.
pub(crate) async fn end(visit: Visit) -> Answer {
    match run(&visit).await {
        Ok(done) => go(&format!("/console/credentials/sessions?done={done}")),
        Err(fault) => page_again(&Sessions::new(&visit, Some(fault_text(&fault))).await),
    }
}

async fn run(visit: &Visit) -> Result<&'static str, Fault> {
    match visit.asked.form.filled("session") {
        Some(id) => {
            let end = EndConsoleSession {
                user_name: None,
                session_id: Scalar::parse(id)
                    .map_err(|_| Fault::new(Code::NoSuchEntity, "There is no such session."))?,
            };
            visit.call(&end).await.map(|_| "session-ended")
        }
        None => visit
            .call(&EndConsoleSessions { user_name: None })
            .await
            .map(|_| "sessions-ended"),
    }
}
