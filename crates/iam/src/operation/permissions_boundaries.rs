//! Permissions boundaries of users and roles: the most that their policies can grant.

use claviger_model::name::{RoleName, UserName};
use claviger_model::{Arn, Code};
use claviger_shape::Shape;

use super::holder::{Bounded, Holder};
use super::shapes::policy_arn;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::{PolicyId, Role, User};
use crate::fault::Fault;
use crate::lookup;
use crate::principal::Held;
use crate::spec::unraised::NO_SERVICE_LINKED_ROLES;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<PutUserPermissionsBoundary>(),
    entry::<DeleteUserPermissionsBoundary>(),
    entry::<PutRolePermissionsBoundary>(),
    entry::<DeleteRolePermissionsBoundary>(),
];

/// The condition key that names a boundary, folded.
pub(super) const BOUNDARY_KEY: &str = "iam:permissionsboundary";

/// The managed policy that a request names as permissions boundary.
///
/// # Errors
/// `InvalidInput` for what is no resource name of a policy, `NoSuchEntity` for a policy that is not there.
pub async fn resolve(cx: &mut Cx<'_>, arn: &Arn) -> Result<PolicyId, Fault> {
    lookup::check_policy_arn(arn, Code::InvalidInput)?;
    match lookup::managed_policy(cx, arn).await? {
        Some(Held::Customer(policy)) => Ok(PolicyId::Customer(policy.id.clone())),
        Some(Held::Aws(policy)) => Ok(PolicyId::Aws(policy.arn.clone())),
        _ => Err(Fault::missing(format!(
            "Scope ARN: {arn} does not exist or is not attachable."
        ))),
    }
}

/// Sets the condition key `iam:PermissionsBoundary` to the boundary that an entity has at present, if it has one.
///
/// # Errors
/// `ServiceUnavailable`.
pub(super) async fn with_present(
    cx: &mut Cx<'_>,
    target: Target,
    boundary: Option<&PolicyId>,
) -> Result<Target, Fault> {
    let Some(boundary) = boundary else {
        return Ok(target);
    };
    let scope = cx.scope();
    Ok(match policy_arn(&mut cx.unit, scope, boundary).await? {
        Some((arn, _)) => target.with(BOUNDARY_KEY, Fact::text(arn.as_str())),
        None => target,
    })
}

/// The target of an operation on an entity of this name, with the boundary that it has at present.
///
/// # Errors
/// `ServiceUnavailable`.
pub(super) async fn target_on<H: Bounded>(cx: &mut Cx<'_>, name: &str) -> Result<Target, Fault> {
    let target = Target::of(H::check(cx, name).await?);
    let boundary = H::find(cx, name)
        .await?
        .and_then(|holder| holder.boundary().cloned());
    with_present(cx, target, boundary.as_ref()).await
}

async fn put<H: Bounded>(cx: &mut Cx<'_>, name: &str, arn: &Arn) -> Result<Empty, Fault> {
    let holder = H::named(cx, name).await?;
    lookup::check_attachable(arn)?;
    let policy = resolve(cx, arn).await?;
    let mut holder: H = H::clone(&holder);
    *holder.boundary_mut() = Some(policy);
    cx.unit.put(holder);
    Ok(Empty {})
}

async fn delete<H: Bounded>(cx: &mut Cx<'_>, name: &str) -> Result<Empty, Fault> {
    let holder = H::named(cx, name).await?;
    if holder.boundary().is_some() {
        let mut holder: H = H::clone(&holder);
        *holder.boundary_mut() = None;
        cx.unit.put(holder);
    }
    Ok(Empty {})
}

/// Sets or replaces the permissions boundary of a user.
#[derive(Shape)]
pub struct PutUserPermissionsBoundary {
    /// The user.
    pub user_name: UserName,
    /// The managed policy that is to be the boundary.
    pub permissions_boundary: Arn,
}

impl Operation for PutUserPermissionsBoundary {
    const SPEC: Spec = Spec::iam("PutUserPermissionsBoundary", Access::Permissions)
        .on(&[ResourceType::User])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[
            Code::InvalidInput,
            Code::NoSuchEntity,
            Code::PolicyNotAttachable,
            Code::ServiceFailure,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = <User as Holder>::check(cx, self.user_name.as_str()).await?;
        Ok(Target::of(check).with(BOUNDARY_KEY, Fact::text(self.permissions_boundary.as_str())))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        put::<User>(cx, self.user_name.as_str(), &self.permissions_boundary).await
    }
}

/// Removes the permissions boundary of a user. One that has none stays as it is.
#[derive(Shape)]
pub struct DeleteUserPermissionsBoundary {
    /// The user.
    pub user_name: UserName,
}

impl Operation for DeleteUserPermissionsBoundary {
    const SPEC: Spec = Spec::iam("DeleteUserPermissionsBoundary", Access::Permissions)
        .on(&[ResourceType::User])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_on::<User>(cx, self.user_name.as_str()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        delete::<User>(cx, self.user_name.as_str()).await
    }
}

/// Sets or replaces the permissions boundary of a role.
#[derive(Shape)]
pub struct PutRolePermissionsBoundary {
    /// The role.
    pub role_name: RoleName,
    /// The managed policy that is to be the boundary.
    pub permissions_boundary: Arn,
}

impl Operation for PutRolePermissionsBoundary {
    const SPEC: Spec = Spec::iam("PutRolePermissionsBoundary", Access::Permissions)
        .on(&[ResourceType::Role])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[
            Code::InvalidInput,
            Code::NoSuchEntity,
            Code::PolicyNotAttachable,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_SERVICE_LINKED_ROLES]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = <Role as Holder>::check(cx, self.role_name.as_str()).await?;
        Ok(Target::of(check).with(BOUNDARY_KEY, Fact::text(self.permissions_boundary.as_str())))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        put::<Role>(cx, self.role_name.as_str(), &self.permissions_boundary).await
    }
}

/// Removes the permissions boundary of a role. One that has none stays as it is.
#[derive(Shape)]
pub struct DeleteRolePermissionsBoundary {
    /// The role.
    pub role_name: RoleName,
}

impl Operation for DeleteRolePermissionsBoundary {
    const SPEC: Spec = Spec::iam("DeleteRolePermissionsBoundary", Access::Permissions)
        .on(&[ResourceType::Role])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_SERVICE_LINKED_ROLES]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_on::<Role>(cx, self.role_name.as_str()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        delete::<Role>(cx, self.role_name.as_str()).await
    }
}
