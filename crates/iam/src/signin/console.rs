//! Whoever is signed in: from the token in a cookie to a caller, and what a person does with the session itself.

use std::sync::Arc;

use claviger_model::{Secret, Timestamp};
use claviger_store::{Bucket, CommitError, Event, MarkKey, Scope, Stored, Unit};

use super::half_open::Proved;
use super::steps::standing;
use super::switch::{Acting, Switched, scopes};
use super::{Next, Refusal, event};
use crate::authenticate::{Admitted, role_used};
use crate::caller::Caller;
use crate::context::RequestFacts;
use crate::entity::account::PasswordPolicy;
use crate::entity::console_session::{ConsoleToken, Reach};
use crate::entity::index::CONSOLE_SESSIONS;
use crate::entity::mfa_device::Who;
use crate::entity::user::AssignedMfaDevice;
use crate::entity::{ConsoleSession, User};
use crate::fault::Fault;
use crate::iam::Iam;
use crate::operation::sign_in::CheckMfa;
use crate::password::state;
use crate::pipeline::MAX_TRIES;
use crate::principal::{Being, Principal};
use crate::session::{Session, SessionPrincipal};

/// The kind of mark that tells when a console session was last used; its id is the session's.
pub(crate) const CONSOLE_SESSION_USED: &str = "console_session_used";
/// The kind of bucket that confirmations by password are counted in; its id is the session's.
const CONFIRM_TRIES: &str = "console_confirm";
/// Confirmations that may be tried in one window.
const TRIES: u32 = 5;
/// Seconds that a window lasts.
const WINDOW: u32 = 900;

/// A person who is signed in.
#[derive(Clone)]
pub struct AtConsole {
    pub(super) session: Arc<Stored<ConsoleSession>>,
    person: Arc<Principal>,
    pub(super) acting: Acting,
    password_policy: Option<PasswordPolicy>,
}

impl AtConsole {
    /// The session.
    #[must_use]
    pub fn session(&self) -> &ConsoleSession {
        &self.session
    }

    /// Who acts: the role that the person has switched to, or the person.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        match &self.acting {
            Acting::Role(_, role) => role,
            Acting::Person | Acting::Over => &self.person,
        }
    }

    /// Who is signed in, also while acting as a role.
    #[must_use]
    pub fn person(&self) -> &Principal {
        &self.person
    }

    /// The role that the person has switched to.
    #[must_use]
    pub fn switched(&self) -> Option<&Switched> {
        match &self.acting {
            Acting::Role(switched, _) => Some(switched),
            Acting::Person | Acting::Over => None,
        }
    }

    /// Whether the person acted as a role until a moment ago, and must be told that this is over.
    #[must_use]
    pub fn is_role_over(&self) -> bool {
        matches!(self.acting, Acting::Over)
    }

    /// Whether root acts.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self.principal().being, Being::Root(_))
    }

    /// Refuses what a person does with the own session or credentials while acting as a role.
    pub(super) fn must_be_self(&self) -> Result<(), Refusal> {
        match self.acting {
            Acting::Person => Ok(()),
            Acting::Role(..) | Acting::Over => Err(Refusal::Over),
        }
    }

    /// The record of the user who acts; root has none, and neither has a role.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.principal().user().map(|user| &***user)
    }

    /// The MFA devices in the hands of who acts; a role has none.
    #[must_use]
    pub fn mfa_devices(&self) -> &[AssignedMfaDevice] {
        match &self.principal().being {
            Being::User(user) => &user.mfa_devices,
            Being::Root(account) => &account.root.mfa_devices,
            Being::Role(_) | Being::Host(_) => &[],
        }
    }

    /// The e-mail address of root; users have none.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        match &self.principal().being {
            Being::Root(account) => Some(&account.root.email),
            Being::User(_) | Being::Role(_) | Being::Host(_) => None,
        }
    }

    /// When root's password was last changed.
    #[must_use]
    pub fn root_password_changed(&self) -> Option<Timestamp> {
        match &self.principal().being {
            Being::Root(account) => account.root.password_changed,
            Being::User(_) | Being::Role(_) | Being::Host(_) => None,
        }
    }

    /// When the person's password expires, where it does.
    #[must_use]
    pub fn password_expires(&self) -> Option<Timestamp> {
        let profile = self.user()?.login_profile.as_ref()?;
        state::expires(profile, self.password_policy.as_ref())
    }

    /// Whether the person may change credentials without confirming first.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.session.is_fresh(now)
    }

    /// Whether a device must be assigned before anything else.
    #[must_use]
    pub fn must_enrol(&self) -> bool {
        self.session.reach == Reach::Enrolment
    }
}

