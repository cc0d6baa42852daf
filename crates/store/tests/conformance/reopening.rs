//! Closing, opening again, and refusing to open.

use claviger_model::Secret;
use claviger_store::testing::TestDatabase;
use claviger_store::{Database, OpenError, Options, Store, StoreError};

use crate::estate::{USER_BY_NAME, User, World, on_both, rng, scope, user};

on_both! { what_was_committed_is_there_after_reopening, a_newer_schema_is_refused, a_closed_store_says_so, readiness_is_a_write }

async fn what_was_committed_is_there_after_reopening(database: TestDatabase) {
    let world = World::new(database).await;
    for n in 0..10 {
        world
            .add(user(1, &format!("U{n}"), &format!("user{n}")))
            .await;
    }
    world.store.clone().close().await.unwrap();
    let store = world.again(2).await;
    let mut unit = store.unit(&[scope(1)]).await.unwrap();
    for n in 0..10 {
        let found = unit
            .find::<User>(scope(1), &USER_BY_NAME, format!("user{n}").as_bytes())
            .await
            .unwrap();
        assert_eq!(found.unwrap().id, format!("U{n}"));
    }
    // Sequences go on where they were.
    let mut unit = store.unit(&[scope(1)]).await.unwrap();
    unit.put(user(1, "U10", "user10"));
    assert_eq!(unit.commit().await.unwrap().number(), 11);
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
}

async fn a_newer_schema_is_refused(database: TestDatabase) {
    let world = World::new(database).await;
    world.store.clone().close().await.unwrap();
    let newer = "INSERT INTO schema_version (version, applied) VALUES (99, 0)";
    if let Some(url) = world.database.url() {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client.batch_execute(newer).await.unwrap();
    } else {
        let path = world.database.directory().unwrap().join("data/claviger.db");
        rusqlite::Connection::open(path)
            .unwrap()
            .execute_batch(newer)
            .unwrap();
    }
    let refused = world
        .database
        .open(world.clock.clone(), rng(2))
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        OpenError::NewerSchema {
            found: 99,
            known: 2
        }
    ));
    assert!(refused.to_string().contains("newer version"), "{refused}");
}

async fn a_closed_store_says_so(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.put(user(1, "U1", "alice"));
    world.store.clone().close().await.unwrap();
    assert!(unit.commit().await.is_err());
    assert!(matches!(
        world.store.unit(&[scope(1)]).await,
        Err(StoreError::Closed)
    ));
    assert!(!world.store.is_writable().await);
    world.store.clone().close().await.unwrap();
}

async fn readiness_is_a_write(database: TestDatabase) {
    let world = World::new(database).await;
    for _ in 0..2 {
        assert!(world.store.is_writable().await);
        world.clock.advance_seconds(1);
    }
}

#[tokio::test]
async fn a_data_directory_is_open_once() {
    let world = World::new(TestDatabase::sqlite().unwrap()).await;
    let refused = world.database.open(world.clock.clone(), rng(2)).await;
    assert!(matches!(refused, Err(OpenError::InUse(_))));
    world.store.clone().close().await.unwrap();
    world.again(3).await;
}

#[cfg(unix)]
#[tokio::test]
async fn data_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new(TestDatabase::sqlite().unwrap()).await;
    world.add(user(1, "U1", "alice")).await;
    let directory = world.database.directory().unwrap().join("data");
    assert_eq!(
        std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let mut files = 0;
    for file in std::fs::read_dir(&directory).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{:?}",
            file.path()
        );
        files += 1;
    }
    assert!(files >= 3);
}

#[tokio::test]
async fn a_database_over_the_open_network_is_refused() {
    let options = |url: &str| {
        let clock =
            std::sync::Arc::new(claviger_store::testing::SetClock::at(crate::estate::now()));
        Options::new(
            Database::Postgres(Secret::new(url.to_owned())),
            Secret::new([7; 32]),
            clock,
            rng(1),
        )
    };
    for url in [
        "postgres://claviger@db.example.org/claviger",
        "postgres://claviger@192.0.2.1/claviger?sslmode=require",
    ] {
        assert!(
            matches!(Store::open(options(url)).await, Err(OpenError::Insecure(_))),
            "{url}"
        );
    }
    assert!(matches!(
        Store::open(options("mysql://x")).await,
        Err(OpenError::Address(_))
    ));
}

/// The disk fills up during writes and is freed again: what fails fails whole, reads go on, and writes come back without
/// a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a file system of a few MiB in CLAVIGER_SMALL_DISK: mount -t tmpfs -o size=6m tmpfs DIRECTORY"]
async fn a_full_disk_loses_nothing_acknowledged() {
    let disk =
        std::path::PathBuf::from(std::env::var_os("CLAVIGER_SMALL_DISK").expect("a small disk"));
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let clock = std::sync::Arc::new(claviger_store::testing::SetClock::at(crate::estate::now()));
    let options = || {
        let database = Database::Sqlite(disk.join("data"));
        Options::new(database, Secret::new([7; 32]), clock.clone(), rng(1))
    };
    let store = Store::open(options()).await.unwrap();
    let create = async |n: u32| {
        let mut unit = store.unit(&[scope(1)]).await?;
        let mut one = user(1, &format!("U{n}"), &format!("user{n}"));
        one.note = "n".repeat(2_000);
        unit.put(one);
        unit.commit().await
    };
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for n in 0..100_000 {
        match create(n).await {
            Ok(_) => acknowledged.push(n),
            Err(_) => refused += 1,
        }
        if refused == 20 {
            break;
        }
    }
    assert_eq!(refused, 20, "the disk was never full");
    let read_all = async |store: &Store, acknowledged: &[u32]| {
        let mut unit = store.unit(&[scope(1)]).await.unwrap();
        for n in acknowledged {
            let there = unit.get::<User>(scope(1), &format!("U{n}")).await.unwrap();
            assert!(there.is_some(), "U{n} was acknowledged");
        }
    };
    read_all(&store, &acknowledged).await;
    std::fs::remove_file(&ballast).unwrap();
    for n in 200_000..200_020 {
        create(n).await.unwrap();
        acknowledged.push(n);
    }
    assert!(store.is_writable().await);
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
    store.clone().close().await.unwrap();
    let store = Store::open(options()).await.unwrap();
    read_all(&store, &acknowledged).await;
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
}
