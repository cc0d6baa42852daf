//! What a unit wants written, and its commit.

use std::sync::Arc;

use claviger_model::{Secret, Timestamp};

use crate::db::Statement;
use crate::error::{CommitError, StoreError};
use crate::event::Event;
use crate::keys::KeyOwner;
use crate::mark::MarkKey;
use crate::outbox::{self, Message};
use crate::record::{Entries, Entry, Index, Kept, Record, Stored};
use crate::scope::{Scope, Sequence};
use crate::seal::{DataKey, Sealed};
use crate::unit::Unit;

/// A record put or deleted.
pub(super) struct Write {
    pub(super) account: i64,
    pub(super) kind: &'static str,
    pub(super) id: Box<str>,
    pub(super) format: i64,
    pub(super) put: Option<Put>,
    /// Reads the record for its entries, should a delete find it unread.
    pub(super) load: Load,
}

pub(super) struct Put {
    pub(super) kept: Arc<dyn Kept>,
    pub(super) body: Result<String, String>,
    pub(super) entries: Vec<Entry>,
}

type Load = for<'a> fn(&'a mut Unit, Scope, &'a str) -> Loading<'a>;
type Loading<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

pub(super) struct OwnedKey {
    pub(super) account: i64,
    pub(super) kind: &'static str,
    pub(super) id: Box<str>,
}

impl OwnedKey {
    pub(super) fn is(&self, owner: KeyOwner<'_>) -> bool {
        self.account == owner.account && self.kind == owner.kind && *self.id == *owner.id
    }
}

/// What a unit wants.
#[derive(Default)]
pub(super) struct Wants {
    pub(super) label: Option<(String, Timestamp)>,
    pub(super) writes: Vec<Write>,
    pub(super) limits: Vec<(i64, &'static Index, Vec<u8>, u64)>,
    pub(super) marks: Vec<(MarkKey, i64)>,
    pub(super) events: Vec<Statement<'static>>,
    pub(super) messages: Vec<Message>,
    pub(super) new_keys: Vec<(OwnedKey, Arc<DataKey>)>,
    pub(super) dropped_keys: Vec<OwnedKey>,
    /// An event could not be written; the commit says so.
    pub(super) broken: Option<StoreError>,
}

impl Wants {
    fn write(&self, account: i64, kind: &str, id: &str) -> Option<&Write> {
        self.writes
            .iter()
            .find(|write| write.account == account && write.kind == kind && *write.id == *id)
    }

    /// What the unit has made of the record: put, or deleted; `None` if it has not touched it.
    pub(super) fn written(
        &self,
        account: i64,
        kind: &str,
        id: &str,
    ) -> Option<Option<&Arc<dyn Kept>>> {
        self.write(account, kind, id)
            .map(|write| write.put.as_ref().map(|put| &put.kept))
    }

    /// The record put by this unit that has the key.
    pub(super) fn holder(
        &self,
        kind: &str,
        home: Scope,
        index: &'static Index,
        key: &[u8],
    ) -> Option<&Arc<dyn Kept>> {
        self.writes
            .iter()
            .filter(|write| write.kind == kind && (index.global || write.account == home.number()))
            .filter_map(|write| write.put.as_ref())
            .find(|put| {
                put.entries
                    .iter()
                    .any(|entry| entry.index.name == index.name && entry.key == key)
            })
            .map(|put| &put.kept)
    }

    fn set(&mut self, write: Write) {
        self.writes.retain(|old| {
            old.account != write.account || old.kind != write.kind || old.id != write.id
        });
        self.writes.push(write);
    }

    fn nothing(&self) -> bool {
        self.writes.is_empty()
            && self.marks.is_empty()
            && self.events.is_empty()
            && self.messages.is_empty()
            && self.new_keys.is_empty()
            && self.dropped_keys.is_empty()
            && self.broken.is_none()
    }
}

fn load<'a, R: Record>(unit: &'a mut Unit, scope: Scope, id: &'a str) -> Loading<'a> {
    Box::pin(async move { unit.load::<R>(scope, id).await.map(drop) })
}

impl Unit {
    fn wants(&mut self) -> &mut Wants {
        self.wants.get_or_insert_default()
    }

    /// Names the operation and its time for history. Without it, history has an empty name and the time of the commit.
    pub fn label(&mut self, operation: &str, now: Timestamp) {
        self.wants().label = Some((operation.to_owned(), now));
    }

    /// Writes the record. One that this unit has read replaces what was read; one that it has not read is taken for
    /// new, and the commit conflicts if it is there.
    pub fn put<R: Record>(&mut self, record: R) {
        let body =
            serde_json::to_string(&record).map_err(|error| format!("`{}`: {error}", R::KIND));
        let entries = Entries::of(&record);
        let (account, id) = (record.scope().number(), record.id().into());
        let kept: Arc<dyn Kept> = Arc::new(Stored::new(Sequence::START, record));
        self.wants().set(Write {
            account,
            kind: R::KIND,
            id,
            format: i64::from(R::FORMAT),
            put: Some(Put {
                kept,
                body,
                entries,
            }),
            load: load::<R>,
        });
    }

