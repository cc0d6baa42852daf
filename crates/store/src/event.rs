//! Audit events: what happened, kept for lookup and export.

use std::sync::Arc;

use claviger_model::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use tokio::sync::oneshot;

use crate::db::{Db, Statement, statement};
use crate::error::StoreError;
use crate::scope::Scope;
use crate::sql;
use crate::store::{Inner, Store};

/// One audit event. The fields beside `body` are what events are looked up by; they must hold no secret, and neither may
/// the body.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The event's id, unique for ever: a UUID.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// Whose lookup shows it.
    pub scope: Scope,
    /// The operation: `CreateUser`.
    pub name: String,
    /// The service: `iam.amazonaws.com`.
    pub source: String,
    /// Who did it, as lookup names them; absent for callers who are not known.
    pub username: Option<String>,
    /// The access key that signed the request.
    pub access_key_id: Option<String>,
    /// Whether the operation only reads.
    pub read_only: bool,
    /// What it was done to.
    pub resources: Vec<Resource>,
    /// The whole record as it is shown and exported.
    pub body: serde_json::Value,
}

/// A thing that an event concerns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resource {
    /// The type: `AWS::IAM::User`.
    pub kind: String,
    /// The name, id or ARN.
    pub name: String,
}

/// What an event must be like to be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventFilter {
    /// This id.
    Id(String),
    /// This operation.
    Name(String),
    /// This service.
    Source(String),
    /// Done by this user. Served by an index.
    Username(String),
    /// Signed with this access key.
    AccessKeyId(String),
    /// Only reads, or only writes.
    ReadOnly(bool),
    /// Done to a resource of this type.
    ResourceType(String),
    /// Done to the resource of this name. Served by an index.
    ResourceName(String),
}

/// Which events, newest first.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Not after this instant.
    pub to: Option<Timestamp>,
    /// All of these hold.
    pub filters: Vec<EventFilter>,
    /// Where the last page ended.
    pub after: Option<EventMarker>,
    /// At most so many events.
    pub limit: usize,
}

/// Where a page of events ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventMarker {
    /// The last event's time.
    pub time: Timestamp,
    /// The last event's id.
    pub id: String,
}

/// A page of events, newest first.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// The events. May be fewer than asked for although more follow, when a filter without an index passes many over.
    pub events: Vec<Event>,
    /// Where to go on; absent at the end.
    pub next: Option<EventMarker>,
}

/// The attributes that have an index.
#[derive(Clone, Copy)]
enum Attribute {
    Username = 1,
    ResourceName = 2,
}

/// Beyond so many bytes an indexed value stands as its hash: PostgreSQL keeps no long keys.
const LONGEST: usize = 512;
/// How many events one call reads at a time, and at most, while a filter without an index passes them over.
const CHUNK: usize = 500;
const MOST_READ: usize = 10_000;

fn indexed(value: &str) -> Vec<u8> {
    if value.len() <= LONGEST {
        return value.as_bytes().to_vec();
    }
    let mut hashed = vec![0];
    hashed.extend_from_slice(&Sha256::digest(value.as_bytes()));
    hashed
}

impl Event {
    /// The rows of this event.
    pub(crate) fn statements(&self, out: &mut Vec<Statement<'static>>) -> Result<(), StoreError> {
        let body = serde_json::to_string(self)
            .map_err(|error| StoreError::Unwritable(error.to_string()))?;
        let (account, time) = (self.scope.number(), self.time.micros());
        let id = || self.id.as_bytes().to_vec();
        out.push(statement!(sql::PUT_EVENT, account, time, id(), body));
        let user = self
            .username
            .iter()
            .map(|name| (Attribute::Username, indexed(name)));
        let resources = self
            .resources
            .iter()
            .map(|resource| (Attribute::ResourceName, indexed(&resource.name)));
        for (attribute, value) in user.chain(resources) {
            out.push(statement!(
                sql::PUT_EVENT_KEY,
                account,
                attribute as i64,
                value,
                time,
                id()
            ));
        }
        Ok(())
    }

    fn passes(&self, filter: &EventFilter) -> bool {
        match filter {
            EventFilter::Id(id) => self.id == *id,
            EventFilter::Name(name) => self.name == *name,
            EventFilter::Source(source) => self.source == *source,
            EventFilter::Username(name) => self.username.as_ref() == Some(name),
            EventFilter::AccessKeyId(id) => self.access_key_id.as_ref() == Some(id),
            EventFilter::ReadOnly(read_only) => self.read_only == *read_only,
            EventFilter::ResourceType(kind) => {
                self.resources.iter().any(|resource| resource.kind == *kind)
            }
            EventFilter::ResourceName(name) => {
                self.resources.iter().any(|resource| resource.name == *name)
            }
        }
    }
}

impl EventFilter {
    fn attribute(&self) -> Option<(Attribute, &str)> {
        match self {
            Self::Username(name) => Some((Attribute::Username, name)),
            Self::ResourceName(name) => Some((Attribute::ResourceName, name)),
            _ => None,
        }
    }
}

