//! Everything about permissions in the account at one go: users, groups, roles and policies with their documents.

use std::sync::Arc;

use claviger_model::name::EntityPath;
use claviger_model::{Arn, Code, Timestamp, enum_scalar};
use claviger_shape::{Document, Shape};
use claviger_store::{Depends, Index, MarkKey, Record, Stored};

use super::page::{PageEnd, Paged};
use super::shapes::{
    AttachedPermissionsBoundary, AttachedPolicy, PolicyShape, PolicyUses, PolicyVersionShape,
    RoleLastUsed, RoleShape, TagShape, boundary_out, policy_arn, tags_out,
};
use super::users::stored_name;
use super::{Entry, Operation, entry};
use crate::authenticate::ROLE_USED;
use crate::authorize::{Check, Target};
use crate::aws_managed::{self, AwsManagedPolicy};
use crate::cx::Cx;
use crate::entity::index::{GROUPS_BY_NAME, POLICIES_BY_NAME, ROLES_BY_NAME, USERS_BY_NAME, WHOLE};
use crate::entity::policies::{Attachments, InlinePolicies};
use crate::entity::{Group, ManagedPolicy, PolicyId, Role, User};
use crate::fault::Fault;
use crate::spec::{Access, Spec};
use crate::trust;

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<GetAccountAuthorizationDetails>()];

enum_scalar! {
    /// A kind of entity to tell about.
    EntityType {
        /// Users.
        User = "User",
        /// Roles.
        Role = "Role",
        /// Groups.
        Group = "Group",
        /// Customer-managed policies.
        LocalManagedPolicy = "LocalManagedPolicy",
        /// AWS-managed policies.
        AWSManagedPolicy = "AWSManagedPolicy",
    }
}

/// An inline policy.
#[derive(Shape)]
pub struct PolicyDetail {
    /// The policy's name.
    pub policy_name: String,
    /// The policy's document.
    pub policy_document: Document,
}

/// A user with everything that bears on the user's permissions.
#[derive(Shape)]
pub struct UserDetail {
    /// Where the user lies.
    pub path: EntityPath,
    /// The user's name.
    pub user_name: String,
    /// `AIDA…`.
    pub user_id: String,
    /// The user's resource name.
    pub arn: Arn,
    /// When the user was made.
    pub create_date: Timestamp,
    /// The user's inline policies; left out where there are none.
    pub user_policy_list: Option<Vec<PolicyDetail>>,
    /// The names of the groups that the user is in.
    pub group_list: Vec<String>,
    /// The managed policies attached to the user.
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// The user's permissions boundary.
    pub permissions_boundary: Option<AttachedPermissionsBoundary>,
    /// The user's tags.
    pub tags: Vec<TagShape>,
}

/// A group with its policies.
#[derive(Shape)]
pub struct GroupDetail {
    /// Where the group lies.
    pub path: EntityPath,
    /// The group's name.
    pub group_name: String,
    /// `AGPA…`.
    pub group_id: String,
    /// The group's resource name.
    pub arn: Arn,
    /// When the group was made.
    pub create_date: Timestamp,
    /// The group's inline policies.
    pub group_policy_list: Vec<PolicyDetail>,
    /// The managed policies attached to the group.
    pub attached_managed_policies: Vec<AttachedPolicy>,
}

/// An instance profile: a container for a role. This server has none yet.
#[derive(Shape)]
pub struct InstanceProfile {
    /// Where the instance profile lies.
    pub path: EntityPath,
    /// The instance profile's name.
    pub instance_profile_name: String,
    /// `AIPA…`.
    pub instance_profile_id: String,
    /// The instance profile's resource name.
    pub arn: Arn,
    /// When the instance profile was made.
    pub create_date: Timestamp,
    /// The role in it.
    pub roles: Vec<RoleShape>,
    /// The instance profile's tags.
    pub tags: Option<Vec<TagShape>>,
}

/// A role with its policies.
#[derive(Shape)]
pub struct RoleDetail {
    /// Where the role lies.
    pub path: EntityPath,
    /// The role's name.
    pub role_name: String,
    /// `AROA…`.
    pub role_id: String,
    /// The role's resource name.
    pub arn: Arn,
    /// When the role was made.
    pub create_date: Timestamp,
    /// Who may assume the role.
    pub assume_role_policy_document: Document,
    /// The instance profiles that hold the role.
    pub instance_profile_list: Vec<InstanceProfile>,
    /// The role's inline policies.
    pub role_policy_list: Vec<PolicyDetail>,
    /// The managed policies attached to the role.
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// The role's permissions boundary.
    pub permissions_boundary: Option<AttachedPermissionsBoundary>,
    /// The role's tags.
    pub tags: Vec<TagShape>,
    /// When the role was last used; empty where it never was.
    pub role_last_used: RoleLastUsed,
}

