//! Who is calling: made by authentication alone.

use std::sync::Arc;

use claviger_model::{AccessKeyId, AccountId, Code, Timestamp, UniqueId};
use claviger_store::Stored;

use crate::entity::credential::AccessKeys;
use crate::entity::user::AssignedMfaDevice;
use crate::entity::{ConsoleSession, EndedSessions, KeyBounds, Status, UserAccess};
use crate::fault::Fault;
use crate::identity_token::TokenTerms;
use crate::session::{Session, SessionPrincipal};

/// What a record tells of its owner's keys and sessions.
pub(crate) struct OwnerKeys<'r> {
    pub(crate) keys: &'r AccessKeys,
    pub(crate) key_epoch: u64,
    pub(crate) security_epoch: u64,
    pub(crate) sign_in_epoch: u64,
    pub(crate) access: UserAccess,
    pub(crate) ended: &'r EndedSessions,
    pub(crate) devices: &'r [AssignedMfaDevice],
}

/// Who stands behind a credential, by unique id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The root user of an account.
    Root(AccountId),
    /// A user.
    User {
        /// The user's account.
        account: AccountId,
        /// The user.
        id: UniqueId,
    },
    /// A session of a role.
    Role {
        /// The role's account.
        account: AccountId,
        /// The role.
        id: UniqueId,
        /// The session's name.
        session_name: String,
    },
    /// Whoever works on the server's own host, for whom the operating system vouches.
    Host {
        /// The account that the work is about.
        account: AccountId,
        /// The user of the operating system.
        uid: u32,
    },
}

/// Where a sign-in leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// To the console.
    Console,
    /// To a token of the Identity API.
    Token,
}

/// By which way a caller came.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// A signed request, or the server's own host.
    Request,
    /// A sign-in that is not complete: what it may run is what completes it. With the epoch of sign-ins in which it began, and
    /// where it leads.
    SigningIn(u64, Entrance),
    /// The console.
    Console(Arc<Stored<ConsoleSession>>),
    /// A token in place of a signature.
    Token(Arc<TokenTerms>),
}

/// What is said of credentials that are not, or no longer, good.
pub(crate) const GONE: &str = "The security token included in the request is invalid.";

/// An authenticated caller. There is no way to make one but by authentication, so a function that takes one is only
/// ever called after it.
#[derive(Debug, Clone)]
pub struct Caller {
    who: Who,
    access_key_id: Option<AccessKeyId>,
    session: Option<Arc<Session>>,
    way: Way,
}

impl Caller {
    /// The owner of a long-term access key.
    pub(crate) fn with_key(who: Who, access_key_id: AccessKeyId) -> Self {
        Self {
            who,
            access_key_id: Some(access_key_id),
            session: None,
            way: Way::Request,
        }
    }

    /// Whoever works on the server's own host.
    pub(crate) fn on_host(account: AccountId, uid: u32) -> Self {
        Self {
            who: Who::Host { account, uid },
            access_key_id: None,
            session: None,
            way: Way::Request,
        }
    }

    /// Whoever is about to sign in, with what was proved so far and the epoch of sign-ins in which that began.
    pub(crate) fn signing_in(session: Arc<Session>, epoch: u64, entrance: Entrance) -> Self {
        Self {
            access_key_id: None,
            way: Way::SigningIn(epoch, entrance),
            ..Self::with_session(session)
        }
    }

    /// Whoever is signed in to the console.
    pub(crate) fn in_console(session: Arc<Session>, console: Arc<Stored<ConsoleSession>>) -> Self {
        Self {
            way: Way::Console(console),
            ..Self::with_session(session)
        }
    }

    /// The bearer of a token of the Identity API.
    pub(crate) fn with_token(session: Arc<Session>, terms: Arc<TokenTerms>) -> Self {
        Self {
            way: Way::Token(terms),
            ..Self::with_session(session)
        }
    }

    /// What the token says beside who the caller is, where the caller shows one.
    #[must_use]
    pub fn token(&self) -> Option<&TokenTerms> {
        match &self.way {
            Way::Token(terms) => Some(terms),
            Way::Request | Way::SigningIn(..) | Way::Console(_) => None,
        }
    }

    /// By which way it came.
    pub(crate) fn way(&self) -> &Way {
        &self.way
    }

    /// The console session, where the caller is a person at the console.
    #[must_use]
    pub fn console(&self) -> Option<&Arc<Stored<ConsoleSession>>> {
        match &self.way {
            Way::Console(session) => Some(session),
            Way::Request | Way::SigningIn(..) | Way::Token(_) => None,
        }
    }

