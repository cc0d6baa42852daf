//! Roles: create, get, list, change, delete, and whom they trust.

use claviger_model::name::{EntityPath, PathPrefix, RoleName};
use claviger_model::scalar::Bounded;
use claviger_model::{Arn, Code, IdKind, Timestamp};
use claviger_shape::Shape;
use claviger_store::{MarkKey, Record};

use super::page::{PageEnd, Paged};
use super::permissions_boundaries::{BOUNDARY_KEY, resolve, target_on};
use super::shapes::{
    PolicyDocument, RoleDescription, RoleLastUsed, RoleShape, TagShape, boundary_out, tags_if_any,
    tags_in,
};
use super::users::list_by_path;
use super::{Empty, Entry, Operation, entry};
use crate::authenticate::ROLE_USED;
use crate::authorize::{Check, Target};
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::index::{ROLES_BY_NAME, WHOLE};
use crate::entity::policies::{Attachments, InlinePolicies};
use crate::entity::role::DEFAULT_MAX_SESSION_SECONDS;
use crate::entity::{EndedSessions, Role, TagRules, Tags};
use crate::fault::Fault;
use crate::spec::unraised::{NO_QUOTA, NO_SERVICE_LINKED_ROLES};
use crate::spec::{Access, ResourceType, Spec};
use crate::{lookup, trust};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateRole>(),
    entry::<GetRole>(),
    entry::<ListRoles>(),
    entry::<UpdateRole>(),
    entry::<UpdateRoleDescription>(),
    entry::<UpdateAssumeRolePolicy>(),
    entry::<DeleteRole>(),
];

/// Seconds that a session of a role may last at the most.
pub type MaxSessionDuration = Bounded<3_600, 43_200>;

/// The check on a role that may or may not be there.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn check_on(cx: &mut Cx<'_>, name: &str) -> Result<Check, Fault> {
    let account = cx.account();
    Ok(match lookup::find_role(cx, name).await? {
        Some(role) => Check::on(account, &role.arn()).tagged(&role.tags),
        None => Check::on(account, &Arn::role(account, "/", name)),
    }
    // Shown as it was asked for: the stored case would tell that there is such a role.
    .shown(format!("role {name}")))
}

/// When a role was last used: without members for one that never was.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn last_used(cx: &Cx<'_>, role: &Role) -> Result<RoleLastUsed, Fault> {
    let mark = MarkKey::new(role.scope(), ROLE_USED, role.id.as_str());
    let mark = cx
        .iam()
        .store()
        .mark(&mark)
        .await
        .map_err(Fault::unavailable)?;
    Ok(match mark {
        Some(mark) => RoleLastUsed {
            last_used_date: Some(Timestamp::from_micros(mark.value)),
            region: Some(mark.detail),
        },
        None => RoleLastUsed {
            last_used_date: None,
            region: None,
        },
    })
}

async fn listed(cx: &mut Cx<'_>, role: &Role) -> Result<RoleShape, Fault> {
    let document = trust::shown(&mut cx.unit, role).await?;
    Ok(RoleShape::listed(role, document))
}

/// The role with its boundary and tags.
async fn shape_of(cx: &mut Cx<'_>, role: &Role) -> Result<RoleShape, Fault> {
    let scope = cx.scope();
    let mut shape = listed(cx, role).await?;
    shape.permissions_boundary = boundary_out(&mut cx.unit, scope, role.boundary.as_ref()).await?;
    shape.tags = tags_if_any(&role.tags);
    Ok(shape)
}

/// Creates a role.
#[derive(Shape)]
pub struct CreateRole {
    /// Where the role is to lie; `/` when left out.
    pub path: Option<EntityPath>,
    /// The role's name, unique in the account without regard to case.
    pub role_name: RoleName,
    /// Who may assume the role. Users and roles are trusted by what they are, not by what they are called: one who is
    /// deleted and made again is not trusted any more.
    pub assume_role_policy_document: PolicyDocument,
    /// What the role is for.
    pub description: Option<RoleDescription>,
    /// Seconds that a session may last, 3,600 to 43,200; 3,600 when left out.
    pub max_session_duration: Option<MaxSessionDuration>,
    /// The managed policy that is to be the role's permissions boundary.
    pub permissions_boundary: Option<Arn>,
    /// Up to fifty tags.
    #[shape(max = 50)]
    pub tags: Vec<TagShape>,
}

/// The answer of [`CreateRole`].
#[derive(Shape)]
pub struct CreateRoleOutput {
    /// The new role. The session duration is told where it was given.
    pub role: RoleShape,
}

