//! Tokens of the Identity API (OpenStack Keystone, Identity API v3, "Authentication and token management"): what a bearer
//! shows in place of a signature.
//!
//! A token is self-contained, as [session tokens](crate::session) are, and ends by the same: the principal's existence, its
//! security epoch, which another password raises, and the list of what was ended one by one. It is sealed for a purpose of its own, so
//! that none is taken for the token of temporary credentials, nor the other way round (AC-37).

use std::sync::Arc;

use claviger_model::{AccessKeyId, Secret, Timestamp};
use claviger_store::{Ring, Scope};
use data_encoding::BASE64URL_NOPAD;
use quick_cache::Weighter;
use sha2::{Digest as _, Sha256};

use crate::authenticate::{Admitted, role_used};
use crate::caller::Caller;
use crate::context::RequestFacts;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::principal::Principal;
use crate::seen::SeenCell;
use crate::session::{self, Session, SessionPrincipal};

/// How long a token lasts, in seconds (Open Telekom Cloud IAM API reference, "Obtaining a User Token").
pub const LIFETIME_SECONDS: i64 = 86_400;
/// Longer tokens are not opened.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// What tokens are sealed for.
const PURPOSE: &[u8] = b"claviger identity token 1";

/// How the bearer of a token proved who it is (Identity API v3, "methods").
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By the password.
    Password,
    /// By the code of an MFA device.
    Totp,
    /// By another token.
    Token,
    /// By assuming a role.
    AssumeRole,
}

impl Method {
    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::Token => "token",
            Self::AssumeRole => "assume_role",
        }
    }
}

/// What a token was issued for. It narrows nothing: both are the whole account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// The account.
    Domain,
    /// The account's one project.
    Project,
}

/// What a token says beside who acts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TokenTerms {
    /// How its bearer proved who it is.
    pub methods: Vec<Method>,
    /// What it was issued for.
    pub scope: TokenScope,
    /// Who assumed the role whose token it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed_by: Option<SessionPrincipal>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Sealed<S, T> {
    session: S,
    terms: T,
}

/// A token that was opened, with whom it was seen to be of.
pub(crate) struct OpenToken {
    session: Arc<Session>,
    terms: Arc<TokenTerms>,
    seen: SeenCell,
}

/// What an opened token takes in memory, roughly.
#[derive(Clone)]
pub(crate) struct TokenBytes;

impl Weighter<[u8; 32], Arc<OpenToken>> for TokenBytes {
    fn weight(&self, _: &[u8; 32], open: &Arc<OpenToken>) -> u64 {
        let policy = open.session.policy.as_ref();
        1_024 + policy.map_or(0, |document| document.text().len() as u64 * 8)
    }
}

/// Seals a token.
///
/// # Errors
/// `ServiceFailure` if it cannot be written.
pub(crate) fn seal(
    ring: &Ring,
    session: &Session,
    terms: &TokenTerms,
) -> Result<Secret<String>, Fault> {
    let plain = serde_json::to_vec(&Sealed { session, terms }).map_err(Fault::service)?;
    Ok(Secret::new(
        BASE64URL_NOPAD.encode(&ring.seal(PURPOSE, &plain)),
    ))
}

/// Opens a token; `None` for anything that this server did not seal as one.
fn open(ring: &Ring, token: &str) -> Option<OpenToken> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let sealed = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    let plain = ring.open(PURPOSE, &sealed)?;
    let Sealed { session, terms } =
        serde_json::from_slice::<Sealed<Session, TokenTerms>>(plain.expose()).ok()?;
    Some(OpenToken {
        session: Arc::new(session),
        terms: Arc::new(terms),
        seen: SeenCell::empty(),
    })
}

/// What a token tells of itself, whether or not it is still good.
pub(crate) struct Told {
    pub(crate) caller: Caller,
    pub(crate) session_id: AccessKeyId,
    pub(crate) expires: Timestamp,
}

impl Iam {
    /// Authenticates the bearer of a token.
    ///
    /// # Errors
    /// `InvalidClientTokenId` for what is no token, or one that was ended; `ExpiredToken`; `ServiceUnavailable`.
    pub async fn authenticate_token(
        &self,
        token: &str,
        request: &RequestFacts,
    ) -> Result<Admitted, Fault> {
        let open = self.open_identity_token(token).ok_or_else(Caller::gone)?;
        if request.now >= open.session.expires {
            return Err(Caller::expired());
        }
        let mut unit = self
            .store()
            .unit(&[Scope::Global])
            .await
            .map_err(Fault::unavailable)?;
        let (caller, principal) = match open.seen.get(&mut unit).await? {
            Some(seen) => (seen.caller.clone(), seen.principal.clone()),
            None => {
                let caller = Caller::with_token(open.session.clone(), open.terms.clone());
                let principal = Principal::load(&mut unit, &caller, request.now).await?;
                let principal = Arc::new(principal);
                open.seen.see(&unit, &caller, &principal);
                (caller, principal)
            }
        };
        if let Some(last_use) = role_used(&caller, request) {
            last_use.note(self.store(), request.now);
        }
        Ok(Admitted::new(caller, unit, principal))
    }

    /// The token of a role's session, for clients that show tokens in place of signatures. `assumed` is what `AssumeRole`
    /// answered as the session's token to the caller `by`.
    ///
    /// # Errors
    /// `ServiceFailure`: it was none.
    pub fn token_of_role(
        &self,
        assumed: &Secret<String>,
        by: &Caller,
        scope: TokenScope,
    ) -> Result<Secret<String>, Fault> {
        let (session, _) = session::open(self.tokens(), assumed.expose())
            .ok_or_else(|| Fault::service("a session whose token cannot be opened"))?;
        let terms = TokenTerms {
            methods: vec![Method::AssumeRole],
            scope,
            assumed_by: by.session().map(|session| session.principal.clone()),
        };
        seal(self.tokens(), &session, &terms)
    }

    /// What a token tells of itself, if this server has sealed it and its time is not over.
    pub(crate) fn told_by_token(&self, token: &str, now: Timestamp) -> Option<Told> {
        let open = self.open_identity_token(token)?;
        (now < open.session.expires).then(|| Told {
            caller: Caller::with_token(open.session.clone(), open.terms.clone()),
            session_id: open.session.access_key_id.clone(),
            expires: open.session.expires,
        })
    }

    fn open_identity_token(&self, token: &str) -> Option<Arc<OpenToken>> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(open) = self.identity_tokens().get(&digest) {
            return Some(open);
        }
        let open = Arc::new(open(self.tokens(), token)?);
        self.identity_tokens().insert(digest, open.clone());
        Some(open)
    }
}
