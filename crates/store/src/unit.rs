//! Units: reads with what they expect, writes with what they want, committed together or not at all.

mod page;
mod plan;
mod reads;
mod view;
mod write;
mod written;

use std::sync::Arc;

use crate::cache::{Held, Name};
use crate::db::{Db, statement};
use crate::error::StoreError;
use crate::plan::{Owner, Place};
use crate::record::{Entry, Index, Kept, Record, Stored, decode};
use crate::scope::{Scope, Sequence};
use crate::sql;
use crate::store::Inner;
use reads::{Read, Reads};
use write::Wants;

pub(crate) use page::after_prefix;
pub use page::{Depends, Page};
pub use view::View;
pub use written::Written;

/// A group of index entries as it stood: how many, and the commit that last changed it. The group of a unique index is
/// `b""`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// How many entries.
    pub count: u64,
    /// The commit that last added or removed one.
    pub changed: Sequence,
}

impl Span {
    pub(crate) fn from_row(row: &crate::db::Row) -> Result<Self, StoreError> {
        let entries = row.int(0)?;
        let count = u64::try_from(entries)
            .map_err(|_| StoreError::Corrupt(format!("a group has {entries} entries")))?;
        Ok(Self {
            count,
            changed: Sequence(row.int(1)?),
        })
    }
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
pub struct Unit {
    inner: Arc<Inner>,
    /// The accounts whose heads this unit has learned; not kept on SQLite, where the cache is always true.
    learned: Vec<i64>,
    reads: Reads,
    /// Entries as they were read, where no record's revision speaks for them.
    places: Vec<(Place, Option<Owner>)>,
    spans: Vec<(i64, &'static Index, Vec<u8>, Span)>,
    /// Absent until something is to be written, so that a unit that only reads stays small.
    wants: Option<Box<Wants>>,
}

/// Where a unique key leads, and the revision of the record that was seen to have it: as long as the record is at that
/// revision, the key leads there.
struct EntryHit {
    owner: Owner,
    revision: i64,
}

impl Unit {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            learned: Vec::new(),
            reads: Reads::default(),
            places: Vec::new(),
            spans: Vec::new(),
            wants: None,
        }
    }

    /// Sees to it that the cache holds nothing of these scopes that is older than this unit.
    pub(crate) async fn learn(&mut self, scopes: &[Scope]) -> Result<(), StoreError> {
        let Db::Postgres(db) = &self.inner.db else {
            return Ok(());
        };
        let new: Vec<i64> = scopes
            .iter()
            .map(|scope| scope.number())
            .filter(|account| !self.learned.contains(account))
            .collect();
        if !new.is_empty() {
            db.heads().learn(&new).await?;
            self.learned.extend(new);
        }
        Ok(())
    }

    /// Whether [`Unit::learn`] has nothing to do for the scope.
    fn knows(&self, scope: Scope) -> bool {
        matches!(self.inner.db, Db::Sqlite(_)) || self.learned.contains(&scope.number())
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
        let account = scope.number();
        if let Some(known) = self.known(account, R::KIND, id) {
            return known.map(typed).transpose();
        }
        if self.knows(scope)
            && let Some(Held::Record(kept)) =
                self.inner.cache.get(Name::record(account, R::KIND, id))
        {
            self.reads.note(Read::Found(Arc::clone(&kept)));
            return typed(kept).map(Some);
        }
        // Boxed, so that a hit need not carry the room that a miss takes.
        Box::pin(self.load(scope, id)).await
    }

    /// What this unit has written or read already: the record, or that there is none.
    fn known(&self, account: i64, kind: &str, id: &str) -> Option<Option<Arc<dyn Kept>>> {
        if let Some(written) = self
            .wants
            .as_ref()
            .and_then(|wants| wants.written(account, kind, id))
        {
            return Some(written.cloned());
        }
        self.reads.find(account, kind, id).map(|read| match read {
            Read::Found(kept) => Some(Arc::clone(kept)),
            Read::Absent { .. } => None,
        })
    }

