//! What is asked of the simulator, as it was typed.

use std::net::IpAddr;

use claviger_iam::Fault;
use claviger_iam::operation::page::Paged;
use claviger_iam::operation::shapes::PolicyDocument;
use claviger_iam::operation::simulation;
use claviger_iam::operation::simulation::{
    ContextEntry, ContextKeyType, GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy,
    SimulateCustomPolicy, SimulatePolicyOutput, SimulatePrincipalPolicy,
};
use claviger_model::Arn;

use crate::door::Visit;
use crate::field::{paged, read, read_filled};
use crate::form::Form;

/// Rows of a page.
const ROWS: i32 = 100;

/// Whose policies are asked.
enum Of {
    /// Those of this user, group or role, with those that are written beside them.
    Principal(Arn),
    /// Those that are written, alone.
    Nobody,
}

/// What is asked.
pub(super) struct Scenario {
    of: Of,
    policies: Vec<PolicyDocument>,
    scenario: simulation::Scenario,
    page: Paged,
}

impl Of {
    fn read(typed: &Form) -> Result<Self, Fault> {
        match typed.text("of") {
            "nobody" => Ok(Self::Nobody),
            _ => read(typed.text("principal"), "The ARN").map(Self::Principal),
        }
    }
}

impl Scenario {
    pub(super) fn read(typed: &Form) -> Result<Self, Fault> {
        let boundary = read_filled(typed.filled("boundary"), "The permissions boundary")?;
        let lines = |field: &str, label: &'static str| {
            typed
                .text(field)
                .split([',', '\n', ' '])
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(move |line| (line.to_owned(), label))
                .collect::<Vec<_>>()
        };
        Ok(Self {
            of: Of::read(typed)?,
            policies: policies(typed)?,
            scenario: simulation::Scenario {
                permissions_boundary_policy_input_list: boundary.into_iter().collect(),
                ordered_organization_policy_input_list: Vec::new(),
                action_names: lines("actions", "An action")
                    .iter()
                    .map(|(line, label)| read(line, label))
                    .collect::<Result<_, _>>()?,
                resource_arns: lines("resource", "A resource")
                    .iter()
                    .map(|(line, label)| read(line, label))
                    .collect::<Result<_, _>>()?,
                resource_policy: read_filled(typed.filled("on"), "The policy on the resource")?,
                resource_owner: read_filled(typed.filled("owner"), "The owner of the resource")?,
                caller_arn: read_filled(typed.filled("caller"), "The caller")?,
                context_entries: context(typed.text("context"))?,
                resource_handling_option: None,
            },
            page: paged(typed.filled("marker"), ROWS)?,
        })
    }

    pub(super) async fn simulate(self, visit: &Visit) -> Result<SimulatePolicyOutput, Fault> {
        match self.of {
            Of::Principal(policy_source_arn) => {
                let simulate = SimulatePrincipalPolicy {
                    policy_source_arn,
                    policy_input_list: self.policies,
                    policy_exclusion_list: Vec::new(),
                    scenario: self.scenario,
                    page: self.page,
                };
                visit.call(&simulate).await
            }
            Of::Nobody => {
                let simulate = SimulateCustomPolicy {
                    policy_input_list: self.policies,
                    scenario: self.scenario,
                    page: self.page,
                };
                visit.call(&simulate).await
            }
        }
    }
}

/// The condition keys that the policies ask for.
pub(super) async fn keys(visit: &Visit, typed: &Form) -> Result<Vec<String>, Fault> {
    let policy_input_list = policies(typed)?;
    let answer = match Of::read(typed)? {
        Of::Principal(policy_source_arn) => {
            let ask = GetContextKeysForPrincipalPolicy {
                policy_source_arn,
                policy_input_list,
            };
            visit.call(&ask).await?
        }
        Of::Nobody => {
            visit
                .call(&GetContextKeysForCustomPolicy { policy_input_list })
                .await?
        }
    };
    Ok(answer.context_key_names)
}

fn policies(typed: &Form) -> Result<Vec<PolicyDocument>, Fault> {
    typed
        .all("policy")
        .filter(|policy| !policy.is_empty())
        .map(|policy| read(policy, "A policy"))
        .collect()
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

/// Condition keys as they are typed: `key = value`, one a line; several values are separated by commas. A key without a
/// value is not given.
fn context(typed: &str) -> Result<Vec<ContextEntry>, Fault> {
    typed
        .lines()
        .filter_map(|line| {
            let (key, values) = line.split_once('=').unwrap_or((line, ""));
            let values: Vec<&str> = values.split(',').map(str::trim).collect();
            (values != [""]).then(|| (key.trim(), values))
        })
        .map(|(key, values)| {
            Ok(ContextEntry {
                context_key_name: Some(read(key, "The condition key")?),
                context_key_type: Some(kind(&values)),
                context_key_values: values.into_iter().map(str::to_owned).collect(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_type_of_its_values_and_one_without_any_is_not_given() {
        let entries = context(
            "aws:MultiFactorAuthPresent = TRUE\naws:SourceIp=10.0.0.1, 10.0.0.2\n aws:username = \n\nex:key=a,1",
        )
        .expect("entries");
        let read: Vec<_> = entries
            .iter()
            .map(|entry| {
                let name = entry.context_key_name.as_ref().map(ToString::to_string);
                (
                    name.expect("a name"),
                    entry.context_key_type,
                    entry.context_key_values.len(),
                )
            })
            .collect();
        assert_eq!(
            read,
            [
                (
                    String::from("aws:MultiFactorAuthPresent"),
                    Some(ContextKeyType::Boolean),
                    1
                ),
                (
                    String::from("aws:SourceIp"),
                    Some(ContextKeyType::IpList),
                    2
                ),
                (String::from("ex:key"), Some(ContextKeyType::StringList), 2),
            ]
        );
    }
}
