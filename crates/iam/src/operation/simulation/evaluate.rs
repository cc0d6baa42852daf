//! Running a simulation: the same evaluator and the same layers as enforcement, with a recorder that explains.
//!
//! Nothing of the live call gets in: neither its time nor its address nor its user. The simulated caller contributes what
//! is known of it, and the request's context entries stand before that.

use std::collections::BTreeMap;
use std::sync::Arc;

use claviger_model::{AccountId, Scalar};
use claviger_policy::{
    Action, Context, Decision, Explanation, Layer, Levels, Policy, PolicyRef, Principal,
    PrincipalKind, Request, Resource, ResourceRule, decide,
};
use claviger_shape::{MaskedJson, Shape};
use sha2::{Digest, Sha256};

use super::result::{
    DecisionType, EvaluationResult, MatchedStatement, OrganizationsDecisionDetail,
    PermissionsBoundaryDecisionDetail, PolicySourceType, ResourceSpecificResult,
};
use super::source::{self, Entity, PolicyIdentifier, invalid};
use super::{PolicyDocument, ResourceHandlingOption, Scenario, SimulatePolicyOutput};
use crate::authorize::{Bearing, granted_by_password_policy, settle};
use crate::context::{Door, facts_of, facts_of_user};
use crate::cx::Cx;
use crate::entity::account::PasswordPolicy;
use crate::fault::Fault;
use crate::lookup;
use crate::operation::page::{PageEnd, Paged};
use crate::principal::Held;
use crate::spec::Grant;

/// What a policy is called in matched statements.
type Label = (String, PolicySourceType);

/// Who is simulated.
struct Caller {
    kind: PrincipalKind,
    arn: String,
    account: String,
    unique_id: Option<String>,
}

/// A user or role of the account, who at the server's own operations has what needs no policy.
struct Own {
    is_user: bool,
    arn: String,
    password_policy: Option<PasswordPolicy>,
    /// The door at which the account's settings are asked about.
    door: Door,
}

/// A simulation, ready to be run on actions and resources.
pub(super) struct Simulation {
    caller: Caller,
    facts: Context,
    identity: Vec<Held>,
    labels: Vec<Label>,
    boundary: Option<(Held, Label)>,
    scps: Option<Vec<Vec<Arc<Policy>>>>,
    resource_policy: Option<Arc<Policy>>,
    resource_owner: Option<String>,
    own: Option<Own>,
    /// The source is a user, and so the caller where none is named.
    is_caller_known: bool,
    pairs: Vec<(String, String)>,
    /// Bytes of policy that one evaluation goes through, roughly.
    weight: usize,
}

/// Bytes of policy that one page goes through at the most: beyond, it ends early and another follows.
const WORK_A_PAGE: usize = 64 << 20;
/// What an evaluation costs in these terms without any policy.
const LEAST_WEIGHT: usize = 4_096;

impl Simulation {
    /// With policies of the request alone.
    pub(super) fn of_nobody(account: AccountId) -> Self {
        let account = account.to_string();
        let mut facts = Context::new();
        facts.insert("aws:PrincipalAccount", account.as_str());
        Self {
            caller: Caller {
                kind: PrincipalKind::User,
                arn: String::new(),
                account,
                unique_id: None,
            },
            facts,
            identity: Vec::new(),
            labels: Vec::new(),
            boundary: None,
            scps: None,
            resource_policy: None,
            resource_owner: None,
            own: None,
            is_caller_known: false,
            pairs: Vec::new(),
            weight: LEAST_WEIGHT,
        }
    }

