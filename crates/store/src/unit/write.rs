//! What a unit wants written, and its commit.

use std::collections::btree_map;
use std::sync::Arc;

use claviger_model::{Secret, Timestamp};

use crate::db::Statement;
use crate::error::{CommitError, StoreError};
use crate::event::Event;
use crate::keys::KeyOwner;
use crate::mark::MarkKey;
use crate::outbox::{self, Message};
use crate::plan::{EntryCheck, KeyWrite, Owner, Place, Plan, RecordCheck, RecordWrite};
use crate::record::{Entries, Entry, Index, Kept, Record, Stored};
use crate::scope::{Scope, Sequence};
use crate::seal::{DataKey, Sealed};
use crate::unit::{Read, Unit};

/// A record put or deleted.
struct Write {
    account: i64,
    kind: &'static str,
    id: Box<str>,
    format: i64,
    put: Option<Put>,
    /// Reads the record for its entries, should a delete find it unread.
    load: Load,
}

struct Put {
    kept: Arc<dyn Kept>,
    body: Result<String, String>,
    entries: Vec<Entry>,
}

type Load = for<'a> fn(&'a mut Unit, Scope, &'a str) -> Loading<'a>;
type Loading<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

struct OwnedKey {
    account: i64,
    kind: &'static str,
    id: Box<str>,
}

impl OwnedKey {
    fn is(&self, owner: KeyOwner<'_>) -> bool {
        self.account == owner.account && self.kind == owner.kind && *self.id == *owner.id
    }
}

