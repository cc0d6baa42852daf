//! What one commit promises.

use claviger_store::testing::TestDatabase;
use claviger_store::{CommitError, Scope, Sequence, Span};

use crate::estate::{
    ACCESS_KEY, EVERYBODY, Group, MEMBER, USER_BY_NAME, User, World, account, event, now, on_both,
    scope, user,
};

on_both! {
    a_record_comes_back_as_it_was_put,
    a_unit_sees_its_own_writes,
    a_stale_unit_conflicts_and_writes_nothing,
    absence_is_an_expectation,
    an_unread_put_is_a_creation,
    a_key_is_taken_once,
    keys_change_hands_within_one_commit,
    a_global_key_is_taken_across_accounts,
    a_limit_counts_what_will_be,
    a_span_tells_count_and_change,
    a_deleted_record_leaves_nothing_behind,
    a_commit_to_several_scopes_is_one,
    a_conflict_outweighs_a_refusal,
    a_unit_that_wants_nothing_does_nothing,
    a_derived_value_lives_as_long_as_its_revision,
    history_keeps_every_state,
    a_refused_commit_leaves_its_batch_alone,
    an_operation_survives_its_caller,
    one_commits_trouble_stays_its_own,
    what_is_not_kept_is_refused,
}

async fn a_record_comes_back_as_it_was_put(database: TestDatabase) {
    let world = World::new(database).await;
    let mut alice = user(1, "U1", "Alice");
    alice.note = "zero byte \0, quote ', ☃".to_owned();
    world.add(alice.clone()).await;
    for store in [&world.store] {
        let mut unit = store.unit(&[scope(1)]).await.unwrap();
        let read = unit.get::<User>(scope(1), "U1").await.unwrap().unwrap();
        assert_eq!(**read, alice);
        assert_eq!(read.revision(), Sequence::from_number(1));
        let found = unit
            .find::<User>(scope(1), &USER_BY_NAME, b"alice")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.id, "U1");
        assert!(unit.get::<User>(scope(2), "U1").await.unwrap().is_none());
        assert!(unit.get::<User>(scope(1), "U1\0").await.unwrap().is_none());
        assert!(
            unit.find::<User>(scope(1), &USER_BY_NAME, b"Alice")
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            unit.find::<Group>(scope(1), &USER_BY_NAME, b"alice")
                .await
                .unwrap()
                .is_none()
        );
        let target = unit
            .target(scope(1), &USER_BY_NAME, b"alice")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (target.kind.as_str(), target.id.as_str(), target.scope),
            ("user", "U1", scope(1))
        );
    }
    world.is_sound().await;
}

async fn a_unit_sees_its_own_writes(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let read = unit.get::<User>(scope(1), "U1").await.unwrap().unwrap();
    let mut renamed = (**read).clone();
    renamed.name = "bob".to_owned();
    unit.put(renamed);
    assert_eq!(
        unit.get::<User>(scope(1), "U1")
            .await
            .unwrap()
            .unwrap()
            .name,
        "bob"
    );
    assert!(
        unit.find::<User>(scope(1), &USER_BY_NAME, b"bob")
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        unit.find::<User>(scope(1), &USER_BY_NAME, b"alice")
            .await
            .unwrap()
            .is_none()
    );
    unit.delete::<User>(scope(1), "U1");
    assert!(unit.get::<User>(scope(1), "U1").await.unwrap().is_none());
    assert!(
        unit.find::<User>(scope(1), &USER_BY_NAME, b"bob")
            .await
            .unwrap()
            .is_none()
    );
    drop(unit);
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(
        unit.get::<User>(scope(1), "U1")
            .await
            .unwrap()
            .unwrap()
            .name,
        "alice"
    );
}

