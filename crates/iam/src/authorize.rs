//! Authorization: the one place where a caller's policies are asked whether an operation may run.

use std::sync::{Arc, LazyLock};

use claviger_model::{AccountId, AccountText, Arn};
use claviger_policy::{
    Action, Decision, Layer, Layers, Levels, Policy, PolicyRef, Request, Resource, ResourceRule,
    Silent, decide,
};

use crate::caller::{Caller, Way};
use crate::context::{Door, Parameters, RequestContext, RequestFacts};
use crate::entity::ProtectionMethod;
use crate::entity::Tags;
use crate::entity::account::PasswordPolicy;
use crate::entity::console_session::Reach;
use crate::fault::Fault;
use crate::principal::{Being, Held, Principal};
use crate::spec::{Grant, Service, Spec};

/// What an operation acts on: what must be allowed, and the condition keys that its parameters set.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Every one of these must be allowed.
    pub checks: Vec<Check>,
    /// The condition keys of the parameters.
    pub parameters: Parameters,
}

/// The resource of what concerns an account as a whole.
static EVERYTHING: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("*"));

/// One action on one resource.
#[derive(Debug, Clone)]
pub struct Check {
    /// The action, where it is not the operation's own: `iam:TagUser` for tags passed to `CreateUser`.
    pub action: Option<&'static str>,
    /// The resource name, or `*`.
    pub resource: Arc<str>,
    /// What the denial calls it, where that is not the resource name: `user alice`.
    pub shown: Option<String>,
    /// The account that owns it; `None` for `*`.
    account: Option<(AccountId, AccountText)>,
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
        // Shared, not copied: this is on the way of every request.
        Self::named(account, arn.clone())
    }

    /// On what an account calls by this resource name.
    #[must_use]
    pub fn named(account: AccountId, resource: impl Into<Arc<str>>) -> Self {
        Self {
            action: None,
            resource: resource.into(),
            shown: None,
            account: Some((account, account.text())),
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
            resource: EVERYTHING.clone(),
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

/// The policies that bear on what a principal may do, put together in one way for enforcement and for simulation.
pub(crate) struct Bearing<'a> {
    identity: Vec<PolicyRef<'a>>,
    boundary: Option<PolicyRef<'a>>,
    session: Option<Vec<PolicyRef<'a>>>,
}

impl<'a> Bearing<'a> {
    /// Of these policies. Labels by which a decision tells them apart are their places.
    pub(crate) fn new(
        identity: &'a [Held],
        boundary: Option<&'a Held>,
        session: Option<&'a [Held]>,
    ) -> Self {
        Self {
            identity: refs(identity),
            boundary: boundary.map(|held| PolicyRef {
                policy: held.policy(),
                label: 0,
            }),
            session: session.map(refs),
        }
    }

    /// The layers of one decision, with what is not the principal's own.
    pub(crate) fn layers<'b>(
        &'b self,
        resource: Option<PolicyRef<'b>>,
        resource_rule: ResourceRule,
        scps: Option<Levels<'b>>,
    ) -> Layers<'b> {
        Layers {
            identity: &self.identity,
            boundary: self.boundary,
            session: self.session.as_deref(),
            scps,
            rcps: None,
            resource,
            resource_rule,
        }
    }
}

fn refs(held: &[Held]) -> Vec<PolicyRef<'_>> {
    (0u32..)
        .zip(held)
        .map(|(label, held)| PolicyRef {
            policy: held.policy(),
            label,
        })
        .collect()
}

/// What is left of a decision once it is considered what the operation needs no policy for. `granted_by_account` says
/// that the account's settings grant the action to this user: it stands in for an identity policy, and for nothing else.
pub(crate) fn settle(decision: Decision, grant: Grant, granted_by_account: bool) -> Decision {
    match (decision, grant) {
        (_, Grant::Everyone) => Decision::Allow,
        (Decision::ImplicitDeny(_), Grant::UnlessDenied) => Decision::Allow,
        (Decision::ImplicitDeny(Layer::Identity), Grant::Policy) if granted_by_account => {
            Decision::Allow
        }
        (decision, _) => decision,
    }
}