impl std::fmt::Debug for AtConsole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AtConsole")
            .field("who", &self.session.who)
            .finish_non_exhaustive()
    }
}

/// What a console session's caller acts with.
fn session_of(console: &ConsoleSession) -> Session {
    Session {
        access_key_id: console.access_key_id.clone(),
        principal: match &console.who {
            Who::Root => SessionPrincipal::Root(console.account),
            Who::User(id) => SessionPrincipal::User {
                account: console.account,
                id: id.clone(),
            },
        },
        epoch: console.epoch,
        issued: console.opened,
        expires: console.expires,
        mfa: console.mfa,
        policy: None,
        policy_arns: Vec::new(),
        tags: Vec::new(),
        transitive: Vec::new(),
        source_identity: None,
        issued_to: None,
    }
}

/// The field of the password in force.
fn password_field(principal: &Principal) -> Option<&str> {
    let password = match &principal.being {
        Being::User(user) => user.login_profile.as_ref().map(|profile| &profile.password),
        Being::Root(account) => account.root.password.as_ref(),
        Being::Role(_) | Being::Host(_) => None,
    };
    password.map(|password| password.field.as_str())
}

/// The session as it is now, if its token is the same and it stands for the same one.
pub(crate) async fn still_there(
    unit: &mut Unit,
    session: &ConsoleSession,
) -> Result<Arc<Stored<ConsoleSession>>, Fault> {
    unit.get::<ConsoleSession>(Scope::Account(session.account), &session.id)
        .await
        .map_err(Fault::unavailable)?
        .filter(|now| now.digest == session.digest && now.switched == session.switched)
        .ok_or_else(Caller::gone)
}

/// The person who is signed in, if the access that the session was opened with has not ended.
pub(crate) async fn person_of(
    unit: &mut Unit,
    session: &Arc<Stored<ConsoleSession>>,
    now: Timestamp,
) -> Result<(Caller, Principal), Fault> {
    let caller = Caller::in_console(Arc::new(session_of(session)), session.clone());
    let principal = Principal::load(unit, &caller, now).await?;
    if password_field(&principal) != session.password.as_deref() {
        return Err(Caller::gone());
    }
    Ok((caller, principal))
}

/// A view of the store for the person of a session.
pub(super) async fn unit_of(iam: &Iam, session: &ConsoleSession) -> Result<Unit, Fault> {
    iam.store()
        .unit(&[Scope::Global, Scope::Account(session.account)])
        .await
        .map_err(Fault::unavailable)
}

impl Iam {
    /// Finds out who holds this token. The session counts as used now.
    ///
    /// # Errors
    /// [`Refusal::Over`] where there is no such session, or it has ended; [`Refusal::Fault`] for trouble of the server's.
    pub async fn at_console(
        &self,
        token: &ConsoleToken,
        request: &RequestFacts,
    ) -> Result<AtConsole, Refusal> {
        let (mut at, _) = self.find_session(token, request).await?;
        let used = used_mark(&at.session);
        let idle = self
            .store()
            .mark(&used)
            .await
            .map_err(Fault::unavailable)?
            .map_or(at.session.opened, |mark| Timestamp::from_micros(mark.value));
        let mut unit = unit_of(self, &at.session).await?;
        let account = super::password::account_record(&mut unit, at.session.account)
            .await?
            .ok_or(Refusal::Over)?;
        if request.now.seconds_since(idle) >= account.sign_in.idle_seconds() {
            return Err(Refusal::Over);
        }
        self.store().touch(used, request.now.micros(), "");
        at.password_policy = account.password_policy;
        Ok(at)
    }

    async fn find_session(
        &self,
        token: &ConsoleToken,
        request: &RequestFacts,
    ) -> Result<(AtConsole, Unit), Refusal> {
        let mut unit = self
            .store()
            .unit(&[Scope::Global])
            .await
            .map_err(Fault::unavailable)?;
        let session = unit
            .find::<ConsoleSession>(Scope::Global, &CONSOLE_SESSIONS, token.digest().as_bytes())
            .await
            .map_err(Fault::unavailable)?
            .ok_or(Refusal::Over)?;
        if request.now >= session.expires {
            return Err(Refusal::Over);
        }
        let (_, person) = person_of(&mut unit, &session, request.now)
            .await
            .map_err(over_unless_trouble)?;
        let acting = self.acting(&mut unit, &session, request.now).await?;
        let at = AtConsole {
            session,
            person: Arc::new(person),
            acting,
            password_policy: None,
        };
        Ok((at, unit))
    }

