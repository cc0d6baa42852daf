//! Account ids.

use crate::scalar::{Constraint, Scalar};

/// The number of an account: twelve decimal digits, leading zeros kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

/// The least number that no longer fits into twelve digits.
const BEYOND: u64 = 1_000_000_000_000;

impl AccountId {
    /// The account of this number, or `None` where it has more than twelve digits.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        if number < BEYOND {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, below 10¹².
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The twelve digits.
    #[must_use]
    pub fn text(self) -> AccountText {
        let mut digits = [b'0'; 12];
        let mut rest = self.0;
        for digit in digits.iter_mut().rev() {
            // INVARIANT: a remainder of ten is a digit.
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        AccountText(digits)
    }
}

/// An account id as text, without an allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccountText([u8; 12]);

impl AccountText {
    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // INVARIANT: digits are text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Debug for AccountText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl std::fmt::Debug for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Scalar for AccountId {
    const RULES: &'static [Constraint] = &[Constraint::Pattern(r"\d{12}")];

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            text.parse().map(Self).map_err(|_| Self::RULES.to_vec())
        } else {
            Err(Self::RULES.to_vec())
        }
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(self.text().as_str());
    }
}

impl serde::Serialize for AccountId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AccountId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(from)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("an account id has twelve digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_keeps_its_leading_zeros() {
        let id = AccountId::parse("000000000042").expect("twelve digits");
        assert_eq!(id.to_string(), "000000000042");
        for bad in ["", "42", "0000000000042", "00000000004a", "٠٠٠٠٠٠"] {
            assert!(AccountId::parse(bad).is_err(), "{bad}");
        }
    }
}