async fn a_stale_unit_conflicts_and_writes_nothing(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    let mut late = world.store.unit(&[scope(1)]).await.unwrap();
    let read = late.get::<User>(scope(1), "U1").await.unwrap().unwrap();
    let mut early = world.store.unit(&[scope(1)]).await.unwrap();
    let mut changed = (**early.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
    changed.note = "early".to_owned();
    early.put(changed);
    early.commit().await.unwrap();
    let mut changed = (**read).clone();
    changed.note = "late".to_owned();
    late.put(changed);
    late.put(user(1, "U2", "bob"));
    assert!(matches!(late.commit().await, Err(CommitError::Conflict)));
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(
        unit.get::<User>(scope(1), "U1")
            .await
            .unwrap()
            .unwrap()
            .note,
        "early"
    );
    assert!(unit.get::<User>(scope(1), "U2").await.unwrap().is_none());
    assert!(
        unit.find::<User>(scope(1), &USER_BY_NAME, b"bob")
            .await
            .unwrap()
            .is_none()
    );
    world.is_sound().await;
}

async fn absence_is_an_expectation(database: TestDatabase) {
    let world = World::new(database).await;
    for by_name in [false, true] {
        let (id, name) = if by_name {
            ("U2", "bob")
        } else {
            ("U1", "alice")
        };
        let mut late = world.store.unit(&[scope(1)]).await.unwrap();
        if by_name {
            assert!(
                late.find::<User>(scope(1), &USER_BY_NAME, name.as_bytes())
                    .await
                    .unwrap()
                    .is_none()
            );
        } else {
            assert!(late.get::<User>(scope(1), id).await.unwrap().is_none());
        }
        world.add(user(1, id, name)).await;
        late.put(Group {
            account: account(1),
            id: "G1".to_owned(),
        });
        assert!(matches!(late.commit().await, Err(CommitError::Conflict)));
    }
}

async fn an_unread_put_is_a_creation(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.put(user(1, "U1", "mallory"));
    assert!(matches!(unit.commit().await, Err(CommitError::Conflict)));
}

async fn a_key_is_taken_once(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "Alice")).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.put(user(1, "U2", "aLICE"));
    assert!(matches!(
        unit.commit().await,
        Err(CommitError::Taken("user_by_name"))
    ));
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.put(user(1, "U3", "carol"));
    unit.put(user(1, "U4", "Carol"));
    assert!(matches!(
        unit.commit().await,
        Err(CommitError::Taken("user_by_name"))
    ));
    world.add(user(2, "U2", "alice")).await;
    world.is_sound().await;
}

async fn keys_change_hands_within_one_commit(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    world.add(user(1, "U2", "bob")).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    for (id, name) in [("U1", "bob"), ("U2", "alice")] {
        let mut swapped = (**unit.get::<User>(scope(1), id).await.unwrap().unwrap()).clone();
        swapped.name = name.to_owned();
        unit.put(swapped);
    }
    unit.commit().await.unwrap();
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(
        unit.find::<User>(scope(1), &USER_BY_NAME, b"alice")
            .await
            .unwrap()
            .unwrap()
            .id,
        "U2"
    );
    assert_eq!(
        unit.find::<User>(scope(1), &USER_BY_NAME, b"bob")
            .await
            .unwrap()
            .unwrap()
            .id,
        "U1"
    );
    assert_eq!(
        unit.span(scope(1), &USER_BY_NAME, b"").await.unwrap().count,
        2
    );
    world.is_sound().await;
}

