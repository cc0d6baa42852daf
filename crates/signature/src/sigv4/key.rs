//! Signing keys.

use claviger_model::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::TERMINATOR;

/// The key of one secret for one day, region and service. It is what a cache should hold in place of the secret: it is
/// good for its scope alone, and deriving it is the dear part of a verification.
///
/// It does not print, and it is zeroed when dropped.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Derives the key (IAM user guide, "Create a signed AWS API request", step 4). `date` is `YYYYMMDD`. Whatever the
    /// texts are, a key comes out; one for a scope that nobody presents verifies nothing.
    #[must_use]
    pub fn derive(secret: &Secret<String>, date: &str, region: &str, service: &str) -> Self {
        let secret = secret.expose();
        let mut first = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret.as_bytes());
        let mut key = keyed(&first);
        for part in [date, region, service, TERMINATOR] {
            key.update(part.as_bytes());
            let next: Zeroizing<[u8; 32]> = Zeroizing::new(key.finalize().into_bytes().into());
            key = keyed(next.as_slice());
        }
        Self(key)
    }

    /// The MAC under this key, fed with the pieces of the string to sign.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

/// HMAC under these bytes.
fn keyed(bytes: &[u8]) -> Hmac<Sha256> {
    // INVARIANT: HMAC takes keys of every length (RFC 2104, section 3); the error branch is there for other MACs. Even
    // so it must not become a panic, and the key it leaves, of 64 zeros, is nobody's.
    Hmac::new_from_slice(bytes).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[signing key]")
    }
}
