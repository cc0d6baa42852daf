//! Groups: users who share policies. Who is in a group stands in the users' records.

use claviger_model::name::{EntityPath, GroupName};
use claviger_model::{AccountId, Arn, Timestamp, UniqueId};
use claviger_store::{Entries, Record, Scope};

use super::index::{ATTACHMENTS, GROUPS_BY_NAME, HolderKind};
use super::policies::{Attachments, InlinePolicies};
use crate::fault::Fault;

/// A group.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Group {
    /// The account it belongs to.
    pub account: AccountId,
    /// `AGPA…`.
    pub id: UniqueId,
    /// Unique in the account without regard to case.
    pub name: GroupName,
    /// Where it lies.
    pub path: EntityPath,
    /// When it was made.
    pub created: Timestamp,
    /// Its inline policies.
    pub inline: InlinePolicies,
    /// The managed policies attached to it.
    pub attached: Attachments,
    /// Whether its members need a second factor to sign in to the console.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demands_mfa: bool,
}

impl Group {
    /// Its resource name.
    #[must_use]
    pub fn arn(&self) -> Arn {
        Arn::group(self.account, self.path.as_str(), self.name.as_str())
    }

    /// Refuses the deletion of a group that something hangs on. `members` counts the users in it.
    ///
    /// # Errors
    /// `DeleteConflict`.
    pub fn check_deletable(&self, members: u64) -> Result<(), Fault> {
        if members > 0 {
            return Err(Fault::conflict(
                "Cannot delete entity, must remove users from group first.",
            ));
        }
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

impl Record for Group {
    const KIND: &'static str = "group";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn entries(&self, out: &mut Entries) {
        let name = self.name.as_str();
        out.unique(&GROUPS_BY_NAME, claviger_model::text::fold(name).as_bytes());
        for held in self.attached.iter() {
            out.ordered(
                &ATTACHMENTS,
                held.policy.group(),
                HolderKind::Group.key(name),
            );
        }
    }
}
