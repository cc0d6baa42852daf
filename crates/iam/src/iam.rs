//! The server's rules in one value: the store, the settings, and what is kept in memory for speed.

use std::sync::Arc;

use claviger_model::{Clock, Rng, Secret};
use claviger_signature::sigv4::SigningKey;
use claviger_store::{Ring, Store, StoreError};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::audit::Journal;
use crate::census::Censuses;
use crate::credential_report::runs::Runs;
use crate::identity_token::{OpenToken, TokenBytes};
use crate::message::Tally;
use crate::operation::Registry;
use crate::password::hasher::Hasher;
use crate::quota::Quotas;
use crate::session::Session;
use crate::signing_keys::SigningKeys;
use crate::webauthn::RelyingParty;

/// What the domain is told about its surroundings. The binary fills it from configuration, tests as they like.
pub struct Settings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Ids, secrets, salts.
    pub rng: Arc<Rng>,
    /// How many of what there may be.
    pub quotas: Quotas,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// The issuer that authenticator apps show.
    pub product: String,
    /// This server as authenticators know it; `None` where its address makes security keys unusable.
    pub relying_party: Option<RelyingParty>,
}

/// Opened session tokens kept, where they are of the usual size.
const SESSIONS: usize = 8_000;
/// Bytes that opened session tokens take together, roughly.
const SESSION_BYTES: u64 = 8 << 20;

/// An opened token.
pub(crate) type OpenSession = (Arc<Session>, Secret<String>);

/// What an opened token takes in memory: its compiled policy is several times its text.
#[derive(Clone)]
pub(crate) struct SessionBytes;

impl Weighter<[u8; 32], Arc<OpenSession>> for SessionBytes {
    fn weight(&self, _: &[u8; 32], open: &Arc<OpenSession>) -> u64 {
        let session = &open.0;
        let policy = session
            .policy
            .as_ref()
            .map_or(0, |document| document.text().len() * 8);
        let tags: usize = session
            .tags
            .iter()
            .map(|tag| tag.key.as_str().len() + tag.value.as_str().len() + 64)
            .sum();
        (1_024 + policy + tags) as u64
    }
}

/// The rules of the domain, over a store. Cheap to clone.
#[derive(Clone)]
pub struct Iam(Arc<Inner>);

struct Inner {
    store: Store,
    settings: Settings,
    registry: Registry,
    tokens: Ring,
    signing_keys: SigningKeys,
    sessions: Cache<[u8; 32], Arc<OpenSession>, SessionBytes>,
    identity_tokens: Cache<[u8; 32], Arc<OpenToken>, TokenBytes>,
    journal: Journal,
    credential_reports: Runs,
    censuses: Censuses,
    messages: Tally,
    lanes: Vec<tokio::sync::Mutex<()>>,
    /// Verifies nothing: what a request with an unknown key is held against, so that it takes as long as any other.
    decoy: SigningKey,
}

impl Iam {
    /// Starts the domain over a store that is open.
    ///
    /// # Errors
    /// The store does not answer, or its keys cannot be unwrapped.
    pub async fn new(store: Store, settings: Settings) -> Result<Self, StoreError> {
        let tokens = store.ring("session_tokens").await?;
        let secret = Secret::new(settings.rng.text(b"abcdefghijklmnopqrstuvwxyz", 40));
        let decoy = SigningKey::derive(&secret, "19700101", "nowhere", "nothing");
        Ok(Self(Arc::new(Inner {
            journal: Journal::start(store.clone(), settings.clock.clone()),
            credential_reports: Runs::new(),
            censuses: Censuses::new(),
            messages: Tally::default(),
            store,
            settings,
            registry: Registry::new(),
            tokens,
            signing_keys: SigningKeys::new(),
            sessions: Cache::with_weighter(SESSIONS, SESSION_BYTES, SessionBytes),
            identity_tokens: Cache::with_weighter(SESSIONS, SESSION_BYTES, TokenBytes),
            lanes: (0..64).map(|_| tokio::sync::Mutex::new(())).collect(),
            decoy,
        })))
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What the domain was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Every operation, by name.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What session tokens are sealed under, and the challenges of security keys, each bound to what it is for.
    pub(crate) fn tokens(&self) -> &Ring {
        &self.0.tokens
    }

    pub(crate) fn signing_keys(&self) -> &SigningKeys {
        &self.0.signing_keys
    }

    pub(crate) fn sessions(&self) -> &Cache<[u8; 32], Arc<OpenSession>, SessionBytes> {
        &self.0.sessions
    }

    pub(crate) fn identity_tokens(&self) -> &Cache<[u8; 32], Arc<OpenToken>, TokenBytes> {
        &self.0.identity_tokens
    }

    pub(crate) fn decoy(&self) -> &SigningKey {
        &self.0.decoy
    }

    /// Where events go that no commit carries.
    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// The credential reports that this node is making.
    #[must_use]
    pub fn credential_reports(&self) -> &Runs {
        &self.0.credential_reports
    }

    /// What is kept in memory of the users of accounts.
    pub(crate) fn censuses(&self) -> &Censuses {
        &self.0.censuses
    }

    /// What has become of messages on this node.
    #[must_use]
    pub fn messages(&self) -> &Tally {
        &self.0.messages
    }

    /// The lane that operations on an account queue in once they have met too many conflicts.
    pub(crate) fn lane(
        &self,
        account: claviger_model::AccountId,
    ) -> Option<&tokio::sync::Mutex<()>> {
        let place = usize::try_from(account.number()).unwrap_or(0) % self.0.lanes.len().max(1);
        self.0.lanes.get(place)
    }

    /// Writes what is still in memory. Call it when the server stops, before the store is closed.
    pub async fn flush(&self) {
        self.0.journal.flush().await;
    }
}

impl std::fmt::Debug for Iam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Iam")
    }
}
