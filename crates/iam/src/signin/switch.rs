//! Switching to a role at the console, and back (IAM user guide, "Switch from a user to an IAM role (console)").
//!
//! The role is taken on by [`AssumeRole`] itself, run for the person: one set of rules, and one event. Of what it issues, the
//! secret is dropped here, and the session is sealed into the record of the console session, bound to it. Nothing of it is
//! in a cookie or an address, and nobody brings one along. It ends when the console session ends, and on its own when its time
//! is over or the role has gone; the person is then back as themselves.

use std::sync::Arc;

use claviger_model::scalar::Bounded;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Sentence};
use claviger_model::{AccountId, Arn, Code, Scalar as _, Timestamp, text, text_scalar};
use claviger_store::{Ring, Scope, Stored, Unit};
use data_encoding::BASE64;

use super::console::{AtConsole, unit_of};
use super::password::account_of;
use super::steps::is_trouble;
use super::{Refusal, event};
use crate::caller::Caller;
use crate::context::RequestFacts;
use crate::entity::ConsoleSession;
use crate::entity::console_session::ConsoleToken;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::operation::sessions::{AssumeRole, RoleSessionName, find_role};
use crate::principal::{Being, Principal};
use crate::session::{self, Session};

text_scalar! {
    /// What a person calls a role while acting as it: 1 to 64 letters, digits, blanks and marks that can be seen.
    RoleDisplayName,
    [MaxLength(64), MinLength(1), Sentence("Use letters, digits, blanks and ordinary marks.")],
    // SECURITY: nothing that turns the direction of text or cannot be seen, since it names who somebody is.
    |text| text.chars().all(|c| (c.is_alphanumeric() && !FILLERS.contains(&c)) || c == ' ' || c.is_ascii_graphic())
}

/// Letters that nobody sees (Unicode 16, "Hangul fillers").
const FILLERS: [char; 4] = ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}'];

/// The colours that a role can be marked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Red.
    Red,
    /// Orange.
    Orange,
    /// Green.
    Green,
    /// Blue.
    #[default]
    Blue,
    /// Purple.
    Purple,
}

impl Colour {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Red,
        Self::Orange,
        Self::Green,
        Self::Blue,
        Self::Purple,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
        }
    }

    /// The colour of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|colour| colour.as_str() == name)
    }
}

/// A role to switch to.
#[derive(Debug, Clone)]
pub struct SwitchTo<'a> {
    /// The account's number or alias.
    pub account: &'a str,
    /// The role's name, after its path where it has one: `operations/deploy`.
    pub role: &'a str,
    /// What to call it meanwhile.
    pub name: Option<RoleDisplayName>,
    /// The colour to mark it with.
    pub colour: Colour,
}

/// A role that somebody has switched to.
#[derive(Debug, Clone)]
pub struct Switched {
    session: Arc<Session>,
    name: Option<String>,
    colour: Colour,
}

/// The same as it is sealed. The id of the console session is bound to it by the seal.
#[derive(serde::Serialize, serde::Deserialize)]
struct Sealed<S> {
    session: S,
    name: Option<String>,
    colour: Colour,
}

/// What the seal is made for, so that nothing else that this server seals opens as a role, or at another console session.
fn purpose(console: &ConsoleSession) -> Vec<u8> {
    let parts: [&[u8]; 2] = [b"claviger console role 1\0", console.id.as_bytes()];
    parts.concat()
}

