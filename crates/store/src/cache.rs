//! The cache of decoded records, of where unique keys lead, and of opened data keys.
//!
//! A value read from the database may be overtaken, before it gets here, by a commit that changes it. So each shard
//! counts the changes it has been told of, a reader notes the count before it asks the database, and what it brings is
//! dropped if the count has moved since. Absence is never kept.

use std::any::Any;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::RwLock;
use smallvec::SmallVec;

use crate::record::Kept;

/// What a value is, so that names of records, indexes and keys do not meet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Record,
    Entry,
    Key,
}

/// Kind and id in one.
type Text = SmallVec<[u8; 48]>;

/// The name of a cached value.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    pub(crate) class: Class,
    pub(crate) account: i64,
    /// The record's kind, the index's name or the kind of the key's owner.
    pub(crate) kind: &'a str,
    /// The record's id, the entry's key or the id of the key's owner.
    pub(crate) id: &'a [u8],
}

impl<'a> Name<'a> {
    pub(crate) fn record(account: i64, kind: &'a str, id: &'a str) -> Self {
        Self {
            class: Class::Record,
            account,
            kind,
            id: id.as_bytes(),
        }
    }

    pub(crate) fn entry(account: i64, index: &'a str, key: &'a [u8]) -> Self {
        Self {
            class: Class::Entry,
            account,
            kind: index,
            id: key,
        }
    }

    pub(crate) fn key(account: i64, kind: &'a str, id: &'a str) -> Self {
        Self {
            class: Class::Key,
            account,
            kind,
            id: id.as_bytes(),
        }
    }

    fn text(&self) -> Text {
        let mut text = SmallVec::with_capacity(self.kind.len() + 1 + self.id.len());
        text.extend_from_slice(self.kind.as_bytes());
        text.push(BETWEEN);
        text.extend_from_slice(self.id);
        text
    }
}

/// Stands in no kind, since it stands in no text.
const BETWEEN: u8 = 0xff;

/// A cached value.
#[derive(Clone)]
pub(crate) enum Held {
    Record(Arc<dyn Kept>),
    Other(Arc<dyn Any + Send + Sync>),
}

impl Held {
    fn revision(&self) -> i64 {
        match self {
            Self::Record(record) => record.revision().number(),
            Self::Other(_) => 0,
        }
    }

    /// Tells a record whether it is here. What comes goes through [`Shard::insert`], what goes through there or
    /// [`Shard::remove`], so a record that believes it is here is.
    fn set_cached(&self, is_cached: bool) {
        if let Self::Record(record) = self {
            record.set_cached(is_cached);
        }
    }
}

struct Slot {
    class: Class,
    account: i64,
    /// Kind and id with [`BETWEEN`] between them, beside the slot itself: a hit must not go and fetch them elsewhere.
    text: Text,
    hash: u64,
    held: Held,
    weight: usize,
    /// Set by every hit, cleared by the hand that looks for something to drop.
    used: AtomicBool,
}

impl Slot {
    fn is(&self, name: &Name<'_>) -> bool {
        let id = self
            .text
            .strip_prefix(name.kind.as_bytes())
            .and_then(|rest| rest.strip_prefix(&[BETWEEN]));
        self.class == name.class && self.account == name.account && id == Some(name.id)
    }
}

#[derive(Default)]
struct Shard {
    table: HashTable<usize>,
    slots: Vec<Slot>,
    weight: usize,
    hand: usize,
    changes: u64,
}

/// What a reader notes before it asks the database.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    hash: u64,
    changes: u64,
}

const SHARDS: usize = 32;
/// What a slot costs beside its value.
const OVERHEAD: usize = 160;

/// A bounded, sharded map with second-chance eviction.
pub(crate) struct Cache {
    shards: Box<[RwLock<Shard>]>,
    hasher: DefaultHashBuilder,
    shard_bytes: usize,
}