async fn a_global_key_is_taken_across_accounts(database: TestDatabase) {
    let world = World::new(database).await;
    let mut alice = user(1, "U1", "alice");
    alice.keys = vec!["AKIA1".to_owned()];
    alice.public = true;
    world.add(alice).await;
    let mut bob = user(2, "U2", "bob");
    bob.keys = vec!["AKIA1".to_owned()];
    let mut unit = world.store.unit(&[scope(2)]).await.unwrap();
    unit.put(bob.clone());
    assert!(matches!(
        unit.commit().await,
        Err(CommitError::Taken("access_key"))
    ));
    bob.keys = vec!["AKIA2".to_owned()];
    bob.public = true;
    world.add(bob).await;
    let mut unit = world.store.unit(&[scope(2)]).await.unwrap();
    for _ in 0..2 {
        let found = unit
            .find::<User>(Scope::Global, &ACCESS_KEY, b"AKIA1")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.id.as_str(), found.account), ("U1", account(1)));
    }
    assert_eq!(unit.count(Scope::Global, &EVERYBODY, b"").await.unwrap(), 2);
    // The key goes, and with it what the cache knew.
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let mut alice = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
    alice.keys.clear();
    unit.put(alice);
    unit.commit().await.unwrap();
    let mut unit = world.store.unit(&[scope(2)]).await.unwrap();
    assert!(
        unit.find::<User>(Scope::Global, &ACCESS_KEY, b"AKIA1")
            .await
            .unwrap()
            .is_none()
    );
    world.is_sound().await;
}

async fn a_limit_counts_what_will_be(database: TestDatabase) {
    let world = World::new(database).await;
    for n in 0..3 {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        unit.limit(scope(1), &USER_BY_NAME, b"", 2);
        unit.put(user(1, &format!("U{n}"), &format!("user{n}")));
        match unit.commit().await {
            Ok(_) => assert!(n < 2),
            Err(CommitError::Limit { index, max }) => {
                assert_eq!((n, index, max), (2, "user_by_name", 2))
            }
            Err(other) => panic!("{other}"),
        }
    }
    // Beneath a lowered limit, what does not add passes; one that goes makes room for one that comes.
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.limit(scope(1), &USER_BY_NAME, b"", 1);
    let mut renamed = (**unit.get::<User>(scope(1), "U0").await.unwrap().unwrap()).clone();
    renamed.name = "renamed".to_owned();
    unit.put(renamed);
    unit.commit().await.unwrap();
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.limit(scope(1), &USER_BY_NAME, b"", 2);
    unit.delete::<User>(scope(1), "U0");
    unit.put(user(1, "U9", "nine"));
    unit.commit().await.unwrap();
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(unit.count(scope(1), &USER_BY_NAME, b"").await.unwrap(), 2);
    world.is_sound().await;
}

async fn a_span_tells_count_and_change(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(
        unit.span(scope(1), &MEMBER, b"G1").await.unwrap(),
        Span::default()
    );
    let mut alice = user(1, "U1", "alice");
    alice.groups = vec!["G1".to_owned()];
    world.add(alice).await;
    unit.put(user(1, "U2", "bob"));
    assert!(
        matches!(unit.commit().await, Err(CommitError::Conflict)),
        "the group is no longer empty"
    );
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let span = unit.span(scope(1), &MEMBER, b"G1").await.unwrap();
    assert_eq!((span.count, span.changed.number()), (1, 1));
    // A change elsewhere in the account leaves the span, and who expects it, alone.
    world.add(user(1, "U3", "carol")).await;
    unit.put(user(1, "U4", "dave"));
    unit.commit().await.unwrap();
    world.is_sound().await;
}

