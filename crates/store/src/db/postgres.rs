//! PostgreSQL: a pool of connections, statements sent in a pipeline.
//!
//! A commit takes two round trips. The first begins, moves the heads (which serializes the commits of an account: the
//! rows stay locked) and asks every check; READ COMMITTED is enough, because each check starts after the lock was had.
//! The second writes and commits. A statement that the server refuses aborts the transaction, so the COMMIT behind it
//! commits nothing; one that could not even be sent would not, so all are proven sendable before the first is sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    Timeouts,
};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Config, NoTls};

use crate::db::{Cell, Row, Statement, Value};
use crate::error::{CommitError, OpenError, StoreError};
use crate::heads::Heads;
use crate::plan::{Moved, Owner, Plan};
use crate::sql;

/// How long to wait for a connection of the pool.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// Keeps one message far below what the protocol can say.
const MOST_BYTES: usize = 256 << 20;
/// Each connection starts with this. A lock that is not had in time, a statement that hangs and a transaction that was
/// left lying end by themselves. A stricter `synchronous_commit` than `on` is kept, a looser one is not.
const SESSION: &str = "SET lock_timeout = '5s'; SET statement_timeout = '30s'; \
    SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = 'warning'; \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') IN ('off', 'local');";
/// What nearly every commit says; prepared ahead, so that no head waits for a parser.
const WARM: &[&str] = &[
    sql::MOVE_HEAD,
    sql::REVISION,
    sql::ENTRY,
    sql::SPAN,
    sql::RECORD,
    sql::PUT_RECORD,
    sql::PUT_HISTORY,
    sql::PUT_ENTRY,
    sql::DELETE_ENTRY,
    sql::MOVE_SPAN,
    sql::DROP_EMPTY_SPAN,
    sql::PUT_EVENT,
    sql::PUT_EVENT_KEY,
    sql::HEADS_4,
];

/// The engine.
pub(crate) struct Postgres {
    link: Link,
    heads: Arc<Heads>,
    learner: tokio::task::JoinHandle<()>,
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        connections: usize,
        heads: Heads,
        now: i64,
    ) -> Result<Self, OpenError> {
        let link = Link::new(url, connections)?;
        link.migrate(now).await?;
        let heads = Arc::new(heads);
        let learner = {
            let (heads, link) = (Arc::clone(&heads), link.clone());
            tokio::spawn(async move { heads.serve(&link).await })
        };
        Ok(Self {
            link,
            heads,
            learner,
        })
    }

    pub(crate) fn heads(&self) -> &Heads {
        &self.heads
    }

    pub(crate) async fn rows(&self, statement: &Statement<'_>) -> Result<Vec<Row>, StoreError> {
        let answers = self.link.many(std::slice::from_ref(statement)).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    pub(crate) async fn many(
        &self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.link.many(statements).await
    }

    pub(crate) async fn write(
        &self,
        statements: Vec<Statement<'static>>,
    ) -> Result<Vec<u64>, StoreError> {
        let link = self.link.clone();
        // Its own task: a caller who goes away must not leave a transaction half-way.
        let task = tokio::spawn(async move { link.write(&statements).await });
        task.await
            .unwrap_or_else(|error| Err(StoreError::Unavailable(Box::new(error))))
    }

    pub(crate) async fn commit(&self, plan: Plan) -> Result<Moved, CommitError> {
        let (link, heads) = (self.link.clone(), Arc::clone(&self.heads));
        let task = tokio::spawn(async move {
            let moved = link.commit(&plan).await?;
            heads.apply(&plan, &moved);
            Ok(moved)
        });
        task.await
            .unwrap_or_else(|error| Err(StoreError::Unavailable(Box::new(error)).into()))
    }

    pub(crate) async fn close(&self) {
        self.learner.abort();
        self.link.pool.close();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.learner.abort();
    }
}

/// The way to the server. Clones share the pool.
#[derive(Clone)]
pub(crate) struct Link {
    pool: Pool,
    /// How often to try: each connection of the pool may have died.
    tries: usize,
}

/// Why an attempt at a commit ended, and whether anything can have been written.
enum Stop {
    /// Nothing was written, and a fresh connection may fare better.
    Stale,
    /// This is the answer.
    Refused(CommitError),
}

impl From<CommitError> for Stop {
    fn from(error: CommitError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Refused(CommitError::Failed(error))
    }
}

