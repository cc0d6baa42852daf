//! Audit events: what happened, kept for lookup and export.

use claviger_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::scope::Scope;

/// One audit event. The fields beside `body` are what events are looked up by; they must hold no secret, and neither may
/// the body.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The event's id, unique for ever: a UUID.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// Whose lookup shows it.
    pub scope: Scope,
    /// The operation: `CreateUser`.
    pub name: String,
    /// The service: `iam.amazonaws.com`.
    pub source: String,
    /// Who did it, as lookup names them; absent for callers who are not known.
    pub username: Option<String>,
    /// The access key that signed the request.
    pub access_key_id: Option<String>,
    /// Whether the operation only reads.
    pub read_only: bool,
    /// What it was done to.
    pub resources: Vec<Resource>,
    /// The whole record as it is shown and exported.
    pub body: serde_json::Value,
}

/// A thing that an event concerns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resource {
    /// The type: `AWS::IAM::User`.
    pub kind: String,
    /// The name, id or ARN.
    pub name: String,
}

/// What an event must be like to be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventFilter {
    /// This id.
    Id(String),
    /// This operation.
    Name(String),
    /// This service.
    Source(String),
    /// Done by this user. Served by an index.
    Username(String),
    /// Signed with this access key.
    AccessKeyId(String),
    /// Only reads, or only writes.
    ReadOnly(bool),
    /// Done to a resource of this type.
    ResourceType(String),
    /// Done to the resource of this name. Served by an index.
    ResourceName(String),
}

/// Which events, newest first.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Not after this instant.
    pub to: Option<Timestamp>,
    /// All of these hold.
    pub filters: Vec<EventFilter>,
    /// Where the last page ended.
    pub after: Option<EventMarker>,
    /// At most so many events.
    pub limit: usize,
}

/// Where a page of events ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventMarker {
    /// The last event's time.
    pub time: Timestamp,
    /// The last event's id.
    pub id: String,
}

/// A page of events, newest first.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// The events. May be fewer than asked for although more follow, when a filter without an index passes many over.
    pub events: Vec<Event>,
    /// Where to go on; absent at the end.
    pub next: Option<EventMarker>,
}
