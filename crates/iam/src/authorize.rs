//! Authorization: the one place where a caller's policies are asked whether an operation may run.

use std::sync::Arc;

use claviger_model::{AccountId, Arn};
use claviger_policy::{
    Action, Decision, Layer, Layers, Silent, Policy, PolicyRef, Request, Resource, ResourceRule, decide,
};

use crate::caller::Caller;
use crate::context::{Parameters, RequestContext, RequestFacts};
use crate::entity::Tags;
use crate::fault::Fault;
use crate::principal::{Held, Principal};
use crate::spec::{Grant, Spec};

/// What an operation acts on: what must be allowed, and the condition keys that its parameters set.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Every one of these must be allowed.
    pub checks: Vec<Check>,
    /// The condition keys of the parameters.
    pub parameters: Parameters,
}

/// One action on one resource.
#[derive(Debug, Clone)]
pub struct Check {
    /// The action, where it is not the operation's own: `iam:TagUser` for tags passed to `CreateUser`.
    pub action: Option<&'static str>,
    /// The resource name, or `*`.
    pub resource: String,
    /// What the denial calls it, where that is not the resource name: `user alice`.
    pub shown: Option<String>,
    /// The account that owns it; `None` for `*`.
    account: Option<(AccountId, String)>,
    /// The tags on it.
    pub tags: Option<Tags>,
    /// The policy on it, where it has one: a role's trust policy.
    pub trust: Option<Arc<Policy>>,
    /// Whether the denial says nothing about which policy is missing (`AssumeRole`).
    pub terse: bool,
    /// The whole text of the denial, where AWS words it like no other (`GetAccessKeyLastUsed`).
    pub refusal: Option<String>,
}

impl Check {
    /// On a resource of an account.
    #[must_use]
    pub fn on(account: AccountId, arn: &Arn) -> Self {
        Self {
            action: None,
            resource: arn.as_str().to_owned(),
            shown: None,
            account: Some((account, account.to_string())),
            tags: None,
            trust: None,
            terse: false,
            refusal: None,
        }
    }

    /// On the account as a whole: the resource is `*`.
    #[must_use]
    pub fn on_account() -> Self {
        Self {
            action: None,
            resource: String::from("*"),
            shown: None,
            account: None,
            tags: None,
            trust: None,
            terse: false,
            refusal: None,
        }
    }

    /// Says what a denial calls the resource.
    #[must_use]
    pub fn shown(mut self, shown: impl Into<String>) -> Self {
        self.shown = Some(shown.into());
        self
    }

    /// Gives the tags on the resource.
    #[must_use]
    pub fn tagged(mut self, tags: &Tags) -> Self {
        self.tags = Some(tags.clone());
        self
    }

    /// The same resource for another action.
    #[must_use]
    pub fn also(&self, action: &'static str) -> Self {
        Self {
            action: Some(action),
            ..self.clone()
        }
    }

    /// The owner's account as text.
    #[must_use]
    pub fn account_text(&self) -> Option<&str> {
        self.account.as_ref().map(|(_, text)| text.as_str())
    }
}

impl Target {
    /// One check, no parameters.
    #[must_use]
    pub fn of(check: Check) -> Self {
        Self {
            checks: vec![check],
            parameters: Parameters::default(),
        }
    }

    /// Adds a check.
    #[must_use]
    pub fn and(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Sets a condition key of the operation's own; `key` is folded.
    #[must_use]
    pub fn with(mut self, key: &'static str, fact: crate::context::Fact) -> Self {
        self.parameters.facts.push((key, fact));
        self
    }
}

/// Labels by which a decision tells policies apart: the place in the principal's list.
fn refs(held: &[Held]) -> Vec<PolicyRef<'_>> {
    (0u32..)
        .zip(held)
        .map(|(label, held)| PolicyRef {
            policy: held.policy(),
            label,
        })
        .collect()
}

/// Whether the caller may do all that the target asks. `unless_denied` names an action that the account's settings
/// grant to every user, so that only an explicit deny counts.
///
/// # Errors
/// `AccessDenied`, in AWS's words (IAM user guide, "Troubleshoot access denied error messages").
pub(crate) fn authorize(
    spec: &Spec,
    target: &Target,
    caller: &Caller,
    principal: &Principal,
    request: &RequestFacts,
    granted_by_account: bool,
) -> Result<(), Fault> {
    if spec.grant == Grant::Everyone {
        return Ok(());
    }
    let identity = refs(&principal.identity);
    let session = principal.session.as_deref().map(refs);
    let boundary = principal.boundary.as_ref().map(|held| PolicyRef {
        policy: held.policy(),
        label: 0,
    });
    let mut own_action = String::new();
    for check in &target.checks {
        let action_text = match check.action {
            Some(action) => action,
            None => {
                if own_action.is_empty() {
                    own_action = spec.action();
                }
                own_action.as_str()
            }
        };
        let action = Action::new(action_text)
            .ok_or_else(|| Fault::service(format!("`{action_text}` is no action")))?;
        let context = RequestContext {
            request,
            caller,
            principal,
            parameters: &target.parameters,
            check,
        };
        let decision = decide(
            &Request {
                principal: principal.as_policy(),
                action,
                resource: Resource {
                    arn: &check.resource,
                    account: check.account_text(),
                },
                facts: &context,
            },
            &Layers {
                identity: &identity,
                boundary,
                session: session.as_deref(),
                scps: None,
                rcps: None,
                resource: check.trust.as_deref().map(PolicyRef::from),
                resource_rule: if check.trust.is_some() {
                    ResourceRule::Trust
                } else {
                    ResourceRule::Ordinary
                },
            },
            &mut Silent,
        );
        let waived = matches!(decision, Decision::ImplicitDeny(_))
            && (granted_by_account || spec.grant == Grant::UnlessDenied);
        if !decision.is_allow() && !waived {
            return Err(denial(principal, action_text, check, decision));
        }
    }
    Ok(())
}

/// The fault for a refused action, worded as AWS words it.
fn denial(principal: &Principal, action: &str, check: &Check, decision: Decision) -> Fault {
    if let Some(refusal) = &check.refusal {
        return Fault::denied(refusal.as_str());
    }
    let shown = check.shown.as_deref().unwrap_or(&check.resource);
    let mut message = format!(
        "User: {} is not authorized to perform: {action} on resource: {shown}",
        principal.arn
    );
    if !check.terse {
        let (article, kind) = match decision.layer() {
            Some(Layer::Identity) | None => ("an", "identity-based policy"),
            Some(Layer::Boundary) => ("a", "permissions boundary"),
            Some(Layer::Session) => ("a", "session policy"),
            Some(Layer::Scp) => ("a", "service control policy"),
            Some(Layer::Rcp) => ("a", "resource control policy"),
            Some(Layer::Resource) => ("a", "resource-based policy"),
        };
        if decision.is_explicit_deny() {
            message.push_str(&format!(" with an explicit deny in {article} {kind}"));
        } else {
            message.push_str(&format!(" because no {kind} allows the {action} action"));
        }
    }
    Fault::denied(message)
}
