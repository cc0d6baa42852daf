//! Each statement is understood by both engines.

use claviger_store::testing::{TestDatabase, statements};

use crate::estate::World;

#[tokio::test]
async fn each_statement_is_prepared_by_sqlite() {
    let world = World::new(TestDatabase::sqlite().unwrap()).await;
    let path = world.database.directory().unwrap().join("data/claviger.db");
    let connection = rusqlite::Connection::open(path).unwrap();
    for (name, text) in statements() {
        connection
            .prepare(text)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn each_statement_is_prepared_by_postgres() {
    let world = World::new(TestDatabase::postgres().await.unwrap()).await;
    let (client, connection) =
        tokio_postgres::connect(world.database.url().unwrap(), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    for (name, text) in statements() {
        client
            .prepare(text)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
