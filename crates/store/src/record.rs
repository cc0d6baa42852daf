//! What is kept: records, the indexes that find them, and what is derived from them.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::scope::{Scope, Sequence};

/// An aggregate that is read and written whole.
///
/// `scope` and `id` never change during a record's life. `entries` is a pure function of the record: the store compares
/// what it gives for the old body and for the new one, and moves the index accordingly.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind's name in the tables. Never changed, never used twice.
    const KIND: &'static str;

    /// The format that the body is written in. Raised when an older body can no longer be read as it is; then
    /// [`Record::upgrade`] must know the way from each older format.
    const FORMAT: u32;

    /// The owner.
    fn scope(&self) -> Scope;

    /// The id, unique in (scope, kind).
    fn id(&self) -> &str;

    /// Names the index entries that lead to this record.
    fn entries(&self, out: &mut Entries);

    /// Brings a body of an older format to the present one. History is read by later binaries, so this is kept for ever.
    ///
    /// # Errors
    /// Says why the body cannot be brought up; the default knows no older format and refuses.
    fn upgrade(from: u32, body: serde_json::Value) -> Result<serde_json::Value, String> {
        drop(body);
        Err(format!("no way from format {from} of `{}`", Self::KIND))
    }
}

/// An index: declared as a `static`, named by reference. A key with its group has at most 2,048 bytes.
///
/// ```
/// use claviger_store::Index;
/// static USER_BY_NAME: Index = Index::unique("user_by_name");
/// static USER_BY_PATH: Index = Index::ordered("user_by_path");
/// static BY_ACCESS_KEY: Index = Index::unique("by_access_key").global();
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Index {
    /// The name in the tables, and in [`CommitError::Taken`](crate::CommitError::Taken) and `Limit`. Never changed.
    pub name: &'static str,
    /// Whether a key leads to one record at most.
    pub unique: bool,
    /// Whether the entries stand under [`Scope::Global`], whatever the record's own scope.
    pub global: bool,
}

impl Index {
    /// An index in which a key leads to one record at most; a second record with the key is refused with `Taken`. Its
    /// entries form the one group `b""` (global unique indexes have no span: counting all accounts' keys would make
    /// all accounts wait for each other).
    #[must_use]
    pub const fn unique(name: &'static str) -> Self {
        Self {
            name,
            unique: true,
            global: false,
        }
    }

    /// An index that lists records of a group in the bytewise order of their keys. Records may share a key.
    #[must_use]
    pub const fn ordered(name: &'static str) -> Self {
        Self {
            name,
            unique: false,
            global: false,
        }
    }

    /// The same index across all accounts.
    #[must_use]
    pub const fn global(self) -> Self {
        Self {
            global: true,
            ..self
        }
    }

    /// The scope that the index keeps the entries of a record of `scope` in.
    pub(crate) const fn home(&self, scope: Scope) -> Scope {
        if self.global { Scope::Global } else { scope }
    }

    /// What asking for the count of an index without one gets.
    pub(crate) fn uncounted(&self) -> StoreError {
        StoreError::Unsupported(format!(
            "index `{}` is unique among all accounts and has no count",
            self.name
        ))
    }

    /// Whether entries are counted in a span.
    pub(crate) const fn counted(&self) -> bool {
        !(self.unique && self.global)
    }
}

/// One index entry of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) index: &'static Index,
    pub(crate) group: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

/// Collects the index entries of a record.
#[derive(Debug, Default)]
pub struct Entries {
    id: Vec<u8>,
    pub(crate) list: Vec<Entry>,
}

impl Entries {
    /// The entries of a record.
    pub(crate) fn of<R: Record>(record: &R) -> Vec<Entry> {
        let mut entries = Self {
            id: record.id().as_bytes().to_vec(),
            list: Vec::new(),
        };
        record.entries(&mut entries);
        entries.list
    }

    /// The key leads to this record and to no other.
    pub fn unique(&mut self, index: &'static Index, key: impl Into<Vec<u8>>) {
        debug_assert!(index.unique, "`{}` is an ordered index", index.name);
        self.list.push(Entry {
            index,
            group: Vec::new(),
            key: key.into(),
        });
    }

    /// The record stands in the group, in the order of the key. A zero byte and the record's id are added to the key,
    /// so that records with one key both stand.
    pub fn ordered(
        &mut self,
        index: &'static Index,
        group: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) {
        debug_assert!(!index.unique, "`{}` is a unique index", index.name);
        let mut key = key.into();
        key.push(0);
        key.extend_from_slice(&self.id);
        self.list.push(Entry {
            index,
            group: group.into(),
            key,
        });
    }
}

