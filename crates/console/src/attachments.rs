//! Managed policies on users, groups and roles: what is attached, and attaching and detaching one or several at once.

use claviger_iam::Fault;
use claviger_iam::operation::policy_attachments::{
    AttachGroupPolicy, AttachRolePolicy, AttachUserPolicy, DetachGroupPolicy, DetachRolePolicy,
    DetachUserPolicy, ListAttachedGroupPolicies, ListAttachedRolePolicies,
    ListAttachedUserPolicies,
};
use claviger_iam::operation::shapes::AttachedPolicy;

use crate::answer::{Answer, go};
use crate::door::Visit;
use crate::field::{paged, read};
use crate::outcomes::{Outcome, said, told};
use crate::view::{Frame, asking};
use crate::{groups, policies, roles, users};

/// Policies of one holder that are told at the most: more than there can be.
const MOST: i32 = 1_000;

/// A managed policy that is attached.
pub(crate) struct Attached {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) address: String,
    pub(crate) kind: &'static str,
}

impl From<AttachedPolicy> for Attached {
    fn from(policy: AttachedPolicy) -> Self {
        let arn = policy.policy_arn.as_str();
        Self {
            name: policy.policy_name.as_str().to_owned(),
            address: policies::address(arn),
            kind: policies::kind(arn),
            arn: arn.to_owned(),
        }
    }
}

