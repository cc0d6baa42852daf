//! Managed policies and their versions.

use std::collections::BTreeMap;

use claviger_model::name::{EntityPath, PolicyName, PolicyPath, PolicyVersionId};
use claviger_model::{Arn, Code, IdKind, enum_scalar};
use claviger_shape::{Document as DocumentText, Shape};
use claviger_store::{Depends, Target as Found};

use super::page::{PageEnd, Paged};
use super::shapes::{
    PolicyDescription, PolicyDocument, PolicyShape, PolicyUses, PolicyVersionShape, TagShape,
    tags_if_any, tags_in, tags_out,
};
use super::users::SCAN;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::aws_managed::{self, AwsManagedPolicy};
use crate::cx::Cx;
use crate::entity::index::{
    ATTACHMENTS, BOUNDARIES, HolderKind, POLICIES_BY_NAME, POLICY_VERSIONS, WHOLE,
};
use crate::entity::managed_policy::PolicyVersion;
use crate::entity::{Document, Group, ManagedPolicy, PolicyId, Role, TagRules, Tags, User};
use crate::fault::Fault;
use crate::lookup;
use crate::principal::Held;
use crate::spec::unraised::{ARN_IS_VALIDATED, NO_QUOTA};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreatePolicy>(),
    entry::<GetPolicy>(),
    entry::<ListPolicies>(),
    entry::<DeletePolicy>(),
    entry::<CreatePolicyVersion>(),
    entry::<GetPolicyVersion>(),
    entry::<ListPolicyVersions>(),
    entry::<SetDefaultPolicyVersion>(),
    entry::<DeletePolicyVersion>(),
    entry::<ListEntitiesForPolicy>(),
];

enum_scalar! {
    /// Whose managed policies to list.
    PolicyScope {
        /// All.
        All = "All",
        /// AWS's.
        Aws = "AWS",
        /// The account's own.
        Local = "Local",
    }
}

enum_scalar! {
    /// What a managed policy is used for.
    PolicyUsage {
        /// To grant or deny.
        PermissionsPolicy = "PermissionsPolicy",
        /// To bound what other policies grant.
        PermissionsBoundary = "PermissionsBoundary",
    }
}

enum_scalar! {
    /// A kind of entity.
    EntityFilter {
        /// Users.
        User = "User",
        /// Roles.
        Role = "Role",
        /// Groups.
        Group = "Group",
        /// Customer-managed policies, to which no policy is attached.
        LocalManagedPolicy = "LocalManagedPolicy",
        /// AWS-managed policies, to which no policy is attached.
        AwsManagedPolicy = "AWSManagedPolicy",
    }
}

/// The managed policy of this resource name, or `None`. What is no resource name of a policy is refused.
async fn find(cx: &mut Cx<'_>, arn: &Arn) -> Result<Option<Held>, Fault> {
    lookup::check_policy_arn(arn, Code::ValidationError)?;
    lookup::managed_policy(cx, arn).await
}

/// The managed policy of this resource name, which must be there.
///
/// # Errors
/// `NoSuchEntity`; `ValidationError` for what is no resource name of a policy.
pub(super) async fn found(cx: &mut Cx<'_>, arn: &Arn) -> Result<Held, Fault> {
    find(cx, arn).await?.ok_or_else(|| missing(arn))
}

/// The check on a managed policy that may or may not be there.
///
/// # Errors
/// `ValidationError` for what is no resource name of a policy; `ServiceUnavailable`.
pub(super) async fn check_on(cx: &mut Cx<'_>, arn: &Arn) -> Result<Check, Fault> {
    let held = find(cx, arn).await?;
    // AWS-managed policies count as the account's own: each account has all of them.
    let check = Check::on(cx.account(), arn).shown(format!("policy {arn}"));
    Ok(match held {
        Some(Held::Customer(policy)) => check.tagged(&policy.tags),
        _ => check,
    })
}

fn missing(arn: &Arn) -> Fault {
    Fault::missing(format!("Policy {arn} was not found."))
}

