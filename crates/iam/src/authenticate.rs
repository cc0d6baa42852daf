//! Authentication of signed requests: from what a request presents to a [`Caller`].
//!
//! The order of the checks is AWS's (recorded from STS, 2026): scope, key and token, expiry, signature, and a token sent
//! along with a long-term key last of all.

use std::sync::Arc;

use claviger_model::{Code, Secret, UniqueId};
use claviger_signature::sigv4::{Presented, SignatureError, SigningKey, Terms};
use claviger_store::{MarkKey, Scope, Sealed, Unit};
use sha2::{Digest, Sha256};

use crate::caller::{Caller, Who};
use crate::context::RequestFacts;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::index::ACCESS_KEYS;
use crate::entity::{Account, Status, User};
use crate::fault::Fault;
use crate::iam::{Iam, OpenSession};
use crate::principal::Principal;
use crate::session;
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
}

impl Admitted {
    /// The caller.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What the caller calls itself.
    #[must_use]
    pub fn arn(&self) -> &str {
        self.principal.arn.as_str()
    }
}

/// A credential that the request names, before it is verified.
struct Credential {
    caller: Caller,
    key: SigningKey,
    expired: bool,
    /// Where to keep the key once it has verified something.
    cache_key: Option<Box<str>>,
    /// A token came with a key that needs none.
    stray_token: bool,
}

/// The fault for a signature that was refused.
#[must_use]
pub fn signature_fault(error: &SignatureError) -> Fault {
    Fault::new(error.code(), error.message())
}

impl Iam {
    /// Authenticates a signed request. A presigned request is honoured for `presigned_at_least_seconds` at the least,
    /// whatever life it names.
    ///
    /// # Errors
    /// The faults of a refused signature or credential; `ServiceUnavailable`.
    pub async fn authenticate(
        &self,
        presented: &Presented<'_>,
        service: Service,
        presigned_at_least_seconds: i64,
        request: &RequestFacts,
    ) -> Result<Admitted, Fault> {
        presented
            .check_scope(service.prefix())
            .map_err(|error| signature_fault(&error))?;
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
        let Some(credential) = self.credential(&mut unit, presented, request).await? else {
            // An unknown key costs what a known one costs, and the verdict is thrown away (AC-01).
            drop(presented.verify(self.decoy(), &terms));
            return Err(Caller::gone());
        };
        // Existence, status and epoch of the principal come before expiry and signature.
        let loaded = Principal::load(&mut unit, &credential.caller).await;
        let principal = match loaded {
            Ok(principal) => principal,
            Err(fault) => {
                drop(presented.verify(&credential.key, &terms));
                return Err(fault);
            }
        };
        if credential.expired {
            return Err(Fault::new(
                Code::ExpiredToken,
                "The security token included in the request is expired",
            ));
        }
        presented
            .verify(&credential.key, &terms)
            .map_err(|error| signature_fault(&error))?;
        if let Some(cache_key) = credential.cache_key {
            self.signing_keys()
                .insert(cache_key, credential.key.clone());
        }
        if credential.stray_token || refuses_session(&credential.caller, service) {
            return Err(Caller::gone());
        }
        self.note_use(&credential.caller, service, request);
        Ok(Admitted {
            caller: credential.caller,
            unit,
            principal: Arc::new(principal),
        })
    }

