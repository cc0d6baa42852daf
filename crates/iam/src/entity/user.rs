//! Users.

use claviger_model::name::{EntityPath, MfaDeviceName, SerialNumber, UserName};
use claviger_model::{AccountId, Arn, Timestamp, UniqueId};
use claviger_store::{Entries, Record, Scope};

use super::contact::Contacts;
use super::credential::{AccessKeys, LoginProfile};
use super::ended_sessions::EndedSessions;
use super::index::{
    ACCESS_KEYS, ATTACHMENTS, BOUNDARIES, GROUP_MEMBERS, HolderKind, LOGIN_PROTECTIONS,
    PASSWORD_LINKS, SIGNING_CERTIFICATES, USERS_BY_NAME, WHOLE,
};
use super::login_protection::LoginProtection;
use super::password_link::PasswordLink;
use super::policies::{Attachments, InlinePolicies, PolicyId};
use super::recovery_codes::RecoveryCodes;
use super::service_credential::ServiceCredentials;
use super::signing_certificate::SigningCertificates;
use super::ssh_public_key::SshPublicKeys;
use super::tags::Tags;
use super::user_access::{UserAccess, UserDescription};
use crate::fault::Fault;

/// A user, with all that belongs to this user alone.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// The account the user belongs to.
    pub account: AccountId,
    /// `AIDA…`.
    pub id: UniqueId,
    /// Unique in the account without regard to case.
    pub name: UserName,
    /// Where the user lies.
    pub path: EntityPath,
    /// When the user was made.
    pub created: Timestamp,
    /// The user's tags.
    pub tags: Tags,
    /// The most that the user's policies can grant.
    pub boundary: Option<PolicyId>,
    /// The user's own inline policies.
    pub inline: InlinePolicies,
    /// The managed policies attached to the user.
    pub attached: Attachments,
    /// The groups the user is in, in the order of joining.
    pub groups: Vec<Membership>,
    /// The password to sign in with, if there is one.
    pub login_profile: Option<LoginProfile>,
    /// Long-term access keys.
    pub access_keys: AccessKeys,
    /// Signing certificates. Records from before there were any have none.
    #[serde(default)]
    pub signing_certificates: SigningCertificates,
    /// SSH public keys. Records from before there were any have none.
    #[serde(default)]
    pub ssh_public_keys: SshPublicKeys,
    /// Credentials for services that cannot verify signatures.
    #[serde(default)]
    pub service_credentials: ServiceCredentials,
    /// MFA devices assigned to the user, in the order of assignment.
    pub mfa_devices: Vec<AssignedMfaDevice>,
    /// Codes that stand in for a device that was lost. Records from before there were any have none.
    #[serde(default)]
    pub recovery_codes: Option<RecoveryCodes>,
    /// Where the user is reached. Records from before there were contacts have none.
    #[serde(default)]
    pub contacts: Contacts,
    /// Which ways in are open. Records from before ways could be closed have them all open.
    #[serde(default, skip_serializing_if = "UserAccess::is_default")]
    pub access: UserAccess,
    /// What is said of the user, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<UserDescription>,
    /// What a sign-in to the console asks besides the password, where somebody has ever set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_protection: Option<LoginProtection>,
    /// A link that was sent to set a password by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_link: Option<PasswordLink>,
    /// Whether the user needs a second factor to sign in to the console, whatever account and groups say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demands_mfa: bool,
    /// Raised to end every session of the user that was issued before.
    pub security_epoch: u64,
    /// Raised when an access key with bounds is deleted, to end the sessions that were issued to keys that are gone: nobody
    /// could tell any more whether the bounds hold for them. Records from before there were bounds have none.
    #[serde(default)]
    pub key_epoch: u64,
    /// Raised when the user's console sessions are ended, to end the sign-ins that are begun and not complete.
    #[serde(default)]
    pub sign_in_epoch: u64,
    /// Sessions that were ended one by one. Records from before that could be have none.
    #[serde(default, skip_serializing_if = "EndedSessions::is_empty")]
    pub ended_sessions: EndedSessions,
}

/// A user's membership in a group.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Membership {
    /// The group.
    pub group: UniqueId,
    /// Since when.
    pub since: Timestamp,
}

