//! The outbox: messages that leave with the change that causes them, delivered after, at least once. One that nobody asks
//! for in thirty days is forgotten.

use claviger_model::Timestamp;

use crate::db::{Row, statement};
use crate::error::StoreError;
use crate::plan::MessageWrite;
use crate::ring::Ring;
use crate::scope::Scope;
use crate::sql;
use crate::store::{Inner, Store};

/// A message to deliver: an e-mail, an SMS, a webhook call. Bodies carry one-time links, so they are sealed at rest and
/// masked in `Debug`.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Unique for ever; the receiver's idempotency key.
    pub id: String,
    /// The owner.
    pub scope: Scope,
    /// How it goes: `email`, `sms`.
    pub channel: String,
    /// What the channel's deliverer understands.
    pub body: serde_json::Value,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("scope", &self.scope)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// A message that this caller may deliver until its lease ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// How many times it has been handed out, this one included.
    pub attempts: u32,
    /// Until when no other caller gets it.
    pub lease: Timestamp,
}

/// How long a message that is due waits for somebody to deliver it, in microseconds: thirty days. Each try moves when it is
/// due, so that one which is being delivered stays.
const WAIT: i64 = 30 * 86_400 * 1_000_000;

/// The key ring that message bodies are sealed under.
pub(crate) const RING: &str = "outbox";

impl Message {
    /// The row, its body sealed under the ring and bound to the id.
    pub(crate) fn seal(&self, ring: &Ring) -> MessageWrite {
        MessageWrite {
            id: self.id.clone(),
            account: self.scope.number(),
            channel: self.channel.clone(),
            body: ring.seal(self.id.as_bytes(), self.body.to_string().as_bytes()),
        }
    }

    fn open(row: &Row, ring: &Ring) -> Result<Self, StoreError> {
        let id = row.string(0)?.to_owned();
        let account = row.int(1)?;
        let scope = Scope::from_number(account)
            .ok_or_else(|| StoreError::Corrupt(format!("{account} is no account")))?;
        let body = ring
            .open(id.as_bytes(), row.bytes(3)?)
            .ok_or(StoreError::Sealed)?;
        let body = serde_json::from_slice(body.expose())
            .map_err(|error| StoreError::Corrupt(format!("message `{id}`: {error}")))?;
        Ok(Self {
            id,
            scope,
            channel: row.text(2)?.to_owned(),
            body,
        })
    }
}

impl Inner {
    /// Forgets the messages that nobody delivers: every change of a credential makes one.
    pub(crate) async fn expire_messages(&self) -> Result<(), StoreError> {
        let before = self.clock.now().micros().saturating_sub(WAIT);
        let expire = statement!(sql::EXPIRE_MESSAGES, before);
        self.db.write(vec![expire]).await.map(drop)
    }
}

impl Store {
    /// Does now what the store does by itself each hour: forgets the messages that have been due for thirty days.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn forget_overdue(&self) -> Result<(), StoreError> {
        self.inner()?.expire_messages().await
    }

    /// Hands out messages that are due, each to one caller until its lease ends.
    ///
    /// # Errors
    /// The store is closed, unavailable or corrupt.
    pub async fn due(
        &self,
        now: Timestamp,
        lease_seconds: u32,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let inner = self.inner()?;
        let ring = inner.ring(RING).await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = inner
            .db
            .rows(statement!(sql::DUE, now.micros(), limit))
            .await?;
        let lease = now.plus_seconds(i64::from(lease_seconds.max(1)));
        let mut leases = Vec::with_capacity(rows.len());
        for row in &rows {
            leases.push(statement!(
                sql::LEASE,
                lease.micros(),
                row.bytes(0)?.to_vec(),
                row.int(4)?
            ));
        }
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let taken = inner.db.write(leases).await?;
        let mut deliveries = Vec::new();
        for (row, _) in rows.iter().zip(taken).filter(|(_, taken)| *taken == 1) {
            match Message::open(row, &ring) {
                Ok(message) => {
                    let attempts = u32::try_from(row.int(5)?)
                        .unwrap_or(u32::MAX)
                        .saturating_add(1);
                    deliveries.push(Delivery {
                        message,
                        attempts,
                        lease,
                    });
                }
                // One that does not open must not keep the others back.
                Err(error) => tracing::error!(%error, "a message of the outbox cannot be read"),
            }
        }
        Ok(deliveries)
    }

    /// The message has been delivered, or given up: forgets it.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn delivered(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let done = statement!(sql::DELIVERED, delivery.message.id.clone().into_bytes());
        self.inner()?.db.write(vec![done]).await.map(drop)
    }

    /// The message could not be delivered: hands it out again from `at` on, unless its lease has ended and somebody
    /// else has it.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn defer(&self, delivery: &Delivery, at: Timestamp) -> Result<(), StoreError> {
        let defer = statement!(
            sql::DEFER,
            at.micros(),
            delivery.message.id.clone().into_bytes(),
            delivery.lease.micros()
        );
        self.inner()?.db.write(vec![defer]).await.map(drop)
    }
}