    /// Admits whoever acts at the console for one operation, on what is true now: the person, or the role that the person
    /// has switched to.
    ///
    /// # Errors
    /// `InvalidClientTokenId` where the session has ended, or the role's time is over; `ServiceUnavailable`.
    pub async fn admit_at_console(
        &self,
        at: &AtConsole,
        request: &RequestFacts,
    ) -> Result<Admitted, Fault> {
        let switched = match &at.acting {
            Acting::Person => return self.admit_person(at, request).await,
            Acting::Role(switched, _) if request.now < switched.expires() => switched,
            Acting::Role(..) | Acting::Over => return Err(Caller::gone()),
        };
        let mut unit = self
            .store()
            .unit(&scopes(&at.session, switched))
            .await
            .map_err(Fault::unavailable)?;
        let session = still_there(&mut unit, &at.session).await?;
        // The role is lent to a person: what ends the person's access ends it too.
        person_of(&mut unit, &session, request.now).await?;
        let caller = switched.caller(session);
        let role = Principal::load(&mut unit, &caller, request.now).await?;
        if let Some(last_use) = role_used(&caller, request) {
            last_use.note(self.store(), request.now);
        }
        Ok(Admitted::new(caller, unit, Arc::new(role)))
    }

    /// Admits the person, whoever the session stands for.
    pub(super) async fn admit_person(
        &self,
        at: &AtConsole,
        request: &RequestFacts,
    ) -> Result<Admitted, Fault> {
        let mut unit = unit_of(self, &at.session).await?;
        // Read again: a session that was ended a moment ago runs nothing more.
        let session = still_there(&mut unit, &at.session).await?;
        let (caller, person) = person_of(&mut unit, &session, request.now).await?;
        Ok(Admitted::new(caller, unit, Arc::new(person)))
    }

    /// Signs out: the session of this token is over.
    ///
    /// # Errors
    /// [`Refusal::Fault`] for trouble of the server's. That there is no such session is none.
    pub async fn sign_out(
        &self,
        token: &ConsoleToken,
        request: &RequestFacts,
    ) -> Result<(), Refusal> {
        for _ in 0..MAX_TRIES {
            let (at, mut unit) = match self.find_session(token, request).await {
                Ok(found) => found,
                Err(Refusal::Over) => return Ok(()),
                Err(trouble) => return Err(trouble),
            };
            unit.label("ConsoleLogout", request.now);
            unit.event(event::closed(
                self.settings().rng.uuid(),
                &at.session,
                at.person.user().map(|user| &***user),
                request,
            ));
            unit.delete::<ConsoleSession>(Scope::Account(at.session.account), &at.session.id);
            if committed(unit.commit().await)? {
                return Ok(());
            }
        }
        Err(Refusal::Over)
    }

    /// Confirms by the code of a device that the person is there. The session goes on under another token.
    ///
    /// # Errors
    /// [`Refusal::Wrong`], [`Refusal::Over`].
    pub async fn confirm_with_code(
        &self,
        at: &AtConsole,
        serial: &str,
        code: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        at.must_be_self()?;
        let check = CheckMfa::by_code(serial, code).ok_or(Refusal::Wrong)?;
        let admitted = self.admit_at_console(at, request).await?;
        let done = self.call(&check, admitted, request).await;
        done.map_err(wrong_unless_trouble)?;
        self.renew(at, Some(request.now), request).await
    }

    /// Confirms by the password, for whoever has no device, that the person is there. The session goes on under another
    /// token.
    ///
    /// # Errors
    /// [`Refusal::Wrong`], also for who has a device; [`Refusal::TooMany`]; [`Refusal::Over`].
    pub async fn confirm_with_password(
        &self,
        at: &AtConsole,
        password: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        at.must_be_self()?;
        let bucket = Bucket::new(
            Scope::Account(at.session.account),
            CONFIRM_TRIES,
            at.session.id.as_str(),
        );
        let taken = self.store().take(&bucket, TRIES, WINDOW, request.now).await;
        if !taken.map_err(Fault::unavailable)? {
            return Err(Refusal::TooMany);
        }
        let mut unit = unit_of(self, &at.session).await?;
        let standing = standing(&mut unit, at.session.account, &at.session.who).await?;
        if !standing.devices().is_empty() || !self.is_password(&standing, password).await? {
            return Err(Refusal::Wrong);
        }
        self.renew(at, at.session.mfa, request).await
    }

    /// Gives the session another token, and notes that its owner proved to be there.
    pub(super) async fn renew(
        &self,
        at: &AtConsole,
        mfa: Option<Timestamp>,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        at.must_be_self()?;
        let token = ConsoleToken::draw(&self.settings().rng);
        self.change_session(at, request, None, |session| {
            session.digest = token.digest();
            session.proved = request.now;
            session.mfa = mfa;
        })
        .await?;
        Ok(token)
    }

