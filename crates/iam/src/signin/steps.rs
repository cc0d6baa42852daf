//! The steps after the password: what is still asked for, and opening the session.

use std::sync::Arc;

use claviger_model::{AccountId, Code, Scalar as _, Secret, Timestamp};
use claviger_store::{CommitError, Depends, MarkKey, Scope, Stored, Unit};

use super::event::{self, Failed};
use super::half_open::{AwaitingFactor, AwaitingPassword, Factor, Proved};
use super::known_browser::KnownBrowser;
use super::password::{MAX_PASSWORD, account_record};
use super::{Next, Refusal};
use crate::authenticate::Admitted;
use crate::caller::{Caller, Entrance};
use crate::context::RequestFacts;
use crate::entity::account::PasswordPolicy;
use crate::entity::console_session::{ConsoleToken, MAX_SESSIONS, Reach};
use crate::entity::fido_device::is_fido;
use crate::entity::index::{CONSOLE_SESSIONS_BY_END, CONSOLE_SESSIONS_OF, WHOLE};
use crate::entity::mfa_device::Who;
use crate::entity::user::AssignedMfaDevice;
use crate::entity::{Account, ConsoleSession, Group, User};
use crate::fault::Fault;
use crate::iam::Iam;
use crate::notice;
use crate::operation::Operation;
use crate::operation::login_profiles::{ChangePassword, Password};
use crate::operation::password_hashes::Whose;
use crate::operation::sign_in::CheckMfa;
use crate::operation::users::{PASSWORD_USED, ROOT_MARK};
use crate::password::state::{self, PasswordState};
use crate::pipeline::MAX_TRIES;
use crate::principal::Principal;

/// A session that a sign-in has opened.
#[derive(Debug)]
pub struct Opened {
    /// What the cookie is to hold. It is told this once.
    pub token: ConsoleToken,
    /// The session.
    pub session: ConsoleSession,
    /// What tells this browser again.
    pub known_browser: KnownBrowser,
    /// When the password expires, where it does.
    pub password_expires: Option<Timestamp>,
}

/// What a known browser is bound to.
pub(super) fn subject_of(account: AccountId, who: &Who) -> String {
    match who {
        Who::Root => format!("{account} root"),
        Who::User(id) => format!("{account} {id}"),
    }
}

/// What the records say of whoever signs in.
pub(super) struct Standing {
    account: Arc<Stored<Account>>,
    user: Option<Arc<Stored<User>>>,
    demands_mfa: bool,
}

impl Standing {
    pub(super) fn devices(&self) -> &[AssignedMfaDevice] {
        match &self.user {
            Some(user) => &user.mfa_devices,
            None => &self.account.root.mfa_devices,
        }
    }

    fn recovery_codes(&self) -> usize {
        let codes = match &self.user {
            Some(user) => user.recovery_codes.as_ref(),
            None => self.account.root.recovery_codes.as_ref(),
        };
        codes.map_or(0, crate::entity::recovery_codes::RecoveryCodes::remaining)
    }

    fn policy(&self) -> Option<&PasswordPolicy> {
        self.account.password_policy.as_ref()
    }

    pub(super) fn password_state(&self, now: Timestamp) -> PasswordState {
        // No password policy of the account governs root.
        let profile = self
            .user
            .as_ref()
            .and_then(|user| user.login_profile.as_ref());
        profile.map_or(PasswordState::Good, |profile| {
            state::password_state(profile, self.policy(), now)
        })
    }

    fn password_expires(&self) -> Option<Timestamp> {
        let profile = self.user.as_ref()?.login_profile.as_ref()?;
        state::expires(profile, self.policy())
    }

    pub(super) fn user(&self) -> Option<&User> {
        self.user.as_deref().map(|user| &**user)
    }

    /// Whether the account, the user or a group demands a second factor.
    pub(super) fn demands_mfa(&self) -> bool {
        self.demands_mfa
    }

    pub(super) fn password_field(&self) -> Option<&str> {
        let password = match &self.user {
            Some(user) => user.login_profile.as_ref().map(|profile| &profile.password),
            None => self.account.root.password.as_ref(),
        };
        password.map(|password| password.field.as_str())
    }