impl Switched {
    /// What the person calls it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The colour that it is marked with.
    #[must_use]
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// When it ends at the latest.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.session.expires
    }

    /// When it began.
    #[must_use]
    pub fn begun(&self) -> Timestamp {
        self.session.issued
    }

    /// The role's account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.session.principal.account()
    }

    /// The caller that the console session stands for meanwhile.
    pub(super) fn caller(&self, console: Arc<Stored<ConsoleSession>>) -> Caller {
        Caller::in_console(self.session.clone(), console)
    }

    fn seal(&self, ring: &Ring, console: &ConsoleSession) -> Result<String, Fault> {
        let plain = serde_json::to_vec(&Sealed {
            session: &*self.session,
            name: self.name.clone(),
            colour: self.colour,
        })
        .map_err(Fault::service)?;
        Ok(BASE64.encode(&ring.seal(&purpose(console), &plain)))
    }

    fn open(ring: &Ring, console: &ConsoleSession, sealed: &str) -> Option<Self> {
        let sealed = BASE64.decode(sealed.as_bytes()).ok()?;
        let plain = ring.open(&purpose(console), &sealed)?;
        let opened: Sealed<Session> = serde_json::from_slice(plain.expose()).ok()?;
        Some(Self {
            session: Arc::new(opened.session),
            name: opened.name,
            colour: opened.colour,
        })
    }
}

/// Who a console session stands for.
#[derive(Clone)]
pub(super) enum Acting {
    /// The person who is signed in.
    Person,
    /// A role that the person has switched to.
    Role(Switched, Arc<Principal>),
    /// The person again: the time of the role is over, or it has gone. Nothing is run before they know.
    Over,
}

/// A role as somebody named it, and as it is.
struct Found {
    /// With the account's number, where there is such an account.
    arn: Arn,
    /// With the account as it was typed.
    typed: String,
}

/// The role that is named. That there is no such account is told no earlier than that there is no such role.
async fn found(unit: &mut Unit, to: &SwitchTo<'_>) -> Result<Found, Fault> {
    let invalid = |message: &str| Err(Fault::new(Code::InvalidInput, message));
    let account = to.account.trim();
    let is_account = (3..=63).contains(&account.len())
        && account
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_account {
        return invalid("An account is named by its 12 digits, or by its alias.");
    }
    let role = to.role.trim().trim_start_matches('/');
    let name = role.rsplit('/').next().unwrap_or_default();
    let is_role = role.len() <= 576
        && role.bytes().all(|byte| byte.is_ascii_graphic())
        && name.len() <= 64
        && text::is_name(name);
    if !is_role {
        return invalid(
            "A role is named by its name, or by its path and name: `operations/deploy`.",
        );
    }
    let known = account_of(unit, account).await?;
    let named = |account: &str| format!("arn:aws:iam::{account}:role/{role}");
    let typed = named(account);
    let id = known.map(|account| account.id.to_string());
    let arn = Arn::parse(&named(id.as_deref().unwrap_or(account)))
        .map_err(|_| Fault::new(Code::InvalidInput, "No role has such a name."))?;
    Ok(Found { arn, typed })
}

/// What the session of a role is called that a person has switched to: as the person is.
fn session_name(person: &Principal) -> Result<RoleSessionName, Fault> {
    let name = match &person.being {
        Being::User(user) => user.name.as_str(),
        Being::Root(_) | Being::Role(_) | Being::Host(_) => "root",
    };
    // A user's name may have one letter, the name of a session has two at the least.
    RoleSessionName::parse(name)
        .or_else(|_| RoleSessionName::parse(&person.user_id))
        .map_err(|_| Fault::service("a user has neither a name nor an id"))
}

impl Iam {
    /// Who a console session stands for now.
    pub(super) async fn acting(
        &self,
        unit: &mut Unit,
        console: &Arc<Stored<ConsoleSession>>,
        now: Timestamp,
    ) -> Result<Acting, Fault> {
        let Some(sealed) = &console.switched else {
            return Ok(Acting::Person);
        };
        let opened = Switched::open(self.tokens(), console, sealed);
        let Some(switched) = opened.filter(|switched| now < switched.expires()) else {
            return Ok(Acting::Over);
        };
        match Principal::load(unit, &switched.caller(console.clone()), now).await {
            Ok(role) => Ok(Acting::Role(switched, Arc::new(role))),
            Err(fault) if is_trouble(&fault) => Err(fault),
            Err(_) => Ok(Acting::Over),
        }
    }

