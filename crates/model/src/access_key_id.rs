//! Access key ids.

use crate::account_id::AccountId;
use crate::chance::Rng;
use crate::scalar::Constraint::{MaxLength, MinLength, Sentence};
use crate::text_scalar;
use crate::unique_id::{IdKind, generate};

text_scalar! {
    /// The id of an access key: `AKIA…` for a long-term one, `ASIA…` for a temporary one; others may be brought along.
    AccessKeyId,
    [MaxLength(128), MinLength(16), Sentence("It must contain only alphanumeric characters.")],
    crate::text::is_word
}

impl AccessKeyId {
    /// Draws the id of a new long-term key.
    #[must_use]
    pub fn generate(account: AccountId, rng: &Rng) -> Self {
        Self(generate(IdKind::AccessKey, account, rng).into())
    }

    /// Draws the id of a new temporary key.
    #[must_use]
    pub fn generate_temporary(account: AccountId, rng: &Rng) -> Self {
        Self(generate(IdKind::TemporaryAccessKey, account, rng).into())
    }

    /// Whether the id says that it came with a session token.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.as_str()
            .starts_with(IdKind::TemporaryAccessKey.prefix())
    }
}

/// What secret access keys are made of.
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+";

/// Draws a secret access key: 40 characters of `A-Za-z0-9/+`, 240 bits.
#[must_use]
pub fn generate_secret(rng: &Rng) -> crate::Secret<String> {
    crate::Secret::new(rng.text(SECRET_ALPHABET, 40))
}
