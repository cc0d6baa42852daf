//! What a unit is about to change.

use claviger_store::testing::TestDatabase;

use crate::estate::{Group, User, World, account, on_both, scope, user};

on_both! { a_unit_tells_what_it_has_put_and_deleted_and_what_was_there }

async fn a_unit_tells_what_it_has_put_and_deleted_and_what_was_there(database: TestDatabase) {
    let world = World::new(database).await;
    for (id, name) in [("U1", "alice"), ("U2", "bob"), ("U3", "carla")] {
        world.add(user(1, id, name)).await;
    }
    let mut unit = world.store.unit(&[scope(1)]).await.unwrap();
    assert_eq!(unit.written::<User>().unwrap().len(), 0);
    for id in ["U1", "U2", "U3"] {
        unit.get::<User>(scope(1), id).await.unwrap();
    }
    unit.put(user(1, "U1", "alicia"));
    unit.put(user(1, "U1", "alix"));
    unit.delete::<User>(scope(1), "U2");
    unit.put(user(1, "U4", "dora"));
    unit.put(Group {
        account: account(1),
        id: "G1".to_owned(),
    });
    let name = |user: &Option<std::sync::Arc<claviger_store::Stored<User>>>| {
        user.as_ref().map(|user| user.name.clone())
    };
    let written: Vec<_> = unit
        .written::<User>()
        .unwrap()
        .iter()
        .map(|one| (name(&one.before), name(&one.after)))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        written,
        [
            (text("alice"), text("alix")),
            (text("bob"), None),
            (None, text("dora")),
        ]
    );
    assert_eq!(unit.written::<Group>().unwrap().len(), 1);
}