    /// With the policies of an entity, but for those excluded.
    pub(super) async fn of_entity(
        cx: &mut Cx<'_>,
        entity: &Entity,
        excluded: &[PolicyIdentifier],
    ) -> Result<Self, Fault> {
        for identifier in excluded {
            identifier.check()?;
        }
        let mut simulation = Self::of_nobody(cx.account());
        for held in entity.policies(cx).await? {
            if !excluded.iter().any(|identifier| identifier.names(&held)) {
                simulation.add(source::label(&held), held);
            }
        }
        if let Some(held) = entity.boundary(cx).await?
            && !excluded
                .iter()
                .any(|identifier| identifier.names_boundary(&held))
        {
            simulation.bound(source::label(&held), held);
        }
        let arn = entity.arn().as_str().to_owned();
        let account = cx.account().to_string();
        match entity {
            Entity::User(user) => {
                simulation.facts = facts_of_user(user);
                simulation.caller.unique_id = Some(user.id.as_str().to_owned());
                simulation.is_caller_known = true;
            }
            Entity::Role(role) => {
                // Whoever uses a role is a session of it; its name is not known, so `aws:userid` is not.
                simulation.facts = facts_of("AssumedRole", &arn, &account, Some(&role.tags));
                simulation.caller.kind = PrincipalKind::Role;
                simulation.caller.unique_id = Some(role.id.as_str().to_owned());
            }
            // A group is no principal.
            Entity::Group(_) => {}
        }
        if !matches!(entity, Entity::Group(_)) {
            simulation.caller.arn.clone_from(&arn);
            simulation.own = Some(Own {
                is_user: matches!(entity, Entity::User(_)),
                arn,
                password_policy: lookup::account(cx).await?.password_policy,
                door: cx.request().door,
            });
        }
        Ok(simulation)
    }

    fn add(&mut self, label: Label, held: Held) {
        self.labels.push(label);
        self.identity.push(held);
    }

    fn bound(&mut self, label: Label, held: Held) {
        self.boundary = Some((held, label));
    }

    /// Adds identity policies of the request.
    pub(super) fn add_passed(&mut self, documents: &[PolicyDocument]) -> Result<(), Fault> {
        for (place, held) in (1usize..).zip(source::passed(documents)?) {
            self.add(
                (format!("PolicyInputList.{place}"), PolicySourceType::None),
                held,
            );
        }
        self.weigh(documents);
        Ok(())
    }

