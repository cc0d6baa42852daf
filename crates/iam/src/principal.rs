//! The principal behind a caller: its record, and every policy that bears on what it may do.

use std::sync::Arc;

use claviger_model::{AccountId, AccountText, Arn, Timestamp, UniqueId};
use claviger_policy::{Policy, PrincipalKind};
use claviger_store::{Scope, Stored, Unit};

use crate::aws_managed::{self, AwsManagedPolicy};
use crate::caller::{Caller, OwnerKeys, Who};
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::policies::{Attachments, PolicyId};
use crate::entity::{Account, Group, KeyBounds, ManagedPolicy, Role, User, UserAccess};
use crate::fault::Fault;

/// A policy in force, with where it comes from. Holding one keeps the record it stands in alive.
#[derive(Clone)]
pub enum Held {
    /// An inline policy of a user, by place.
    OfUser(Arc<Stored<User>>, usize),
    /// An inline policy of a group, by place.
    OfGroup(Arc<Stored<Group>>, usize),
    /// An inline policy of a role, by place.
    OfRole(Arc<Stored<Role>>, usize),
    /// The version in force of a customer-managed policy.
    Customer(Arc<Stored<ManagedPolicy>>),
    /// An AWS-managed policy.
    Aws(&'static Arc<AwsManagedPolicy>),
    /// A policy passed with a session or with a simulation.
    Passed(Arc<Policy>),
}

/// Stands in for a policy that is named but not there: it must not allow, and its absence must not un-deny.
static MISSING: std::sync::LazyLock<Arc<Policy>> =
    std::sync::LazyLock::new(|| Arc::new(Policy::deny_everything()));

impl Held {
    /// The compiled policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        let document = match self {
            Self::OfUser(user, place) => user
                .inline
                .iter()
                .nth(*place)
                .map(|policy| &policy.document),
            Self::OfGroup(group, place) => group
                .inline
                .iter()
                .nth(*place)
                .map(|policy| &policy.document),
            Self::OfRole(role, place) => role
                .inline
                .iter()
                .nth(*place)
                .map(|policy| &policy.document),
            Self::Customer(policy) => policy.default_version().map(|version| &version.document),
            Self::Aws(policy) => Some(&policy.document),
            Self::Passed(policy) => return policy,
        };
        document.map_or(&**MISSING, |document| document.policy())
    }

    /// The resource name, for managed policies.
    #[must_use]
    pub fn arn(&self) -> Option<Arn> {
        match self {
            Self::Customer(policy) => Some(policy.arn()),
            Self::Aws(policy) => Some(policy.arn.clone()),
            _ => None,
        }
    }
}

/// What a principal is made of.
#[derive(Clone)]
pub enum Being {
    /// The root user of an account.
    Root(Arc<Stored<Account>>),
    /// A user.
    User(Arc<Stored<User>>),
    /// A session of a role.
    Role(Arc<Stored<Role>>),
    /// Whoever works on the server's own host, on an account. No policy allows or denies such a caller anything.
    Host(Arc<Stored<Account>>),
}

/// A principal with all that bears on what it may do, read in one unit, so that a commit checks that none of it changed.
pub struct Principal {
    /// Its record.
    pub being: Being,
    /// Its account.
    pub account: AccountId,
    /// Its account, as text.
    pub account_text: AccountText,
    /// What it calls itself: user ARN, root ARN or session ARN.
    pub arn: Arn,
    /// The role behind a session; `None` otherwise.
    pub issuer: Option<Arn>,
    /// `AIDA…`, `AROA…:session`, the account's number for root, `uid:1000` on the host.
    pub user_id: String,
    /// Identity policies.
    pub identity: Vec<Held>,
    /// The permissions boundary.
    pub boundary: Option<Held>,
    /// Session policies; `None` if the session has none.
    pub session: Option<Vec<Held>>,
    /// The bounds of the long-term key behind the credentials, as its owner's record has them; `None` if it has none.
    pub key_bounds: Option<Arc<KeyBounds>>,
}