    /// Deletes the record with its index entries. Nothing happens if it is not there.
    pub fn delete<R: Record>(&mut self, scope: Scope, id: &str) {
        self.wants().set(Write {
            account: scope.number(),
            kind: R::KIND,
            id: id.into(),
            format: i64::from(R::FORMAT),
            put: None,
            load: load::<R>,
        });
    }

    /// The group must not grow beyond `max` by this commit. Checked under the lock against the count as it will be, so
    /// parallel creates neither conflict nor slip through. A commit that does not add to the group passes, also where
    /// the limit has been lowered beneath the count. A global unique index is not counted and has no limit.
    pub fn limit(&mut self, scope: Scope, index: &'static Index, group: &[u8], max: u64) {
        if !index.counted() {
            self.wants().broken.get_or_insert(index.uncounted());
            return;
        }
        let account = index.home(scope).number();
        self.wants()
            .limits
            .push((account, index, group.to_vec(), max));
    }

    /// Moves the mark up to `to`; the commit fails with `Replayed` if it stands there or above already.
    pub fn advance(&mut self, mark: MarkKey, to: i64) {
        self.wants().marks.push((mark, to));
    }

    /// Records an audit event with the commit.
    pub fn event(&mut self, event: Event) {
        let wants = self.wants();
        if let Err(error) = event.statements(&mut wants.events) {
            wants.broken.get_or_insert(error);
        }
    }

    /// Sends a message with the commit.
    pub fn message(&mut self, message: Message) {
        self.wants().messages.push(message);
    }

    /// Seals a secret of a record's field under the data key of (`scope`, `kind`, `id`): the principal's, usually the
    /// record's that holds the value. The key is made with this commit if there is none. Read again by
    /// [`Store::unseal`](crate::Store::unseal) once committed.
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
        let owner = KeyOwner {
            account: scope.number(),
            kind,
            id,
        };
        let (mut pending, mut dropped) = (None, false);
        if let Some(wants) = &self.wants {
            pending = wants
                .new_keys
                .iter()
                .find(|(key, _)| key.is(owner))
                .map(|(_, key)| Arc::clone(key));
            dropped = wants.dropped_keys.iter().any(|key| key.is(owner));
        }
        if pending.is_none() && !dropped {
            self.learn(&[scope]).await?;
            pending = self.inner.data_key(owner).await?;
        }
        let key = match pending {
            Some(key) => key,
            None => {
                let key = Arc::new(DataKey {
                    version: 1,
                    key: Secret::new(self.inner.rng.bytes::<32>()),
                });
                let owned = OwnedKey {
                    account: owner.account,
                    kind,
                    id: id.into(),
                };
                self.wants().new_keys.push((owned, Arc::clone(&key)));
                key
            }
        };
        Sealed::new(&self.inner, &key, owner, field, plaintext)
    }

    /// Destroys the data key with this commit: what it has sealed can no longer be read, in history neither. Write or
    /// delete the record of the same kind and id with it, so that other nodes learn of it.
    pub fn drop_key(&mut self, scope: Scope, kind: &'static str, id: &str) {
        let key = OwnedKey {
            account: scope.number(),
            kind,
            id: id.into(),
        };
        let wants = self.wants();
        wants.new_keys.retain(|(new, _)| {
            !new.is(KeyOwner {
                account: key.account,
                kind,
                id,
            })
        });
        wants.dropped_keys.push(key);
    }

    /// Validates what has been read and writes what is wanted, durably. Gives the sequence of the first account
    /// written, else of [`Scope::Global`], else [`Sequence::START`] when no record was written. A unit that wants
    /// nothing succeeds at once, without validating. The commit runs to its end even if this future is dropped.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub async fn commit(mut self) -> Result<Sequence, CommitError> {
        let Some(mut wants) = self.wants.take().filter(|wants| !wants.nothing()) else {
            return Ok(Sequence::START);
        };
        if let Some(error) = wants.broken.take() {
            return Err(error.into());
        }
        for write in &wants.writes {
            let unread = self
                .reads
                .find(write.account, write.kind, &write.id)
                .is_none();
            if write.put.is_none()
                && unread
                && let Some(scope) = Scope::from_number(write.account)
            {
                (write.load)(&mut self, scope, &write.id).await?;
            }
        }
        let ring = if wants.messages.is_empty() {
            None
        } else {
            Some(self.inner.ring(outbox::RING).await?)
        };
        let mut plan = self.plan(*wants)?;
        if let Some((ring, messages)) = ring.zip(Some(std::mem::take(&mut plan.unsealed))) {
            plan.messages = messages.iter().map(|message| message.seal(&ring)).collect();
        }
        let moved = self.inner.db.commit(plan).await?;
        let first = moved
            .iter()
            .find(|(account, _)| *account >= 0)
            .or(moved.first());
        Ok(first.map_or(Sequence::START, |(_, sequence)| Sequence(*sequence)))
    }
}
