//! Sealed values, data keys and key rings.

use claviger_model::Secret;
use claviger_store::testing::TestDatabase;
use claviger_store::{Message, OpenError, Store, StoreError};

use crate::estate::{User, World, now, on_both, persist, rng, scope, user};

on_both! {
    a_sealed_value_opens_in_its_place_only,
    a_dropped_key_takes_its_secrets_along,
    one_data_key_for_parallel_sealers,
    a_ring_opens_what_it_has_sealed,
    a_wrong_master_key_is_told_at_once,
    a_former_master_key_still_opens,
}

const PLANTED: &[u8] = b"planted-secret-8d1f0c77a2";

async fn with_secret(world: &World) -> User {
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let mut alice = user(1, "U1", "alice");
    alice.secret = Some(
        unit.seal(scope(1), "user", "U1", "secret", PLANTED)
            .await
            .unwrap(),
    );
    unit.put(alice.clone());
    unit.commit().await.unwrap();
    alice
}

async fn a_sealed_value_opens_in_its_place_only(database: TestDatabase) {
    let world = World::new(database).await;
    let alice = with_secret(&world).await;
    let sealed = alice.secret.as_ref().unwrap();
    let again = || async {
        let store = &world.store;
        let opened = store
            .unseal(scope(1), "user", "U1", "secret", sealed)
            .await
            .unwrap();
        assert_eq!(opened.expose(), PLANTED);
    };
    again().await;
    // The others have keys of their own, so it is not a missing key that refuses them.
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.seal(scope(1), "user", "U2", "secret", b"x")
        .await
        .unwrap();
    unit.seal(scope(1), "role", "U1", "secret", b"x")
        .await
        .unwrap();
    unit.seal(scope(2), "user", "U1", "secret", b"x")
        .await
        .unwrap();
    unit.commit().await.unwrap();
    for (scope, kind, id, field) in [
        (scope(2), "user", "U1", "secret"),
        (scope(1), "role", "U1", "secret"),
        (scope(1), "user", "U2", "secret"),
        (scope(1), "user", "U1", "other"),
    ] {
        let refused = world.store.unseal(scope, kind, id, field, sealed).await;
        assert!(
            matches!(refused, Err(StoreError::Sealed)),
            "{kind} {id} {field}"
        );
    }
    again().await;
    assert!(!format!("{alice:?}").contains("planted"));
}

async fn a_dropped_key_takes_its_secrets_along(database: TestDatabase) {
    let world = World::new(database).await;
    let alice = with_secret(&world).await;
    let sealed = alice.secret.as_ref().unwrap();
    world
        .store
        .unseal(scope(1), "user", "U1", "secret", sealed)
        .await
        .unwrap();
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.delete::<User>(scope(1), "U1");
    unit.drop_key(scope(1), "user", "U1");
    unit.commit().await.unwrap();
    let past = world
        .store
        .history::<User>(scope(1), "U1", 9)
        .await
        .unwrap();
    let old = past[1].record.as_ref().unwrap().secret.as_ref().unwrap();
    let refused = world
        .store
        .unseal(scope(1), "user", "U1", "secret", old)
        .await;
    assert!(matches!(refused, Err(StoreError::Sealed)));
    // A new key under the old name opens the new and not the old.
    let alice = with_secret(&world).await;
    let opened = world
        .store
        .unseal(
            scope(1),
            "user",
            "U1",
            "secret",
            alice.secret.as_ref().unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(opened.expose(), PLANTED);
    let refused = world
        .store
        .unseal(scope(1), "user", "U1", "secret", old)
        .await;
    assert!(matches!(refused, Err(StoreError::Sealed)));
    // Dropped and made anew in one commit.
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.drop_key(scope(1), "user", "U1");
    let mut alice = (**unit.get::<User>(scope(1), "U1").await.unwrap().unwrap()).clone();
    alice.secret = Some(
        unit.seal(scope(1), "user", "U1", "secret", b"new")
            .await
            .unwrap(),
    );
    unit.put(alice.clone());
    unit.commit().await.unwrap();
    let opened = world
        .store
        .unseal(
            scope(1),
            "user",
            "U1",
            "secret",
            alice.secret.as_ref().unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(opened.expose(), b"new");
}

async fn one_data_key_for_parallel_sealers(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let store = world.store.clone();
            tokio::spawn(async move {
                persist(|| async {
                    let mut unit = store.unit(&[scope(1)]).await?;
                    let mut one = user(1, &format!("V{n}"), &format!("v{n}"));
                    let sealed = unit
                        .seal(scope(1), "user", "U1", &format!("f{n}"), &[n])
                        .await?;
                    one.secret = Some(sealed.clone());
                    unit.put(one);
                    unit.commit().await?;
                    Ok(sealed)
                })
                .await
                .unwrap()
            })
        })
        .collect();
    for (n, task) in (0u8..).zip(tasks) {
        let sealed = task.await.unwrap();
        let opened = world
            .store
            .unseal(scope(1), "user", "U1", &format!("f{n}"), &sealed)
            .await
            .unwrap();
        assert_eq!(opened.expose(), &[n]);
    }
}

