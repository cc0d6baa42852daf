//! Simulation: what policies would decide, asked without doing anything (IAM user guide, "IAM policy testing with the
//! IAM policy simulator"). The evaluator, and the way in which policies are put together, are those of enforcement.

use claviger_model::scalar::Constraint::{MaxLength, MinLength};
use claviger_model::{Arn, Code, enum_scalar, text_scalar};
use claviger_policy::fold;
use claviger_shape::Shape;

use super::page::{PageEnd, Paged};
use super::shapes::PolicyDocument;
use super::{Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::principal::Held;
use crate::spec::unraised::EVALUATION_IS_TOTAL;
use crate::spec::{Access, ResourceType, Spec};

mod entries;
mod evaluate;
mod result;
mod source;

pub use entries::{ContextEntry, ContextKeyType};
pub use result::{
    DecisionType, EvaluationResult, MatchedStatement, OrganizationsDecisionDetail,
    PermissionsBoundaryDecisionDetail, PolicySourceType, Position, ResourceSpecificResult,
};
pub use source::{
    AttachmentType, InlinePolicyIdentifier, PolicyIdentifier, PolicyIdentifierPolicyType,
};

use evaluate::Simulation;
use source::Entity;
pub(crate) use source::label;

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<SimulateCustomPolicy>(),
    entry::<SimulatePrincipalPolicy>(),
    entry::<GetContextKeysForCustomPolicy>(),
    entry::<GetContextKeysForPrincipalPolicy>(),
];

text_scalar! {
    /// The name of an action, such as `s3:GetObject`: 3 to 128 characters.
    ActionName, [MaxLength(128), MinLength(3)], |_| true
}
text_scalar! {
    /// A resource name, or `*`: 1 to 2,048 characters.
    ResourceName, [MaxLength(2_048), MinLength(1)], |_| true
}
enum_scalar! {
    /// Which resources a simulation of EC2's `RunInstances` must name.
    ResourceHandlingOption {
        /// Instance, image, security group.
        Ec2ClassicInstanceStore = "EC2-Classic-InstanceStore",
        /// Instance, image, security group, volume.
        Ec2ClassicEbs = "EC2-Classic-EBS",
        /// Instance, image, security group, network interface.
        Ec2VpcInstanceStore = "EC2-VPC-InstanceStore",
        /// Instance, image, security group, network interface, subnet.
        Ec2VpcInstanceStoreSubnet = "EC2-VPC-InstanceStore-Subnet",
        /// Instance, image, security group, network interface, volume.
        Ec2VpcEbs = "EC2-VPC-EBS",
        /// Instance, image, security group, network interface, subnet, volume.
        Ec2VpcEbsSubnet = "EC2-VPC-EBS-Subnet",
    }
}

/// The service control policies of one level of an organization.
#[derive(Shape)]
pub struct OrderedOrganizationPolicyType {
    /// The policies. A level without any allows nothing.
    pub service_control_policy_input_list: Vec<PolicyDocument>,
}

/// What is simulated, whichever policies are asked.
#[derive(Shape)]
pub struct Scenario {
    /// At most one permissions boundary.
    pub permissions_boundary_policy_input_list: Vec<PolicyDocument>,
    /// The service control policies of an organization, root first, the account last.
    #[shape(max = 7)]
    pub ordered_organization_policy_input_list: Vec<OrderedOrganizationPolicyType>,
    /// The actions, without wildcards.
    #[shape(required)]
    pub action_names: Vec<ActionName>,
    /// The resources; `*` when left out.
    pub resource_arns: Vec<ResourceName>,
    /// The policy on the resources.
    pub resource_policy: Option<PolicyDocument>,
    /// The account that owns the resources whose names name none, as `arn:aws:iam::123456789012:root`; the caller's when
    /// left out.
    pub resource_owner: Option<ResourceName>,
    /// The user who is to be the caller. Required with a policy on the resources, unless the policies are a user's own.
    pub caller_arn: Option<ResourceName>,
    /// What condition keys and policy variables stand for. What is not named here and not known of the simulated caller
    /// is not part of the request, not even the present time.
    pub context_entries: Vec<ContextEntry>,
    /// Which resources must be named, for EC2's `RunInstances`.
    pub resource_handling_option: Option<ResourceHandlingOption>,
}

