//! What a simulation answers (API reference, `EvaluationResult`).

use std::collections::BTreeMap;

use claviger_model::enum_scalar;
use claviger_policy::{Answer, Decision};
use claviger_shape::Shape;

enum_scalar! {
    /// A decision.
    DecisionType {
        /// Something allows, and nothing denies.
        Allowed = "allowed",
        /// A Deny matches.
        ExplicitDeny = "explicitDeny",
        /// Nothing matches that would suffice.
        ImplicitDeny = "implicitDeny",
    }
}

impl From<Decision> for DecisionType {
    fn from(decision: Decision) -> Self {
        if decision.is_allow() {
            Self::Allowed
        } else if decision.is_explicit_deny() {
            Self::ExplicitDeny
        } else {
            Self::ImplicitDeny
        }
    }
}

impl From<Answer> for DecisionType {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Allow => Self::Allowed,
            Answer::ExplicitDeny => Self::ExplicitDeny,
            Answer::ImplicitDeny => Self::ImplicitDeny,
        }
    }
}

enum_scalar! {
    /// Where a policy comes from.
    PolicySourceType {
        /// Inline in a user.
        User = "user",
        /// Inline in a group.
        Group = "group",
        /// Inline in a role.
        Role = "role",
        /// An AWS-managed policy.
        AwsManaged = "aws-managed",
        /// A customer-managed policy.
        UserManaged = "user-managed",
        /// The policy on the resource.
        Resource = "resource",
        /// The request.
        None = "none",
    }
}

/// A place in a document.
#[derive(Shape, Clone)]
pub struct Position {
    /// The line, counted from 1.
    pub line: i32,
    /// The column, one past its place counted from 1, as AWS answers it.
    pub column: i32,
}

impl From<claviger_policy::Position> for Position {
    fn from(position: claviger_policy::Position) -> Self {
        let small = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        Self {
            line: small(position.line),
            column: small(position.simulator_column()),
        }
    }
}

/// A statement that decided.
#[derive(Shape, Clone)]
#[shape(name = "Statement")]
pub struct MatchedStatement {
    /// The policy: its name, `user_alice_name` for an inline one, `PolicyInputList.1` for one of the request.
    pub source_policy_id: String,
    /// Where the policy comes from.
    pub source_policy_type: PolicySourceType,
    /// Where the statement begins.
    pub start_position: Position,
    /// Where the statement ends.
    pub end_position: Position,
}

/// What an organization's policies say.
#[derive(Shape, Clone)]
pub struct OrganizationsDecisionDetail {
    /// Whether the service control policies of every level allow the action.
    pub allowed_by_organizations: bool,
}

/// What the permissions boundary says.
#[derive(Shape, Clone)]
pub struct PermissionsBoundaryDecisionDetail {
    /// Whether the boundary allows the action.
    pub allowed_by_permissions_boundary: bool,
}

/// The decision on one resource.
#[derive(Shape)]
pub struct ResourceSpecificResult {
    /// The resource.
    pub eval_resource_name: String,
    /// The decision.
    pub eval_resource_decision: DecisionType,
    /// The statements that decided; none after an implicit deny.
    pub matched_statements: Vec<MatchedStatement>,
    /// The condition keys that policies asked for in vain.
    pub missing_context_values: Vec<String>,
    /// Across accounts: what each side says by itself.
    pub eval_decision_details: Option<BTreeMap<String, DecisionType>>,
    /// What the permissions boundary says, where there is one.
    pub permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
}

/// The decision on one action and one resource.
#[derive(Shape)]
pub struct EvaluationResult {
    /// The action.
    pub eval_action_name: String,
    /// The resource.
    pub eval_resource_name: String,
    /// The decision.
    pub eval_decision: DecisionType,
    /// The statements that decided: the denying ones, or else the allowing ones; none after an implicit deny.
    pub matched_statements: Vec<MatchedStatement>,
    /// The condition keys that policies asked for in vain.
    pub missing_context_values: Vec<String>,
    /// What the organization's policies say, where there are any.
    pub organizations_decision_detail: Option<OrganizationsDecisionDetail>,
    /// What the permissions boundary says, where there is one.
    pub permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
    /// Across accounts what each side says by itself; empty within one account; left out for the resource `*`.
    pub eval_decision_details: Option<BTreeMap<String, DecisionType>>,
    /// The same for the resource alone; left out for the resource `*`.
    pub resource_specific_results: Option<Vec<ResourceSpecificResult>>,
}