    /// After the person has changed the own password here: this session stays, under another token, and every other one
    /// has ended.
    ///
    /// # Errors
    /// [`Refusal::Over`].
    pub async fn keep_after_own_change(
        &self,
        at: &AtConsole,
        password: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        at.must_be_self()?;
        let mut unit = unit_of(self, &at.session).await?;
        let standing = standing(&mut unit, at.session.account, &at.session.who).await?;
        let (field, epoch) = self
            .after_own_change(&standing, at.session.epoch, password)
            .await?;
        let has_device = !standing.devices().is_empty();
        let token = ConsoleToken::draw(&self.settings().rng);
        self.change_session(at, request, None, |session| {
            session.digest = token.digest();
            session.password = Some(field.clone());
            session.epoch = epoch;
            // SECURITY: the password is no proof of being there for whoever has a device.
            if !has_device {
                session.proved = request.now;
            }
        })
        .await?;
        Ok(token)
    }

    /// Ends a session that reached no further than to assigning a device, once that is done, and goes on where the sign-in
    /// had to wait. The codes, or the key, that the device was assigned with are the proof of it.
    ///
    /// # Errors
    /// [`Refusal::Over`] where nothing has been assigned.
    pub async fn enrolled(&self, at: &AtConsole, request: &RequestFacts) -> Result<Next, Refusal> {
        at.must_be_self()?;
        let mut unit = unit_of(self, &at.session).await?;
        let standing = standing(&mut unit, at.session.account, &at.session.who).await?;
        let newest = standing.devices().last();
        let assigned = newest.filter(|device| device.enabled >= at.session.opened);
        let Some(device) = assigned.filter(|_| at.must_enrol()) else {
            return Err(Refusal::Over);
        };
        let (serial, proved_at) = (device.serial.as_str().to_owned(), device.enabled);
        unit.delete::<ConsoleSession>(Scope::Account(at.session.account), &at.session.id);
        unit.label("ConsoleLogin", request.now);
        if !committed(unit.commit().await)? {
            return Err(Refusal::Over);
        }
        let proved = Proved {
            account: at.session.account,
            who: at.session.who.clone(),
            epoch: at.session.epoch,
            // What has ended sessions since has ended this one too, or comes after.
            sign_in_epoch: standing.sign_in_epoch(),
            password: at.session.password.clone().unwrap_or_default(),
            begun: request.now,
            mfa: Some(proved_at),
            factor: Some(serial),
            code: None,
            is_new_browser: false,
            access_key_id: at.session.access_key_id.clone(),
        };
        self.next(proved, request).await
    }

    pub(super) async fn change_session(
        &self,
        at: &AtConsole,
        request: &RequestFacts,
        told: Option<Event>,
        change: impl Fn(&mut ConsoleSession),
    ) -> Result<(), Refusal> {
        let scope = Scope::Account(at.session.account);
        for _ in 0..MAX_TRIES {
            let mut unit = unit_of(self, &at.session).await?;
            let held = unit
                .get::<ConsoleSession>(scope, &at.session.id)
                .await
                .map_err(Fault::unavailable)?
                .filter(|session| session.digest == at.session.digest)
                .ok_or(Refusal::Over)?;
            let mut session: ConsoleSession = ConsoleSession::clone(&held);
            change(&mut session);
            unit.put(session);
            unit.label("RenewConsoleSession", request.now);
            if let Some(told) = &told {
                unit.event(told.clone());
            }
            if committed(unit.commit().await)? {
                return Ok(());
            }
        }
        Err(Refusal::Over)
    }
}

/// The mark that tells when a session was last used.
#[must_use]
pub(crate) fn used_mark(session: &ConsoleSession) -> MarkKey {
    MarkKey::new(
        Scope::Account(session.account),
        CONSOLE_SESSION_USED,
        session.id.as_str(),
    )
}

/// Whether a commit was made; false where something changed meanwhile.
fn committed<T>(outcome: Result<T, CommitError>) -> Result<bool, Fault> {
    match outcome {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict | CommitError::Taken(_) | CommitError::Replayed(_)) => Ok(false),
        Err(error) => Err(Fault::unavailable(error)),
    }
}

fn over_unless_trouble(fault: Fault) -> Refusal {
    if super::steps::is_trouble(&fault) {
        Refusal::Fault(fault)
    } else {
        Refusal::Over
    }
}

fn wrong_unless_trouble(fault: Fault) -> Refusal {
    if super::steps::is_trouble(&fault) {
        Refusal::Fault(fault)
    } else {
        Refusal::Wrong
    }
}
