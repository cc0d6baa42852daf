//! `claviger serve`: wiring, first start, and stopping.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use claviger_console::Site;
use claviger_iam::first_account::CreateAccountError;
use claviger_model::Clock;
use claviger_store::CommitError;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::listener::{self, Surroundings};
use crate::{Failure, chance, domain, events_file, health, host, log, messages, say, tls, welcome};

/// Runs the server until it is told to stop.
pub(crate) fn run(config: Config) -> Result<(), Failure> {
    let _log = log::start(&config.log, config.json_log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(serve(config))
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
    let store = domain::open_store(&config, &clock, &rng)
        .await?
        .map_err(domain::unopened)?;
    let iam = domain::start(&config, store.clone(), clock.clone(), rng).await?;
    let address = config.address();
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
    let deliverer = messages::start(domain::ways(&config), iam.clone());
    let host = bind_host_socket(&config)?.serve(iam.clone());
    let site = Site {
        address: address.clone(),
        product: String::from(domain::PRODUCT),
    };
    let router = Router::new()
        .merge(
            claviger_aws::router(iam.clone()).layer(axum::middleware::from_fn_with_state(
                Arc::<str>::from(address.as_str()),
                not_for_aws,
            )),
        )
        .merge(claviger_huawei::router(
            iam.clone(),
            &address,
            &config.project,
        ))
        .merge(claviger_console::router(iam.clone(), site))
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
    host.finish().await;
    deliverer.finish().await;
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

/// Binds the socket for commands on this host. The store is open by then, so that whoever comes finds it.
fn bind_host_socket(config: &Config) -> Result<host::Bound, Failure> {
    if let Some(parent) = config.host_socket.parent() {
        domain::make_directory(parent)?;
    }
    Ok(host::bind(&config.host_socket)?)
}

/// People who open the server's address want the sign-in page, and clients that only look around the list of versions.
async fn not_for_aws(State(address): State<Arc<str>>, request: Request, next: Next) -> Response {
    let answer = claviger_console::browser_to_sign_in(&request)
        .or_else(|| claviger_huawei::list_for_client(&request, &address));
    match answer {
        Some(answer) => answer,
        None => next.run(request).await,
    }
}

async fn nowhere() -> (StatusCode, &'static str) {
    (
        StatusCode::NOT_FOUND,
        "Nothing is served at this path. Clients use the path / of this server as their endpoint.\n",
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