fn missing_version(arn: &Arn, version: &PolicyVersionId) -> Fault {
    Fault::missing(format!(
        "Policy {arn} version {version} does not exist or is not attachable."
    ))
}

/// Checks a document that is to become a managed policy's.
fn check_document(cx: &Cx<'_>, document: &PolicyDocument) -> Result<Document, Fault> {
    claviger_policy::validate_identity(document.as_str())
        .map_err(|malformed| Fault::malformed_policy(malformed.message()))?;
    let document = Document::new(document.as_str());
    let limit = cx.iam().settings().quotas.policy_size;
    if document.counted_size() > limit {
        return Err(Fault::quota("PolicySize", limit));
    }
    Ok(document)
}

/// Creates a customer-managed policy with a first version, `v1`.
#[derive(Shape)]
pub struct CreatePolicy {
    /// The policy's name, unique in the account without regard to case, whatever the path.
    pub policy_name: PolicyName,
    /// Where the policy is to lie; `/` when left out.
    pub path: Option<PolicyPath>,
    /// What the policy says.
    pub policy_document: PolicyDocument,
    /// What the policy is for. Cannot be changed later.
    pub description: Option<PolicyDescription>,
    /// Up to fifty tags.
    #[shape(max = 50)]
    pub tags: Vec<TagShape>,
}

/// The answer of [`CreatePolicy`].
#[derive(Shape)]
pub struct CreatePolicyOutput {
    /// The new policy, without its description.
    pub policy: PolicyShape,
}

impl Operation for CreatePolicy {
    const SPEC: Spec = Spec::iam("CreatePolicy", Access::Permissions)
        .on(&[ResourceType::Policy])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"])
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::InvalidInput,
            Code::LimitExceeded,
            Code::MalformedPolicyDocument,
            Code::ServiceFailure,
        ]);
    type Output = CreatePolicyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let path = self.path.as_ref().map_or("/", PolicyPath::as_str);
        let arn = Arn::policy(cx.account(), path, self.policy_name.as_str());
        let check = Check::on(cx.account(), &arn);
        let mut target = Target::of(check.clone());
        if !self.tags.is_empty() {
            target = target.and(check.also("iam:TagPolicy"));
        }
        target.parameters.tags = tags_in(&self.tags);
        Ok(target)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let scope = cx.scope();
        let tags = Tags::new(tags_in(&self.tags), TagRules::ExactCase)?;
        let document = check_document(cx, &self.policy_document)?;
        let name = claviger_model::text::fold(self.policy_name.as_str());
        let taken = cx
            .unit
            .find::<ManagedPolicy>(scope, &POLICIES_BY_NAME, name.as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        if taken.is_some() {
            return Err(Fault::exists(format!(
                "A policy called {} already exists. Duplicate names are not allowed.",
                self.policy_name
            )));
        }
        let policy = ManagedPolicy {
            account: cx.account(),
            id: cx.new_id(IdKind::ManagedPolicy),
            name: self.policy_name.clone(),
            path: self.path.clone().unwrap_or_else(PolicyPath::root),
            description: self
                .description
                .as_ref()
                .map(|text| text.as_str().to_owned()),
            created: cx.now(),
            updated: cx.now(),
            versions: vec![PolicyVersion {
                number: 1,
                document,
                created: cx.now(),
            }],
            default: 1,
            highest: 1,
            tags,
        };
        let mut shape = PolicyShape::customer(&policy, PolicyUses::default());
        shape.tags = tags_if_any(&policy.tags);
        let quotas = &cx.iam().settings().quotas;
        cx.unit
            .limit(scope, &POLICIES_BY_NAME, WHOLE, quotas.policies);
        cx.unit.limit(
            scope,
            &POLICY_VERSIONS,
            WHOLE,
            quotas.policy_versions_in_use,
        );
        cx.unit.put(policy);
        Ok(CreatePolicyOutput { policy: shape })
    }
}

/// Tells about a managed policy, without its document.
#[derive(Shape)]
pub struct GetPolicy {
    /// The managed policy.
    pub policy_arn: Arn,
}