    /// Whether the console is open to whoever signs in.
    pub(super) fn may_sign_in(&self) -> bool {
        let user = self.user.as_ref();
        user.is_none_or(|user| user.access.shut_at_console().is_none())
    }

    pub(super) fn sign_in_epoch(&self) -> u64 {
        match &self.user {
            Some(user) => user.sign_in_epoch,
            None => self.account.root.sign_in_epoch,
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        match &self.user {
            Some(user) => user.security_epoch,
            None => self.account.root.security_epoch,
        }
    }
}

/// What the records ask for before a session is opened.
enum Asked {
    /// Another step.
    For(Box<Next>),
    /// Nothing more: a session that reaches so far.
    Nothing(Reach),
}

/// Records of sessions that are over that one sign-in takes away at the most: more than it adds.
const FORGOTTEN: usize = 20;

/// What a recovery code is called where other factors have serial numbers.
pub(super) const RECOVERY_CODE: &str = "recovery code";
/// What a code is called that was sent to an address.
pub(super) const SENT_CODE: &str = "sent code";

/// Refuses a proof by a device that was taken away since (AC-32).
fn check_factor(proved: &Proved, standing: &Standing) -> Result<(), Refusal> {
    let is_held = |serial: &str| {
        let mut devices = standing.devices().iter();
        devices.any(|device| device.serial.as_str() == serial)
    };
    match proved.factor.as_deref() {
        Some(factor) if factor != RECOVERY_CODE && !is_held(factor) => Err(Refusal::Over),
        _ => Ok(()),
    }
}

/// Reads what the records say now.
pub(super) async fn standing(
    unit: &mut Unit,
    account: AccountId,
    who: &Who,
) -> Result<Standing, Refusal> {
    let scope = Scope::Account(account);
    let record = account_record(unit, account).await?.ok_or(Refusal::Over)?;
    let mut demands_mfa = record.sign_in.demands_mfa;
    let user = match who {
        Who::Root => None,
        Who::User(id) => {
            let user = unit
                .get::<User>(scope, id.as_str())
                .await
                .map_err(Fault::unavailable)?
                .ok_or(Refusal::Over)?;
            demands_mfa |= user.demands_mfa;
            for membership in &user.groups {
                let group = unit
                    .get::<Group>(scope, membership.group.as_str())
                    .await
                    .map_err(Fault::unavailable)?;
                demands_mfa |= group.is_some_and(|group| group.demands_mfa);
            }
            Some(user)
        }
    };
    Ok(Standing {
        account: record,
        user,
        demands_mfa,
    })
}

impl Iam {
    /// What is still asked for, by the records as they are now.
    pub(super) async fn next(
        &self,
        proved: Proved,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let scopes = [Scope::Global, Scope::Account(proved.account)];
        for _ in 0..MAX_TRIES {
            let mut unit = self
                .store()
                .unit(&scopes)
                .await
                .map_err(Fault::unavailable)?;
            let standing = standing(&mut unit, proved.account, &proved.who).await?;
            let reach = match self.asked(proved.clone(), &standing, request.now)? {
                Asked::For(next) => return self.with_code_sent(*next, request).await,
                Asked::Nothing(reach) => reach,
            };
            if let Some(opened) = self
                .open_session(unit, &proved, &standing, reach, request)
                .await?
            {
                return Ok(Next::Open(opened));
            }
        }
        Err(Refusal::Over)
    }