    fn weigh<'d>(&mut self, documents: impl IntoIterator<Item = &'d PolicyDocument>) {
        self.weight += documents
            .into_iter()
            .map(|document| document.as_str().len())
            .sum::<usize>();
    }

    /// Sets what is simulated.
    pub(super) fn set(&mut self, scenario: &Scenario) -> Result<(), Fault> {
        match scenario.permissions_boundary_policy_input_list.as_slice() {
            [] => {}
            // One of the request stands in place of the entity's own.
            [document] => self.bound(
                (
                    String::from("PermissionsBoundaryPolicyInputList.1"),
                    PolicySourceType::None,
                ),
                Held::Passed(source::compile(document)?),
            ),
            _ => {
                return Err(invalid(
                    "The list of Permissions Boundary policies cannot exceed 1 items.",
                ));
            }
        }
        self.weigh(&scenario.permissions_boundary_policy_input_list);
        if !scenario.ordered_organization_policy_input_list.is_empty() {
            let mut levels = Vec::new();
            for level in &scenario.ordered_organization_policy_input_list {
                let documents = &level.service_control_policy_input_list;
                levels.push(
                    documents
                        .iter()
                        .map(source::compile)
                        .collect::<Result<_, _>>()?,
                );
                self.weigh(documents);
            }
            self.scps = Some(levels);
        }
        if let Some(document) = &scenario.resource_policy {
            self.resource_policy = Some(source::compile_resource(document)?);
            self.weigh([document]);
        }
        if let Some(owner) = &scenario.resource_owner {
            self.resource_owner = Some(owner_account(owner.as_str())?);
        }
        self.set_caller(scenario)?;
        for entry in &scenario.context_entries {
            entry.put(&mut self.facts)?;
        }
        self.set_pairs(scenario)
    }

    /// Whoever is named as caller is nobody whom this server looks up: only the resource name speaks.
    fn set_caller(&mut self, scenario: &Scenario) -> Result<(), Fault> {
        let Some(arn) = &scenario.caller_arn else {
            if self.resource_policy.is_some() && !self.is_caller_known {
                return Err(invalid(
                    "CallerArn is required, and must be the ARN of an IAM user, where a resource policy is given.",
                ));
            }
            return Ok(());
        };
        let arn = arn.as_str();
        if arn == self.caller.arn && self.is_caller_known {
            return Ok(());
        }
        let (account, name) = caller_user(arn).ok_or_else(|| {
            invalid(format!(
                "Invalid Caller Arn: {arn} is not the ARN of an IAM user."
            ))
        })?;
        self.facts = facts_of("User", arn, account, None);
        self.facts.insert("aws:username", name);
        self.caller = Caller {
            kind: PrincipalKind::User,
            arn: arn.to_owned(),
            account: account.to_owned(),
            unique_id: None,
        };
        self.own = None;
        Ok(())
    }

    fn set_pairs(&mut self, scenario: &Scenario) -> Result<(), Fault> {
        let mut resources: Vec<&str> = Vec::new();
        for resource in &scenario.resource_arns {
            let resource = resource.as_str();
            if resource != "*" && claviger_model::arn::split(resource).is_none() {
                return Err(invalid(format!(
                    "ResourceNames are not in a valid ARN format: {resource}."
                )));
            }
            resources.push(resource);
        }
        if let Some(option) = scenario.resource_handling_option {
            check_handling(option, &resources)?;
        }
        if resources.is_empty() {
            resources.push("*");
        }
        for action in &scenario.action_names {
            if Action::new(action.as_str()).is_none() {
                return Err(invalid(format!("Action name {action} is not valid.")));
            }
            for resource in &resources {
                self.pairs
                    .push((action.as_str().to_owned(), (*resource).to_owned()));
            }
        }
        Ok(())
    }

    /// Runs the simulation for a page of results. `input` is the whole request: a marker goes on with the same one alone.
    pub(super) async fn page<S: Shape>(
        &self,
        cx: &mut Cx<'_>,
        page: &Paged,
        input: &S,
    ) -> Result<SimulatePolicyOutput, Fault> {
        let room = page.limit().min((WORK_A_PAGE / self.weight).max(1));
        // Most simulations fit on one page, and need no marker.
        let list = if page.marker.is_some() || self.pairs.len() > room {
            list_of(input)
        } else {
            Vec::new()
        };
        let from = match page.after(cx, &list)? {
            None => 0,
            Some(key) => {
                let key: [u8; 8] = key
                    .try_into()
                    .map_err(|_| Fault::invalid("Invalid Marker."))?;
                usize::try_from(u64::from_be_bytes(key)).unwrap_or(usize::MAX)
            }
        };
        let mut evaluation_results = Vec::new();
        for (action, resource) in self.pairs.iter().skip(from).take(room) {
            if !evaluation_results.is_empty() {
                // Others get their turn: policies made for the purpose take long.
                tokio::task::yield_now().await;
            }
            evaluation_results.push(self.evaluate(action, resource)?);
        }
        let done = from.saturating_add(evaluation_results.len());
        let more = done < self.pairs.len();
        Ok(SimulatePolicyOutput {
            evaluation_results,
            end: PageEnd::new(cx, &list, more, Some(&(done as u64).to_be_bytes())),
        })
    }

    /// The owner of a resource: named in its ARN, or as given; `None` for the caller's own account.
    fn owner<'s>(&'s self, resource: &'s str) -> Option<&'s str> {
        claviger_model::arn::split(resource)
            .map(|parts| parts.account)
            .filter(|account| AccountId::parse(account).is_ok())
            .or(self.resource_owner.as_deref())
    }

    fn evaluate(&self, action_text: &str, resource: &str) -> Result<EvaluationResult, Fault> {
        let action = Action::new(action_text)
            .ok_or_else(|| invalid(format!("Action name {action_text} is not valid.")))?;
        let boundary = self.boundary.as_ref().map(|(held, _)| held);
        let bearing = Bearing::new(&self.identity, boundary, None);
        let levels: Option<Vec<Vec<PolicyRef<'_>>>> = self.scps.as_ref().map(|levels| {
            levels
                .iter()
                .map(|level| {
                    level
                        .iter()
                        .map(|policy| PolicyRef::from(&**policy))
                        .collect()
                })
                .collect()
        });
        let levels: Option<Vec<&[PolicyRef<'_>]>> = levels
            .as_ref()
            .map(|levels| levels.iter().map(Vec::as_slice).collect());
        let scps: Option<Levels<'_>> = levels.as_deref();
        let resource_policy = self.resource_policy.as_deref().map(PolicyRef::from);
        let mut explanation = Explanation::new();
        let decision = decide(
            &Request {
                principal: Principal {
                    kind: self.caller.kind,
                    arn: &self.caller.arn,
                    account: Some(&self.caller.account),
                    unique_id: self.caller.unique_id.as_deref(),
                    issuer: None,
                },
                action,
                resource: Resource {
                    arn: resource,
                    account: self.owner(resource),
                },
                facts: &self.facts,
            },
            &bearing.layers(resource_policy, self.resource_rule(action_text), scps),
            &mut explanation,
        );
        Ok(self.result(action_text, resource, decision, &explanation))
    }

    /// Trust policies and key policies must name the caller or its account even within one account.
    fn resource_rule(&self, action: &str) -> ResourceRule {
        if self.resource_policy.is_none() {
            return ResourceRule::Ordinary;
        }
        let action = action.to_ascii_lowercase();
        if action.starts_with("sts:assumerole") {
            ResourceRule::Trust
        } else if action.starts_with("kms:") {
            ResourceRule::Key
        } else {
            ResourceRule::Ordinary
        }
    }

    /// The decision once it is considered what this server's own operations need no policy for.
    fn settled(&self, action: &str, resource: &str, decision: Decision) -> Decision {
        let Some(own) = &self.own else {
            return decision;
        };
        let Some((grant, name)) = needs(action) else {
            return decision;
        };
        // Sessions of roles cannot ask for sessions of their own.
        let grant = if grant == Grant::UnlessDenied && !own.is_user {
            Grant::Policy
        } else {
            grant
        };
        let granted = own.is_user
            && granted_by_password_policy(
                name,
                own.password_policy.as_ref(),
                &own.arn,
                self.boundary.is_some(),
                resource,
                own.door,
            );
        settle(decision, grant, granted)
    }

    fn result(
        &self,
        action: &str,
        resource: &str,
        decision: Decision,
        explanation: &Explanation,
    ) -> EvaluationResult {
        let eval_decision = DecisionType::from(self.settled(action, resource, decision));
        let matched_statements = self.matched(explanation);
        let missing: Vec<String> = explanation
            .missing_keys()
            .iter()
            .map(|key| (**key).to_owned())
            .collect();
        let boundary = self
            .boundary
            .as_ref()
            .map(|_| PermissionsBoundaryDecisionDetail {
                allowed_by_permissions_boundary: allows(explanation, Layer::Boundary),
            });
        let organizations = self.scps.as_ref().map(|_| OrganizationsDecisionDetail {
            allowed_by_organizations: allows(explanation, Layer::Scp),
        });
        let ended_by_organization = decision.layer() == Some(Layer::Scp);
        let sides = explanation
            .cross_account()
            .filter(|_| !ended_by_organization);
        let sides: Option<BTreeMap<String, DecisionType>> = sides.map(|(identity, resource)| {
            BTreeMap::from([
                (String::from("IAM Policy"), DecisionType::from(identity)),
                (
                    String::from("Resource Policy"),
                    DecisionType::from(resource),
                ),
            ])
        });
        let is_specific = resource != "*";
        let resource_specific_results = is_specific.then(|| {
            vec![ResourceSpecificResult {
                eval_resource_name: resource.to_owned(),
                eval_resource_decision: eval_decision,
                matched_statements: matched_statements.clone(),
                missing_context_values: missing.clone(),
                eval_decision_details: sides.clone(),
                permissions_boundary_decision_detail: boundary.clone(),
            }]
        });
        EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: resource.to_owned(),
            eval_decision,
            matched_statements,
            missing_context_values: missing,
            organizations_decision_detail: organizations,
            permissions_boundary_decision_detail: boundary,
            eval_decision_details: if is_specific && !ended_by_organization {
                Some(sides.unwrap_or_default())
            } else {
                sides
            },
            resource_specific_results,
        }
    }

    fn matched(&self, explanation: &Explanation) -> Vec<MatchedStatement> {
        let passed = |id: String, kind: PolicySourceType| (id, kind);
        explanation
            .deciding()
            .map(|matched| {
                let place = matched.place;
                let (source_policy_id, source_policy_type) = match place.layer {
                    Layer::Identity => self
                        .labels
                        .get(place.policy)
                        .cloned()
                        .unwrap_or_else(|| passed(String::new(), PolicySourceType::None)),
                    Layer::Boundary => self
                        .boundary
                        .as_ref()
                        .map(|(_, label)| label.clone())
                        .unwrap_or_else(|| passed(String::new(), PolicySourceType::None)),
                    Layer::Resource => {
                        passed(String::from("ResourcePolicy"), PolicySourceType::Resource)
                    }
                    Layer::Scp => passed(
                        format!(
                            "OrderedOrganizationPolicyInputList.{}.{}",
                            place.level + 1,
                            place.policy + 1
                        ),
                        PolicySourceType::None,
                    ),
                    Layer::Session | Layer::Rcp => passed(String::new(), PolicySourceType::None),
                };
                MatchedStatement {
                    source_policy_id,
                    source_policy_type,
                    start_position: matched.start.into(),
                    end_position: matched.end.into(),
                }
            })
            .collect()
    }
}

