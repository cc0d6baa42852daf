//! Marks and tickets.

use claviger_store::testing::TestDatabase;
use claviger_store::{Bucket, CommitError, MarkKey};

use crate::estate::{User, World, event, now, on_both, scope, user};

on_both! {
    a_step_is_used_once,
    one_of_many_wins_a_step,
    a_replayed_mark_undoes_its_commit,
    touched_marks_are_seen_at_once_and_kept,
    touches_only_rise,
    tickets_run_out_and_come_back,
    a_ticket_that_is_given_back_counts_only_in_its_own_window,
    parallel_attempts_get_no_more_tickets_than_there_are,
    a_clock_set_back_locks_nobody_out_for_long,
}

fn totp() -> MarkKey {
    MarkKey::new(scope(1), "totp", "device")
}

async fn a_step_is_used_once(database: TestDatabase) {
    let world = World::new(database).await;
    for (step, works) in [(5, true), (5, false), (4, false), (6, true)] {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        unit.advance(totp(), step);
        match unit.commit().await {
            Ok(_) => assert!(works, "{step}"),
            Err(CommitError::Replayed(mark)) => assert!(!works && mark == totp(), "{step}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(world.store.mark(&totp()).await.unwrap().unwrap().value, 6);
}

async fn one_of_many_wins_a_step(database: TestDatabase) {
    let world = World::new(database).await;
    for step in 1..=5 {
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let store = world.store.clone();
                tokio::spawn(async move {
                    let mut unit = store.unit(&[scope(1)]).await.unwrap();
                    unit.advance(totp(), step);
                    unit.commit().await
                })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => won += 1,
                Err(CommitError::Replayed(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
    }
}

async fn a_replayed_mark_undoes_its_commit(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.advance(totp(), 9);
    unit.commit().await.unwrap();
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.advance(MarkKey::new(scope(1), "totp", "another"), 1);
    unit.advance(totp(), 9);
    unit.put(user(1, "U1", "alice"));
    unit.event(event(1, "e1", 0, "EnableMFADevice", "alice"));
    assert!(matches!(unit.commit().await, Err(CommitError::Replayed(_))));
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert!(unit.get::<User>(scope(1), "U1").await.unwrap().is_none());
    assert!(
        world
            .store
            .mark(&MarkKey::new(scope(1), "totp", "another"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        world
            .store
            .events(
                scope(1),
                &claviger_store::EventQuery {
                    limit: 9,
                    ..Default::default()
                }
            )
            .await
            .unwrap()
            .events
            .is_empty()
    );
}

async fn touched_marks_are_seen_at_once_and_kept(database: TestDatabase) {
    let world = World::new(database).await;
    let key = |id: &str| MarkKey::new(scope(1), "used", id);
    world.store.touch(key("U1/A"), 10, "eu-central-1 iam");
    world.store.touch(key("U1/B"), 11, "");
    world.store.touch(key("U2/A"), 12, "");
    world
        .store
        .touch(MarkKey::new(scope(1), "other", "U1/C"), 13, "");
    let mark = world.store.mark(&key("U1/A")).await.unwrap().unwrap();
    assert_eq!((mark.value, mark.detail.as_str()), (10, "eu-central-1 iam"));
    let listed = world.store.marks(scope(1), "used", "U1/").await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|(id, mark)| (id.as_str(), mark.value))
            .collect::<Vec<_>>(),
        [("U1/A", 10), ("U1/B", 11)]
    );
    world.store.clone().close().await.unwrap();
    let store = world.again(2).await;
    store.touch(key("U1/B"), 20, "later");
    let listed = store.marks(scope(1), "used", "U1/").await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|(id, mark)| (id.as_str(), mark.value))
            .collect::<Vec<_>>(),
        [("U1/A", 10), ("U1/B", 20)]
    );
    assert_eq!(store.marks(scope(1), "used", "").await.unwrap().len(), 3);
    let some = [key("U2/A"), key("U9/A"), key("U1/B")];
    let of = store.marks_of(&some).await.unwrap();
    let values: Vec<_> = of
        .iter()
        .map(|mark| mark.as_ref().map(|mark| mark.value))
        .collect();
    assert_eq!(values, [Some(12), None, Some(20)]);
    assert_eq!(store.marks(scope(2), "used", "").await.unwrap().len(), 0);
    // Within about a second they are in the database by themselves.
    let other = if world.database.url().is_some() {
        world.again(3).await
    } else {
        store.clone()
    };
    for _ in 0..100 {
        if other
            .mark(&key("U1/B"))
            .await
            .unwrap()
            .is_some_and(|mark| mark.value == 20)
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the mark was not flushed");
}

async fn touches_only_rise(database: TestDatabase) {
    let world = World::new(database).await;
    let key = MarkKey::new(scope(1), "used", "K");
    world.store.touch(key.clone(), 10, "ten");
    world.store.touch(key.clone(), 5, "five");
    assert_eq!(world.store.mark(&key).await.unwrap().unwrap().detail, "ten");
    world.store.clone().close().await.unwrap();
    let store = world.again(2).await;
    store.touch(key.clone(), 7, "seven");
    store.clone().close().await.unwrap();
    let store = world.again(3).await;
    assert_eq!(store.mark(&key).await.unwrap().unwrap().detail, "ten");
}

async fn tickets_run_out_and_come_back(database: TestDatabase) {
    let world = World::new(database).await;
    let bucket = Bucket::new(scope(1), "password", "U1");
    for (seconds, granted) in [
        (0, true),
        (1, true),
        (2, true),
        (3, false),
        (59, false),
        (60, true),
        (61, true),
        (62, true),
        (63, false),
    ] {
        let at = now().plus_seconds(seconds);
        assert_eq!(
            world.store.take(&bucket, 3, 60, at).await.unwrap(),
            granted,
            "at {seconds} s"
        );
    }
    let tickets = world
        .store
        .tickets(&bucket, now().plus_seconds(63))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (tickets.count, tickets.opened, tickets.closes),
        (3, now().plus_seconds(60), now().plus_seconds(120))
    );
    assert!(
        world
            .store
            .tickets(&bucket, now().plus_seconds(120))
            .await
            .unwrap()
            .is_none()
    );
    // A restart gives nothing back.
    world.store.clone().close().await.unwrap();
    let store = world.again(2).await;
    assert!(
        !store
            .take(&bucket, 3, 60, now().plus_seconds(64))
            .await
            .unwrap()
    );
    assert!(
        store
            .take(&Bucket::new(scope(1), "password", "U2"), 3, 60, now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .take(&Bucket::new(scope(1), "password", "U3"), 0, 60, now())
            .await
            .unwrap()
    );
    store.refill(&bucket).await.unwrap();
    assert!(
        store
            .take(&bucket, 3, 60, now().plus_seconds(65))
            .await
            .unwrap()
    );
}

async fn a_ticket_that_is_given_back_counts_only_in_its_own_window(database: TestDatabase) {
    let world = World::new(database).await;
    let store = &world.store;
    let bucket = Bucket::new(scope(1), "password", "U1");
    // Of what was never taken nothing comes back.
    store.give_back(&bucket, now()).await.unwrap();
    for seconds in 0..3 {
        let at = now().plus_seconds(seconds);
        assert!(store.take(&bucket, 3, 60, at).await.unwrap());
    }
    let full = now().plus_seconds(3);
    assert!(!store.take(&bucket, 3, 60, full).await.unwrap());
    store.give_back(&bucket, full).await.unwrap();
    assert!(store.take(&bucket, 3, 60, full).await.unwrap());
    assert!(!store.take(&bucket, 3, 60, full).await.unwrap());
    // One that was taken in a window that is over makes no room in the next.
    let next = now().plus_seconds(60);
    for _ in 0..3 {
        assert!(store.take(&bucket, 3, 60, next).await.unwrap());
    }
    store.give_back(&bucket, full).await.unwrap();
    assert!(!store.take(&bucket, 3, 60, next).await.unwrap());
    // More than were taken are never there.
    for _ in 0..9 {
        store.give_back(&bucket, next).await.unwrap();
    }
    for left in [true, true, true, false] {
        assert_eq!(store.take(&bucket, 3, 60, next).await.unwrap(), left);
    }
}

async fn parallel_attempts_get_no_more_tickets_than_there_are(database: TestDatabase) {
    let world = World::new(database).await;
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move {
                store
                    .take(&Bucket::new(scope(1), "password", "U1"), 5, 900, now())
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += u32::from(task.await.unwrap());
    }
    assert_eq!(granted, 5);
}

async fn a_clock_set_back_locks_nobody_out_for_long(database: TestDatabase) {
    let world = World::new(database).await;
    let bucket = Bucket::new(scope(1), "password", "U1");
    assert!(world.store.take(&bucket, 1, 60, now()).await.unwrap());
    // Nodes' clocks differ a little: that opens no new window.
    assert!(
        !world
            .store
            .take(&bucket, 1, 60, now().plus_seconds(-30))
            .await
            .unwrap()
    );
    assert!(
        world
            .store
            .take(&bucket, 1, 60, now().plus_seconds(-86_400))
            .await
            .unwrap()
    );
}