impl Principal {
    /// Reads the principal of a caller, for a request of this instant.
    ///
    /// # Errors
    /// `InvalidClientTokenId` where the principal, or the credential that the caller used, is no longer there or no
    /// longer good; `ExpiredToken` where the time of the key that a session was issued to is over.
    pub async fn load(unit: &mut Unit, caller: &Caller, now: Timestamp) -> Result<Self, Fault> {
        let scope = Scope::Account(caller.account());
        let mut key_bounds = None;
        let (being, arn, issuer, user_id) = match caller.who() {
            Who::Root(account) => {
                let record = unit
                    .get::<Account>(scope, ACCOUNT_RECORD)
                    .await
                    .map_err(Fault::unavailable)?
                    .ok_or_else(Caller::gone)?;
                key_bounds = caller.check_credential(
                    &OwnerKeys {
                        keys: &record.root.access_keys,
                        key_epoch: record.root.key_epoch,
                        security_epoch: record.root.security_epoch,
                        sign_in_epoch: record.root.sign_in_epoch,
                        access: UserAccess::default(),
                        ended: &record.root.ended_sessions,
                        devices: &record.root.mfa_devices,
                    },
                    now,
                )?;
                (
                    Being::Root(record),
                    Arn::root(*account),
                    None,
                    account.to_string(),
                )
            }
            Who::User { id, .. } => {
                let record = unit
                    .get::<User>(scope, id.as_str())
                    .await
                    .map_err(Fault::unavailable)?
                    .ok_or_else(Caller::gone)?;
                key_bounds = caller.check_credential(
                    &OwnerKeys {
                        keys: &record.access_keys,
                        key_epoch: record.key_epoch,
                        security_epoch: record.security_epoch,
                        sign_in_epoch: record.sign_in_epoch,
                        access: record.access,
                        ended: &record.ended_sessions,
                        devices: &record.mfa_devices,
                    },
                    now,
                )?;
                let arn = record.arn();
                (Being::User(record), arn, None, id.to_string())
            }
            Who::Role {
                id, session_name, ..
            } => {
                let record = unit
                    .get::<Role>(scope, id.as_str())
                    .await
                    .map_err(Fault::unavailable)?
                    .ok_or_else(Caller::gone)?;
                caller.check_session(record.security_epoch, &record.ended_sessions)?;
                let arn = Arn::assumed_role(record.account, record.name.as_str(), session_name);
                let issuer = record.arn();
                (
                    Being::Role(record),
                    arn,
                    Some(issuer),
                    format!("{id}:{session_name}"),
                )
            }
            Who::Host { account, uid } => {
                let record = unit
                    .get::<Account>(scope, ACCOUNT_RECORD)
                    .await
                    .map_err(Fault::unavailable)?
                    .ok_or_else(|| crate::host::no_such_account(*account))?;
                (
                    Being::Host(record),
                    Arn::host_operator(*account, *uid),
                    None,
                    format!("uid:{uid}"),
                )
            }
        };
        let mut principal = Self {
            being,
            account: caller.account(),
            account_text: caller.account().text(),
            arn,
            issuer,
            user_id,
            identity: Vec::new(),
            boundary: None,
            session: None,
            key_bounds,
        };
        principal.read_policies(unit).await?;
        if let Some(session) = caller.session() {
            principal.session = session_policies(unit, scope, session).await?;
        }
        Ok(principal)
    }

    async fn read_policies(&mut self, unit: &mut Unit) -> Result<(), Fault> {
        let scope = Scope::Account(self.account);
        match &self.being {
            Being::Root(_) | Being::Host(_) => {}
            Being::User(user) => {
                let user = user.clone();
                self.identity = of_user(unit, &user).await?;
                self.boundary = boundary(unit, scope, user.boundary.as_ref()).await?;
            }
            Being::Role(role) => {
                let role = role.clone();
                self.identity = of_role(unit, &role).await?;
                self.boundary = boundary(unit, scope, role.boundary.as_ref()).await?;
            }
        }
        Ok(())
    }

    /// Whether the time of the key behind the credentials is over. The principal may be one that was loaded earlier.
    #[must_use]
    pub fn key_has_ended(&self, now: Timestamp) -> bool {
        let bounds = self.key_bounds.as_ref();
        bounds.is_some_and(|bounds| bounds.has_ended(now))
    }

