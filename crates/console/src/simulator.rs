//! The policy simulator: what policies would decide for somebody, without anything being done.

use std::net::IpAddr;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::simulation::{
    ContextEntry, ContextKeyType, DecisionType, EvaluationResult, Scenario, SimulatePrincipalPolicy,
};

use crate::answer::{Answer, page};
use crate::door::Visit;
use crate::field::{next, paged, read, read_filled};
use crate::view::{Frame, encode, fault_text};

/// Rows of a page.
const ROWS: i32 = 100;

/// What was decided of an action.
struct Row {
    action: String,
    resource: String,
    allowed: bool,
    word: &'static str,
    /// The statements that decided, each by its policy and place.
    statements: Vec<String>,
    /// What policies asked for that was not given.
    missing: Vec<String>,
}

#[derive(Template)]
#[template(path = "simulator.html")]
struct Simulator {
    frame: Frame,
    error: Option<String>,
    principal: String,
    actions: String,
    resource: String,
    context: String,
    results: Option<Vec<Row>>,
    next: Option<String>,
}

fn row(result: EvaluationResult) -> Row {
    let (allowed, word) = match result.eval_decision {
        DecisionType::Allowed => (true, "Allowed"),
        DecisionType::ExplicitDeny => (false, "Denied"),
        DecisionType::ImplicitDeny => (false, "Not allowed"),
    };
    let statements = result.matched_statements.into_iter();
    Row {
        action: result.eval_action_name,
        resource: result.eval_resource_name,
        allowed,
        word,
        statements: statements
            .map(|statement| {
                format!(
                    "{}, line {}",
                    statement.source_policy_id, statement.start_position.line
                )
            })
            .collect(),
        missing: result.missing_context_values,
    }
}

/// What values look like. Numbers and moments are texts to the operation too.
fn kind(values: &[&str]) -> ContextKeyType {
    let all = |is: fn(&&str) -> bool| values.iter().all(is);
    let booleans =
        all(|value| value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"));
    let addresses = all(|value| value.parse::<IpAddr>().is_ok());
    match (values.len(), booleans, addresses) {
        (1, true, _) => ContextKeyType::Boolean,
        (1, _, true) => ContextKeyType::Ip,
        (1, ..) => ContextKeyType::String,
        (_, true, _) => ContextKeyType::BooleanList,
        (_, _, true) => ContextKeyType::IpList,
        _ => ContextKeyType::StringList,
    }
}

/// Condition keys as they are typed: `key = value`, one a line; several values are separated by commas.
fn context(typed: &str) -> Result<Vec<ContextEntry>, Fault> {
    typed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (key, values) = line.split_once('=').unwrap_or((line, ""));
            let values: Vec<&str> = values.split(',').map(str::trim).collect();
            Ok(ContextEntry {
                context_key_name: Some(read(key.trim(), "The condition key")?),
                context_key_type: Some(kind(&values)),
                context_key_values: (values.into_iter()).map(str::to_owned).collect(),
            })
        })
        .collect()
}

async fn simulate(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<Row>, Fault> {
    let query = &visit.asked.query;
    let actions = query.text("actions");
    let resource = query.filled("resource");
    let simulate = SimulatePrincipalPolicy {
        policy_source_arn: read(query.text("principal"), "The ARN")?,
        policy_input_list: Vec::new(),
        policy_exclusion_list: Vec::new(),
        scenario: Scenario {
            permissions_boundary_policy_input_list: Vec::new(),
            ordered_organization_policy_input_list: Vec::new(),
            action_names: actions
                .split([',', '\n', ' '])
                .map(str::trim)
                .filter(|action| !action.is_empty())
                .map(|action| read(action, "An action"))
                .collect::<Result<_, _>>()?,
            resource_arns: read_filled(resource, "The resource")?.into_iter().collect(),
            resource_policy: None,
            resource_owner: None,
            caller_arn: None,
            context_entries: context(query.text("context"))?,
            resource_handling_option: None,
        },
        page: paged(query.filled("marker"), ROWS)?,
    };
    let simulated = visit.call(&simulate).await?;
    let first = format!(
        "/console/simulator?principal={}&actions={}&resource={}&context={}",
        encode(query.text("principal")),
        encode(actions),
        encode(resource.unwrap_or_default()),
        encode(query.text("context"))
    );
    *next_page = next(&first, &simulated.end);
    Ok(simulated.evaluation_results.into_iter().map(row).collect())
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let query = &visit.asked.query;
    let mut next = None;
    let (mut error, mut results) = (None, None);
    if query.ticked("actions") {
        match simulate(&visit, &mut next).await {
            Ok(rows) => results = Some(rows),
            Err(fault) => error = Some(fault_text(&fault)),
        }
    }
    page(&Simulator {
        frame: Frame::of(&visit, "Policy simulator", "simulator"),
        error,
        principal: query.text("principal").to_owned(),
        actions: query.text("actions").to_owned(),
        resource: query.text("resource").to_owned(),
        context: query.text("context").to_owned(),
        results,
        next,
    })
}
