//! SQLite: one writer thread, a few readers used where they are needed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};

use crate::cache::Cache;
use crate::db::writer::Writer;
use crate::db::{Cell, Row, Statement, Value};
use crate::error::{CommitError, OpenError, StoreError};
use crate::plan::{Moved, Plan};
use crate::sql;

/// The file that holds the records, in the data directory.
const FILE: &str = "claviger.db";
/// The file that a process locks while it has the data directory open.
const LOCK: &str = "lock";
/// Pages of write-ahead log between checkpoints.
const CHECKPOINT_PAGES: u32 = 8_000;

/// The engine.
pub(crate) struct Sqlite {
    path: PathBuf,
    readers: RwLock<Vec<Mutex<Connection>>>,
    turn: AtomicUsize,
    writer: Writer,
}

fn failed(what: &str) -> impl FnOnce(std::io::Error) -> OpenError {
    move |cause| OpenError::Unavailable {
        what: what.to_owned(),
        cause: Box::new(cause),
    }
}

impl Sqlite {
    /// Opens or makes the store in this directory.
    pub(crate) fn open(
        directory: &Path,
        readers: usize,
        cache: Arc<Cache>,
        now: i64,
    ) -> Result<Self, OpenError> {
        make_directory(directory).map_err(failed("making the data directory"))?;
        let lock = private_file(&directory.join(LOCK)).map_err(failed("opening the lock file"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(OpenError::InUse(directory.display().to_string()));
            }
            Err(std::fs::TryLockError::Error(cause)) => {
                return Err(failed("locking the data directory")(cause));
            }
        }
        let path = directory.join(FILE);
        // Made before SQLite sees it, so that it and the files beside it are readable by their owner alone.
        drop(private_file(&path).map_err(failed("opening the database file"))?);
        let mut connection = connect(&path).map_err(unopened)?;
        prepare_writer(&connection).map_err(unopened)?;
        migrate(&mut connection, now)?;
        // SQLite syncs its files; that they are there at all is for the directories to remember.
        sync_directory(directory).map_err(failed("syncing the data directory"))?;
        let readers = (0..readers.max(1))
            .map(|_| reader(&path).map(Mutex::new))
            .collect::<rusqlite::Result<_>>()
            .map_err(unopened)?;
        let writer =
            Writer::start(connection, cache, lock).map_err(failed("starting the writer"))?;
        Ok(Self {
            path,
            readers: RwLock::new(readers),
            turn: AtomicUsize::new(0),
            writer,
        })
    }

    /// Reads what is committed.
    pub(crate) fn rows(&self, statement: &Statement<'_>) -> Result<Vec<Row>, StoreError> {
        let readers = self.readers.read();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = readers.len();
        let free = (0..count)
            .filter_map(|step| readers.get(first.wrapping_add(step) % count))
            .find_map(Mutex::try_lock)
            .or_else(|| readers.get(first % count.max(1)).map(Mutex::lock));
        let Some(connection) = free else {
            return Err(StoreError::Closed);
        };
        query(&connection, statement).map_err(unavailable)
    }

    /// The file, while the store is open.
    pub(super) fn path(&self) -> Result<PathBuf, StoreError> {
        if self.readers.read().is_empty() {
            return Err(StoreError::Closed);
        }
        Ok(self.path.clone())
    }

    pub(crate) async fn write(
        &self,
        statements: Vec<Statement<'static>>,
    ) -> Result<Vec<u64>, StoreError> {
        self.writer.write(statements).await
    }

    pub(crate) async fn commit(&self, plan: Plan) -> Result<Moved, CommitError> {
        self.writer.commit(plan).await
    }

    pub(crate) async fn close(&self) {
        self.readers.write().clear();
        self.writer.close().await;
    }
}

/// Whether there is a store in this directory.
pub(crate) fn is_in(directory: &Path) -> bool {
    directory.join(FILE).is_file()
}

