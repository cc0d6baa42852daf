//! A commit as data: what it takes for granted, what it writes. Both engines carry it out in the same order: lock the
//! heads, ask the checks, judge the answers, write.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::{Row, Statement, statement};
use crate::error::{CommitError, StoreError};
use crate::mark::MarkKey;
use crate::outbox::Message;
use crate::record::Kept;
use crate::sql;
use crate::unit::Span;

/// A record and the revision it must have; `None` where it must be absent.
pub(crate) struct RecordCheck {
    pub(crate) account: i64,
    pub(crate) kind: &'static str,
    pub(crate) id: Box<str>,
    pub(crate) revision: Option<i64>,
}

/// What an entry leads to, in the tables' words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Owner {
    pub(crate) account: i64,
    pub(crate) kind: String,
    pub(crate) id: String,
}

impl Owner {
    pub(crate) fn from_row(row: &Row, first: usize) -> Result<Self, StoreError> {
        Ok(Self {
            account: row.int(first)?,
            kind: row.text(first + 1)?.to_owned(),
            id: row.string(first + 2)?.to_owned(),
        })
    }
}

/// Where an entry stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) account: i64,
    pub(crate) index: &'static str,
    pub(crate) group: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Place {
    pub(crate) fn lookup(&self) -> Statement<'_> {
        statement!(
            sql::ENTRY,
            self.account,
            self.index,
            self.group.as_slice(),
            self.key.as_slice()
        )
    }
}

/// What must be so of an entry.
pub(crate) enum EntryCheck {
    /// It is as it was read.
    Unchanged(Place, Option<Owner>),
    /// A unique key is free, or held by a record that gives it up in this commit.
    Free(Place, Vec<Owner>),
    /// It belongs to the record that gives it up.
    Held(Place, Owner),
}

impl EntryCheck {
    fn place(&self) -> &Place {
        match self {
            Self::Unchanged(place, _) | Self::Free(place, _) | Self::Held(place, _) => place,
        }
    }
}

/// What happens to a group of entries, and what must be so of it.
#[derive(Default)]
pub(crate) struct SpanWork {
    /// What it must be, where the unit has read it.
    pub(crate) expected: Option<Span>,
    /// What it must not grow beyond.
    pub(crate) max: Option<u64>,
    /// How many entries come, less how many go.
    pub(crate) delta: i64,
    /// Whether any entry comes or goes.
    pub(crate) touched: bool,
}

/// A record to write; without a body, to delete.
pub(crate) struct RecordWrite {
    pub(crate) account: i64,
    pub(crate) kind: &'static str,
    pub(crate) id: Box<str>,
    pub(crate) format: i64,
    pub(crate) body: Option<String>,
    /// What the cache gets once this is committed.
    pub(crate) kept: Option<Arc<dyn Kept>>,
}

/// A data key to keep.
pub(crate) struct KeyWrite {
    pub(crate) account: i64,
    pub(crate) kind: &'static str,
    pub(crate) id: Box<str>,
    pub(crate) version: i64,
    pub(crate) master: Vec<u8>,
    pub(crate) wrapped: Vec<u8>,
    /// Whether an older one goes in the same commit, so that one may be there.
    pub(crate) replaces: bool,
}

/// A message for the outbox, sealed.
pub(crate) struct MessageWrite {
    pub(crate) id: String,
    pub(crate) account: i64,
    pub(crate) channel: String,
    pub(crate) body: Vec<u8>,
}