/// The answer of [`SimulateCustomPolicy`] and [`SimulatePrincipalPolicy`].
#[derive(Shape)]
pub struct SimulatePolicyOutput {
    /// One result for each action on each resource.
    pub evaluation_results: Vec<EvaluationResult>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

/// Tells what policies that come with the request would decide.
#[derive(Shape)]
pub struct SimulateCustomPolicy {
    /// The identity policies.
    #[shape(required)]
    pub policy_input_list: Vec<PolicyDocument>,
    /// What is simulated.
    #[shape(flatten)]
    pub scenario: Scenario,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

impl Operation for SimulateCustomPolicy {
    const SPEC: Spec = Spec::iam("SimulateCustomPolicy", Access::Read)
        .faults(&[Code::InvalidInput])
        .unraised(&[EVALUATION_IS_TOTAL]);
    type Output = SimulatePolicyOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut simulation = Simulation::of_nobody(cx.account());
        simulation.add_passed(&self.policy_input_list)?;
        simulation.set(&self.scenario)?;
        simulation.page(cx, &self.page, self).await
    }
}

/// Tells what the policies of a user, group or role would decide: those that it has, with those of a user's groups, and
/// those that come with the request.
#[derive(Shape)]
pub struct SimulatePrincipalPolicy {
    /// The user, group or role.
    pub policy_source_arn: Arn,
    /// Further identity policies.
    pub policy_input_list: Vec<PolicyDocument>,
    /// Policies of the entity that are to be left out.
    #[shape(max = 256)]
    pub policy_exclusion_list: Vec<PolicyIdentifier>,
    /// What is simulated.
    #[shape(flatten)]
    pub scenario: Scenario,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

impl Operation for SimulatePrincipalPolicy {
    const SPEC: Spec = Spec::iam("SimulatePrincipalPolicy", Access::Read)
        .on(&[ResourceType::Group, ResourceType::Role, ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity])
        .unraised(&[EVALUATION_IS_TOTAL]);
    type Output = SimulatePolicyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            source::check(cx, &self.policy_source_arn).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let entity = source::entity(cx, &self.policy_source_arn).await?;
        let mut simulation =
            Simulation::of_entity(cx, &entity, &self.policy_exclusion_list).await?;
        simulation.add_passed(&self.policy_input_list)?;
        simulation.set(&self.scenario)?;
        simulation.page(cx, &self.page, self).await
    }
}

/// The answer of [`GetContextKeysForCustomPolicy`] and [`GetContextKeysForPrincipalPolicy`].
#[derive(Shape)]
pub struct GetContextKeysForPolicyOutput {
    /// The condition keys that the policies ask for, in conditions and in variables, each once.
    pub context_key_names: Vec<String>,
}

/// The keys that the policies ask for. A key is the same in any case.
fn keys_of<'p>(policies: impl Iterator<Item = &'p Held>) -> GetContextKeysForPolicyOutput {
    let mut seen = std::collections::HashSet::new();
    let mut context_key_names = Vec::new();
    for held in policies {
        for key in held.policy().context_keys() {
            if seen.insert(fold::fold(key)) {
                context_key_names.push(key.to_owned());
            }
        }
    }
    GetContextKeysForPolicyOutput { context_key_names }
}

/// Lists the condition keys that policies ask for which come with the request.
#[derive(Shape)]
pub struct GetContextKeysForCustomPolicy {
    /// The policies.
    #[shape(required)]
    pub policy_input_list: Vec<PolicyDocument>,
}

impl Operation for GetContextKeysForCustomPolicy {
    const SPEC: Spec =
        Spec::iam("GetContextKeysForCustomPolicy", Access::Read).faults(&[Code::InvalidInput]);
    type Output = GetContextKeysForPolicyOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, _: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        Ok(keys_of(source::passed(&self.policy_input_list)?.iter()))
    }
}

/// Lists the condition keys that the policies of a user, group or role ask for: those that it has, with those of a
/// user's groups and the permissions boundary, and those that come with the request.
#[derive(Shape)]
pub struct GetContextKeysForPrincipalPolicy {
    /// The user, group or role.
    pub policy_source_arn: Arn,
    /// Further policies.
    pub policy_input_list: Vec<PolicyDocument>,
}

impl Operation for GetContextKeysForPrincipalPolicy {
    const SPEC: Spec = Spec::iam("GetContextKeysForPrincipalPolicy", Access::Read)
        .on(&[ResourceType::Group, ResourceType::Role, ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity]);
    type Output = GetContextKeysForPolicyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            source::check(cx, &self.policy_source_arn).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let entity: Entity = source::entity(cx, &self.policy_source_arn).await?;
        let own = entity.policies(cx).await?;
        let boundary = entity.boundary(cx).await?;
        let passed = source::passed(&self.policy_input_list)?;
        Ok(keys_of(own.iter().chain(&boundary).chain(&passed)))
    }
}