/// Whether the account's password policy grants an operation of IAM to every user: changing the own password, and
/// reading the rules for it (IAM user guide, "Permitting IAM users to change their own passwords"). `own` is the user's
/// resource name. SECURITY: a user with a permissions boundary gets nothing by this, since a boundary that lacks the
/// action must go on limiting it; such a user needs a policy.
pub(crate) fn granted_by_password_policy(
    operation: &str,
    policy: Option<&PasswordPolicy>,
    own: &str,
    bounded: bool,
    resource: &str,
    door: Door,
) -> bool {
    if bounded {
        return false;
    }
    let is_meant = match operation {
        "ChangePassword" => resource == own,
        "GetAccountPasswordPolicy" | "GetPasswordRules" => resource == "*",
        _ => false,
    };
    is_meant && PasswordPolicy::lets_users_change(policy, door)
}

/// Refuses what the way by which a caller came does not lead to: a sign-in that is not complete runs what completes it, and
/// nothing else does (AC-37).
fn check_way(spec: &Spec, caller: &Caller) -> Result<(), Fault> {
    let is_open = match caller.way() {
        Way::Request | Way::Token(_) => spec.service != Service::SignIn,
        Way::SigningIn(..) => spec.service == Service::SignIn || spec.name == "ChangePassword",
        Way::Console(session) => session.reach == Reach::Whole || spec.for_enrolment,
    };
    if is_open {
        return Ok(());
    }
    Err(Fault::denied(match caller.way() {
        Way::Request | Way::Token(_) => "This operation is part of signing in to the console.",
        Way::SigningIn(..) => "Complete the sign-in first.",
        Way::Console(_) => "The account demands a second factor. Assign an MFA device first.",
    }))
}

/// Refuses a change of the caller's own credentials by a console session whose owner has not proved lately to be there: it
/// may be in somebody else's hands (AC-40). By a token too that proves less than the console would ask for. By the record,
/// whatever name the request gives.
fn check_fresh(
    spec: &Spec,
    target: &Target,
    caller: &Caller,
    principal: &Principal,
    request: &RequestFacts,
) -> Result<(), Fault> {
    // Credentials that are issued are always the caller's.
    let is_own = || {
        let mut checks = target.checks.iter();
        spec.issues || checks.any(|check| &*check.resource == principal.arn.as_str())
    };
    if !spec.on_own_credentials {
        return Ok(());
    }
    match caller.way() {
        Way::Console(session) if !session.is_fresh(request.now) && is_own() => {
            Err(Fault::unconfirmed())
        }
        // SECURITY: login protection asks for more than the password before the console lets anybody change these. A token that a
        // password alone has opened must not lead past it, to a device or an address of a thief's own.
        Way::Token(_) if caller.mfa().is_none() && is_protected(principal) && is_own() => {
            Err(Fault::denied(
                "Login protection is on, and a password alone has opened this token. Change your own credentials at the console.",
            ))
        }
        Way::Console(_) | Way::Token(_) | Way::Request | Way::SigningIn(..) => Ok(()),
    }
}

/// Whether the console asks the caller for more than the password.
fn is_protected(principal: &Principal) -> bool {
    let user = principal.user();
    user.is_some_and(|user| user.protected_by() != ProtectionMethod::None)
}

/// Refuses a change of the credentials of the very person who acts as a role at the console. A thief of the session would
/// otherwise get, by way of the role, what takes a fresh proof (AC-40); and the role's rights are not the person's own. By
/// the record, whatever name the request gives.
pub(crate) fn check_person(
    spec: &Spec,
    target: &Target,
    person: Option<&Principal>,
) -> Result<(), Fault> {
    let Some(person) = person.filter(|_| spec.on_own_credentials) else {
        return Ok(());
    };
    let mut checks = target.checks.iter();
    if checks.any(|check| &*check.resource == person.arn.as_str()) {
        return Err(Fault::denied(
            "These are your own credentials, and you are acting as a role. Switch back to change them.",
        ));
    }
    Ok(())
}