/// Everything that one commit does.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) time: i64,
    pub(crate) operation: String,
    /// The heads to lock, in order, and whether each moves.
    pub(crate) heads: BTreeMap<i64, bool>,
    pub(crate) records: Vec<RecordCheck>,
    pub(crate) entries: Vec<EntryCheck>,
    pub(crate) spans: BTreeMap<(i64, &'static str, Vec<u8>), SpanWork>,
    pub(crate) writes: Vec<RecordWrite>,
    /// Entries to add, in order: two commits that insert the same global keys must not wait for each other in a ring.
    pub(crate) additions: BTreeMap<Place, Owner>,
    pub(crate) removals: Vec<Place>,
    pub(crate) marks: Vec<(MarkKey, i64)>,
    pub(crate) dropped_keys: Vec<(i64, &'static str, Box<str>)>,
    pub(crate) keys: Vec<KeyWrite>,
    pub(crate) events: Vec<Statement<'static>>,
    /// Messages as they were given, until they are sealed.
    pub(crate) unsealed: Vec<Message>,
    pub(crate) messages: Vec<MessageWrite>,
}

/// The heads that a commit has moved, each with its new sequence.
pub(crate) type Moved = Vec<(i64, i64)>;

impl Plan {
    /// The head must be locked; `moves` when a record of the scope is written.
    pub(crate) fn lock(&mut self, account: i64, moves: bool) {
        let head = self.heads.entry(account).or_default();
        *head |= moves;
    }

    /// The questions whose answers [`Plan::judge`] wants, in its order.
    pub(crate) fn checks(&self) -> Vec<Statement<'_>> {
        let mut checks = Vec::with_capacity(
            self.records.len() + self.entries.len() + self.spans.len() + self.marks.len(),
        );
        checks.extend(self.records.iter().map(|check| {
            statement!(
                sql::REVISION,
                check.account,
                check.kind,
                check.id.as_bytes()
            )
        }));
        checks.extend(self.entries.iter().map(|check| check.place().lookup()));
        checks.extend(self.checked_spans().map(|((account, index, group), _)| {
            statement!(sql::SPAN, *account, *index, group.as_slice())
        }));
        checks.extend(self.marks.iter().map(|(mark, _)| {
            statement!(
                sql::MARK,
                mark.scope.number(),
                mark.kind,
                mark.id.as_bytes()
            )
        }));
        checks.extend(
            self.keys
                .iter()
                .filter(|key| !key.replaces)
                .map(|key| statement!(sql::KEYS, key.account, key.kind, key.id.as_bytes())),
        );
        checks
    }

    fn checked_spans(&self) -> impl Iterator<Item = (&(i64, &'static str, Vec<u8>), &SpanWork)> {
        self.spans
            .iter()
            .filter(|(_, work)| work.expected.is_some() || work.max.is_some())
    }

    /// Whether the commit may go on. A conflict outweighs every other refusal: what was refused was asked of a state
    /// that is no more.
    pub(crate) fn judge(&self, answers: &[Vec<Row>]) -> Result<(), CommitError> {
        let mut answers = answers.iter();
        let mut next = || {
            answers
                .next()
                .ok_or_else(|| StoreError::Corrupt("a check has no answer".to_owned()))
        };
        let mut refusal = None;
        for check in &self.records {
            let found = next()?.first().map(|row| row.int(0)).transpose()?;
            if found != check.revision {
                return Err(CommitError::Conflict);
            }
        }
        for check in &self.entries {
            let found = next()?
                .first()
                .map(|row| Owner::from_row(row, 0))
                .transpose()?;
            match check {
                EntryCheck::Unchanged(_, expected) if *expected != found => {
                    return Err(CommitError::Conflict);
                }
                EntryCheck::Free(place, leaving)
                    if found.as_ref().is_some_and(|owner| !leaving.contains(owner)) =>
                {
                    refusal.get_or_insert(CommitError::Taken(place.index));
                }
                EntryCheck::Held(place, owner) if found.as_ref() != Some(owner) => {
                    refusal.get_or_insert(CommitError::Failed(StoreError::Corrupt(format!(
                        "an entry of index `{}` is not the record's own",
                        place.index
                    ))));
                }
                _ => {}
            }
        }
        for ((_, index, _), work) in self.checked_spans() {
            let found = next()?
                .first()
                .map(Span::from_row)
                .transpose()?
                .unwrap_or_default();
            if work.expected.is_some_and(|expected| expected != found) {
                return Err(CommitError::Conflict);
            }
            if let Some(max) = work.max
                && work.delta > 0
                && found.count.saturating_add_signed(work.delta) > max
            {
                refusal.get_or_insert(CommitError::Limit { index, max });
            }
        }
        for (mark, to) in &self.marks {
            let found = next()?.first().map(|row| row.int(0)).transpose()?;
            if found.is_some_and(|value| value >= *to) {
                refusal.get_or_insert(CommitError::Replayed(mark.clone()));
            }
        }
        for _ in self.keys.iter().filter(|key| !key.replaces) {
            if !next()?.is_empty() {
                return Err(CommitError::Conflict);
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// What to write, once the heads in `moved` have moved.
    pub(crate) fn statements(&self, moved: &Moved) -> Result<Vec<Statement<'_>>, StoreError> {
        let sequence = |account: i64| {
            moved
                .iter()
                .find(|(of, _)| *of == account)
                .map(|(_, sequence)| *sequence)
                // INVARIANT: the unit locks and moves the head of each scope that it writes records or spans of.
                .ok_or_else(|| StoreError::Corrupt(format!("the head of {account} was not moved")))
        };
        let mut out = Vec::new();
        for write in &self.writes {
            let sequence = sequence(write.account)?;
            let id = write.id.as_bytes();
            let body = write
                .body
                .as_deref()
                .map_or(crate::db::Value::NoText, Into::into);
            out.push(match &write.body {
                Some(body) => statement!(
                    sql::PUT_RECORD,
                    write.account,
                    write.kind,
                    id,
                    sequence,
                    write.format,
                    body.as_str()
                ),
                None => statement!(sql::DELETE_RECORD, write.account, write.kind, id),
            });
            let mut history = statement!(
                sql::PUT_HISTORY,
                write.account,
                sequence,
                write.kind,
                id,
                self.time,
                self.operation.as_str(),
                write.format
            );
            history.values.push(body);
            out.push(history);
        }
        for place in &self.removals {
            out.push(statement!(
                sql::DELETE_ENTRY,
                place.account,
                place.index,
                place.group.as_slice(),
                place.key.as_slice()
            ));
        }
        for (place, owner) in &self.additions {
            out.push(statement!(
                sql::PUT_ENTRY,
                place.account,
                place.index,
                place.group.as_slice(),
                place.key.as_slice(),
                owner.account,
                owner.kind.as_str(),
                owner.id.as_bytes()
            ));
        }
        for ((account, index, group), work) in self.spans.iter().filter(|(_, work)| work.touched) {
            let sequence = sequence(*account)?;
            out.push(statement!(
                sql::MOVE_SPAN,
                *account,
                *index,
                group.as_slice(),
                work.delta,
                sequence
            ));
            if work.delta < 0 {
                out.push(statement!(
                    sql::DROP_EMPTY_SPAN,
                    *account,
                    *index,
                    group.as_slice()
                ));
            }
        }
        for (mark, to) in &self.marks {
            out.push(statement!(
                sql::RAISE_MARK,
                mark.scope.number(),
                mark.kind,
                mark.id.as_bytes(),
                *to,
                b"".as_slice()
            ));
        }
        for (account, kind, id) in &self.dropped_keys {
            out.push(statement!(sql::DROP_KEYS, *account, *kind, id.as_bytes()));
        }
        for key in &self.keys {
            out.push(statement!(
                sql::PUT_KEY,
                key.account,
                key.kind,
                key.id.as_bytes(),
                key.version,
                key.master.as_slice(),
                key.wrapped.as_slice(),
                self.time
            ));
        }
        out.extend(self.events.iter().map(Statement::borrowed));
        for message in &self.messages {
            out.push(statement!(
                sql::PUT_MESSAGE,
                message.id.as_bytes(),
                message.account,
                message.channel.as_str(),
                message.body.as_slice(),
                self.time
            ));
        }
        Ok(out)
    }
}