async fn a_deleted_record_leaves_nothing_behind(database: TestDatabase) {
    let world = World::new(database).await;
    let mut alice = user(1, "U1", "alice");
    alice.groups = vec!["G1".to_owned()];
    alice.keys = vec!["AKIA1".to_owned()];
    world.add(alice).await;
    for read_before in [true, false] {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        if read_before {
            unit.get::<User>(scope(1), "U1").await.unwrap();
        }
        unit.delete::<User>(scope(1), "U1");
        unit.commit().await.unwrap();
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        assert!(unit.get::<User>(scope(1), "U1").await.unwrap().is_none());
        assert!(
            unit.find::<User>(scope(1), &USER_BY_NAME, b"alice")
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            unit.find::<User>(Scope::Global, &ACCESS_KEY, b"AKIA1")
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(unit.span(scope(1), &MEMBER, b"G1").await.unwrap().count, 0);
        world.is_sound().await;
        world.add(user(1, "U1", "alice")).await;
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.delete::<User>(scope(1), "nobody");
    assert_eq!(unit.commit().await.unwrap(), Sequence::START);
}

async fn a_commit_to_several_scopes_is_one(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(2, "U0", "alice")).await;
    let mut unit = world.store.unit(&[scope(1), scope(2)]).await.unwrap();
    unit.put(user(1, "U1", "alice"));
    unit.put(user(2, "U2", "alice"));
    assert!(matches!(unit.commit().await, Err(CommitError::Taken(_))));
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert!(unit.get::<User>(scope(1), "U1").await.unwrap().is_none());
    let mut unit = world.store.unit(&[scope(1), scope(2)]).await.unwrap();
    unit.put(user(1, "U1", "alice"));
    unit.put(user(2, "U2", "bob"));
    assert_eq!(unit.commit().await.unwrap().number(), 1);
    assert_eq!(
        world
            .store
            .changes(scope(1), Sequence::START, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        world
            .store
            .changes(scope(2), Sequence::START, 10)
            .await
            .unwrap()
            .len(),
        2
    );
    world.is_sound().await;
}

async fn a_conflict_outweighs_a_refusal(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert!(
        unit.find::<User>(scope(1), &USER_BY_NAME, b"alice")
            .await
            .unwrap()
            .is_none()
    );
    world.add(user(1, "U1", "alice")).await;
    unit.put(user(1, "U2", "alice"));
    unit.limit(scope(1), &USER_BY_NAME, b"", 0);
    assert!(matches!(unit.commit().await, Err(CommitError::Conflict)));
}

async fn a_unit_that_wants_nothing_does_nothing(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert!(unit.get::<User>(scope(1), "U1").await.unwrap().is_none());
    world.add(user(1, "U1", "alice")).await;
    unit.label("ListUsers", now());
    assert_eq!(unit.commit().await.unwrap(), Sequence::START);
}

async fn a_derived_value_lives_as_long_as_its_revision(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    for note in ["first", "second"] {
        let mut made = 0;
        for _ in 0..3 {
            let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
            let read = unit.get::<User>(scope(1), "U1").await.unwrap().unwrap();
            let length = read.derived(|user| {
                made += 1;
                user.note.len()
            });
            let shout = read.derived(|user| user.note.to_uppercase());
            assert_eq!(
                (*length, shout.as_str()),
                (read.note.len(), read.note.to_uppercase().as_str())
            );
        }
        assert_eq!(made, 1, "before `{note}`");
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        let mut changed = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
        changed.note = note.to_owned();
        unit.put(changed);
        unit.commit().await.unwrap();
    }
}

async fn history_keeps_every_state(database: TestDatabase) {
    let world = World::new(database).await;
    for (step, name) in ["alice", "bob"].into_iter().enumerate() {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        unit.label("UpdateUser", now().plus_seconds(step as i64));
        unit.get::<User>(scope(1), "U1").await.unwrap();
        unit.put(user(1, "U1", name));
        unit.commit().await.unwrap();
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.label("DeleteUser", now().plus_seconds(9));
    unit.delete::<User>(scope(1), "U1");
    unit.commit().await.unwrap();
    let past = world
        .store
        .history::<User>(scope(1), "U1", 10)
        .await
        .unwrap();
    let told: Vec<_> = past
        .iter()
        .map(|past| {
            (
                past.sequence.number(),
                past.operation.as_str(),
                past.record.as_ref().map(|user| user.name.as_str()),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (3, "DeleteUser", None),
            (2, "UpdateUser", Some("bob")),
            (1, "UpdateUser", Some("alice"))
        ]
    );
    assert_eq!(past[1].time, now().plus_seconds(1));
    assert_eq!(
        world
            .store
            .history::<User>(scope(1), "U1", 1)
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn a_refused_commit_leaves_its_batch_alone(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U", "alice")).await;
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = world.store.clone();
            tokio::spawn(async move {
                let name = if n % 2 == 0 {
                    "alice".to_owned()
                } else {
                    format!("user{n}")
                };
                let mut unit = store.unit(&[scope(1)]).await.unwrap();
                unit.put(user(1, &format!("U{n}"), &name));
                (n, unit.commit().await)
            })
        })
        .collect();
    for task in tasks {
        match task.await.unwrap() {
            (n, Ok(_)) => assert_eq!(n % 2, 1),
            (n, Err(CommitError::Taken("user_by_name"))) => assert_eq!(n % 2, 0),
            (n, Err(other)) => panic!("{n}: {other}"),
        }
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(unit.count(scope(1), &USER_BY_NAME, b"").await.unwrap(), 33);
    world.is_sound().await;
}

async fn an_operation_survives_its_caller(database: TestDatabase) {
    let world = World::new(database).await;
    for n in 0..40 {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        unit.put(user(1, &format!("U{n}"), &format!("user{n}")));
        let commit = tokio::spawn(unit.commit());
        if n % 2 == 0 {
            tokio::task::yield_now().await;
        }
        commit.abort();
        let _ = commit.await;
    }
    // Whatever was under way has ended whole, and the store goes on.
    world.add(user(1, "last", "last")).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    world.is_sound().await;
}

/// Something in the database is broken that only some commits need: those fail, and no other is harmed.
async fn one_commits_trouble_stays_its_own(database: TestDatabase) {
    let world = World::new(database).await;
    let broken = "DROP TABLE outbox";
    if let Some(url) = world.database.url() {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client.batch_execute(broken).await.unwrap();
    } else {
        let path = world.database.directory().unwrap().join("data/claviger.db");
        rusqlite::Connection::open(path)
            .unwrap()
            .execute_batch(broken)
            .unwrap();
    }
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = world.store.clone();
            tokio::spawn(async move {
                let mut unit = store.unit(&[scope(1)]).await.unwrap();
                unit.put(user(1, &format!("U{n}"), &format!("user{n}")));
                unit.event(event(1, &format!("e{n}"), 0, "CreateUser", "alice"));
                if n % 4 == 0 {
                    unit.message(claviger_store::Message {
                        id: format!("m{n}"),
                        scope: scope(1),
                        channel: "email".to_owned(),
                        body: serde_json::Value::Null,
                    });
                }
                (n, unit.commit().await)
            })
        })
        .collect();
    for task in tasks {
        match task.await.unwrap() {
            (n, Ok(_)) => assert_ne!(n % 4, 0),
            (n, Err(CommitError::Failed(_))) => assert_eq!(n % 4, 0),
            (n, Err(other)) => panic!("{n}: {other}"),
        }
    }
    world.is_sound().await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(unit.count(scope(1), &USER_BY_NAME, b"").await.unwrap(), 48);
    for n in 0..64 {
        let there = unit
            .get::<User>(scope(1), &format!("U{n}"))
            .await
            .unwrap()
            .is_some();
        assert_eq!(there, n % 4 != 0);
    }
    let sequences = world
        .store
        .changes(scope(1), Sequence::START, 1_000)
        .await
        .unwrap();
    let sequences: Vec<_> = sequences
        .iter()
        .map(|change| change.sequence.number())
        .collect();
    assert_eq!(sequences, (1..=48).collect::<Vec<_>>());
}

async fn what_is_not_kept_is_refused(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert!(unit.span(scope(1), &ACCESS_KEY, b"").await.is_err());
    unit.limit(scope(1), &ACCESS_KEY, b"", 5);
    unit.put(user(1, "U1", "alice"));
    assert!(matches!(unit.commit().await, Err(CommitError::Failed(_))));
    for (length, fits) in [(2_048, true), (2_049, false)] {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        let mut long = user(1, &format!("L{length}"), &format!("long{length}"));
        long.keys = vec!["k".repeat(length)];
        unit.put(long);
        assert_eq!(unit.commit().await.is_ok(), fits, "{length}");
    }
    world.is_sound().await;
}
