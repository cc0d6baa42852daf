//! What the store costs, beside a yardstick measured in the same run: `cargo bench -p claviger-store`.
//!
//! A commit here is what creating a user is: one record, its history, three entries (one of them global), two counts,
//! one event with its two keys. The yardstick writes the same rows by bare statements on one SQLite connection, with as
//! many commits to a transaction as there are writers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for a person to run and read"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use claviger_model::{AccountId, Rng, Timestamp};
use claviger_store::testing::{SetClock, TestDatabase, statements};
use claviger_store::{Entries, Event, Index, Record, Resource, Scope, Store};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

static BY_NAME: Index = Index::unique("user_by_name");
static BY_PATH: Index = Index::ordered("user_by_path");
static BY_KEY: Index = Index::unique("by_key").global();

#[derive(Serialize, Deserialize)]
struct User {
    account: AccountId,
    id: String,
    name: String,
    filler: String,
}

impl Record for User {
    const KIND: &'static str = "user";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        self.account.into()
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn entries(&self, out: &mut Entries) {
        out.unique(&BY_NAME, self.name.as_bytes());
        out.ordered(&BY_PATH, b"", format!("/{}", self.name));
        out.unique(&BY_KEY, self.id.as_bytes());
    }
}

fn user(account: u64, number: u64) -> User {
    User {
        account: AccountId::from_number(account).expect("twelve digits"),
        id: format!("AIDA{number:016}"),
        name: format!("user{number:010}"),
        filler: "x".repeat(400),
    }
}

