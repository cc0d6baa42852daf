//! Long texts in parts: what is made once, read as it stands, and too long for a record.

use crate::db::statement;
use crate::error::StoreError;
use crate::scope::Scope;
use crate::sql;
use crate::store::Store;

/// Which text. A text that takes another's place has an id of its own, bytewise behind the other's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PartsKey {
    /// The owner.
    pub scope: Scope,
    /// What the text is, such as `credential_report`.
    pub kind: &'static str,
    /// Which one.
    pub id: Box<str>,
}

impl PartsKey {
    /// The text of this scope, kind and id.
    pub fn new(scope: Scope, kind: &'static str, id: impl Into<Box<str>>) -> Self {
        Self {
            scope,
            kind,
            id: id.into(),
        }
    }
}

impl Store {
    /// Writes a part of a text. Durable before it answers. Nothing leads to it yet: a record is to name the text once
    /// all its parts are there.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn put_part(
        &self,
        text: &PartsKey,
        place: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let put = statement!(
            sql::PUT_PART,
            text.scope.number(),
            text.kind,
            text.id.as_bytes().to_vec(),
            i64::from(place),
            bytes
        );
        self.inner()?.db.write(vec![put]).await.map(drop)
    }

    /// A part of a text, if it is there still.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn part(&self, text: &PartsKey, place: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let question = statement!(
            sql::PART,
            text.scope.number(),
            text.kind,
            text.id.as_bytes(),
            i64::from(place)
        );
        let rows = self.inner()?.db.rows(question).await?;
        rows.first()
            .map(|row| row.bytes(0).map(<[u8]>::to_vec))
            .transpose()
    }

    /// Forgets a text.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn drop_parts(&self, text: &PartsKey) -> Result<(), StoreError> {
        self.forget(sql::DROP_PARTS, text).await
    }

    /// Forgets the texts of this scope and kind whose ids stand before this one's, also those that were never finished.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn drop_parts_before(&self, text: &PartsKey) -> Result<(), StoreError> {
        self.forget(sql::DROP_PARTS_BEFORE, text).await
    }

    async fn forget(&self, sql: &'static str, text: &PartsKey) -> Result<(), StoreError> {
        let forget = statement!(
            sql,
            text.scope.number(),
            text.kind,
            text.id.as_bytes().to_vec()
        );
        self.inner()?.db.write(vec![forget]).await.map(drop)
    }
}
