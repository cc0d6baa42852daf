//! The policies that bear on one request, layer by layer (IAM user guide, "Policy evaluation logic").

use crate::policy::Policy;

/// A compiled policy as it takes part in one decision.
#[derive(Debug, Clone, Copy)]
pub struct PolicyRef<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Chosen by the caller and handed back by recorders, to tell which policy it was.
    pub label: u32,
}

impl<'a> From<&'a Policy> for PolicyRef<'a> {
    fn from(policy: &'a Policy) -> Self {
        Self { policy, label: 0 }
    }
}

/// The levels of an organization that bear on an account: root first, the account last.
pub type Levels<'a> = &'a [&'a [PolicyRef<'a>]];

/// How much the policy on a resource is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResourceRule {
    /// Within one account, identity policies can grant without it.
    #[default]
    Ordinary,
    /// A role's trust policy: it must name the caller or the caller's account even within one account, a boundary
    /// and session policies limit what it grants, and `*` in it means any authenticated caller with an allow of its own.
    Trust,
    /// The policy of a KMS key: it must name the caller or the caller's account even within one account.
    Key,
}

/// All policies that bear on one request. Cheap to put together: slices of references.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layers<'a> {
    /// Policies of the user and its groups, or of the role behind a session.
    pub identity: &'a [PolicyRef<'a>],
    /// The permissions boundary of the user or role. A boundary that is set but cannot be read is [`Policy::deny_everything`], never `None`.
    pub boundary: Option<PolicyRef<'a>>,
    /// Session policies; `None` = the session has none, `Some(&[])` allows nothing.
    pub session: Option<&'a [PolicyRef<'a>]>,
    /// Service control policies of the caller's account; `None` = no organization (or its management account). A level without a policy allows nothing.
    pub scps: Option<Levels<'a>>,
    /// Resource control policies of the resource's account.
    pub rcps: Option<Levels<'a>>,
    /// The policy on the resource.
    pub resource: Option<PolicyRef<'a>>,
    /// What kind of resource policy it is. With [`ResourceRule::Trust`] or [`ResourceRule::Key`] an absent policy grants nothing.
    pub resource_rule: ResourceRule,
}