fn event(user: &User) -> Event {
    Event {
        id: format!("{}-event-with-an-id-of-a-uuid", user.id),
        time: Timestamp::from_seconds(1_790_000_000),
        scope: user.scope(),
        name: "CreateUser".to_owned(),
        source: "iam.amazonaws.com".to_owned(),
        username: Some("admin".to_owned()),
        access_key_id: Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
        read_only: false,
        resources: vec![Resource {
            kind: "AWS::IAM::User".to_owned(),
            name: user.name.clone(),
        }],
        body: serde_json::json!({ "eventName": "CreateUser", "filler": "y".repeat(700) }),
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Commits a second by so many writers, on as many accounts as said.
async fn commits(store: &Store, writers: u64, accounts: u64, time: Duration) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let account = 1 + writer % accounts;
                let mut done = 0u64;
                while start.elapsed() < time {
                    let user = user(account, NEXT.fetch_add(1, Ordering::Relaxed));
                    let mut unit = store.unit(&[user.scope()]).await.expect("a unit");
                    unit.limit(user.scope(), &BY_NAME, b"", u64::MAX);
                    unit.event(event(&user));
                    unit.put(user);
                    unit.commit().await.expect("a commit");
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a writer");
    }
    per_second(done, start.elapsed())
}

fn per_second(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

/// The same rows by bare statements.
fn bare(batch: u64, time: Duration) -> f64 {
    let database = TestDatabase::sqlite().expect("a directory");
    let directory = database.directory().expect("a directory");
    let connection = rusqlite::Connection::open(directory.join("bare.db")).expect("a database");
    connection
        .pragma_update(None, "journal_mode", "wal")
        .expect("WAL");
    connection
        .pragma_update(None, "synchronous", "full")
        .expect("synchronous");
    connection
        .pragma_update(None, "wal_autocheckpoint", 8_000)
        .expect("checkpoints");
    let schema =
        include_str!("../migrations/0001_records.sql").replace("/* keyed */", "WITHOUT ROWID");
    connection.execute_batch(&schema).expect("the schema");
    let text = |name: &str| {
        statements()
            .iter()
            .find(|(of, _)| *of == name)
            .expect("a statement")
            .1
    };
    let run = |name: &str, values: Vec<Value>| {
        connection
            .prepare_cached(text(name))
            .expect("prepared")
            .execute(rusqlite::params_from_iter(values))
            .expect("run");
    };
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < time {
        connection.execute_batch("BEGIN IMMEDIATE").expect("begun");
        for _ in 0..batch {
            let user = user(1, done);
            let (id, name) = (
                || Value::Blob(user.id.clone().into_bytes()),
                || user.name.clone().into_bytes(),
            );
            let body = serde_json::to_string(&user).expect("a body");
            let event = event(&user);
            let told = serde_json::to_string(&event).expect("an event");
            let sequence = i64::try_from(done).expect("small") + 1;
            let (int, kind) = (Value::Integer, || Value::Text("user".to_owned()));
            run(
                "PUT_RECORD",
                vec![
                    int(1),
                    kind(),
                    id(),
                    int(sequence),
                    int(1),
                    Value::Text(body.clone()),
                ],
            );
            let op = Value::Text("CreateUser".to_owned());
            run(
                "PUT_HISTORY",
                vec![
                    int(1),
                    int(sequence),
                    kind(),
                    id(),
                    int(9),
                    op,
                    int(1),
                    Value::Text(body),
                ],
            );
            let none = || Value::Blob(Vec::new());
            let mut path = format!("/{}", user.name).into_bytes();
            path.push(0);
            path.extend_from_slice(user.id.as_bytes());
            for (account, index, key) in [
                (1, "user_by_name", name()),
                (1, "user_by_path", path),
                (-1, "by_key", user.id.clone().into_bytes()),
            ] {
                let index = Value::Text(index.to_owned());
                run(
                    "PUT_ENTRY",
                    vec![
                        int(account),
                        index,
                        none(),
                        Value::Blob(key),
                        int(1),
                        kind(),
                        id(),
                    ],
                );
            }
            for index in ["user_by_name", "user_by_path"] {
                run(
                    "MOVE_SPAN",
                    vec![
                        int(1),
                        Value::Text(index.to_owned()),
                        none(),
                        int(1),
                        int(sequence),
                    ],
                );
            }
            let (time, event_id) = (event.time.micros(), || {
                Value::Blob(event.id.clone().into_bytes())
            });
            run(
                "PUT_EVENT",
                vec![int(1), int(time), event_id(), Value::Text(told)],
            );
            for (attribute, value) in [(1, b"admin".to_vec()), (2, name())] {
                run(
                    "PUT_EVENT_KEY",
                    vec![
                        int(1),
                        int(attribute),
                        Value::Blob(value),
                        int(time),
                        event_id(),
                    ],
                );
            }
            done += 1;
        }
        connection.execute_batch("COMMIT").expect("committed");
    }
    per_second(done, start.elapsed())
}

/// Nanoseconds for a unit and so many cached reads.
async fn hot(store: &Store, reads: usize) -> f64 {
    let scope = user(1, 0).scope();
    let ids: Vec<String> = (0..reads as u64)
        .map(|n| user(1, 900_000_000 + n).id)
        .collect();
    const TURNS: u32 = 200_000;
    let start = Instant::now();
    for _ in 0..TURNS {
        let mut unit = store.unit(&[scope]).await.expect("a unit");
        for id in &ids {
            black_box(unit.get::<User>(scope, id).await.expect("read"));
        }
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS)
}

async fn found(store: &Store) -> f64 {
    let scope = user(1, 0).scope();
    let name = user(1, 900_000_000).name;
    const TURNS: u32 = 200_000;
    let start = Instant::now();
    for _ in 0..TURNS {
        let mut unit = store.unit(&[scope]).await.expect("a unit");
        black_box(
            unit.find::<User>(scope, &BY_NAME, name.as_bytes())
                .await
                .expect("read"),
        );
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS)
}

/// Commits a second of one client that writes one row each, in one round trip: what the server's sync allows.
async fn bare_postgres(url: &str, time: Duration) -> f64 {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("a connection");
    tokio::spawn(connection);
    client
        .batch_execute("CREATE TABLE IF NOT EXISTS bare (n BIGINT, body TEXT)")
        .await
        .expect("a table");
    let insert = client
        .prepare("INSERT INTO bare VALUES ($1, $2)")
        .await
        .expect("prepared");
    let (start, body, mut done) = (Instant::now(), "x".repeat(3_000), 0u64);
    while start.elapsed() < time {
        client
            .execute(&insert, &[&1i64, &body])
            .await
            .expect("a row");
        done += 1;
    }
    per_second(done, start.elapsed())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

async fn open(database: &TestDatabase) -> Store {
    let clock = Arc::new(SetClock::at(Timestamp::from_seconds(1_790_000_000)));
    database
        .open(clock, Arc::new(Rng::new(ChaCha20Rng::from_seed([1; 32]))))
        .await
        .expect("a store")
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let time = Duration::from_millis(1_500);
    const ROUNDS: usize = 3;
    let sqlite = TestDatabase::sqlite().unwrap();
    let store = open(&sqlite).await;
    for writers in [1, 16, 64] {
        let (mut ours, mut yardstick) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(commits(&store, writers, 1, time).await);
            yardstick.push(
                tokio::task::spawn_blocking(move || bare(writers, time))
                    .await
                    .unwrap(),
            );
        }
        let (ours, yardstick) = (median(ours), median(yardstick));
        println!(
            "sqlite, {writers:2} writers, one account: {ours:6.0} commits/s; bare statements, {writers} to a transaction: \
             {yardstick:6.0}; ratio {:.2}",
            ours / yardstick
        );
    }
    let mut unit = store.unit(&[user(1, 0).scope()]).await.unwrap();
    for n in 0..3 {
        unit.put(user(1, 900_000_000 + n));
    }
    unit.commit().await.unwrap();
    let mut figures = Vec::new();
    for reads in [0, 1, 3] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(hot(&store, reads).await);
        }
        figures.push(median(rounds));
    }
    println!(
        "sqlite, unit and 0, 1, 3 cached gets: {figures:.0?} ns; unit and one cached find: {:.0} ns",
        found(&store).await
    );
    store.close().await.unwrap();

    let postgres = TestDatabase::postgres().await.unwrap();
    let store = open(&postgres).await;
    for (writers, accounts) in [(1, 1), (16, 1), (16, 16)] {
        let (mut ours, mut yardstick) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(commits(&store, writers, accounts, time).await);
            yardstick.push(bare_postgres(postgres.url().unwrap(), time).await);
        }
        let (ours, yardstick) = (median(ours), median(yardstick));
        println!(
            "postgres, {writers:2} writers, {accounts:2} accounts: {ours:6.0} commits/s; one client, one row to a commit: \
             {yardstick:6.0}; ratio {:.2}",
            ours / yardstick
        );
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (start, scope) = (Instant::now(), user(1, 0).scope());
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..1_000 {
                        black_box(store.unit(&[scope]).await.expect("a unit"));
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        rounds.push(per_second(16_000, start.elapsed()));
    }
    println!(
        "postgres, 16 tasks learning the head: {:.0} units/s",
        median(rounds)
    );
}
