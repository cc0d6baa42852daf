//! The one way through: every operation, from whichever door, is found its target, authorized, run and committed here.

use std::any::Any;
use std::sync::Arc;

use claviger_model::Code;
use claviger_store::{CommitError, Event, Scope};

use crate::audit::Occurrence;
use crate::authenticate::Admitted;
use crate::authorize::{Target, authorize, check_person, check_source, granted_by_password_policy};
use crate::caller::Who;
use crate::context::RequestFacts;
use crate::cx::{Cx, Slow};
use crate::entity::Account;
use crate::entity::account::ACCOUNT_RECORD;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::notice;
use crate::operation::{Answer, Entry, Erased, Operation, entry};
use crate::principal::Principal;
use crate::signin::console::{person_of, still_there};
use crate::spec::Spec;

/// Tries before an operation queues up with the others that keep meeting conflicts.
pub(crate) const FREE_TRIES: usize = 3;
/// Tries in all.
pub(crate) const MAX_TRIES: usize = 40;

/// How a try ended.
enum Try {
    Done(Box<dyn Answer>),
    Again,
}

/// An operation on its way, with what it declares.
struct Step<'s> {
    spec: &'s Spec,
    input: &'s dyn Erased,
}

/// Operations that are run as one.
#[derive(Default)]
pub struct Together<'o>(Vec<(Spec, &'o dyn Erased)>);

