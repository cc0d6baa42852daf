//! Sealed values: secrets that must be readable again, under a data key of their own principal.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use claviger_model::Secret;
use serde::{Deserialize, Serialize};

use crate::cache::{Held, Name};
use crate::error::StoreError;
use crate::keys::{KeyBytes, KeyOwner, decrypt, encrypt};
use crate::scope::Scope;
use crate::store::{Inner, Store};

/// A value that only the store opens. Stands in a record's body as base64 text; names the version of the data key that
/// it is sealed under, and is bound to scope, kind, id and field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// A data key, opened.
pub(crate) struct DataKey {
    pub(crate) version: i64,
    pub(crate) key: KeyBytes,
}

impl Sealed {
    pub(crate) fn new(
        inner: &Inner,
        key: &DataKey,
        owner: KeyOwner<'_>,
        field: &str,
        plaintext: &[u8],
    ) -> Result<Self, StoreError> {
        let sealed = encrypt(
            &key.key,
            &inner.rng,
            &owner.bind("field", key.version, field),
            plaintext,
        )?;
        let mut bytes = key.version.to_be_bytes().to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(Self(STANDARD_NO_PAD.encode(bytes)))
    }

    /// The version of the data key, and nonce with ciphertext.
    fn parts(&self) -> Option<(i64, Vec<u8>)> {
        let bytes = STANDARD_NO_PAD.decode(&self.0).ok()?;
        let (version, sealed) = bytes.split_first_chunk::<8>()?;
        Some((i64::from_be_bytes(*version), sealed.to_vec()))
    }
}

impl Inner {
    /// The newest data key of the owner, if it has any.
    pub(crate) async fn data_key(
        &self,
        owner: KeyOwner<'_>,
    ) -> Result<Option<Arc<DataKey>>, StoreError> {
        if let Some(key) = self.cached_key(owner) {
            return Ok(Some(key));
        }
        let name = Name::key(owner.account, owner.kind, owner.id);
        let ticket = self.cache.ticket(name);
        let rows = self.db.rows(owner.lookup()).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let (version, key, _) = self.masters.read(owner, row)?;
        let key = Arc::new(DataKey { version, key });
        self.fill(
            ticket,
            name,
            Held::Other(Arc::clone(&key) as _),
            size_of::<DataKey>(),
        );
        Ok(Some(key))
    }

    fn cached_key(&self, owner: KeyOwner<'_>) -> Option<Arc<DataKey>> {
        match self
            .cache
            .get(Name::key(owner.account, owner.kind, owner.id))?
        {
            Held::Other(key) => key.downcast().ok(),
            Held::Record(_) => None,
        }
    }
}

impl Store {
    /// Opens a sealed value. All five must be as they were when it was sealed, and the unit that sealed it must have
    /// been committed.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] if it does not open; or the store is closed or unavailable.
    pub async fn unseal(
        &self,
        scope: Scope,
        kind: &str,
        id: &str,
        field: &str,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, StoreError> {
        let inner = self.inner()?;
        let owner = KeyOwner {
            account: scope.number(),
            kind,
            id,
        };
        let (version, bytes) = sealed.parts().ok_or(StoreError::Sealed)?;
        let aad = owner.bind("field", version, field);
        if let Some(key) = inner.cached_key(owner)
            && key.version == version
            && let Some(plain) = decrypt(&key.key, &aad, &bytes)
        {
            return Ok(plain);
        }
        // The key in the cache may be a destroyed one's, or an older version is asked for.
        let name = Name::key(owner.account, kind, id);
        inner.cache.forget(name, i64::MAX);
        let ticket = inner.cache.ticket(name);
        let rows = inner.db.rows(owner.lookup()).await?;
        for (age, row) in rows.iter().enumerate() {
            if row.int(0)? != version {
                continue;
            }
            let (_, key, _) = inner.masters.read(owner, row)?;
            let plain = decrypt(&key, &aad, &bytes).ok_or(StoreError::Sealed)?;
            if age == 0 {
                let held = Held::Other(Arc::new(DataKey { version, key }));
                inner.fill(ticket, name, held, size_of::<DataKey>());
            }
            return Ok(plain);
        }
        Err(StoreError::Sealed)
    }
}