/// A managed policy with its versions.
#[derive(Shape)]
pub struct ManagedPolicyDetail {
    /// The policy's name.
    pub policy_name: String,
    /// `ANPA…`.
    pub policy_id: String,
    /// The policy's resource name.
    pub arn: Arn,
    /// Where the policy lies.
    pub path: String,
    /// The version in force.
    pub default_version_id: String,
    /// How many users, groups and roles of the account the policy is attached to.
    pub attachment_count: i32,
    /// How many users and roles of the account have the policy as permissions boundary.
    pub permissions_boundary_usage_count: i32,
    /// Always true.
    pub is_attachable: bool,
    /// What the policy is for.
    pub description: Option<String>,
    /// When the policy was made.
    pub create_date: Timestamp,
    /// When a version was last made or put in force.
    pub update_date: Timestamp,
    /// The versions, newest first, with their documents.
    pub policy_version_list: Vec<PolicyVersionShape>,
}

impl ManagedPolicyDetail {
    fn new(
        policy: PolicyShape,
        description: Option<String>,
        versions: Vec<PolicyVersionShape>,
    ) -> Self {
        Self {
            policy_name: policy.policy_name,
            policy_id: policy.policy_id,
            arn: policy.arn,
            path: policy.path,
            default_version_id: policy.default_version_id.as_str().to_owned(),
            attachment_count: policy.attachment_count,
            permissions_boundary_usage_count: policy.permissions_boundary_usage_count,
            is_attachable: policy.is_attachable,
            description,
            create_date: policy.create_date,
            update_date: policy.update_date,
            policy_version_list: versions,
        }
    }

    fn customer(policy: &ManagedPolicy, uses: PolicyUses) -> Self {
        let versions = policy
            .versions
            .iter()
            .rev()
            .map(|version| PolicyVersionShape {
                document: Some(Document(version.document.text().to_owned())),
                version_id: claviger_model::name::PolicyVersionId::of(version.number),
                is_default_version: version.number == policy.default,
                create_date: version.created,
            })
            .collect();
        Self::new(
            PolicyShape::customer(policy, uses),
            policy.description.clone(),
            versions,
        )
    }

    fn aws(policy: &AwsManagedPolicy, uses: PolicyUses) -> Self {
        let version = PolicyVersionShape {
            document: Some(Document(policy.document.text().to_owned())),
            version_id: policy.version.clone(),
            is_default_version: true,
            create_date: policy.updated,
        };
        Self::new(PolicyShape::aws(policy, uses), None, vec![version])
    }
}

