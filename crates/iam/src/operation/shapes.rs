//! Structures that the answers of several families hold (API reference, "Data Types").

use claviger_model::name::{EntityPath, PolicyName, PolicyVersionId};
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{Arn, Tag, TagKey, TagValue, Timestamp, text, text_scalar};
use claviger_shape::{Document, Shape};
use claviger_store::{Scope, Unit};
use zeroize::Zeroize;

use crate::aws_managed::{self, AwsManagedPolicy};
use crate::entity::index::{ATTACHMENTS, BOUNDARIES};
use crate::entity::policies::PolicyId;
use crate::entity::{Group, ManagedPolicy, Role, Tags, User};
use crate::fault::Fault;

/// A tag.
#[derive(Shape, Clone)]
#[shape(name = "Tag")]
pub struct TagShape {
    /// The key: 1 to 128 letters, digits, spaces and `_.:/=+-@`.
    pub key: TagKey,
    /// The value: 0 to 256 of the same characters.
    pub value: TagValue,
}

impl From<&Tag> for TagShape {
    fn from(tag: &Tag) -> Self {
        Self {
            key: tag.key.clone(),
            value: tag.value.clone(),
        }
    }
}

/// The tags of a request, as entities keep them.
#[must_use]
pub fn tags_in(tags: &[TagShape]) -> Vec<Tag> {
    tags.iter()
        .map(|tag| Tag {
            key: tag.key.clone(),
            value: tag.value.clone(),
        })
        .collect()
}

/// The tags of an entity, in stored order.
#[must_use]
pub fn tags_out(tags: &Tags) -> Vec<TagShape> {
    tags.iter().map(TagShape::from).collect()
}

/// The tags of an entity, left out where there are none.
#[must_use]
pub fn tags_if_any(tags: &Tags) -> Option<Vec<TagShape>> {
    (!tags.is_empty()).then(|| tags_out(tags))
}

/// The permissions boundary of a user or role.
#[derive(Shape, Clone)]
pub struct AttachedPermissionsBoundary {
    /// Always `Policy`.
    pub permissions_boundary_type: String,
    /// The managed policy that is the boundary.
    pub permissions_boundary_arn: Arn,
}

impl AttachedPermissionsBoundary {
    /// The boundary of this resource name.
    #[must_use]
    pub fn of(arn: Arn) -> Self {
        Self {
            permissions_boundary_type: String::from("Policy"),
            permissions_boundary_arn: arn,
        }
    }
}

/// The resource name of the policy that an entity refers to by id.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn policy_arn(
    unit: &mut Unit,
    scope: Scope,
    policy: &PolicyId,
) -> Result<Option<(Arn, String)>, Fault> {
    match policy {
        PolicyId::Aws(arn) => Ok(aws_managed::by_arn(arn.as_str())
            .map(|policy| (policy.arn.clone(), policy.name.clone()))),
        PolicyId::Customer(id) => {
            let policy = unit
                .get::<ManagedPolicy>(scope, id.as_str())
                .await
                .map_err(Fault::unavailable)?;
            Ok(policy.map(|policy| (policy.arn(), policy.name.as_str().to_owned())))
        }
    }
}

/// The boundary that an entity has, as answers show it.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn boundary_out(
    unit: &mut Unit,
    scope: Scope,
    policy: Option<&PolicyId>,
) -> Result<Option<AttachedPermissionsBoundary>, Fault> {
    let Some(policy) = policy else {
        return Ok(None);
    };
    Ok(policy_arn(unit, scope, policy)
        .await?
        .map(|(arn, _)| AttachedPermissionsBoundary::of(arn)))
}