/// A record as it is kept, with its revision and what has been derived from it. Dereferences to the record.
pub struct Stored<R> {
    revision: AtomicI64,
    /// Whether the cache holds this very value, so that a change will be told to it.
    is_cached: AtomicBool,
    record: R,
    derived: OnceLock<Box<Derived>>,
}

/// One derived value of a record, and the next one of another type.
struct Derived {
    value: Box<dyn Any + Send + Sync>,
    next: OnceLock<Box<Derived>>,
}

impl<R: Record> Stored<R> {
    pub(crate) fn new(revision: Sequence, record: R) -> Self {
        Self {
            revision: AtomicI64::new(revision.0),
            is_cached: AtomicBool::new(false),
            record,
            derived: OnceLock::new(),
        }
    }

    /// The sequence of the commit that wrote this body; 0 for one that this unit has put and not yet committed.
    #[must_use]
    pub fn revision(&self) -> Sequence {
        Sequence(self.revision.load(Ordering::Acquire))
    }

    /// The value that `make` derives from the record, made once for this revision and kept as long as the record stays
    /// in the cache: a compiled policy, an opened secret. One value for each type `T`; `make` must be a pure function
    /// of the record. Costs a few nanoseconds once it is there.
    pub fn derived<T: Send + Sync + 'static>(&self, make: impl FnOnce(&R) -> T) -> &T {
        let mut slot = &self.derived;
        let mut make = Some(make);
        loop {
            let node = slot.get_or_init(|| {
                let value: Box<dyn Any + Send + Sync> = match make.take() {
                    Some(make) => Box::new(make(&self.record)),
                    // INVARIANT: the value of the first turn is a `T`, so no second turn comes after it.
                    None => Box::new(()),
                };
                Box::new(Derived {
                    value,
                    next: OnceLock::new(),
                })
            });
            if let Some(value) = node.value.downcast_ref::<T>() {
                return value;
            }
            slot = &node.next;
        }
    }
}

impl<R> std::ops::Deref for Stored<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}

impl<R: std::fmt::Debug> std::fmt::Debug for Stored<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored")
            .field("revision", &self.revision.load(Ordering::Acquire))
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

/// A stored record whose type is not known where it is handled.
pub(crate) trait Kept: Send + Sync + 'static {
    fn kind(&self) -> &'static str;
    fn scope(&self) -> Scope;
    fn id(&self) -> &str;
    fn revision(&self) -> Sequence;
    /// The record has been committed, and this is its revision from now on.
    fn settle(&self, revision: i64);
    /// Whether the cache holds this very value: then it is what a read would find.
    fn is_cached(&self) -> bool;
    /// The cache has taken it in, or let it go. Called by the cache alone, under the lock of its place there.
    fn set_cached(&self, is_cached: bool);
    fn entries(&self) -> Vec<Entry>;
    fn any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<R: Record> Kept for Stored<R> {
    fn kind(&self) -> &'static str {
        R::KIND
    }

    fn scope(&self) -> Scope {
        self.record.scope()
    }

    fn id(&self) -> &str {
        self.record.id()
    }

    fn revision(&self) -> Sequence {
        Sequence(self.revision.load(Ordering::Acquire))
    }

    fn settle(&self, revision: i64) {
        self.revision.store(revision, Ordering::Release);
    }

    fn is_cached(&self) -> bool {
        self.is_cached.load(Ordering::Acquire)
    }

    fn set_cached(&self, is_cached: bool) {
        self.is_cached.store(is_cached, Ordering::Release);
    }

    fn entries(&self) -> Vec<Entry> {
        Entries::of(&self.record)
    }

    fn any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Reads a body of this or an older format.
pub(crate) fn decode<R: Record>(format: i64, body: &str) -> Result<R, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt(format!("a body of `{}`: {why}", R::KIND));
    if format == i64::from(R::FORMAT) {
        return serde_json::from_str(body).map_err(|error| corrupt(error.to_string()));
    }
    let older = u32::try_from(format)
        .ok()
        .filter(|older| *older < R::FORMAT);
    let older = older
        .ok_or_else(|| corrupt(format!("format {format} is newer than this version knows")))?;
    let body = serde_json::from_str(body).map_err(|error| corrupt(error.to_string()))?;
    let body = R::upgrade(older, body).map_err(corrupt)?;
    serde_json::from_value(body).map_err(|error| corrupt(error.to_string()))
}
