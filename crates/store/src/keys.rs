//! Sealing: XChaCha20-Poly1305 under data keys, which a master key wraps.
//!
//! A random nonce of 24 bytes may be drawn for ever without meeting itself. Associated data bind a value to its place,
//! so that a sealed value moved to another user, field or key version does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use claviger_model::{Rng, Secret};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::db::{Row, Statement, statement};
use crate::error::StoreError;
use crate::sql;

/// Bytes of a nonce.
const NONCE: usize = 24;

/// A key of XChaCha20-Poly1305.
pub(crate) type KeyBytes = Secret<[u8; 32]>;

/// Nonce and ciphertext of the plaintext, bound to the associated data.
pub(crate) fn encrypt(
    key: &KeyBytes,
    rng: &Rng,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let nonce = rng.bytes::<NONCE>();
    let cipher = XChaCha20Poly1305::new(<&Key>::from(key.expose()));
    let sealed = cipher
        .encrypt(
            <&XNonce>::from(&nonce),
            Payload {
                msg: plaintext,
                aad,
            },
        )
        .map_err(|_| StoreError::Unwritable("a secret is too long to seal".to_owned()))?;
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// What [`encrypt`] was given, or `None` if key, associated data or bytes are others.
pub(crate) fn decrypt(key: &KeyBytes, aad: &[u8], sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(<&Key>::from(key.expose()));
    cipher
        .decrypt(<&XNonce>::from(nonce), Payload { msg: sealed, aad })
        .ok()
        .map(Secret::new)
}

/// Whose key: scope, kind and id.
#[derive(Clone, Copy)]
pub(crate) struct KeyOwner<'a> {
    pub(crate) account: i64,
    pub(crate) kind: &'a str,
    pub(crate) id: &'a str,
}

impl KeyOwner<'_> {
    /// The associated data of something of this owner's; each part with its length, so that no two differ in spelling
    /// alone.
    pub(crate) fn bind(self, purpose: &str, version: i64, field: &str) -> Vec<u8> {
        let mut aad = Vec::with_capacity(64 + self.id.len() + field.len());
        for part in [purpose, self.kind, self.id, field] {
            aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
            aad.extend_from_slice(part.as_bytes());
        }
        aad.extend_from_slice(&self.account.to_be_bytes());
        aad.extend_from_slice(&version.to_be_bytes());
        aad
    }

    pub(crate) fn lookup(&self) -> Statement<'_> {
        statement!(sql::KEYS, self.account, self.kind, self.id.as_bytes())
    }
}

/// The master keys: the first wraps, all unwrap.
pub(crate) struct Masters {
    keys: Vec<(Vec<u8>, KeyBytes)>,
}

/// A data key as it is kept.
pub(crate) struct Wrapped {
    /// Which master key wraps it.
    pub(crate) master: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

impl Masters {
    pub(crate) fn new(current: KeyBytes, former: Vec<KeyBytes>) -> Self {
        let keys = std::iter::once(current)
            .chain(former)
            .map(|key| (name_of(&key), key))
            .collect();
        Self { keys }
    }

    pub(crate) fn wrap(
        &self,
        rng: &Rng,
        owner: KeyOwner<'_>,
        version: i64,
        key: &KeyBytes,
    ) -> Result<Wrapped, StoreError> {
        let (master, by) = self.keys.first().ok_or(StoreError::Sealed)?;
        let bytes = encrypt(by, rng, &owner.bind("key", version, ""), key.expose())?;
        Ok(Wrapped {
            master: master.clone(),
            bytes,
        })
    }

    fn unwrap(
        &self,
        owner: KeyOwner<'_>,
        version: i64,
        master: &[u8],
        wrapped: &[u8],
    ) -> Result<KeyBytes, StoreError> {
        let (_, by) = self
            .keys
            .iter()
            .find(|(name, _)| name == master)
            .ok_or(StoreError::Sealed)?;
        let key =
            decrypt(by, &owner.bind("key", version, ""), wrapped).ok_or(StoreError::Sealed)?;
        let key: [u8; 32] = key
            .expose()
            .as_slice()
            .try_into()
            .map_err(|_| StoreError::Sealed)?;
        Ok(Secret::new(key))
    }

    /// The version, key and time of making that a row of `KEYS` holds.
    pub(crate) fn read(
        &self,
        owner: KeyOwner<'_>,
        row: &Row,
    ) -> Result<(i64, KeyBytes, i64), StoreError> {
        let version = row.int(0)?;
        let key = self.unwrap(owner, version, row.bytes(1)?, row.bytes(2)?)?;
        Ok((version, key, row.int(3)?))
    }
}

/// A name for a master key that tells nothing of it.
fn name_of(key: &KeyBytes) -> Vec<u8> {
    // INVARIANT: HMAC takes keys of every length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose()) else {
        return Vec::new();
    };
    mac.update(b"name of a master key");
    mac.finalize()
        .into_bytes()
        .iter()
        .take(8)
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn rng() -> Rng {
        Rng::new(ChaCha20Rng::from_seed([3; 32]))
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let key = Secret::new([1; 32]);
        let owner = KeyOwner {
            account: 5,
            kind: "user",
            id: "AIDA1",
        };
        let aad = owner.bind("field", 1, "secret");
        let sealed = encrypt(&key, &rng(), &aad, b"hunter2").expect("sealed");
        assert_eq!(
            decrypt(&key, &aad, &sealed).expect("opens").expose(),
            b"hunter2"
        );
        let elsewhere = [
            owner.bind("field", 2, "secret"),
            owner.bind("field", 1, "secret2"),
            owner.bind("key", 1, "secret"),
            KeyOwner {
                account: 6,
                ..owner
            }
            .bind("field", 1, "secret"),
            KeyOwner {
                kind: "usera",
                id: "IDA1",
                ..owner
            }
            .bind("field", 1, "secret"),
        ];
        for aad in elsewhere {
            assert!(decrypt(&key, &aad, &sealed).is_none());
        }
        assert!(decrypt(&Secret::new([2; 32]), &aad, &sealed).is_none());
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(decrypt(&key, &aad, &broken).is_none(), "byte {at}");
            assert!(decrypt(&key, &aad, &sealed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_former_master_key_still_unwraps_and_a_foreign_one_does_not() {
        let owner = KeyOwner {
            account: 5,
            kind: "user",
            id: "AIDA1",
        };
        let (old, new) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let data = Secret::new([9; 32]);
        let wrapped = Masters::new(old.clone(), Vec::new())
            .wrap(&rng(), owner, 1, &data)
            .expect("wrapped");
        let later = Masters::new(new.clone(), vec![old]);
        assert_eq!(
            later
                .unwrap(owner, 1, &wrapped.master, &wrapped.bytes)
                .expect("unwraps")
                .expose(),
            data.expose()
        );
        let foreign = Masters::new(new, Vec::new());
        assert!(
            foreign
                .unwrap(owner, 1, &wrapped.master, &wrapped.bytes)
                .is_err()
        );
    }
}
