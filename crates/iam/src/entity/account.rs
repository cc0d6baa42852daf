//! Accounts, each with its root user, its alias and its password policy.

use claviger_model::contact::email_key;
use claviger_model::name::AccountAlias;
use claviger_model::{AccountId, Timestamp};
use claviger_store::{Entries, Record, Scope};

use super::contact::Contacts;
use super::credential::{AccessKeys, PasswordHash};
use super::ended_sessions::EndedSessions;
use super::index::{
    ACCESS_KEYS, ACCOUNTS, ALIASES, EMAILS, FIRST, FIRST_ACCOUNT, MOBILES, ROOT_EMAILS,
    SIGNING_CERTIFICATES,
};
use super::password_rules::PasswordRules;
use super::recovery_codes::RecoveryCodes;
use super::signing_certificate::SigningCertificates;
use super::user::AssignedMfaDevice;
use crate::context::Door;
use crate::quota::Quotas;

/// An account.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// The name it can be called by at sign-in, unique on this server.
    pub alias: Option<AccountAlias>,
    /// Whether it was made when the store was empty.
    pub first: bool,
    /// Its owner.
    pub root: Root,
    /// The rules for passwords, where the account has its own.
    pub password_policy: Option<PasswordPolicy>,
    /// The rules for access keys, where the account has its own. Records from before there were any have none.
    #[serde(default)]
    pub access_key_settings: Option<AccessKeySettings>,
    /// How people sign in to the console.
    #[serde(default)]
    pub sign_in: SignInSettings,
}

/// How people sign in to the console of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct SignInSettings {
    /// Whether everybody needs a second factor, root included. Who has none can do nothing but assign one.
    pub demands_mfa: bool,
    /// Whether a passkey that verifies its user will do without a password.
    pub passkey_alone: bool,
    /// Seconds that a session lasts at the most, where that is not [`SESSION_SECONDS`].
    pub session_seconds: Option<u32>,
    /// Seconds that a session lasts unused, where that is not [`IDLE_SECONDS`].
    pub idle_seconds: Option<u32>,
}

/// Seconds that a console session lasts at the most: twelve hours, as on AWS.
pub const SESSION_SECONDS: u32 = 43_200;
/// Seconds that a console session lasts unused.
pub const IDLE_SECONDS: u32 = 3_600;

impl SignInSettings {
    /// Seconds that a session lasts at the most.
    #[must_use]
    pub fn session_seconds(&self) -> i64 {
        self.session_seconds.unwrap_or(SESSION_SECONDS).into()
    }

    /// Seconds that a session lasts unused.
    #[must_use]
    pub fn idle_seconds(&self) -> i64 {
        self.idle_seconds.unwrap_or(IDLE_SECONDS).into()
    }
}

/// An account's rules for access keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccessKeySettings {
    /// How many keys one user, or root, may have: 2 to 5.
    pub max_per_user: u64,
}

impl Account {
    /// What people call the account: its alias, or its number while it has none.
    #[must_use]
    pub fn called(&self) -> String {
        let alias = self.alias.as_ref();
        alias.map_or_else(|| self.id.to_string(), |alias| alias.as_str().to_owned())
    }

    /// How many access keys one user, or root, may have: what the account has opted for, and never fewer than everybody has
    /// on this server.
    #[must_use]
    pub fn access_keys_per_user(&self, quotas: &Quotas) -> u64 {
        let everybody = quotas.access_keys_per_user;
        self.access_key_settings
            .map_or(everybody, |settings| settings.max_per_user.max(everybody))
    }
}

/// The root user: the owner of an account, who may do everything in it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Root {
    /// The e-mail address that root signs in with.
    pub email: String,
    /// The password, hashed and sealed.
    pub password: Option<PasswordHash>,
    /// When the password was last set.
    pub password_changed: Option<Timestamp>,
    /// Access keys.
    pub access_keys: AccessKeys,
    /// Signing certificates. Records from before there were any have none.
    #[serde(default)]
    pub signing_certificates: SigningCertificates,
    /// MFA devices.
    pub mfa_devices: Vec<AssignedMfaDevice>,
    /// Codes that stand in for a device that was lost. Records from before there were any have none.
    #[serde(default)]
    pub recovery_codes: Option<RecoveryCodes>,
    /// Where root is reached besides. Records from before there were contacts have none.
    #[serde(default)]
    pub contacts: Contacts,
    /// Raised to end every session of root that was issued before.
    pub security_epoch: u64,
    /// Raised when an access key with bounds is deleted, as a user's.
    #[serde(default)]
    pub key_epoch: u64,
    /// Raised when root's console sessions are ended, as a user's.
    #[serde(default)]
    pub sign_in_epoch: u64,
    /// Sessions that were ended one by one. Records from before that could be have none.
    #[serde(default, skip_serializing_if = "EndedSessions::is_empty")]
    pub ended_sessions: EndedSessions,
}