/// Whether the account's demand for a second factor grants what a session needs that may do nothing but assign one: on the
/// caller's own user, and on the one device that has the user's name. It stands in for an identity policy and a permissions
/// boundary, and an explicit deny is heeded.
fn granted_by_enrolment(
    spec: &Spec,
    target: &Target,
    caller: &Caller,
    principal: &Principal,
) -> bool {
    let Way::Console(session) = caller.way() else {
        return false;
    };
    // SECURITY: no other names, or the devices that an account may have could be used up one by one.
    let name = principal.user().map_or("root", |user| user.name.as_str());
    let device = Arn::mfa(principal.account, "/", name);
    let of_device = matches!(
        spec.name,
        "CreateVirtualMFADevice" | "DeleteVirtualMFADevice"
    );
    session.reach == Reach::Enrolment
        && spec.for_enrolment
        && target.checks.iter().all(|check| {
            &*check.resource == principal.arn.as_str()
                || (of_device && check.action.is_none() && &*check.resource == device.as_str())
        })
}

/// Whether the caller may do all that the target asks. `granted_by_account` says that the account's settings grant the
/// operation to this user.
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
    // SECURITY: what the operating system vouches for and what policies govern never mix. Not even root can do from the
    // network what is done on the host, and the host's operator is no principal to whom anything could be granted.
    match principal.being {
        Being::Host(_) if spec.on_host => return Ok(()),
        Being::Host(_) => return Err(Fault::denied("This operation is not run on the host.")),
        Being::Root(_) | Being::User(_) | Being::Role(_) if spec.service == Service::Host => {
            return Err(Fault::denied("This operation is run on the host alone."));
        }
        Being::Root(_) | Being::User(_) | Being::Role(_) => {}
    }
    check_way(spec, caller)?;
    check_fresh(spec, target, caller, principal, request)?;
    if spec.grant == Grant::Everyone {
        return Ok(());
    }
    let grant = if granted_by_enrolment(spec, target, caller, principal) {
        Grant::UnlessDenied
    } else {
        spec.grant
    };
    let bearing = Bearing::new(
        &principal.identity,
        principal.boundary.as_ref(),
        principal.session.as_deref(),
    );
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
            &bearing.layers(
                check.trust.as_deref().map(PolicyRef::from),
                if check.trust.is_some() {
                    ResourceRule::Trust
                } else {
                    ResourceRule::Ordinary
                },
                None,
            ),
            &mut Silent,
        );
        let decision = settle(decision, grant, granted_by_account);
        if !decision.is_allow() {
            return Err(denial(principal, action_text, check, decision));
        }
    }
    Ok(())
}

/// Refuses a request that comes from outside the networks of the key that it is signed with, or that its session was issued
/// to. It stands before all else that is asked of a caller, so that it holds for what needs no permission too.
///
/// # Errors
/// `AccessDenied`.
pub(crate) fn check_source(
    spec: &Spec,
    caller: &Caller,
    principal: &Principal,
    request: &RequestFacts,
) -> Result<(), Fault> {
    let (Some(bounds), Some(key)) = (&principal.key_bounds, caller.long_term_key()) else {
        return Ok(());
    };
    if bounds.admits(request.source_ip) {
        return Ok(());
    }
    Err(Fault::denied(format!(
        "User: {} is not authorized to perform: {} from {} with access key {key} because the address is in none of the \
         key's source networks. Make the request from one of them, or have them changed with UpdateAccessKeyBounds.",
        principal.arn,
        spec.action(),
        request.source_ip.to_canonical(),
    )))
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
