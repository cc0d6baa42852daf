//! The one writer of SQLite: a thread that commits whatever has queued up with one sync (group commit).
//!
//! A batch is one transaction. Each commit in it validates before it writes, so one that is refused has left nothing
//! behind and needs no savepoint. If anything unexpected fails, the transaction is rolled back and the batch is run
//! again one by one, so that one commit's trouble stays its own. Nobody is told of success before the sync.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::cache::{Cache, Held, Name};
use crate::db::sqlite::{execute, query, unavailable};
use crate::db::{Statement, statement};
use crate::error::{CommitError, StoreError};
use crate::plan::{Moved, Plan};
use crate::sql;

/// How many jobs may wait.
const QUEUE: usize = 8_192;
/// How many jobs share a transaction at most.
const BATCH: usize = 256;

enum Job {
    Commit(Box<Plan>, oneshot::Sender<Result<Moved, CommitError>>),
    Write(
        Vec<Statement<'static>>,
        oneshot::Sender<Result<Vec<u64>, StoreError>>,
    ),
    Stop,
}

/// How a job ended, if its batch reaches the disk.
enum Outcome {
    Commit(Result<Moved, CommitError>),
    Write(Vec<u64>),
}

/// The way to the writer thread.
pub(super) struct Writer {
    queue: mpsc::SyncSender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        connection: Connection,
        cache: Arc<Cache>,
        lock: File,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                Desk {
                    connection,
                    cache,
                    heads: HashMap::new(),
                    _lock: lock,
                }
                .serve(&jobs);
            })?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) async fn commit(&self, plan: Plan) -> Result<Moved, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Job::Commit(Box::new(plan), reply))
            .map_err(|error| match error {
                mpsc::TrySendError::Full(_) => CommitError::Busy,
                mpsc::TrySendError::Disconnected(_) => CommitError::Failed(StoreError::Closed),
            })?;
        answer
            .await
            .unwrap_or(Err(CommitError::Failed(StoreError::Closed)))
    }

    pub(super) async fn write(
        &self,
        statements: Vec<Statement<'static>>,
    ) -> Result<Vec<u64>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Job::Write(statements, reply))
            .map_err(|error| match error {
                mpsc::TrySendError::Full(_) => {
                    StoreError::Unavailable("too many writes wait".into())
                }
                mpsc::TrySendError::Disconnected(_) => StoreError::Closed,
            })?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Lets the thread finish what is queued and waits until the database is closed.
    pub(super) async fn close(&self) {
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let queue = self.queue.clone();
            let ended = tokio::task::spawn_blocking(move || {
                // A full queue is waited for; a thread that is gone needs no telling.
                let _ = queue.send(Job::Stop);
                thread.join()
            });
            if !matches!(ended.await, Ok(Ok(()))) {
                tracing::error!("the store's writer ended badly");
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Head {
    sequence: i64,
    /// How far it has moved in this transaction.
    moved: i64,
}

/// The writer thread's own.
struct Desk {
    connection: Connection,
    cache: Arc<Cache>,
    /// The heads as this thread, their only writer, has left them.
    heads: HashMap<i64, Head>,
    /// Held as long as anything can be written, also when the store is dropped without having been closed.
    _lock: File,
}

impl Desk {
    fn serve(mut self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut stop = false;
            let mut batch = Vec::new();
            for job in std::iter::once(first).chain(jobs.try_iter().take(BATCH - 1)) {
                if matches!(job, Job::Stop) {
                    stop = true;
                    break;
                }
                batch.push(job);
            }
            self.run(batch);
            if stop {
                break;
            }
        }
        // Leaves the log empty for whoever opens or copies the file next; a failure costs nothing but time then.
        if let Err(error) = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        {
            tracing::warn!(%error, "the last checkpoint failed");
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database did not close");
        }
    }

    fn run(&mut self, batch: Vec<Job>) {
        let mut result = self.transaction(&batch);
        if result.as_ref().is_err_and(is_full) && self.make_room() {
            result = self.transaction(&batch);
        }
        match result {
            Ok(outcomes) => self.settle(batch, outcomes),
            Err(error) => {
                let mut batch = batch;
                if batch.len() == 1 {
                    if let Some(job) = batch.pop() {
                        refuse(job, unavailable(error));
                    }
                    return;
                }
                tracing::warn!(%error, jobs = batch.len(), "a batch failed and is run again one by one");
                for job in batch {
                    self.run(vec![job]);
                }
            }
        }
    }

    /// Moves the log into the database file, where it takes less room: a full disk may so have some left.
    fn make_room(&self) -> bool {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self
            .connection
            .query_row(checkpoint, [], |row| row.get::<_, i64>(0));
        busy.is_ok_and(|busy| busy == 0)
    }

    /// Runs the jobs in one transaction, synced to disk when this returns well. On error nothing has been written.
    fn transaction(&mut self, batch: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
        let result = self.attempt(batch);
        if result.is_err() {
            // What the heads were moved by is undone with the rest.
            self.heads.clear();
            if !self.connection.is_autocommit()
                && let Err(error) = self.connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "a failed transaction could not be rolled back");
            }
        }
        result
    }

    fn attempt(&mut self, batch: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch {
            outcomes.push(match job {
                Job::Commit(plan, _) => Outcome::Commit(self.commit(plan)?),
                Job::Write(statements, _) => Outcome::Write(
                    statements
                        .iter()
                        .map(|statement| execute(&self.connection, statement))
                        .collect::<rusqlite::Result<_>>()?,
                ),
                Job::Stop => Outcome::Write(Vec::new()),
            });
        }
        for (account, head) in self.heads.iter_mut().filter(|(_, head)| head.moved > 0) {
            let rows = query(
                &self.connection,
                &statement!(sql::MOVE_HEAD, *account, head.moved),
            )?;
            // The table and this thread must agree, else sequences would be given out twice.
            if rows.first().and_then(|row| row.int(0).ok()) != Some(head.sequence) {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
                    Some(format!(
                        "the head of account {account} was moved by somebody else"
                    )),
                ));
            }
            head.moved = 0;
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(outcomes)
    }

    /// Validates and writes one commit within the transaction. A refusal has written nothing.
    fn commit(&mut self, plan: &Plan) -> rusqlite::Result<Result<Moved, CommitError>> {
        let answers = plan
            .checks()
            .iter()
            .map(|check| query(&self.connection, check))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if let Err(refusal) = plan.judge(&answers) {
            return Ok(Err(refusal));
        }
        let mut moved = Moved::new();
        for (&account, _) in plan.heads.iter().filter(|(_, moves)| **moves) {
            moved.push((account, self.head(account)?.sequence + 1));
        }
        let statements = match plan.statements(&moved) {
            Ok(statements) => statements,
            Err(error) => return Ok(Err(CommitError::Failed(error))),
        };
        for (account, sequence) in &moved {
            if let Some(head) = self.heads.get_mut(account) {
                head.sequence = *sequence;
                head.moved += 1;
            }
        }
        for statement in &statements {
            execute(&self.connection, statement)?;
        }
        Ok(Ok(moved))
    }

    fn head(&mut self, account: i64) -> rusqlite::Result<Head> {
        if let Some(head) = self.heads.get(&account) {
            return Ok(*head);
        }
        let rows = query(&self.connection, &statement!(sql::HEAD, account))?;
        let sequence = rows.first().and_then(|row| row.int(0).ok()).unwrap_or(0);
        let head = Head { sequence, moved: 0 };
        self.heads.insert(account, head);
        Ok(head)
    }

    /// Brings the committed batch into the cache, then tells everybody.
    fn settle(&self, batch: Vec<Job>, outcomes: Vec<Outcome>) {
        for (job, outcome) in batch.iter().zip(&outcomes) {
            if let (Job::Commit(plan, _), Outcome::Commit(Ok(moved))) = (job, outcome) {
                apply(&self.cache, plan, moved);
            }
        }
        for (job, outcome) in batch.into_iter().zip(outcomes) {
            // Whoever has stopped waiting need not be told.
            match (job, outcome) {
                (Job::Commit(_, reply), Outcome::Commit(result)) => drop(reply.send(result)),
                (Job::Write(_, reply), Outcome::Write(touched)) => drop(reply.send(Ok(touched))),
                _ => {}
            }
        }
    }
}

/// Brings a committed plan into the cache.
pub(crate) fn apply(cache: &Cache, plan: &Plan, moved: &Moved) {
    for write in &plan.writes {
        let Some((_, sequence)) = moved.iter().find(|(account, _)| *account == write.account)
        else {
            continue;
        };
        let name = Name::record(write.account, write.kind, &write.id);
        match (&write.kept, &write.body) {
            (Some(kept), Some(body)) => {
                kept.settle(*sequence);
                cache.replace(name, Held::Record(Arc::clone(kept)), body.len() * 2);
            }
            _ => cache.forget(name, *sequence),
        }
    }
    for (account, kind, id) in &plan.dropped_keys {
        cache.forget(Name::key(*account, kind, id), i64::MAX);
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

fn refuse(job: Job, error: StoreError) {
    match job {
        Job::Commit(_, reply) => drop(reply.send(Err(CommitError::Failed(error)))),
        Job::Write(_, reply) => drop(reply.send(Err(error))),
        Job::Stop => {}
    }
}
