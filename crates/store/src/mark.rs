//! Marks: hot facts without history, moved by one conditional statement each.

use std::collections::{BTreeMap, HashMap, hash_map};

use parking_lot::Mutex;

use crate::db::{Row, statement};
use crate::error::StoreError;
use crate::scope::Scope;
use crate::sql;
use crate::store::{Inner, Store};

/// How many marks one write of a flush carries.
const FLUSH: usize = 500;

/// Which mark: the last TOTP step of a device, a WebAuthn counter, when an access key was last used.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MarkKey {
    /// The owner.
    pub scope: Scope,
    /// What the mark means, such as `access_key_used`.
    pub kind: &'static str,
    /// Whose mark it is. Marks are read in bulk by a prefix of the id, so `user id/access key id` serves a list page.
    pub id: Box<str>,
}

impl MarkKey {
    /// The mark of this scope, kind and id.
    pub fn new(scope: Scope, kind: &'static str, id: impl Into<Box<str>>) -> Self {
        Self {
            scope,
            kind,
            id: id.into(),
        }
    }
}

/// Where a mark stands. Marks only rise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The value: a step, a counter, an instant in microseconds.
    pub value: i64,
    /// What came with the value, such as region and service of a use; empty after
    /// [`Unit::advance`](crate::Unit::advance).
    pub detail: String,
}

/// The marks touched and not yet in the database.
#[derive(Default)]
pub(crate) struct Touched {
    fresh: Mutex<HashMap<MarkKey, Mark>>,
    /// Those that a flush is writing now: still to be seen by readers.
    flushing: Mutex<HashMap<MarkKey, Mark>>,
}

impl Touched {
    fn touch(&self, key: MarkKey, mark: Mark) {
        raise(&mut self.fresh.lock(), key, mark);
    }

    /// The mark as it was touched.
    fn latest(&self, key: &MarkKey) -> Option<Mark> {
        let (flushing, fresh) = (self.flushing.lock(), self.fresh.lock());
        [flushing.get(key), fresh.get(key)]
            .into_iter()
            .flatten()
            .max_by_key(|mark| mark.value)
            .cloned()
    }

    /// The touched marks of this kind under this prefix.
    fn under(&self, scope: Scope, kind: &str, prefix: &str) -> Vec<(MarkKey, Mark)> {
        let (flushing, fresh) = (self.flushing.lock(), self.fresh.lock());
        flushing
            .iter()
            .chain(fresh.iter())
            .filter(|(key, _)| key.scope == scope && key.kind == kind && key.id.starts_with(prefix))
            .map(|(key, mark)| (key.clone(), mark.clone()))
            .collect()
    }
}

fn raise(marks: &mut HashMap<MarkKey, Mark>, key: MarkKey, mark: Mark) {
    match marks.entry(key) {
        hash_map::Entry::Occupied(mut held) if held.get().value < mark.value => {
            drop(held.insert(mark))
        }
        hash_map::Entry::Occupied(_) => {}
        hash_map::Entry::Vacant(free) => drop(free.insert(mark)),
    }
}

fn read(row: &Row, first: usize) -> Result<Mark, StoreError> {
    Ok(Mark {
        value: row.int(first)?,
        detail: row.string(first + 1)?.to_owned(),
    })
}

impl Inner {
    /// Writes the touched marks. Those that could not be written stay touched.
    pub(crate) async fn flush_marks(&self) -> Result<(), StoreError> {
        let _turn = self.flush.lock().await;
        let batch = {
            let (mut flushing, mut fresh) =
                (self.touched.flushing.lock(), self.touched.fresh.lock());
            for (key, mark) in fresh.drain() {
                raise(&mut flushing, key, mark);
            }
            flushing.clone()
        };
        let mut marks: Vec<_> = batch.into_iter().collect();
        // One order for all nodes, so that two flushes do not wait for each other's rows in a ring.
        marks.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for some in marks.chunks(FLUSH) {
            let statements = some
                .iter()
                .map(|(key, mark)| {
                    statement!(
                        sql::RAISE_MARK,
                        key.scope.number(),
                        key.kind,
                        key.id.as_bytes().to_vec(),
                        mark.value,
                        mark.detail.clone().into_bytes()
                    )
                })
                .collect();
            self.db.write(statements).await?;
        }
        self.touched.flushing.lock().clear();
        Ok(())
    }
}

impl Store {
    /// Notes a last use: moves the mark up to `at`, in memory now and in the database within a second or at `close`.
    /// Every reader of this process sees it at once. A crash loses what was not flushed.
    pub fn touch(&self, mark: MarkKey, at: i64, detail: &str) {
        if let Ok(inner) = self.inner() {
            inner.touched.touch(
                mark,
                Mark {
                    value: at,
                    detail: detail.to_owned(),
                },
            );
        }
    }

    /// Where the mark stands.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn mark(&self, mark: &MarkKey) -> Result<Option<Mark>, StoreError> {
        let marks = self.marks_of(std::slice::from_ref(mark)).await?;
        Ok(marks.into_iter().next().flatten())
    }

    /// Where each of these marks stands, in their order.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn marks_of(&self, keys: &[MarkKey]) -> Result<Vec<Option<Mark>>, StoreError> {
        let inner = self.inner()?;
        // Before the database is asked: a flush that ends between the two leaves a mark in one of them.
        let touched: Vec<_> = keys.iter().map(|key| inner.touched.latest(key)).collect();
        let questions: Vec<_> = keys
            .iter()
            .map(|key| {
                let account = key.scope.number();
                statement!(sql::MARK, account, key.kind, key.id.as_bytes())
            })
            .collect();
        let answers = inner.db.many(&questions).await?;
        touched
            .into_iter()
            .zip(answers)
            .map(|(touched, rows)| {
                let kept = rows.first().map(|row| read(row, 0)).transpose()?;
                Ok([touched, kept]
                    .into_iter()
                    .flatten()
                    .max_by_key(|mark| mark.value))
            })
            .collect()
    }

    /// Every mark of the kind whose id starts with `prefix`, in the bytewise order of the ids: for list pages.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn marks(
        &self,
        scope: Scope,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Mark)>, StoreError> {
        let inner = self.inner()?;
        let touched = inner.touched.under(scope, kind, prefix);
        let (account, from) = (scope.number(), prefix.as_bytes());
        let rows = match crate::unit::after_prefix(from) {
            Some(to) => {
                inner
                    .db
                    .rows(statement!(sql::MARKS_BETWEEN, account, kind, from, to))
                    .await?
            }
            None => {
                inner
                    .db
                    .rows(statement!(sql::MARKS_FROM, account, kind, from))
                    .await?
            }
        };
        let mut marks = BTreeMap::new();
        for row in &rows {
            marks.insert(row.string(0)?.to_owned(), read(row, 1)?);
        }
        for (key, mark) in touched {
            let held = marks
                .entry(key.id.into_string())
                .or_insert_with(|| mark.clone());
            if held.value < mark.value {
                *held = mark;
            }
        }
        Ok(marks.into_iter().collect())
    }
}
