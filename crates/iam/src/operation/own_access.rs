//! What the caller may do, decided on the spot by the evaluator that enforces, and explained. An operation of this server's
//! own.

use claviger_model::{AccountId, Code, Scalar as _, enum_scalar};
use claviger_policy::{
    Action, Decision, Explanation, Layer, Request, Resource, ResourceRule, decide,
};
use claviger_shape::Shape;

use super::simulation::{ActionName, ResourceName, label};
use super::{Entry, Operation, entry};
use crate::authorize::{Bearing, Check, Target, granted_by_password_policy, settle};
use crate::context::{Parameters, RequestContext};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::lookup;
use crate::principal::Held;
use crate::spec::{Access, Grant, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<ExplainOwnAccess>()];

enum_scalar! {
    /// What was decided.
    AccessDecision {
        /// It is allowed.
        Allowed = "allowed",
        /// A statement denies it.
        ExplicitDeny = "explicitDeny",
        /// Nothing allows it.
        ImplicitDeny = "implicitDeny",
    }
}

enum_scalar! {
    /// A kind of policy.
    AccessLayer {
        /// Policies of the user or role, and of the user's groups.
        Identity = "identity",
        /// The permissions boundary.
        Boundary = "boundary",
        /// Policies passed with a session.
        Session = "session",
        /// Service control policies.
        ServiceControl = "serviceControl",
        /// Resource control policies.
        ResourceControl = "resourceControl",
        /// The policy on the resource.
        Resource = "resource",
    }
}

impl From<Layer> for AccessLayer {
    fn from(layer: Layer) -> Self {
        match layer {
            Layer::Identity => Self::Identity,
            Layer::Boundary => Self::Boundary,
            Layer::Session => Self::Session,
            Layer::Scp => Self::ServiceControl,
            Layer::Rcp => Self::ResourceControl,
            Layer::Resource => Self::Resource,
        }
    }
}

/// A statement that decided.
#[derive(Shape)]
pub struct DecidingStatement {
    /// The policy that it stands in.
    pub policy: String,
    /// Its `Sid`, where it has one.
    pub sid: Option<String>,
    /// Its place in the policy, counted from 1.
    pub number: i32,
    /// What kind of policy it is.
    pub layer: AccessLayer,
}

/// Tells whether the caller may do something now, with this very session, and why. Nothing is done. An operation of this
/// server's own; who is authenticated may always ask.
#[derive(Shape)]
pub struct ExplainOwnAccess {
    /// The action, such as `s3:GetObject`, without wildcards.
    pub action_name: ActionName,
    /// The resource; `*` when left out.
    pub resource_arn: Option<ResourceName>,
}

/// The answer of [`ExplainOwnAccess`].
#[derive(Shape)]
pub struct ExplainOwnAccessOutput {
    /// What was decided.
    pub decision: AccessDecision,
    /// The kind of policy that decided, where it is denied.
    pub decided_by: Option<AccessLayer>,
    /// The statements that allowed or denied it; none where nothing allows it.
    pub statements: Vec<DecidingStatement>,
    /// Condition keys that policies asked for in vain.
    pub missing_context_values: Vec<String>,
}

impl Operation for ExplainOwnAccess {
    const SPEC: Spec = Spec::iam("ExplainOwnAccess", Access::Read)
        .grant(Grant::Everyone)
        .faults(&[Code::InvalidInput]);
    type Output = ExplainOwnAccessOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::default())
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let invalid = |message: String| Fault::new(Code::InvalidInput, message);
        let name = self.action_name.as_str();
        let action = Some(name)
            .filter(|name| !name.contains(['*', '?']))
            .and_then(Action::new)
            .ok_or_else(|| {
                invalid(format!(
                    "`{name}` is no action. An action looks like `iam:ListUsers`."
                ))
            })?;
        let resource = self.resource_arn.as_ref().map_or("*", ResourceName::as_str);
        let parts = claviger_model::arn::split(resource);
        if resource != "*" && parts.is_none() {
            return Err(invalid(format!(
                "`{resource}` is no resource name. One looks like `arn:aws:s3:::bucket/key`."
            )));
        }
        let account = lookup::account(cx).await?;
        let principal = cx.principal().await?;
        let check = match parts {
            // A name without an account is that of something of the caller's own.
            Some(parts) => {
                let owner = AccountId::parse(parts.account).unwrap_or(cx.account());
                Check::named(owner, resource)
            }
            None => Check::on_account(),
        };
        let parameters = Parameters::default();
        let facts = RequestContext {
            request: cx.request(),
            caller: cx.caller(),
            principal: &principal,
            parameters: &parameters,
            check: &check,
        };
        let bearing = Bearing::new(
            &principal.identity,
            principal.boundary.as_ref(),
            principal.session.as_deref(),
        );
        let mut explanation = Explanation::new();
        let decision = decide(
            &Request {
                principal: principal.as_policy(),
                action,
                resource: Resource {
                    arn: resource,
                    account: check.account_text(),
                },
                facts: &facts,
            },
            &bearing.layers(None, ResourceRule::Ordinary, None),
            &mut explanation,
        );
        let granted = principal.user().is_some_and(|user| {
            granted_by_password_policy(
                name.strip_prefix("iam:").unwrap_or_default(),
                account.password_policy.as_ref(),
                principal.arn.as_str(),
                user.boundary.is_some(),
                resource,
                cx.request().door,
            )
        });
        let decision = settle(decision, Grant::Policy, granted);
        let named = |layer: Layer, policy: usize| {
            let held: Option<&Held> = match layer {
                Layer::Identity => principal.identity.get(policy),
                Layer::Boundary => principal.boundary.as_ref(),
                Layer::Session => principal.session.as_ref().and_then(|held| held.get(policy)),
                Layer::Scp | Layer::Rcp | Layer::Resource => None,
            };
            held.map_or_else(String::new, |held| label(held).0)
        };
        let statements = explanation
            .deciding()
            .map(|matched| DecidingStatement {
                policy: named(matched.place.layer, matched.place.policy),
                sid: matched.sid.as_deref().map(str::to_owned),
                number: i32::try_from(matched.place.statement + 1).unwrap_or(i32::MAX),
                layer: matched.place.layer.into(),
            })
            .collect();
        Ok(ExplainOwnAccessOutput {
            decision: match decision {
                Decision::Allow => AccessDecision::Allowed,
                Decision::ExplicitDeny(_) | Decision::TooComplex(_) => AccessDecision::ExplicitDeny,
                Decision::ImplicitDeny(_) => AccessDecision::ImplicitDeny,
            },
            decided_by: decision.layer().map(AccessLayer::from),
            statements,
            missing_context_values: explanation
                .missing_keys()
                .iter()
                .map(|key| (**key).to_owned())
                .collect(),
        })
    }
}
