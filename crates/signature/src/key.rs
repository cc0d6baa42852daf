//! Signing keys.

use claviger_model::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::digest;

/// The key of one secret for one [`Scope`](crate::Scope). It is what a cache should hold in place of the secret: it is
/// good for its scope alone, and deriving it is the dear part of a verification.
///
/// It does not print, and it is zeroed when dropped.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// The key that the secret itself is.
    pub(crate) fn plain(secret: &Secret<String>) -> Self {
        Self(keyed(secret.expose().as_bytes()))
    }

    /// The key at the end of a chain: each part is authenticated under the key that the one before it made, the first
    /// under `word` and the secret.
    pub(crate) fn chain(word: &str, secret: &Secret<String>, parts: [&str; 4]) -> Self {
        let secret = secret.expose();
        let mut first = Zeroizing::new(Vec::with_capacity(word.len() + secret.len()));
        first.extend_from_slice(word.as_bytes());
        first.extend_from_slice(secret.as_bytes());
        let mut key = keyed(&first);
        for part in parts {
            key.update(part.as_bytes());
            key = keyed(finish(key).as_slice());
        }
        Self(key)
    }

    /// The key of the hexadecimal digits that HKDF (RFC 5869) makes of the secret: `salt` goes into its extraction,
    /// `info` into its one round of expansion.
    pub(crate) fn extracted(salt: &str, secret: &Secret<String>, info: [&str; 3]) -> Self {
        let mut extract = keyed(salt.as_bytes());
        extract.update(secret.expose().as_bytes());
        let mut expand = keyed(finish(extract).as_slice());
        for (number, part) in info.into_iter().enumerate() {
            if number > 0 {
                expand.update(b"/");
            }
            expand.update(part.as_bytes());
        }
        expand.update(&[1]);
        let digits = Zeroizing::new(digest::hex(&finish(expand)));
        Self(keyed(digits.as_slice()))
    }

    /// The MAC under this key, to be fed with the pieces of the string to sign.
    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

fn finish(mac: Hmac<Sha256>) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(mac.finalize().into_bytes().into())
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
