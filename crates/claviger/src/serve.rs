//! `claviger serve`: wiring, first start, and stopping.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use claviger_iam::first_account::CreateAccountError;
use claviger_iam::password::hasher::Hasher;
use claviger_iam::webauthn::RelyingParty;
use claviger_iam::{Iam, Settings};
use claviger_model::Clock;
use claviger_store::{CommitError, Consistency, Database, OpenError, Options, Store};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::SystemClock;
use crate::config::{Config, DatabaseChoice};
use crate::listener::{self, Surroundings};
use crate::{Failure, chance, events_file, health, log, master_key, say, tls, welcome};

/// Runs the server until it is told to stop.
pub(crate) fn run(config: Config) -> Result<(), Failure> {
    let _log = log::start(&config.log, config.json_log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(serve(config))
}

/// What authenticator apps and security keys show.
const PRODUCT: &str = "Claviger";

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

async fn serve(config: Config) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rng = Arc::new(chance::system());
    // The address is taken first: a second server on it must fail before it touches anything.
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", config.listen))?;
    let tls = match &config.tls {
        Some((cert, key)) => Some(
            tls::start(cert.clone(), key.clone())
                .map_err(|error| Failure::Unusable(format!("{error:#}")))?,
        ),
        None => None,
    };
    let store = open_store(&config, &clock, &rng).await?;
    // One core stays free for everything that is not hashing.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let address = config.address();
    let relying_party = relying_party(&address);
    let iam = Iam::new(
        store.clone(),
        Settings {
            clock: clock.clone(),
            rng: rng.clone(),
            quotas: config.quotas,
            hasher: Hasher::new(config.password_cost, cores.saturating_sub(1).max(1)),
            product: String::from(PRODUCT),
            relying_party,
        },
    )
    .await
    .context("the server cannot be started over its store")?;
    match iam.create_first_account(config.first_account.clone()).await {
        Ok(Some(created)) => welcome::print(&created, &address),
        Ok(None) => {}
        Err(CreateAccountError::Unacceptable(message)) => return Err(Failure::Unusable(message)),
        Err(error @ CreateAccountError::Commit(CommitError::Taken(_))) => {
            return Err(Failure::Unusable(format!(
                "the first account cannot be made: {error:?}"
            )));
        }
        Err(error) => {
            return Err(Failure::Failed(
                anyhow::Error::new(error).context("the first account cannot be made"),
            ));
        }
    }
    let exporter = config
        .events_file
        .clone()
        .map(|path| events_file::start(path, store.clone(), clock.clone()))
        .transpose()
        .map_err(Failure::Unusable)?;
    let router = Router::new()
        .merge(claviger_aws::router(iam.clone()))
        .merge(health::router(store.clone()))
        .fallback(nowhere);
    say(&format!("Claviger serves at {address}"));
    let surroundings = Surroundings {
        router,
        trusted_proxies: config.trusted_proxies.clone(),
        request_ids: chance::for_request_ids(),
        clock,
        tls,
        peers: Arc::default(),
    };
    listener::serve(listener, Arc::new(surroundings), stop_signal()).await;
    iam.flush().await;
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    store
        .close()
        .await
        .context("the store could not be closed in order")?;
    Ok(())
}

async fn open_store(
    config: &Config,
    clock: &Arc<dyn Clock>,
    rng: &Arc<claviger_model::Rng>,
) -> Result<Store, Failure> {
    let database = match &config.database {
        DatabaseChoice::Sqlite => {
            std::fs::create_dir_all(&config.data_dir)
                .with_context(|| format!("{} cannot be made", config.data_dir.display()))?;
            Database::Sqlite(config.data_dir.clone())
        }
        DatabaseChoice::Postgres(url) => Database::Postgres(url.clone()),
    };
    let key = master_key::obtain(config, rng)?;
    let mut options = Options::new(database, key, clock.clone(), rng.clone());
    options.cache_bytes = config.cache_bytes;
    if let Some(age) = config.bounded {
        options.consistency = Consistency::Bounded(age);
    }
    Store::open(options).await.map_err(|error| match error {
        OpenError::Address(_) | OpenError::Insecure(_) | OpenError::MasterKey => {
            Failure::Unusable(error.to_string())
        }
        error => Failure::Failed(anyhow::Error::new(error)),
    })
}

async fn nowhere() -> (StatusCode, &'static str) {
    (
        StatusCode::NOT_FOUND,
        "Nothing is served at this path. AWS clients use the path / of this server as their endpoint.\n",
    )
}

/// Resolves when the process is told to stop.
async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate()).ok();
    let terminated = async {
        match &mut terminate {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping: requests in flight are finished");
}
