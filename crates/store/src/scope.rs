//! Whose a thing is, and where in the order of its owner's commits it stands.

use claviger_model::AccountId;

/// The owner of a record, an index entry, a mark or an event. Each scope has its own head: commits to one scope stand
/// in one order, commits to different scopes run side by side.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
pub enum Scope {
    /// What belongs to no account: the accounts themselves, names that are unique among all accounts.
    Global,
    /// What belongs to this account.
    Account(AccountId),
}

impl Scope {
    /// The number under which the scope stands in every table.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Global => -1,
            // INVARIANT: an account number has twelve digits, far below 2^63.
            Self::Account(id) => i64::try_from(id.number()).unwrap_or(i64::MAX),
        }
    }

    /// The scope of a number read from a table.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        if number == -1 {
            return Some(Self::Global);
        }
        u64::try_from(number)
            .ok()
            .and_then(AccountId::from_number)
            .map(Self::Account)
    }
}

impl From<AccountId> for Scope {
    fn from(id: AccountId) -> Self {
        Self::Account(id)
    }
}

/// A place in the order of one scope's commits: 1 is the first commit, 0 stands before it. A record's revision is the
/// sequence of the commit that wrote it, so a revision never comes back for another body of the same record.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub(crate) i64);

impl Sequence {
    /// Before the first commit: where a reader of the change feed starts.
    pub const START: Self = Self(0);

    /// From its number, as [`Sequence::number`] gave it.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_survives_its_number() {
        let account = AccountId::from_number(999_999_999_999)
            .map(Scope::Account)
            .expect("twelve digits");
        let zero = AccountId::from_number(0)
            .map(Scope::Account)
            .expect("twelve digits");
        for scope in [Scope::Global, account, zero] {
            assert_eq!(Scope::from_number(scope.number()), Some(scope));
        }
        assert_eq!(Scope::from_number(-2), None);
        assert_eq!(Scope::from_number(1_000_000_000_000), None);
    }
}