/// Tells about users, groups, roles and policies of the account, with their relations and documents.
#[derive(Shape)]
pub struct GetAccountAuthorizationDetails {
    /// Only entities of these kinds; all when left out.
    pub filter: Vec<EntityType>,
    /// Which page. Its items are shared among the four lists.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`GetAccountAuthorizationDetails`].
#[derive(Shape)]
pub struct GetAccountAuthorizationDetailsOutput {
    /// Users.
    pub user_detail_list: Vec<UserDetail>,
    /// Groups.
    pub group_detail_list: Vec<GroupDetail>,
    /// Roles.
    pub role_detail_list: Vec<RoleDetail>,
    /// Customer-managed policies, and those AWS-managed ones that the account uses.
    pub policies: Vec<ManagedPolicyDetail>,
    /// Whether more follow, in whichever list.
    #[shape(flatten)]
    pub end: PageEnd,
}

/// An entity on the page.
enum Found {
    User(Arc<Stored<User>>),
    Group(Arc<Stored<Group>>),
    Role(Arc<Stored<Role>>),
    Customer(Arc<Stored<ManagedPolicy>>),
    Aws(&'static Arc<AwsManagedPolicy>, PolicyUses),
}

/// The kinds in the order in which pages go through them. The place is the first byte of a marker's key.
const ORDER: [EntityType; 5] = [
    EntityType::User,
    EntityType::Group,
    EntityType::Role,
    EntityType::LocalManagedPolicy,
    EntityType::AWSManagedPolicy,
];

/// Where a page goes on within a kind: `None` where the kind is done.
fn resume(section: u8, after: Option<&[u8]>) -> Option<Option<Vec<u8>>> {
    match after.and_then(<[u8]>::split_first) {
        None => Some(None),
        Some((&at, _)) if at > section => None,
        Some((&at, key)) if at == section => Some(Some(key.to_vec())),
        Some(_) => Some(None),
    }
}

fn key(section: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = vec![section];
    key.extend_from_slice(rest);
    key
}

/// Adds the records of one kind, up to `room` items in all.
async fn add<R: Record>(
    cx: &mut Cx<'_>,
    index: &'static Index,
    section: u8,
    mut after: Option<Vec<u8>>,
    room: usize,
    found: &mut Vec<(Vec<u8>, Found)>,
    wrap: impl Fn(Arc<Stored<R>>) -> Found,
) -> Result<(), Fault> {
    let scope = cx.scope();
    while found.len() < room {
        let read = cx
            .unit
            .page::<R>(
                scope,
                index,
                WHOLE,
                b"",
                after.as_deref(),
                room - found.len(),
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        for (at, record) in read.items {
            found.push((key(section, &at), wrap(record)));
            after = Some(at);
        }
        if !read.more {
            break;
        }
    }
    Ok(())
}

/// Adds the AWS-managed policies that the account uses.
async fn add_aws(
    cx: &mut Cx<'_>,
    section: u8,
    after: Option<Vec<u8>>,
    room: usize,
    found: &mut Vec<(Vec<u8>, Found)>,
) -> Result<(), Fault> {
    let scope = cx.scope();
    for (place, policy) in (0u32..).zip(aws_managed::all()) {
        let at = place.to_be_bytes();
        if after.as_deref().is_some_and(|after| at.as_slice() <= after) {
            continue;
        }
        if found.len() >= room {
            break;
        }
        let uses =
            PolicyUses::count(&mut cx.unit, scope, &PolicyId::Aws(policy.arn.clone())).await?;
        if uses != PolicyUses::default() {
            found.push((key(section, &at), Found::Aws(policy, uses)));
        }
    }
    Ok(())
}

fn inline_out(policies: &InlinePolicies) -> Vec<PolicyDetail> {
    policies
        .iter()
        .map(|policy| PolicyDetail {
            policy_name: policy.name.as_str().to_owned(),
            policy_document: Document(policy.document.text().to_owned()),
        })
        .collect()
}

async fn attached_out(
    cx: &mut Cx<'_>,
    attached: &Attachments,
) -> Result<Vec<AttachedPolicy>, Fault> {
    let scope = cx.scope();
    let mut policies = Vec::new();
    for attachment in attached.iter() {
        if let Some((policy_arn, name)) =
            policy_arn(&mut cx.unit, scope, &attachment.policy).await?
        {
            policies.push(AttachedPolicy {
                policy_name: stored_name(&name)?,
                policy_arn,
            });
        }
    }
    Ok(policies)
}

async fn user_out(cx: &mut Cx<'_>, user: &User) -> Result<UserDetail, Fault> {
    let scope = cx.scope();
    let mut group_list = Vec::new();
    for membership in &user.groups {
        let group = cx
            .unit
            .get::<Group>(scope, membership.group.as_str())
            .await
            .map_err(Fault::unavailable)?;
        group_list.extend(group.map(|group| group.name.as_str().to_owned()));
    }
    group_list.sort_by_key(|name| claviger_model::text::fold(name));
    Ok(UserDetail {
        path: user.path.clone(),
        user_name: user.name.as_str().to_owned(),
        user_id: user.id.as_str().to_owned(),
        arn: user.arn(),
        create_date: user.created,
        user_policy_list: (!user.inline.is_empty()).then(|| inline_out(&user.inline)),
        group_list,
        attached_managed_policies: attached_out(cx, &user.attached).await?,
        permissions_boundary: boundary_out(&mut cx.unit, scope, user.boundary.as_ref()).await?,
        tags: tags_out(&user.tags),
    })
}

async fn group_out(cx: &mut Cx<'_>, group: &Group) -> Result<GroupDetail, Fault> {
    Ok(GroupDetail {
        path: group.path.clone(),
        group_name: group.name.as_str().to_owned(),
        group_id: group.id.as_str().to_owned(),
        arn: group.arn(),
        create_date: group.created,
        group_policy_list: inline_out(&group.inline),
        attached_managed_policies: attached_out(cx, &group.attached).await?,
    })
}

async fn role_out(cx: &mut Cx<'_>, role: &Role) -> Result<RoleDetail, Fault> {
    let scope = cx.scope();
    let mark = MarkKey::new(scope, ROLE_USED, role.id.as_str());
    let mark = cx
        .iam()
        .store()
        .mark(&mark)
        .await
        .map_err(Fault::unavailable)?;
    Ok(RoleDetail {
        path: role.path.clone(),
        role_name: role.name.as_str().to_owned(),
        role_id: role.id.as_str().to_owned(),
        arn: role.arn(),
        create_date: role.created,
        assume_role_policy_document: Document(trust::shown(&mut cx.unit, role).await?),
        instance_profile_list: Vec::new(),
        role_policy_list: inline_out(&role.inline),
        attached_managed_policies: attached_out(cx, &role.attached).await?,
        permissions_boundary: boundary_out(&mut cx.unit, scope, role.boundary.as_ref()).await?,
        tags: tags_out(&role.tags),
        role_last_used: RoleLastUsed {
            last_used_date: mark.as_ref().map(|mark| Timestamp::from_micros(mark.value)),
            region: mark.map(|mark| mark.detail),
        },
    })
}

impl GetAccountAuthorizationDetails {
    /// The entities after a marker's key, up to `room`.
    async fn gather(
        &self,
        cx: &mut Cx<'_>,
        after: Option<&[u8]>,
        room: usize,
    ) -> Result<Vec<(Vec<u8>, Found)>, Fault> {
        let mut found = Vec::new();
        for (section, kind) in (0u8..).zip(ORDER) {
            if found.len() >= room {
                break;
            }
            if !self.filter.is_empty() && !self.filter.contains(&kind) {
                continue;
            }
            let Some(after) = resume(section, after) else {
                continue;
            };
            match kind {
                EntityType::User => {
                    add(
                        cx,
                        &USERS_BY_NAME,
                        section,
                        after,
                        room,
                        &mut found,
                        Found::User,
                    )
                    .await?
                }
                EntityType::Group => {
                    add(
                        cx,
                        &GROUPS_BY_NAME,
                        section,
                        after,
                        room,
                        &mut found,
                        Found::Group,
                    )
                    .await?
                }
                EntityType::Role => {
                    add(
                        cx,
                        &ROLES_BY_NAME,
                        section,
                        after,
                        room,
                        &mut found,
                        Found::Role,
                    )
                    .await?
                }
                EntityType::LocalManagedPolicy => {
                    add(
                        cx,
                        &POLICIES_BY_NAME,
                        section,
                        after,
                        room,
                        &mut found,
                        Found::Customer,
                    )
                    .await?;
                }
                EntityType::AWSManagedPolicy => {
                    add_aws(cx, section, after, room, &mut found).await?
                }
            }
        }
        Ok(found)
    }
}

impl Operation for GetAccountAuthorizationDetails {
    const SPEC: Spec =
        Spec::iam("GetAccountAuthorizationDetails", Access::Read).faults(&[Code::ServiceFailure]);
    type Output = GetAccountAuthorizationDetailsOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut list = b"authorization_details/".to_vec();
        list.extend(
            self.filter
                .iter()
                .flat_map(|kind| kind.as_str().bytes().chain([b'/'])),
        );
        let after = self.page.after(cx, &list)?;
        let limit = self.page.limit();
        let mut found = self.gather(cx, after.as_deref(), limit + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().map(|(key, _)| key.clone());
        let mut output = GetAccountAuthorizationDetailsOutput {
            user_detail_list: Vec::new(),
            group_detail_list: Vec::new(),
            role_detail_list: Vec::new(),
            policies: Vec::new(),
            end: PageEnd::new(cx, &list, more, last.as_deref()),
        };
        let scope = cx.scope();
        for (_, item) in &found {
            match item {
                Found::User(user) => output.user_detail_list.push(user_out(cx, user).await?),
                Found::Group(group) => output.group_detail_list.push(group_out(cx, group).await?),
                Found::Role(role) => output.role_detail_list.push(role_out(cx, role).await?),
                Found::Customer(policy) => {
                    let uses = PolicyUses::count(
                        &mut cx.unit,
                        scope,
                        &PolicyId::Customer(policy.id.clone()),
                    )
                    .await?;
                    output
                        .policies
                        .push(ManagedPolicyDetail::customer(policy, uses));
                }
                Found::Aws(policy, uses) => output
                    .policies
                    .push(ManagedPolicyDetail::aws(policy, *uses)),
            }
        }
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_in_its_kind_and_leaves_out_those_before() {
        assert_eq!(resume(0, None), Some(None));
        let after = key(1, b"name");
        assert_eq!(resume(0, Some(&after)), None);
        assert_eq!(resume(1, Some(&after)), Some(Some(b"name".to_vec())));
        assert_eq!(resume(2, Some(&after)), Some(None));
    }

    #[test]
    fn every_kind_has_its_place() {
        for kind in [
            EntityType::User,
            EntityType::Role,
            EntityType::Group,
            EntityType::LocalManagedPolicy,
            EntityType::AWSManagedPolicy,
        ] {
            assert!(ORDER.contains(&kind));
        }
    }
}
