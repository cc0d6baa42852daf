//! A transaction that only reads, and sees one state.

use deadpool_postgres::Object;
use rusqlite::Connection;

use crate::db::{Db, Row, Statement, pipeline, sqlite};
use crate::error::StoreError;

/// A transaction that only reads.
pub(crate) enum View {
    /// A connection of its own, so that a long pass keeps no reader from others. Absent once a thread that used it has
    /// died.
    Sqlite(Option<Connection>),
    /// Absent once it has been given up.
    Postgres(Option<Object>),
}

impl Db {
    /// Begins a transaction that sees what is committed now.
    pub(crate) async fn view(&self) -> Result<View, StoreError> {
        match self {
            Self::Sqlite(db) => {
                let path = db.path()?;
                let opened = tokio::task::spawn_blocking(move || sqlite::view(&path)).await;
                let connection =
                    opened.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
                connection
                    .map(|connection| View::Sqlite(Some(connection)))
                    .map_err(sqlite::unavailable)
            }
            Self::Postgres(db) => db.view().await.map(|client| View::Postgres(Some(client))),
        }
    }
}

impl View {
    /// The answers to several questions.
    pub(crate) async fn many(
        &mut self,
        statements: Vec<Statement<'static>>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            // A page takes milliseconds, in which a worker of the runtime could have served many requests.
            Self::Sqlite(held) => {
                let connection = held.take().ok_or(StoreError::Closed)?;
                let task = tokio::task::spawn_blocking(move || {
                    let answers = statements
                        .iter()
                        .map(|statement| sqlite::query(&connection, statement))
                        .collect::<rusqlite::Result<Vec<_>>>();
                    (connection, answers)
                });
                let (connection, answers) = task
                    .await
                    .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
                *held = Some(connection);
                answers.map_err(sqlite::unavailable)
            }
            Self::Postgres(client) => {
                let client = client.as_ref().ok_or(StoreError::Closed)?;
                Ok(pipeline::ask(client, &statements).await?)
            }
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // The transaction ends with the connection; the pool makes another.
        if let Self::Postgres(client) = self
            && let Some(client) = client.take()
        {
            drop(Object::take(client));
        }
    }
}
