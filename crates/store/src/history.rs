//! The past: what changed, in which order, and what it was before.

use claviger_model::Timestamp;

use crate::scope::{Scope, Sequence};

/// One change of the feed: a record was written or deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The commit. One commit may bring several changes; they share the sequence.
    pub sequence: Sequence,
    /// The record's owner.
    pub scope: Scope,
    /// The record's kind.
    pub kind: String,
    /// The record's id.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// The operation that did it.
    pub operation: String,
    /// The body as it was written, in the format of its time; absent when the record was deleted.
    pub body: Option<serde_json::Value>,
}

/// One state in a record's past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past<R> {
    /// The commit that brought it about.
    pub sequence: Sequence,
    /// When.
    pub time: Timestamp,
    /// The operation that did it.
    pub operation: String,
    /// The record, brought to the present format; absent when it was deleted.
    pub record: Option<R>,
}
