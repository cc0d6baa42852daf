//! Authentication of signed requests: from what a request presents to a [`Caller`].
//!
//! The order of the checks is AWS's (recorded from STS, 2026): scope, key and token, expiry, signature, and a token sent
//! along with a long-term key last of all.

use std::sync::Arc;

use claviger_model::{AccessKeyId, Arn, IdKind, Secret, UniqueId};
use claviger_signature::{Claim, Refusal, Scope as CredentialScope, Terms};
use claviger_store::{MarkKey, Record as _, Scope, Stored, Unit};
use sha2::{Digest, Sha256};

use crate::caller::{Caller, Who};
use crate::context::RequestFacts;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::credential::AccessKey;
use crate::entity::index::ACCESS_KEYS;
use crate::entity::{Account, Status, User};
use crate::fault::Fault;
use crate::iam::{Iam, OpenSession};
use crate::pins::Pins;
use crate::principal::Principal;
use crate::seen::Seen;
use crate::session;
use crate::signing_keys::{LastUse, ScopedKey};
use crate::spec::Service;

/// The field that the secret of an access key is sealed as.
#[must_use]
pub fn secret_field(access_key_id: &str) -> String {
    format!("access_key/{access_key_id}")
}

/// The kind of mark that tells when an access key was last used; its id is `<owner>/<access key id>`.
pub const ACCESS_KEY_USED: &str = "access_key_used";
/// The kind of mark that tells when a role was last used; its id is the role's.
pub const ROLE_USED: &str = "role_used";

/// A caller who proved who it is, with the view of the store in which that was seen.
pub struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) unit: Unit,
    pub(crate) principal: Arc<Principal>,
    /// Whom the request means by the names that its operation is given.
    pub(crate) pins: Pins,
}

impl Admitted {
    /// One who names nobody yet.
    pub(crate) fn new(caller: Caller, unit: Unit, principal: Arc<Principal>) -> Self {
        Self {
            caller,
            unit,
            principal,
            pins: Pins::default(),
        }
    }

    /// The caller.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What the caller calls itself.
    #[must_use]
    pub fn arn(&self) -> &Arn {
        &self.principal.arn
    }
}

/// A credential that the request names, before it is verified.
struct Credential {
    caller: Caller,
    key: Arc<ScopedKey>,
    /// The key is not among those that are kept.
    is_new: bool,
    expired: bool,
    /// A token came with a key that needs none.
    stray_token: bool,
    /// The principal, where it is known already and nothing about it has changed.
    principal: Option<Arc<Principal>>,
}

impl Credential {
    /// One whose principal is known already.
    fn seen(key: &Arc<ScopedKey>, seen: &Seen, expired: bool, stray_token: bool) -> Self {
        Self {
            caller: seen.caller.clone(),
            key: key.clone(),
            is_new: false,
            expired,
            stray_token,
            principal: Some(seen.principal.clone()),
        }
    }
}

/// The record that a long-term key stands in.
pub(crate) enum KeyOwner {
    User(Arc<Stored<User>>),
    Root(Arc<Stored<Account>>),
}

impl KeyOwner {
    fn key(&self, id: &str) -> Option<&AccessKey> {
        match self {
            Self::User(user) => user.access_keys.get(id),
            Self::Root(account) => account.root.access_keys.get(id),
        }
    }

    pub(crate) fn who(&self) -> Who {
        match self {
            Self::User(user) => Who::User {
                account: user.account,
                id: user.id.clone(),
            },
            Self::Root(account) => Who::Root(account.id),
        }
    }

    /// Kind and id of the record.
    fn record(&self) -> (&'static str, &str) {
        match self {
            Self::User(user) => (User::KIND, user.id.as_str()),
            Self::Root(_) => (Account::KIND, ACCOUNT_RECORD),
        }
    }
}

/// The fault for a signature that was refused.
#[must_use]
pub fn signature_fault(error: impl Into<Refusal>) -> Fault {
    let Refusal { code, message } = error.into();
    Fault::new(code, message)
}