fn make_directory(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()?;
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", false)?;
    // Plans do not depend on the values bound: otherwise a statement with a bound LIMIT is planned anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let reader = connect(path)?;
    reader.pragma_update(None, "query_only", true)?;
    Ok(reader)
}

/// A connection of its own in a transaction that sees what is committed now.
pub(super) fn view(path: &Path) -> rusqlite::Result<Connection> {
    let connection = reader(path)?;
    connection.execute_batch("BEGIN DEFERRED")?;
    // The transaction begins with its first read, not with its name.
    connection.query_row(sql::SCHEMA_VERSION, [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some(format!(
                "the file system allows journal mode {mode} only, not WAL"
            )),
        ));
    }
    // An acknowledged commit is on disk; on macOS that takes more than fsync.
    connection.pragma_update(None, "synchronous", "full")?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if synchronous != 2 {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISUSE),
            Some("SQLite does not sync".to_owned()),
        ));
    }
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    // A destroyed data key leaves no trace on a free page.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -8_000)?;
    Ok(())
}

fn migrate(connection: &mut Connection, now: i64) -> Result<(), OpenError> {
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(unopened)?;
    transaction
        .execute_batch(sql::MAKE_SCHEMA_VERSION)
        .map_err(unopened)?;
    let found = query(
        &transaction,
        &Statement {
            sql: sql::SCHEMA_VERSION,
            values: Vec::new(),
        },
    )
    .map_err(unopened)?;
    let found = found.first().map_or(Ok(0), |row| row.int(0))?;
    let known = sql::newest_schema();
    if found > known {
        return Err(OpenError::NewerSchema { found, known });
    }
    for (version, text) in (1i64..)
        .zip(sql::MIGRATIONS)
        .filter(|(version, _)| *version > found)
    {
        transaction
            .execute_batch(&text.replace("/* keyed */", "WITHOUT ROWID"))
            .map_err(unopened)?;
        execute(
            &transaction,
            &Statement {
                sql: sql::PUT_SCHEMA_VERSION,
                values: vec![version.into(), now.into()],
            },
        )
        .map_err(unopened)?;
    }
    transaction.commit().map_err(unopened)
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::NoText => ValueRef::Null,
        }))
    }
}

/// Runs a statement that gives rows.
pub(super) fn query(
    connection: &Connection,
    statement: &Statement<'_>,
) -> rusqlite::Result<Vec<Row>> {
    let mut prepared = connection.prepare_cached(statement.sql)?;
    let columns = prepared.column_count();
    let mut rows = prepared.query(rusqlite::params_from_iter(&statement.values))?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            cells.push(match row.get_ref(column)? {
                ValueRef::Integer(number) => Cell::Int(number),
                ValueRef::Text(text) => {
                    Cell::Text(String::from_utf8(text.to_vec()).map_err(|_| {
                        rusqlite::Error::InvalidColumnType(
                            column,
                            "text".to_owned(),
                            rusqlite::types::Type::Text,
                        )
                    })?)
                }
                ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
                ValueRef::Null => Cell::Null,
                ValueRef::Real(_) => {
                    return Err(rusqlite::Error::InvalidColumnType(
                        column,
                        "real".to_owned(),
                        rusqlite::types::Type::Real,
                    ));
                }
            });
        }
        out.push(Row(cells));
    }
    Ok(out)
}

/// Runs a statement that gives no rows, and tells how many it has touched.
pub(super) fn execute(connection: &Connection, statement: &Statement<'_>) -> rusqlite::Result<u64> {
    let touched = connection
        .prepare_cached(statement.sql)?
        .execute(rusqlite::params_from_iter(&statement.values))?;
    Ok(u64::try_from(touched).unwrap_or(u64::MAX))
}

/// The store's error for the driver's.
pub(super) fn unavailable(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

fn unopened(error: rusqlite::Error) -> OpenError {
    match unavailable(error) {
        StoreError::Unavailable(cause) => OpenError::Unavailable {
            what: "opening the database".to_owned(),
            cause,
        },
        other => OpenError::Store(other),
    }
}
