//! Races: whoever wins, the rules hold.

use std::sync::Arc;

use claviger_store::testing::TestDatabase;
use claviger_store::{CommitError, Store};
use tokio::sync::Barrier;

use crate::estate::{
    ATTACHED, Group, MEMBER, Policy, USER_BY_NAME, User, World, account, on_both, persist, rounds,
    scope, user,
};

on_both! {
    sixty_four_writers_on_one_user_never_pass_its_limit,
    parallel_creates_never_pass_a_quota,
    no_member_of_a_deleted_group,
    no_attachment_of_a_deleted_policy,
    one_of_two_names_that_fold_alike,
    one_of_two_accounts_gets_a_global_key,
    no_update_is_lost,
}

/// Adds an access key unless the user has two.
async fn add_key(store: &Store, key: String) -> Result<bool, CommitError> {
    let mut unit = store.unit(&[scope(1)]).await?;
    let mut user = (**unit
        .get::<User>(scope(1), "U1")
        .await?
        .expect("the user is there"))
    .clone();
    if user.keys.len() >= 2 {
        return Ok(false);
    }
    user.keys.push(key);
    unit.put(user);
    unit.commit().await.map(|_| true)
}

async fn sixty_four_writers_on_one_user_never_pass_its_limit(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    for round in 0..rounds().div_ceil(25) {
        let tasks: Vec<_> = (0..64)
            .map(|n| {
                let store = world.store.clone();
                tokio::spawn(async move {
                    persist(|| add_key(&store, format!("AKIA{round}{n}")))
                        .await
                        .unwrap()
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += usize::from(task.await.unwrap());
        }
        assert_eq!(made, 2);
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        let mut user = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
        assert_eq!(user.keys.len(), 2);
        user.keys.clear();
        unit.put(user);
        unit.commit().await.unwrap();
    }
    world.is_sound().await;
}

async fn parallel_creates_never_pass_a_quota(database: TestDatabase) {
    let world = World::new(database).await;
    for round in 0..rounds() {
        let before = round as u64 * 2;
        let tasks: Vec<_> = (0..6)
            .map(|n| {
                let store = world.store.clone();
                tokio::spawn(async move {
                    let mut unit = store.unit(&[scope(1)]).await.unwrap();
                    unit.limit(scope(1), &USER_BY_NAME, b"", before + 2);
                    unit.put(user(
                        1,
                        &format!("U{round}-{n}"),
                        &format!("user{round}-{n}"),
                    ));
                    match unit.commit().await {
                        Ok(_) => true,
                        Err(CommitError::Limit {
                            index: "user_by_name",
                            ..
                        }) => false,
                        // Creates that differ must not make each other conflict.
                        Err(other) => panic!("{other}"),
                    }
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += usize::from(task.await.unwrap());
        }
        assert_eq!(made, 2);
    }
    world.is_sound().await;
}

async fn delete_group(store: &Store) -> Result<bool, CommitError> {
    let mut unit = store.unit(&[scope(1)]).await?;
    if unit.get::<Group>(scope(1), "G").await?.is_none()
        || unit.span(scope(1), &MEMBER, b"G").await?.count > 0
    {
        return Ok(false);
    }
    unit.delete::<Group>(scope(1), "G");
    unit.commit().await.map(|_| true)
}

async fn add_member(store: &Store) -> Result<bool, CommitError> {
    let mut unit = store.unit(&[scope(1)]).await?;
    if unit.get::<Group>(scope(1), "G").await?.is_none() {
        return Ok(false);
    }
    let mut user = (**unit
        .get::<User>(scope(1), "U1")
        .await?
        .expect("the user is there"))
    .clone();
    user.groups = vec!["G".to_owned()];
    unit.put(user);
    unit.commit().await.map(|_| true)
}

async fn delete_policy(store: &Store) -> Result<bool, CommitError> {
    let mut unit = store.unit(&[scope(1)]).await?;
    if unit.get::<Policy>(scope(1), "P").await?.is_none()
        || unit.span(scope(1), &ATTACHED, b"P").await?.count > 0
    {
        return Ok(false);
    }
    unit.delete::<Policy>(scope(1), "P");
    unit.commit().await.map(|_| true)
}

async fn attach(store: &Store) -> Result<bool, CommitError> {
    let mut unit = store.unit(&[scope(1)]).await?;
    if unit.get::<Policy>(scope(1), "P").await?.is_none() {
        return Ok(false);
    }
    let mut user = (**unit
        .get::<User>(scope(1), "U1")
        .await?
        .expect("the user is there"))
    .clone();
    user.policies = vec!["P".to_owned()];
    unit.put(user);
    unit.commit().await.map(|_| true)
}

/// Runs both at one moment, each until it no longer conflicts.
async fn at_once<A, B>(
    store: &Store,
    a: impl Fn(Store) -> A + Send + Sync + 'static,
    b: impl Fn(Store) -> B + Send + Sync + 'static,
) -> (bool, bool)
where
    A: Future<Output = Result<bool, CommitError>> + Send + 'static,
    B: Future<Output = Result<bool, CommitError>> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(2));
    let first = {
        let (gate, store) = (Arc::clone(&gate), store.clone());
        tokio::spawn(async move {
            gate.wait().await;
            persist(|| a(store.clone())).await.unwrap()
        })
    };
    let second = {
        let store = store.clone();
        tokio::spawn(async move {
            gate.wait().await;
            persist(|| b(store.clone())).await.unwrap()
        })
    };
    (first.await.unwrap(), second.await.unwrap())
}

async fn no_member_of_a_deleted_group(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    for _ in 0..rounds() {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        if unit.get::<Group>(scope(1), "G").await.unwrap().is_none() {
            unit.put(Group {
                account: account(1),
                id: "G".to_owned(),
            });
        }
        let mut alice = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
        alice.groups.clear();
        unit.put(alice);
        unit.commit().await.unwrap();
        let (deleted, added) = at_once(
            &world.store,
            |store| async move { delete_group(&store).await },
            |store| async move { add_member(&store).await },
        )
        .await;
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        let members = unit.span(scope(1), &MEMBER, b"G").await.unwrap().count;
        let there = unit.get::<Group>(scope(1), "G").await.unwrap().is_some();
        assert_eq!(
            (there, members),
            if deleted { (false, 0) } else { (true, 1) }
        );
        assert_ne!(deleted, added);
    }
    world.is_sound().await;
}

async fn no_attachment_of_a_deleted_policy(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    for _ in 0..rounds() {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        if unit.get::<Policy>(scope(1), "P").await.unwrap().is_none() {
            unit.put(Policy {
                account: account(1),
                id: "P".to_owned(),
            });
        }
        let mut alice = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
        alice.policies.clear();
        unit.put(alice);
        unit.commit().await.unwrap();
        let (attached, deleted) = at_once(
            &world.store,
            |store| async move { attach(&store).await },
            |store| async move { delete_policy(&store).await },
        )
        .await;
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        let attachments = unit.span(scope(1), &ATTACHED, b"P").await.unwrap().count;
        let there = unit.get::<Policy>(scope(1), "P").await.unwrap().is_some();
        assert_eq!(
            (there, attachments),
            if deleted { (false, 0) } else { (true, 1) }
        );
        assert_ne!(deleted, attached);
    }
    world.is_sound().await;
}

async fn create(
    store: &Store,
    number: u64,
    id: String,
    name: String,
    key: Option<String>,
) -> Result<bool, CommitError> {
    let mut unit = store.unit(&[scope(number)]).await?;
    let mut new = user(number, &id, &name);
    new.keys.extend(key);
    unit.put(new);
    match unit.commit().await {
        Ok(_) => Ok(true),
        Err(CommitError::Taken(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn one_of_two_names_that_fold_alike(database: TestDatabase) {
    let world = World::new(database).await;
    for round in 0..rounds() {
        let (first, second) = at_once(
            &world.store,
            move |store| async move {
                create(&store, 1, format!("A{round}"), format!("Name{round}"), None).await
            },
            move |store| async move {
                create(&store, 1, format!("B{round}"), format!("nAME{round}"), None).await
            },
        )
        .await;
        assert_ne!(first, second, "exactly one wins");
    }
    world.is_sound().await;
}

async fn one_of_two_accounts_gets_a_global_key(database: TestDatabase) {
    let world = World::new(database).await;
    for round in 0..rounds() {
        let (first, second) = at_once(
            &world.store,
            move |store| async move {
                create(
                    &store,
                    1,
                    format!("A{round}"),
                    format!("a{round}"),
                    Some(format!("AKIA{round}")),
                )
                .await
            },
            move |store| async move {
                create(
                    &store,
                    2,
                    format!("B{round}"),
                    format!("b{round}"),
                    Some(format!("AKIA{round}")),
                )
                .await
            },
        )
        .await;
        assert_ne!(first, second, "exactly one wins");
    }
    world.is_sound().await;
}

async fn no_update_is_lost(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let store = world.store.clone();
            tokio::spawn(async move {
                for step in 0..10 {
                    persist(|| async {
                        let mut unit = store.unit(&[scope(1)]).await?;
                        let mut user = (**unit
                            .get::<User>(scope(1), "U1")
                            .await?
                            .expect("the user is there"))
                        .clone();
                        user.note.push_str(&format!("[{n}.{step}]"));
                        unit.put(user);
                        unit.commit().await
                    })
                    .await
                    .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let user = unit.get::<User>(scope(1), "U1").await.unwrap().unwrap();
    for n in 0..16 {
        for step in 0..10 {
            assert_eq!(
                user.note.matches(&format!("[{n}.{step}]")).count(),
                1,
                "{n}.{step}"
            );
        }
    }
}