    /// What is still asked for, by what the records say. The one place that knows the order of the steps.
    fn asked(&self, proved: Proved, standing: &Standing, now: Timestamp) -> Result<Asked, Refusal> {
        // SECURITY: what was proved before the password changed, or sessions were ended, is void (AC-32, AC-44).
        if standing.epoch() != proved.epoch
            || standing.sign_in_epoch() != proved.sign_in_epoch
            || standing.password_field() != Some(&*proved.password)
            || !standing.may_sign_in()
        {
            return Err(Refusal::Over);
        }
        check_factor(&proved, standing)?;
        if proved.mfa.is_none() {
            if !standing.devices().is_empty() {
                let waiting = self.factors(proved, standing);
                return Ok(Asked::For(Box::new(Next::Factor(waiting))));
            }
            // Before a device may be assigned: who has nothing but the password must not get one.
            if let Some(waiting) = super::sent_code::asked(&proved, standing)? {
                return Ok(Asked::For(Box::new(Next::Code(waiting))));
            }
            if standing.demands_mfa && standing.password_state(now) != PasswordState::HardExpired {
                // A device comes first where one is demanded: policies may demand it of a change of password too.
                return Ok(Asked::Nothing(Reach::Enrolment));
            }
        }
        let expired = match standing.password_state(now) {
            PasswordState::Good => return Ok(Asked::Nothing(Reach::Whole)),
            PasswordState::HardExpired => return Err(Refusal::HardExpired),
            PasswordState::Expired => true,
            PasswordState::MustChange => false,
        };
        let waiting = AwaitingPassword { proved, expired };
        Ok(Asked::For(Box::new(Next::Password(waiting))))
    }

    fn factors(&self, proved: Proved, standing: &Standing) -> AwaitingFactor {
        let keys_work = self.settings().relying_party.is_some();
        let mut factors: Vec<Factor> = standing
            .devices()
            .iter()
            .filter_map(|device| {
                let serial = device.serial.as_str().to_owned();
                let name = device.name.clone();
                match is_fido(&device.serial) {
                    true if keys_work => Some(Factor::SecurityKey { serial, name }),
                    true => None,
                    false => Some(Factor::Totp {
                        // A vendor's number; those of virtual devices are resource names.
                        hardware: !serial.starts_with("arn:"),
                        serial,
                        name,
                    }),
                }
            })
            .collect();
        if standing.recovery_codes() > 0 {
            factors.push(Factor::RecoveryCode);
        }
        AwaitingFactor { proved, factors }
    }