impl Cache {
    /// A cache of about so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::new(Shard::default())).collect(),
            hasher: DefaultHashBuilder::default(),
            shard_bytes: bytes / SHARDS,
        }
    }

    fn hash(&self, name: &Name<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u8(name.class as u8);
        hasher.write_i64(name.account);
        hasher.write(name.kind.as_bytes());
        hasher.write_u8(BETWEEN);
        hasher.write(name.id);
        hasher.finish()
    }

    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        // The table uses the low and the topmost bits; these lie between.
        let at = (hash >> 40) as usize % SHARDS;
        // INVARIANT: there are `SHARDS` shards.
        #[expect(
            clippy::indexing_slicing,
            reason = "the remainder is below the number of shards"
        )]
        &self.shards[at]
    }

    /// The value, if it is here.
    pub(crate) fn get(&self, name: Name<'_>) -> Option<Held> {
        let hash = self.hash(&name);
        let shard = self.shard(hash).read();
        let slot = shard.find(hash, &name).and_then(|at| shard.slots.get(at))?;
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        Some(slot.held.clone())
    }

    /// To be taken before the database is asked for this value.
    pub(crate) fn ticket(&self, name: Name<'_>) -> Ticket {
        let hash = self.hash(&name);
        Ticket {
            hash,
            changes: self.shard(hash).read().changes,
        }
    }

    /// Keeps what the database gave, unless something near it has changed since the ticket was taken.
    pub(crate) fn fill(&self, ticket: Ticket, name: Name<'_>, held: Held, weight: usize) {
        let mut shard = self.shard(ticket.hash).write();
        if shard.changes == ticket.changes {
            shard.insert(
                ticket.hash,
                &name,
                held,
                weight + OVERHEAD,
                self.shard_bytes,
            );
        }
    }

    /// A commit has written this: it replaces what is here, unless that is newer. What readers are bringing is dropped.
    pub(crate) fn replace(&self, name: Name<'_>, held: Held, weight: usize) {
        let hash = self.hash(&name);
        let mut shard = self.shard(hash).write();
        shard.changes += 1;
        let newer = shard
            .find(hash, &name)
            .and_then(|at| shard.slots.get(at))
            .is_some_and(|slot| slot.held.revision() > held.revision());
        if !newer {
            shard.insert(hash, &name, held, weight + OVERHEAD, self.shard_bytes);
        }
    }

    /// A commit of this sequence has changed or deleted this: what is here goes, unless it is as new. What readers are
    /// bringing is dropped.
    pub(crate) fn forget(&self, name: Name<'_>, sequence: i64) {
        let hash = self.hash(&name);
        let mut shard = self.shard(hash).write();
        shard.changes += 1;
        if let Some(at) = shard.find(hash, &name)
            && shard
                .slots
                .get(at)
                .is_some_and(|slot| slot.held.revision() < sequence)
        {
            shard.remove(at);
        }
    }

    /// Nothing of this account is true any more.
    pub(crate) fn forget_account(&self, account: i64) {
        for shard in &self.shards {
            let mut shard = shard.write();
            shard.changes += 1;
            let mut at = 0;
            while let Some(slot) = shard.slots.get(at) {
                if slot.account == account {
                    shard.remove(at);
                } else {
                    at += 1;
                }
            }
        }
    }

    /// Something unseen may have changed: whatever readers are bringing is dropped.
    pub(crate) fn stir(&self) {
        for shard in &self.shards {
            shard.write().changes += 1;
        }
    }

    /// How many bytes are kept, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().weight).sum()
    }
}

impl Shard {
    fn find(&self, hash: u64, name: &Name<'_>) -> Option<usize> {
        self.table
            .find(hash, |&at| {
                self.slots.get(at).is_some_and(|slot| slot.is(name))
            })
            .copied()
    }

    fn insert(&mut self, hash: u64, name: &Name<'_>, held: Held, weight: usize, most: usize) {
        if let Some(slot) = self.find(hash, name).and_then(|at| self.slots.get_mut(at)) {
            self.weight = self.weight - slot.weight + weight;
            slot.held.set_cached(false);
            held.set_cached(true);
            slot.held = held;
            slot.weight = weight;
        } else {
            let at = self.slots.len();
            held.set_cached(true);
            self.slots.push(Slot {
                class: name.class,
                account: name.account,
                text: name.text(),
                hash,
                held,
                weight,
                used: AtomicBool::new(false),
            });
            self.weight += weight;
            let slots = &self.slots;
            self.table
                .insert_unique(hash, at, |&at| slots.get(at).map_or(0, |slot| slot.hash));
        }
        while self.weight > most && !self.slots.is_empty() {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let used = self
                .slots
                .get(self.hand)
                .is_some_and(|slot| slot.used.swap(false, Ordering::Relaxed));
            if used {
                self.hand += 1;
            } else {
                self.remove(self.hand);
                // The newest slot has moved under the hand: it must get its round like any other before it can go.
                self.hand += 1;
            }
        }
    }

