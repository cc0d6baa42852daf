//! Attachments: managed policies in force for users, groups and roles.

use claviger_model::name::{GroupName, PolicyName, PolicyPath, RoleName, UserName};
use claviger_model::{Arn, Code, text};
use claviger_shape::Shape;

use super::holder::Holder;
use super::page::{PageEnd, Paged};
use super::permissions_boundaries::target_on;
use super::shapes::{AttachedPolicy, policy_arn};
use super::users::stored_name;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::{Group, ManagedPolicy, PolicyId, Role, User};
use crate::fault::Fault;
use crate::lookup;
use crate::principal::Held;
use crate::spec::unraised::{
    ARN_IS_VALIDATED, NO_QUOTA, NO_SERVICE_LINKED_ROLES, PATH_IS_VALIDATED,
};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<AttachUserPolicy>(),
    entry::<DetachUserPolicy>(),
    entry::<ListAttachedUserPolicies>(),
    entry::<AttachGroupPolicy>(),
    entry::<DetachGroupPolicy>(),
    entry::<ListAttachedGroupPolicies>(),
    entry::<AttachRolePolicy>(),
    entry::<DetachRolePolicy>(),
    entry::<ListAttachedRolePolicies>(),
];

/// The managed policy of this resource name, by what attachments refer to it by.
async fn find(cx: &mut Cx<'_>, arn: &Arn) -> Result<Option<PolicyId>, Fault> {
    let held = lookup::managed_policy(cx, arn).await?;
    Ok(match held {
        Some(Held::Customer(policy)) => Some(PolicyId::Customer(policy.id.clone())),
        Some(Held::Aws(policy)) => Some(PolicyId::Aws(policy.arn.clone())),
        _ => None,
    })
}

/// The target with the policy that the request names.
fn with_policy(target: Target, arn: &Arn) -> Result<Target, Fault> {
    lookup::check_policy_arn(arn, Code::ValidationError)?;
    Ok(target.with("iam:policyarn", Fact::text(arn.as_str())))
}

async fn group_target(cx: &mut Cx<'_>, name: &str) -> Result<Target, Fault> {
    Ok(Target::of(<Group as Holder>::check(cx, name).await?))
}

async fn attach<H: Holder>(cx: &mut Cx<'_>, name: &str, arn: &Arn) -> Result<Empty, Fault> {
    let holder = H::named(cx, name).await?;
    lookup::check_attachable(arn)?;
    // The policy's record is read here and so expected at commit: it cannot be deleted meanwhile.
    let policy = find(cx, arn).await?.ok_or_else(|| {
        Fault::missing(format!("Policy {arn} does not exist or is not attachable."))
    })?;
    if holder.attached().iter().any(|held| held.policy == policy) {
        return Ok(Empty {});
    }
    let mut holder: H = H::clone(&holder);
    let quota = H::attached_quota(&cx.iam().settings().quotas);
    holder.attached_mut().attach(policy, cx.now(), quota)?;
    cx.unit.put(holder);
    Ok(Empty {})
}

async fn detach<H: Holder>(cx: &mut Cx<'_>, name: &str, arn: &Arn) -> Result<Empty, Fault> {
    let holder = H::named(cx, name).await?;
    let missing = || Fault::missing(format!("Policy {arn} was not found."));
    let policy = find(cx, arn).await?.ok_or_else(missing)?;
    let mut holder: H = H::clone(&holder);
    if !holder.attached_mut().detach(&policy) {
        return Err(missing());
    }
    cx.unit.put(holder);
    Ok(Empty {})
}

async fn list<H: Holder>(
    cx: &mut Cx<'_>,
    name: &str,
    prefix: Option<&PolicyPath>,
    page: &Paged,
) -> Result<(Vec<AttachedPolicy>, PageEnd), Fault> {
    let holder = H::named(cx, name).await?;
    let prefix = prefix.map_or("/", PolicyPath::as_str);
    let list = [b"attached/", holder.id().as_bytes()].concat();
    let mut found = Vec::new();
    for attachment in holder.attached().iter() {
        let path = path_of(cx, &attachment.policy).await?;
        if !path.is_some_and(|path| path.starts_with(prefix)) {
            continue;
        }
        let scope = cx.scope();
        if let Some((arn, name)) = policy_arn(&mut cx.unit, scope, &attachment.policy).await? {
            found.push(AttachedPolicy {
                policy_name: stored_name::<PolicyName>(&name)?,
                policy_arn: arn,
            });
        }
    }
    // An AWS-managed policy may have the name of one of the account's own.
    let key = |policy: &AttachedPolicy| -> Vec<u8> {
        let name = text::fold(policy.policy_name.as_str());
        let is_aws = crate::aws_managed::by_arn(policy.policy_arn.as_str()).is_some();
        [name.as_bytes(), b"\0", &[u8::from(is_aws)]].concat()
    };
    found.sort_by_key(key);
    page.of_list(cx, &list, found, key)
}

/// Where the policy lies.
async fn path_of(cx: &mut Cx<'_>, policy: &PolicyId) -> Result<Option<String>, Fault> {
    match policy {
        PolicyId::Aws(arn) => {
            Ok(crate::aws_managed::by_arn(arn.as_str()).map(|policy| policy.path.clone()))
        }
        PolicyId::Customer(id) => {
            let scope = cx.scope();
            let policy = cx
                .unit
                .get::<ManagedPolicy>(scope, id.as_str())
                .await
                .map_err(Fault::unavailable)?;
            Ok(policy.map(|policy| policy.path.as_str().to_owned()))
        }
    }
}

