//! `/livez` and `/readyz`: is the process alive, can it serve. Neither says more to strangers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use claviger_store::Store;
use http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long an answer about the store is good for: a probe costs a write, and anybody may ask.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// The store, and whether it could be written when it was last asked.
#[derive(Clone)]
struct Probe {
    store: Store,
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

/// The two paths.
pub(crate) fn router(store: Store) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(Probe {
            store,
            last: Arc::default(),
        })
}

async fn ready(State(probe): State<Probe>) -> (StatusCode, &'static str) {
    // One asks; whoever comes meanwhile waits for the same answer.
    let mut last = probe.last.lock().await;
    let writable = match *last {
        Some((at, writable)) if at.elapsed() < GOOD_FOR => writable,
        _ => {
            let writable = probe.store.is_writable().await;
            *last = Some((Instant::now(), writable));
            writable
        }
    };
    if writable {
        (StatusCode::OK, "ok\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be written\n",
        )
    }
}