    async fn load<R: Record>(
        &mut self,
        scope: Scope,
        id: &str,
    ) -> Result<Option<Arc<Stored<R>>>, StoreError> {
        self.learn(&[scope]).await?;
        let account = scope.number();
        let name = Name::record(account, R::KIND, id);
        let ticket = self.inner.cache.ticket(name);
        let rows = self
            .inner
            .db
            .rows(statement!(sql::RECORD, account, R::KIND, id.as_bytes()))
            .await?;
        let Some(row) = rows.first() else {
            self.reads.note(Read::Absent {
                account,
                kind: R::KIND,
                id: id.into(),
            });
            return Ok(None);
        };
        let (stored, weight) = stored::<R>(row)?;
        let held = Held::Record(Arc::clone(&stored) as _);
        self.inner.fill(ticket, name, held, weight);
        self.reads.note(Read::Found(Arc::clone(&stored) as _));
        Ok(Some(stored))
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
        let home = index.home(scope);
        if let Some(kept) = self
            .wants
            .as_ref()
            .and_then(|wants| wants.holder(R::KIND, home, index, key))
        {
            return typed(Arc::clone(kept)).map(Some);
        }
        let name = Name::entry(home.number(), index.name, key);
        if let Some(Held::Other(hit)) = self.inner.cache.get(name)
            && let Ok(hit) = hit.downcast::<EntryHit>()
            && hit.owner.kind == R::KIND
            && let Some(owner) = Scope::from_number(hit.owner.account)
            && let Some(record) = self.peek::<R>(owner, &hit.owner.id).await?
            && record.revision().number() == hit.revision
        {
            self.reads.note(Read::Found(Arc::clone(&record) as _));
            return Ok(Some(record));
        }
        Box::pin(self.seek(home, index, key)).await
    }

    /// The record as `get` gives it, without expecting anything of it.
    async fn peek<R: Record>(
        &mut self,
        scope: Scope,
        id: &str,
    ) -> Result<Option<Arc<Stored<R>>>, StoreError> {
        let account = scope.number();
        if let Some(known) = self.known(account, R::KIND, id) {
            return known.map(typed).transpose();
        }
        if !self.knows(scope) {
            self.learn(&[scope]).await?;
        }
        match self.inner.cache.get(Name::record(account, R::KIND, id)) {
            Some(Held::Record(kept)) => typed(kept).map(Some),
            _ => Ok(None),
        }
    }

    async fn seek<R: Record>(
        &mut self,
        home: Scope,
        index: &'static Index,
        key: &[u8],
    ) -> Result<Option<Arc<Stored<R>>>, StoreError> {
        let wanted = Entry {
            index,
            group: Vec::new(),
            key: key.to_vec(),
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let name = Name::entry(home.number(), index.name, key);
            let ticket = self.inner.cache.ticket(name);
            let owner = self.entry(home, index, key).await?;
            let expectation = (Place::new(home, &wanted), owner.clone());
            let Some(owner) = owner.filter(|owner| owner.kind == R::KIND) else {
                self.places.push(expectation);
                return Ok(None);
            };
            let scope = Scope::from_number(owner.account)
                .ok_or_else(|| StoreError::Corrupt(format!("{} is no account", owner.account)))?;
            let record = self.get::<R>(scope, &owner.id).await?;
            let has = record
                .as_ref()
                .is_some_and(|record| crate::record::Entries::of::<R>(record).contains(&wanted));
            match record {
                // The record's revision speaks for the entry.
                Some(record) if has => {
                    let revision = record.revision().number();
                    if revision > 0 {
                        let hit = Held::Other(Arc::new(EntryHit { owner, revision }));
                        self.inner.cache.fill(ticket, name, hit, key.len() + 64);
                    }
                    return Ok(Some(record));
                }
                // This unit itself has taken the key from the record.
                None if self.has_written(owner.account, R::KIND, &owner.id) => return Ok(None),
                Some(_) if self.has_written(owner.account, R::KIND, &owner.id) => return Ok(None),
                // A commit came between the two reads. What this unit has read of the record stays as it is, so the
                // commit of this unit must find the entry as it was, which it will not.
                other => {
                    if tries == 3 || self.places.iter().any(|(place, _)| *place == expectation.0) {
                        self.places.push(expectation);
                        return Ok(other);
                    }
                }
            }
        }
    }