/// The answer of [`GetPolicy`].
#[derive(Shape)]
pub struct GetPolicyOutput {
    /// The policy.
    pub policy: PolicyShape,
}

impl Operation for GetPolicy {
    const SPEC: Spec = Spec::iam("GetPolicy", Access::Read)
        .on(&[ResourceType::Policy])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[ARN_IS_VALIDATED]);
    type Output = GetPolicyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let policy = match found(cx, &self.policy_arn).await? {
            Held::Customer(policy) => {
                let uses = uses_of(cx, &PolicyId::Customer(policy.id.clone())).await?;
                let mut shape = PolicyShape::customer(&policy, uses);
                shape.description.clone_from(&policy.description);
                shape.tags = Some(tags_out(&policy.tags));
                shape
            }
            Held::Aws(policy) => {
                let mut shape = aws_shape(cx, policy).await?;
                shape.tags = Some(Vec::new());
                shape
            }
            _ => return Err(missing(&self.policy_arn)),
        };
        Ok(GetPolicyOutput { policy })
    }
}

async fn uses_of(cx: &mut Cx<'_>, policy: &PolicyId) -> Result<PolicyUses, Fault> {
    let scope = cx.scope();
    PolicyUses::count(&mut cx.unit, scope, policy).await
}

async fn aws_shape(cx: &mut Cx<'_>, policy: &AwsManagedPolicy) -> Result<PolicyShape, Fault> {
    let uses = uses_of(cx, &PolicyId::Aws(policy.arn.clone())).await?;
    Ok(PolicyShape::aws(policy, uses))
}

