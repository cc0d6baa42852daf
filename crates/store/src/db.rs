//! The two engines behind one face: statements with typed values go in, rows come out.

mod pipeline;
pub(crate) mod postgres;
pub(crate) mod snapshot;
pub(crate) mod sqlite;
pub(crate) mod writer;

use std::borrow::Cow;

use crate::error::{CommitError, StoreError};
use crate::plan::{Moved, Plan};

/// A parameter.
#[derive(Clone)]
pub(crate) enum Value<'a> {
    Int(i64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// A `TEXT` that is null.
    NoText,
}

impl Value<'_> {
    fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(Cow::Borrowed(text.as_ref())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes.as_ref())),
            Self::NoText => Value::NoText,
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(bytes))
    }
}

/// A statement with its parameters.
pub(crate) struct Statement<'a> {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value<'a>>,
}

impl Statement<'static> {
    /// The same statement once more.
    pub(crate) fn to_owned(&self) -> Self {
        Self {
            sql: self.sql,
            values: self.values.clone(),
        }
    }
}

impl Statement<'_> {
    /// The same statement, looking at this one's values.
    pub(crate) fn borrowed(&self) -> Statement<'_> {
        Statement {
            sql: self.sql,
            values: self.values.iter().map(Value::borrowed).collect(),
        }
    }
}

/// Makes a [`Statement`] of a text and what converts into values.
macro_rules! statement {
    ($sql:expr $(, $value:expr)* $(,)?) => {
        $crate::db::Statement { sql: $sql, values: vec![$($crate::db::Value::from($value)),*] }
    };
}
pub(crate) use statement;

/// One column of a row.
pub(crate) enum Cell {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Null,
}

/// One row.
pub(crate) struct Row(pub(crate) Vec<Cell>);

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.0.get(column) {
            Some(Cell::Int(number)) => Ok(*number),
            _ => Err(unexpected(column, "a number")),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get(column) {
            Some(Cell::Text(text)) => Ok(text),
            _ => Err(unexpected(column, "text")),
        }
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(column) {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Null) => Ok(None),
            _ => Err(unexpected(column, "text or nothing")),
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.0.get(column) {
            Some(Cell::Bytes(bytes)) => Ok(bytes),
            _ => Err(unexpected(column, "bytes")),
        }
    }

    /// Bytes that this program wrote from a string.
    pub(crate) fn string(&self, column: usize) -> Result<&str, StoreError> {
        std::str::from_utf8(self.bytes(column)?).map_err(|_| unexpected(column, "UTF-8"))
    }
}

fn unexpected(column: usize, wanted: &str) -> StoreError {
    StoreError::Corrupt(format!("column {column} of a row is not {wanted}"))
}

/// The engine in use.
pub(crate) enum Db {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Reads what is committed.
    pub(crate) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => db.rows(&statement),
            Self::Postgres(db) => db.rows(&statement).await,
        }
    }

    /// Reads the answers to several questions, in one round trip where there is one.
    pub(crate) async fn many(
        &self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            Self::Sqlite(db) => statements
                .iter()
                .map(|statement| db.rows(statement))
                .collect(),
            Self::Postgres(db) => db.many(statements).await,
        }
    }

    /// Runs the statements in one transaction, durably, and gives how many rows each has touched.
    pub(crate) async fn write(
        &self,
        statements: Vec<Statement<'static>>,
    ) -> Result<Vec<u64>, StoreError> {
        match self {
            Self::Sqlite(db) => db.write(statements).await,
            Self::Postgres(db) => db.write(statements).await,
        }
    }

    /// Validates the plan and carries it out, to the end even if the caller goes away.
    pub(crate) async fn commit(&self, plan: Plan) -> Result<Moved, CommitError> {
        match self {
            Self::Sqlite(db) => db.commit(plan).await,
            Self::Postgres(db) => db.commit(plan).await,
        }
    }

    /// Waits for what is under way and closes.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(db) => db.close().await,
        }
    }
}