fn allows(explanation: &Explanation, layer: Layer) -> bool {
    explanation.layer(layer) == Some(claviger_policy::Answer::Allow)
}

/// What a caller needs for an action of this server, with the operation's name; `None` for what is no such action.
fn needs(action: &str) -> Option<(Grant, &'static str)> {
    let (service, name) = action.split_once(':')?;
    crate::operation::all()
        .find(|entry| {
            entry.spec.governed_by.is_none()
                && entry.spec.service.prefix().eq_ignore_ascii_case(service)
                && entry.spec.name.eq_ignore_ascii_case(name)
        })
        .map(|entry| (entry.spec.grant, entry.spec.name))
}

/// What binds a marker to the request that it came from.
fn list_of<S: Shape>(input: &S) -> Vec<u8> {
    let mut asked = MaskedJson::of(input);
    if let Some(members) = asked.as_object_mut() {
        members.remove("marker");
        members.remove("maxItems");
    }
    let mut hash = Sha256::new();
    hash.update(S::NAME.as_bytes());
    hash.update(asked.to_string().as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    digest.to_vec()
}

/// The account of a resource owner, given as the resource name of its root.
fn owner_account(owner: &str) -> Result<String, Fault> {
    claviger_model::arn::split(owner)
        .filter(|parts| {
            parts.service == "iam"
                && parts.resource == "root"
                && AccountId::parse(parts.account).is_ok()
        })
        .map(|parts| parts.account.to_owned())
        .ok_or_else(|| invalid(format!("'{owner}' is not a valid as a Resource Owner.")))
}

/// The account and the name of a user, by the user's resource name.
fn caller_user(arn: &str) -> Option<(&str, &str)> {
    let parts = claviger_model::arn::split(arn)?;
    let name = parts.resource.strip_prefix("user/")?.rsplit('/').next()?;
    let is_user = parts.partition == "aws"
        && parts.service == "iam"
        && parts.region.is_empty()
        && AccountId::parse(parts.account).is_ok()
        && claviger_model::text::is_name(name);
    is_user.then_some((parts.account, name))
}

/// Refuses a simulation of `RunInstances` that does not name every resource that its kind of instance needs.
fn check_handling(option: ResourceHandlingOption, resources: &[&str]) -> Result<(), Fault> {
    use ResourceHandlingOption as Kind;

    let needed: &[&str] = match option {
        Kind::Ec2ClassicInstanceStore => &["instance", "image", "security-group"],
        Kind::Ec2ClassicEbs => &["instance", "image", "security-group", "volume"],
        Kind::Ec2VpcInstanceStore => &["instance", "image", "security-group", "network-interface"],
        Kind::Ec2VpcInstanceStoreSubnet => &[
            "instance",
            "image",
            "security-group",
            "network-interface",
            "subnet",
        ],
        Kind::Ec2VpcEbs => &[
            "instance",
            "image",
            "security-group",
            "network-interface",
            "volume",
        ],
        Kind::Ec2VpcEbsSubnet => &[
            "instance",
            "image",
            "security-group",
            "network-interface",
            "subnet",
            "volume",
        ],
    };
    let is_named = |kind: &str| {
        resources.iter().any(|resource| {
            claviger_model::arn::split(resource)
                .filter(|parts| parts.service == "ec2")
                .and_then(|parts| parts.resource.split_once('/'))
                .is_some_and(|(named, _)| named == kind)
        })
    };
    match needed.iter().find(|kind| !is_named(kind)) {
        None => Ok(()),
        Some(kind) => Err(invalid(format!(
            "{} needs a resource of type {kind}.",
            option.as_str()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::simulation::{
        ActionName, ContextEntry, OrderedOrganizationPolicyType, ResourceName,
    };

    const ACCOUNT: u64 = 123_456_789_012;

    fn document(text: &str) -> PolicyDocument {
        PolicyDocument::parse(text).expect("a text")
    }

    fn scenario(actions: &[&str], resources: &[&str]) -> Scenario {
        Scenario {
            permissions_boundary_policy_input_list: Vec::new(),
            ordered_organization_policy_input_list: Vec::new(),
            action_names: actions
                .iter()
                .map(|name| ActionName::parse(name).expect("an action"))
                .collect(),
            resource_arns: resources
                .iter()
                .map(|name| ResourceName::parse(name).expect("a resource"))
                .collect(),
            resource_policy: None,
            resource_owner: None,
            caller_arn: None,
            context_entries: Vec::new(),
            resource_handling_option: None,
        }
    }

    fn run(policies: &[&str], scenario: &Scenario) -> Result<Vec<EvaluationResult>, Fault> {
        let mut simulation =
            Simulation::of_nobody(AccountId::from_number(ACCOUNT).expect("an account"));
        let documents: Vec<PolicyDocument> = policies.iter().map(|text| document(text)).collect();
        simulation.add_passed(&documents)?;
        simulation.set(scenario)?;
        simulation
            .pairs
            .iter()
            .map(|(action, resource)| simulation.evaluate(action, resource))
            .collect()
    }

    fn one(policies: &[&str], scenario: &Scenario) -> EvaluationResult {
        let mut results = run(policies, scenario).expect("simulated");
        assert_eq!(results.len(), 1);
        results.remove(0)
    }

    const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:Put*","Resource":"*"}]}"#;

    #[test]
    fn each_action_meets_each_resource() {
        let results = run(
            &[ALLOW, DENY],
            &scenario(
                &["s3:GetObject", "s3:PutObject", "ec2:RunInstances"],
                &["arn:aws:s3:::a/x", "arn:aws:s3:::b/x"],
            ),
        )
        .expect("simulated");
        let decisions: Vec<DecisionType> =
            results.iter().map(|result| result.eval_decision).collect();
        assert_eq!(
            decisions,
            [
                DecisionType::Allowed,
                DecisionType::Allowed,
                DecisionType::ExplicitDeny,
                DecisionType::ExplicitDeny,
                DecisionType::ImplicitDeny,
                DecisionType::ImplicitDeny,
            ]
        );
    }

    #[test]
    fn trap_34_a_matched_statement_names_its_policy_and_place() {
        let result = one(&[ALLOW, DENY], &scenario(&["s3:PutObject"], &[]));
        let [matched] = result.matched_statements.as_slice() else {
            panic!("one statement decides");
        };
        assert_eq!(matched.source_policy_id, "PolicyInputList.2");
        assert_eq!(matched.source_policy_type, PolicySourceType::None);
        assert_eq!(
            (matched.start_position.line, matched.end_position.line),
            (1, 1)
        );
        let column = |at: Option<usize>| i32::try_from(at.expect("found")).expect("small") + 2;
        assert_eq!(
            matched.start_position.column,
            column(DENY.find(r#"{"Effect"#))
        );
        assert_eq!(matched.end_position.column, column(DENY.find("}]}")));
    }

    #[test]
    fn trap_33_nothing_of_the_live_call_gets_in() {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{
            "IpAddress":{"aws:SourceIp":"0.0.0.0/0"},"DateGreaterThan":{"aws:CurrentTime":"2000-01-01"},
            "StringLike":{"aws:username":"*"}}}]}"#;
        let result = one(&[policy], &scenario(&["s3:GetObject"], &[]));
        assert_eq!(result.eval_decision, DecisionType::ImplicitDeny);
        assert_eq!(
            result.missing_context_values.len(),
            3,
            "{:?}",
            result.missing_context_values
        );
    }

    #[test]
    fn context_entries_decide() {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*",
            "Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}]}"#;
        let with = |address: &str| {
            let mut scenario = scenario(&["s3:GetObject"], &[]);
            scenario.context_entries.push(ContextEntry {
                context_key_name: Some(Scalar::parse("aws:sourceIP").expect("a key")),
                context_key_values: vec![address.to_owned()],
                context_key_type: Some(crate::operation::simulation::ContextKeyType::Ip),
            });
            one(&[policy], &scenario).eval_decision
        };
        assert_eq!(with("203.0.113.9"), DecisionType::Allowed);
        assert_eq!(with("198.51.100.9"), DecisionType::ImplicitDeny);
    }

    #[test]
    fn a_boundary_and_an_organization_narrow_and_say_so() {
        let narrow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
        let mut bounded = scenario(&["s3:PutObject"], &[]);
        bounded
            .permissions_boundary_policy_input_list
            .push(document(narrow));
        let result = one(&[ALLOW], &bounded);
        assert_eq!(result.eval_decision, DecisionType::ImplicitDeny);
        let detail = result
            .permissions_boundary_decision_detail
            .expect("there is a boundary");
        assert!(!detail.allowed_by_permissions_boundary);

        let mut member = scenario(&["s3:PutObject"], &[]);
        for text in [ALLOW, narrow] {
            member
                .ordered_organization_policy_input_list
                .push(OrderedOrganizationPolicyType {
                    service_control_policy_input_list: vec![document(text)],
                });
        }
        let result = one(&[ALLOW], &member);
        assert_eq!(result.eval_decision, DecisionType::ImplicitDeny);
        let detail = result
            .organizations_decision_detail
            .expect("there is an organization");
        assert!(!detail.allowed_by_organizations);

        bounded
            .permissions_boundary_policy_input_list
            .push(document(narrow));
        assert!(run(&[ALLOW], &bounded).is_err());
    }

    #[test]
    fn details_are_absent_for_everything_empty_within_an_account_and_full_across() {
        let result = one(&[ALLOW], &scenario(&["s3:GetObject"], &["*"]));
        assert!(result.eval_decision_details.is_none());
        assert!(result.resource_specific_results.is_none());

        let result = one(
            &[ALLOW],
            &scenario(&["s3:GetObject"], &["arn:aws:s3:::a/x"]),
        );
        assert_eq!(result.eval_decision_details, Some(BTreeMap::new()));
        assert_eq!(
            result
                .resource_specific_results
                .map(|results| results.len()),
            Some(1)
        );

        let mut across = scenario(&["s3:GetObject"], &["arn:aws:s3:::a/x"]);
        across.resource_policy = Some(document(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},
                "Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}]}"#,
        ));
        across.resource_owner =
            Some(ResourceName::parse("arn:aws:iam::210987654321:root").expect("a name"));
        assert!(run(&[ALLOW], &across).is_err(), "a caller is needed");
        across.caller_arn =
            Some(ResourceName::parse("arn:aws:iam::123456789012:user/alice").expect("a name"));
        let result = one(&[ALLOW], &across);
        assert_eq!(result.eval_decision, DecisionType::Allowed);
        let details = result.eval_decision_details.expect("across accounts");
        assert_eq!(details.get("IAM Policy"), Some(&DecisionType::Allowed));
        assert_eq!(details.get("Resource Policy"), Some(&DecisionType::Allowed));
        assert_eq!(
            one(&[DENY], &across).eval_decision,
            DecisionType::ImplicitDeny
        );
    }

    #[test]
    fn what_is_no_action_resource_owner_or_caller_is_refused() {
        assert!(run(&[ALLOW], &scenario(&["s3:*"], &[])).is_err());
        let fault = run(&[ALLOW], &scenario(&["s3:GetObject"], &["a-key-id"]))
            .err()
            .expect("refused");
        assert_eq!(
            fault.message(),
            Some("ResourceNames are not in a valid ARN format: a-key-id.")
        );
        let mut bad = scenario(&["s3:GetObject"], &[]);
        bad.resource_owner = Some(ResourceName::parse("123456789012").expect("a text"));
        let fault = run(&[ALLOW], &bad).err().expect("refused");
        assert_eq!(
            fault.message(),
            Some("'123456789012' is not a valid as a Resource Owner.")
        );
        let mut bad = scenario(&["s3:GetObject"], &[]);
        bad.caller_arn =
            Some(ResourceName::parse("arn:aws:iam::123456789012:role/r").expect("a text"));
        assert!(run(&[ALLOW], &bad).is_err());
    }

    #[test]
    fn a_simulation_of_instances_must_name_what_they_need() {
        let mut asked = scenario(
            &["ec2:RunInstances"],
            &[
                "arn:aws:ec2:us-east-1:123456789012:instance/*",
                "arn:aws:ec2:us-east-1::image/ami-1",
                "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
            ],
        );
        asked.resource_handling_option = Some(ResourceHandlingOption::Ec2ClassicInstanceStore);
        assert!(run(&[ALLOW], &asked).is_ok());
        asked.resource_handling_option = Some(ResourceHandlingOption::Ec2ClassicEbs);
        assert!(run(&[ALLOW], &asked).is_err());
    }

    #[test]
    fn a_custom_simulation_grants_nothing_that_its_policies_do_not() {
        let result = one(&[ALLOW], &scenario(&["sts:GetCallerIdentity"], &[]));
        assert_eq!(result.eval_decision, DecisionType::ImplicitDeny);
    }

    #[test]
    fn a_marker_belongs_to_one_request_whichever_page_it_asks_for() {
        let asked = |policy: &str, max_items: Option<&str>| {
            let scenario = scenario(&["s3:GetObject"], &[]);
            list_of(&crate::operation::simulation::SimulateCustomPolicy {
                policy_input_list: vec![document(policy)],
                scenario,
                page: Paged {
                    marker: None,
                    max_items: max_items.map(|text| Scalar::parse(text).expect("a number")),
                },
            })
        };
        assert_eq!(asked(ALLOW, None), asked(ALLOW, Some("1")));
        assert_ne!(asked(ALLOW, None), asked(DENY, None));
    }
}
