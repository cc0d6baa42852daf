//! The decision (IAM user guide, "Policy evaluation logic").

use crate::arn::Target;
use crate::decision::{Decision, Layer};
use crate::facts::Facts;
use crate::layers::{Layers, Levels, PolicyRef};
use crate::pattern::Steps;
use crate::policy::{Effect, Statement};
use crate::principal::Forms;
use crate::recorder::{Element, Place, Recorder, Silent, Truth};
use crate::request::{Principal, Request};
use crate::verdict::{All, Said, is_cross_account};

/// Steps that every decision may take, however small its policies.
const FREE_STEPS: usize = 1 << 20;
/// Steps for each byte of policy and each sixteen bytes of request. Ordinary policies take less than one.
const STEPS_A_BYTE: usize = 16;
/// Longer resource names than IAM has earn no more steps.
const LONGEST_ARN: usize = 2_048;

/// Decides a request.
///
/// Deny outweighs everything; then every layer that has to allow must. With a recorder that explains, the decision is
/// the same as without: it is made first, and explained after, by this same code.
pub fn decide<F: Facts + ?Sized, R: Recorder>(
    request: &Request<'_, F>,
    layers: &Layers<'_>,
    recorder: &mut R,
) -> Decision {
    let decision = run(request, layers, &mut Silent);
    if R::EXPLAINS {
        run(request, layers, recorder);
        recorder.decided(decision);
    }
    decision
}

struct Evaluation<'a, F: Facts + ?Sized, R> {
    principal: &'a Principal<'a>,
    action: &'a str,
    target: Target<'a>,
    facts: &'a F,
    bounded: bool,
    recorder: &'a mut R,
}

pub(crate) fn run<F: Facts + ?Sized, R: Recorder>(
    request: &Request<'_, F>,
    layers: &Layers<'_>,
    recorder: &mut R,
) -> Decision {
    let mut steps = Steps::new(allowance(request, layers));
    let mut evaluation = Evaluation {
        principal: &request.principal,
        action: request.action.folded(),
        target: Target::new(request.resource.arn),
        facts: request.facts,
        bounded: layers.boundary.is_some(),
        recorder,
    };
    let mut all = All::default();
    let mut denied = None;
    for layer in ORDER {
        let said = evaluation.layer(layer, layers, &mut steps);
        if steps.exhausted() {
            return Decision::TooComplex(layer);
        }
        let Some(said) = said else { continue };
        evaluation.recorder.layer(layer, said.answer());
        if said.denied {
            denied = denied.or(Some(layer));
            if !R::EXPLAINS {
                break;
            }
        }
        all.set(layer, said);
    }
    let recorder = evaluation.recorder;
    if R::EXPLAINS && is_cross_account(request) {
        all.record_sides(&request.principal, recorder);
    }
    match denied {
        Some(layer) => Decision::ExplicitDeny(layer),
        None => match all.unmet(request, layers) {
            Some(layer) => Decision::ImplicitDeny(layer),
            None => Decision::Allow,
        },
    }
}

/// The order in which layers are evaluated and reported.
const ORDER: [Layer; 6] = [
    Layer::Rcp,
    Layer::Scp,
    Layer::Resource,
    Layer::Identity,
    Layer::Boundary,
    Layer::Session,
];

fn allowance<F: Facts + ?Sized>(request: &Request<'_, F>, layers: &Layers<'_>) -> u64 {
    let weigh = |policies: &[PolicyRef<'_>]| -> usize {
        policies
            .iter()
            .fold(0, |sum, one| sum.saturating_add(one.policy.weight()))
    };
    let levels = |levels: Option<Levels<'_>>| -> usize {
        levels
            .unwrap_or_default()
            .iter()
            .fold(0, |sum, level| sum.saturating_add(weigh(level)))
    };
    let policies = weigh(layers.identity)
        .saturating_add(weigh(layers.boundary.as_slice()))
        .saturating_add(weigh(layers.session.unwrap_or_default()))
        .saturating_add(levels(layers.scps))
        .saturating_add(levels(layers.rcps))
        .saturating_add(weigh(layers.resource.as_slice()));
    let asked = request.resource.arn.len().min(LONGEST_ARN) + request.action.as_str().len();
    let steps = policies
        .saturating_mul(STEPS_A_BYTE.saturating_add(asked / 16))
        .saturating_add(FREE_STEPS);
    u64::try_from(steps).unwrap_or(u64::MAX)
}

