//! The console sessions of a user: which there are, and ending them. Operations of this server's own.

use std::net::IpAddr;

use claviger_model::name::ExistingUserName;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{Code, Timestamp, text_scalar};
use claviger_shape::Shape;
use claviger_store::{Depends, Record as _};

use super::mfa_devices::{name_of, present};
use super::users::check_on_owner;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::index::CONSOLE_SESSIONS_OF;
use crate::entity::mfa_device::Who;
use crate::entity::{Account, ConsoleSession, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::signin::console::used_mark;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<ListConsoleSessions>(),
    entry::<EndConsoleSession>(),
    entry::<EndConsoleSessions>(),
];

text_scalar! {
    /// What a console session is called: a UUID.
    ConsoleSessionId, [MaxLength(36), MinLength(36), Pattern("[0-9a-f-]+")],
    |text| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A console session.
#[derive(Shape)]
#[shape(name = "ConsoleSession")]
pub struct ConsoleSessionShape {
    /// What it is called.
    pub session_id: String,
    /// The user; root has no name.
    pub user_name: Option<String>,
    /// When the sign-in was complete.
    pub create_date: Timestamp,
    /// When it was last used.
    pub last_used_date: Timestamp,
    /// When it ends at the latest.
    pub expiration: Timestamp,
    /// The address it was opened from.
    pub source_ip: String,
    /// What the browser called itself.
    pub user_agent: Option<String>,
    /// Whether a second factor was proved.
    #[shape(name = "MFAAuthenticated")]
    pub mfa_authenticated: bool,
    /// Whether it is the session that this was asked from.
    pub current: bool,
}

fn who(owner: &Owner) -> Who {
    match owner {
        Owner::User(user) => Who::User(user.id.clone()),
        Owner::Root(_) | Owner::Missing(_) => Who::Root,
    }
}

/// The sessions of the owner whose time is not over, the oldest first.
async fn sessions_of(cx: &mut Cx<'_>, owner: &Owner) -> Result<Vec<ConsoleSession>, Fault> {
    let scope = cx.scope();
    let who = who(owner);
    let now = cx.now();
    let page = cx
        .unit
        .page::<ConsoleSession>(
            scope,
            &CONSOLE_SESSIONS_OF,
            ConsoleSession::group(&who),
            b"",
            None,
            1_000,
            Depends::Group,
        )
        .await
        .map_err(Fault::unavailable)?;
    Ok(page
        .items
        .into_iter()
        .map(|(_, session)| ConsoleSession::clone(&session))
        .filter(|session| now < session.expires)
        .collect())
}

fn is_current(cx: &Cx<'_>, session: &ConsoleSession) -> bool {
    cx.caller()
        .console()
        .is_some_and(|current| current.id == session.id)
}

/// Ends the owner's sessions in which a password alone was proved, but for the one that this is asked from: with the first
/// device, a password alone opens no session any more.
pub(super) async fn end_unproved(cx: &mut Cx<'_>, owner: &Owner) -> Result<(), Fault> {
    let scope = cx.scope();
    for session in sessions_of(cx, owner).await? {
        if session.mfa.is_none() && !is_current(cx, &session) {
            cx.unit.delete::<ConsoleSession>(scope, session.id());
        }
    }
    Ok(())
}

/// Ends the owner's sessions but for the one that this is asked from; how many.
pub(super) async fn end_all(cx: &mut Cx<'_>, owner: &Owner) -> Result<i32, Fault> {
    let scope = cx.scope();
    let mut ended = 0;
    for session in sessions_of(cx, owner).await? {
        if !is_current(cx, &session) {
            cx.unit.delete::<ConsoleSession>(scope, session.id());
            ended += 1;
        }
    }
    Ok(ended)
}

/// Lists the console sessions of a user, or of the caller: those that have neither ended nor expired. An operation of this
/// server's own.
#[derive(Shape)]
pub struct ListConsoleSessions {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`ListConsoleSessions`].
#[derive(Shape)]
pub struct ListConsoleSessionsOutput {
    /// The sessions, the oldest first: there are twenty at the most.
    pub console_sessions: Vec<ConsoleSessionShape>,
}

impl Operation for ListConsoleSessions {
    const SPEC: Spec = Spec::iam("ListConsoleSessions", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = ListConsoleSessionsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let idle = lookup::account(cx).await?.sign_in.idle_seconds();
        let sessions = sessions_of(cx, &owner).await?;
        let marks: Vec<_> = sessions.iter().map(used_mark).collect();
        let used = cx
            .iam()
            .store()
            .marks_of(&marks)
            .await
            .map_err(Fault::unavailable)?;
        let console_sessions = sessions
            .iter()
            .zip(used)
            .map(|(session, mark)| {
                let last = mark.map_or(session.opened, |mark| Timestamp::from_micros(mark.value));
                (session, last)
            })
            .filter(|(_, last)| cx.now().seconds_since(*last) < idle)
            .map(|(session, last)| ConsoleSessionShape {
                session_id: session.id.clone(),
                user_name: name_of(&owner),
                create_date: session.opened,
                last_used_date: last,
                expiration: session.expires,
                source_ip: IpAddr::to_string(&session.source_ip),
                user_agent: session.user_agent.clone(),
                mfa_authenticated: session.mfa.is_some(),
                current: is_current(cx, session),
            })
            .collect();
        Ok(ListConsoleSessionsOutput { console_sessions })
    }
}

/// Ends a console session of a user, or of the caller. Its next request is refused. An operation of this server's own.
#[derive(Shape)]
pub struct EndConsoleSession {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The session.
    pub session_id: ConsoleSessionId,
}

impl Operation for EndConsoleSession {
    const SPEC: Spec = Spec::iam("EndConsoleSession", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let scope = cx.scope();
        let sessions = sessions_of(cx, &owner).await?;
        let session = sessions
            .iter()
            .find(|session| session.id == self.session_id.as_str())
            .ok_or_else(|| {
                Fault::missing(format!(
                    "The console session {} cannot be found.",
                    self.session_id.as_str()
                ))
            })?;
        cx.unit.delete::<ConsoleSession>(scope, session.id());
        Ok(Empty {})
    }
}

/// Ends every console session of a user, or of the caller, but for the one that this is asked from, and every sign-in that
/// is begun and not complete. An operation of this server's own.
#[derive(Shape)]
pub struct EndConsoleSessions {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`EndConsoleSessions`].
#[derive(Shape)]
pub struct EndConsoleSessionsOutput {
    /// How many have ended by this.
    pub ended: i32,
}

impl Operation for EndConsoleSessions {
    const SPEC: Spec = Spec::iam("EndConsoleSessions", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = EndConsoleSessionsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let ended = end_all(cx, &owner).await?;
        match owner {
            Owner::User(user) => {
                let mut user = User::clone(&user);
                user.sign_in_epoch += 1;
                cx.unit.put(user);
            }
            Owner::Root(account) => {
                let mut account = Account::clone(&account);
                account.root.sign_in_epoch += 1;
                cx.unit.put(account);
            }
            Owner::Missing(_) => {}
        }
        Ok(EndConsoleSessionsOutput { ended })
    }
}
