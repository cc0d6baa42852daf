//! The outbox.

use claviger_store::Message;
use claviger_store::testing::TestDatabase;

use crate::estate::{World, now, on_both, scope, user};

on_both! {
    a_message_leaves_with_its_commit,
    a_message_goes_to_one_deliverer_at_a_time,
    a_message_that_nobody_delivers_is_forgotten_after_thirty_days,
}

fn message(id: &str) -> Message {
    Message {
        id: id.to_owned(),
        scope: scope(1),
        channel: "email".to_owned(),
        body: serde_json::json!({ "link": "https://example.org/once/0123456789" }),
    }
}

async fn a_message_leaves_with_its_commit(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.put(user(1, "U2", "alice"));
    unit.message(message("m0"));
    assert!(unit.commit().await.is_err());
    assert!(world.store.due(now(), 60, 10).await.unwrap().is_empty());
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.put(user(1, "U2", "bob"));
    unit.message(message("m1"));
    unit.label("CreateUser", now());
    unit.commit().await.unwrap();
    let due = world.store.due(now(), 60, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((&due[0].message, due[0].attempts), (&message("m1"), 1));
    assert!(
        world.store.due(now(), 60, 10).await.unwrap().is_empty(),
        "leased"
    );
    // The deliverer died: after the lease another gets it.
    let again = world
        .store
        .due(now().plus_seconds(60), 60, 10)
        .await
        .unwrap();
    assert_eq!(again[0].attempts, 2);
    // The first one's word no longer counts.
    world
        .store
        .defer(&due[0], now().plus_seconds(600))
        .await
        .unwrap();
    world
        .store
        .defer(&again[0], now().plus_seconds(90))
        .await
        .unwrap();
    assert!(
        world
            .store
            .due(now().plus_seconds(89), 60, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let third = world
        .store
        .due(now().plus_seconds(90), 60, 10)
        .await
        .unwrap();
    world.store.delivered(&third[0]).await.unwrap();
    assert!(
        world
            .store
            .due(now().plus_seconds(9_999), 60, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_message_that_nobody_delivers_is_forgotten_after_thirty_days(database: TestDatabase) {
    const DAY: i64 = 86_400;
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.message(message("left"));
    unit.message(message("tried"));
    unit.label("Invite", now());
    unit.commit().await.unwrap();
    let due = world.store.due(now(), 60, 10).await.unwrap();
    let of = |id: &str| {
        due.iter()
            .find(|delivery| delivery.message.id == id)
            .unwrap()
    };
    world.store.defer(of("left"), now()).await.unwrap();
    world
        .store
        .defer(of("tried"), now().plus_seconds(DAY))
        .await
        .unwrap();
    let later = now().plus_seconds(30 * DAY);
    let left = async |at| {
        world.clock.set(at);
        world.store.forget_overdue().await.unwrap();
        let due = world.store.due(at, 0, 10).await.unwrap();
        for delivery in &due {
            // It is due again as it was.
            let was = if delivery.message.id == "left" {
                now()
            } else {
                now().plus_seconds(DAY)
            };
            world.store.defer(delivery, was).await.unwrap();
        }
        due.len()
    };
    assert_eq!(left(later).await, 2);
    assert_eq!(left(later.plus_seconds(1)).await, 1);
    assert_eq!(left(later.plus_seconds(DAY)).await, 1);
    assert_eq!(left(later.plus_seconds(DAY + 1)).await, 0);
}

async fn a_message_goes_to_one_deliverer_at_a_time(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    for n in 0..40 {
        unit.message(message(&format!("m{n}")));
    }
    unit.label("Invite", now());
    unit.commit().await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.due(now(), 60, 40).await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.extend(
            task.await
                .unwrap()
                .into_iter()
                .map(|delivery| delivery.message.id),
        );
    }
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!((count, ids.len()), (40, 40));
}
