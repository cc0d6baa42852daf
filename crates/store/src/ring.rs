//! Key rings: what tokens are sealed under.

use std::sync::Arc;

use arc_swap::ArcSwap;
use claviger_model::{Rng, Secret};

use crate::db::statement;
use crate::error::StoreError;
use crate::keys::{KeyBytes, KeyOwner, decrypt, encrypt};
use crate::scope::Scope;
use crate::sql;
use crate::store::{Inner, Store};

/// How long a new key only opens before it seals, in microseconds: until then each node has read it.
const SETTLING: i64 = 60_000_000;

/// The keys of one purpose: the one that seals now, and the others that open. Cheap to clone; stays current by itself
/// while the store is open.
#[derive(Clone)]
pub struct Ring {
    keys: Arc<ArcSwap<Keys>>,
    rng: Arc<Rng>,
}

struct Keys {
    /// The key that seals now.
    sealing: u32,
    /// Newest first, each with its number.
    all: Vec<(u32, KeyBytes)>,
}

impl Ring {
    /// Seals under the current key: the key's number (4 bytes), a random nonce (24), and XChaCha20-Poly1305 of the
    /// plaintext bound to `aad`.
    #[must_use]
    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let keys = self.keys.load();
        let Some((number, key)) = keys.all.iter().find(|(number, _)| *number == keys.sealing)
        else {
            return Vec::new();
        };
        // INVARIANT: the cipher refuses only what is longer than 256 GiB; nothing opens as an empty box.
        let sealed = encrypt(key, &self.rng, &bind(*number, aad), plaintext).unwrap_or_default();
        let mut out = number.to_be_bytes().to_vec();
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens what a key of this ring has sealed with the same `aad`; `None` for anything else.
    #[must_use]
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        let (number, sealed) = sealed.split_first_chunk::<4>()?;
        let number = u32::from_be_bytes(*number);
        let keys = self.keys.load();
        let (_, key) = keys.all.iter().find(|(of, _)| *of == number)?;
        decrypt(key, &bind(number, aad), sealed)
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ring")
    }
}

fn bind(number: u32, aad: &[u8]) -> Vec<u8> {
    let mut out = number.to_be_bytes().to_vec();
    out.extend_from_slice(aad);
    out
}

fn owner(purpose: &str) -> KeyOwner<'_> {
    KeyOwner {
        account: Scope::Global.number(),
        kind: "ring",
        id: purpose,
    }
}

impl Inner {
    async fn load_ring(&self, purpose: &str) -> Result<Option<Keys>, StoreError> {
        let owner = owner(purpose);
        let rows = self.db.rows(owner.lookup()).await?;
        let settled = self.clock.now().micros().saturating_sub(SETTLING);
        let (mut all, mut sealing) = (Vec::new(), None);
        for row in &rows {
            let (version, key, created) = self.masters.read(owner, row)?;
            let number = u32::try_from(version)
                .map_err(|_| StoreError::Corrupt(format!("ring `{purpose}` has key {version}")))?;
            if sealing.is_none() && created <= settled {
                sealing = Some(number);
            }
            all.push((number, key));
        }
        // A ring's first key need not settle: no node can know an older one.
        let sealing = sealing.or(all.last().map(|(number, _)| *number));
        Ok(sealing.map(|sealing| Keys { sealing, all }))
    }

    async fn add_to_ring(&self, purpose: &str, version: i64) -> Result<(), StoreError> {
        let owner = owner(purpose);
        let key = Secret::new(self.rng.bytes::<32>());
        let wrapped = self.masters.wrap(&self.rng, owner, version, &key)?;
        let offer = statement!(
            sql::OFFER_KEY,
            owner.account,
            owner.kind.to_owned(),
            purpose.as_bytes().to_vec(),
            version,
            wrapped.master,
            wrapped.bytes,
            self.clock.now().micros()
        );
        // Of two nodes that add the same version one wins, and both go on with what then stands there.
        self.db.write(vec![offer]).await.map(drop)
    }

    pub(crate) async fn ring(&self, purpose: &str) -> Result<Ring, StoreError> {
        if let Some(ring) = self.rings.lock().get(purpose) {
            return Ok(ring.clone());
        }
        let keys = match self.load_ring(purpose).await? {
            Some(keys) => keys,
            None => {
                self.add_to_ring(purpose, 1).await?;
                let keys = self.load_ring(purpose).await?;
                keys.ok_or_else(|| StoreError::Corrupt(format!("ring `{purpose}` has no key")))?
            }
        };
        let ring = Ring {
            keys: Arc::new(ArcSwap::from_pointee(keys)),
            rng: Arc::clone(&self.rng),
        };
        Ok(self
            .rings
            .lock()
            .entry(purpose.to_owned())
            .or_insert(ring)
            .clone())
    }

    /// Reads every ring in use again.
    pub(crate) async fn refresh_rings(&self) -> Result<(), StoreError> {
        let rings: Vec<(String, Ring)> = self
            .rings
            .lock()
            .iter()
            .map(|(purpose, ring)| (purpose.clone(), ring.clone()))
            .collect();
        for (purpose, ring) in rings {
            if let Some(keys) = self.load_ring(&purpose).await? {
                ring.keys.store(Arc::new(keys));
            }
        }
        Ok(())
    }
}

impl Store {
    /// The key ring of this purpose, made if there is none.
    ///
    /// # Errors
    /// The store is closed or unavailable, or the master key does not unwrap the ring.
    pub async fn ring(&self, purpose: &str) -> Result<Ring, StoreError> {
        self.inner()?.ring(purpose).await
    }

    /// Adds a key to the ring. It opens at once and seals after a minute, when every node has it.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn rotate(&self, purpose: &str) -> Result<(), StoreError> {
        let inner = self.inner()?;
        inner.ring(purpose).await?;
        let newest = inner
            .load_ring(purpose)
            .await?
            .and_then(|keys| keys.all.first().map(|(number, _)| *number));
        inner
            .add_to_ring(purpose, i64::from(newest.unwrap_or(0)) + 1)
            .await?;
        inner.refresh_rings().await
    }
}