impl Iam {
    /// Authenticates a signed request. A presigned request is honoured for `presigned_at_least_seconds` at the least,
    /// whatever life it names.
    ///
    /// # Errors
    /// The faults of a refused signature or credential; `ServiceUnavailable`.
    pub async fn authenticate(
        &self,
        presented: &dyn Claim,
        service: Service,
        presigned_at_least_seconds: i64,
        request: &RequestFacts,
    ) -> Result<Admitted, Fault> {
        presented
            .check_scope(service.prefix())
            .map_err(signature_fault)?;
        let terms = Terms {
            service: service.prefix(),
            now: request.now,
            presigned_at_least_seconds,
        };
        let mut unit = self
            .store()
            .unit(&[Scope::Global])
            .await
            .map_err(Fault::unavailable)?;
        let Some(credential) = self
            .credential(&mut unit, presented, service, request)
            .await?
        else {
            // An unknown key costs what a known one costs, and the verdict is thrown away (AC-01).
            drop(presented.verify(self.decoy(), &terms));
            return Err(Caller::gone());
        };
        // Existence, status and epoch of the principal come before expiry and signature.
        let is_loaded = credential.principal.is_none();
        let principal = match credential.principal {
            Some(principal) => principal,
            None => match Principal::load(&mut unit, &credential.caller, request.now).await {
                Ok(principal) => Arc::new(principal),
                Err(fault) => {
                    let verified = presented.verify(&credential.key.signing_key, &terms);
                    // SECURITY: that a user is kept out, and why, is told to nobody but who holds the secret.
                    return Err(match verified {
                        Err(_) if fault.shut().is_some() => Caller::gone(),
                        _ => fault,
                    });
                }
            },
        };
        if credential.expired {
            return Err(Caller::expired());
        }
        presented
            .verify(&credential.key.signing_key, &terms)
            .map_err(signature_fault)?;
        if is_loaded {
            credential
                .key
                .seen
                .see(&unit, &credential.caller, &principal);
        }
        if credential.is_new {
            self.signing_keys()
                .keep(&presented.scope(), service, credential.key.clone());
        }
        if credential.stray_token || refuses_session(&credential.caller, service) {
            return Err(Caller::gone());
        }
        if let Some(last_use) = &credential.key.last_use {
            last_use.note(self.store(), request.now);
        }
        Ok(Admitted::new(credential.caller, unit, principal))
    }

    /// Finds the credential that the request names, or `None` where there is none such that could be good.
    async fn credential(
        &self,
        unit: &mut Unit,
        presented: &dyn Claim,
        service: Service,
        request: &RequestFacts,
    ) -> Result<Option<Credential>, Fault> {
        let id = presented.access_key_id();
        let token = presented.session_token();
        let scope = presented.scope();
        let kept = self.signing_keys().get(id, &scope, service);
        let is_new = kept.is_none();
        if id.starts_with(IdKind::TemporaryAccessKey.prefix()) {
            let Some(open) = token.and_then(|token| self.open_token(token)) else {
                return Ok(None);
            };
            let (session, secret) = &*open;
            if session.access_key_id.as_str() != id {
                return Ok(None);
            }
            let expired = request.now >= session.expires;
            // Kept by its id, which is the session's alone: the token was opened and names it.
            if let Some(key) = &kept
                && let Some(seen) = key.seen.get(unit).await?
            {
                // What is kept does not change as time goes by.
                let expired = expired || seen.principal.key_has_ended(request.now);
                return Ok(Some(Credential::seen(key, &seen, expired, false)));
            }
            let caller = Caller::with_session(session.clone());
            return Ok(Some(Credential {
                key: kept.unwrap_or_else(|| {
                    scoped_key(
                        &caller,
                        &session.access_key_id,
                        secret,
                        &scope,
                        service,
                        request,
                    )
                }),
                is_new,
                expired,
                caller,
                stray_token: false,
                principal: None,
            }));
        }
        // SECURITY: a key whose time is over goes the way of one that is inactive, step by step.
        if let Some(key) = &kept
            && let Some(seen) = key.seen.get(unit).await?
            && !seen.principal.key_has_ended(request.now)
        {
            return Ok(Some(Credential::seen(key, &seen, false, token.is_some())));
        }
        let Some(owner) = owner_of_key(unit, id).await? else {
            return Ok(None);
        };
        let is_good = |key: &&AccessKey| key.status_at(request.now) == Status::Active;
        let Some(key) = owner.key(id).filter(is_good) else {
            return Ok(None);
        };
        let caller = Caller::with_key(owner.who(), key.id.clone());
        let scoped = match kept {
            Some(kept) => kept,
            None => {
                let account = Scope::Account(caller.account());
                let (kind, record_id) = owner.record();
                let secret = self
                    .store()
                    .unseal(account, kind, record_id, &secret_field(id), &key.secret)
                    .await
                    .map_err(Fault::unavailable)?;
                let text = String::from_utf8(secret.expose().clone())
                    .map_err(|_| Fault::service("a secret access key is no text"))?;
                scoped_key(
                    &caller,
                    &key.id,
                    &Secret::new(text),
                    &scope,
                    service,
                    request,
                )
            }
        };
        Ok(Some(Credential {
            caller,
            key: scoped,
            is_new,
            expired: false,
            stray_token: token.is_some(),
            principal: None,
        }))
    }

