//! What a derived shape does, seen from another crate.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop where it stands"
)]

mod answers;
mod form_encoder;
mod hostile;
mod refusals;
mod requests;
mod round_trip;
mod shapes;
mod table;