/// Lists the managed policies that the account can attach.
#[derive(Shape)]
pub struct ListPolicies {
    /// Whose policies to list; all when left out.
    pub scope: Option<PolicyScope>,
    /// Whether to list only policies that are attached to a user, group or role of the account.
    pub only_attached: Option<bool>,
    /// Only policies whose path begins with this; all when left out.
    pub path_prefix: Option<PolicyPath>,
    /// Only policies that are used for this; all when left out. A policy that is not used at all counts as a permissions
    /// policy.
    pub policy_usage_filter: Option<PolicyUsage>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListPolicies`].
#[derive(Shape)]
pub struct ListPoliciesOutput {
    /// The policies: the account's own by name, then AWS's by path and name. Description and tags are left out:
    /// [`GetPolicy`] tells them.
    pub policies: Vec<PolicyShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

/// What the markers of [`ListPolicies`] begin with while the account's own policies are listed.
const OWN: u8 = b'l';
/// What they begin with among AWS's.
const AWS: u8 = b'w';

impl ListPolicies {
    fn wants(&self, path: &str, uses: PolicyUses) -> bool {
        let prefix = self.path_prefix.as_ref().map_or("/", PolicyPath::as_str);
        let used = match self.policy_usage_filter {
            None => true,
            Some(PolicyUsage::PermissionsPolicy) => uses.attached > 0 || uses.bounding == 0,
            Some(PolicyUsage::PermissionsBoundary) => uses.bounding > 0,
        };
        path.starts_with(prefix)
            && used
            && (uses.attached > 0 || !self.only_attached.unwrap_or(false))
    }

    /// Lists the account's own policies after a key; answers where to go on if the page is full.
    async fn own(
        &self,
        cx: &mut Cx<'_>,
        mut after: Option<Vec<u8>>,
        listed: &mut Vec<PolicyShape>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let scope = cx.scope();
        let mut scanned = 0;
        loop {
            let read = cx
                .unit
                .page::<ManagedPolicy>(
                    scope,
                    &POLICIES_BY_NAME,
                    WHOLE,
                    b"",
                    after.as_deref(),
                    self.page.limit(),
                    Depends::Nothing,
                )
                .await
                .map_err(Fault::unavailable)?;
            scanned += read.items.len();
            for (key, policy) in read.items {
                if listed.len() == self.page.limit() {
                    return Ok(Some(after.unwrap_or_default()));
                }
                let uses = uses_of(cx, &PolicyId::Customer(policy.id.clone())).await?;
                if self.wants(policy.path.as_str(), uses) {
                    listed.push(PolicyShape::customer(&policy, uses));
                }
                after = Some(key);
            }
            if !read.more {
                return Ok(None);
            }
            if scanned >= SCAN {
                return Ok(Some(after.unwrap_or_default()));
            }
        }
    }
}

impl Operation for ListPolicies {
    const SPEC: Spec = Spec::iam("ListPolicies", Access::List).faults(&[Code::ServiceFailure]);
    type Output = ListPoliciesOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        let prefix = self.path_prefix.as_ref().map_or("/", PolicyPath::as_str);
        Ok(Target::of(
            Check::on_account().shown(format!("policy path {prefix}")),
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        const LIST: &[u8] = b"policies";
        let scope = self.scope.unwrap_or(PolicyScope::All);
        let after = self.page.after(cx, LIST)?;
        let (own_after, aws_after) = match after.as_deref().and_then(<[u8]>::split_first) {
            None => (None, None),
            Some((&OWN, key)) => (Some(key.to_vec()), None),
            Some((_, key)) => (None, Some(key.to_vec())),
        };
        let mut policies = Vec::new();
        if scope != PolicyScope::Aws
            && aws_after.is_none()
            && let Some(last) = self.own(cx, own_after, &mut policies).await?
        {
            let marker = [&[OWN], last.as_slice()].concat();
            let end = PageEnd::new(cx, LIST, true, Some(&marker));
            return Ok(ListPoliciesOutput { policies, end });
        }
        let mut last = aws_after;
        if scope != PolicyScope::Local {
            for policy in aws_managed::all() {
                let key = [policy.path.as_bytes(), b"\0", policy.name.as_bytes()].concat();
                if last.as_ref().is_some_and(|last| key <= *last) {
                    continue;
                }
                if policies.len() == self.page.limit() {
                    let marker = [&[AWS], last.as_deref().unwrap_or_default()].concat();
                    let end = PageEnd::new(cx, LIST, true, Some(&marker));
                    return Ok(ListPoliciesOutput { policies, end });
                }
                let shape = aws_shape(cx, policy).await?;
                let uses = PolicyUses {
                    attached: u64::try_from(shape.attachment_count).unwrap_or(0),
                    bounding: u64::try_from(shape.permissions_boundary_usage_count).unwrap_or(0),
                };
                if self.wants(&policy.path, uses) {
                    policies.push(shape);
                }
                last = Some(key);
            }
        }
        let end = PageEnd::new(cx, LIST, false, None);
        Ok(ListPoliciesOutput { policies, end })
    }
}

/// Deletes a customer-managed policy that is attached to nothing, bounds nobody, and has no version but the default one.
#[derive(Shape)]
pub struct DeletePolicy {
    /// The managed policy.
    pub policy_arn: Arn,
}

impl Operation for DeletePolicy {
    const SPEC: Spec = Spec::iam("DeletePolicy", Access::Permissions)
        .on(&[ResourceType::Policy])
        .faults(&[
            Code::DeleteConflict,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[ARN_IS_VALIDATED, NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let Held::Customer(policy) = found(cx, &self.policy_arn).await? else {
            return Err(Fault::denied(
                "Cannot delete policies outside your own account.",
            ));
        };
        let scope = cx.scope();
        let group = policy.id.as_str().as_bytes();
        // Both counts are expected at commit, so that whoever is given the policy meanwhile makes this start over.
        let attached = cx
            .unit
            .span(scope, &ATTACHMENTS, group)
            .await
            .map_err(Fault::unavailable)?;
        let bounding = cx
            .unit
            .span(scope, &BOUNDARIES, group)
            .await
            .map_err(Fault::unavailable)?;
        policy.check_deletable(attached.count + bounding.count)?;
        cx.unit.delete::<ManagedPolicy>(scope, policy.id.as_str());
        Ok(Empty {})
    }
}

/// Adds a version to a customer-managed policy.
#[derive(Shape)]
pub struct CreatePolicyVersion {
    /// The managed policy.
    pub policy_arn: Arn,
    /// What the version says.
    pub policy_document: PolicyDocument,
    /// Whether to put the version in force at once; it is not when this is left out.
    pub set_as_default: Option<bool>,
}

/// The answer of [`CreatePolicyVersion`].
#[derive(Shape)]
pub struct CreatePolicyVersionOutput {
    /// The new version, without its document.
    pub policy_version: PolicyVersionShape,
}

impl Operation for CreatePolicyVersion {
    const SPEC: Spec = Spec::iam("CreatePolicyVersion", Access::Permissions)
        .on(&[ResourceType::Policy])
        .faults(&[
            Code::LimitExceeded,
            Code::MalformedPolicyDocument,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[ARN_IS_VALIDATED]);
    type Output = CreatePolicyVersionOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let Held::Customer(policy) = found(cx, &self.policy_arn).await? else {
            return Err(Fault::denied(
                "Cannot update policies outside your own account.",
            ));
        };
        let document = check_document(cx, &self.policy_document)?;
        let as_default = self.set_as_default.unwrap_or(false);
        let quotas = &cx.iam().settings().quotas;
        let mut policy: ManagedPolicy = ManagedPolicy::clone(&policy);
        let number =
            policy.add_version(document, as_default, cx.now(), quotas.versions_per_policy)?;
        let scope = cx.scope();
        cx.unit.limit(
            scope,
            &POLICY_VERSIONS,
            WHOLE,
            quotas.policy_versions_in_use,
        );
        cx.unit.put(policy);
        Ok(CreatePolicyVersionOutput {
            policy_version: PolicyVersionShape {
                document: None,
                version_id: PolicyVersionId::of(number),
                is_default_version: as_default,
                create_date: cx.now(),
            },
        })
    }
}

/// Tells what a version of a managed policy says.
#[derive(Shape)]
pub struct GetPolicyVersion {
    /// The managed policy.
    pub policy_arn: Arn,
    /// The version: `v1`, `v2`, …
    pub version_id: PolicyVersionId,
}

/// The answer of [`GetPolicyVersion`].
#[derive(Shape)]
pub struct GetPolicyVersionOutput {
    /// The version, with its document.
    pub policy_version: PolicyVersionShape,
}

impl Operation for GetPolicyVersion {
    const SPEC: Spec = Spec::iam("GetPolicyVersion", Access::Read)
        .on(&[ResourceType::Policy])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[ARN_IS_VALIDATED]);
    type Output = GetPolicyVersionOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let version = match find(cx, &self.policy_arn).await? {
            Some(Held::Customer(policy)) => self
                .version_id
                .number()
                .and_then(|number| policy.version(number))
                .map(|version| version_shape(&policy, version, true)),
            Some(Held::Aws(policy)) if policy.version == self.version_id => {
                Some(aws_version(policy, true))
            }
            _ => None,
        };
        let policy_version =
            version.ok_or_else(|| missing_version(&self.policy_arn, &self.version_id))?;
        Ok(GetPolicyVersionOutput { policy_version })
    }
}

fn version_shape(
    policy: &ManagedPolicy,
    version: &PolicyVersion,
    with_document: bool,
) -> PolicyVersionShape {
    PolicyVersionShape {
        document: with_document.then(|| DocumentText(version.document.text().to_owned())),
        version_id: PolicyVersionId::of(version.number),
        is_default_version: version.number == policy.default,
        create_date: version.created,
    }
}

fn aws_version(policy: &AwsManagedPolicy, with_document: bool) -> PolicyVersionShape {
    PolicyVersionShape {
        document: with_document.then(|| DocumentText(policy.document.text().to_owned())),
        version_id: policy.version.clone(),
        is_default_version: true,
        create_date: policy.updated,
    }
}

/// Lists the versions of a managed policy.
#[derive(Shape)]
pub struct ListPolicyVersions {
    /// The managed policy.
    pub policy_arn: Arn,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListPolicyVersions`].