impl Root {
    /// Sets the password, and ends every session that was issued before.
    pub fn set_password(&mut self, password: PasswordHash, now: Timestamp) {
        self.password = Some(password);
        self.password_changed = Some(now);
        self.security_epoch += 1;
    }
}

/// An account's rules for the passwords of its users (API reference, `UpdateAccountPasswordPolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PasswordPolicy {
    /// 6 to 128.
    pub minimum_length: i32,
    /// At least one of ``!@#$%^&*()_+-=[]{}|'``.
    pub require_symbols: bool,
    /// At least one of `0-9`.
    pub require_numbers: bool,
    /// At least one of `A-Z`.
    pub require_uppercase: bool,
    /// At least one of `a-z`.
    pub require_lowercase: bool,
    /// Whether every user may change the own password; where nobody said so, each door goes by its own documented default.
    pub allow_users_to_change: Option<bool>,
    /// Days after which a password expires, 1 to 1,095.
    pub max_age_days: Option<i32>,
    /// How many of the last passwords may not be used again, 1 to 24.
    pub reuse_prevention: Option<i32>,
    /// Whether an expired password can be renewed only by an administrator.
    pub hard_expiry: Option<bool>,
    /// Rules that AWS has none of. They stay when AWS's are replaced.
    #[serde(default, skip_serializing_if = "PasswordRules::is_none")]
    pub more: PasswordRules,
}

impl PasswordPolicy {
    /// Whether every user may change the own password, for who asks at this door.
    #[must_use]
    pub fn lets_users_change(policy: Option<&Self>, door: Door) -> bool {
        policy
            .and_then(|policy| policy.allow_users_to_change)
            .unwrap_or(door == Door::Huawei)
    }
}

/// The record's id is always this: there is one account in an account.
pub const ACCOUNT_RECORD: &str = "account";

impl Record for Account {
    const KIND: &'static str = "account";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.id)
    }

    fn id(&self) -> &str {
        ACCOUNT_RECORD
    }

    fn entries(&self, out: &mut Entries) {
        out.unique(&ACCOUNTS, self.id.to_string().as_bytes());
        if self.first {
            out.unique(&FIRST_ACCOUNT, FIRST);
        }
        if let Some(alias) = &self.alias {
            out.unique(&ALIASES, alias.as_str().as_bytes());
        }
        let email = email_key(&self.root.email);
        out.unique(&ROOT_EMAILS, email.clone());
        out.unique(&EMAILS, email);
        if let Some(mobile) = &self.root.contacts.mobile {
            out.unique(&MOBILES, mobile.address.e164().as_bytes());
        }
        for key in self.root.access_keys.iter() {
            out.unique(&ACCESS_KEYS, key.id.as_str().as_bytes());
        }
        for certificate in self.root.signing_certificates.iter() {
            out.unique(&SIGNING_CERTIFICATES, certificate.digest.as_slice());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"id":"123456789012","created":0,"alias":null,"first":true,"password_policy":null,"root":{
        "email":"root@example.com","password":null,"password_changed":null,"access_keys":[],"mfa_devices":[],
        "security_epoch":3}}"#;

    #[test]
    fn an_account_from_before_there_were_settings_has_the_limit_of_everybody() {
        let account: Account = serde_json::from_str(OLD).expect("a record");
        assert_eq!(account.access_key_settings, None);
        assert_eq!((account.root.key_epoch, account.root.sign_in_epoch), (0, 0));
        assert_eq!(account.access_keys_per_user(&Quotas::default()), 2);
    }

    #[test]
    fn no_account_has_fewer_access_keys_than_everybody_on_the_server() {
        let mut account: Account = serde_json::from_str(OLD).expect("a record");
        let generous = Quotas {
            access_keys_per_user: 4,
            ..Quotas::default()
        };
        for (opted, expected, on_generous) in [(2, 2, 4), (3, 3, 4), (5, 5, 5)] {
            account.access_key_settings = Some(AccessKeySettings {
                max_per_user: opted,
            });
            assert_eq!(account.access_keys_per_user(&Quotas::default()), expected);
            assert_eq!(account.access_keys_per_user(&generous), on_generous);
        }
    }
}
