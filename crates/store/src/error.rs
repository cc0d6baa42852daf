//! What can go wrong.

use crate::mark::MarkKey;

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// The database did not answer, or answered with an error. Another try later may succeed.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was read is not what this program writes.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// A sealed value does not open: another key, another place, or its data key has been destroyed.
    #[error("a sealed value does not open")]
    Sealed,
    /// The store was asked for something that it does not keep: a mistake in the program.
    #[error("{0}")]
    Unsupported(String),
    /// A record could not be written: not as JSON, or not with a key as long as that.
    #[error("a record cannot be written: {0}")]
    Unwritable(String),
}

/// Why a commit did not happen. After every variant but `Failed`, nothing of the unit has been written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something that the unit has read has changed since. Run the operation again, on a new unit.
    #[error("something read has changed since")]
    Conflict,
    /// The key of this unique index belongs to another record.
    #[error("the key is taken in index `{0}`")]
    Taken(&'static str),
    /// The group would grow beyond the limit that the unit has named.
    #[error("index `{index}` would grow beyond {max}")]
    Limit {
        /// The index's name.
        index: &'static str,
        /// The greatest allowed count.
        max: u64,
    },
    /// A mark stands at the wanted value already, or above it.
    #[error("the mark stands there already")]
    Replayed(MarkKey),
    /// Too many commits wait, or a lock was not had in time. Nothing is written; another try later may succeed.
    #[error("too many commits wait")]
    Busy,
    /// The store failed. If the database or the connection to it broke while the commit was under way, whether it
    /// happened is unknown; else nothing has been written.
    #[error("the commit failed")]
    Failed(#[from] StoreError),
}

/// Why the store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the data directory open.
    #[error("the data directory {0} is in use by another process")]
    InUse(String),
    /// The store was written by a newer version of this program.
    #[error(
        "the store has schema {found}, and this version knows schemas up to {known}: use the newer version that wrote it"
    )]
    NewerSchema {
        /// The schema found.
        found: i64,
        /// The newest schema known.
        known: i64,
    },
    /// The master key is not the one that this store's keys are wrapped with.
    #[error("the master key is not the one that this store was made with")]
    MasterKey,
    /// The database is reached over the network without TLS, and that was not asked for by `sslmode=disable`.
    #[error("{0}")]
    Insecure(String),
    /// The database address cannot be understood.
    #[error("the database address cannot be understood: {0}")]
    Address(String),
    /// The database or its files cannot be had.
    #[error("the store cannot be opened: {what}")]
    Unavailable {
        /// What was being done.
        what: String,
        /// Why it failed.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database answers, and what it holds cannot be understood.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
}
