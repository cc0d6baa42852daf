//! The bare driver: one thread, one transaction for all that waits, the same rows in the same tables, and nothing else: no
//! checks, no cache, no encoding.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, anyhow};
use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::sync::oneshot;

/// How many commits share a transaction at most, as in the store.
const BATCH: usize = 256;

/// The tables that a commit adds rows to, and in which column the number of the user is found.
const TABLES: [(&str, &str); 5] = [
    ("record", "id"),
    ("history", "id"),
    ("entry", "id"),
    ("event", "id"),
    ("event_key", "id"),
];

/// The rows of each commit, by table.
pub(crate) struct Commits {
    account: i64,
    inserts: Vec<String>,
    /// By commit: the table's place and the row.
    rows: Vec<Vec<(usize, Vec<Value>)>>,
}

impl Commits {
    /// How many rows a commit adds or changes, its span's and its head's among them.
    pub(crate) fn rows_each(&self) -> usize {
        self.rows.first().map_or(0, Vec::len) + 2
    }

    /// How many bytes of text and keys those rows hold.
    pub(crate) fn bytes_each(&self) -> usize {
        let values = self
            .rows
            .first()
            .into_iter()
            .flatten()
            .flat_map(|(_, row)| row);
        values
            .map(|value| match value {
                Value::Text(text) => text.len(),
                Value::Blob(bytes) => bytes.len(),
                _ => 8,
            })
            .sum()
    }
}

/// Reads what `count` commits have left in a store's file.
pub(crate) fn rows(file: &Path, count: usize) -> Result<Commits> {
    let connection = Connection::open(file)?;
    let mut rows: Vec<Vec<(usize, Vec<Value>)>> = vec![Vec::new(); count];
    let mut inserts = Vec::new();
    for (place, (table, column)) in TABLES.into_iter().enumerate() {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = statement.column_count();
        let id_at = statement.column_index(column)?;
        inserts.push(format!(
            "INSERT INTO {table} VALUES ({})",
            vec!["?"; columns].join(", ")
        ));
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let row = (0..columns)
                .map(|at| row.get::<_, Value>(at))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let of = row
                .get(id_at)
                .and_then(number)
                .and_then(|number| rows.get_mut(number));
            of.context("a row of no commit")?.push((place, row));
        }
    }
    let account = connection.query_row("SELECT max(account) FROM head", [], |row| row.get(0))?;
    Ok(Commits {
        account,
        inserts,
        rows,
    })
}

/// The number that an id ends with.
fn number(id: &Value) -> Option<usize> {
    let bytes: &[u8] = match id {
        Value::Blob(bytes) => bytes,
        Value::Text(text) => text.as_bytes(),
        _ => return None,
    };
    let digits = bytes.get(bytes.len().checked_sub(12)?..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

type Job = (usize, oneshot::Sender<()>);

/// The thread and the way to it.
pub(crate) struct Bare {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Bare {
    /// Makes a database with the tables and indexes of another.
    pub(crate) fn open(folder: &Path, like: &Path, commits: Arc<Commits>) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let schema: Vec<String> = Connection::open(like)?
            .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let connection = Connection::open(folder.join("bare.db"))?;
        let _: String =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", 8_000)?;
        connection.pragma_update(None, "cache_size", -8_000)?;
        for statement in schema {
            connection.execute_batch(&statement)?;
        }
        connection.execute("INSERT INTO head VALUES (?, 0, 0)", [commits.account])?;
        connection.execute(
            "INSERT INTO span VALUES (?, 'user_by_name', x'', 0, 0)",
            [commits.account],
        )?;
        let (queue, jobs) = mpsc::channel();
        let thread = std::thread::spawn(move || write(&connection, &jobs, &commits));
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    pub(crate) fn close(mut self) -> Result<()> {
        drop(self.queue.take());
        let thread = self.thread.take().context("the writer runs")?;
        thread.join().map_err(|_| anyhow!("the writer panicked"))?
    }
}

fn write(connection: &Connection, jobs: &mpsc::Receiver<Job>, commits: &Commits) -> Result<()> {
    while let Ok(first) = jobs.recv() {
        let batch: Vec<Job> = std::iter::once(first)
            .chain(jobs.try_iter().take(BATCH - 1))
            .collect();
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (number, _) in &batch {
            for (table, row) in commits.rows.get(*number).context("rows of the commit")? {
                let insert = commits.inserts.get(*table).context("a table")?;
                connection
                    .prepare_cached(insert)?
                    .execute(rusqlite::params_from_iter(row))?;
            }
            connection
                .prepare_cached("UPDATE span SET entries = entries + 1, changed = changed + 1 WHERE account = ?")?
                .execute([commits.account])?;
        }
        connection
            .prepare_cached("UPDATE head SET sequence = sequence + ? WHERE account = ?")?
            .execute([i64::try_from(batch.len())?, commits.account])?;
        connection.execute_batch("COMMIT")?;
        for (_, reply) in batch {
            // Whoever asked may have gone.
            let _ = reply.send(());
        }
    }
    Ok(())
}

impl crate::Commits for Bare {
    async fn commit(&self, number: usize) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .as_ref()
            .context("the writer runs")?
            .send((number, reply))?;
        Ok(answer.await?)
    }
}
