//! Key rings: what tokens are sealed under.

use claviger_model::Secret;

/// The keys of one purpose: the one that seals now, and the older ones that still open. Cheap to clone; stays current
/// by itself while the store is open.
#[derive(Clone)]
pub struct Ring(());

impl Ring {
    /// Seals under the current key: key id, random nonce, XChaCha20-Poly1305 of the plaintext bound to `aad`.
    #[must_use]
    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let _ = (aad, plaintext);
        Vec::new()
    }

    /// Opens what a key of this ring has sealed with the same `aad`; `None` for anything else.
    #[must_use]
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        let _ = (aad, sealed);
        None
    }
}