impl Link {
    fn new(url: &str, connections: usize) -> Result<Self, OpenError> {
        let mut config: Config = url
            .parse()
            .map_err(|error: tokio_postgres::Error| OpenError::Address(error.to_string()))?;
        let over_network = config.get_hosts().iter().any(|host| match host {
            Host::Tcp(name) => {
                name != "localhost"
                    && !name
                        .parse()
                        .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => false,
        });
        if over_network && config.get_ssl_mode() != SslMode::Disable {
            return Err(OpenError::Insecure(
                "the database would be reached over the network without TLS, which this version does not speak to \
                 PostgreSQL: use a local socket, a tunnel on localhost, or say sslmode=disable"
                    .to_owned(),
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(POOL_WAIT);
        }
        if config.get_application_name().is_none() {
            config.application_name("claviger");
        }
        let manager = Manager::from_config(
            config,
            NoTls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let start = Hook::async_fn(|client, _| {
            Box::pin(async move {
                client
                    .batch_execute(SESSION)
                    .await
                    .map_err(HookError::Backend)?;
                // One that cannot be prepared (the tables may not stand yet) is prepared when it is used.
                in_order(
                    WARM.iter()
                        .map(|text| client.prepare_cached(text))
                        .collect(),
                )
                .await;
                Ok(())
            })
        });
        let pool = Pool::builder(manager)
            .max_size(connections.max(2))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(POOL_WAIT),
                create: Some(POOL_WAIT),
                recycle: Some(POOL_WAIT),
            })
            .post_create(start)
            .build()
            .map_err(|error| OpenError::Address(error.to_string()))?;
        Ok(Self {
            pool,
            tries: connections.max(2) + 1,
        })
    }

    async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Closed => StoreError::Closed,
            other => StoreError::Unavailable(Box::new(other)),
        })
    }

    /// The answers to the questions, in one round trip. Tried again once if the connection turns out to be dead.
    pub(crate) async fn many(
        &self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        for _ in 0..self.tries {
            let client = self.client().await?;
            match ask(&client, statements).await {
                Ok(answers) => return Ok(answers),
                Err(Trouble::Driver(error)) if gone(&error) => drop(Object::take(client)),
                Err(trouble) => return Err(trouble.into()),
            }
        }
        Err(StoreError::Unavailable(
            "the database closes every connection".into(),
        ))
    }

    /// Runs the statements in one transaction. What it runs may be run twice without harm: when a connection breaks, it
    /// is tried again on another, although the first may have got through.
    async fn write(&self, statements: &[Statement<'_>]) -> Result<Vec<u64>, StoreError> {
        for _ in 0..self.tries {
            let client = self.client().await?;
            match write(&client, statements).await {
                Ok(touched) => return Ok(touched),
                Err(Trouble::Driver(error)) if gone(&error) => drop(Object::take(client)),
                Err(trouble) => {
                    abandon(client).await;
                    return Err(trouble.into());
                }
            }
        }
        Err(StoreError::Unavailable(
            "the database closes every connection".into(),
        ))
    }

    async fn commit(&self, plan: &Plan) -> Result<Moved, CommitError> {
        for _ in 0..self.tries {
            let client = match self.client().await {
                Ok(client) => client,
                Err(StoreError::Unavailable(cause)) => {
                    return Err(match cause.downcast::<PoolError>() {
                        Ok(error) if matches!(*error, PoolError::Timeout(_)) => CommitError::Busy,
                        Ok(error) => CommitError::Failed(StoreError::Unavailable(error)),
                        Err(cause) => CommitError::Failed(StoreError::Unavailable(cause)),
                    });
                }
                Err(error) => return Err(error.into()),
            };
            match attempt(&client, plan).await {
                Ok(moved) => return Ok(moved),
                Err(Stop::Stale) => drop(Object::take(client)),
                Err(Stop::Refused(error)) => {
                    abandon(client).await;
                    return Err(self.name_taken(plan, error).await);
                }
            }
        }
        Err(CommitError::Busy)
    }

    /// A global key that another account took between check and write shows as a broken primary key: says which.
    async fn name_taken(&self, plan: &Plan, error: CommitError) -> CommitError {
        let CommitError::Failed(StoreError::Unavailable(cause)) = &error else {
            return error;
        };
        let unique = cause
            .downcast_ref::<tokio_postgres::Error>()
            .is_some_and(|error| error.code() == Some(&SqlState::UNIQUE_VIOLATION));
        if !unique {
            return error;
        }
        let places: Vec<_> = plan.additions.keys().collect();
        let questions: Vec<_> = places.iter().map(|place| place.lookup()).collect();
        let Ok(answers) = self.many(&questions).await else {
            return CommitError::Conflict;
        };
        for (place, rows) in places.iter().zip(&answers) {
            let found = rows.first().and_then(|row| Owner::from_row(row, 0).ok());
            if found.is_some() && found.as_ref() != plan.additions.get(place) {
                return CommitError::Taken(place.index);
            }
        }
        // Whoever took it has given it up again, or another row stood in the way: what was read is no longer so.
        CommitError::Conflict
    }

    async fn migrate(&self, now: i64) -> Result<(), OpenError> {
        let unopened = |cause: Box<dyn std::error::Error + Send + Sync>| OpenError::Unavailable {
            what: "opening the database".to_owned(),
            cause,
        };
        let mut client = self
            .client()
            .await
            .map_err(|error| unopened(Box::new(error)))?;
        let failed = |error: tokio_postgres::Error| unopened(Box::new(error));
        let transaction = client.transaction().await.map_err(failed)?;
        // One node migrates, the others wait; released with the transaction. The number is this program's own.
        transaction
            .batch_execute("SELECT pg_advisory_xact_lock(4919413206)")
            .await
            .map_err(failed)?;
        transaction
            .batch_execute(sql::MAKE_SCHEMA_VERSION)
            .await
            .map_err(failed)?;
        let found = transaction
            .query_opt(sql::SCHEMA_VERSION, &[])
            .await
            .map_err(failed)?;
        let found: i64 = found.map_or(Ok(0), |row| row.try_get(0)).map_err(failed)?;
        let known = sql::newest_schema();
        if found > known {
            return Err(OpenError::NewerSchema { found, known });
        }
        for (version, text) in (1i64..)
            .zip(sql::MIGRATIONS)
            .filter(|(version, _)| *version > found)
        {
            transaction.batch_execute(text).await.map_err(failed)?;
            transaction
                .execute(sql::PUT_SCHEMA_VERSION, &[&version, &now])
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }
}

/// What went wrong on a connection.
enum Trouble {
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

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Driver(error) if gone(&error) => Self::Stale,
            Trouble::Driver(error) => Self::Refused(refusal(error)),
            Trouble::Store(error) => error.into(),
        }
    }
}

