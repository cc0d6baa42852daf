//! The policies that hang on a user, group or role: inline ones, attached ones, and the permissions boundary.

use claviger_model::name::PolicyName;
use claviger_model::{Arn, Timestamp, UniqueId};

use super::document::Document;
use crate::fault::Fault;

/// What a policy is attached by: the unique id of a customer-managed one, the ARN of an AWS-managed one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum PolicyId {
    /// A customer-managed policy of the same account.
    #[serde(rename = "customer")]
    Customer(UniqueId),
    /// An AWS-managed policy.
    #[serde(rename = "aws")]
    Aws(Arn),
}

impl PolicyId {
    /// The group under which the policy's attachments are indexed.
    #[must_use]
    pub fn group(&self) -> &[u8] {
        match self {
            Self::Customer(id) => id.as_str().as_bytes(),
            Self::Aws(arn) => arn.as_str().as_bytes(),
        }
    }
}

/// One policy attached.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// Which.
    pub policy: PolicyId,
    /// Since when.
    pub since: Timestamp,
}

/// The managed policies attached to one entity, in the order in which they were attached.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Attachments(Vec<Attachment>);

impl Attachments {
    /// In the order in which they were attached.
    pub fn iter(&self) -> std::slice::Iter<'_, Attachment> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Attaches a policy. Attaching it again changes nothing.
    ///
    /// # Errors
    /// `LimitExceeded` in the words of the quota of this name.
    pub fn attach(
        &mut self,
        policy: PolicyId,
        since: Timestamp,
        quota: (&str, u64),
    ) -> Result<(), Fault> {
        if self.0.iter().any(|held| held.policy == policy) {
            return Ok(());
        }
        let (name, limit) = quota;
        if self.0.len() as u64 >= limit {
            return Err(Fault::quota(name, limit));
        }
        self.0.push(Attachment { policy, since });
        Ok(())
    }

    /// Detaches a policy; whether it was attached.
    pub fn detach(&mut self, policy: &PolicyId) -> bool {
        let before = self.0.len();
        self.0.retain(|held| held.policy != *policy);
        self.0.len() != before
    }
}

/// One inline policy.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct InlinePolicy {
    /// Its name, unique within the entity.
    pub name: PolicyName,
    /// Its document.
    pub document: Document,
}

/// The inline policies of one entity, by name.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct InlinePolicies(Vec<InlinePolicy>);

impl InlinePolicies {
    /// Sorted by name.
    pub fn iter(&self) -> std::slice::Iter<'_, InlinePolicy> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The policy of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&InlinePolicy> {
        self.0.iter().find(|policy| policy.name.as_str() == name)
    }

    /// Characters of all documents together, white space not counted.
    fn counted_size(&self) -> u64 {
        self.0
            .iter()
            .map(|policy| policy.document.counted_size())
            .sum()
    }

    /// Creates or replaces a policy.
    ///
    /// # Errors
    /// `LimitExceeded` if all together would be larger than `limit`; `of` says whose they are (`user alice`). Nothing is
    /// changed then.
    pub fn put(
        &mut self,
        name: PolicyName,
        document: Document,
        limit: u64,
        of: &str,
    ) -> Result<(), Fault> {
        let mut all = self.clone();
        match all.0.iter_mut().find(|policy| policy.name == name) {
            Some(policy) => policy.document = document,
            None => all.0.push(InlinePolicy { name, document }),
        }
        if all.counted_size() > limit {
            return Err(Fault::new(
                claviger_model::Code::LimitExceeded,
                format!("Maximum policy size of {limit} bytes exceeded for {of}"),
            ));
        }
        all.0.sort_by(|a, b| a.name.cmp(&b.name));
        *self = all;
        Ok(())
    }

    /// Removes a policy; whether there was one of this name.
    pub fn delete(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|policy| policy.name.as_str() != name);
        self.0.len() != before
    }
}
