//! Chance, passed in so that tests can set the seed.

use std::sync::Mutex;

use rand_core::CryptoRng;

/// The source of every id, secret, salt and nonce. The binary builds one over the operating system's generator, a test
/// one over a seeded ChaCha.
pub struct Rng(Mutex<Box<dyn CryptoRng + Send>>);

impl Rng {
    /// Draws from this generator from now on.
    pub fn new(generator: impl CryptoRng + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(generator)))
    }

    /// Fills the buffer.
    pub fn fill(&self, buffer: &mut [u8]) {
        // INVARIANT: the generator cannot panic half-way in a state that matters, so a poisoned lock is still good.
        let mut generator = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        generator.fill_bytes(buffer);
    }

    /// An array of random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`, each as likely as the other. Zero for a bound of zero.
    #[must_use]
    pub fn below(&self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        // Rejection sampling: the topmost, incomplete run of values would favour the low results.
        let zone = u32::MAX - (u32::MAX % bound);
        loop {
            let number = u32::from_le_bytes(self.bytes());
            if number < zone {
                return number % bound;
            }
        }
    }

    /// `length` characters, each drawn evenly from `alphabet` (ASCII).
    #[must_use]
    pub fn text(&self, alphabet: &[u8], length: usize) -> String {
        let bound = u32::try_from(alphabet.len()).unwrap_or(u32::MAX);
        (0..length)
            .filter_map(|_| alphabet.get(self.below(bound) as usize))
            .map(|&byte| char::from(byte))
            .collect()
    }

    /// A random (version 4) UUID in its usual form (RFC 9562, section 5.4).
    #[must_use]
    pub fn uuid(&self) -> String {
        let number = u128::from_le_bytes(self.bytes());
        let number = number & !(0xf << 76) | (0x4 << 76);
        let number = number & !(0x3 << 62) | (0x2 << 62);
        let mut text = String::with_capacity(36);
        for place in 0..32 {
            if matches!(place, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            // INVARIANT: four bits are one hexadecimal digit.
            let digit = (number >> (124 - 4 * place)) & 0xf;
            text.push(char::from_digit(digit as u32, 16).unwrap_or('0'));
        }
        text
    }
}

impl std::fmt::Debug for Rng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rng")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_uuid_carries_version_and_variant() {
        let rng = Rng::new(ChaCha20Rng::from_seed([7; 32]));
        for _ in 0..100 {
            let uuid = rng.uuid();
            assert_eq!(uuid.len(), 36);
            assert_eq!(uuid.get(14..15), Some("4"), "{uuid}");
            assert!(
                matches!(uuid.get(19..20), Some("8" | "9" | "a" | "b")),
                "{uuid}"
            );
        }
    }

    #[test]
    fn a_bounded_draw_stays_below_its_bound_and_reaches_all() {
        let rng = Rng::new(ChaCha20Rng::from_seed([1; 32]));
        let mut seen = [0u32; 10];
        for _ in 0..10_000 {
            seen[rng.below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (800..1200).contains(&n)), "{seen:?}");
        assert_eq!(rng.below(0), 0);
    }
}
