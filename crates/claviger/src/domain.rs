//! Opening the store and starting the rules over it, for the server and for commands that run without one.

use std::sync::Arc;

use anyhow::Context as _;
use claviger_iam::password::hasher::Hasher;
use claviger_iam::webauthn::RelyingParty;
use claviger_iam::{Iam, Settings};
use claviger_model::{Clock, Rng};
use claviger_store::{Consistency, Database, OpenError, Options, Store};

use crate::config::{Config, DatabaseChoice};
use crate::messages::{Sender, Ways};
use crate::{Failure, master_key};

/// Makes a directory, and those above it, that only its owner may enter. One that is there is left as it is.
///
/// # Errors
/// It cannot be made.
pub(crate) fn make_directory(path: &std::path::Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .with_context(|| format!("{} cannot be made", path.display()))
}

/// Where the configuration says that the records are.
fn database(config: &Config) -> Database {
    match &config.database {
        DatabaseChoice::Sqlite => Database::Sqlite(config.data_dir.clone()),
        DatabaseChoice::Postgres(url) => Database::Postgres(url.clone()),
    }
}

/// Refuses to go on where there is no store to work on: a command must not make one.
///
/// # Errors
/// There is none.
pub(crate) fn require_store(config: &Config) -> Result<(), Failure> {
    if database(config).is_there() {
        return Ok(());
    }
    Err(Failure::Unusable(format!(
        "there is no store in {}: name the server's `--data-dir` or `--database`",
        config.data_dir.display()
    )))
}

/// Opens the store that the configuration names.
///
/// # Errors
/// The inner error is the store's; the outer one comes before the store is asked.
pub(crate) async fn open_store(
    config: &Config,
    clock: &Arc<dyn Clock>,
    rng: &Arc<Rng>,
) -> Result<Result<Store, OpenError>, Failure> {
    if matches!(config.database, DatabaseChoice::Sqlite) {
        make_directory(&config.data_dir)?;
    }
    let key = master_key::obtain(config, rng)?;
    let mut options = Options::new(database(config), key, clock.clone(), rng.clone());
    options.cache_bytes = config.cache_bytes;
    if let Some(age) = config.bounded {
        options.consistency = Consistency::Bounded(age);
    }
    Ok(Store::open(options).await)
}

/// What it means for the process that the store did not open.
pub(crate) fn unopened(error: OpenError) -> Failure {
    match error {
        OpenError::Address(_) | OpenError::Insecure(_) | OpenError::MasterKey => {
            Failure::Unusable(error.to_string())
        }
        error => Failure::Failed(anyhow::Error::new(error)),
    }
}

/// What authenticator apps and security keys show.
pub(crate) const PRODUCT: &str = "Claviger";

/// Where messages go that have no other way, in the data directory.
const OUTBOX: &str = "outbox";

/// The server as security keys know it, if they can be used at its address.
fn relying_party(address: &str) -> Option<RelyingParty> {
    match RelyingParty::of(address, PRODUCT) {
        Ok(party) => Some(party),
        Err(why) => {
            tracing::warn!(%why, "security keys and passkeys cannot be used; `public_url` says where people reach the server");
            None
        }
    }
}

/// Starts the rules over an open store.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn start(
    config: &Config,
    store: Store,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
) -> Result<Iam, Failure> {
    // One core stays free for everything that is not hashing.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let settings = Settings {
        clock,
        rng,
        quotas: config.quotas,
        hasher: Hasher::new(config.password_cost, cores.saturating_sub(1).max(1)),
        product: String::from(PRODUCT),
        relying_party: relying_party(&config.address()),
    };
    Ok(Iam::new(store, settings)
        .await
        .context("the server cannot be started over its store")?)
}

/// Who writes messages.
pub(crate) fn sender(config: &Config) -> Sender {
    Sender {
        product: PRODUCT,
        address: config.address(),
        language: config.messages.language,
    }
}

/// How messages leave.
pub(crate) fn ways(config: &Config) -> Ways {
    Ways {
        relay: config.messages.relay.clone(),
        webhook: config.messages.webhook.clone(),
        outbox: config.data_dir.join(OUTBOX),
        sender: sender(config),
        retry_seconds: config.messages.retry_seconds,
    }
}
