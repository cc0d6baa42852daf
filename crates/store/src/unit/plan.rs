//! The plan of a unit's commit: what its reads expect, what its writes do to records, entries and counts.

use std::collections::btree_map;
use std::sync::Arc;

use crate::error::{CommitError, StoreError};
use crate::keys::KeyOwner;
use crate::plan::{EntryCheck, KeyWrite, Owner, Place, Plan, RecordCheck, RecordWrite};
use crate::record::{Entry, Index};
use crate::scope::Scope;
use crate::seal::DataKey;
use crate::unit::write::{OwnedKey, Wants};
use crate::unit::{Read, Unit};

/// The longest key with its group, in bytes: PostgreSQL keeps no longer ones in an index, and both engines shall refuse
/// the same.
const LONGEST_KEY: usize = 2_048;

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
    pub(super) fn plan(&self, wants: Wants) -> Result<Plan, CommitError> {
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
                let length = place.group.len() + place.key.len();
                if delta > 0 && length > LONGEST_KEY {
                    let why = format!("a key of index `{}` has {length} bytes", place.index);
                    return Err(StoreError::Unwritable(why).into());
                }
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