    /// Has a console session stand for a role, if the role trusts the person and the person may assume it. It begins with the
    /// person, whichever role the session stands for: there is no chain. The session goes on under another token.
    ///
    /// # Errors
    /// [`Refusal::Fault`] with `AccessDenied`, one for whatever is missing; [`Refusal::Over`].
    pub async fn switch_role(
        &self,
        at: &AtConsole,
        to: &SwitchTo<'_>,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        let mut unit = unit_of(self, at.session()).await?;
        let found = found(&mut unit, to).await?;
        let (role, _) = find_role(&mut unit, &found.arn).await?;
        let left = at.session().expires.seconds_since(request.now).max(900);
        let longest = role.map(|role| i64::from(role.max_session_seconds).min(left));
        let admitted = self.admit_person(at, request).await?;
        let assume = AssumeRole::plain(
            found.arn.clone(),
            session_name(&admitted.principal)?,
            longest.and_then(|seconds| Bounded::parse(&seconds.to_string()).ok()),
        );
        let done = self.call(&assume, admitted, request).await;
        let issued = done.map_err(|fault| in_words_typed(fault, &found))?;
        let token = issued.credentials.session_token;
        let (mut session, _) = session::open(self.tokens(), token.expose())
            .ok_or_else(|| Fault::service("a session token does not open"))?;
        session.expires = session.expires.min(at.session().expires);
        let switched = Switched {
            session: Arc::new(session),
            name: to.name.as_ref().map(|name| name.as_str().to_owned()),
            colour: to.colour,
        };
        let caller = switched.caller(at.session.clone());
        let role = Principal::load(&mut unit, &caller, request.now).await?;
        let told = event::switched(
            self.settings().rng.uuid(),
            event::SWITCH_ROLE,
            (&caller, &role),
            at.person(),
            request,
        );
        let sealed = switched.seal(self.tokens(), at.session())?;
        self.act_as(at, Some(&sealed), Some(told), request).await
    }

    /// Has a console session stand for the person again. The session goes on under another token.
    ///
    /// # Errors
    /// [`Refusal::Over`].
    pub async fn switch_back(
        &self,
        at: &AtConsole,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        let told = match &at.acting {
            Acting::Role(switched, role) => Some(event::switched(
                self.settings().rng.uuid(),
                event::EXIT_ROLE,
                (&switched.caller(at.session.clone()), role),
                at.person(),
                request,
            )),
            Acting::Person | Acting::Over => None,
        };
        self.act_as(at, None, told, request).await
    }

    async fn act_as(
        &self,
        at: &AtConsole,
        switched: Option<&str>,
        told: Option<claviger_store::Event>,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        let token = ConsoleToken::draw(&self.settings().rng);
        self.change_session(at, request, told, |session| {
            session.digest = token.digest();
            session.switched = switched.map(str::to_owned);
        })
        .await?;
        Ok(token)
    }

    /// Notes that the person knows that the time of the role is over. Forms that were filled in as the role stay void.
    ///
    /// # Errors
    /// [`Refusal::Over`].
    pub async fn leave_role(&self, at: &AtConsole, request: &RequestFacts) -> Result<(), Refusal> {
        let over = at.session().switched.clone();
        self.change_session(at, request, None, |session| {
            if session.switched == over {
                session.switched = None;
            }
        })
        .await
    }
}

/// A denial that calls the account what the person called it: that an alias leads to an account, and to which, is told
/// nobody whom no role there trusts.
fn in_words_typed(fault: Fault, found: &Found) -> Fault {
    match fault.message() {
        Some(message) if fault.code() == Code::AccessDenied => {
            Fault::denied(message.replace(found.arn.as_str(), &found.typed))
        }
        _ => fault,
    }
}

/// The scopes that a console session's caller is read in.
pub(super) fn scopes(console: &ConsoleSession, switched: &Switched) -> [Scope; 3] {
    [
        Scope::Global,
        Scope::Account(console.account),
        Scope::Account(switched.account()),
    ]
}
