//! The change feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use claviger_store::testing::TestDatabase;
use claviger_store::{Change, Sequence};

use crate::estate::{World, on_both, scope, user};

on_both! { a_polling_reader_misses_nothing, a_commit_is_never_cut }

async fn a_polling_reader_misses_nothing(database: TestDatabase) {
    let world = World::new(database).await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (store, done) = (world.store.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let (mut seen, mut after) = (Vec::<Change>::new(), Sequence::START);
            loop {
                let last_look = done.load(Ordering::Acquire);
                let changes = store.changes(scope(1), after, 7).await.unwrap();
                if let Some(last) = changes.last() {
                    after = last.sequence;
                } else if last_look {
                    return seen;
                }
                seen.extend(changes);
            }
        })
    };
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let store = world.store.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    let mut unit = store.unit(&[scope(1), scope(2)]).await.unwrap();
                    for part in 0..1 + n % 3 {
                        let id = format!("U{writer}-{n}-{part}");
                        unit.put(user(1, &id, &id));
                    }
                    if n % 5 == 0 {
                        let id = format!("V{writer}-{n}");
                        unit.put(user(2, &id, &id));
                    }
                    unit.commit().await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Release);
    let seen = reader.await.unwrap();
    let all = world
        .store
        .changes(scope(1), Sequence::START, 100_000)
        .await
        .unwrap();
    let expected: usize = 16 * (0..25).map(|n| 1 + n % 3).sum::<usize>();
    assert_eq!(all.len(), expected);
    assert_eq!(seen, all);
    // One sequence for each commit, none left out.
    let mut sequences: Vec<_> = seen.iter().map(|change| change.sequence.number()).collect();
    sequences.dedup();
    assert_eq!(sequences, (1..=16 * 25).collect::<Vec<i64>>());
    world.is_sound().await;
}

async fn a_commit_is_never_cut(database: TestDatabase) {
    let world = World::new(database).await;
    for commit in 0..4 {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        for n in 0..5 {
            let id = format!("U{commit}{n}");
            unit.put(user(1, &id, &id));
        }
        unit.commit().await.unwrap();
    }
    for limit in [1, 4, 5, 6, 9, 10] {
        let changes = world
            .store
            .changes(scope(1), Sequence::START, limit)
            .await
            .unwrap();
        assert_eq!(changes.len() % 5, 0, "{limit}");
        assert!(changes.len() >= limit.min(5), "{limit}");
    }
}
