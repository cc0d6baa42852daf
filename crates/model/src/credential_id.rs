//! Ids of the credentials that a user has beside access keys.

use crate::account_id::AccountId;
use crate::chance::Rng;
use crate::scalar::Constraint::{MaxLength, MinLength, Pattern};
use crate::text_scalar;
use crate::unique_id::{IdKind, generate};

text_scalar! {
    /// The id of an SSH public key: `APKA…`.
    SshPublicKeyId, [MaxLength(128), MinLength(20), Pattern(r"[\w]+")], crate::text::is_word
}

text_scalar! {
    /// The id of a signing certificate: 32 capital letters and digits.
    CertificateId, [MaxLength(128), MinLength(24), Pattern(r"[\w]+")], crate::text::is_word
}

impl SshPublicKeyId {
    /// Draws the id of a new key.
    #[must_use]
    pub fn generate(account: AccountId, rng: &Rng) -> Self {
        Self(generate(IdKind::SshPublicKey, account, rng).into())
    }
}

/// What ids of certificates are made of: base32 (RFC 4648), as other ids.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl CertificateId {
    /// Draws the id of a new certificate: 160 bits.
    #[must_use]
    pub fn generate(rng: &Rng) -> Self {
        Self(rng.text(ALPHABET, 32).into())
    }
}
