//! Secrets: values that are neither printed nor serialized, and vanish from memory when dropped.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::scalar::{Constraint, Kind, Scalar};

/// A value that must not be seen. `Debug` masks it, there is no `Display` and no `Serialize`, and it is zeroed on drop.
///
/// [`Secret::expose`] is the one way to the value, so that each use can be found by its name.
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into keeping.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether both hold the same bytes, in a time that depends on the length alone.
    #[must_use]
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.as_ref().ct_eq(other).into()
    }
}

impl<T: Zeroize + Scalar> Scalar for Secret<T> {
    const RULES: &'static [Constraint] = T::RULES;
    const SECRET: bool = true;
    const KIND: Kind = T::KIND;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        T::parse(text).map(Self::new)
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        self.0.write(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert!(!format!("{:?}", Some(&secret)).contains("hunter2"));
    }

    #[test]
    fn a_secret_matches_its_own_bytes_only() {
        let secret = Secret::new(String::from("hunter2"));
        assert!(secret.matches(b"hunter2"));
        assert!(!secret.matches(b"hunter"));
        assert!(!secret.matches(b""));
    }
}