/// What a unit wants.
#[derive(Default)]
pub(super) struct Wants {
    label: Option<(String, Timestamp)>,
    writes: Vec<Write>,
    limits: Vec<(i64, &'static Index, Vec<u8>, u64)>,
    marks: Vec<(MarkKey, i64)>,
    events: Vec<Statement<'static>>,
    messages: Vec<Message>,
    new_keys: Vec<(OwnedKey, Arc<DataKey>)>,
    dropped_keys: Vec<OwnedKey>,
    /// An event could not be written; the commit says so.
    broken: Option<StoreError>,
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

impl Place {
    pub(super) fn new(home: Scope, entry: &Entry) -> Self {
        Self {
            account: home.number(),
            index: entry.index.name,
            group: entry.group.clone(),
            key: entry.key.clone(),
        }
    }
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
        debug_assert!(index.counted(), "`{}` is not counted", index.name);
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

    fn plan(&self, wants: Wants) -> Result<Plan, CommitError> {
        let mut plan = Plan::default();
        (plan.operation, plan.time) = match wants.label {
            Some((operation, now)) => (operation, now.micros()),
            None => (String::new(), self.inner.clock.now().micros()),
        };
        self.expect(&mut plan);
        let mut leaving: Vec<(Place, Owner)> = Vec::new();
        let mut coming: Vec<(Place, Owner, &'static Index)> = Vec::new();
        for write in wants.writes {
            let base = match self.reads.find(write.account, write.kind, &write.id) {
                Some(Read::Found(kept)) => Some(kept),
                Some(Read::Absent { .. }) => None,
                None => {
                    plan.lock(write.account, false);
                    plan.records.push(RecordCheck {
                        account: write.account,
                        kind: write.kind,
                        id: write.id.clone(),
                        revision: None,
                    });
                    None
                }
            };
            let (body, kept, new) = match write.put {
                Some(put) => {
                    let body = put.body.map_err(StoreError::Unwritable)?;
                    (Some(body), Some(put.kept), put.entries)
                }
                None if base.is_none() => continue,
                None => (None, None, Vec::new()),
            };
            let old = base.map(|kept| kept.entries()).unwrap_or_default();
            let scope = Scope::from_number(write.account).unwrap_or(Scope::Global);
            let owner = Owner {
                account: write.account,
                kind: write.kind.to_owned(),
                id: write.id.clone().into(),
            };
            for (entry, delta) in difference(old, new) {
                let home = entry.index.home(scope);
                let place = Place::new(home, &entry);
                if entry.index.counted() {
                    plan.lock(home.number(), true);
                    let span = plan
                        .spans
                        .entry((home.number(), entry.index.name, entry.group))
                        .or_default();
                    span.delta += delta;
                    span.touched = true;
                }
                if delta < 0 {
                    leaving.push((place, owner.clone()));
                } else {
                    coming.push((place, owner.clone(), entry.index));
                }
            }
            plan.lock(write.account, true);
            plan.writes.push(RecordWrite {
                account: write.account,
                kind: write.kind,
                id: write.id,
                format: write.format,
                body,
                kept,
            });
        }
        for (place, owner, index) in coming {
            if index.unique {
                let free_by = leaving
                    .iter()
                    .filter(|(of, _)| *of == place)
                    .map(|(_, owner)| owner.clone())
                    .collect();
                plan.entries.push(EntryCheck::Free(place.clone(), free_by));
            }
            match plan.additions.entry(place) {
                btree_map::Entry::Vacant(free) => drop(free.insert(owner)),
                // Two records of one unit want the same key.
                btree_map::Entry::Occupied(_) => return Err(CommitError::Taken(index.name)),
            }
        }
        for (place, owner) in leaving {
            plan.entries.push(EntryCheck::Held(place.clone(), owner));
            plan.removals.push(place);
        }
        for (account, index, group, max) in wants.limits {
            plan.lock(account, false);
            let span = plan.spans.entry((account, index.name, group)).or_default();
            span.max = Some(span.max.map_or(max, |other| other.min(max)));
        }
        for (mark, _) in &wants.marks {
            plan.lock(mark.scope.number(), false);
        }
        plan.marks = wants.marks;
        plan.events = wants.events;
        plan.unsealed = wants.messages;
        self.plan_keys(&mut plan, wants.new_keys, wants.dropped_keys)?;
        Ok(plan)
    }

    /// What has been read must still be so.
    fn expect(&self, plan: &mut Plan) {
        for read in self.reads.iter() {
            let check = match read {
                Read::Found(kept) => RecordCheck {
                    account: kept.scope().number(),
                    kind: kept.kind(),
                    id: kept.id().into(),
                    revision: Some(kept.revision().number()),
                },
                Read::Absent { account, kind, id } => RecordCheck {
                    account: *account,
                    kind,
                    id: id.clone(),
                    revision: None,
                },
            };
            plan.lock(check.account, false);
            plan.records.push(check);
        }
        for (place, owner) in &self.places {
            // Global keys are held by their primary key, or else all accounts would wait for each other.
            if place.account != Scope::Global.number() {
                plan.lock(place.account, false);
            }
            plan.entries
                .push(EntryCheck::Unchanged(place.clone(), owner.clone()));
        }
        for (account, index, group, span) in &self.spans {
            plan.lock(*account, false);
            plan.spans
                .entry((*account, index.name, group.clone()))
                .or_default()
                .expected = Some(*span);
        }
    }

    fn plan_keys(
        &self,
        plan: &mut Plan,
        new: Vec<(OwnedKey, Arc<DataKey>)>,
        dropped: Vec<OwnedKey>,
    ) -> Result<(), StoreError> {
        for (key, data) in new {
            plan.lock(key.account, false);
            let owner = KeyOwner {
                account: key.account,
                kind: key.kind,
                id: &key.id,
            };
            let wrapped =
                self.inner
                    .masters
                    .wrap(&self.inner.rng, owner, data.version, &data.key)?;
            plan.keys.push(KeyWrite {
                account: key.account,
                kind: key.kind,
                version: data.version,
                master: wrapped.master,
                wrapped: wrapped.bytes,
                replaces: dropped.iter().any(|dropped| dropped.is(owner)),
                id: key.id,
            });
        }
        for key in dropped {
            plan.lock(key.account, false);
            plan.dropped_keys.push((key.account, key.kind, key.id));
        }
        Ok(())
    }
}

/// The entries that go (-1) and those that come (1).
fn difference(mut old: Vec<Entry>, mut new: Vec<Entry>) -> Vec<(Entry, i64)> {
    let order = |a: &Entry, b: &Entry| {
        (a.index.name, &a.group, &a.key).cmp(&(b.index.name, &b.group, &b.key))
    };
    for list in [&mut old, &mut new] {
        list.sort_unstable_by(order);
        list.dedup();
    }
    let mut out = Vec::new();
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        let next = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) => order(a, b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return out,
        };
        match next {
            std::cmp::Ordering::Less => out.extend(old.next().map(|entry| (entry, -1))),
            std::cmp::Ordering::Greater => out.extend(new.next().map(|entry| (entry, 1))),
            std::cmp::Ordering::Equal => {
                old.next();
                new.next();
            }
        }
    }
}
