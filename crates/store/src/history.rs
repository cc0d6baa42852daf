//! The past: what changed, in which order, and what it was before.

use claviger_model::Timestamp;

use crate::db::{Row, statement};
use crate::error::StoreError;
use crate::record::{Record, decode};
use crate::scope::{Scope, Sequence};
use crate::sql;
use crate::store::Store;

/// One change of the feed: a record was written or deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The commit. One commit may bring several changes; they share the sequence.
    pub sequence: Sequence,
    /// The record's owner.
    pub scope: Scope,
    /// The record's kind.
    pub kind: String,
    /// The record's id.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// The operation that did it.
    pub operation: String,
    /// The body as it was written, in the format of its time; absent when the record was deleted.
    pub body: Option<serde_json::Value>,
}

/// One state in a record's past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past<R> {
    /// The commit that brought it about.
    pub sequence: Sequence,
    /// When.
    pub time: Timestamp,
    /// The operation that did it.
    pub operation: String,
    /// The record, brought to the present format; absent when it was deleted.
    pub record: Option<R>,
}

impl Change {
    fn from_row(scope: Scope, row: &Row) -> Result<Self, StoreError> {
        let body = row.maybe_text(5)?.map(serde_json::from_str).transpose();
        Ok(Self {
            sequence: Sequence(row.int(0)?),
            scope,
            kind: row.text(1)?.to_owned(),
            id: row.string(2)?.to_owned(),
            time: Timestamp::from_micros(row.int(3)?),
            operation: row.text(4)?.to_owned(),
            body: body.map_err(|error| StoreError::Corrupt(format!("history: {error}")))?,
        })
    }
}

impl Store {
    /// The scope's changes after a sequence, oldest first: about `limit`, and never a part of a commit only. A reader
    /// that goes on from the last sequence it got misses nothing: commits of one scope become visible in their order.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn changes(
        &self,
        scope: Scope,
        after: Sequence,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let inner = self.inner()?;
        let account = scope.number();
        let limit = limit.max(1);
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = inner
            .db
            .rows(statement!(sql::CHANGES, account, after.0, most))
            .await?;
        let mut changes = rows
            .iter()
            .map(|row| Change::from_row(scope, row))
            .collect::<Result<Vec<_>, _>>()?;
        if changes.len() == limit
            && let Some(last) = changes.last().map(|change| change.sequence)
        {
            // The limit may have cut the last commit.
            changes.retain(|change| change.sequence < last);
            let rows = inner
                .db
                .rows(statement!(sql::CHANGES_AT, account, last.0))
                .await?;
            for row in &rows {
                changes.push(Change::from_row(scope, row)?);
            }
        }
        Ok(changes)
    }

    /// A record's past, newest first, at most `limit` states.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn history<R: Record>(
        &self,
        scope: Scope,
        id: &str,
        limit: usize,
    ) -> Result<Vec<Past<R>>, StoreError> {
        let inner = self.inner()?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = inner
            .db
            .rows(statement!(
                sql::HISTORY,
                scope.number(),
                R::KIND,
                id.as_bytes(),
                limit
            ))
            .await?;
        let read = |row: &Row| {
            let format = row.int(3)?;
            Ok(Past {
                sequence: Sequence(row.int(0)?),
                time: Timestamp::from_micros(row.int(1)?),
                operation: row.text(2)?.to_owned(),
                record: row
                    .maybe_text(4)?
                    .map(|body| decode::<R>(format, body))
                    .transpose()?,
            })
        };
        rows.iter().map(read).collect()
    }
}
