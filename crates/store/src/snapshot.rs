//! Snapshots: one state of the store for a pass over much of it.

use crate::db::snapshot::View;
use crate::db::statement;
use crate::error::StoreError;
use crate::record::{Index, Record, decode};
use crate::scope::Scope;
use crate::sql;
use crate::store::Store;

/// One state of the store: what others commit meanwhile is not seen, so that a pass over all records shows each as it was
/// at one instant, and none twice. Reads go past the cache, which a pass would fill with what nobody asks for again.
///
/// Marks are not part of it: they have no history, and [`Store::marks_of`] tells where they stand.
///
/// Holds a connection, and on PostgreSQL a transaction: for seconds, not for minutes.
pub struct Snapshot {
    view: View,
}

impl Store {
    /// Takes a snapshot of what is committed now.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let view = self.inner()?.db.view().await?;
        Ok(Snapshot { view })
    }
}

impl Snapshot {
    /// The record, if there is one.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn get<R: Record>(
        &mut self,
        scope: Scope,
        id: &str,
    ) -> Result<Option<R>, StoreError> {
        let question = statement!(sql::RECORD, scope.number(), R::KIND, id.as_bytes().to_vec());
        let answers = self.view.many(vec![question]).await?;
        let row = answers.first().and_then(|rows| rows.first());
        row.map(|row| decode::<R>(row.int(1)?, row.text(2)?))
            .transpose()
    }

    /// The next records of a group (`b""` for a unique index) whose keys follow `after`, in the bytewise order of their
    /// keys, at most `limit`, each with its key. Fewer than `limit` are the last.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn page<R: Record>(
        &mut self,
        scope: Scope,
        index: &'static Index,
        group: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, R)>, StoreError> {
        let question = statement!(
            sql::RECORDS_BEHIND,
            index.home(scope).number(),
            index.name,
            group.to_vec(),
            after.to_vec(),
            R::KIND,
            i64::try_from(limit).unwrap_or(i64::MAX)
        );
        let answers = self.view.many(vec![question]).await?;
        let rows = answers.first().map_or(&[][..], Vec::as_slice);
        rows.iter()
            .map(|row| {
                let record = decode::<R>(row.int(1)?, row.text(2)?)?;
                Ok((row.bytes(0)?.to_vec(), record))
            })
            .collect()
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}
