//! Snapshots, and texts in parts.

use claviger_store::testing::TestDatabase;
use claviger_store::{PartsKey, StoreError};

use crate::estate::{Group, USER_BY_NAME, User, World, account, on_both, scope, user};

on_both! {
    a_snapshot_shows_one_state_whatever_is_committed_meanwhile,
    a_pass_over_a_snapshot_is_in_order_and_whole,
    a_snapshot_of_a_closed_store_is_refused,
    parts_are_kept_until_a_later_text_drops_them,
}

async fn a_snapshot_shows_one_state_whatever_is_committed_meanwhile(database: TestDatabase) {
    let world = World::new(database).await;
    for n in 0..4 {
        world
            .add(user(1, &format!("U{n}"), &format!("user{n}")))
            .await;
    }
    let mut snapshot = world.store.snapshot().await.unwrap();
    // One goes, one comes, and one is renamed past what has been read.
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    for id in ["U0", "U3"] {
        unit.get::<User>(scope(1), id).await.unwrap();
    }
    unit.delete::<User>(scope(1), "U3");
    unit.put(user(1, "U0", "user9"));
    unit.put(user(1, "U5", "user5"));
    unit.commit().await.unwrap();
    let seen = snapshot
        .page::<User>(scope(1), &USER_BY_NAME, b"", b"", 10)
        .await
        .unwrap();
    let names: Vec<_> = seen.iter().map(|(_, user)| user.name.as_str()).collect();
    assert_eq!(names, ["user0", "user1", "user2", "user3"]);
    let gone = snapshot.get::<User>(scope(1), "U3").await.unwrap();
    assert_eq!(gone.map(|user| user.name), Some("user3".to_owned()));
    let fresh = world.store.snapshot().await.unwrap();
    drop(snapshot);
    let mut snapshot = fresh;
    assert_eq!(snapshot.get::<User>(scope(1), "U3").await.unwrap(), None);
    let one = snapshot.get::<User>(scope(1), "U0").await.unwrap();
    assert_eq!(one.map(|user| user.name), Some("user9".to_owned()));
}

async fn a_pass_over_a_snapshot_is_in_order_and_whole(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    for n in 0..57 {
        unit.put(user(1, &format!("U{:02}", 56 - n), &format!("user{n:02}")));
    }
    unit.put(Group {
        account: account(1),
        id: "G".to_owned(),
    });
    unit.commit().await.unwrap();
    world.add(user(2, "other", "other")).await;
    for limit in [1, 7, 57, 58] {
        let mut snapshot = world.store.snapshot().await.unwrap();
        let (mut names, mut after) = (Vec::new(), Vec::new());
        loop {
            let page = snapshot
                .page::<User>(scope(1), &USER_BY_NAME, b"", &after, limit)
                .await
                .unwrap();
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            names.extend(page.into_iter().map(|(_, user)| user.name));
        }
        let all: Vec<_> = (0..57).map(|n| format!("user{n:02}")).collect();
        assert_eq!(names, all, "{limit} at a time");
    }
}

async fn a_snapshot_of_a_closed_store_is_refused(database: TestDatabase) {
    let world = World::new(database).await;
    let store = world.store.clone();
    world.store.close().await.unwrap();
    assert!(matches!(
        store.snapshot().await.err(),
        Some(StoreError::Closed)
    ));
}

async fn parts_are_kept_until_a_later_text_drops_them(database: TestDatabase) {
    let world = World::new(database).await;
    let key = |account, id: &str| PartsKey::new(scope(account), "report", id);
    let store = &world.store;
    for (text, place, bytes) in [
        (key(1, "01"), 0, vec![0, 255, 10]),
        (key(1, "01"), 1, vec![7; 400_000]),
        (key(1, "02"), 0, Vec::new()),
        (key(2, "01"), 0, vec![9]),
    ] {
        store.put_part(&text, place, bytes).await.unwrap();
    }
    let part =
        |account, id, place| async move { store.part(&key(account, id), place).await.unwrap() };
    assert_eq!(part(1, "01", 0).await, Some(vec![0, 255, 10]));
    assert_eq!(part(1, "01", 1).await, Some(vec![7; 400_000]));
    assert_eq!(part(1, "01", 2).await, None);
    assert_eq!(part(1, "02", 0).await, Some(Vec::new()));
    store.drop_parts_before(&key(1, "02")).await.unwrap();
    assert_eq!(part(1, "01", 0).await, None);
    assert_eq!(part(1, "02", 0).await, Some(Vec::new()));
    assert_eq!(part(2, "01", 0).await, Some(vec![9]));
    store.drop_parts(&key(1, "02")).await.unwrap();
    assert_eq!(part(1, "02", 0).await, None);
}