    /// Finds the credential that the request names, or `None` where there is none such that could be good.
    async fn credential(
        &self,
        unit: &mut Unit,
        presented: &Presented<'_>,
        request: &RequestFacts,
    ) -> Result<Option<Credential>, Fault> {
        let id = presented.access_key_id();
        let token = presented.session_token();
        if id.starts_with(claviger_model::IdKind::TemporaryAccessKey.prefix()) {
            let Some(open) = token.and_then(|token| self.open_token(token)) else {
                return Ok(None);
            };
            let (session, secret) = &*open;
            if session.access_key_id.as_str() != id {
                return Ok(None);
            }
            let scope = presented.scope();
            return Ok(Some(Credential {
                key: SigningKey::derive(secret, scope.date, scope.region, scope.service),
                expired: request.now >= session.expires,
                cache_key: None,
                caller: Caller::with_session(session.clone()),
                stray_token: false,
            }));
        }
        let Some((who, kind, record_id, status, sealed)) = self.long_term_key(unit, id).await?
        else {
            return Ok(None);
        };
        if status != Status::Active {
            return Ok(None);
        }
        let scope = presented.scope();
        let cache_key = format!("{id}/{}/{}/{}", scope.date, scope.region, scope.service);
        // Kept only once it has verified a signature: whoever knows a key's id alone must not turn out everybody else's.
        let (key, cache_key) = match self.signing_keys().get(cache_key.as_str()) {
            Some(key) => (key, None),
            None => {
                let account = Scope::Account(account_of(&who));
                let secret = self
                    .store()
                    .unseal(account, kind, &record_id, &secret_field(id), &sealed)
                    .await
                    .map_err(Fault::unavailable)?;
                let text = String::from_utf8(secret.expose().clone())
                    .map_err(|_| Fault::service("a secret access key is no text"))?;
                let key =
                    SigningKey::derive(&Secret::new(text), scope.date, scope.region, scope.service);
                (key, Some(cache_key.into()))
            }
        };
        let Ok(access_key_id) = claviger_model::Scalar::parse(id) else {
            return Ok(None);
        };
        Ok(Some(Credential {
            caller: Caller::with_key(who, access_key_id),
            key,
            expired: false,
            cache_key,
            stray_token: token.is_some(),
        }))
    }

    /// The owner of a long-term key, with the key's status and sealed secret.
    async fn long_term_key(
        &self,
        unit: &mut Unit,
        id: &str,
    ) -> Result<Option<(Who, &'static str, String, Status, Sealed)>, Fault> {
        use claviger_store::Record as _;

        // Users come first: theirs are nearly all keys, and what is found by its own kind comes from the cache.
        let user = unit
            .find::<User>(Scope::Global, &ACCESS_KEYS, id.as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        if let Some(user) = user {
            return Ok(user.access_keys.get(id).map(|key| {
                let who = Who::User {
                    account: user.account,
                    id: user.id.clone(),
                };
                (
                    who,
                    User::KIND,
                    user.id.as_str().to_owned(),
                    key.status,
                    key.secret.clone(),
                )
            }));
        }
        let owner = unit
            .find::<Account>(Scope::Global, &ACCESS_KEYS, id.as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        Ok(owner.and_then(|owner| {
            let key = owner.root.access_keys.get(id)?;
            Some((
                Who::Root(owner.id),
                Account::KIND,
                ACCOUNT_RECORD.to_owned(),
                key.status,
                key.secret.clone(),
            ))
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

    fn note_use(&self, caller: &Caller, service: Service, request: &RequestFacts) {
        let at = request.now.micros();
        let scope = Scope::Account(caller.account());
        match (caller.who(), caller.session()) {
            (Who::Role { id, .. }, _) => {
                self.store().touch(
                    MarkKey::new(scope, ROLE_USED, id.as_str()),
                    at,
                    &request.region,
                );
            }
            (who, None) => {
                let mark = MarkKey::new(
                    scope,
                    ACCESS_KEY_USED,
                    used_key(who, caller.access_key_id().as_str()),
                );
                self.store().touch(
                    mark,
                    at,
                    &format!("{} {}", request.region, service.prefix()),
                );
            }
            // Temporary credentials are no access keys of the user's own.
            (_, Some(_)) => {}
        }
    }
}

/// The id of the mark that tells when a key was last used.
#[must_use]
pub fn used_key(owner: &Who, access_key_id: &str) -> String {
    match owner {
        Who::Root(_) => format!("root/{access_key_id}"),
        Who::User { id, .. } | Who::Role { id, .. } => {
            format!("{}/{access_key_id}", UniqueId::as_str(id))
        }
    }
}

fn account_of(who: &Who) -> claviger_model::AccountId {
    match who {
        Who::Root(account) | Who::User { account, .. } | Who::Role { account, .. } => *account,
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