#[derive(Shape)]
pub struct ListPolicyVersionsOutput {
    /// The versions, newest first, without their documents.
    pub versions: Vec<PolicyVersionShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListPolicyVersions {
    const SPEC: Spec = Spec::iam("ListPolicyVersions", Access::List)
        .on(&[ResourceType::Policy])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[ARN_IS_VALIDATED]);
    type Output = ListPolicyVersionsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let versions = match found(cx, &self.policy_arn).await? {
            Held::Customer(policy) => policy
                .versions
                .iter()
                .rev()
                .map(|version| version_shape(&policy, version, false))
                .collect(),
            Held::Aws(policy) => vec![aws_version(policy, false)],
            _ => Vec::new(),
        };
        let list = [b"versions/", self.policy_arn.as_str().as_bytes()].concat();
        let (versions, end) =
            self.page
                .of_list(cx, &list, versions, |version: &PolicyVersionShape| {
                    // Newest first: the higher the number, the lower the key.
                    let number = version.version_id.number().unwrap_or(0);
                    (u32::MAX - number).to_be_bytes().to_vec()
                })?;
        Ok(ListPolicyVersionsOutput { versions, end })
    }
}

/// Puts a version of a customer-managed policy in force, wherever the policy is attached or bounds.
#[derive(Shape)]
pub struct SetDefaultPolicyVersion {
    /// The managed policy.
    pub policy_arn: Arn,
    /// The version.
    pub version_id: PolicyVersionId,
}