/// What policies are attached to, by its name.
#[derive(Clone, Copy)]
pub(crate) enum Holder<'a> {
    User(&'a str),
    Group(&'a str),
    Role(&'a str),
}

impl<'a> Holder<'a> {
    /// The one of this kind: `user`, `group` or `role`.
    pub(crate) fn of(kind: &str, name: &'a str) -> Option<Self> {
        match kind {
            "user" => Some(Self::User(name)),
            "group" => Some(Self::Group(name)),
            "role" => Some(Self::Role(name)),
            _ => None,
        }
    }

    /// Its name, where its page is, and the part of the console that this belongs to.
    fn page(self) -> (&'a str, String, &'static str) {
        match self {
            Self::User(name) => {
                let address = asking(&users::address_of(name), &[("tab", "permissions")]);
                (name, address, users::HERE)
            }
            Self::Group(name) => (name, groups::address(name), "groups"),
            Self::Role(name) => (name, roles::address(name), "roles"),
        }
    }

    /// What is attached to it.
    pub(crate) async fn attached(self, visit: &Visit) -> Result<Vec<Attached>, Fault> {
        let (path_prefix, page) = (None, paged(None, MOST)?);
        let listed = match self {
            Self::User(name) => {
                let list = ListAttachedUserPolicies {
                    user_name: read(name, "The name of the user")?,
                    path_prefix,
                    page,
                };
                visit.call(&list).await?.attached_policies
            }
            Self::Group(name) => {
                let list = ListAttachedGroupPolicies {
                    group_name: read(name, "The name of the group")?,
                    path_prefix,
                    page,
                };
                visit.call(&list).await?.attached_policies
            }
            Self::Role(name) => {
                let list = ListAttachedRolePolicies {
                    role_name: read(name, "The name of the role")?,
                    path_prefix,
                    page,
                };
                visit.call(&list).await?.attached_policies
            }
        };
        Ok(listed.into_iter().map(Attached::from).collect())
    }

    /// Attaches a policy.
    pub(crate) async fn attach(self, visit: &Visit, arn: &str) -> Result<(), Fault> {
        let policy_arn = read(arn, "The policy")?;
        match self {
            Self::User(name) => {
                let user_name = read(name, "The name of the user")?;
                let attach = AttachUserPolicy {
                    user_name,
                    policy_arn,
                };
                visit.call(&attach).await.map(drop)
            }
            Self::Group(name) => {
                let group_name = read(name, "The name of the group")?;
                let attach = AttachGroupPolicy {
                    group_name,
                    policy_arn,
                };
                visit.call(&attach).await.map(drop)
            }
            Self::Role(name) => {
                let role_name = read(name, "The name of the role")?;
                let attach = AttachRolePolicy {
                    role_name,
                    policy_arn,
                };
                visit.call(&attach).await.map(drop)
            }
        }
    }

    /// Detaches a policy.
    pub(crate) async fn detach(self, visit: &Visit, arn: &str) -> Result<(), Fault> {
        let policy_arn = read(arn, "The policy")?;
        match self {
            Self::User(name) => {
                let user_name = read(name, "The name of the user")?;
                let detach = DetachUserPolicy {
                    user_name,
                    policy_arn,
                };
                visit.call(&detach).await.map(drop)
            }
            Self::Group(name) => {
                let group_name = read(name, "The name of the group")?;
                let detach = DetachGroupPolicy {
                    group_name,
                    policy_arn,
                };
                visit.call(&detach).await.map(drop)
            }
            Self::Role(name) => {
                let role_name = read(name, "The name of the role")?;
                let detach = DetachRolePolicy {
                    role_name,
                    policy_arn,
                };
                visit.call(&detach).await.map(drop)
            }
        }
    }
}

/// What is done with the policies that are ticked.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Attach,
    Detach,
}

/// Does it with each of those that are ticked as `policy`, whatever becomes of the others.
async fn each(visit: &Visit, holder: Holder<'_>, way: Way) -> Vec<Outcome> {
    let mut arns: Vec<&str> = Vec::new();
    for arn in visit.asked.form.all("policy") {
        if !arns.contains(&arn) {
            arns.push(arn);
        }
    }
    let mut outcomes = Vec::with_capacity(arns.len());
    for arn in arns {
        let done = match way {
            Way::Attach => holder.attach(visit, arn).await,
            Way::Detach => holder.detach(visit, arn).await,
        };
        outcomes.push(Outcome::of(arn, done.map_err(said)));
    }
    outcomes
}

/// Attaches those that are ticked to what was just made.
///
/// # Errors
/// What to say of those that could not be attached.
pub(crate) async fn to_new(visit: &Visit, holder: Holder<'_>) -> Result<(), String> {
    let outcomes = each(visit, holder, Way::Attach).await.into_iter();
    let refused: Vec<String> = outcomes
        .filter_map(|one| Some(format!("Attaching {} failed: {}", one.name, one.refused?)))
        .collect();
    if refused.is_empty() {
        Ok(())
    } else {
        Err(refused.join(" "))
    }
}

/// Attaches or detaches those that are ticked, and goes back to the holder's page. Where one of several was refused, a page
/// tells what became of each.
///
/// # Errors
/// What to say on the page with the form, where none was ticked or the only one was refused.
pub(crate) async fn run(visit: &Visit, holder: Holder<'_>, way: Way) -> Result<Answer, String> {
    let mut outcomes = each(visit, holder, way).await;
    let (name, address, here) = holder.page();
    let is_done = outcomes.iter().all(|one| one.refused.is_none());
    let done = match (way, outcomes.as_mut_slice()) {
        (Way::Attach, []) => return Err(String::from("Tick what to attach.")),
        (Way::Detach, []) => return Err(String::from("Tick what to detach.")),
        (_, [one]) if !is_done => return Err(one.refused.take().unwrap_or_default()),
        (Way::Attach, [_]) => "attached",
        (Way::Detach, [_]) => "detached",
        (Way::Attach, _) => "policies-attached",
        (Way::Detach, _) => "policies-detached",
    };
    if is_done {
        return Ok(go(&asking(&address, &[("done", done)])));
    }
    let title = match way {
        Way::Attach => format!("Attach policies to {name}"),
        Way::Detach => format!("Detach policies from {name}"),
    };
    Ok(told(
        Frame::of(visit, title, here),
        outcomes,
        address,
        &format!("Back to {name}"),
    ))
}