impl<'o> Together<'o> {
    /// The same with one more at the end.
    ///
    /// # Errors
    /// `ValidationError` for a list beyond its bounds.
    pub fn then<O: Operation>(mut self, operation: &'o O) -> Result<Self, Fault> {
        check_bounds(operation)?;
        self.0.push((O::SPEC, operation));
        Ok(self)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What operations that were run as one have answered.
pub struct Answers(Vec<Box<dyn Any + Send>>);

impl Answers {
    /// What the first operation of this kind has answered.
    ///
    /// # Errors
    /// `ServiceFailure`: there was none.
    pub fn of<O: Operation>(&mut self) -> Result<O::Output, Fault> {
        let place = self.0.iter().position(|answer| answer.is::<O::Output>());
        let answer = place.map(|place| self.0.remove(place));
        match answer.map(<Box<dyn Any + Send>>::downcast::<O::Output>) {
            Some(Ok(output)) => Ok(*output),
            _ => Err(Fault::service("an operation that was not run")),
        }
    }
}

/// Holds an operation's lists to their bounds.
fn check_bounds<O: Operation>(operation: &O) -> Result<(), Fault> {
    claviger_shape::check_bounds(operation).map_err(|violations| {
        let (code, message) = claviger_shape::render_iam(&violations);
        Fault::new(code, message.unwrap_or_default())
    })
}

impl Iam {
    /// Runs an operation for a caller.
    ///
    /// # Errors
    /// The operation's faults, `AccessDenied`, and `ConcurrentModification` where others kept changing the same thing.
    pub async fn perform(
        &self,
        entry: &Entry,
        input: &dyn Erased,
        admitted: Admitted,
        request: &RequestFacts,
    ) -> Result<Box<dyn Answer>, Fault> {
        let spec = &entry.spec;
        let step = [Step { spec, input }];
        self.perform_steps(&step, &mut Vec::new(), admitted, request)
            .await
    }

    /// Runs operations as one, for doors whose one call does what several of them do: each finds its target, is authorized and
    /// told of by itself, and sees what those before it have done; all of it is committed, or none.
    ///
    /// # Errors
    /// As [`Iam::perform`], of whichever operation is refused first.
    pub async fn call_together(
        &self,
        operations: &Together<'_>,
        admitted: Admitted,
        request: &RequestFacts,
    ) -> Result<Answers, Fault> {
        let steps: Vec<Step<'_>> = operations
            .0
            .iter()
            .map(|(spec, input)| Step {
                spec,
                input: *input,
            })
            .collect();
        let mut answers = Vec::new();
        let last = self.perform_steps(&steps, &mut answers, admitted, request);
        let last = last.await?;
        answers.push(last);
        Ok(Answers(
            answers
                .into_iter()
                .map(|answer| answer.into_output())
                .collect(),
        ))
    }

    async fn perform_steps(
        &self,
        steps: &[Step<'_>],
        earlier: &mut Vec<Box<dyn Answer>>,
        admitted: Admitted,
        request: &RequestFacts,
    ) -> Result<Box<dyn Answer>, Fault> {
        let Admitted {
            caller,
            unit,
            principal,
            pins,
        } = admitted;
        let slow = Slow::default();
        let mut first = Some((unit, principal));
        let mut lane = None;
        for attempt in 0..MAX_TRIES {
            if attempt == FREE_TRIES
                && let Some(mutex) = self.lane(caller.account())
            {
                lane = Some(mutex.lock().await);
            }
            let (unit, principal) = match first.take() {
                Some((unit, principal)) => (unit, Some(principal)),
                None => {
                    let scopes = [Scope::Global, Scope::Account(caller.account())];
                    let unit = self
                        .store()
                        .unit(&scopes)
                        .await
                        .map_err(Fault::unavailable)?;
                    (unit, None)
                }
            };
            let cx = Cx {
                iam: self,
                caller: &caller,
                request,
                slow: &slow,
                pins: &pins,
                principal,
                person: None,
                unit,
                must_commit: false,
                attachment: None,
                used: Vec::new(),
            };
            earlier.clear();
            if let Try::Done(answer) = self.attempt(steps, earlier, cx).await? {
                return Ok(answer);
            }
        }
        drop(lane);
        Err(Fault::new(
            Code::ConcurrentModification,
            "The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.",
        ))
    }

    /// Runs an operation for a caller who knows which it is, and so its output. What a request would be held to as it is read,
    /// the operation is held to here: its values hold their own rules, its lists are counted.
    ///
    /// # Errors
    /// As [`Iam::perform`], and `ValidationError` for a list beyond its bounds.
    pub async fn call<O: Operation>(
        &self,
        operation: &O,
        admitted: Admitted,
        request: &RequestFacts,
    ) -> Result<O::Output, Fault> {
        check_bounds(operation)?;
        let answer = self
            .perform(&entry::<O>(), operation, admitted, request)
            .await?;
        match answer.into_output().downcast::<O::Output>() {
            Ok(output) => Ok(*output),
            Err(_) => Err(Fault::service("an operation answered what is not its own")),
        }
    }

    /// Admits the same caller once more, for a request that takes two operations: a fresh view of the store, in which the caller
    /// is looked up anew, and the same names for the same ids.
    ///
    /// # Errors
    /// That the caller is not there any more; `ServiceUnavailable`.
    pub async fn admit_again(
        &self,
        admitted: &Admitted,
        request: &RequestFacts,
    ) -> Result<Admitted, Fault> {
        let caller = admitted.caller.clone();
        let scopes = [Scope::Global, Scope::Account(caller.account())];
        let mut unit = self
            .store()
            .unit(&scopes)
            .await
            .map_err(Fault::unavailable)?;
        let principal = Principal::load(&mut unit, &caller, request.now).await?;
        Ok(Admitted {
            pins: admitted.pins.clone(),
            ..Admitted::new(caller, unit, Arc::new(principal))
        })
    }

    /// Tries to run the steps as one. The answers of all but the last go into `earlier`.
    async fn attempt(
        &self,
        steps: &[Step<'_>],
        earlier: &mut Vec<Box<dyn Answer>>,
        mut cx: Cx<'_>,
    ) -> Result<Try, Fault> {
        let Some(first) = steps.first() else {
            return Err(Fault::service("a request without an operation"));
        };
        cx.unit.label(first.spec.name, cx.request.now);
        check_console(&mut cx).await?;
        let principal = cx.principal().await?;
        let mut told = Vec::new();
        let mut answered = None;
        for step in steps {
            let (answer, occurrence) = self.run_step(step, &mut cx, &principal).await?;
            told.extend(occurrence);
            earlier.extend(answered.replace(answer));
        }
        let answer = answered.ok_or_else(|| Fault::service("an operation without an answer"))?;
        self.finish(steps, cx, &principal, told, answer).await
    }

    /// Finds the target of one step, authorizes it and runs it. What is to be told of it comes with the answer.
    async fn run_step(
        &self,
        step: &Step<'_>,
        cx: &mut Cx<'_>,
        principal: &Arc<Principal>,
    ) -> Result<(Box<dyn Answer>, Option<Event>), Fault> {
        let Step { spec, input } = *step;
        if let Err(fault) = check_source(spec, cx.caller, principal, cx.request) {
            self.journal_refusal(spec, cx, principal, &Target::default(), input, &fault);
            return Err(fault);
        }
        let target = match input.target(cx).await {
            Ok(target) => target,
            Err(fault) => {
                self.journal_refusal(spec, cx, principal, &Target::default(), input, &fault);
                return Err(fault);
            }
        };
        let granted = granted_by_account(cx, spec, &target).await?;
        let allowed = check_person(spec, &target, cx.person.as_deref())
            .and_then(|()| authorize(spec, &target, cx.caller, principal, cx.request, granted));
        let result = match allowed {
            Ok(()) => input.run(cx).await,
            Err(fault) => Err(fault),
        };
        match result {
            Ok(answer) if spec.changes() || spec.issues || cx.must_commit => {
                let mut occurrence = occurrence(spec, cx, principal, &target, input);
                occurrence.response = answer.masked();
                let event = occurrence.event(self.settings().rng.uuid());
                Ok((answer, Some(event)))
            }
            Ok(answer) => Ok((answer, None)),
            Err(fault) => {
                self.journal_refusal(spec, cx, principal, &target, input, &fault);
                Err(fault)
            }
        }
    }

    /// Records that a caller was refused for who it is, what it could not prove, or how often it tried. What is refused for its state or its
    /// form is the log's.
    fn journal_refusal(
        &self,
        spec: &Spec,
        cx: &Cx<'_>,
        principal: &Principal,
        target: &Target,
        input: &dyn Erased,
        fault: &Fault,
    ) {
        if matches!(
            fault.code(),
            Code::AccessDenied
                | Code::InvalidAuthenticationCode
                | Code::InvalidCredential
                | Code::Throttling
        ) {
            let event = occurrence(spec, cx, principal, target, input)
                .with_fault(fault)
                .event(self.settings().rng.uuid());
            if spec.by_strangers {
                self.journal().denied_to_strangers(event);
            } else {
                self.journal().denied(event);
            }
        }
    }

    async fn finish(
        &self,
        steps: &[Step<'_>],
        mut cx: Cx<'_>,
        principal: &Arc<Principal>,
        told: Vec<Event>,
        answer: Box<dyn Answer>,
    ) -> Result<Try, Fault> {
        let changing = steps.iter().find(|step| step.spec.changes());
        let Some(by) = changing.or_else(|| steps.first().filter(|_| cx.must_commit)) else {
            for event in told {
                self.journal().issued(event).await?;
            }
            return Ok(Try::Done(answer));
        };
        for event in told {
            cx.unit.event(event);
        }
        notice::send(&mut cx, by.spec, principal)?;
        let (used, now) = (std::mem::take(&mut cx.used), cx.now());
        match cx.unit.commit().await {
            Ok(_) => {
                for mark in used {
                    self.store().touch(mark, now.micros(), "");
                }
                Ok(Try::Done(answer))
            }
            // Whatever changed, the operation says it best itself when it looks again: that the name is taken, the code
            // was used, the group is not empty any more.
            Err(CommitError::Conflict | CommitError::Taken(_) | CommitError::Replayed(_)) => {
                Ok(Try::Again)
            }
            Err(CommitError::Limit { index, max }) => Err(Fault::quota(quota_name(index), max)),
            Err(error @ (CommitError::Busy | CommitError::Failed(_))) => {
                Err(Fault::unavailable(error))
            }
        }
    }
}

/// Refuses a console session that has ended since the request came, or acts as somebody else by now: what is in flight does
/// not outlive it, since a commit depends on what is read here (AC-44).
async fn check_console(cx: &mut Cx<'_>) -> Result<(), Fault> {
    let Some(session) = cx.caller.console() else {
        return Ok(());
    };
    let now = still_there(&mut cx.unit, session).await?;
    // The principal is the role then, and nothing else in this unit would tell that the person's access has ended.
    if matches!(cx.caller.who(), Who::Role { .. }) {
        let (_, person) = person_of(&mut cx.unit, &now, cx.request.now).await?;
        cx.person = Some(Arc::new(person));
    }
    Ok(())
}

fn occurrence<'a>(
    spec: &'a Spec,
    cx: &Cx<'a>,
    principal: &'a Principal,
    target: &'a Target,
    input: &dyn Erased,
) -> Occurrence<'a> {
    Occurrence {
        spec,
        caller: cx.caller,
        principal,
        request: cx.request,
        target,
        parameters: input.masked(),
        response: serde_json::Value::Null,
        fault: None,
    }
}

impl<'a> Occurrence<'a> {
    fn with_fault(mut self, fault: &'a Fault) -> Self {
        self.fault = Some(fault);
        self
    }
}

/// What AWS calls the quota that an index counts.
fn quota_name(index: &str) -> &'static str {
    match index {
        "users_by_name" => "UsersPerAccount",
        "groups_by_name" => "GroupsPerAccount",
        "roles_by_name" => "RolesPerAccount",
        "policies_by_name" => "PoliciesPerAccount",
        "policy_versions" => "PolicyVersionsInUse",
        "server_certificates_by_name" => "ServerCertificatesPerAccount",
        "hardware_mfa_by_serial" => "HardwareMFADevicesPerAccount",
        "mfa_by_serial" => "VirtualMFADevicesPerAccount",
        _ => "EntitiesPerAccount",
    }
}

/// Whether the account's password policy grants the action to every user: changing the own password, and reading the
/// rules for it (IAM user guide, "Permitting IAM users to change their own passwords").
async fn granted_by_account(cx: &mut Cx<'_>, spec: &Spec, target: &Target) -> Result<bool, Fault> {
    if !matches!(
        spec.name,
        "ChangePassword" | "GetAccountPasswordPolicy" | "GetPasswordRules"
    ) {
        return Ok(false);
    }
    let principal = cx.principal().await?;
    let Some(user) = principal.user() else {
        return Ok(false);
    };
    let own = user.arn();
    let (scope, door) = (cx.scope(), cx.request.door);
    let account = cx
        .unit
        .get::<Account>(scope, ACCOUNT_RECORD)
        .await
        .map_err(Fault::unavailable)?;
    let policy = account
        .as_ref()
        .and_then(|account| account.password_policy.as_ref());
    Ok(!target.checks.is_empty()
        && target.checks.iter().all(|check| {
            granted_by_password_policy(
                spec.name,
                policy,
                own.as_str(),
                user.boundary.is_some(),
                &check.resource,
                door,
            )
        }))
}