impl Operation for CreateRole {
    const SPEC: Spec = Spec::iam("CreateRole", Access::Write)
        .on(&[ResourceType::Role])
        .keys(&[
            "iam:PermissionsBoundary",
            "aws:RequestTag/${TagKey}",
            "aws:TagKeys",
        ])
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::InvalidInput,
            Code::LimitExceeded,
            Code::MalformedPolicyDocument,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ]);
    type Output = CreateRoleOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let path = self.path.as_ref().map_or("/", EntityPath::as_str);
        let arn = Arn::role(cx.account(), path, self.role_name.as_str());
        let check = Check::on(cx.account(), &arn);
        let mut target = Target::of(check.clone());
        if !self.tags.is_empty() {
            target = target.and(check.also("iam:TagRole"));
        }
        target.parameters.tags = tags_in(&self.tags);
        if let Some(boundary) = &self.permissions_boundary {
            target = target.with(BOUNDARY_KEY, Fact::text(boundary.as_str()));
        }
        Ok(target)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let scope = cx.scope();
        let quotas = &cx.iam().settings().quotas;
        let tags = Tags::new(tags_in(&self.tags), TagRules::FoldCase)?;
        let boundary = match &self.permissions_boundary {
            Some(arn) => Some(resolve(cx, arn).await?),
            None => None,
        };
        let account = cx.account();
        let trust = trust::resolve(
            &mut cx.unit,
            account,
            self.assume_role_policy_document.as_str(),
            quotas.assume_role_policy_size,
        )
        .await?;
        if lookup::find_role(cx, self.role_name.as_str())
            .await?
            .is_some()
        {
            return Err(Fault::exists(format!(
                "Role with name {} already exists.",
                self.role_name
            )));
        }
        let role = Role {
            account,
            id: cx.new_id(IdKind::Role),
            name: self.role_name.clone(),
            path: self.path.clone().unwrap_or_else(EntityPath::root),
            created: cx.now(),
            description: self
                .description
                .as_ref()
                .map(|text| text.as_str().to_owned()),
            max_session_seconds: self
                .max_session_duration
                .map_or(DEFAULT_MAX_SESSION_SECONDS, Bounded::get),
            trust: trust.document,
            trust_in_force: trust.in_force,
            trusted: trust.trusted,
            boundary,
            inline: InlinePolicies::default(),
            attached: Attachments::default(),
            tags,
            security_epoch: 0,
            ended_sessions: EndedSessions::default(),
        };
        let mut shape = RoleShape::listed(&role, role.trust.text().to_owned());
        shape.max_session_duration = self.max_session_duration.map(Bounded::get);
        shape.permissions_boundary =
            boundary_out(&mut cx.unit, scope, role.boundary.as_ref()).await?;
        shape.tags = tags_if_any(&role.tags);
        cx.unit.limit(scope, &ROLES_BY_NAME, WHOLE, quotas.roles);
        cx.unit.put(role);
        Ok(CreateRoleOutput { role: shape })
    }
}

/// Tells about a role.
#[derive(Shape)]
pub struct GetRole {
    /// The role.
    pub role_name: RoleName,
}

/// The answer of [`GetRole`].
#[derive(Shape)]
pub struct GetRoleOutput {
    /// The role.
    pub role: RoleShape,
}

impl Operation for GetRole {
    const SPEC: Spec = Spec::iam("GetRole", Access::Read)
        .on(&[ResourceType::Role])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = GetRoleOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_on::<Role>(cx, self.role_name.as_str()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let role = lookup::role(cx, self.role_name.as_str()).await?;
        let mut shape = shape_of(cx, &role).await?;
        shape.role_last_used = Some(last_used(cx, &role).await?);
        Ok(GetRoleOutput { role: shape })
    }
}