async fn a_ring_opens_what_it_has_sealed(database: TestDatabase) {
    let world = World::new(database).await;
    let ring = world.store.ring("session").await.unwrap();
    let sealed = ring.seal(b"aad", b"token");
    assert_eq!(ring.open(b"aad", &sealed).unwrap().expose(), b"token");
    assert_ne!(ring.seal(b"aad", b"token"), sealed);
    assert!(ring.open(b"other", &sealed).is_none());
    assert!(
        world
            .store
            .ring("another")
            .await
            .unwrap()
            .open(b"aad", &sealed)
            .is_none()
    );
    for at in 0..sealed.len() {
        let mut broken = sealed.clone();
        broken[at] ^= 1;
        assert!(ring.open(b"aad", &broken).is_none());
        assert!(ring.open(b"aad", &sealed[..at]).is_none());
    }
    // A new key opens at once and seals once it has settled.
    world.store.rotate("session").await.unwrap();
    let number = |sealed: &[u8]| u32::from_be_bytes(sealed[..4].try_into().unwrap());
    assert_eq!(number(&ring.seal(b"", b"")), 1);
    world.clock.advance_seconds(61);
    world.store.rotate("session").await.unwrap();
    assert_eq!(number(&ring.seal(b"", b"")), 2);
    assert_eq!(ring.open(b"aad", &sealed).unwrap().expose(), b"token");
    let newer = ring.seal(b"aad", b"newer");
    world.store.clone().close().await.unwrap();
    let store = world.again(9).await;
    let ring = store.ring("session").await.unwrap();
    assert_eq!(ring.open(b"aad", &sealed).unwrap().expose(), b"token");
    assert_eq!(ring.open(b"aad", &newer).unwrap().expose(), b"newer");
}

async fn a_wrong_master_key_is_told_at_once(database: TestDatabase) {
    let world = World::new(database).await;
    world.store.clone().close().await.unwrap();
    let mut options = world.database.options(world.clock.clone(), rng(2));
    options.master_key = Secret::new([8; 32]);
    assert!(matches!(
        Store::open(options).await,
        Err(OpenError::MasterKey)
    ));
    // The refusal has let go of the database.
    world.again(3).await;
}

async fn a_former_master_key_still_opens(database: TestDatabase) {
    let world = World::new(database).await;
    let alice = with_secret(&world).await;
    world.store.clone().close().await.unwrap();
    let mut options = world.database.options(world.clock.clone(), rng(2));
    options.former_master_keys = vec![std::mem::replace(
        &mut options.master_key,
        Secret::new([8; 32]),
    )];
    let store = Store::open(options).await.unwrap();
    let opened = store
        .unseal(
            scope(1),
            "user",
            "U1",
            "secret",
            alice.secret.as_ref().unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(opened.expose(), PLANTED);
}

/// No plaintext secret in any data file, the write-ahead log included.
#[tokio::test]
async fn no_data_file_holds_a_secret() {
    let world = World::new(TestDatabase::sqlite().unwrap()).await;
    let alice = with_secret(&world).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    unit.label("Invite", now());
    unit.message(Message {
        id: "m1".to_owned(),
        scope: scope(1),
        channel: "email".to_owned(),
        body: serde_json::json!({ "link": String::from_utf8_lossy(PLANTED) }),
    });
    unit.commit().await.unwrap();
    world
        .store
        .unseal(
            scope(1),
            "user",
            "U1",
            "secret",
            alice.secret.as_ref().unwrap(),
        )
        .await
        .unwrap();
    let look = || {
        let (mut files, mut seen) = (0, false);
        for file in std::fs::read_dir(world.database.directory().unwrap().join("data")).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            files += 1;
            for needle in [PLANTED, &[7; 32]] {
                assert!(!bytes.windows(needle.len()).any(|window| window == needle));
            }
            seen |= bytes.windows(5).any(|window| window == b"alice");
        }
        assert!(seen && files >= 2, "the look itself works");
    };
    look();
    world.store.clone().close().await.unwrap();
    look();
}
