//! Marks: hot facts without history, moved by one conditional statement each.

use crate::scope::Scope;

/// Which mark: the last TOTP step of a device, a WebAuthn counter, when an access key was last used.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MarkKey {
    /// The owner.
    pub scope: Scope,
    /// What the mark means, such as `access_key_used`.
    pub kind: &'static str,
    /// Whose mark it is. Marks are read in bulk by a prefix of the id, so `user id/access key id` serves a list page.
    pub id: Box<str>,
}

impl MarkKey {
    /// The mark of this scope, kind and id.
    pub fn new(scope: Scope, kind: &'static str, id: impl Into<Box<str>>) -> Self {
        Self {
            scope,
            kind,
            id: id.into(),
        }
    }
}

/// Where a mark stands. Marks only rise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The value: a step, a counter, an instant in microseconds.
    pub value: i64,
    /// What came with the value, such as region and service of a use; empty after
    /// [`Unit::advance`](crate::Unit::advance).
    pub detail: String,
}
