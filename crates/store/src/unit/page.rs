//! Pages: the entries of a group in the order of their keys, with or without their records.

use std::sync::Arc;

use crate::cache::{Held, Name};
use crate::db::statement;
use crate::error::StoreError;
use crate::plan::Owner;
use crate::record::{Index, Record, Stored};
use crate::scope::Scope;
use crate::sql;
use crate::unit::{Read, Target, Unit, stored, typed};

/// What a commit takes for granted about a page that the unit has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depends {
    /// Nothing: the page is only shown.
    Nothing,
    /// Each record on the page is still what it was.
    Items,
    /// Each record on the page is still what it was, and no entry has come to the group or left it. A global unique
    /// index keeps no account of its group and gives the same as `Items`.
    Group,
}

/// A page of records in the order of their keys.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Each with its key as it stands in the index (an ordered index adds a zero byte and the record's id to it).
    pub items: Vec<(Vec<u8>, T)>,
    /// Whether entries follow.
    pub more: bool,
    /// Where to go on, for `after`; absent at the end. The last item's key, unless entries of another kind were passed
    /// over behind it.
    pub next: Option<Vec<u8>>,
}

/// One entry of a page.
type Found = (Vec<u8>, Owner);

impl Unit {
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
        let (found, next) = self
            .entries(scope, index, group, prefix, after, limit, depends)
            .await?;
        let found: Vec<Found> = found
            .into_iter()
            .filter(|(_, owner)| owner.kind == R::KIND)
            .collect();
        let records = self.load_all::<R>(&found).await?;
        let mut items = Vec::with_capacity(records.len());
        for ((key, _), record) in found.into_iter().zip(records) {
            // A record that went since its entry was read is not shown.
            let Some(record) = record else { continue };
            if depends != Depends::Nothing {
                self.reads.note(Read::Found(Arc::clone(&record) as _));
            }
            items.push((key, record));
        }
        Ok(Page {
            items,
            more: next.is_some(),
            next,
        })
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
        let (found, next) = self
            .entries(scope, index, group, prefix, after, limit, depends)
            .await?;
        let items = found
            .into_iter()
            .map(|(key, owner)| Ok((key, Target::from_owner(&owner)?)));
        Ok(Page {
            items: items.collect::<Result<_, StoreError>>()?,
            more: next.is_some(),
            next,
        })
    }

    /// The entries, and where to go on.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one part of the question"
    )]
    async fn entries(
        &mut self,
        scope: Scope,
        index: &'static Index,
        group: &[u8],
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        depends: Depends,
    ) -> Result<(Vec<Found>, Option<Vec<u8>>), StoreError> {
        let home = index.home(scope);
        self.learn(&[home]).await?;
        if depends == Depends::Group && index.counted() {
            // Before the entries: what comes between the two then shows as a conflict.
            self.span(scope, index, group).await?;
        }
        let mut from = prefix.to_vec();
        if let Some(after) = after {
            // The first key behind `after`, bytewise, is `after` with a zero byte.
            let mut behind = after.to_vec();
            behind.push(0);
            from = from.max(behind);
        }
        let most = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        let (account, group, from) = (home.number(), group, from.as_slice());
        let rows = match after_prefix(prefix) {
            Some(to) => {
                self.inner
                    .db
                    .rows(statement!(
                        sql::ENTRIES_BETWEEN,
                        account,
                        index.name,
                        group,
                        from,
                        to,
                        most
                    ))
                    .await?
            }
            None => {
                self.inner
                    .db
                    .rows(statement!(
                        sql::ENTRIES_FROM,
                        account,
                        index.name,
                        group,
                        from,
                        most
                    ))
                    .await?
            }
        };
        let more = rows.len() > limit;
        let found = rows
            .iter()
            .take(limit)
            .map(|row| Ok((row.bytes(0)?.to_vec(), Owner::from_row(row, 1)?)))
            .collect::<Result<Vec<Found>, StoreError>>()?;
        let next = if more {
            found.last().map(|(key, _)| key.clone())
        } else {
            None
        };
        Ok((found, next))
    }

    /// The records of the entries, from the unit's own reads, the cache or the database.
    async fn load_all<R: Record>(
        &mut self,
        found: &[Found],
    ) -> Result<Vec<Option<Arc<Stored<R>>>>, StoreError> {
        let mut scopes: Vec<Scope> = found
            .iter()
            .filter_map(|(_, owner)| Scope::from_number(owner.account))
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        self.learn(&scopes).await?;
        let mut records = Vec::with_capacity(found.len());
        let mut missing = Vec::new();
        for (at, (_, owner)) in found.iter().enumerate() {
            let read = self.reads.find(owner.account, R::KIND, &owner.id);
            let name = Name::record(owner.account, R::KIND, &owner.id);
            records.push(match (read, self.inner.cache.get(name)) {
                (Some(Read::Found(kept)), _) => Some(typed(Arc::clone(kept))?),
                (Some(Read::Absent { .. }), _) => None,
                (None, Some(Held::Record(kept))) => Some(typed(kept)?),
                (None, _) => {
                    missing.push((at, owner, self.inner.cache.ticket(name)));
                    None
                }
            });
        }
        let questions: Vec<_> = missing
            .iter()
            .map(|(_, owner, _)| {
                statement!(sql::RECORD, owner.account, R::KIND, owner.id.as_bytes())
            })
            .collect();
        let answers = self.inner.db.many(&questions).await?;
        for ((at, owner, ticket), rows) in missing.into_iter().zip(answers) {
            let Some(row) = rows.first() else { continue };
            let (record, weight) = stored::<R>(row)?;
            let name = Name::record(owner.account, R::KIND, &owner.id);
            let held = Held::Record(Arc::clone(&record) as _);
            self.inner.fill(ticket, name, held, weight);
            if let Some(slot) = records.get_mut(at) {
                *slot = Some(record);
            }
        }
        Ok(records)
    }
}

/// The first key behind all that start with the prefix, bytewise; `None` where there is none.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte < u8::MAX)?;
    let mut behind = prefix.get(..=last)?.to_vec();
    if let Some(byte) = behind.last_mut() {
        *byte += 1;
    }
    Some(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_lies_behind_all_that_start_with_it() {
        assert_eq!(after_prefix(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(after_prefix(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(after_prefix(b"\xff"), None);
        assert_eq!(after_prefix(b""), None);
    }
}
