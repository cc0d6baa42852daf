//! Recovery codes: look-up secrets that stand in, each once, for a second factor that was lost (NIST SP 800-63B, section
//! 5.1.2).

use claviger_model::scalar::Constraint;
use claviger_model::{Rng, Scalar, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// How many codes are made at once.
pub const CODES: usize = 10;
/// The symbols of a code (Crockford's Base32): none is read for another.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols of a code: 125 bits of chance, so that a plain hash keeps it (NIST SP 800-63B, section 5.1.2.2).
const LENGTH: usize = 25;
/// Symbols that are written together.
const GROUP: usize = 5;
/// What is hashed with every code: no hash of another kind is taken for one of these.
const PURPOSE: &[u8] = b"claviger recovery code 1";

/// A recovery code, as it was drawn or as somebody typed it: case, spaces and hyphens do not count, and `O`, `I` and `L`
/// are read as the digits that they look like.
#[derive(Clone, Default)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A new code.
    #[must_use]
    pub fn draw(rng: &Rng) -> Self {
        let mut chance = rng.bytes::<LENGTH>();
        let symbols = chance
            .iter()
            .filter_map(|byte| SYMBOLS.get(usize::from(byte % 32)))
            .map(|symbol| char::from(*symbol))
            .collect();
        chance.zeroize();
        Self(symbols)
    }

    /// The code in groups of five, as it is shown.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = String::with_capacity(LENGTH + LENGTH / GROUP);
        for (at, symbol) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                shown.push('-');
            }
            shown.push(symbol);
        }
        shown
    }

    /// The hash of the code, bound to whose it is.
    fn digest(&self, owner: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [PURPOSE, owner.as_bytes(), self.0.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl Zeroize for RecoveryCode {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Scalar for RecoveryCode {
    const RULES: &'static [Constraint] = &[
        Constraint::MaxLength(64),
        Constraint::MinLength(25),
        Constraint::Pattern(r"[0-9A-Za-z -]+"),
    ];
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        let is_typed = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-'))
        };
        claviger_model::scalar::check(text, Self::RULES, is_typed)?;
        let symbols = text.chars().filter(char::is_ascii_alphanumeric);
        Ok(Self(
            symbols
                .map(|symbol| match symbol.to_ascii_uppercase() {
                    'O' => '0',
                    'I' | 'L' => '1',
                    symbol => symbol,
                })
                .collect(),
        ))
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.shown());
    }
}

/// The recovery codes of a user or of root that have not been used.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RecoveryCodes {
    /// When they were made.
    pub made: Timestamp,
    /// The hashes of those that are left.
    left: Vec<String>,
}

impl RecoveryCodes {
    /// Codes for the owner of this id, and what is kept of them.
    #[must_use]
    pub fn draw(owner: &str, now: Timestamp, rng: &Rng) -> (Vec<RecoveryCode>, Self) {
        let codes: Vec<RecoveryCode> = (0..CODES).map(|_| RecoveryCode::draw(rng)).collect();
        let left = codes.iter().map(|code| written(&code.digest(owner)));
        let kept = Self {
            made: now,
            left: left.collect(),
        };
        (codes, kept)
    }

    /// How many are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.left.len()
    }

    /// Uses the code up; whether it was one of these.
    pub fn redeem(&mut self, owner: &str, code: &RecoveryCode) -> bool {
        let digest = written(&code.digest(owner));
        let before = self.left.len();
        self.left
            .retain(|kept| !bool::from(kept.as_bytes().ct_eq(digest.as_bytes())));
        self.left.len() < before
    }
}

fn written(digest: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(digest)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn rng() -> Rng {
        Rng::new(ChaCha20Rng::from_seed([5; 32]))
    }

    #[test]
    fn a_code_is_used_once_and_by_its_owner_alone() {
        let (codes, mut kept) = RecoveryCodes::draw("AIDA1", Timestamp::EPOCH, &rng());
        assert_eq!((codes.len(), kept.remaining()), (CODES, CODES));
        let code = &codes[3];
        assert!(!kept.redeem("AIDA2", code));
        assert!(kept.redeem("AIDA1", code));
        assert!(!kept.redeem("AIDA1", code));
        assert_eq!(kept.remaining(), CODES - 1);
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let (codes, kept) = RecoveryCodes::draw("AIDA1", Timestamp::EPOCH, &rng());
        let shown = codes[0].shown();
        assert_eq!((shown.len(), shown.matches('-').count()), (29, 4));
        for typed in [
            shown.clone(),
            shown.replace('-', ""),
            shown.replace('-', " ").to_lowercase(),
            shown.replace('0', "o").replace('1', "l"),
        ] {
            let code = RecoveryCode::parse(&typed).expect("a code");
            assert!(kept.clone().redeem("AIDA1", &code), "{typed}");
        }
        for bad in ["", "1234", &"A".repeat(65), &"é".repeat(25)] {
            assert!(RecoveryCode::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_kept_does_not_tell_the_codes() {
        let (codes, kept) = RecoveryCodes::draw("AIDA1", Timestamp::EPOCH, &rng());
        let kept = serde_json::to_string(&kept).expect("JSON").to_uppercase();
        for code in codes {
            assert!(!kept.contains(&code.0));
        }
    }
}
