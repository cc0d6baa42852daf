//! A census of an account's users: what bears on their credentials, in memory, so that they can be counted, chosen and put in
//! order without reading every record for each request.
//!
//! A census is made when it is asked for. It serves for `GOOD_SECONDS`, or until a user comes, goes or gets another name:
//! whatever else changes shows in it that much later. Who lists users by it reads those that it shows afresh.

use std::sync::Arc;

use claviger_model::{AccountId, Timestamp, text};
use claviger_store::{Depends, Mark, MarkKey, Sequence};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use crate::authenticate::{ACCESS_KEY_USED, used_key};
use crate::caller::Who;
use crate::cx::Cx;
use crate::entity::index::{USERS_BY_NAME, WHOLE};
use crate::entity::{Status, User, UserAccess};
use crate::fault::Fault;
use crate::operation::users::PASSWORD_USED;

/// How long a census serves.
const GOOD_SECONDS: i64 = 10;
/// Users read at once.
const PAGE: usize = 500;
/// Accounts of which a census is kept, where they are of the usual size.
const ACCOUNTS: usize = 100;
/// Bytes that all of them take together, roughly.
const BYTES: u64 = 32 << 20;
/// Censuses made at once: each asks the store for everybody.
const AT_ONCE: usize = 2;

/// The censuses kept on this node.
pub(crate) struct Censuses {
    kept: Cache<AccountId, Arc<Census>, CensusBytes>,
    turns: Semaphore,
}

