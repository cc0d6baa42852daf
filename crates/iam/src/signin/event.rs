//! What audit events tell of sign-ins (AWS CloudTrail user guide, "AWS Management Console sign-in events").

use claviger_model::AccountId;
use claviger_store::Event;
use serde_json::json;

use crate::audit::{display_name, identity};
use crate::caller::{Caller, Entrance};
use crate::context::RequestFacts;
use crate::entity::{ConsoleSession, User};
use crate::principal::Principal;
use crate::webauthn::event::{Subject, event, frame};

const NAME: &str = "ConsoleLogin";
/// The name where it would have led to a token: that of the operation that issues one.
const TOKEN: &str = "IssueToken";

/// A sign-in that failed.
pub(super) struct Failed<'a> {
    pub(super) account: AccountId,
    pub(super) user: Option<&'a User>,
    pub(super) is_root: bool,
}

/// Tells of a sign-in that failed, by the password or by the second factor named.
pub(super) fn failed(
    id: String,
    entrance: Entrance,
    failed: &Failed<'_>,
    factor: Option<&str>,
    request: &RequestFacts,
) -> Event {
    let subject = match failed.user {
        Some(user) => Subject::User(user),
        None if failed.is_root => Subject::Root,
        None => Subject::Hidden,
    };
    let name = match entrance {
        Entrance::Console => NAME,
        Entrance::Token => TOKEN,
    };
    let mut body = frame(&id, failed.account, &subject, request, name);
    if let Some(members) = body.as_object_mut() {
        members.insert("responseElements".into(), json!({ name: "Failure" }));
        members.insert("errorMessage".into(), json!("Failed authentication"));
        members.insert("additionalEventData".into(), additional(factor));
    }
    event(id, failed.account, &subject, request, name, None, body)
}

/// Tells of a sign-in that is complete.
pub(super) fn opened(
    id: String,
    session: &ConsoleSession,
    user: Option<&User>,
    factor: Option<&str>,
    request: &RequestFacts,
) -> Event {
    told(id, session, user, factor, request, NAME, "Success")
}

/// Tells that somebody signed out.
pub(super) fn closed(
    id: String,
    session: &ConsoleSession,
    user: Option<&User>,
    request: &RequestFacts,
) -> Event {
    told(id, session, user, None, request, "ConsoleLogout", "Success")
}

fn told(
    id: String,
    session: &ConsoleSession,
    user: Option<&User>,
    factor: Option<&str>,
    request: &RequestFacts,
    name: &str,
    outcome: &str,
) -> Event {
    let subject = user.map_or(Subject::Gone(&session.who), Subject::User);
    let mut body = frame(&id, session.account, &subject, request, name);
    if let Some(members) = body.as_object_mut() {
        members.insert("responseElements".into(), json!({ name: outcome }));
        let mut data = additional(factor);
        if let Some(data) = data.as_object_mut() {
            data.insert("SessionId".into(), json!(session.id));
        }
        members.insert("additionalEventData".into(), data);
    }
    event(id, session.account, &subject, request, name, None, body)
}

/// The name of the event of a person who acts as a role from then on.
pub(super) const SWITCH_ROLE: &str = "SwitchRole";
/// The name of the event of one who does not any more.
pub(super) const EXIT_ROLE: &str = "ExitRole";

/// Tells that a person has begun or ceased to act as a role. It is the role's account that the event is of: what the person
/// was allowed for it stands in the person's, as `AssumeRole`.
pub(super) fn switched(
    id: String,
    name: &str,
    (caller, role): (&Caller, &Principal),
    person: &Principal,
    request: &RequestFacts,
) -> Event {
    let direction = if name == EXIT_ROLE {
        "SwitchTo"
    } else {
        "SwitchFrom"
    };
    let mut body = frame(&id, role.account, &Subject::Root, request, name);
    if let Some(members) = body.as_object_mut() {
        members.insert("userIdentity".into(), identity(caller, role));
        members.insert("responseElements".into(), json!({ name: "Success" }));
        members.insert(
            "additionalEventData".into(),
            json!({ direction: person.arn.as_str() }),
        );
    }
    Event {
        username: Some(display_name(role)),
        access_key_id: caller.access_key_id().map(|id| id.as_str().to_owned()),
        ..event(id, role.account, &Subject::Root, request, name, None, body)
    }
}

fn additional(factor: Option<&str>) -> serde_json::Value {
    let used = if factor.is_some() { "Yes" } else { "No" };
    let mut data = json!({ "MobileVersion": "No", "MFAUsed": used });
    if let (Some(factor), Some(data)) = (factor, data.as_object_mut()) {
        data.insert("MFAIdentifier".into(), json!(factor));
    }
    data
}
