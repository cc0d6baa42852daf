//! The log: one line a request on standard error, text on a terminal and JSON elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::Failure;

/// Starts the log. `RUST_LOG`, where it is set, is stronger than `filter`.
pub(crate) fn start(filter: &str, json: Option<bool>) -> Result<(), Failure> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => EnvFilter::try_new(text),
        _ => EnvFilter::try_new(filter),
    }
    .map_err(|error| Failure::Unusable(format!("the log filter cannot be read: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    if json.unwrap_or_else(|| !std::io::stderr().is_terminal()) {
        builder.json().flatten_event(true).init();
    } else {
        builder.init();
    }
    Ok(())
}
