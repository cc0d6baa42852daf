//! PostgreSQL: a pool of connections, statements sent in a pipeline.
//!
//! A commit takes two round trips. The first begins, moves the heads (which serializes the commits of an account: the
//! rows stay locked) and asks every check; READ COMMITTED is enough, because each check starts after the lock was had.
//! The second writes and commits. A statement that the server refuses aborts the transaction, so the COMMIT behind it
//! commits nothing; one that could not even be sent would not, so all are proven sendable before the first is sent.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    Timeouts,
};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use crate::db::pipeline::{Step, Trouble, ask, gone, in_order, prepare, write};
use crate::db::{Row, Statement};
use crate::error::{CommitError, OpenError, StoreError};
use crate::heads::Heads;
use crate::plan::{Moved, Owner, Plan};
use crate::sql;

/// How long to wait for a connection of the pool.
const POOL_WAIT: Duration = Duration::from_secs(5);
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

    /// A connection in a transaction that sees what is committed now.
    pub(super) async fn view(&self) -> Result<Object, StoreError> {
        // The transaction sees what was committed before its first question, so it asks one.
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";
        for _ in 0..self.link.tries {
            let client = self.link.client().await?;
            match client.batch_execute(BEGIN).await {
                Ok(()) => return Ok(client),
                Err(error) => {
                    drop(Object::take(client));
                    if !gone(&error) {
                        return Err(StoreError::Unavailable(Box::new(error)));
                    }
                }
            }
        }
        Err(StoreError::Unavailable(
            "the database closes every connection".into(),
        ))
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
        let told = client
            .query_one(
                "SELECT current_setting('server_encoding'), current_setting('fsync')",
                &[],
            )
            .await
            .map_err(failed)?;
        let encoding: String = told.try_get(0).map_err(failed)?;
        if encoding != "UTF8" {
            return Err(unopened(
                format!("the database has encoding {encoding}, and UTF8 is needed").into(),
            ));
        }
        let syncs: String = told.try_get(1).map_err(failed)?;
        if syncs != "on" {
            tracing::warn!(
                "PostgreSQL runs with fsync off: a power loss can lose what was acknowledged"
            );
        }
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

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Driver(error) if gone(&error) => Self::Stale,
            Trouble::Driver(error) => Self::Refused(refusal(error)),
            Trouble::Store(error) => error.into(),
        }
    }
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