    /// What the policy language calls this kind of caller.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        match self.being {
            Being::Root(_) => PrincipalKind::Account,
            Being::User(_) => PrincipalKind::User,
            Being::Role(_) => PrincipalKind::AssumedRole,
            // SECURITY: were policies ever asked, they would have to allow: this one has none.
            Being::Host(_) => PrincipalKind::User,
        }
    }

    /// The unique id of the user or role, `None` for root.
    #[must_use]
    pub fn unique_id(&self) -> Option<&UniqueId> {
        match &self.being {
            Being::Root(_) | Being::Host(_) => None,
            Being::User(user) => Some(&user.id),
            Being::Role(role) => Some(&role.id),
        }
    }

    /// The principal as policies see it.
    #[must_use]
    pub fn as_policy(&self) -> claviger_policy::Principal<'_> {
        claviger_policy::Principal {
            kind: self.kind(),
            arn: self.arn.as_str(),
            account: Some(self.account_text.as_str()),
            unique_id: self.unique_id().map(UniqueId::as_str),
            issuer: self.issuer.as_ref().map(Arn::as_str),
        }
    }

    /// The user, where the principal is one.
    #[must_use]
    pub fn user(&self) -> Option<&Arc<Stored<User>>> {
        match &self.being {
            Being::User(user) => Some(user),
            Being::Root(_) | Being::Role(_) | Being::Host(_) => None,
        }
    }
}

/// Every identity policy of a user: inline, attached, and those of the groups.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn of_user(unit: &mut Unit, user: &Arc<Stored<User>>) -> Result<Vec<Held>, Fault> {
    let scope = Scope::Account(user.account);
    let mut held: Vec<Held> = (0..user.inline.iter().count())
        .map(|place| Held::OfUser(user.clone(), place))
        .collect();
    attached(unit, scope, &user.attached, &mut held).await?;
    for membership in &user.groups {
        let group = unit
            .get::<Group>(scope, membership.group.as_str())
            .await
            .map_err(Fault::unavailable)?;
        // A membership in a group that is gone cannot be: both change in one commit. Were it so, the group's denies
        // would be unknown, and everything must be refused.
        match group {
            Some(group) => of_group(unit, &group, &mut held).await?,
            None => held.push(Held::Passed(MISSING.clone())),
        }
    }
    Ok(held)
}

/// Every policy of a group, added to `held`.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn of_group(
    unit: &mut Unit,
    group: &Arc<Stored<Group>>,
    held: &mut Vec<Held>,
) -> Result<(), Fault> {
    held.extend((0..group.inline.iter().count()).map(|place| Held::OfGroup(group.clone(), place)));
    attached(unit, Scope::Account(group.account), &group.attached, held).await
}

/// Every identity policy of a role.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn of_role(unit: &mut Unit, role: &Arc<Stored<Role>>) -> Result<Vec<Held>, Fault> {
    let mut held: Vec<Held> = (0..role.inline.iter().count())
        .map(|place| Held::OfRole(role.clone(), place))
        .collect();
    attached(
        unit,
        Scope::Account(role.account),
        &role.attached,
        &mut held,
    )
    .await?;
    Ok(held)
}

async fn attached(
    unit: &mut Unit,
    scope: Scope,
    attachments: &Attachments,
    held: &mut Vec<Held>,
) -> Result<(), Fault> {
    for attachment in attachments.iter() {
        held.push(managed(unit, scope, &attachment.policy).await?);
    }
    Ok(())
}

/// The managed policy of this id. One that is gone denies everything: it cannot be gone while it is attached.
async fn managed(unit: &mut Unit, scope: Scope, policy: &PolicyId) -> Result<Held, Fault> {
    let found = match policy {
        PolicyId::Aws(arn) => aws_managed::by_arn(arn.as_str()).map(Held::Aws),
        PolicyId::Customer(id) => unit
            .get::<ManagedPolicy>(scope, id.as_str())
            .await
            .map_err(Fault::unavailable)?
            .map(Held::Customer),
    };
    Ok(found.unwrap_or_else(|| Held::Passed(MISSING.clone())))
}

/// The permissions boundary, if there is one.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn boundary(
    unit: &mut Unit,
    scope: Scope,
    policy: Option<&PolicyId>,
) -> Result<Option<Held>, Fault> {
    match policy {
        Some(policy) => Ok(Some(managed(unit, scope, policy).await?)),
        None => Ok(None),
    }
}

async fn session_policies(
    unit: &mut Unit,
    scope: Scope,
    session: &crate::session::Session,
) -> Result<Option<Vec<Held>>, Fault> {
    if !session.has_policies() {
        return Ok(None);
    }
    let mut held = Vec::new();
    if let Some(document) = &session.policy {
        held.push(Held::Passed(document.policy().clone()));
    }
    for arn in &session.policy_arns {
        // A session policy that was deleted since grants nothing; the others still do, as on AWS.
        if let Some(found) = crate::lookup::managed_policy_in(unit, scope, arn.as_str()).await? {
            held.push(found);
        }
    }
    Ok(Some(held))
}
