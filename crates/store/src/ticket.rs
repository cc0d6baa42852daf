//! Tickets: how often a thing may be tried in a while.

use claviger_model::Timestamp;

use crate::db::statement;
use crate::error::StoreError;
use crate::scope::Scope;
use crate::sql;
use crate::store::{Inner, Store};

/// A bucket of tickets: attempts at a user's password, at a factor, from a source.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Bucket {
    /// The owner.
    pub scope: Scope,
    /// What is counted, such as `password`.
    pub kind: &'static str,
    /// Whose bucket it is.
    pub id: Box<str>,
}

impl Bucket {
    /// The bucket of this scope, kind and id.
    pub fn new(scope: Scope, kind: &'static str, id: impl Into<Box<str>>) -> Self {
        Self {
            scope,
            kind,
            id: id.into(),
        }
    }
}

/// What a bucket has given out in its present window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tickets {
    /// How many tickets.
    pub count: u32,
    /// When the first of them was taken.
    pub opened: Timestamp,
    /// When the window ends.
    pub closes: Timestamp,
}

impl Store {
    /// Takes a ticket: true if fewer than `max` were taken since the window of `window_seconds` opened with the first.
    /// Durable before it answers; stays taken whatever follows.
    ///
    /// # Errors
    /// The store is closed or unavailable: treat it as no ticket.
    pub async fn take(
        &self,
        bucket: &Bucket,
        max: u32,
        window_seconds: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let inner = self.inner()?;
        if max == 0 {
            return Ok(false);
        }
        let closes = now.plus_seconds(window_seconds.into());
        let take = statement!(
            sql::TAKE_TICKET,
            bucket.scope.number(),
            bucket.kind,
            bucket.id.as_bytes().to_vec(),
            now.micros(),
            closes.micros(),
            i64::from(max)
        );
        Ok(inner.db.write(vec![take]).await?.first() == Some(&1))
    }

    /// What the bucket has given out in its present window, if any.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn tickets(
        &self,
        bucket: &Bucket,
        now: Timestamp,
    ) -> Result<Option<Tickets>, StoreError> {
        let question = statement!(
            sql::TICKETS,
            bucket.scope.number(),
            bucket.kind,
            bucket.id.as_bytes()
        );
        let rows = self.inner()?.db.rows(question).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let tickets = Tickets {
            opened: Timestamp::from_micros(row.int(0)?),
            closes: Timestamp::from_micros(row.int(1)?),
            count: u32::try_from(row.int(2)?).unwrap_or(u32::MAX),
        };
        Ok((tickets.closes > now).then_some(tickets))
    }

    /// Empties the bucket, as after a success.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn refill(&self, bucket: &Bucket) -> Result<(), StoreError> {
        let refill = statement!(
            sql::REFILL,
            bucket.scope.number(),
            bucket.kind,
            bucket.id.as_bytes().to_vec()
        );
        self.inner()?.db.write(vec![refill]).await.map(drop)
    }

    /// Gives back one ticket that was taken at this time, if the window that it was taken in is still the present one: as
    /// after a try that needs no counting.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn give_back(&self, bucket: &Bucket, taken: Timestamp) -> Result<(), StoreError> {
        let give_back = statement!(
            sql::GIVE_BACK,
            bucket.scope.number(),
            bucket.kind,
            bucket.id.as_bytes().to_vec(),
            taken.micros()
        );
        self.inner()?.db.write(vec![give_back]).await.map(drop)
    }
}

impl Inner {
    /// Forgets the buckets whose windows have ended, so that strangers' attempts do not fill the disk.
    pub(crate) async fn expire_tickets(&self) -> Result<(), StoreError> {
        let now = self.clock.now().micros();
        self.db
            .write(vec![statement!(sql::EXPIRE_TICKETS, now)])
            .await
            .map(drop)
    }
}
