//! Kills in a write storm: a process of its own writes, says what was acknowledged, and is killed at a random moment.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use claviger_model::Secret;
use claviger_store::testing::{SetClock, TestDatabase};
use claviger_store::{Database, MarkKey, Options, Store};

use crate::estate::{
    ACCESS_KEY, EVERYBODY, Group, USER_BY_NAME, User, World, account, event, now, on_both, rng,
    scope, user,
};

/// Tells the process that it is the one to be killed, and where to write.
const CHILD: &str = "CLAVIGER_STORM_DATABASE";
/// How many tasks write.
const WRITERS: usize = 8;

on_both! { nothing_acknowledged_is_lost_and_nothing_is_half_done }

fn kill_rounds() -> u32 {
    std::env::var("CLAVIGER_KILL_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3)
}

async fn nothing_acknowledged_is_lost_and_nothing_is_half_done(mut database: TestDatabase) {
    let address = match database.database() {
        Database::Sqlite(path) => path.display().to_string(),
        Database::Postgres(url) => url.expose().clone(),
    };
    let chance = rng(u8::try_from(std::process::id() % 251).unwrap());
    let mut acknowledged = Vec::new();
    for round in 0..kill_rounds() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "storm::the_process_that_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(CHILD, &address)
            .env("CLAVIGER_STORM_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            // A line cut by the kill ends in no newline, so it is no acknowledgement.
            let whole = lines
                .split(b'\n')
                .map_while(Result::ok)
                .map(|line| String::from_utf8(line).unwrap());
            whole
                .filter_map(|line| {
                    line.strip_prefix("done ")
                        .and_then(|id| id.strip_suffix('.'))
                        .map(str::to_owned)
                })
                .collect::<Vec<_>>()
        });
        tokio::time::sleep(Duration::from_millis(400 + u64::from(chance.below(600)))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let said = reader.join().unwrap();
        assert!(
            !said.is_empty(),
            "round {round} was killed before it wrote anything"
        );
        acknowledged.extend(said);
        if database.url().is_some() {
            // The server may be finishing what the dead process had sent.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let clock = Arc::new(SetClock::at(now()));
        let store = database.open(clock.clone(), rng(2)).await.unwrap();
        let world = World {
            database,
            clock,
            store,
        };
        check(&world, &acknowledged, round).await;
        world.store.clone().close().await.unwrap();
        database = world.database;
    }
}

async fn check(world: &World, acknowledged: &[String], round: u32) {
    world.is_sound().await;
    let mut unit = world.store.unit(&[scope(1), scope(2)]).await.unwrap();
    for id in acknowledged {
        let one = unit.get::<User>(scope(1), id).await.unwrap();
        assert!(one.is_some(), "{id} was acknowledged and is gone");
        assert!(
            unit.find::<User>(scope(1), &USER_BY_NAME, id.to_lowercase().as_bytes())
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            unit.find::<User>(scope(1), &ACCESS_KEY, id.as_bytes())
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            world
                .store
                .mark(&MarkKey::new(scope(1), "storm", id.as_str()))
                .await
                .unwrap()
                .is_some()
        );
    }
    // Both halves of each commit or none, also of those that were not acknowledged.
    let users = unit
        .page::<User>(
            scope(1),
            &USER_BY_NAME,
            b"",
            b"",
            None,
            usize::MAX >> 1,
            claviger_store::Depends::Nothing,
        )
        .await
        .unwrap();
    assert!(users.items.len() >= acknowledged.len());
    let events = claviger_store::EventQuery {
        limit: usize::MAX >> 1,
        ..Default::default()
    };
    let mut told = std::collections::HashSet::new();
    let mut query = events;
    loop {
        let page = world.store.events(scope(1), &query).await.unwrap();
        told.extend(page.events.into_iter().map(|event| event.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(told.len(), users.items.len(), "events without their change");
    let latest = format!("U{round}-");
    for (_, user) in users
        .items
        .iter()
        .filter(|(_, user)| user.id.starts_with(&latest))
    {
        assert!(
            unit.get::<Group>(scope(2), &user.id)
                .await
                .unwrap()
                .is_some(),
            "{} is half there",
            user.id
        );
        assert!(told.contains(&user.id), "{} has no event", user.id);
        let opened = world
            .store
            .unseal(
                scope(1),
                "user",
                &user.id,
                "secret",
                user.secret.as_ref().unwrap(),
            )
            .await
            .unwrap();
        assert_eq!(opened.expose(), user.id.as_bytes());
    }
    let count = unit
        .count(claviger_store::Scope::Global, &EVERYBODY, b"")
        .await
        .unwrap();
    assert_eq!(count, users.items.len() as u64);
}

/// Not a test: what [`nothing_acknowledged_is_lost_and_nothing_is_half_done`] starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run by another test, in a process of its own"]
async fn the_process_that_is_killed() {
    let Ok(address) = std::env::var(CHILD) else {
        return;
    };
    let round = std::env::var("CLAVIGER_STORM_ROUND").unwrap();
    let database = if address.starts_with("postgres://") {
        Database::Postgres(Secret::new(address))
    } else {
        Database::Sqlite(address.into())
    };
    let clock = Arc::new(SetClock::at(now()));
    let options = Options::new(
        database,
        Secret::new([7; 32]),
        clock,
        rng(u8::try_from(std::process::id() % 251).unwrap()),
    );
    let store = Store::open(options).await.unwrap();
    let tasks: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, round) = (store.clone(), round.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    let id = format!("U{round}-{writer}-{n}");
                    write(&store, &id).await;
                    // One write call, unbuffered: what was said is in the pipe when the kill comes.
                    let line = format!("\ndone {id}.\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                    std::io::stdout().lock().flush().unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn write(store: &Store, id: &str) {
    let mut unit = store.unit(&[scope(1), scope(2)]).await.unwrap();
    let mut one = user(1, id, id);
    one.keys = vec![id.to_owned()];
    one.groups = vec!["G".to_owned()];
    one.public = true;
    one.note = "n".repeat(500);
    one.secret = Some(
        unit.seal(scope(1), "user", id, "secret", id.as_bytes())
            .await
            .unwrap(),
    );
    unit.put(one);
    unit.put(Group {
        account: account(2),
        id: id.to_owned(),
    });
    unit.advance(MarkKey::new(scope(1), "storm", id), 1);
    unit.event(event(1, id, 0, "CreateUser", id));
    unit.commit().await.unwrap();
}
