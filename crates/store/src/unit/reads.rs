//! What a unit has read.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::record::Kept;

/// A record as it was read, or that it was absent.
pub(super) enum Read {
    Found(Arc<dyn Kept>),
    Absent {
        account: i64,
        kind: &'static str,
        id: Box<str>,
    },
}

impl Read {
    fn name(&self) -> (i64, &str, &str) {
        match self {
            Self::Found(kept) => (kept.scope().number(), kept.kind(), kept.id()),
            Self::Absent { account, kind, id } => (*account, kind, id),
        }
    }
}

/// Up to so many reads are looked through one by one.
const FEW: usize = 16;

/// The reads of a unit, each record once. A handful is the rule; a long page gets a table.
#[derive(Default)]
pub(super) struct Reads {
    list: Vec<Read>,
    table: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl Reads {
    pub(super) fn find(&self, account: i64, kind: &str, id: &str) -> Option<&Read> {
        let name = (account, kind, id);
        if self.list.len() <= FEW {
            return self.list.iter().find(|read| read.name() == name);
        }
        let at = self.table.find(self.hasher.hash_one(name), |&at| {
            self.list.get(at).is_some_and(|read| read.name() == name)
        });
        at.and_then(|&at| self.list.get(at))
    }

    /// Notes a read, unless the record has been read before.
    pub(super) fn note(&mut self, read: Read) {
        let (account, kind, id) = read.name();
        if self.find(account, kind, id).is_some() {
            return;
        }
        if self.list.is_empty() {
            self.list.reserve(4);
        }
        self.list.push(read);
        if self.list.len() > FEW {
            for at in self.table.len()..self.list.len() {
                self.enter(at);
            }
        }
    }

    fn enter(&mut self, at: usize) {
        let hash = |at: usize| {
            self.list
                .get(at)
                .map_or(0, |read| self.hasher.hash_one(read.name()))
        };
        self.table.insert_unique(hash(at), at, |&at| hash(at));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Read> {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_found_again_however_many_there_are() {
        let mut reads = Reads::default();
        for n in 0..100 {
            for _ in 0..2 {
                reads.note(Read::Absent {
                    account: 1,
                    kind: "user",
                    id: n.to_string().into(),
                });
            }
            assert_eq!(reads.iter().count(), n + 1);
            for earlier in 0..=n {
                assert!(reads.find(1, "user", &earlier.to_string()).is_some());
            }
            assert!(reads.find(2, "user", "0").is_none());
            assert!(reads.find(1, "group", "0").is_none());
            assert!(reads.find(1, "user", "100").is_none());
        }
    }
}