/// Whether the connection, not the request, is what failed.
fn gone(error: &tokio_postgres::Error) -> bool {
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

/// The refusal that a server's error stands for.
fn refusal(error: tokio_postgres::Error) -> CommitError {
    match error.code() {
        Some(code)
            if [
                &SqlState::LOCK_NOT_AVAILABLE,
                &SqlState::T_R_DEADLOCK_DETECTED,
                &SqlState::T_R_SERIALIZATION_FAILURE,
                &SqlState::QUERY_CANCELED,
                &SqlState::TOO_MANY_CONNECTIONS,
            ]
            .contains(&code) =>
        {
            CommitError::Busy
        }
        _ => CommitError::Failed(StoreError::Unavailable(Box::new(error))),
    }
}

/// Ends the transaction that a failure has left open. A connection that cannot even do that is not used again.
async fn abandon(client: Object) {
    if client.batch_execute("ROLLBACK").await.is_err() {
        drop(Object::take(client));
    }
}

/// Begins, locks, checks; then writes and commits.
async fn attempt(client: &Object, plan: &Plan) -> Result<Moved, Stop> {
    let locks: Vec<Statement<'_>> = plan
        .heads
        .iter()
        .map(|(account, moves)| crate::db::statement!(sql::MOVE_HEAD, *account, i64::from(*moves)))
        .collect();
    let checks = plan.checks();
    let mut questions = Vec::with_capacity(locks.len() + checks.len());
    for statement in locks.iter().chain(&checks) {
        questions.push(prepare(client, statement).await?);
    }
    let begin = Step::Plain("BEGIN ISOLATION LEVEL READ COMMITTED");
    let steps = std::iter::once(begin).chain(questions.into_iter().map(Step::Ask));
    let answers = in_order(steps.map(|step| step.run(client)).collect()).await;
    let mut answers = answers
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .skip(1);
    let mut moved = Moved::new();
    for (&account, &moves) in &plan.heads {
        let rows = answers.next().unwrap_or_default();
        let sequence = rows.first().map(|row| row.int(0)).transpose()?;
        let sequence =
            sequence.ok_or_else(|| StoreError::Corrupt("a head did not move".to_owned()))?;
        if moves {
            moved.push((account, sequence));
        }
    }
    plan.judge(&answers.collect::<Vec<_>>())?;

    let statements = plan.statements(&moved)?;
    let mut writes = Vec::with_capacity(statements.len());
    for statement in &statements {
        writes.push(prepare(client, statement).await?);
    }
    let steps = writes
        .into_iter()
        .map(Step::Tell)
        .chain(std::iter::once(Step::Plain("COMMIT")));
    let results = in_order(steps.map(|step| step.run(client)).collect()).await;
    for result in results {
        // From here on a broken connection does not say whether the commit has happened.
        result.map_err(|trouble| match trouble {
            Trouble::Driver(error) => refusal(error),
            Trouble::Store(error) => error.into(),
        })?;
    }
    Ok(moved)
}

async fn ask(client: &Object, statements: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, Trouble> {
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

async fn write(client: &Object, statements: &[Statement<'_>]) -> Result<Vec<u64>, Trouble> {
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
struct Prepared<'a> {
    statement: tokio_postgres::Statement,
    values: &'a [Value<'a>],
}

async fn prepare<'a>(
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
enum Step<'a> {
    Plain(&'static str),
    /// Wants rows.
    Ask(Prepared<'a>),
    /// Wants the number of rows touched, as the one cell of one row.
    Tell(Prepared<'a>),
}

impl Step<'_> {
    async fn run(self, client: &Object) -> Result<Vec<Row>, Trouble> {
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
async fn in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
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