impl Censuses {
    pub(crate) fn new() -> Self {
        Self {
            kept: Cache::with_weighter(ACCOUNTS, BYTES, CensusBytes),
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

#[derive(Clone)]
struct CensusBytes;

impl Weighter<AccountId, Arc<Census>> for CensusBytes {
    fn weight(&self, _: &AccountId, census: &Arc<Census>) -> u64 {
        256 + 320 * census.users.len() as u64
    }
}

/// What was known of the users of an account at an instant.
pub(crate) struct Census {
    /// That instant.
    pub(crate) taken: Timestamp,
    /// The commit that brought the last change of names.
    changed: Sequence,
    /// By name without regard to case.
    pub(crate) users: Vec<Counted>,
}

/// What bears on the credentials of one user.
pub(crate) struct Counted {
    /// The id of the record.
    pub(crate) id: Box<str>,
    /// The name without regard to case.
    pub(crate) folded: Box<str>,
    pub(crate) facts: Facts,
}

/// What the credential report tells of a user too.
pub(crate) struct Facts {
    pub(crate) created: Timestamp,
    pub(crate) password: Option<PasswordFacts>,
    /// Whether there is an MFA device.
    pub(crate) mfa: bool,
    /// Which ways in are open.
    pub(crate) access: UserAccess,
    /// Oldest first.
    pub(crate) keys: Vec<KeyFacts>,
    /// Signing certificates that are active.
    pub(crate) certificates: usize,
    /// The groups that the user is in.
    pub(crate) groups: usize,
}

pub(crate) struct PasswordFacts {
    pub(crate) changed: Timestamp,
    pub(crate) used: Option<Timestamp>,
}

pub(crate) struct KeyFacts {
    pub(crate) status: Status,
    pub(crate) created: Timestamp,
    pub(crate) used: Option<Timestamp>,
}

impl KeyFacts {
    pub(crate) fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// Whether it is good for use and was last used, or made if it never was, before an instant.
    pub(crate) fn lies_idle_since(&self, instant: Timestamp) -> bool {
        self.is_active() && self.used.unwrap_or(self.created) < instant
    }
}

impl Facts {
    /// The later of the last sign-in by password and the last use of a key.
    pub(crate) fn last_activity(&self) -> Option<Timestamp> {
        let signed_in = self.password.as_ref().and_then(|password| password.used);
        signed_in.max(self.keys.iter().filter_map(|key| key.used).max())
    }

    pub(crate) fn password_changed(&self) -> Option<Timestamp> {
        self.password.as_ref().map(|password| password.changed)
    }

    /// When the oldest key was made that is good for use.
    pub(crate) fn oldest_key(&self) -> Option<Timestamp> {
        self.keys
            .iter()
            .filter(|key| key.is_active())
            .map(|key| key.created)
            .min()
    }

    /// Of users as they are now, in their order.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub(crate) async fn of<'u>(
        cx: &Cx<'_>,
        users: impl Iterator<Item = &'u User> + Clone,
    ) -> Result<Vec<Self>, Fault> {
        let marks: Vec<MarkKey> = users.clone().flat_map(marks_of).collect();
        let marks = cx.iam().store().marks_of(&marks).await;
        let mut marks = marks.map_err(Fault::unavailable)?.into_iter();
        let now = cx.now();
        Ok(users.map(|user| Self::new(user, now, &mut marks)).collect())
    }

    fn new(user: &User, now: Timestamp, marks: &mut impl Iterator<Item = Option<Mark>>) -> Self {
        let mut used = || {
            let mark = marks.next().flatten()?;
            Some(Timestamp::from_micros(mark.value))
        };
        let certificates = user.signing_certificates.iter();
        Self {
            created: user.created,
            password: user.login_profile.as_ref().map(|profile| PasswordFacts {
                changed: profile.changed,
                used: used(),
            }),
            mfa: !user.mfa_devices.is_empty(),
            access: user.access,
            keys: user
                .access_keys
                .iter()
                .map(|key| KeyFacts {
                    status: key.status_at(now),
                    created: key.created,
                    used: used(),
                })
                .collect(),
            certificates: certificates
                .filter(|certificate| certificate.status == Status::Active)
                .count(),
            groups: user.groups.len(),
        }
    }
}

/// What tells when a user's credentials were last used, in the order in which [`Facts::new`] takes it.
fn marks_of(user: &User) -> impl Iterator<Item = MarkKey> {
    let scope = claviger_store::Scope::Account(user.account);
    let who = Who::User {
        account: user.account,
        id: user.id.clone(),
    };
    let password = user
        .login_profile
        .as_ref()
        .map(|_| MarkKey::new(scope, PASSWORD_USED, user.id.as_str()));
    let keys = user.access_keys.iter();
    let keys: Vec<MarkKey> = keys
        .map(|key| MarkKey::new(scope, ACCESS_KEY_USED, used_key(&who, key.id.as_str())))
        .collect();
    password.into_iter().chain(keys)
}

/// The census of the caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub(crate) async fn of(cx: &mut Cx<'_>) -> Result<Arc<Census>, Fault> {
    let censuses = cx.iam().censuses();
    let scope = cx.scope();
    let span = cx.unit.span(scope, &USERS_BY_NAME, WHOLE).await;
    let changed = span.map_err(Fault::unavailable)?.changed;
    if let Some(kept) = serving(cx, changed) {
        return Ok(kept);
    }
    let turn = censuses.turns.acquire().await;
    let _turn = turn.map_err(Fault::unavailable)?;
    // Whoever had the turn before may have made it.
    if let Some(kept) = serving(cx, changed) {
        return Ok(kept);
    }
    let made = Arc::new(Census {
        taken: cx.now(),
        changed,
        users: count(cx).await?,
    });
    censuses.kept.insert(cx.account(), Arc::clone(&made));
    Ok(made)
}

/// The census that is kept, if it still serves.
fn serving(cx: &Cx<'_>, changed: Sequence) -> Option<Arc<Census>> {
    let kept = cx.iam().censuses().kept.get(&cx.account())?;
    let age = cx.now().seconds_since(kept.taken);
    (kept.changed == changed && age.abs() < GOOD_SECONDS).then_some(kept)
}

async fn count(cx: &mut Cx<'_>) -> Result<Vec<Counted>, Fault> {
    let scope = cx.scope();
    let mut users = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = cx
            .unit
            .page::<User>(
                scope,
                &USERS_BY_NAME,
                WHOLE,
                b"",
                after.as_deref(),
                PAGE,
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        let facts = Facts::of(cx, page.items.iter().map(|(_, user)| &***user)).await?;
        let counted = page
            .items
            .iter()
            .zip(facts)
            .map(|((_, user), facts)| Counted {
                id: user.id.as_str().into(),
                folded: text::fold(user.name.as_str()).into(),
                facts,
            });
        users.extend(counted);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(users),
        }
    }
}
