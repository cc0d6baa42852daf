//! Statements sent to PostgreSQL one behind the other, without waiting for the answers between.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use bytes::BytesMut;
use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type};

use crate::db::{Cell, Row, Statement, Value};
use crate::error::StoreError;

/// Keeps one message far below what the protocol can say.
const MOST_BYTES: usize = 256 << 20;

/// What went wrong on a connection.
pub(super) enum Trouble {
    Driver(tokio_postgres::Error),
    Store(StoreError),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Driver(error) => Self::Unavailable(Box::new(error)),
            Trouble::Store(error) => error,
        }
    }
}
/// Whether the connection, not the request, is what failed.
pub(super) fn gone(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error.code().is_some_and(|code| {
            [
                &SqlState::ADMIN_SHUTDOWN,
                &SqlState::CRASH_SHUTDOWN,
                &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            ]
            .contains(&code)
        })
}
pub(super) async fn ask(
    client: &Object,
    statements: &[Statement<'_>],
) -> Result<Vec<Vec<Row>>, Trouble> {
    let mut questions = Vec::with_capacity(statements.len());
    for statement in statements {
        questions.push(prepare(client, statement).await?);
    }
    let answers = in_order(
        questions
            .into_iter()
            .map(|question| Step::Ask(question).run(client))
            .collect(),
    )
    .await;
    answers.into_iter().collect()
}

pub(super) async fn write(
    client: &Object,
    statements: &[Statement<'_>],
) -> Result<Vec<u64>, Trouble> {
    let mut writes = Vec::with_capacity(statements.len());
    for statement in statements {
        writes.push(prepare(client, statement).await?);
    }
    let steps = std::iter::once(Step::Plain("BEGIN ISOLATION LEVEL READ COMMITTED"))
        .chain(writes.into_iter().map(Step::Tell))
        .chain(std::iter::once(Step::Plain("COMMIT")));
    let results = in_order(steps.map(|step| step.run(client)).collect()).await;
    let answers = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    answers
        .iter()
        .skip(1)
        .take(statements.len())
        .map(|rows| {
            let touched = rows
                .first()
                .map_or(Ok(0), |row| row.int(0))
                .map_err(Trouble::Store)?;
            Ok(u64::try_from(touched).unwrap_or(0))
        })
        .collect()
}

/// A statement that is known to be sendable: prepared, its values of the types that the server expects.
pub(super) struct Prepared<'a> {
    statement: tokio_postgres::Statement,
    values: &'a [Value<'a>],
}

pub(super) async fn prepare<'a>(
    client: &Object,
    statement: &'a Statement<'_>,
) -> Result<Prepared<'a>, Trouble> {
    let prepared = client.prepare_cached(statement.sql).await?;
    let fits = prepared.params().len() == statement.values.len()
        && prepared
            .params()
            .iter()
            .zip(&statement.values)
            .all(|(wanted, value)| value.fits(wanted));
    let bytes: usize = statement.values.iter().map(Value::len).sum();
    if !fits || bytes > MOST_BYTES {
        return Err(Trouble::Store(StoreError::Unwritable(format!(
            "the values do not fit the statement `{}`",
            statement.sql
        ))));
    }
    Ok(Prepared {
        statement: prepared,
        values: &statement.values,
    })
}

/// One message of a pipeline.
pub(super) enum Step<'a> {
    Plain(&'static str),
    /// Wants rows.
    Ask(Prepared<'a>),
    /// Wants the number of rows touched, as the one cell of one row.
    Tell(Prepared<'a>),
}

impl Step<'_> {
    pub(super) async fn run(self, client: &Object) -> Result<Vec<Row>, Trouble> {
        match self {
            Self::Plain(text) => {
                client.batch_execute(text).await?;
                Ok(Vec::new())
            }
            Self::Ask(prepared) => {
                let values: Vec<&(dyn ToSql + Sync)> =
                    prepared.values.iter().map(|value| value as _).collect();
                let rows = client.query(&prepared.statement, &values).await?;
                rows.iter().map(cells).collect()
            }
            Self::Tell(prepared) => {
                let values: Vec<&(dyn ToSql + Sync)> =
                    prepared.values.iter().map(|value| value as _).collect();
                let touched = client.execute(&prepared.statement, &values).await?;
                Ok(vec![Row(vec![Cell::Int(
                    i64::try_from(touched).unwrap_or(i64::MAX),
                )])])
            }
        }
    }
}

fn cells(row: &tokio_postgres::Row) -> Result<Row, Trouble> {
    let mut cells = Vec::with_capacity(row.len());
    for (at, column) in row.columns().iter().enumerate() {
        let kind = column.type_();
        cells.push(if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(at)?
                .map_or(Cell::Null, Cell::Int)
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(at)?
                .map_or(Cell::Null, Cell::Bytes)
        } else {
            row.try_get::<_, Option<String>>(at)?
                .map_or(Cell::Null, Cell::Text)
        });
    }
    Ok(Row(cells))
}

/// Drives the futures together, each started in its turn: a request is sent when its future is first polled, and the
/// server answers in the order of sending.
pub(super) async fn in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    let mut started = false;
    std::future::poll_fn(move |context| {
        for (future, output) in waiting.iter_mut().zip(&mut done) {
            if output.is_some() {
                continue;
            }
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *output = Some(value),
                // Answers come in order, so nothing behind this one is ready either; but all must have been sent.
                Poll::Pending if started => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        started = true;
        if done.iter().all(Option::is_some) {
            Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
        } else {
            Poll::Pending
        }
    })
    .await
}

impl Value<'_> {
    fn fits(&self, wanted: &Type) -> bool {
        match self {
            Self::Int(_) => *wanted == Type::INT8,
            Self::Text(text) => *wanted == Type::TEXT && !text.contains('\0'),
            Self::NoText => *wanted == Type::TEXT,
            Self::Bytes(_) => *wanted == Type::BYTEA,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Int(_) | Self::NoText => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.as_ref().to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_ref().to_sql(kind, out),
            Self::NoText => Ok(IsNull::Yes),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    tokio_postgres::types::to_sql_checked!();
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values are records and keys: their sizes are all that may be shown.
        write!(f, "{} bytes", self.len())
    }
}
