//! Audit events.

use claviger_store::testing::TestDatabase;
use claviger_store::{Event, EventFilter, EventQuery, Resource, Scope};

use crate::estate::{World, event, now, on_both, scope, user};

on_both! {
    events_come_newest_first_page_by_page,
    events_are_filtered,
    an_event_is_in_its_commit,
    an_event_told_twice_is_kept_once,
    strange_names_do_not_break_the_log,
    many_callers_log_at_once,
}

async fn all(world: &World, query: EventQuery) -> Vec<String> {
    let (mut ids, mut query) = (Vec::new(), query);
    loop {
        let page = world.store.events(scope(1), &query).await.unwrap();
        assert!(page.events.len() <= query.limit);
        ids.extend(page.events.into_iter().map(|event| event.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return ids,
        }
    }
}

async fn events_come_newest_first_page_by_page(database: TestDatabase) {
    let world = World::new(database).await;
    // Three to an instant.
    let events: Vec<Event> = (0..90)
        .map(|n| event(1, &format!("e{n:03}"), n / 3, "GetUser", "alice"))
        .collect();
    world.store.log(events).await.unwrap();
    world
        .store
        .log(vec![event(2, "foreign", 0, "GetUser", "alice")])
        .await
        .unwrap();
    let newest_first: Vec<_> = (0..90).rev().map(|n| format!("e{n:03}")).collect();
    for limit in [1, 7, 89, 90, 91] {
        assert_eq!(
            all(
                &world,
                EventQuery {
                    limit,
                    ..Default::default()
                }
            )
            .await,
            newest_first,
            "{limit} at a time"
        );
        let filters = vec![EventFilter::Username("alice".to_owned())];
        assert_eq!(
            all(
                &world,
                EventQuery {
                    limit,
                    filters,
                    ..Default::default()
                }
            )
            .await,
            newest_first
        );
    }
    let some = EventQuery {
        from: Some(now().plus_seconds(3)),
        to: Some(now().plus_seconds(4)),
        limit: 50,
        ..Default::default()
    };
    assert_eq!(
        all(&world, some).await,
        ["e014", "e013", "e012", "e011", "e010", "e009"]
    );
}

async fn events_are_filtered(database: TestDatabase) {
    let world = World::new(database).await;
    let mut events = vec![
        event(1, "e1", 1, "CreateUser", "alice"),
        event(1, "e2", 2, "GetUser", "alice"),
        event(1, "e3", 3, "CreateUser", "bob"),
    ];
    events[2].access_key_id = Some("AKIA1".to_owned());
    events[2].source = "sts.amazonaws.com".to_owned();
    events[2].resources.push(Resource {
        kind: "AWS::IAM::Group".to_owned(),
        name: "x".repeat(3_000),
    });
    world.store.log(events).await.unwrap();
    let cases: [(Vec<EventFilter>, &[&str]); 10] = [
        (vec![EventFilter::Id("e2".to_owned())], &["e2"]),
        (
            vec![EventFilter::Name("CreateUser".to_owned())],
            &["e3", "e1"],
        ),
        (
            vec![EventFilter::Source("sts.amazonaws.com".to_owned())],
            &["e3"],
        ),
        (
            vec![EventFilter::Username("alice".to_owned())],
            &["e2", "e1"],
        ),
        (vec![EventFilter::AccessKeyId("AKIA1".to_owned())], &["e3"]),
        (vec![EventFilter::ReadOnly(true)], &["e2"]),
        (
            vec![EventFilter::ResourceType("AWS::IAM::Group".to_owned())],
            &["e3"],
        ),
        (
            vec![EventFilter::ResourceName("alice-thing".to_owned())],
            &["e2", "e1"],
        ),
        (vec![EventFilter::ResourceName("x".repeat(3_000))], &["e3"]),
        (
            vec![
                EventFilter::Username("alice".to_owned()),
                EventFilter::ReadOnly(false),
            ],
            &["e1"],
        ),
    ];
    for (filters, expected) in cases {
        for limit in [1, 10] {
            let query = EventQuery {
                filters: filters.clone(),
                limit,
                ..Default::default()
            };
            assert_eq!(all(&world, query).await, expected, "{filters:?}");
        }
    }
}

async fn an_event_is_in_its_commit(database: TestDatabase) {
    let world = World::new(database).await;
    world.add(user(1, "U1", "alice")).await;
    for (id, name, kept) in [("U2", "alice", false), ("U3", "bob", true)] {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        unit.put(user(1, id, name));
        unit.event(event(1, id, 0, "CreateUser", name));
        assert_eq!(unit.commit().await.is_ok(), kept);
        let ids = all(
            &world,
            EventQuery {
                limit: 10,
                ..Default::default()
            },
        )
        .await;
        assert_eq!(ids.contains(&id.to_owned()), kept);
    }
}

async fn an_event_told_twice_is_kept_once(database: TestDatabase) {
    let world = World::new(database).await;
    for _ in 0..2 {
        world
            .store
            .log(vec![event(1, "e1", 0, "GetUser", "alice")])
            .await
            .unwrap();
    }
    assert_eq!(
        all(
            &world,
            EventQuery {
                limit: 10,
                ..Default::default()
            }
        )
        .await,
        ["e1"]
    );
}

async fn strange_names_do_not_break_the_log(database: TestDatabase) {
    let world = World::new(database).await;
    let strange = ["\0", "", "'; DROP TABLE event; --", "\u{10ffff}", "☃\n"];
    for (n, name) in strange.into_iter().enumerate() {
        let mut one = event(1, &format!("e{n}"), 0, "ConsoleLogin", name);
        one.body = serde_json::json!({ "given": name });
        world.store.log(vec![one.clone()]).await.unwrap();
        let query = EventQuery {
            filters: vec![EventFilter::Username(name.to_owned())],
            limit: 5,
            ..Default::default()
        };
        assert_eq!(
            world.store.events(scope(1), &query).await.unwrap().events,
            [one]
        );
    }
    let mut global = event(1, "g", 0, "ConsoleLogin", "?");
    global.scope = Scope::Global;
    world.store.log(vec![global]).await.unwrap();
    assert_eq!(
        all(
            &world,
            EventQuery {
                limit: 50,
                ..Default::default()
            }
        )
        .await
        .len(),
        strange.len()
    );
}

async fn many_callers_log_at_once(database: TestDatabase) {
    let world = World::new(database).await;
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let store = world.store.clone();
            tokio::spawn(async move {
                for part in 0..5 {
                    store
                        .log(vec![event(
                            1,
                            &format!("e{n}-{part}"),
                            n,
                            "GetUser",
                            "alice",
                        )])
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        all(
            &world,
            EventQuery {
                limit: 50,
                ..Default::default()
            }
        )
        .await
        .len(),
        500
    );
}
