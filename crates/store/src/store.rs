//! The store: opened once a process, cheap to clone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use claviger_model::{Clock, Rng, Secret, Timestamp};

use crate::error::{OpenError, StoreError};
use crate::event::{Event, EventPage, EventQuery};
use crate::history::{Change, Past};
use crate::mark::{Mark, MarkKey};
use crate::outbox::Delivery;
use crate::record::Record;
use crate::ring::Ring;
use crate::scope::{Scope, Sequence};
use crate::seal::Sealed;
use crate::ticket::{Bucket, Tickets};
use crate::unit::Unit;

/// Where the records are.
#[derive(Clone, Debug)]
pub enum Database {
    /// SQLite in this directory, which is made if it is not there and locked against other processes.
    Sqlite(PathBuf),
    /// PostgreSQL, or an engine that speaks its protocol, at this `postgres://` address.
    Postgres(Secret<String>),
}

/// How true a node's cache must be where several nodes share a database. SQLite is always strict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consistency {
    /// Each unit first learns what has been committed before it started.
    Strict,
    /// A unit may see the state of at most so long ago. Commits are validated all the same.
    Bounded(Duration),
}

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// Where the records are.
    pub database: Database,
    /// Wraps the data keys and key rings.
    pub master_key: Secret<[u8; 32]>,
    /// Earlier master keys, which still unwrap.
    pub former_master_keys: Vec<Secret<[u8; 32]>>,
    /// How many bytes of decoded records to keep, roughly.
    pub cache_bytes: usize,
    /// How true the cache must be.
    pub consistency: Consistency,
    /// How many connections to PostgreSQL at most, and how many readers of SQLite.
    pub connections: usize,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Keys and nonces come from here.
    pub rng: Arc<Rng>,
}

impl Options {
    /// The usual: 32 MiB of cache, strict, 16 connections.
    #[must_use]
    pub fn new(
        database: Database,
        master_key: Secret<[u8; 32]>,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
    ) -> Self {
        Self {
            database,
            master_key,
            former_master_keys: Vec::new(),
            cache_bytes: 32 << 20,
            consistency: Consistency::Strict,
            connections: 16,
            clock,
            rng,
        }
    }
}

/// The record store. Clones share it.
#[derive(Clone)]
pub struct Store(());

impl Store {
    /// Opens the store, making it if it is not there and bringing an older schema up to this version's.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let _ = options;
        Err(OpenError::Store(StoreError::Closed))
    }

    /// Starts a unit that sees at least all that was committed to these scopes before the call. Reads of other scopes
    /// are as true, and cost a query more on PostgreSQL.
    ///
    /// # Errors
    /// The store is closed or unavailable: a node without its store refuses at once.
    pub async fn unit(&self, scopes: &[Scope]) -> Result<Unit, StoreError> {
        let _ = scopes;
        Err(StoreError::Closed)
    }

    /// Whether a commit could be written now. Asks the database.
    pub async fn is_writable(&self) -> bool {
        false
    }

    /// Flushes the marks, finishes the commits under way, closes the database. Other clones answer `Closed` from now
    /// on.
    ///
    /// # Errors
    /// The marks could not be flushed; the store is closed all the same.
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Opens a sealed value. All five must be as they were when it was sealed.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] if it does not open; or the store is closed or unavailable.
    pub async fn unseal(
        &self,
        scope: Scope,
        kind: &str,
        id: &str,
        field: &str,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, StoreError> {
        let _ = (scope, kind, id, field, sealed);
        Err(StoreError::Closed)
    }

    /// The key ring of this purpose, made if there is none.
    ///
    /// # Errors
    /// The store is closed or unavailable, or the master key does not unwrap the ring.
    pub async fn ring(&self, purpose: &str) -> Result<Ring, StoreError> {
        let _ = purpose;
        Err(StoreError::Closed)
    }

    /// Adds a key to the ring. It opens at once and seals after a minute, when every node has it.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn rotate(&self, purpose: &str) -> Result<(), StoreError> {
        let _ = purpose;
        Err(StoreError::Closed)
    }

    /// Takes a ticket: true if fewer than `max` were taken since the window of `window_seconds` opened with the first.
    /// Durable before it answers; stays taken whatever follows.
    ///
    /// # Errors
    /// The store is closed or unavailable: treat it as no ticket.
    pub async fn take(
        &self,
        bucket: &Bucket,
        max: u32,
        window_seconds: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let _ = (bucket, max, window_seconds, now);
        Err(StoreError::Closed)
    }

    /// What the bucket has given out in its present window, if any.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn tickets(
        &self,
        bucket: &Bucket,
        now: Timestamp,
    ) -> Result<Option<Tickets>, StoreError> {
        let _ = (bucket, now);
        Err(StoreError::Closed)
    }

    /// Empties the bucket, as after a success.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn refill(&self, bucket: &Bucket) -> Result<(), StoreError> {
        let _ = bucket;
        Err(StoreError::Closed)
    }

    /// Notes a last use: moves the mark up to `at`, in memory now and in the database within a second or at `close`.
    /// Every reader of this process sees it at once. A crash loses what was not flushed.
    pub fn touch(&self, mark: MarkKey, at: i64, detail: &str) {
        let _ = (mark, at, detail);
    }

    /// Where the mark stands.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn mark(&self, mark: &MarkKey) -> Result<Option<Mark>, StoreError> {
        let _ = mark;
        Err(StoreError::Closed)
    }

    /// Every mark of the kind whose id starts with `prefix`, in the order of the ids: for list pages.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn marks(
        &self,
        scope: Scope,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Mark)>, StoreError> {
        let _ = (scope, kind, prefix);
        Err(StoreError::Closed)
    }

    /// Records events that no change causes: denials, sign-ins, credentials issued. Durable when it returns; many
    /// callers share one write.
    ///
    /// # Errors
    /// The store is closed or unavailable; none of the events has been kept.
    pub async fn log(&self, events: Vec<Event>) -> Result<(), StoreError> {
        let _ = events;
        Err(StoreError::Closed)
    }

    /// Looks events up, newest first.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError> {
        let _ = (scope, query);
        Err(StoreError::Closed)
    }

    /// The scope's changes after a sequence, oldest first: about `limit`, and never a part of a commit only. A reader
    /// that goes on from the last sequence it got misses nothing.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn changes(
        &self,
        scope: Scope,
        after: Sequence,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let _ = (scope, after, limit);
        Err(StoreError::Closed)
    }

    /// A record's past, newest first, at most `limit` states.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn history<R: Record>(
        &self,
        scope: Scope,
        id: &str,
        limit: usize,
    ) -> Result<Vec<Past<R>>, StoreError> {
        let _ = (scope, id, limit);
        Err(StoreError::Closed)
    }

    /// Hands out messages that are due, each to one caller until its lease ends.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn due(
        &self,
        now: Timestamp,
        lease_seconds: u32,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let _ = (now, lease_seconds, limit);
        Err(StoreError::Closed)
    }

    /// The message has been delivered, or given up: forgets it.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn delivered(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let _ = delivery;
        Err(StoreError::Closed)
    }

    /// The message could not be delivered: hands it out again from `at` on.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn defer(&self, delivery: &Delivery, at: Timestamp) -> Result<(), StoreError> {
        let _ = (delivery, at);
        Err(StoreError::Closed)
    }
}
