//! Roles: permissions without a password, for whoever the trust policy lets assume them.

use claviger_model::name::{EntityPath, RoleName};
use claviger_model::{AccountId, Arn, Timestamp, UniqueId};
use claviger_store::{Entries, Record, Scope};

use super::document::Document;
use super::ended_sessions::EndedSessions;
use super::index::{ATTACHMENTS, BOUNDARIES, HolderKind, ROLES_BY_NAME};
use super::policies::{Attachments, InlinePolicies, PolicyId};
use super::tags::Tags;
use crate::fault::Fault;

/// A role.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Role {
    /// The account it belongs to.
    pub account: AccountId,
    /// `AROA…`.
    pub id: UniqueId,
    /// Unique in the account without regard to case.
    pub name: RoleName,
    /// Where it lies.
    pub path: EntityPath,
    /// When it was made.
    pub created: Timestamp,
    /// What it is for, in its maker's words.
    pub description: Option<String>,
    /// Seconds a session may last, 3,600 to 43,200.
    pub max_session_seconds: i32,
    /// Who may assume it, as it was sent.
    pub trust: Document,
    /// The same with every user and role named by unique id: what decides.
    pub trust_in_force: Document,
    /// The principals of the trust policy that name users or roles of this server, resolved when it was saved.
    pub trusted: Vec<TrustedPrincipal>,
    /// The most that its policies can grant.
    pub boundary: Option<PolicyId>,
    /// Its inline policies.
    pub inline: InlinePolicies,
    /// The managed policies attached to it.
    pub attached: Attachments,
    /// Its tags.
    pub tags: Tags,
    /// Raised to end every session of the role that was issued before.
    pub security_epoch: u64,
    /// Sessions that were ended one by one. Records from before that could be have none.
    #[serde(default, skip_serializing_if = "EndedSessions::is_empty")]
    pub ended_sessions: EndedSessions,
}

/// A user or role that a trust policy named when it was saved. Trust is in the entity, not in its name: one that is
/// deleted and made again under the same name is another (IAM user guide, "AWS JSON policy elements: Principal").
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrustedPrincipal {
    /// What the document names it by: its resource name, that of a session of it, or its id.
    pub named: String,
    /// The unique id of the user or role behind this name when the document was saved.
    pub id: UniqueId,
}

/// The session duration of a role that was made without one, in seconds.
pub const DEFAULT_MAX_SESSION_SECONDS: i32 = 3_600;

impl Role {
    /// Its resource name.
    #[must_use]
    pub fn arn(&self) -> Arn {
        Arn::role(self.account, self.path.as_str(), self.name.as_str())
    }

    /// Refuses the deletion of a role that something hangs on.
    ///
    /// # Errors
    /// `DeleteConflict`.
    pub fn check_deletable(&self) -> Result<(), Fault> {
        if !self.inline.is_empty() {
            return Err(Fault::conflict(
                "Cannot delete entity, must delete policies first.",
            ));
        }
        if !self.attached.is_empty() {
            return Err(Fault::conflict(
                "Cannot delete entity, must detach all policies first.",
            ));
        }
        Ok(())
    }
}

impl Record for Role {
    const KIND: &'static str = "role";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn entries(&self, out: &mut Entries) {
        let name = self.name.as_str();
        out.unique(&ROLES_BY_NAME, claviger_model::text::fold(name).as_bytes());
        for held in self.attached.iter() {
            out.ordered(
                &ATTACHMENTS,
                held.policy.group(),
                HolderKind::Role.key(name),
            );
        }
        if let Some(policy) = &self.boundary {
            out.ordered(&BOUNDARIES, policy.group(), HolderKind::Role.key(name));
        }
    }
}
