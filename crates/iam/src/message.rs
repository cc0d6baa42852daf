//! Messages to people: what has become of those that were sent. How one is worded, and by which way
//! it leaves, is no rule of the domain.

use std::sync::atomic::{AtomicU64, Ordering};

/// What has become of messages on this node since it started.
#[derive(Debug, Default)]
pub struct Tally {
    delivered: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
}

/// What a [`Tally`] says at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were taken.
    pub delivered: u64,
    /// Tries that failed and will be repeated.
    pub failed: u64,
    /// Messages that were refused for good, or not taken for too long.
    pub given_up: u64,
}

impl Tally {
    /// A message was taken.
    pub fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// A try failed.
    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was given up.
    pub fn given_up(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// What it says now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            delivered: self.delivered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            given_up: self.given_up.load(Ordering::Relaxed),
        }
    }
}
