//! Several nodes on one PostgreSQL database: what one has acknowledged, the others' next units see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use claviger_store::testing::TestDatabase;
use claviger_store::{CommitError, Consistency, Depends, Store};

use crate::estate::{ACCESS_KEY, USER_BY_NAME, User, World, persist, rng, scope, user};

async fn nodes() -> (World, Store) {
    let world = World::new(TestDatabase::postgres().await.unwrap()).await;
    let other = world.again(2).await;
    (world, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_is_seen_by_the_other_nodes_next_unit() {
    let (world, other) = nodes().await;
    let mut alice = user(1, "U1", "alice");
    alice.keys = vec!["AKIA".to_owned()];
    world.add(alice).await;
    for turn in 0..200 {
        let (writer, reader) = if turn % 2 == 0 {
            (&world.store, &other)
        } else {
            (&other, &world.store)
        };
        let mut unit = writer.unit(&[scope(1)]).await.unwrap();
        let mut changed = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
        changed.note = format!("turn {turn}");
        changed.keys = vec![format!("AKIA{turn}")];
        unit.put(changed);
        unit.commit().await.unwrap();
        for _ in 0..2 {
            let mut unit = reader.unit(&[scope(1)]).await.unwrap();
            assert_eq!(
                unit.get::<User>(scope(1), "U1")
                    .await
                    .unwrap()
                    .unwrap()
                    .note,
                format!("turn {turn}")
            );
            // Not named beforehand, and yet as true.
            let mut unit = reader.unit(&[]).await.unwrap();
            let key = format!("AKIA{turn}");
            let found = unit
                .find::<User>(scope(1), &ACCESS_KEY, key.as_bytes())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(found.note, format!("turn {turn}"));
            if turn > 0 {
                let old = format!("AKIA{}", turn - 1);
                assert!(
                    unit.find::<User>(scope(1), &ACCESS_KEY, old.as_bytes())
                        .await
                        .unwrap()
                        .is_none()
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deletion_is_seen_by_the_other_node() {
    let (world, other) = nodes().await;
    for turn in 0..20 {
        world.add(user(1, "U1", "alice")).await;
        let mut unit = other.unit(&[scope(1)]).await.unwrap();
        assert!(
            unit.find::<User>(scope(1), &USER_BY_NAME, b"alice")
                .await
                .unwrap()
                .is_some(),
            "turn {turn}"
        );
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        unit.delete::<User>(scope(1), "U1");
        unit.commit().await.unwrap();
        let mut unit = other.unit(&[scope(1)]).await.unwrap();
        assert!(
            unit.get::<User>(scope(1), "U1").await.unwrap().is_none(),
            "turn {turn}"
        );
        assert!(
            unit.find::<User>(scope(1), &USER_BY_NAME, b"alice")
                .await
                .unwrap()
                .is_none(),
            "turn {turn}"
        );
    }
}

/// Readers on both nodes follow a counter that writers on both nodes raise: no reader may see it below what had been
/// acknowledged when its unit started.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_unit_sees_less_than_was_acknowledged_before_it() {
    let (world, other) = nodes().await;
    world.add(user(1, "U1", "alice")).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let stores = [world.store.clone(), other];
    let writers: Vec<_> = (0..4)
        .map(|n| {
            let (store, acknowledged) = (stores[n % 2].clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for _ in 0..50 {
                    let length = persist(|| async {
                        let mut unit = store.unit(&[scope(1)]).await?;
                        let mut changed =
                            (**unit.get::<User>(scope(1), "U1").await?.expect("is there")).clone();
                        changed.note.push('x');
                        let length = changed.note.len();
                        unit.put(changed);
                        unit.commit().await?;
                        Ok::<_, CommitError>(length)
                    })
                    .await
                    .unwrap();
                    acknowledged.fetch_max(length, Ordering::AcqRel);
                }
            })
        })
        .collect();
    let readers: Vec<_> = (0..8)
        .map(|n| {
            let (store, acknowledged) = (stores[n % 2].clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                loop {
                    let least = acknowledged.load(Ordering::Acquire);
                    let mut unit = store.unit(&[scope(1)]).await.unwrap();
                    let seen = unit
                        .get::<User>(scope(1), "U1")
                        .await
                        .unwrap()
                        .unwrap()
                        .note
                        .len();
                    assert!(seen >= least, "{seen} seen, {least} acknowledged");
                    if seen == 200 {
                        return;
                    }
                }
            })
        })
        .collect();
    for task in writers.into_iter().chain(readers) {
        // A reader that never sees the last write must fail, not hang.
        tokio::time::timeout(Duration::from_secs(120), task)
            .await
            .expect("an end")
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_far_behind_forgets_and_starts_anew() {
    let (world, other) = nodes().await;
    world.add(user(1, "U1", "alice")).await;
    let mut unit = other.unit(&[scope(1)]).await.unwrap();
    unit.get::<User>(scope(1), "U1").await.unwrap().unwrap();
    for batch in 0..6 {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        for n in 0..200 {
            let id = format!("V{batch}-{n}");
            unit.put(user(1, &id, &id));
        }
        unit.commit().await.unwrap();
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let mut changed = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
    changed.note = "changed".to_owned();
    unit.put(changed);
    unit.commit().await.unwrap();
    let mut unit = other.unit(&[scope(1)]).await.unwrap();
    assert_eq!(
        unit.get::<User>(scope(1), "U1")
            .await
            .unwrap()
            .unwrap()
            .note,
        "changed"
    );
    let page = unit
        .page::<User>(
            scope(1),
            &USER_BY_NAME,
            b"",
            b"",
            None,
            5_000,
            Depends::Nothing,
        )
        .await
        .unwrap();
    assert_eq!(page.items.len(), 1_201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dropped_key_is_dropped_on_every_node() {
    let (world, other) = nodes().await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let mut alice = user(1, "U1", "alice");
    let sealed = unit
        .seal(scope(1), "user", "U1", "secret", b"secret")
        .await
        .unwrap();
    alice.secret = Some(sealed.clone());
    unit.put(alice);
    unit.commit().await.unwrap();
    other.unit(&[scope(1)]).await.unwrap();
    other
        .unseal(scope(1), "user", "U1", "secret", &sealed)
        .await
        .unwrap();
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.delete::<User>(scope(1), "U1");
    unit.drop_key(scope(1), "user", "U1");
    unit.commit().await.unwrap();
    other.unit(&[scope(1)]).await.unwrap();
    assert!(
        other
            .unseal(scope(1), "user", "U1", "secret", &sealed)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bounded_consistency_is_bounded() {
    let (world, _) = nodes().await;
    let mut options = world.database.options(world.clock.clone(), rng(5));
    options.consistency = Consistency::Bounded(Duration::from_millis(200));
    let bounded = Store::open(options).await.unwrap();
    world.add(user(1, "U1", "alice")).await;
    let read = async || {
        let mut unit = bounded.unit(&[scope(1)]).await.unwrap();
        let note = unit
            .get::<User>(scope(1), "U1")
            .await
            .unwrap()
            .unwrap()
            .note
            .clone();
        (note, unit)
    };
    read().await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let mut changed = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
    changed.note = "changed".to_owned();
    unit.put(changed);
    unit.commit().await.unwrap();
    // It may be behind, but then it cannot commit on what it has seen.
    let (note, mut unit) = read().await;
    if note.is_empty() {
        unit.put(user(1, "U2", "bob"));
        assert!(matches!(unit.commit().await, Err(CommitError::Conflict)));
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(read().await.0, "changed");
}

/// The server restarts connections under load: what fails fails cleanly, and the store goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn broken_connections_lose_nothing_acknowledged() {
    let world = World::new(TestDatabase::postgres().await.unwrap()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (store, stop, count) = (world.store.clone(), Arc::clone(&stop), Arc::clone(&count));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for n in 0.. {
                    if stop.load(Ordering::Acquire) {
                        break;
                    }
                    let id = format!("U{writer}-{n}");
                    let Ok(mut unit) = store.unit(&[scope(1)]).await else {
                        continue;
                    };
                    unit.put(user(1, &id, &id));
                    if unit.commit().await.is_ok() {
                        acknowledged.push(id);
                        count.fetch_add(1, Ordering::AcqRel);
                    }
                }
                acknowledged
            })
        })
        .collect();
    let (client, connection) =
        tokio_postgres::connect(world.database.url().unwrap(), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    for round in 1..=10 {
        // Kills come while commits are under way, however slow the machine.
        while count.load(Ordering::Acquire) < round * 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        client.batch_execute(kill).await.unwrap();
    }
    while count.load(Ordering::Acquire) < 220 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.store(true, Ordering::Release);
    let mut total = 0;
    for writer in writers {
        for id in writer.await.unwrap() {
            let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
            assert!(
                unit.get::<User>(scope(1), &id).await.unwrap().is_some(),
                "{id} was acknowledged"
            );
            total += 1;
        }
    }
    world.is_sound().await;
    let fresh = world.again(7).await;
    let mut unit = fresh.unit(&[scope(1)]).await.unwrap();
    assert!(unit.count(scope(1), &USER_BY_NAME, b"").await.unwrap() >= total);
}
