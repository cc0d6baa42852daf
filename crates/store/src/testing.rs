//! Databases for tests: SQLite in a directory of its own, PostgreSQL in a cluster that this process starts and that
//! ends with it. Behind the feature `test-support`.

mod cluster;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use claviger_model::{Clock, Rng, Secret, Timestamp};
use tempfile::TempDir;

pub use cluster::{Cluster, shared};

use crate::{Database, OpenError, Options, Store};

/// An empty database that lives as long as this value.
pub struct TestDatabase {
    kind: Kind,
}

enum Kind {
    Sqlite(TempDir),
    Postgres { url: String },
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// SQLite in a fresh directory.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn sqlite() -> Result<Self, String> {
        let directory = tempfile::Builder::new().prefix("claviger-test-").tempdir();
        Ok(Self {
            kind: Kind::Sqlite(directory.map_err(|error| format!("making a directory: {error}"))?),
        })
    }

    /// A fresh database in this process's PostgreSQL cluster, which is started if it does not run yet.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start.
    pub async fn postgres() -> Result<Self, String> {
        let cluster = tokio::task::spawn_blocking(shared)
            .await
            .map_err(|error| error.to_string())??;
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let (client, connection) =
            tokio_postgres::connect(&cluster.url("postgres"), tokio_postgres::NoTls)
                .await
                .map_err(|error| format!("connecting to the cluster: {error}"))?;
        let driver = tokio::spawn(connection);
        let made = client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await;
        drop(client);
        drop(driver.await);
        made.map_err(|error| format!("making a database: {error}"))?;
        Ok(Self {
            kind: Kind::Postgres {
                url: cluster.url(&name),
            },
        })
    }

    /// Where it is.
    #[must_use]
    pub fn database(&self) -> Database {
        match &self.kind {
            Kind::Sqlite(directory) => Database::Sqlite(directory.path().join("data")),
            Kind::Postgres { url } => Database::Postgres(Secret::new(url.clone())),
        }
    }

    /// The directory of its files, where they are this process's own.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Sqlite(directory) => Some(directory.path()),
            Kind::Postgres { .. } => None,
        }
    }

    /// The address, where it is a server.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match &self.kind {
            Kind::Sqlite(_) => None,
            Kind::Postgres { url } => Some(url),
        }
    }

    /// Makes every record unreadable but those of this id, as a failing disk or a stray hand would. A store that has them
    /// in its cache does not notice.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn spoil(&self, spared: &str) -> Result<(), String> {
        let spoil = "UPDATE record SET body = 'spoiled' WHERE id <> $1";
        match &self.kind {
            Kind::Sqlite(directory) => {
                let file = directory.path().join("data").join("claviger.db");
                rusqlite::Connection::open(file)
                    .and_then(|connection| connection.execute(spoil, [spared.as_bytes()]))
                    .map(drop)
                    .map_err(|error| format!("spoiling the records: {error}"))
            }
            Kind::Postgres { url } => {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
                    .await
                    .map_err(|error| format!("connecting to the database: {error}"))?;
                let driver = tokio::spawn(connection);
                let done = client.execute(spoil, &[&spared.as_bytes()]).await;
                drop(client);
                drop(driver.await);
                done.map(drop)
                    .map_err(|error| format!("spoiling the records: {error}"))
            }
        }
    }

    /// Options for a store in it, under a fixed master key.
    #[must_use]
    pub fn options(&self, clock: Arc<dyn Clock>, rng: Arc<Rng>) -> Options {
        Options::new(self.database(), Secret::new([7; 32]), clock, rng)
    }

    /// Opens a store in it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(&self, clock: Arc<dyn Clock>, rng: Arc<Rng>) -> Result<Store, OpenError> {
        Store::open(self.options(clock, rng)).await
    }
}

/// A clock that stands where it is set.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// A clock that stands at this instant.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Sets it.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::Release);
    }

    /// Moves it on, or back.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0
            .fetch_add(seconds.saturating_mul(1_000_000), Ordering::AcqRel);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Acquire))
    }
}

/// Every statement of the store by its name, for tests that prepare each on both engines.
#[must_use]
pub fn statements() -> &'static [(&'static str, &'static str)] {
    crate::sql::ALL
}
