//! What the simulator answers, for a person.

use claviger_iam::operation::simulation::{DecisionType, EvaluationResult, MatchedStatement};

/// What was decided of an action on a resource.
pub(super) struct Verdict {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) allowed: bool,
    pub(super) word: &'static str,
    /// What decided, or what was missing, a sentence each.
    pub(super) reasons: Vec<String>,
    /// What policies asked for that was not given.
    pub(super) missing: Vec<String>,
}

fn word(decision: DecisionType) -> &'static str {
    match decision {
        DecisionType::Allowed => "Allowed",
        DecisionType::ExplicitDeny => "Denied",
        DecisionType::ImplicitDeny => "Not allowed",
    }
}

fn place(statement: &MatchedStatement) -> String {
    let (from, to) = (statement.start_position.line, statement.end_position.line);
    let lines = if from == to {
        format!("line {from}")
    } else {
        format!("lines {from} to {to}")
    };
    // What the operation calls policies that come with the request.
    let policy = match statement.source_policy_id.strip_prefix("PolicyInputList.") {
        Some(number) => format!("Policy {number}"),
        None => statement.source_policy_id.clone(),
    };
    format!("{policy}, {lines}")
}

impl Verdict {
    pub(super) fn of(result: EvaluationResult) -> Self {
        let mut reasons: Vec<String> = result.matched_statements.iter().map(place).collect();
        if reasons.is_empty() {
            reasons.push(String::from("No statement matches."));
        }
        let boundary = &result.permissions_boundary_decision_detail;
        if boundary
            .as_ref()
            .is_some_and(|boundary| !boundary.allowed_by_permissions_boundary)
        {
            reasons.push(String::from("The permissions boundary does not allow it."));
        }
        let organization = &result.organizations_decision_detail;
        if organization
            .as_ref()
            .is_some_and(|organization| !organization.allowed_by_organizations)
        {
            reasons.push(String::from("The organization does not allow it."));
        }
        for (side, decision) in result.eval_decision_details.iter().flatten() {
            reasons.push(format!(
                "{side} by itself: {}.",
                word(*decision).to_lowercase()
            ));
        }
        Self {
            action: result.eval_action_name,
            resource: result.eval_resource_name,
            allowed: result.eval_decision == DecisionType::Allowed,
            word: word(result.eval_decision),
            reasons,
            missing: result.missing_context_values,
        }
    }
}
