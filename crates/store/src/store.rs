//! The store: opened once a process, cheap to clone.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use claviger_model::{Clock, Rng, Secret};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::cache::{Cache, Held, Name, Ticket};
use crate::db::postgres::Postgres;
use crate::db::sqlite::Sqlite;
use crate::db::{Db, statement};
use crate::error::{OpenError, StoreError};
use crate::event::Log;
use crate::heads::Heads;
use crate::keys::Masters;
use crate::mark::Touched;
use crate::ring::Ring;
use crate::scope::Scope;
use crate::sql;
use crate::unit::Unit;

/// SQLite's readers are used for microseconds at a time: a few are enough.
const READERS: usize = 4;

/// Where the records are.
#[derive(Clone, Debug)]
pub enum Database {
    /// SQLite in this directory, which is made if it is not there and locked against other processes.
    Sqlite(PathBuf),
    /// PostgreSQL, or an engine that speaks its protocol, at this `postgres://` address.
    Postgres(Secret<String>),
}

impl Database {
    /// Whether SQLite's file is there. Of PostgreSQL this cannot be told without asking it, and so is taken to be so.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(directory) => crate::db::sqlite::is_in(directory),
            Self::Postgres(_) => true,
        }
    }
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
pub struct Store {
    inner: Arc<Inner>,
}

/// What the clones share.
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) cache: Arc<Cache>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<Rng>,
    pub(crate) masters: Masters,
    pub(crate) rings: Mutex<HashMap<String, Ring>>,
    pub(crate) touched: Touched,
    pub(crate) log: Log,
    /// One flush at a time.
    pub(crate) flush: tokio::sync::Mutex<()>,
    closed: AtomicBool,
    tender: Mutex<Option<JoinHandle<()>>>,
}

impl Inner {
    /// Keeps what the database gave, if it can be forgotten in time when it is overtaken.
    pub(crate) fn fill(&self, ticket: Ticket, name: Name<'_>, held: Held, weight: usize) {
        let may = match &self.db {
            Db::Sqlite(_) => true,
            Db::Postgres(db) => db.heads().knows(name.account),
        };
        if may {
            self.cache.fill(ticket, name, held, weight);
        }
    }
}

impl Store {
    /// Opens the store, making it if it is not there and bringing an older schema up to this version's.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let Options {
            database,
            master_key,
            former_master_keys,
            cache_bytes,
            consistency,
            connections,
            clock,
            rng,
        } = options;
        let cache = Arc::new(Cache::new(cache_bytes));
        let now = clock.now().micros();
        let db = match database {
            Database::Sqlite(directory) => {
                let cache = Arc::clone(&cache);
                let opened = tokio::task::spawn_blocking(move || {
                    Sqlite::open(&directory, connections.min(READERS), cache, now)
                });
                let opened = opened.await.map_err(|error| OpenError::Unavailable {
                    what: "opening the database".to_owned(),
                    cause: Box::new(error),
                })?;
                Db::Sqlite(opened?)
            }
            Database::Postgres(url) => {
                let age = match consistency {
                    Consistency::Strict => None,
                    Consistency::Bounded(age) => Some(age),
                };
                let heads = Heads::new(Arc::clone(&cache), age);
                Db::Postgres(Postgres::open(url.expose(), connections, heads, now).await?)
            }
        };
        let inner = Arc::new(Inner {
            db,
            cache,
            clock,
            rng,
            masters: Masters::new(master_key, former_master_keys),
            rings: Mutex::new(HashMap::new()),
            touched: Touched::default(),
            log: Log::default(),
            flush: tokio::sync::Mutex::new(()),
            closed: AtomicBool::new(false),
            tender: Mutex::new(None),
        });
        // Opens with the right master key only, and so tells a wrong one before anything is sealed under it.
        match inner.ring(crate::outbox::RING).await {
            Ok(_) => {}
            Err(error) => {
                inner.db.close().await;
                return Err(match error {
                    StoreError::Sealed => OpenError::MasterKey,
                    other => OpenError::Store(other),
                });
            }
        }
        *inner.tender.lock() = Some(tokio::spawn(tend(Arc::downgrade(&inner))));
        Ok(Self { inner })
    }

    /// The shared part, while the store is open.
    pub(crate) fn inner(&self) -> Result<&Arc<Inner>, StoreError> {
        if self.inner.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        Ok(&self.inner)
    }

    /// Starts a unit that sees at least all that was committed to these scopes before the call. Reads of other scopes
    /// are as true, and cost a query more on PostgreSQL.
    ///
    /// # Errors
    /// The store is closed or unavailable: a node without its store refuses at once.
    pub async fn unit(&self, scopes: &[Scope]) -> Result<Unit, StoreError> {
        let inner = self.inner()?;
        let mut unit = Unit::new(Arc::clone(inner));
        if let Db::Postgres(_) = inner.db {
            unit.learn(scopes).await?;
        }
        Ok(unit)
    }

    /// Whether a write reaches the disk now. Tries one.
    pub async fn is_writable(&self) -> bool {
        let Ok(inner) = self.inner() else {
            return false;
        };
        let probe = statement!(
            sql::RAISE_MARK,
            Scope::Global.number(),
            "store",
            b"writable".to_vec(),
            inner.clock.now().micros(),
            Vec::new()
        );
        inner.db.write(vec![probe]).await.is_ok()
    }

    /// How many bytes of records the cache holds, roughly.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.inner.cache.bytes()
    }

    /// Flushes the marks, finishes the commits under way, closes the database. Other clones answer `Closed` from now
    /// on.
    ///
    /// # Errors
    /// The marks could not be flushed; the store is closed all the same.
    pub async fn close(self) -> Result<(), StoreError> {
        if self.inner.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        if let Some(tender) = self.inner.tender.lock().take() {
            tender.abort();
        }
        let flushed = self.inner.flush_marks().await;
        self.inner.db.close().await;
        flushed
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// Does what is due from time to time, until the store is gone: marks each second, key rings each ten, old tickets each
/// minute, messages that nobody delivers each hour.
async fn tend(inner: Weak<Inner>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    for turn in 1u64.. {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let mut results = vec![("flushing marks", inner.flush_marks().await)];
        if turn.is_multiple_of(10) {
            results.push(("reading the key rings", inner.refresh_rings().await));
        }
        if turn.is_multiple_of(60) {
            results.push(("forgetting tickets", inner.expire_tickets().await));
        }
        if turn % 3_600 == 60 {
            results.push(("forgetting messages", inner.expire_messages().await));
        }
        for (what, result) in results {
            if let Err(error) = result {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "{what} failed and will be tried again"
                );
            }
        }
    }
}
