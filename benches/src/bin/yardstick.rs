//! The yardstick of the load program: an axum handler that reads the body, hashes it and answers the same bytes. What a
//! server on this stack costs before it does anything of its own.

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::routing::any;
use axum::serve::ListenerExt as _;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args()
        .nth(1)
        .context("usage: yardstick ADDRESS")?;
    let listener = TcpListener::bind(&address).await?.tap_io(|stream| {
        // Without it the yardstick would wait where the server does not; if it cannot be set, it merely does.
        drop(stream.set_nodelay(true));
    });
    axum::serve(listener, Router::new().route("/", any(answer))).await?;
    Ok(())
}

async fn answer(body: Bytes) -> Bytes {
    std::hint::black_box(Sha256::digest(&body));
    body
}
