//! What audit events tell of assertions. They are of nobody who is signed in yet, so no operation tells of them.

use claviger_model::{AccountId, Arn};
use claviger_store::{Event, Resource, Scope};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::context::RequestFacts;
use crate::entity::mfa_device::Who;
use crate::entity::{FidoDevice, User};

/// Whom an event is about.
pub(crate) enum Subject<'a> {
    /// Root.
    Root,
    /// A user.
    User(&'a User),
    /// A user whose record is gone.
    Gone(&'a Who),
    /// A name that no user has, which is not repeated: it may be a password in the wrong place.
    Hidden,
}

impl Subject<'_> {
    fn identity(&self, account: AccountId) -> Value {
        match self {
            Self::Root | Self::Gone(Who::Root) => json!({
                "type": "Root",
                "principalId": account.to_string(),
                "arn": Arn::root(account).as_str(),
                "accountId": account.to_string(),
            }),
            Self::User(user) => json!({
                "type": "IAMUser",
                "principalId": user.id.as_str(),
                "arn": user.arn().as_str(),
                "accountId": account.to_string(),
                "userName": user.name.as_str(),
            }),
            Self::Gone(Who::User(id)) => json!({
                "type": "IAMUser",
                "principalId": id.as_str(),
                "accountId": account.to_string(),
            }),
            Self::Hidden => json!({
                "type": "IAMUser",
                "accountId": account.to_string(),
                "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
            }),
        }
    }

    fn username(&self) -> Option<String> {
        match self {
            Self::Root | Self::Gone(Who::Root) => Some(String::from("root")),
            Self::User(user) => Some(user.name.as_str().to_owned()),
            Self::Gone(Who::User(_)) | Self::Hidden => None,
        }
    }
}

/// An event of a second factor's check, as AWS CloudTrail tells of one (AWS CloudTrail user guide, "AWS Management Console
/// sign-in events").
pub(super) fn checked(
    id: String,
    account: AccountId,
    subject: &Subject<'_>,
    request: &RequestFacts,
    device: Option<&FidoDevice>,
    refusal: Option<Refusal>,
) -> Event {
    let mut body = frame(&id, account, subject, request, "CheckMfa");
    if let Some(members) = body.as_object_mut() {
        let outcome = if refusal.is_some() {
            "Failure"
        } else {
            "Success"
        };
        members.insert("responseElements".into(), json!({ "CheckMfa": outcome }));
        members.insert(
            "additionalEventData".into(),
            json!({ "MfaType": "U2F MFA", "serialNumber": device.map(|device| device.serial.as_str()) }),
        );
        if let Some(refusal) = refusal {
            members.insert("errorMessage".into(), json!(refusal.to_string()));
        }
    }
    event(id, account, subject, request, "CheckMfa", device, body)
}

/// The alarm: a device's signature counter fell back.
pub(super) fn regressed(
    id: String,
    account: AccountId,
    subject: &Subject<'_>,
    request: &RequestFacts,
    device: &FidoDevice,
    expected_above: u32,
    seen: u32,
) -> Event {
    const NAME: &str = "SecurityKeyCounterRegressed";
    let mut body = frame(&id, account, subject, request, NAME);
    if let Some(members) = body.as_object_mut() {
        members.insert(
            "errorMessage".into(),
            json!("The signature counter of a security key fell back. Somebody may have a copy of its key pair."),
        );
        members.insert(
            "additionalEventData".into(),
            json!({
                "serialNumber": device.serial.as_str(),
                "expectedAbove": expected_above,
                "seen": seen,
            }),
        );
    }
    event(id, account, subject, request, NAME, Some(device), body)
}

const SOURCE: &str = "signin.amazonaws.com";

/// What every event of a sign-in says.
pub(crate) fn frame(
    id: &str,
    account: AccountId,
    subject: &Subject<'_>,
    request: &RequestFacts,
    name: &str,
) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": subject.identity(account),
        "eventTime": request.now.to_string(),
        "eventSource": SOURCE,
        "eventName": name,
        "awsRegion": request.region,
        "sourceIPAddress": request.source_ip.to_string(),
        "userAgent": request.bounded_user_agent(),
        "requestParameters": null,
        "responseElements": null,
        "requestID": request.id,
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": true,
        "recipientAccountId": account.to_string(),
        "eventCategory": "Management",
    })
}

/// The event with this body, found by its user and device.
pub(crate) fn event(
    id: String,
    account: AccountId,
    subject: &Subject<'_>,
    request: &RequestFacts,
    name: &str,
    device: Option<&FidoDevice>,
    body: Value,
) -> Event {
    let resources = device.map(|device| Resource {
        kind: String::from("AWS::IAM::MfaDevice"),
        name: device.serial.as_str().to_owned(),
    });
    Event {
        id,
        time: request.now,
        scope: Scope::Account(account),
        name: name.to_owned(),
        source: SOURCE.to_owned(),
        username: subject.username(),
        access_key_id: None,
        read_only: false,
        resources: resources.into_iter().collect(),
        body,
    }
}
