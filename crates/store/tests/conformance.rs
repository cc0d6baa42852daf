//! One suite that both engines pass: what a commit promises, under races, restarts and kills.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

#[path = "conformance/commits.rs"]
mod commits;
#[path = "conformance/estate.rs"]
mod estate;
#[path = "conformance/events.rs"]
mod events;
#[path = "conformance/feed.rs"]
mod feed;
#[path = "conformance/marks.rs"]
mod marks;
#[path = "conformance/nodes.rs"]
mod nodes;
#[path = "conformance/outbox.rs"]
mod outbox;
#[path = "conformance/pages.rs"]
mod pages;
#[path = "conformance/races.rs"]
mod races;
#[path = "conformance/reopening.rs"]
mod reopening;
#[path = "conformance/sealing.rs"]
mod sealing;
#[path = "conformance/snapshots.rs"]
mod snapshots;
#[path = "conformance/statements.rs"]
mod statements;
#[path = "conformance/storm.rs"]
mod storm;
#[path = "conformance/views.rs"]
mod views;
#[path = "conformance/written.rs"]
mod written;
