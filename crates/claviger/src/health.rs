//! `/livez` and `/readyz`: is the process alive, can it serve. Neither says more to strangers.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use claviger_store::Store;
use http::StatusCode;

/// The two paths.
pub(crate) fn router(store: Store) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(store)
}

async fn ready(State(store): State<Store>) -> (StatusCode, &'static str) {
    if store.is_writable().await {
        (StatusCode::OK, "ok\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be written\n",
        )
    }
}