    /// Takes a slot out; the last one moves into its place.
    fn remove(&mut self, at: usize) {
        let Some(hash) = self.slots.get(at).map(|slot| slot.hash) else {
            return;
        };
        if let Ok(found) = self.table.find_entry(hash, |&slot| slot == at) {
            found.remove();
        }
        let last = self.slots.len() - 1;
        if at != last
            && let Some(moved) = self.slots.get(last).map(|slot| slot.hash)
            && let Some(entry) = self.table.find_mut(moved, |&slot| slot == last)
        {
            *entry = at;
        }
        let gone = self.slots.swap_remove(at);
        gone.held.set_cached(false);
        self.weight -= gone.weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(text: &str) -> Held {
        Held::Other(Arc::new(text.to_owned()))
    }

    fn text(held: Option<Held>) -> Option<String> {
        match held {
            Some(Held::Other(value)) => value.downcast_ref::<String>().cloned(),
            _ => None,
        }
    }

    #[test]
    fn a_value_overtaken_by_a_change_is_not_kept() {
        let cache = Cache::new(1 << 20);
        let name = Name::entry(7, "by_name", b"alice");
        let ticket = cache.ticket(name);
        cache.forget(name, 9);
        cache.fill(ticket, name, other("stale"), 10);
        assert_eq!(text(cache.get(name)), None);
        let ticket = cache.ticket(name);
        cache.fill(ticket, name, other("true"), 10);
        assert_eq!(text(cache.get(name)).as_deref(), Some("true"));
    }

    #[test]
    fn the_cache_stays_within_its_bound_and_keeps_what_is_used() {
        let cache = Cache::new(SHARDS * 20 * (OVERHEAD + 100));
        let hot: Vec<String> = (0..32).map(|n| format!("hot{n}")).collect();
        for id in &hot {
            let name = Name::record(1, "user", id);
            cache.fill(cache.ticket(name), name, other(id), 100);
        }
        for n in 0..20_000 {
            if n % 50 == 0 {
                for id in &hot {
                    cache.get(Name::record(1, "user", id));
                }
            }
            let id = format!("cold{n}");
            let name = Name::record(1, "user", &id);
            cache.fill(cache.ticket(name), name, other("x"), 100);
            assert!(cache.bytes() <= SHARDS * 20 * (OVERHEAD + 100));
        }
        let kept = hot
            .iter()
            .filter(|id| cache.get(Name::record(1, "user", id)).is_some())
            .count();
        assert!(kept >= 30, "{kept} of 32 hot values kept");
    }

    #[test]
    fn what_is_used_comes_in_though_the_cache_is_full_of_what_is_not() {
        let cache = Cache::new(SHARDS * 20 * (OVERHEAD + 100));
        let touch = |id: &str| {
            let name = Name::record(1, "user", id);
            let hit = cache.get(name).is_some();
            if !hit {
                cache.fill(cache.ticket(name), name, other("x"), 100);
            }
            hit
        };
        for n in 0..5_000 {
            touch(&format!("cold{n}"));
        }
        let mut hits = 0;
        for _ in 0..20 {
            hits = (0..32).filter(|n| touch(&format!("hot{n}"))).count();
        }
        assert!(hits >= 30, "{hits} of 32 hot values found");
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        let cache = Cache::new(1 << 20);
        let names = [
            Name::record(1, "user", "name/x"),
            Name::record(1, "username", "/x"),
            Name::entry(1, "user", b"name/x"),
            Name::key(1, "user", "name/x"),
            Name::record(2, "user", "name/x"),
            Name::entry(1, "user", b"\xffname/x"),
            Name::entry(1, "user", &[b'n'; 100]),
        ];
        for (number, name) in names.iter().enumerate() {
            cache.fill(cache.ticket(*name), *name, other(&number.to_string()), 10);
        }
        for (number, name) in names.iter().enumerate() {
            assert_eq!(text(cache.get(*name)), Some(number.to_string()));
        }
    }

    #[test]
    fn an_account_is_forgotten_whole_and_alone() {
        let cache = Cache::new(1 << 20);
        for account in [1, 2] {
            for n in 0..500 {
                let id = n.to_string();
                let name = Name::record(account, "user", &id);
                cache.fill(cache.ticket(name), name, other(&id), 10);
            }
        }
        cache.forget_account(1);
        for n in 0..500 {
            let id = n.to_string();
            assert!(cache.get(Name::record(1, "user", &id)).is_none());
            assert_eq!(text(cache.get(Name::record(2, "user", &id))), Some(id));
        }
    }

    #[test]
    fn a_value_heavier_than_a_shard_is_not_kept_and_harms_nothing() {
        let cache = Cache::new(SHARDS * 1000);
        let name = Name::record(1, "user", "a");
        cache.fill(cache.ticket(name), name, other("big"), 5000);
        assert!(cache.get(name).is_none());
        assert_eq!(cache.bytes(), 0);
    }
}