    /// Opens a session; `None` where something changed meanwhile.
    async fn open_session(
        &self,
        mut unit: Unit,
        proved: &Proved,
        standing: &Standing,
        reach: Reach,
        request: &RequestFacts,
    ) -> Result<Option<Opened>, Refusal> {
        let settings = self.settings();
        let (now, scope) = (request.now, Scope::Account(proved.account));
        let token = ConsoleToken::draw(&settings.rng);
        let session = ConsoleSession {
            account: proved.account,
            id: settings.rng.uuid(),
            digest: token.digest(),
            who: proved.who.clone(),
            access_key_id: proved.access_key_id.clone(),
            epoch: proved.epoch,
            password: Some(proved.password.clone()),
            reach,
            opened: now,
            proved: now,
            mfa: proved.mfa,
            expires: now.plus_seconds(standing.account.sign_in.session_seconds()),
            source_ip: request.source_ip,
            user_agent: request.bounded_user_agent(),
            switched: None,
        };
        self.make_room(&mut unit, &session).await?;
        unit.label("ConsoleLogin", now);
        unit.event(event::opened(
            settings.rng.uuid(),
            &session,
            standing.user.as_deref().map(|user| &**user),
            proved.factor.as_deref(),
            request,
        ));
        if proved.is_new_browser && self.has_signed_in(proved).await? {
            let user = standing.user();
            let told = notice::of_sign_in(settings.rng.uuid(), &standing.account, user, request)?;
            if let Some(message) = told {
                unit.message(message);
            }
        }
        unit.put(session.clone());
        match unit.commit().await {
            Ok(_) => {}
            Err(CommitError::Conflict | CommitError::Taken(_) | CommitError::Replayed(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(Fault::unavailable(error).into()),
        }
        self.forget_ended(proved.account, now).await;
        let id = match &proved.who {
            Who::Root => ROOT_MARK,
            Who::User(id) => id.as_str(),
        };
        self.store()
            .touch(MarkKey::new(scope, PASSWORD_USED, id), now.micros(), "");
        Ok(Some(Opened {
            known_browser: KnownBrowser::new(
                subject_of(proved.account, &proved.who),
                now,
                &settings.rng,
            ),
            token,
            session,
            password_expires: standing.password_expires(),
        }))
    }

    /// Whether whoever signs in has ever done so before: the first time, every browser is new.
    async fn has_signed_in(&self, proved: &Proved) -> Result<bool, Fault> {
        let id = match &proved.who {
            Who::Root => ROOT_MARK,
            Who::User(id) => id.as_str(),
        };
        let mark = MarkKey::new(Scope::Account(proved.account), PASSWORD_USED, id);
        let mark = self.store().mark(&mark).await.map_err(Fault::unavailable)?;
        Ok(mark.is_some())
    }

    /// Ends the oldest sessions of a user who has too many, and those whose time is over.
    async fn make_room(&self, unit: &mut Unit, new: &ConsoleSession) -> Result<(), Fault> {
        let group = ConsoleSession::group(&new.who).to_vec();
        let scope = Scope::Account(new.account);
        let held = unit
            .page::<ConsoleSession>(
                scope,
                &CONSOLE_SESSIONS_OF,
                &group,
                b"",
                None,
                1_000,
                // Sign-ins at once each see the others.
                Depends::Group,
            )
            .await
            .map_err(Fault::unavailable)?;
        let (over, mut live): (Vec<_>, Vec<_>) = held
            .items
            .into_iter()
            .map(|(_, session)| session)
            .partition(|session| session.expires <= new.opened);
        for session in over {
            unit.delete::<ConsoleSession>(scope, &session.id);
        }
        while live.len() as u64 >= MAX_SESSIONS {
            let oldest = live.remove(0);
            unit.delete::<ConsoleSession>(scope, &oldest.id);
        }
        Ok(())
    }

    /// Takes away records of sessions whose time is over, whoever had them: some at each sign-in, so that those of people
    /// who never come back do not stay. It waits for nobody, and what it cannot do now is done at the next.
    async fn forget_ended(&self, account: AccountId, now: Timestamp) {
        let scope = Scope::Account(account);
        let forgotten = async {
            let mut unit = self.store().unit(&[Scope::Global, scope]).await?;
            let by_end = &CONSOLE_SESSIONS_BY_END;
            let first = unit
                .page::<ConsoleSession>(
                    scope,
                    by_end,
                    WHOLE,
                    b"",
                    None,
                    FORGOTTEN,
                    Depends::Nothing,
                )
                .await?;
            let ended = first.items.iter().map(|(_, session)| session);
            let ended: Vec<_> = ended.filter(|session| session.expires <= now).collect();
            if ended.is_empty() {
                return Ok(());
            }
            for session in ended {
                unit.delete::<ConsoleSession>(scope, &session.id);
            }
            unit.label("ForgetConsoleSessions", now);
            match unit.commit().await {
                // Somebody else who signs in does the same.
                Ok(_) | Err(CommitError::Conflict) => Ok(()),
                Err(error) => Err(error),
            }
        };
        if let Err::<(), CommitError>(error) = forgotten.await {
            tracing::warn!(%error, "records of console sessions that are over stay for now");
        }
    }

    /// Opens the cookie of a sign-in that waits for a second factor, with what there is to choose from now.
    ///
    /// # Errors
    /// [`Refusal::Over`].
    pub async fn awaiting_factor(
        &self,
        cookie: &str,
        request: &RequestFacts,
    ) -> Result<AwaitingFactor, Refusal> {
        let proved = AwaitingFactor::open(self.tokens(), cookie, request.now)?;
        match self.again(proved, request).await? {
            Next::Factor(waiting) => Ok(waiting),
            Next::Code(_) | Next::Password(_) | Next::Open(_) => Err(Refusal::Over),
        }
    }

    /// Opens the cookie of a sign-in that waits for another password.
    ///
    /// # Errors
    /// [`Refusal::Over`].
    pub async fn awaiting_password(
        &self,
        cookie: &str,
        request: &RequestFacts,
    ) -> Result<AwaitingPassword, Refusal> {
        let proved = AwaitingPassword::open(self.tokens(), cookie, request.now)?;
        match self.again(proved, request).await? {
            Next::Password(waiting) => Ok(waiting),
            Next::Factor(_) | Next::Code(_) | Next::Open(_) => Err(Refusal::Over),
        }
    }

    /// What a half-open sign-in waits for now. It opens nothing: only a step that was taken does.
    pub(super) async fn again(
        &self,
        proved: Proved,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let scopes = [Scope::Global, Scope::Account(proved.account)];
        let mut unit = self
            .store()
            .unit(&scopes)
            .await
            .map_err(Fault::unavailable)?;
        let standing = standing(&mut unit, proved.account, &proved.who).await?;
        match self.asked(proved, &standing, request.now)? {
            Asked::For(next) => Ok(*next),
            Asked::Nothing(_) => Err(Refusal::Over),
        }
    }

    /// Goes on with the code of a device that shows codes.
    ///
    /// # Errors
    /// [`Refusal::Wrong`]; what [`Next`] is refused with.
    pub async fn sign_in_with_code(
        &self,
        waiting: AwaitingFactor,
        serial: &str,
        code: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let check = CheckMfa::by_code(serial, code);
        self.sign_in_with(waiting, check, serial, request).await
    }

    /// Goes on with a recovery code, which is used up.
    ///
    /// # Errors
    /// [`Refusal::Wrong`]; what [`Next`] is refused with.
    pub async fn sign_in_with_recovery_code(
        &self,
        waiting: AwaitingFactor,
        code: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let check = CheckMfa::by_recovery_code(code);
        self.sign_in_with(waiting, check, RECOVERY_CODE, request)
            .await
    }

    async fn sign_in_with(
        &self,
        waiting: AwaitingFactor,
        check: Option<CheckMfa>,
        factor: &str,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let mut proved = waiting.proved;
        let outcome = match check {
            Some(check) => self
                .step(&proved, Entrance::Console, &check, request)
                .await
                .map(drop),
            None => Err(Refusal::Wrong),
        };
        if let Err(refusal) = outcome {
            let refusal = match refusal {
                // Which part of it was wrong is nobody's business.
                Refusal::Fault(fault) if !is_trouble(&fault) => Refusal::Wrong,
                other => other,
            };
            if matches!(refusal, Refusal::Wrong) {
                self.tell_wrong_factor(&proved, factor, request).await?;
            }
            return Err(refusal);
        }
        proved.mfa = Some(request.now);
        proved.factor = Some(factor.to_owned());
        self.next(proved, request).await
    }

    /// Goes on with another password, by the user's own `ChangePassword`, which policies must allow.
    ///
    /// # Errors
    /// [`Refusal::Fault`] with what the change was refused with; what [`Next`] is refused with.
    pub async fn sign_in_with_new_password(
        &self,
        waiting: AwaitingPassword,
        old: &Secret<String>,
        new: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let mut proved = waiting.proved;
        let change = ChangePassword {
            old_password: parse_password(old)?,
            new_password: parse_password(new)?,
        };
        self.step(&proved, Entrance::Console, &change, request)
            .await?;
        let scopes = [Scope::Global, Scope::Account(proved.account)];
        let mut unit = self
            .store()
            .unit(&scopes)
            .await
            .map_err(Fault::unavailable)?;
        let standing = standing(&mut unit, proved.account, &proved.who).await?;
        let changed = self.after_own_change(&standing, proved.epoch, new).await?;
        (proved.password, proved.epoch) = changed;
        self.next(proved, request).await
    }

    /// The field and the epoch of the password that the person has just set, whose sessions had the epoch `before`.
    ///
    /// # Errors
    /// [`Refusal::Over`] where anything has changed besides.
    pub(super) async fn after_own_change(
        &self,
        standing: &Standing,
        before: u64,
        new: &Secret<String>,
    ) -> Result<(String, u64), Refusal> {
        let epoch = standing.epoch();
        // SECURITY: a change of one's own raises the epoch by one. One that was raised further has ended every session,
        // this one too, also where the password that somebody else has set since is the same.
        if epoch != before + 1 || !self.is_password(standing, new).await? {
            return Err(Refusal::Over);
        }
        let field = standing.password_field().ok_or(Refusal::Over)?;
        Ok((field.to_owned(), epoch))
    }

    /// Whether this is the password in force.
    pub(super) async fn is_password(
        &self,
        standing: &Standing,
        password: &Secret<String>,
    ) -> Result<bool, Fault> {
        let (whose, held) = match &standing.user {
            Some(user) => (
                Whose::of_user(user),
                user.login_profile.as_ref().map(|profile| &profile.password),
            ),
            None => (
                Whose::of_root(&standing.account),
                standing.account.root.password.as_ref(),
            ),
        };
        let Some(held) = held.filter(|_| password.expose().chars().count() <= MAX_PASSWORD) else {
            return Ok(false);
        };
        let hash = whose.unseal(self, held).await?;
        self.settings().hasher.verify(password, &hash).await
    }

    /// Runs an operation of a half-open sign-in, by the one pipeline.
    pub(super) async fn step<O: Operation>(
        &self,
        proved: &Proved,
        entrance: Entrance,
        operation: &O,
        request: &RequestFacts,
    ) -> Result<O::Output, Refusal> {
        let caller = Caller::signing_in(Arc::new(proved.session()), proved.sign_in_epoch, entrance);
        let mut unit = self
            .store()
            .unit(&[Scope::Global, Scope::Account(proved.account)])
            .await
            .map_err(Fault::unavailable)?;
        let principal = Principal::load(&mut unit, &caller, request.now)
            .await
            .map_err(|_| Refusal::Over)?;
        let admitted = Admitted::new(caller, unit, Arc::new(principal));
        let done = self.call(operation, admitted, request).await;
        done.map_err(|fault| match fault.code() {
            // It was ended while the step was taken, which says nothing of what was given.
            Code::InvalidClientTokenId => Refusal::Over,
            _ => Refusal::Fault(fault),
        })
    }

    pub(super) async fn tell_wrong_factor(
        &self,
        proved: &Proved,
        factor: &str,
        request: &RequestFacts,
    ) -> Result<(), Refusal> {
        let mut unit = self
            .store()
            .unit(&[Scope::Global, Scope::Account(proved.account)])
            .await
            .map_err(Fault::unavailable)?;
        let standing = standing(&mut unit, proved.account, &proved.who).await?;
        let failed = Failed {
            account: proved.account,
            user: standing.user.as_deref().map(|user| &**user),
            is_root: proved.who == Who::Root,
        };
        // The factor was chosen from a list of the user's own, but it came over the wire.
        let own = standing
            .devices()
            .iter()
            .any(|device| device.serial.as_str() == factor);
        let known = own || matches!(factor, RECOVERY_CODE | SENT_CODE | "security key");
        let factor = if known { factor } else { "another device" };
        // What was sent is no second factor.
        let factor = Some(factor).filter(|factor| *factor != SENT_CODE);
        self.journal().denied_to_strangers(event::failed(
            self.settings().rng.uuid(),
            Entrance::Console,
            &failed,
            factor,
            request,
        ));
        Ok(())
    }
}

/// Whether a fault is the server's trouble and says nothing of what was given.
pub(super) fn is_trouble(fault: &Fault) -> bool {
    use claviger_model::Code;
    matches!(
        fault.code(),
        Code::ServiceFailure | Code::ServiceUnavailable | Code::ConcurrentModification
    )
}

/// A password as operations take it.
pub(super) fn parse_password(given: &Secret<String>) -> Result<Secret<Password>, Refusal> {
    Password::parse(given.expose())
        .map(Secret::new)
        .map_err(|_| {
            Refusal::Fault(Fault::new(
                claviger_model::Code::PasswordPolicyViolation,
                "A password has 1 to 128 characters of the Latin alphabet, digits, blanks and symbols.",
            ))
        })
}
