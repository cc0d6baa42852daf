//! Customer-managed policies and their versions.

use claviger_model::name::{PolicyName, PolicyPath, PolicyVersionId};
use claviger_model::{AccountId, Arn, Code, Timestamp, UniqueId};
use claviger_store::{Entries, Record, Scope};

use super::document::Document;
use super::index::{POLICIES_BY_NAME, POLICY_VERSIONS, WHOLE};
use super::tags::Tags;
use crate::fault::Fault;

/// A customer-managed policy.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ManagedPolicy {
    /// The account it belongs to.
    pub account: AccountId,
    /// `ANPA…`.
    pub id: UniqueId,
    /// Unique in the account without regard to case, whatever the path.
    pub name: PolicyName,
    /// Where it lies.
    pub path: PolicyPath,
    /// What it is for. Cannot be changed.
    pub description: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When a version was last made or became the default.
    pub updated: Timestamp,
    /// Its versions, oldest first; never empty.
    pub versions: Vec<PolicyVersion>,
    /// The number of the version that is in force.
    pub default: u32,
    /// The highest number that a version ever had: numbers are not used again.
    pub highest: u32,
    /// Its tags.
    pub tags: Tags,
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PolicyVersion {
    /// 1 for `v1`.
    pub number: u32,
    /// What it says.
    pub document: Document,
    /// When it was made.
    pub created: Timestamp,
}

impl ManagedPolicy {
    /// Its resource name.
    #[must_use]
    pub fn arn(&self) -> Arn {
        Arn::policy(self.account, self.path.as_str(), self.name.as_str())
    }

    /// The version of this number.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions
            .iter()
            .find(|version| version.number == number)
    }

    /// The version in force.
    #[must_use]
    pub fn default_version(&self) -> Option<&PolicyVersion> {
        self.version(self.default)
    }

    /// The name of the version in force.
    #[must_use]
    pub fn default_version_id(&self) -> PolicyVersionId {
        PolicyVersionId::of(self.default)
    }

    /// Adds a version; its number is one more than there ever was.
    ///
    /// # Errors
    /// `LimitExceeded` with `limit` versions there.
    pub fn add_version(
        &mut self,
        document: Document,
        as_default: bool,
        now: Timestamp,
        limit: u64,
    ) -> Result<u32, Fault> {
        if self.versions.len() as u64 >= limit {
            return Err(Fault::new(
                Code::LimitExceeded,
                format!(
                    "A managed policy can have up to {limit} versions. Before you create a new version, you must delete an existing version."
                ),
            ));
        }
        self.highest += 1;
        self.versions.push(PolicyVersion {
            number: self.highest,
            document,
            created: now,
        });
        if as_default {
            self.default = self.highest;
        }
        self.updated = now;
        Ok(self.highest)
    }

    /// Puts another version in force; whether there is one of this number.
    pub fn set_default(&mut self, number: u32, now: Timestamp) -> bool {
        if self.version(number).is_none() {
            return false;
        }
        self.default = number;
        self.updated = now;
        true
    }

    /// Removes a version; whether there was one of this number.
    ///
    /// # Errors
    /// `DeleteConflict` for the version in force.
    pub fn delete_version(&mut self, number: u32) -> Result<bool, Fault> {
        if number == self.default {
            return Err(Fault::conflict(
                "Cannot delete the default version of a policy.",
            ));
        }
        let before = self.versions.len();
        self.versions.retain(|version| version.number != number);
        Ok(self.versions.len() != before)
    }

    /// Refuses the deletion of a policy that is in use. `uses` counts the entities it is attached to or bounds.
    ///
    /// # Errors
    /// `DeleteConflict`.
    pub fn check_deletable(&self, uses: u64) -> Result<(), Fault> {
        if uses > 0 {
            return Err(Fault::conflict(
                "Cannot delete a policy attached to entities.",
            ));
        }
        if self.versions.len() > 1 {
            return Err(Fault::conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            ));
        }
        Ok(())
    }
}

impl Record for ManagedPolicy {
    const KIND: &'static str = "managed_policy";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn entries(&self, out: &mut Entries) {
        let name = self.name.as_str();
        out.unique(
            &POLICIES_BY_NAME,
            claviger_model::text::fold(name).as_bytes(),
        );
        for version in &self.versions {
            out.ordered(
                &POLICY_VERSIONS,
                WHOLE,
                format!("{}/{}", self.id, version.number).as_bytes(),
            );
        }
    }
}
