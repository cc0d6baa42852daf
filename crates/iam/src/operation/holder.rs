//! What users, groups and roles have in common: policies hang on them.

use std::future::Future;
use std::sync::Arc;

use claviger_store::{Record, Stored};

use super::{groups, roles, users};
use crate::authorize::Check;
use crate::cx::Cx;
use crate::entity::policies::{Attachments, InlinePolicies};
use crate::entity::{Group, PolicyId, Role, Tags, User};
use crate::fault::Fault;
use crate::lookup;
use crate::quota::Quotas;

/// An entity that policies hang on.
pub(super) trait Holder: Record + Clone {
    /// What messages call it: `user`.
    const WORD: &'static str;

    /// The check on one of this name, who may or may not be there.
    fn check(cx: &mut Cx<'_>, name: &str) -> impl Future<Output = Result<Check, Fault>> + Send;
    /// The one of this name, if there is one.
    fn find(
        cx: &mut Cx<'_>,
        name: &str,
    ) -> impl Future<Output = Result<Option<Arc<Stored<Self>>>, Fault>> + Send;
    /// The one of this name, who must be there.
    fn named(
        cx: &mut Cx<'_>,
        name: &str,
    ) -> impl Future<Output = Result<Arc<Stored<Self>>, Fault>> + Send;
    /// Its name, as stored.
    fn name(&self) -> &str;
    /// Its inline policies.
    fn inline(&self) -> &InlinePolicies;
    /// Its inline policies, to change.
    fn inline_mut(&mut self) -> &mut InlinePolicies;
    /// The managed policies attached to it.
    fn attached(&self) -> &Attachments;
    /// The managed policies attached to it, to change.
    fn attached_mut(&mut self) -> &mut Attachments;
    /// Characters that its inline policies may have together.
    fn inline_quota(quotas: &Quotas) -> u64;
    /// The name of the quota on attached policies, and the quota.
    fn attached_quota(quotas: &Quotas) -> (&'static str, u64);
}

/// A holder whose permissions a boundary can bound.
pub(super) trait Bounded: Holder {
    /// Its permissions boundary.
    fn boundary(&self) -> Option<&PolicyId>;
    /// Its permissions boundary, to change.
    fn boundary_mut(&mut self) -> &mut Option<PolicyId>;
}

/// A holder that can carry tags.
pub(super) trait Tagged: Holder {
    /// Its tags.
    fn tags(&self) -> &Tags;
    /// Its tags, to change.
    fn tags_mut(&mut self) -> &mut Tags;
}

macro_rules! holder {
    ($Type:ident, $word:literal, $check:path, $find:path, $named:path, $inline:ident, $attached:ident, $quota:literal) => {
        impl Holder for $Type {
            const WORD: &'static str = $word;

            async fn check(cx: &mut Cx<'_>, name: &str) -> Result<Check, Fault> {
                $check(cx, name).await
            }

            async fn find(cx: &mut Cx<'_>, name: &str) -> Result<Option<Arc<Stored<Self>>>, Fault> {
                $find(cx, name).await
            }

            async fn named(cx: &mut Cx<'_>, name: &str) -> Result<Arc<Stored<Self>>, Fault> {
                $named(cx, name).await
            }

            fn name(&self) -> &str {
                self.name.as_str()
            }

            fn inline(&self) -> &InlinePolicies {
                &self.inline
            }

            fn inline_mut(&mut self) -> &mut InlinePolicies {
                &mut self.inline
            }

            fn attached(&self) -> &Attachments {
                &self.attached
            }

            fn attached_mut(&mut self) -> &mut Attachments {
                &mut self.attached
            }

            fn inline_quota(quotas: &Quotas) -> u64 {
                quotas.$inline
            }

            fn attached_quota(quotas: &Quotas) -> (&'static str, u64) {
                ($quota, quotas.$attached)
            }
        }
    };
}

holder!(
    User,
    "user",
    users::check_on,
    lookup::find_user,
    lookup::user,
    user_policy_size,
    attached_policies_per_user,
    "PoliciesPerUser"
);
holder!(
    Group,
    "group",
    groups::check_on,
    lookup::find_group,
    lookup::group,
    group_policy_size,
    attached_policies_per_group,
    "PoliciesPerGroup"
);
holder!(
    Role,
    "role",
    roles::check_on,
    lookup::find_role,
    lookup::role,
    role_policy_size,
    attached_policies_per_role,
    "PoliciesPerRole"
);

macro_rules! bounded {
    ($($Type:ident),+) => {$(
        impl Bounded for $Type {
            fn boundary(&self) -> Option<&PolicyId> {
                self.boundary.as_ref()
            }

            fn boundary_mut(&mut self) -> &mut Option<PolicyId> {
                &mut self.boundary
            }
        }

        impl Tagged for $Type {
            fn tags(&self) -> &Tags {
                &self.tags
            }

            fn tags_mut(&mut self) -> &mut Tags {
                &mut self.tags
            }
        }
    )+};
}

bounded!(User, Role);