/// Declares the three operations on the managed policies of one kind of entity.
macro_rules! policy_attachments {
    (
        $Holder:ident, $field:ident, $field_doc:tt,
        attach: $Attach:ident, $AttachName:ident, $attach_doc:tt, $attach_unraised:expr,
        detach: $Detach:ident, $detach_doc:tt, $detach_unraised:expr,
        list: $List:ident, $ListName:ident, $ListOutput:ident, $list_doc:tt,
        change: $change_target:expr, $change_keys:expr
    ) => {
        #[doc = $attach_doc]
        #[derive(Shape)]
        pub struct $Attach {
            #[doc = $field_doc]
            pub $field: $AttachName,
            /// The managed policy.
            pub policy_arn: Arn,
        }

        impl Operation for $Attach {
            const SPEC: Spec = Spec::iam(stringify!($Attach), Access::Permissions)
                .on(&[ResourceType::$Holder])
                .keys($change_keys)
                .faults(&[
                    Code::LimitExceeded,
                    Code::NoSuchEntity,
                    Code::PolicyNotAttachable,
                    Code::ServiceFailure,
                ])
                .unraised($attach_unraised);
            type Output = Empty;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                let target = $change_target(cx, self.$field.as_str()).await?;
                with_policy(target, &self.policy_arn)
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                attach::<$Holder>(cx, self.$field.as_str(), &self.policy_arn).await
            }
        }

        #[doc = $detach_doc]
        #[derive(Shape)]
        pub struct $Detach {
            #[doc = $field_doc]
            pub $field: $AttachName,
            /// The managed policy.
            pub policy_arn: Arn,
        }

        impl Operation for $Detach {
            const SPEC: Spec = Spec::iam(stringify!($Detach), Access::Permissions)
                .on(&[ResourceType::$Holder])
                .keys($change_keys)
                .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
                .unraised($detach_unraised);
            type Output = Empty;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                let target = $change_target(cx, self.$field.as_str()).await?;
                with_policy(target, &self.policy_arn)
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                detach::<$Holder>(cx, self.$field.as_str(), &self.policy_arn).await
            }
        }

        #[doc = $list_doc]
        #[derive(Shape)]
        pub struct $List {
            #[doc = $field_doc]
            pub $field: $ListName,
            /// Only policies whose path begins with this; all when left out.
            pub path_prefix: Option<PolicyPath>,
            /// Which page.
            #[shape(flatten)]
            pub page: Paged,
        }

        #[doc = "The managed policies attached to an entity."]
        #[derive(Shape)]
        pub struct $ListOutput {
            /// The policies, by name without regard to case.
            pub attached_policies: Vec<AttachedPolicy>,
            /// Whether more follow.
            #[shape(flatten)]
            pub end: PageEnd,
        }

        impl Operation for $List {
            const SPEC: Spec = Spec::iam(stringify!($List), Access::List)
                .on(&[ResourceType::$Holder])
                .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
                .unraised(&[PATH_IS_VALIDATED]);
            type Output = $ListOutput;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                Ok(Target::of(
                    <$Holder as Holder>::check(cx, self.$field.as_str()).await?,
                ))
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                let (attached_policies, end) = list::<$Holder>(
                    cx,
                    self.$field.as_str(),
                    self.path_prefix.as_ref(),
                    &self.page,
                )
                .await?;
                Ok($ListOutput {
                    attached_policies,
                    end,
                })
            }
        }
    };
}

policy_attachments! {
    User, user_name, "The user.",
    attach: AttachUserPolicy, UserName,
    "Attaches a managed policy to a user. Doing it again changes nothing.",
    &[ARN_IS_VALIDATED],
    detach: DetachUserPolicy, "Detaches a managed policy from a user.",
    &[ARN_IS_VALIDATED, NO_QUOTA],
    list: ListAttachedUserPolicies, UserName, ListAttachedUserPoliciesOutput,
    "Lists the managed policies attached to a user.",
    change: target_on::<User>, &["iam:PermissionsBoundary", "iam:PolicyARN"]
}

policy_attachments! {
    Group, group_name, "The group.",
    attach: AttachGroupPolicy, GroupName,
    "Attaches a managed policy to a group. Doing it again changes nothing.",
    &[ARN_IS_VALIDATED],
    detach: DetachGroupPolicy, "Detaches a managed policy from a group.",
    &[ARN_IS_VALIDATED, NO_QUOTA],
    list: ListAttachedGroupPolicies, GroupName, ListAttachedGroupPoliciesOutput,
    "Lists the managed policies attached to a group.",
    change: group_target, &["iam:PolicyARN"]
}

policy_attachments! {
    Role, role_name, "The role.",
    attach: AttachRolePolicy, RoleName,
    "Attaches a managed policy to a role. Doing it again changes nothing.",
    &[ARN_IS_VALIDATED, NO_SERVICE_LINKED_ROLES],
    detach: DetachRolePolicy, "Detaches a managed policy from a role.",
    &[ARN_IS_VALIDATED, NO_QUOTA, NO_SERVICE_LINKED_ROLES],
    list: ListAttachedRolePolicies, RoleName, ListAttachedRolePoliciesOutput,
    "Lists the managed policies attached to a role.",
    change: target_on::<Role>, &["iam:PermissionsBoundary", "iam:PolicyARN"]
}