/// A user.
#[derive(Shape, Clone)]
#[shape(name = "User")]
pub struct UserShape {
    /// Where the user lies.
    pub path: EntityPath,
    /// The user's name; root has none.
    pub user_name: Option<String>,
    /// `AIDA…`; for root the account's number.
    pub user_id: String,
    /// The user's resource name.
    pub arn: Arn,
    /// When the user was made.
    pub create_date: Timestamp,
    /// When the user last signed in with the password.
    pub password_last_used: Option<Timestamp>,
    /// The user's permissions boundary.
    pub permissions_boundary: Option<AttachedPermissionsBoundary>,
    /// The user's tags. Lists leave them out.
    pub tags: Option<Vec<TagShape>>,
}

impl UserShape {
    /// The user as lists show it: without boundary and tags.
    #[must_use]
    pub fn listed(user: &User) -> Self {
        Self {
            path: user.path.clone(),
            user_name: Some(user.name.as_str().to_owned()),
            user_id: user.id.as_str().to_owned(),
            arn: user.arn(),
            create_date: user.created,
            password_last_used: None,
            permissions_boundary: None,
            tags: None,
        }
    }
}

/// A group.
#[derive(Shape, Clone)]
#[shape(name = "Group")]
pub struct GroupShape {
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
}

impl From<&Group> for GroupShape {
    fn from(group: &Group) -> Self {
        Self {
            path: group.path.clone(),
            group_name: group.name.as_str().to_owned(),
            group_id: group.id.as_str().to_owned(),
            arn: group.arn(),
            create_date: group.created,
        }
    }
}

/// A managed policy that is attached to something.
#[derive(Shape, Clone)]
pub struct AttachedPolicy {
    /// The policy's name.
    pub policy_name: PolicyName,
    /// The policy's resource name.
    pub policy_arn: Arn,
}