    /// Opens a session token, or finds it opened already.
    fn open_token(&self, token: &str) -> Option<Arc<OpenSession>> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(open) = self.sessions().get(&digest) {
            return Some(open);
        }
        let (session, secret) = session::open(self.tokens(), token)?;
        let open = Arc::new((Arc::new(session), secret));
        self.sessions().insert(digest, open.clone());
        Some(open)
    }
}

/// The owner of a long-term key.
pub(crate) async fn owner_of_key(unit: &mut Unit, id: &str) -> Result<Option<KeyOwner>, Fault> {
    // Users come first: theirs are nearly all keys, and what is found by its own kind comes from the cache.
    let user = unit
        .find::<User>(Scope::Global, &ACCESS_KEYS, id.as_bytes())
        .await
        .map_err(Fault::unavailable)?;
    if let Some(user) = user {
        return Ok(Some(KeyOwner::User(user)));
    }
    let account = unit
        .find::<Account>(Scope::Global, &ACCESS_KEYS, id.as_bytes())
        .await
        .map_err(Fault::unavailable)?;
    Ok(account.map(KeyOwner::Root))
}

/// Derives the key of a secret for a scope, with what noting its use by `caller` takes.
fn scoped_key(
    caller: &Caller,
    id: &AccessKeyId,
    secret: &Secret<String>,
    scope: &CredentialScope<'_>,
    service: Service,
    request: &RequestFacts,
) -> Arc<ScopedKey> {
    Arc::new(ScopedKey::new(
        id.clone(),
        scope.derive(id.as_str(), secret),
        last_use(caller, id, service.prefix(), request),
    ))
}

fn last_use(
    caller: &Caller,
    id: &AccessKeyId,
    service: &str,
    request: &RequestFacts,
) -> Option<LastUse> {
    let scope = Scope::Account(caller.account());
    match (caller.who(), caller.session()) {
        (Who::Role { .. }, _) => role_used(caller, request),
        (who, None) => {
            let id = used_key(who, id.as_str());
            Some(LastUse::new(
                MarkKey::new(scope, ACCESS_KEY_USED, id),
                format!("{} {service}", request.region),
            ))
        }
        // Temporary credentials are no access keys of the user's own.
        (_, Some(_)) => None,
    }
}

/// What noting the use of a role takes, where the caller is one.
pub(crate) fn role_used(caller: &Caller, request: &RequestFacts) -> Option<LastUse> {
    let Who::Role { account, id, .. } = caller.who() else {
        return None;
    };
    let mark = MarkKey::new(Scope::Account(*account), ROLE_USED, id.as_str());
    Some(LastUse::new(mark, request.region.clone().into_owned()))
}

/// The id of the mark that tells when a key was last used.
#[must_use]
pub fn used_key(owner: &Who, access_key_id: &str) -> String {
    match owner {
        Who::Root(_) => format!("root/{access_key_id}"),
        Who::Host { .. } => format!("host/{access_key_id}"),
        Who::User { id, .. } | Who::Role { id, .. } => {
            format!("{}/{access_key_id}", UniqueId::as_str(id))
        }
    }
}

/// Whether this service refuses the session whatever policies say: a session of `GetSessionToken` without a second
/// factor cannot call IAM (STS API reference, `GetSessionToken`).
fn refuses_session(caller: &Caller, service: Service) -> bool {
    service == Service::Iam
        && caller.session().is_some()
        && caller.mfa().is_none()
        && !matches!(caller.who(), Who::Role { .. })
}
