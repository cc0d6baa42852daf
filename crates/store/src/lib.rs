//! Typed records with indexes, optimistic commits, history and a change feed, on SQLite and on PostgreSQL.
//!
//! The store knows nothing of users. It keeps [`Record`]s, each an aggregate read and written whole, found by id or by
//! [`Index`] entries that are committed with it. Work is done on a [`Unit`]: every read records what it expects, every
//! write is kept back, and [`Unit::commit`] validates and writes all under the lock of the scope's head, or fails and
//! has written nothing. An acknowledged commit is on disk.
//!
//! ```ignore
//! let mut unit = store.unit(&[scope]).await?;
//! let group = unit.get::<Group>(scope, &id).await?.ok_or(Code::NoSuchEntity)?;
//! let members = unit.span(scope, &MEMBER_OF, group.id().as_bytes()).await?;   // expected at commit
//! if members.count > 0 { return Err(Code::DeleteConflict) }
//! unit.delete::<Group>(scope, group.id());
//! unit.event(event);
//! unit.commit().await?;                                                        // Conflict: run it all again
//! ```
//!
//! - Cached reads cost well under a microsecond and are as true as a query: on SQLite a commit reaches the cache before
//!   it is acknowledged; on PostgreSQL [`Store::unit`] first learns what others have committed.
//! - What is derived from a record (a compiled policy) is kept with it: [`Stored::derived`].
//! - Facts that move often have no history: marks ([`Unit::advance`], [`Store::touch`]) and tickets ([`Store::take`]).
//! - A pass over all there is reads one state of it, past the cache ([`Store::snapshot`]); what is too long for a record is
//!   kept in parts ([`Store::put_part`]).
//! - Secrets are sealed under a data key of their principal ([`Unit::seal`]), tokens under a [`Ring`].
//!
//! This crate alone names a database driver.

mod cache;
mod db;
mod error;
mod event;
mod heads;
mod history;
mod keys;
mod mark;
mod outbox;
mod part;
mod plan;
mod record;
mod ring;
mod scope;
mod seal;
mod snapshot;
mod sql;
mod store;
#[cfg(feature = "test-support")]
pub mod testing;
mod ticket;
mod unit;
mod verify;

pub use error::{CommitError, OpenError, StoreError};
pub use event::{Event, EventFilter, EventMarker, EventPage, EventQuery, Resource};
pub use history::{Change, Past};
pub use mark::{Mark, MarkKey};
pub use outbox::{Delivery, Message};
pub use part::PartsKey;
pub use record::{Entries, Index, Record, Stored};
pub use ring::Ring;
pub use scope::{Scope, Sequence};
pub use seal::Sealed;
pub use snapshot::Snapshot;
pub use store::{Consistency, Database, Options, Store};
pub use ticket::{Bucket, Tickets};
pub use unit::{Depends, Page, Span, Target, Unit, View, Written};