    /// The holder of temporary credentials.
    pub(crate) fn with_session(session: Arc<Session>) -> Self {
        let who = match &session.principal {
            SessionPrincipal::Root(account) => Who::Root(*account),
            SessionPrincipal::User { account, id } => Who::User {
                account: *account,
                id: id.clone(),
            },
            SessionPrincipal::Role {
                account,
                id,
                session_name,
            } => Who::Role {
                account: *account,
                id: id.clone(),
                session_name: session_name.clone(),
            },
        };
        Self {
            who,
            access_key_id: Some(session.access_key_id.clone()),
            session: Some(session),
            way: Way::Request,
        }
    }

    /// Who it is.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The principal's account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        match &self.who {
            Who::Root(account)
            | Who::User { account, .. }
            | Who::Role { account, .. }
            | Who::Host { account, .. } => *account,
        }
    }

    /// The key that signed the request, where one did.
    #[must_use]
    pub fn access_key_id(&self) -> Option<&AccessKeyId> {
        self.access_key_id.as_ref()
    }

    /// The session, where the credentials are temporary.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref()
    }

    /// When the caller proved a second factor, if the credentials say so. The sessions of roles never do (IAM user
    /// guide, "Configuring MFA-protected API access").
    #[must_use]
    pub fn mfa(&self) -> Option<Timestamp> {
        match self.who {
            Who::Role { .. } | Who::Host { .. } => None,
            Who::Root(_) | Who::User { .. } => self.session.as_ref()?.mfa,
        }
    }

    /// The fault for credentials that are not, or no longer, good.
    #[must_use]
    pub fn gone() -> Fault {
        Fault::new(Code::InvalidClientTokenId, GONE)
    }

    /// Refuses a session that was ended, by raising its principal's epoch or by itself.
    pub(crate) fn check_session(&self, epoch: u64, ended: &EndedSessions) -> Result<(), Fault> {
        match &self.session {
            Some(session) if session.epoch != epoch => Err(Self::gone()),
            Some(session) if ended.holds(&session.access_key_id) => Err(Self::gone()),
            _ => Ok(()),
        }
    }

    /// The fault for temporary credentials whose time is over.
    #[must_use]
    pub fn expired() -> Fault {
        Fault::new(
            Code::ExpiredToken,
            "The security token included in the request is expired",
        )
    }

    /// The long-term key behind the credentials: the one that signed, or the one that the session was issued to. Sessions
    /// of roles have none.
    #[must_use]
    pub fn long_term_key(&self) -> Option<&AccessKeyId> {
        match &self.session {
            None => self.access_key_id.as_ref(),
            Some(session) => session.issued_to.as_ref().map(|issued_to| &issued_to.key),
        }
    }

    /// Refuses a credential that is not good any more, or that leads in by a way that is closed to its owner, by the
    /// principal's record, and answers the bounds of the key behind it.
    pub(crate) fn check_credential(
        &self,
        of: &OwnerKeys<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<KeyBounds>>, Fault> {
        let bounds = self.check_key(of, now)?;
        let shut = match self.way {
            Way::Request | Way::Token(_) | Way::SigningIn(_, Entrance::Token) => {
                of.access.shut_to_requests()
            }
            Way::SigningIn(_, Entrance::Console) | Way::Console(_) => of.access.shut_at_console(),
        };
        match shut {
            Some(why) => Err(Fault::shut_out(why)),
            None => Ok(bounds),
        }
    }

    fn check_key(
        &self,
        of: &OwnerKeys<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<KeyBounds>>, Fault> {
        let Some(session) = &self.session else {
            let key = self.access_key_id.as_ref();
            return match key.and_then(|id| of.keys.get(id.as_str())) {
                Some(key) if key.status_at(now) == Status::Active => Ok(key.bounds.clone()),
                _ => Err(Self::gone()),
            };
        };
        self.check_session(of.security_epoch, of.ended)?;
        // SECURITY: with the first device, a token that a password alone has opened is over, as a console session is: it may be a
        // thief's.
        let first = of.devices.iter().map(|device| device.enabled).min();
        if matches!(self.way, Way::Token(_))
            && session.mfa.is_none()
            && first.is_some_and(|first| session.issued < first)
        {
            return Err(Self::gone());
        }
        // SECURITY: a sign-in that was ended takes no further step, such as setting a password.
        if matches!(self.way, Way::SigningIn(epoch, _) if epoch != of.sign_in_epoch) {
            return Err(Self::gone());
        }
        let Some(issued_to) = &session.issued_to else {
            return Ok(None);
        };
        match of.keys.get(issued_to.key.as_str()) {
            // COMPAT: that a key is inactive, or was deleted, ends none of its sessions.
            Some(key) if key.status_at(now) == Status::Expired => Err(Self::expired()),
            Some(key) => Ok(key.bounds.clone()),
            // SECURITY: nor does it free them from its bounds. Deleting a key that has some has raised the epoch.
            None if issued_to.key_epoch == of.key_epoch => Ok(None),
            None => Err(Self::gone()),
        }
    }
}