/// Lists the roles of the account, or those below a path.
#[derive(Shape)]
pub struct ListRoles {
    /// Only roles whose path begins with this; all when left out.
    pub path_prefix: Option<PathPrefix>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListRoles`].
#[derive(Shape)]
pub struct ListRolesOutput {
    /// The roles, by name without regard to case. Boundary, tags and last use are left out: [`GetRole`] tells them.
    pub roles: Vec<RoleShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListRoles {
    const SPEC: Spec = Spec::iam("ListRoles", Access::List)
        .on(&[ResourceType::Role])
        .faults(&[Code::ServiceFailure]);
    type Output = ListRolesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let prefix = self.path_prefix.as_ref().map_or("/", PathPrefix::as_str);
        Ok(Target::of(Check::on(
            cx.account(),
            &Arn::role(cx.account(), prefix, ""),
        )))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (found, end) = list_by_path::<Role>(
            cx,
            &ROLES_BY_NAME,
            self.path_prefix.as_ref(),
            &self.page,
            |role| role.path.as_str(),
        )
        .await?;
        let mut roles = Vec::with_capacity(found.len());
        for role in &found {
            roles.push(listed(cx, role).await?);
        }
        Ok(ListRolesOutput { roles, end })
    }
}

/// Changes a role's description and the duration of its sessions. What is left out stays as it is.
#[derive(Shape)]
pub struct UpdateRole {
    /// The role.
    pub role_name: RoleName,
    /// What the role is for.
    pub description: Option<RoleDescription>,
    /// Seconds that a session may last, 3,600 to 43,200. Sessions that were issued keep theirs.
    pub max_session_duration: Option<MaxSessionDuration>,
}

/// The answer of [`UpdateRole`], which has no members.
#[derive(Shape)]
pub struct UpdateRoleOutput {}

impl Operation for UpdateRole {
    const SPEC: Spec = Spec::iam("UpdateRole", Access::Write)
        .on(&[ResourceType::Role])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_SERVICE_LINKED_ROLES]);
    type Output = UpdateRoleOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_on::<Role>(cx, self.role_name.as_str()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let role = lookup::role(cx, self.role_name.as_str()).await?;
        let mut role: Role = Role::clone(&role);
        if let Some(text) = &self.description {
            role.description = Some(text.as_str().to_owned());
        }
        if let Some(seconds) = self.max_session_duration {
            role.max_session_seconds = seconds.get();
        }
        cx.unit.put(role);
        Ok(UpdateRoleOutput {})
    }
}

/// Changes a role's description.
#[derive(Shape)]
pub struct UpdateRoleDescription {
    /// The role.
    pub role_name: RoleName,
    /// What the role is for.
    pub description: RoleDescription,
}

/// The answer of [`UpdateRoleDescription`].
#[derive(Shape)]
pub struct UpdateRoleDescriptionOutput {
    /// The role, without session duration and last use.
    pub role: RoleShape,
}

impl Operation for UpdateRoleDescription {
    const SPEC: Spec = Spec::iam("UpdateRoleDescription", Access::Write)
        .on(&[ResourceType::Role])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_SERVICE_LINKED_ROLES]);
    type Output = UpdateRoleDescriptionOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_on::<Role>(cx, self.role_name.as_str()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let role = lookup::role(cx, self.role_name.as_str()).await?;
        let mut role: Role = Role::clone(&role);
        role.description = Some(self.description.as_str().to_owned());
        let mut shape = shape_of(cx, &role).await?;
        shape.max_session_duration = None;
        cx.unit.put(role);
        Ok(UpdateRoleDescriptionOutput { role: shape })
    }
}

/// Replaces a role's trust policy: who may assume it.
#[derive(Shape)]
pub struct UpdateAssumeRolePolicy {
    /// The role.
    pub role_name: RoleName,
    /// Who may assume the role.
    pub policy_document: PolicyDocument,
}

impl Operation for UpdateAssumeRolePolicy {
    const SPEC: Spec = Spec::iam("UpdateAssumeRolePolicy", Access::Permissions)
        .on(&[ResourceType::Role])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[
            Code::LimitExceeded,
            Code::MalformedPolicyDocument,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_SERVICE_LINKED_ROLES]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_on::<Role>(cx, self.role_name.as_str()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let role = lookup::role(cx, self.role_name.as_str()).await?;
        let limit = cx.iam().settings().quotas.assume_role_policy_size;
        let account = cx.account();
        let trust =
            trust::resolve(&mut cx.unit, account, self.policy_document.as_str(), limit).await?;
        let mut role: Role = Role::clone(&role);
        role.trust = trust.document;
        role.trust_in_force = trust.in_force;
        role.trusted = trust.trusted;
        cx.unit.put(role);
        Ok(Empty {})
    }
}

/// Deletes a role on which no policies hang any more. Its sessions end.
#[derive(Shape)]
pub struct DeleteRole {
    /// The role.
    pub role_name: RoleName,
}

impl Operation for DeleteRole {
    const SPEC: Spec = Spec::iam("DeleteRole", Access::Write)
        .on(&[ResourceType::Role])
        .keys(&["iam:PermissionsBoundary"])
        .faults(&[
            Code::ConcurrentModification,
            Code::DeleteConflict,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA, NO_SERVICE_LINKED_ROLES]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_on::<Role>(cx, self.role_name.as_str()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let role = lookup::role(cx, self.role_name.as_str()).await?;
        role.check_deletable()?;
        let scope = cx.scope();
        cx.unit.delete::<Role>(scope, role.id.as_str());
        Ok(Empty {})
    }
}