impl Operation for SetDefaultPolicyVersion {
    const SPEC: Spec = Spec::iam("SetDefaultPolicyVersion", Access::Permissions)
        .on(&[ResourceType::Policy])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[ARN_IS_VALIDATED, NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let missing = || missing_version(&self.policy_arn, &self.version_id);
        let policy = match find(cx, &self.policy_arn).await? {
            Some(Held::Customer(policy)) => policy,
            Some(_) => {
                return Err(Fault::denied(
                    "Cannot update policies outside your own account.",
                ));
            }
            None => return Err(missing()),
        };
        let number = self.version_id.number().ok_or_else(missing)?;
        let mut policy: ManagedPolicy = ManagedPolicy::clone(&policy);
        if !policy.set_default(number, cx.now()) {
            return Err(missing());
        }
        cx.unit.put(policy);
        Ok(Empty {})
    }
}

/// Deletes a version of a customer-managed policy that is not in force.
#[derive(Shape)]
pub struct DeletePolicyVersion {
    /// The managed policy.
    pub policy_arn: Arn,
    /// The version.
    pub version_id: PolicyVersionId,
}

impl Operation for DeletePolicyVersion {
    const SPEC: Spec = Spec::iam("DeletePolicyVersion", Access::Permissions)
        .on(&[ResourceType::Policy])
        .faults(&[
            Code::DeleteConflict,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[ARN_IS_VALIDATED, NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let Held::Customer(policy) = found(cx, &self.policy_arn).await? else {
            return Err(Fault::denied(
                "Cannot delete policy versions for policies outside your own account.",
            ));
        };
        let missing = || missing_version(&self.policy_arn, &self.version_id);
        let number = self.version_id.number().ok_or_else(missing)?;
        let mut policy: ManagedPolicy = ManagedPolicy::clone(&policy);
        if !policy.delete_version(number)? {
            return Err(missing());
        }
        cx.unit.put(policy);
        Ok(Empty {})
    }
}

/// A group that a policy is attached to.
#[derive(Shape)]
pub struct PolicyGroup {
    /// The group's name.
    pub group_name: String,
    /// `AGPA…`.
    pub group_id: String,
}

/// A user whom a policy is attached to or bounds.
#[derive(Shape)]
pub struct PolicyUser {
    /// The user's name.
    pub user_name: String,
    /// `AIDA…`.
    pub user_id: String,
}

/// A role that a policy is attached to or bounds.
#[derive(Shape)]
pub struct PolicyRole {
    /// The role's name.
    pub role_name: String,
    /// `AROA…`.
    pub role_id: String,
}

/// Lists the users, groups and roles that a managed policy is attached to or bounds.
#[derive(Shape)]
pub struct ListEntitiesForPolicy {
    /// The managed policy.
    pub policy_arn: Arn,
    /// Only entities of this kind; all when left out. A policy is never attached to a policy.
    pub entity_filter: Option<EntityFilter>,
    /// Only entities whose path begins with this; all when left out.
    pub path_prefix: Option<EntityPath>,
    /// Only entities that the policy is used by in this way; all when left out.
    pub policy_usage_filter: Option<PolicyUsage>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListEntitiesForPolicy`].
#[derive(Shape, Default)]
pub struct ListEntitiesForPolicyOutput {
    /// The groups.
    pub policy_groups: Vec<PolicyGroup>,
    /// The users.
    pub policy_users: Vec<PolicyUser>,
    /// The roles.
    pub policy_roles: Vec<PolicyRole>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl ListEntitiesForPolicyOutput {
    fn len(&self) -> usize {
        self.policy_groups.len() + self.policy_users.len() + self.policy_roles.len()
    }

    /// Adds the entity that an index entry leads to, if its path begins with the prefix.
    async fn add(
        &mut self,
        cx: &mut Cx<'_>,
        key: &[u8],
        entity: &Found,
        prefix: &str,
    ) -> Result<(), Fault> {
        match HolderKind::of(key) {
            Some(HolderKind::Group) => {
                let group = cx.unit.get::<Group>(entity.scope, &entity.id).await;
                if let Some(group) = group.map_err(Fault::unavailable)?
                    && group.path.as_str().starts_with(prefix)
                {
                    self.policy_groups.push(PolicyGroup {
                        group_name: group.name.as_str().to_owned(),
                        group_id: group.id.as_str().to_owned(),
                    });
                }
            }
            Some(HolderKind::Role) => {
                let role = cx.unit.get::<Role>(entity.scope, &entity.id).await;
                if let Some(role) = role.map_err(Fault::unavailable)?
                    && role.path.as_str().starts_with(prefix)
                {
                    self.policy_roles.push(PolicyRole {
                        role_name: role.name.as_str().to_owned(),
                        role_id: role.id.as_str().to_owned(),
                    });
                }
            }
            Some(HolderKind::User) => {
                let user = cx.unit.get::<User>(entity.scope, &entity.id).await;
                if let Some(user) = user.map_err(Fault::unavailable)?
                    && user.path.as_str().starts_with(prefix)
                {
                    self.policy_users.push(PolicyUser {
                        user_name: user.name.as_str().to_owned(),
                        user_id: user.id.as_str().to_owned(),
                    });
                }
            }
            None => {}
        }
        Ok(())
    }
}

impl Operation for ListEntitiesForPolicy {
    const SPEC: Spec = Spec::iam("ListEntitiesForPolicy", Access::List)
        .on(&[ResourceType::Policy])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[ARN_IS_VALIDATED]);
    type Output = ListEntitiesForPolicyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, &self.policy_arn).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let policy = match find(cx, &self.policy_arn).await? {
            Some(Held::Customer(policy)) => PolicyId::Customer(policy.id.clone()),
            Some(Held::Aws(policy)) => PolicyId::Aws(policy.arn.clone()),
            _ => {
                return Err(Fault::missing(format!(
                    "Policy {} does not exist or is not attachable.",
                    self.policy_arn
                )));
            }
        };
        let list = [b"entities/", policy.group()].concat();
        let mut after = self.page.after(cx, &list)?;
        let mut output = ListEntitiesForPolicyOutput::default();
        let kind = match self.entity_filter {
            None => None,
            Some(EntityFilter::User) => Some(HolderKind::User),
            Some(EntityFilter::Role) => Some(HolderKind::Role),
            Some(EntityFilter::Group) => Some(HolderKind::Group),
            Some(EntityFilter::LocalManagedPolicy | EntityFilter::AwsManagedPolicy) => {
                return Ok(output);
            }
        };
        let prefix = kind.map(HolderKind::byte);
        let path = self.path_prefix.as_ref().map_or("/", EntityPath::as_str);
        let mut scanned = 0;
        loop {
            let (entities, more) = self
                .read(cx, &policy, prefix.as_slice(), after.as_deref())
                .await?;
            for (key, entity) in entities {
                if output.len() == self.page.limit() || scanned == SCAN {
                    output.end = PageEnd::new(cx, &list, true, after.as_deref());
                    return Ok(output);
                }
                output.add(cx, &key, &entity, path).await?;
                scanned += 1;
                after = Some(key);
            }
            if !more {
                return Ok(output);
            }
        }
    }
}

impl ListEntitiesForPolicy {
    /// The next entries of the indexes that are asked for, as one list, and whether more follow.
    async fn read(
        &self,
        cx: &mut Cx<'_>,
        policy: &PolicyId,
        prefix: &[u8],
        after: Option<&[u8]>,
    ) -> Result<(BTreeMap<Vec<u8>, Found>, bool), Fault> {
        let indexes = match self.policy_usage_filter {
            None => [Some(&ATTACHMENTS), Some(&BOUNDARIES)],
            Some(PolicyUsage::PermissionsPolicy) => [Some(&ATTACHMENTS), None],
            Some(PolicyUsage::PermissionsBoundary) => [None, Some(&BOUNDARIES)],
        };
        let scope = cx.scope();
        let mut entities = BTreeMap::new();
        // Beyond the last key of a list that goes on, the other list must wait, or entries would be passed over.
        let mut horizon: Option<Vec<u8>> = None;
        for index in indexes.into_iter().flatten() {
            let read = cx
                .unit
                .keys(
                    scope,
                    index,
                    policy.group(),
                    prefix,
                    after,
                    self.page.limit() + 1,
                    Depends::Nothing,
                )
                .await
                .map_err(Fault::unavailable)?;
            if read.more
                && let Some((last, _)) = read.items.last()
                && horizon.as_ref().is_none_or(|horizon| last < horizon)
            {
                horizon = Some(last.clone());
            }
            entities.extend(read.items);
        }
        let more = horizon.is_some();
        if let Some(horizon) = horizon {
            entities.retain(|key, _| *key <= horizon);
        }
        Ok((entities, more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(usage: Option<PolicyUsage>, only_attached: bool, prefix: Option<&str>) -> ListPolicies {
        ListPolicies {
            scope: None,
            only_attached: Some(only_attached),
            path_prefix: prefix.map(|text| claviger_model::Scalar::parse(text).expect("a path")),
            policy_usage_filter: usage,
            page: Paged {
                marker: None,
                max_items: None,
            },
        }
    }

    fn uses(attached: u64, bounding: u64) -> PolicyUses {
        PolicyUses { attached, bounding }
    }

    #[test]
    fn a_policy_is_listed_by_path_attachment_and_usage() {
        assert!(list(None, false, None).wants("/", uses(0, 0)));
        assert!(!list(None, true, None).wants("/", uses(0, 1)));
        assert!(list(None, true, None).wants("/", uses(1, 0)));
        assert!(list(None, false, Some("/a/")).wants("/a/b/", uses(0, 0)));
        assert!(!list(None, false, Some("/a/")).wants("/", uses(0, 0)));
        let boundary = list(Some(PolicyUsage::PermissionsBoundary), false, None);
        assert!(boundary.wants("/", uses(1, 1)));
        assert!(!boundary.wants("/", uses(1, 0)));
        let permissions = list(Some(PolicyUsage::PermissionsPolicy), false, None);
        assert!(permissions.wants("/", uses(1, 1)));
        assert!(permissions.wants("/", uses(0, 0)));
        assert!(!permissions.wants("/", uses(0, 1)));
    }
}