/// An MFA device in a user's hands.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AssignedMfaDevice {
    /// The record id of the device.
    pub device: String,
    /// Its serial number.
    pub serial: SerialNumber,
    /// Since when it is the user's.
    pub enabled: Timestamp,
    /// What its owner calls it, where that is not what its serial number says. Records from before there were names have
    /// none.
    #[serde(default)]
    pub name: Option<MfaDeviceName>,
}

impl User {
    /// The user's resource name.
    #[must_use]
    pub fn arn(&self) -> Arn {
        Arn::user(self.account, self.path.as_str(), self.name.as_str())
    }

    /// Whether the user is in the group.
    #[must_use]
    pub fn is_in(&self, group: &UniqueId) -> bool {
        self.groups
            .iter()
            .any(|membership| membership.group == *group)
    }

    /// Puts the user into a group. Being in it already changes nothing.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub fn join(&mut self, group: UniqueId, since: Timestamp, limit: u64) -> Result<(), Fault> {
        if self.is_in(&group) {
            return Ok(());
        }
        if self.groups.len() as u64 >= limit {
            return Err(Fault::quota("GroupsPerUser", limit));
        }
        self.groups.push(Membership { group, since });
        Ok(())
    }

    /// Takes the user out of a group; whether the user was in it.
    pub fn leave(&mut self, group: &UniqueId) -> bool {
        let before = self.groups.len();
        self.groups.retain(|membership| membership.group != *group);
        self.groups.len() != before
    }

    /// The user's device of this serial number.
    #[must_use]
    pub fn mfa_device(&self, serial: &str) -> Option<&AssignedMfaDevice> {
        self.mfa_devices
            .iter()
            .find(|held| held.serial.as_str().eq_ignore_ascii_case(serial))
    }

    /// Refuses the deletion of a user whom something hangs on (API reference, `DeleteUser`).
    ///
    /// # Errors
    /// `DeleteConflict`.
    pub fn check_deletable(&self) -> Result<(), Fault> {
        let blockers = [
            (
                self.login_profile.is_some(),
                "Cannot delete entity, must delete login profile first.",
            ),
            (
                !self.access_keys.is_empty(),
                "Cannot delete entity, must delete access keys first.",
            ),
            (
                !self.signing_certificates.is_empty(),
                "Cannot delete entity, must delete signing certificates first.",
            ),
            (
                !self.ssh_public_keys.is_empty(),
                "Cannot delete entity, must remove referenced objects first.",
            ),
            (
                !self.mfa_devices.is_empty(),
                "Cannot delete entity, must delete MFA device first.",
            ),
            (
                !self.inline.is_empty(),
                "Cannot delete entity, must delete policies first.",
            ),
            (
                !self.attached.is_empty(),
                "Cannot delete entity, must detach all policies first.",
            ),
            (
                !self.groups.is_empty(),
                "Cannot delete entity, must remove users from group first.",
            ),
            (
                !self.service_credentials.is_empty(),
                "Cannot delete entity, must remove referenced objects first.",
            ),
        ];
        match blockers.iter().find(|(blocks, _)| *blocks) {
            Some((_, message)) => Err(Fault::conflict(*message)),
            None => Ok(()),
        }
    }
}

impl Record for User {
    const KIND: &'static str = "user";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn entries(&self, out: &mut Entries) {
        let name = self.name.as_str();
        let folded = claviger_model::text::fold(name);
        out.unique(&USERS_BY_NAME, folded.as_bytes());
        for key in self.access_keys.iter() {
            out.unique(&ACCESS_KEYS, key.id.as_str().as_bytes());
        }
        for certificate in self.signing_certificates.iter() {
            out.unique(&SIGNING_CERTIFICATES, certificate.digest.as_slice());
        }
        self.service_credentials.entries(name, out);
        self.contacts.entries(out);
        if let Some(link) = &self.password_link {
            out.unique(&PASSWORD_LINKS, link.digest.as_bytes());
        }
        if self.login_protection.is_some() {
            out.ordered(&LOGIN_PROTECTIONS, WHOLE, folded.as_bytes());
        }
        for membership in &self.groups {
            out.ordered(
                &GROUP_MEMBERS,
                membership.group.as_str().as_bytes(),
                folded.as_bytes(),
            );
        }
        for held in self.attached.iter() {
            out.ordered(
                &ATTACHMENTS,
                held.policy.group(),
                HolderKind::User.key(name),
            );
        }
        if let Some(policy) = &self.boundary {
            out.ordered(&BOUNDARIES, policy.group(), HolderKind::User.key(name));
        }
    }
}