    fn has_written(&self, account: i64, kind: &str, id: &str) -> bool {
        self.wants
            .as_ref()
            .is_some_and(|wants| wants.written(account, kind, id).is_some())
    }

    /// What the key leads to, from the database.
    async fn entry(
        &mut self,
        home: Scope,
        index: &'static Index,
        key: &[u8],
    ) -> Result<Option<Owner>, StoreError> {
        self.learn(&[home]).await?;
        let question = statement!(sql::ENTRY, home.number(), index.name, b"".as_slice(), key);
        let rows = self.inner.db.rows(question).await?;
        rows.first().map(|row| Owner::from_row(row, 0)).transpose()
    }

    /// What the key of a unique index leads to, where records of several kinds share it. Expected at commit. Asks the
    /// database each time; [`Unit::find`] is served from the cache. Does not see the unit's own writes.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn target(
        &mut self,
        scope: Scope,
        index: &'static Index,
        key: &[u8],
    ) -> Result<Option<Target>, StoreError> {
        let home = index.home(scope);
        let owner = self.entry(home, index, key).await?;
        let place = Place {
            account: home.number(),
            index: index.name,
            group: Vec::new(),
            key: key.to_vec(),
        };
        let target = owner.as_ref().map(Target::from_owner).transpose()?;
        self.places.push((place, owner));
        Ok(target)
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
        let account = index.home(scope).number();
        let known = self
            .spans
            .iter()
            .find(|(of, by, which, _)| *of == account && by.name == index.name && which == group);
        if let Some((_, _, _, span)) = known {
            return Ok(*span);
        }
        let span = self.read_span(scope, index, group).await?;
        self.spans.push((account, index, group.to_vec(), span));
        Ok(span)
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
        self.read_span(scope, index, group)
            .await
            .map(|span| span.count)
    }

    async fn read_span(
        &mut self,
        scope: Scope,
        index: &'static Index,
        group: &[u8],
    ) -> Result<Span, StoreError> {
        if !index.counted() {
            return Err(index.uncounted());
        }
        let home = index.home(scope);
        let rows = self
            .inner
            .db
            .rows(statement!(sql::SPAN, home.number(), index.name, group))
            .await?;
        rows.first().map_or(Ok(Span::default()), Span::from_row)
    }
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unit")
    }
}

impl Target {
    fn from_owner(owner: &Owner) -> Result<Self, StoreError> {
        let scope = Scope::from_number(owner.account)
            .ok_or_else(|| StoreError::Corrupt(format!("{} is no account", owner.account)))?;
        Ok(Self {
            scope,
            kind: owner.kind.clone(),
            id: owner.id.clone(),
        })
    }
}

/// The record behind a kept one.
fn typed<R: Record>(kept: Arc<dyn Kept>) -> Result<Arc<Stored<R>>, StoreError> {
    let stored = kept.any().downcast();
    stored.map_err(|_| StoreError::Corrupt(format!("two types share the kind `{}`", R::KIND)))
}

/// The record in a row of `RECORD`, and what it weighs in the cache.
fn stored<R: Record>(row: &crate::db::Row) -> Result<(Arc<Stored<R>>, usize), StoreError> {
    let body = row.text(2)?;
    let record = decode::<R>(row.int(1)?, body)?;
    Ok((
        Arc::new(Stored::new(Sequence(row.int(0)?), record)),
        weight(body),
    ))
}

/// Decoded, a record takes about twice the room of its text.
pub(crate) fn weight(body: &str) -> usize {
    body.len() * 2 + 128
}