/// Events that wait to be written together on PostgreSQL: while one write is under way, the next ones gather.
#[derive(Default)]
pub(crate) struct Log {
    waiting: Mutex<Vec<Batch>>,
    turn: tokio::sync::Mutex<()>,
}

struct Batch {
    statements: Vec<Statement<'static>>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// About how many statements share a write.
const TOGETHER: usize = 1_000;

impl Log {
    async fn write(
        inner: &Arc<Inner>,
        statements: Vec<Statement<'static>>,
    ) -> Result<(), StoreError> {
        let (answer, told) = oneshot::channel();
        inner.log.waiting.lock().push(Batch { statements, answer });
        let inner = Arc::clone(inner);
        // Its own task: a caller who goes away must not leave the others without an answer.
        tokio::spawn(async move {
            let _turn = inner.log.turn.lock().await;
            loop {
                let batches = inner.log.next();
                if batches.is_empty() {
                    return;
                }
                let together = batches
                    .iter()
                    .flat_map(|batch| &batch.statements)
                    .map(Statement::to_owned)
                    .collect();
                if inner.db.write(together).await.is_ok() {
                    for batch in batches {
                        drop(batch.answer.send(Ok(())));
                    }
                    continue;
                }
                // One batch's trouble stays its own. What was written after all is not written twice.
                for batch in batches {
                    let result = inner.db.write(batch.statements).await;
                    drop(batch.answer.send(result.map(drop)));
                }
            }
        });
        told.await.unwrap_or(Err(StoreError::Closed))
    }

    fn next(&self) -> Vec<Batch> {
        let mut waiting = self.waiting.lock();
        let mut size = 0;
        let fit = waiting.iter().take_while(|batch| {
            let first = size == 0;
            size += batch.statements.len();
            first || size <= TOGETHER
        });
        let count = fit.count();
        waiting.drain(..count).collect()
    }
}

impl Store {
    /// Records events that no change causes: denials, sign-ins, credentials issued. Durable when it returns; callers of
    /// one moment share one write.
    ///
    /// # Errors
    /// The store is closed or unavailable; treat the events as not kept.
    pub async fn log(&self, events: Vec<Event>) -> Result<(), StoreError> {
        let inner = self.inner()?;
        let mut statements = Vec::new();
        for event in &events {
            event.statements(&mut statements)?;
        }
        if statements.is_empty() {
            return Ok(());
        }
        match &inner.db {
            // The writer thread brings many together by itself.
            Db::Sqlite(db) => db.write(statements).await.map(drop),
            Db::Postgres(_) => Log::write(inner, statements).await,
        }
    }

    /// Looks events up, newest first; events of one instant by their ids, descending.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn events(&self, scope: Scope, query: &EventQuery) -> Result<EventPage, StoreError> {
        let inner = self.inner()?;
        let account = scope.number();
        let from = query.from.map_or(i64::MIN, Timestamp::micros);
        let attribute = query.filters.iter().find_map(EventFilter::attribute);
        // Everything before (time, id): the first page starts after the last instant asked for.
        let mut before = match &query.after {
            Some(marker) => (marker.time.micros(), marker.id.as_bytes().to_vec()),
            None => (
                query
                    .to
                    .map_or(i64::MAX, |to| to.micros().saturating_add(1)),
                Vec::new(),
            ),
        };
        let mut page = EventPage::default();
        let mut read = 0;
        while read < MOST_READ && page.events.len() < query.limit {
            let chunk = if query
                .filters
                .iter()
                .all(|filter| filter.attribute().is_some())
                && query.filters.len() < 2
            {
                (query.limit - page.events.len()).min(CHUNK)
            } else {
                CHUNK
            };
            let count = i64::try_from(chunk).unwrap_or(i64::MAX);
            let question = match attribute {
                Some((attribute, value)) => statement!(
                    sql::EVENTS_BY_KEY,
                    account,
                    attribute as i64,
                    indexed(value),
                    before.0,
                    before.1.clone(),
                    from,
                    count
                ),
                None => statement!(
                    sql::EVENTS,
                    account,
                    before.0,
                    before.1.clone(),
                    from,
                    count
                ),
            };
            let rows = inner.db.rows(question).await?;
            let got = rows.len();
            for (at, row) in rows.iter().enumerate() {
                let event: Event = serde_json::from_str(row.text(0)?)
                    .map_err(|error| StoreError::Corrupt(format!("an event: {error}")))?;
                before = (event.time.micros(), event.id.as_bytes().to_vec());
                let marker = EventMarker {
                    time: event.time,
                    id: event.id.clone(),
                };
                if query.filters.iter().all(|filter| event.passes(filter)) {
                    page.events.push(event);
                }
                page.next = Some(marker);
                if page.events.len() == query.limit {
                    // The last of the last chunk may have been the last of all.
                    if at + 1 == got && got < chunk {
                        page.next = None;
                    }
                    return Ok(page);
                }
            }
            read += got;
            if got < chunk {
                page.next = None;
                return Ok(page);
            }
        }
        Ok(page)
    }
}
