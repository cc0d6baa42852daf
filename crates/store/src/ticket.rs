//! Tickets: how often a thing may be tried in a while.

use claviger_model::Timestamp;

use crate::scope::Scope;

/// A bucket of tickets: attempts at a user's password, at a factor, from a source.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Bucket {
    /// The owner.
    pub scope: Scope,
    /// What is counted, such as `password`.
    pub kind: &'static str,
    /// Whose bucket it is.
    pub id: Box<str>,
}

impl Bucket {
    /// The bucket of this scope, kind and id.
    pub fn new(scope: Scope, kind: &'static str, id: impl Into<Box<str>>) -> Self {
        Self {
            scope,
            kind,
            id: id.into(),
        }
    }
}

/// What a bucket has given out in its present window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tickets {
    /// How many tickets.
    pub count: u32,
    /// When the first of them was taken.
    pub opened: Timestamp,
    /// When the window ends.
    pub closes: Timestamp,
}
