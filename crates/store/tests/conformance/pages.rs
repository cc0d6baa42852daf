//! Pages.

use claviger_store::testing::TestDatabase;
use claviger_store::{CommitError, Depends};

use crate::estate::{
    Group, MEMBER, Policy, USER_BY_NAME, USER_BY_PATH, User, World, account, on_both, scope, user,
};

on_both! {
    pages_follow_each_other_without_gap_or_repeat,
    a_prefix_is_bytewise,
    a_page_is_depended_on_as_asked,
    records_share_a_key_of_an_ordered_index,
}

async fn pages_follow_each_other_without_gap_or_repeat(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    for n in 0..57 {
        unit.put(user(1, &format!("U{n:02}"), &format!("user{n:02}")));
    }
    unit.commit().await.unwrap();
    for limit in [1, 7, 56, 57, 58] {
        let (mut seen, mut keys, mut after) = (Vec::new(), Vec::new(), None::<Vec<u8>>);
        loop {
            let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
            let page = unit
                .page::<User>(
                    scope(1),
                    &USER_BY_NAME,
                    b"",
                    b"",
                    after.as_deref(),
                    limit,
                    Depends::Nothing,
                )
                .await
                .unwrap();
            let bare = unit
                .keys(
                    scope(1),
                    &USER_BY_NAME,
                    b"",
                    b"",
                    after.as_deref(),
                    limit,
                    Depends::Nothing,
                )
                .await
                .unwrap();
            keys.extend(bare.items.into_iter().map(|(_, target)| target.id));
            assert_eq!(page.more, page.next.is_some());
            seen.extend(page.items.iter().map(|(_, user)| user.id.clone()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let all: Vec<_> = (0..57).map(|n| format!("U{n:02}")).collect();
        assert_eq!(seen, all, "{limit} at a time");
        assert_eq!(keys, all, "{limit} at a time");
    }
}

async fn a_prefix_is_bytewise(database: TestDatabase) {
    let world = World::new(database).await;
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    for (n, path) in ["/", "/a/", "/A/", "/a/b/", "/a%/", "/\u{ff}/", "/é/"]
        .into_iter()
        .enumerate()
    {
        let mut one = user(1, &format!("U{n}"), &format!("user{n}"));
        one.path = path.to_owned();
        unit.put(one);
    }
    unit.commit().await.unwrap();
    for (prefix, expected) in [
        ("/a/", vec!["U1", "U3"]),
        ("/A", vec!["U2"]),
        ("/a%", vec!["U4"]),
        ("/\u{ff}", vec!["U5"]),
        ("/x", vec![]),
    ] {
        let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
        let page = unit
            .page::<User>(
                scope(1),
                &USER_BY_PATH,
                b"",
                prefix.as_bytes(),
                None,
                10,
                Depends::Nothing,
            )
            .await
            .unwrap();
        let mut ids: Vec<_> = page
            .items
            .iter()
            .map(|(_, user)| user.id.as_str())
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "under {prefix}");
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let page = unit
        .page::<User>(
            scope(1),
            &USER_BY_PATH,
            b"",
            b"",
            None,
            10,
            Depends::Nothing,
        )
        .await
        .unwrap();
    let keys: Vec<_> = page.items.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys.len(), 7);
    assert!(keys.is_sorted());
}

async fn a_page_is_depended_on_as_asked(database: TestDatabase) {
    let world = World::new(database).await;
    for depends in [Depends::Nothing, Depends::Items, Depends::Group] {
        for newcomer in [false, true] {
            let group = format!("G{depends:?}{newcomer}");
            let id = |n: u32| format!("{group}{n}");
            for n in 0..2 {
                let mut member = user(1, &id(n), &id(n));
                member.groups = vec![group.clone()];
                world.add(member).await;
            }
            let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
            let page = unit
                .page::<User>(scope(1), &MEMBER, group.as_bytes(), b"", None, 10, depends)
                .await
                .unwrap();
            assert_eq!(page.items.len(), 2);
            if newcomer {
                let mut member = user(1, &id(2), &id(2));
                member.groups = vec![group.clone()];
                world.add(member).await;
            } else {
                let mut other = world.store.unit(&[scope(1)]).await.unwrap();
                let mut member =
                    (**other.get::<User>(scope(1), &id(0)).await.unwrap().unwrap()).clone();
                member.note = "changed".to_owned();
                other.put(member);
                other.commit().await.unwrap();
            }
            unit.put(Policy {
                account: account(1),
                id: group.clone(),
            });
            let conflicts = matches!(unit.commit().await, Err(CommitError::Conflict));
            let expected = match depends {
                Depends::Nothing => false,
                Depends::Items => !newcomer,
                Depends::Group => true,
            };
            assert_eq!(conflicts, expected, "{depends:?}, newcomer: {newcomer}");
        }
    }
}

async fn records_share_a_key_of_an_ordered_index(database: TestDatabase) {
    let world = World::new(database).await;
    for number in 1..=5 {
        let mut same = user(number, &format!("U{number}"), "same");
        same.public = true;
        world.add(same).await;
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    let global = claviger_store::Scope::Global;
    let page = unit
        .page::<User>(
            global,
            &crate::estate::EVERYBODY,
            b"",
            b"same",
            None,
            3,
            Depends::Items,
        )
        .await
        .unwrap();
    assert_eq!(page.items.len(), 3);
    let page = unit
        .page::<User>(
            global,
            &crate::estate::EVERYBODY,
            b"",
            b"same",
            page.next.as_deref(),
            3,
            Depends::Items,
        )
        .await
        .unwrap();
    assert_eq!(
        page.items
            .iter()
            .map(|(_, user)| user.id.as_str())
            .collect::<Vec<_>>(),
        ["U4", "U5"]
    );
    assert!(page.next.is_none());
    let page = unit
        .page::<Group>(
            global,
            &crate::estate::EVERYBODY,
            b"",
            b"",
            None,
            3,
            Depends::Items,
        )
        .await
        .unwrap();
    assert!(
        page.items.is_empty() && page.more,
        "entries of another kind are passed over, and the page goes on"
    );
}
