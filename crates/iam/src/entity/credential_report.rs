//! An account's newest credential report: where its text is kept.

use claviger_model::{AccountId, Timestamp};
use claviger_store::{Entries, PartsKey, Record, Scope};

/// The newest report of an account. The text itself is too long for a record and is kept in parts.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CredentialReport {
    /// The account it tells of.
    pub account: AccountId,
    /// When the account was as the report says.
    pub generated: Timestamp,
    /// Which text. Later reports have later ones, bytewise.
    pub text: String,
    /// How many parts the text has.
    pub parts: u32,
    /// How many bytes they have together.
    pub bytes: u64,
}

/// The record's id is always this: an account has one report.
pub const REPORT: &str = "credential_report";

impl CredentialReport {
    /// The text of this name.
    #[must_use]
    pub fn text_of(account: AccountId, name: &str) -> PartsKey {
        PartsKey::new(Scope::Account(account), Self::KIND, name)
    }
}

impl Record for CredentialReport {
    const KIND: &'static str = "credential_report";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        REPORT
    }

    fn entries(&self, _: &mut Entries) {}
}
