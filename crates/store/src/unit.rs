//! Units: reads with what they expect, writes with what they want, committed together or not at all.

use std::sync::Arc;

use claviger_model::Timestamp;

use crate::error::{CommitError, StoreError};
use crate::event::Event;
use crate::mark::MarkKey;
use crate::outbox::Message;
use crate::record::{Index, Record, Stored};
use crate::scope::{Scope, Sequence};
use crate::seal::Sealed;

/// A group of index entries as it stood: how many, and the commit that last changed it. The group of a unique index is
/// `b""`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// How many entries.
    pub count: u64,
    /// The commit that last added or removed one.
    pub changed: Sequence,
}

/// What a commit takes for granted about a page that the unit has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depends {
    /// Nothing: the page is only shown.
    Nothing,
    /// Each record on the page is still what it was.
    Items,
    /// Each record on the page is still what it was, and no entry has come to the group or left it.
    Group,
}

/// A page of records in the order of their keys.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Each with its key as it stands in the index; the last one's is where the next page goes on.
    pub items: Vec<(Vec<u8>, T)>,
    /// Whether entries follow.
    pub more: bool,
}

/// What an index entry leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Target {
    /// The record's owner.
    pub scope: Scope,
    /// The record's kind.
    pub kind: String,
    /// The record's id.
    pub id: String,
}

/// One operation's work on the store.
///
/// Each read records what it has seen; `commit` fails with `Conflict` when that is no longer so. Writes are kept back
/// until then. A unit dropped without `commit` has done nothing and costs nothing. `get` and `find` see the unit's own
/// writes; `span`, `page` and `keys` do not, so read groups before writing to them.
pub struct Unit(());

impl Unit {
    /// Names the operation and its time for history. Without it, history has an empty name and the time of the commit.
    pub fn label(&mut self, operation: &str, now: Timestamp) {
        let _ = (operation, now);
    }

    /// The record, or that there is none. A second `get` gives what the first gave.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn get<R: Record>(
        &mut self,
        scope: Scope,
        id: &str,
    ) -> Result<Option<Arc<Stored<R>>>, StoreError> {
        let _ = (scope, id);
        Err(StoreError::Closed)
    }

    /// The record that the key of a unique index leads to, or that there is none. `scope` is passed over for a global
    /// index. A key that leads to a record of another kind than `R` gives `None`; see [`Unit::target`].
    ///
    /// The absence of a key of a *global* index is checked at commit, and held by the entry's own uniqueness when the
    /// unit takes the key; no head is locked for it.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn find<R: Record>(
        &mut self,
        scope: Scope,
        index: &'static Index,
        key: &[u8],
    ) -> Result<Option<Arc<Stored<R>>>, StoreError> {
        let _ = (scope, index, key);
        Err(StoreError::Closed)
    }

    /// What the key of a unique index leads to, where records of several kinds share it. Expected at commit.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn target(
        &mut self,
        scope: Scope,
        index: &'static Index,
        key: &[u8],
    ) -> Result<Option<Target>, StoreError> {
        let _ = (scope, index, key);
        Err(StoreError::Closed)
    }

    /// How many entries the group has. Expected at commit; to hold a quota use [`Unit::limit`], which does not
    /// conflict.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn span(
        &mut self,
        scope: Scope,
        index: &'static Index,
        group: &[u8],
    ) -> Result<Span, StoreError> {
        let _ = (scope, index, group);
        Err(StoreError::Closed)
    }

    /// How many entries the group has, without expecting anything of it at commit: for summaries.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn count(
        &mut self,
        scope: Scope,
        index: &'static Index,
        group: &[u8],
    ) -> Result<u64, StoreError> {
        let _ = (scope, index, group);
        Err(StoreError::Closed)
    }

    /// The records of a group (`b""` for a unique index) whose keys start with `prefix` and follow `after`, in the
    /// bytewise order of their keys, at most `limit`. Records of another kind than `R` are passed over.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one part of the question"
    )]
    pub async fn page<R: Record>(
        &mut self,
        scope: Scope,
        index: &'static Index,
        group: &[u8],
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        depends: Depends,
    ) -> Result<Page<Arc<Stored<R>>>, StoreError> {
        let _ = (scope, index, group, prefix, after, limit, depends);
        Err(StoreError::Closed)
    }

    /// Like [`Unit::page`], without loading the records; with `Depends::Items` as with `Nothing`.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one part of the question"
    )]
    pub async fn keys(
        &mut self,
        scope: Scope,
        index: &'static Index,
        group: &[u8],
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        depends: Depends,
    ) -> Result<Page<Target>, StoreError> {
        let _ = (scope, index, group, prefix, after, limit, depends);
        Err(StoreError::Closed)
    }

    /// Writes the record. One that this unit has read replaces what was read; one that it has not read is taken for
    /// new, and the commit conflicts if it is there.
    pub fn put<R: Record>(&mut self, record: R) {
        let _ = record;
    }

    /// Deletes the record with its index entries. Nothing happens if it is not there.
    pub fn delete<R: Record>(&mut self, scope: Scope, id: &str) {
        let _ = (scope, id);
    }

    /// The group must not grow beyond `max` by this commit. Checked under the lock against the count as it will be, so
    /// parallel creates neither conflict nor slip through. A commit that does not add to the group passes, also where
    /// the limit has been lowered beneath the count.
    pub fn limit(&mut self, scope: Scope, index: &'static Index, group: &[u8], max: u64) {
        let _ = (scope, index, group, max);
    }

    /// Moves the mark up to `to`; the commit fails with `Replayed` if it stands there or above already.
    pub fn advance(&mut self, mark: MarkKey, to: i64) {
        let _ = (mark, to);
    }

    /// Records an audit event with the commit.
    pub fn event(&mut self, event: Event) {
        let _ = event;
    }

    /// Sends a message with the commit.
    pub fn message(&mut self, message: Message) {
        let _ = message;
    }

    /// Seals a secret of a record's field under the record's own data key, which is made with this commit if there is
    /// none. Read again by [`Store::unseal`](crate::Store::unseal) once committed. `kind` and `id` name whose key it is
    /// (the principal's), usually the record's that holds the value.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn seal(
        &mut self,
        scope: Scope,
        kind: &'static str,
        id: &str,
        field: &str,
        plaintext: &[u8],
    ) -> Result<Sealed, StoreError> {
        let _ = (scope, kind, id, field, plaintext);
        Err(StoreError::Closed)
    }

    /// Destroys the data key with this commit: what it has sealed can no longer be read, in history neither.
    pub fn drop_key(&mut self, scope: Scope, kind: &'static str, id: &str) {
        let _ = (scope, kind, id);
    }

    /// Validates what has been read and writes what is wanted, durably. Gives the sequence of the first scope written
    /// (accounts before [`Scope::Global`]), or [`Sequence::START`] when no record was. The commit runs to its end even
    /// if this future is dropped.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub async fn commit(self) -> Result<Sequence, CommitError> {
        Err(CommitError::Failed(StoreError::Closed))
    }
}