impl<F: Facts + ?Sized, R: Recorder> Evaluation<'_, F, R> {
    fn layer(&mut self, layer: Layer, layers: &Layers<'_>, steps: &mut Steps) -> Option<Said> {
        match layer {
            Layer::Identity => Some(self.policies(layer, 0, layers.identity, steps)),
            Layer::Boundary => layers
                .boundary
                .map(|policy| self.policies(layer, 0, &[policy], steps)),
            Layer::Session => layers
                .session
                .map(|policies| self.policies(layer, 0, policies, steps)),
            Layer::Resource => layers
                .resource
                .map(|policy| self.policies(layer, 0, &[policy], steps)),
            Layer::Scp => layers.scps.map(|levels| self.levels(layer, levels, steps)),
            Layer::Rcp => layers.rcps.map(|levels| self.levels(layer, levels, steps)),
        }
    }

    /// Every level must allow, and none may deny.
    fn levels(&mut self, layer: Layer, levels: Levels<'_>, steps: &mut Steps) -> Said {
        let mut said = Said {
            allowed: true,
            ..Said::default()
        };
        for (level, policies) in levels.iter().enumerate() {
            let one = self.policies(layer, level, policies, steps);
            said.denied |= one.denied;
            said.allowed &= one.allowed;
            if said.denied && !R::EXPLAINS {
                break;
            }
        }
        said
    }

    fn policies(
        &mut self,
        layer: Layer,
        level: usize,
        policies: &[PolicyRef<'_>],
        steps: &mut Steps,
    ) -> Said {
        let mut said = Said::default();
        for (at, one) in policies.iter().enumerate() {
            let place = |statement| Place {
                layer,
                level,
                policy: at,
                label: one.label,
                statement,
            };
            if R::EXPLAINS {
                for (number, statement) in one.policy.statements().iter().enumerate() {
                    if steps.exhausted() {
                        return said;
                    }
                    self.apply(&mut said, place(number), statement, false, steps);
                }
                continue;
            }
            // Once something allows, only a Deny can still matter; on a resource every grant counts.
            let only = (said.allowed && layer != Layer::Resource).then_some(Effect::Deny);
            one.policy.index().candidates(
                self.action,
                one.policy.statements(),
                only,
                steps,
                |number, statement, action_matches, steps| {
                    self.apply(&mut said, place(number), statement, action_matches, steps);
                    !said.denied && !steps.exhausted()
                },
            );
            if said.denied || steps.exhausted() {
                break;
            }
        }
        said
    }

    fn apply(
        &mut self,
        said: &mut Said,
        place: Place,
        statement: &Statement,
        action_matches: bool,
        steps: &mut Steps,
    ) {
        let effect = statement.effect();
        if !R::EXPLAINS && said.allowed && effect == Effect::Allow && place.layer != Layer::Resource
        {
            return;
        }
        let (truth, forms) = self.statement(place, statement, action_matches, steps);
        let applies = match truth {
            Truth::True => !statement.is_inert(),
            Truth::Unsure => effect == Effect::Deny,
            Truth::False => false,
        };
        self.recorder.statement(place, statement, applies);
        if applies {
            match effect {
                Effect::Deny => said.denied = true,
                Effect::Allow => {
                    said.allowed = true;
                    said.forms = said.forms.and(forms);
                }
            }
        }
    }

    fn statement(
        &mut self,
        place: Place,
        statement: &Statement,
        action_matches: bool,
        steps: &mut Steps,
    ) -> (Truth, Forms) {
        steps.take(1);
        let effect = statement.effect();
        // An Allow that is not sure does not apply, whatever else it says; a Deny has to be followed to its end.
        let settled = |truth| match truth {
            Truth::False => true,
            Truth::Unsure => effect == Effect::Allow && !R::EXPLAINS,
            Truth::True => false,
        };
        let (principal, forms) = self.principal(place.layer, statement, steps);
        self.recorder.element(place, Element::Principal, principal);
        let mut truth = principal;
        if settled(truth) {
            return (truth, forms);
        }
        if !action_matches {
            let action = statement.actions.matches(self.action, steps);
            self.recorder.element(place, Element::Action, action);
            truth = truth.and(action);
            if settled(truth) {
                return (truth, forms);
            }
        }
        let resource = self.resource(place, statement, steps);
        self.recorder.element(place, Element::Resource, resource);
        truth = truth.and(resource);
        if settled(truth) {
            return (truth, forms);
        }
        for (at, condition) in statement.conditions().iter().enumerate() {
            let (present, holds) = condition.evaluate(self.facts, steps);
            if R::EXPLAINS {
                if !present {
                    self.recorder.missing(place, condition.key());
                }
                for variable in condition.variables() {
                    if self.facts.find(&variable.folded).is_absent() {
                        self.recorder.missing(place, &variable.key);
                    }
                }
                self.recorder.element(place, Element::Condition(at), holds);
            }
            truth = truth.and(holds);
            if steps.exhausted() || (!R::EXPLAINS && settled(truth)) {
                break;
            }
        }
        (truth, forms)
    }

    fn principal(&self, layer: Layer, statement: &Statement, steps: &mut Steps) -> (Truth, Forms) {
        let named = matches!(layer, Layer::Resource | Layer::Rcp);
        match &statement.principal {
            Some(clause) if named => {
                clause.matches(statement.effect(), self.principal, self.bounded, steps)
            }
            // Such an element is missing, or does not belong here.
            None if named => (Truth::Unsure, Forms::NONE),
            Some(_) => (Truth::Unsure, Forms::NONE),
            None => (Truth::True, Forms::NONE),
        }
    }

    fn resource(&mut self, place: Place, statement: &Statement, steps: &mut Steps) -> Truth {
        let resources = &statement.resources;
        if resources.absent {
            return if place.layer == Layer::Resource {
                Truth::True
            } else {
                Truth::Unsure
            };
        }
        let mut unsure = resources.unsure;
        if R::EXPLAINS {
            for variable in statement.resource_variables() {
                if self.facts.find(&variable.folded).is_absent() {
                    self.recorder.missing(place, &variable.key);
                }
            }
        }
        for pattern in &resources.patterns {
            steps.take(1);
            match pattern.matches(&self.target, self.facts, steps) {
                Truth::True => return Truth::from(!resources.negated),
                Truth::Unsure => unsure = true,
                // What NotResource with a variable without a value leaves out cannot be known.
                Truth::False => {
                    unsure |= resources.negated && pattern.unresolved(self.facts).is_some();
                }
            }
        }
        if unsure {
            Truth::Unsure
        } else {
            Truth::from(resources.negated)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::Context;
    use crate::policy::Policy;
    use crate::recorder::Explanation;
    use crate::request::{Action, PrincipalKind, Resource};

    const ACCOUNT: Option<&str> = Some("111122223333");

    fn statement() -> impl Strategy<Value = serde_json::Value> {
        let pick = |pool: &'static [&'static str]| prop::sample::select(pool);
        (
            pick(&["Allow", "Allow", "Deny"]),
            pick(&["Action", "NotAction"]),
            pick(&["*", "s3:*", "s3:Get*", "s3:GetObject", "iam:*", "bad"]),
            pick(&["Resource", "NotResource"]),
            pick(&["*", "arn:aws:s3:::b", "arn:aws:s3:::${k}", "bad"]),
            pick(&["StringEquals", "StringNotEqualsIfExists", "Null", "Odd"]),
            pick(&["a", "true", "false", "${m}"]),
            any::<bool>(),
        )
            .prop_map(|(effect, action, actions, resource, resources, operator, value, conditional)| {
                let mut one = serde_json::json!({"Effect": effect, action: actions, resource: resources, "Principal": "*"});
                if conditional {
                    one["Condition"] = serde_json::json!({operator: {"k": value}});
                }
                one
            })
    }

    fn policies() -> impl Strategy<Value = Policy> {
        prop::collection::vec(statement(), 0..5).prop_map(|mut statements| {
            for (at, one) in statements.iter_mut().enumerate() {
                if at % 2 == 0 {
                    one.as_object_mut().expect("an object").remove("Principal");
                }
            }
            let document = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
            Policy::compile(&document.to_string()).expect("a policy")
        })
    }

    proptest! {
        #[test]
        fn ac_29_explaining_changes_nothing(
            identity in policies(),
            boundary in prop::option::of(policies()),
            session in prop::option::of(policies()),
            resource in prop::option::of(policies()),
            fact in prop::option::of("[a-c]"),
            elsewhere in any::<bool>(),
        ) {
            let mut facts = Context::new();
            if let Some(fact) = &fact {
                facts.insert("k", fact.as_str());
            }
            let request = Request {
                principal: Principal::new(PrincipalKind::User, "arn:aws:iam::111122223333:user/u", ACCOUNT),
                action: Action::new("s3:GetObject").expect("an action"),
                resource: Resource { arn: "arn:aws:s3:::b", account: if elsewhere { Some("444455556666") } else { ACCOUNT } },
                facts: &facts,
            };
            let identity = [PolicyRef::from(&identity)];
            let session = session.as_ref().map(|policy| [PolicyRef::from(policy)]);
            let layers = Layers {
                identity: &identity,
                boundary: boundary.as_ref().map(PolicyRef::from),
                session: session.as_ref().map(|list| &list[..]),
                resource: resource.as_ref().map(PolicyRef::from),
                ..Layers::default()
            };
            let silent = run(&request, &layers, &mut Silent);
            let mut explanation = Explanation::new();
            prop_assert_eq!(run(&request, &layers, &mut explanation), silent);
            let mut explanation = Explanation::new();
            prop_assert_eq!(decide(&request, &layers, &mut explanation), silent);
            match silent {
                Decision::Allow | Decision::ExplicitDeny(_) => prop_assert!(explanation.deciding().next().is_some()),
                _ => prop_assert!(explanation.deciding().next().is_none()),
            }
            prop_assert_eq!(explanation.cross_account().is_some(), elsewhere);
            prop_assert_eq!(explanation.layer(Layer::Boundary).is_some(), boundary.is_some());
        }
    }

    #[test]
    fn an_explanation_names_what_was_missing_and_where() {
        let policy = Policy::compile(
            r#"{"Version":"2012-10-17","Statement":[
                {"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}*"},
                {"Sid":"B","Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"AWS:securetransport":"${aws:PrincipalTag/x}"}}},
                {"Sid":"C","Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"Bool":{"other":"true"}}}]}"#,
        )
        .expect("a policy");
        assert_eq!(
            policy.context_keys(),
            [
                "aws:username",
                "aws:SecureTransport",
                "aws:PrincipalTag/x",
                "other"
            ]
        );
        let facts = Context::new();
        let request = Request {
            principal: Principal::new(
                PrincipalKind::User,
                "arn:aws:iam::111122223333:user/u",
                ACCOUNT,
            ),
            action: Action::new("s3:GetObject").expect("an action"),
            resource: Resource {
                arn: "arn:aws:s3:::b",
                account: ACCOUNT,
            },
            facts: &facts,
        };
        let identity = [PolicyRef {
            policy: &policy,
            label: 7,
        }];
        let layers = Layers {
            identity: &identity,
            ..Layers::default()
        };
        let mut explanation = Explanation::new();
        assert_eq!(
            decide(&request, &layers, &mut explanation),
            Decision::ImplicitDeny(Layer::Identity)
        );
        let missing: Vec<&str> = explanation
            .missing_keys()
            .iter()
            .map(|key| &**key)
            .collect();
        assert_eq!(
            missing,
            ["aws:username", "aws:SecureTransport", "aws:PrincipalTag/x"]
        );
        let [_, second, third] = explanation.trace() else {
            panic!("three statements")
        };
        assert_eq!(second.place.label, 7);
        assert_eq!(
            second.elements.last(),
            Some(&(Element::Condition(1), Truth::False))
        );
        assert_eq!(
            third.elements.last(),
            Some(&(Element::Action, Truth::False))
        );
    }

    #[test]
    fn a_policy_that_cannot_be_read_denies() {
        let policy = Policy::deny_everything();
        let facts = Context::new();
        let request = Request {
            principal: Principal::ANONYMOUS,
            action: Action::new("s3:GetObject").expect("an action"),
            resource: Resource {
                arn: "*",
                account: None,
            },
            facts: &facts,
        };
        let layers = Layers {
            resource: Some(PolicyRef::from(&policy)),
            ..Layers::default()
        };
        assert_eq!(
            decide(&request, &layers, &mut Silent),
            Decision::ExplicitDeny(Layer::Resource)
        );
    }
}
