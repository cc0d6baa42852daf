//! Unique ids: what an entity is, whatever it is called (IAM user guide, "IAM identifiers", "Unique identifiers").

use std::sync::Arc;

use crate::account_id::AccountId;
use crate::chance::Rng;
use crate::scalar::{Constraint, Scalar};

/// The kind of thing that a unique id names: its four-letter prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// `AIDA`: a user.
    User,
    /// `AGPA`: a group.
    Group,
    /// `AROA`: a role.
    Role,
    /// `ANPA`: a managed policy.
    ManagedPolicy,
    /// `AIPA`: an instance profile.
    InstanceProfile,
    /// `ACCA`: a service-specific credential.
    ServiceSpecificCredential,
    /// `AKIA`: a long-term access key.
    AccessKey,
    /// `ASIA`: a temporary access key.
    TemporaryAccessKey,
    /// `APKA`: an SSH public key.
    SshPublicKey,
    /// `ASCA`: a server certificate.
    ServerCertificate,
}

impl IdKind {
    /// The four letters.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
            Self::ManagedPolicy => "ANPA",
            Self::InstanceProfile => "AIPA",
            Self::ServiceSpecificCredential => "ACCA",
            Self::AccessKey => "AKIA",
            Self::TemporaryAccessKey => "ASIA",
            Self::SshPublicKey => "APKA",
            Self::ServerCertificate => "ASCA",
        }
    }

    /// Characters in all: access keys and SSH public keys have 20, the others 21.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::AccessKey | Self::TemporaryAccessKey | Self::SshPublicKey => 20,
            _ => 21,
        }
    }
}

/// RFC 4648 base32, the alphabet of ids.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Makes an id of this kind in this account. The account's number is written into the digits after the prefix, as AWS
/// does, so that `GetAccessKeyInfo` needs no look-up; the tail is random (40 bits at the least) and never used again.
#[must_use]
pub fn generate(kind: IdKind, account: AccountId, rng: &Rng) -> String {
    // Ten base32 digits hold 50 bits: bit 49 is left set as on AWS, the 40 bits below it are the account's number, the
    // low bits of the tenth digit are random.
    let digits = (kind.length() - 4).max(10);
    let mut random = [0u8; 32];
    rng.fill(&mut random);
    let low = u64::from(random.first().copied().unwrap_or(0) & 0x7);
    // 50 bits: the account sits above the lowest nine (10 digits * 5 bits = 48 bits of the six bytes + 2).
    let head = (1u64 << 49) | (account.number() << 9) | ((low & 0x7) << 6);
    let mut text = String::with_capacity(kind.length());
    text.push_str(kind.prefix());
    for place in 0..digits {
        let value = if place < 8 {
            (head >> (45 - 5 * place)) & 31
        } else if place == 8 {
            // The ninth digit holds the account's last bit on top; its four low bits are random.
            ((head >> 5) & 16) | u64::from(random.get(1).copied().unwrap_or(0) & 15)
        } else {
            u64::from(random.get(place).copied().unwrap_or(0) & 31)
        };
        let index = usize::try_from(value & 31).unwrap_or(0);
        text.push(ALPHABET.get(index).map_or('A', |&b| char::from(b)));
    }
    text
}

/// The account whose number is written into an id or an access key id, or `None` where the text carries none.
#[must_use]
pub fn account_of(id: &str) -> Option<AccountId> {
    let digits = id.as_bytes().get(4..14)?;
    let mut bits = 0u64;
    for digit in digits {
        let value = ALPHABET.iter().position(|letter| letter == digit)?;
        bits = (bits << 5) | u64::try_from(value).ok()?;
    }
    // The first six of the bytes that the ten digits decode to, without the top bit, without the low seven.
    let six_bytes = bits >> 2;
    AccountId::from_number((six_bytes & 0x7fff_ffff_ff80) >> 7)
}

/// The unique id of an entity. Never used again, not even for an entity of the same name.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct UniqueId(Arc<str>);

impl UniqueId {
    /// Draws a new id.
    #[must_use]
    pub fn generate(kind: IdKind, account: AccountId, rng: &Rng) -> Self {
        Self(generate(kind, account, rng).into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for UniqueId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for UniqueId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Scalar for UniqueId {
    const RULES: &'static [Constraint] = &[
        Constraint::MaxLength(128),
        Constraint::MinLength(16),
        Constraint::Pattern(r"[\w]+"),
    ];

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        crate::scalar::check(text, Self::RULES, crate::text::is_word)?;
        Ok(Self(text.into()))
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn an_id_tells_its_account_and_kind() {
        let rng = Rng::new(ChaCha20Rng::from_seed([3; 32]));
        for number in [0, 1, 123_456_789_012, 999_999_999_999, 581_039_954_779] {
            let account = AccountId::from_number(number).expect("twelve digits");
            for kind in [IdKind::User, IdKind::AccessKey, IdKind::Role] {
                let id = generate(kind, account, &rng);
                assert!(id.starts_with(kind.prefix()), "{id}");
                assert_eq!(id.len(), kind.length(), "{id}");
                assert_eq!(account_of(&id), Some(account), "{id}");
            }
        }
    }

    #[test]
    fn the_published_example_decodes() {
        // Published by the finders of the encoding; the account is the one they name.
        assert_eq!(
            account_of("ASIAQNZGKIQY56JQ7WML"),
            AccountId::from_number(29_608_264_753)
        );
        assert_eq!(account_of("AKIA"), None);
        assert_eq!(account_of("AKIA1111111111111111"), None);
    }

    #[test]
    fn ids_differ() {
        let rng = Rng::new(ChaCha20Rng::from_seed([9; 32]));
        let account = AccountId::from_number(1).expect("small");
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(generate(IdKind::AccessKey, account, &rng)));
        }
    }
}
