//! Views: what was read once holds until any of it changes, and not a moment longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use claviger_store::testing::TestDatabase;
use claviger_store::{CommitError, Store, View};

use crate::estate::{
    ACCESS_KEY, Group, USER_BY_NAME, User, World, account, on_both, persist, scope, user,
};

on_both! {
    a_view_holds_until_one_of_its_records_changes,
    a_view_of_what_is_absent_is_none,
    a_recalled_record_is_expected_at_commit,
    nobody_recalls_what_was_overtaken,
}

fn group(id: &str) -> Group {
    Group {
        account: account(1),
        id: id.to_owned(),
    }
}

/// Writes a group again as it is.
async fn rewrite(world: &World, id: &str) {
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let group = unit.get::<Group>(scope(1), id).await.unwrap().unwrap();
    unit.put((**group).clone());
    unit.commit().await.unwrap();
}

/// Alice and her group, read by a unit of their own.
async fn look(store: &Store) -> View {
    let mut unit = store.unit(&[]).await.unwrap();
    let alice = unit
        .find::<User>(scope(1), &ACCESS_KEY, b"AKIA")
        .await
        .unwrap();
    assert_eq!(alice.unwrap().id, "U1");
    assert!(unit.get::<Group>(scope(1), "G1").await.unwrap().is_some());
    unit.view().unwrap()
}

async fn holds(store: &Store, view: &View) -> bool {
    let mut unit = store.unit(&[]).await.unwrap();
    unit.recall(view).await.unwrap()
}

async fn estate(database: TestDatabase) -> World {
    let world = World::new(database).await;
    let mut alice = user(1, "U1", "alice");
    alice.keys = vec!["AKIA".to_owned()];
    world.add(alice).await;
    world.add(group("G1")).await;
    world.add(group("G2")).await;
    // Where a key leads is asked of the database once, and known from then on.
    look(&world.store).await;
    world
}

async fn a_view_holds_until_one_of_its_records_changes(database: TestDatabase) {
    let world = estate(database).await;
    let view = look(&world.store).await;
    assert!(holds(&world.store, &view).await);
    rewrite(&world, "G2").await;
    assert!(holds(&world.store, &view).await, "another record changed");
    rewrite(&world, "G1").await;
    assert!(!holds(&world.store, &view).await, "the group changed");
    let view = look(&world.store).await;
    assert!(holds(&world.store, &view).await);
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.delete::<User>(scope(1), "U1");
    unit.commit().await.unwrap();
    assert!(!holds(&world.store, &view).await, "alice is gone");
    world.add(user(1, "U1", "alice")).await;
    assert!(!holds(&world.store, &view).await, "another alice");
    world.is_sound().await;
}

async fn a_view_of_what_is_absent_is_none(database: TestDatabase) {
    let world = estate(database).await;
    let mut unit = world.store.unit(&[]).await.unwrap();
    assert!(unit.get::<Group>(scope(1), "G9").await.unwrap().is_none());
    assert!(unit.view().is_none());
    let mut unit = world.store.unit(&[]).await.unwrap();
    let nobody = unit.find::<User>(scope(1), &USER_BY_NAME, b"bob").await;
    assert!(nobody.unwrap().is_none());
    assert!(unit.view().is_none());
}

async fn a_recalled_record_is_expected_at_commit(database: TestDatabase) {
    let world = estate(database).await;
    let view = look(&world.store).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert!(unit.recall(&view).await.unwrap());
    rewrite(&world, "G1").await;
    unit.put(group("G3"));
    assert!(matches!(unit.commit().await, Err(CommitError::Conflict)));
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.get::<Group>(scope(1), "G2").await.unwrap();
    let view = look(&world.store).await;
    assert!(!unit.recall(&view).await.unwrap(), "it has read already");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_by_another_node_ends_a_view() {
    let world = estate(TestDatabase::postgres().await.unwrap()).await;
    let other = world.again(2).await;
    look(&other).await;
    for turn in 0..20 {
        let view = look(&other).await;
        assert!(holds(&other, &view).await, "turn {turn}");
        rewrite(&world, "G1").await;
        assert!(!holds(&other, &view).await, "turn {turn}");
    }
}

/// Readers keep a view as long as they may, while writers change what it is of: no reader may take up less than had
/// been acknowledged before it asked.
async fn nobody_recalls_what_was_overtaken(database: TestDatabase) {
    let world = estate(database).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let recalled = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let store = world.store.clone();
            let (acknowledged, done) = (Arc::clone(&acknowledged), Arc::clone(&done));
            let recalled = Arc::clone(&recalled);
            tokio::spawn(async move {
                let mut kept: Option<View> = None;
                while !done.load(Ordering::Acquire) {
                    let least = acknowledged.load(Ordering::Acquire);
                    let mut unit = store.unit(&[]).await.unwrap();
                    let holds = match &kept {
                        Some(view) => unit.recall(view).await.unwrap(),
                        None => false,
                    };
                    recalled.fetch_add(usize::from(holds), Ordering::Relaxed);
                    let alice = unit.get::<User>(scope(1), "U1").await.unwrap().unwrap();
                    assert!(alice.note.len() >= least, "{} of {least}", alice.note.len());
                    if !holds {
                        kept = unit.view();
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..200 {
        let length = persist(|| async {
            let mut unit = world.store.unit(&[scope(1)]).await?;
            let alice = unit.get::<User>(scope(1), "U1").await?.expect("is there");
            let mut alice = (**alice).clone();
            alice.note.push('x');
            let length = alice.note.len();
            unit.put(alice);
            unit.commit().await?;
            Ok::<_, CommitError>(length)
        })
        .await
        .unwrap();
        acknowledged.fetch_max(length, Ordering::AcqRel);
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(recalled.load(Ordering::Relaxed) > 0);
}