text_scalar! {
    /// A policy document as a request brings it: 1 to 131,072 characters of Latin-1 (API reference, `PutUserPolicy`).
    PolicyDocument,
    [MaxLength(131_072), MinLength(1), Pattern(r"[\u0009\u000A\u000D\u0020-\u00FF]+")],
    text::is_latin_document
}
text_scalar! {
    /// What a managed policy is for: up to 1,000 characters.
    PolicyDescription, [MaxLength(1_000)], |_| true
}
text_scalar! {
    /// What a role is for: up to 1,000 characters.
    RoleDescription,
    [MaxLength(1_000), Pattern(r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*")],
    text::is_printable_latin
}

text_scalar! {
    in Box<str>;
    /// A certificate in PEM as a request brings it: 1 to 16,384 characters of Latin-1.
    CertificateBody,
    [MaxLength(16_384), MinLength(1), Pattern(r"[\u0009\u000A\u000D\u0020-\u00FF]+")],
    text::is_latin_document
}

// SECURITY: a private key is pasted into the wrong place now and then. What may hold one is treated as one.
impl Zeroize for CertificateBody {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A role.
#[derive(Shape, Clone)]
#[shape(name = "Role")]
pub struct RoleShape {
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
    /// Who may assume the role. A principal that was deleted is shown by its unique id.
    pub assume_role_policy_document: Option<Document>,
    /// What the role is for.
    pub description: Option<String>,
    /// Seconds that a session of the role may last.
    pub max_session_duration: Option<i32>,
    /// The role's permissions boundary. Lists leave it out.
    pub permissions_boundary: Option<AttachedPermissionsBoundary>,
    /// The role's tags. Lists leave them out.
    pub tags: Option<Vec<TagShape>>,
    /// When the role was last used. Only `GetRole` tells it.
    pub role_last_used: Option<RoleLastUsed>,
}

impl RoleShape {
    /// The role as lists show it. `trust` is its trust policy as it is shown now.
    #[must_use]
    pub fn listed(role: &Role, trust: String) -> Self {
        Self {
            path: role.path.clone(),
            role_name: role.name.as_str().to_owned(),
            role_id: role.id.as_str().to_owned(),
            arn: role.arn(),
            create_date: role.created,
            assume_role_policy_document: Some(Document(trust)),
            description: role.description.clone(),
            max_session_duration: Some(role.max_session_seconds),
            permissions_boundary: None,
            tags: None,
            role_last_used: None,
        }
    }
}

/// When and where a role was last used; both members are absent for one that never was.
#[derive(Shape, Clone)]
pub struct RoleLastUsed {
    /// When.
    pub last_used_date: Option<Timestamp>,
    /// The region that the request was signed for.
    pub region: Option<String>,
}

/// A managed policy.
#[derive(Shape, Clone)]
#[shape(name = "Policy")]
pub struct PolicyShape {
    /// The policy's name.
    pub policy_name: String,
    /// `ANPA…`.
    pub policy_id: String,
    /// The policy's resource name.
    pub arn: Arn,
    /// Where the policy lies.
    pub path: String,
    /// The version in force.
    pub default_version_id: PolicyVersionId,
    /// How many users, groups and roles of the account the policy is attached to.
    pub attachment_count: i32,
    /// How many users and roles of the account have the policy as permissions boundary.
    pub permissions_boundary_usage_count: i32,
    /// Always true.
    pub is_attachable: bool,
    /// What the policy is for. Lists leave it out.
    pub description: Option<String>,
    /// When the policy was made.
    pub create_date: Timestamp,
    /// When a version was last made or put in force.
    pub update_date: Timestamp,
    /// The policy's tags. Lists leave them out.
    pub tags: Option<Vec<TagShape>>,
}

/// How often a managed policy is used in an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyUses {
    /// Users, groups and roles that it is attached to.
    pub attached: u64,
    /// Users and roles that it bounds.
    pub bounding: u64,
}

impl PolicyUses {
    /// Counts the uses of a policy, for showing.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub async fn count(unit: &mut Unit, scope: Scope, policy: &PolicyId) -> Result<Self, Fault> {
        Ok(Self {
            attached: unit
                .count(scope, &ATTACHMENTS, policy.group())
                .await
                .map_err(Fault::unavailable)?,
            bounding: unit
                .count(scope, &BOUNDARIES, policy.group())
                .await
                .map_err(Fault::unavailable)?,
        })
    }
}

impl PolicyShape {
    /// A customer-managed policy as lists show it.
    #[must_use]
    pub fn customer(policy: &ManagedPolicy, uses: PolicyUses) -> Self {
        Self {
            policy_name: policy.name.as_str().to_owned(),
            policy_id: policy.id.as_str().to_owned(),
            arn: policy.arn(),
            path: policy.path.as_str().to_owned(),
            default_version_id: policy.default_version_id(),
            attachment_count: small(uses.attached),
            permissions_boundary_usage_count: small(uses.bounding),
            is_attachable: true,
            description: None,
            create_date: policy.created,
            update_date: policy.updated,
            tags: None,
        }
    }

    /// An AWS-managed policy as lists show it.
    #[must_use]
    pub fn aws(policy: &AwsManagedPolicy, uses: PolicyUses) -> Self {
        Self {
            policy_name: policy.name.clone(),
            policy_id: policy.id.clone(),
            arn: policy.arn.clone(),
            path: policy.path.clone(),
            default_version_id: policy.version.clone(),
            attachment_count: small(uses.attached),
            permissions_boundary_usage_count: small(uses.bounding),
            is_attachable: true,
            description: None,
            create_date: policy.created,
            update_date: policy.updated,
            tags: None,
        }
    }
}

/// A count as AWS's model holds it.
fn small(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A version of a managed policy.
#[derive(Shape, Clone)]
#[shape(name = "PolicyVersion")]
pub struct PolicyVersionShape {
    /// What the version says. Lists leave it out.
    pub document: Option<Document>,
    /// `v1`, `v2`, …
    pub version_id: PolicyVersionId,
    /// Whether it is the version in force.
    pub is_default_version: bool,
    /// When it was made.
    pub create_date: Timestamp,
}
