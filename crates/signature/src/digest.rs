//! Hashes and MACs in hexadecimal, and how two of them are compared.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A SHA-256 in lower-case hexadecimal.
pub(crate) type Hex = [u8; 64];

/// Writes 32 bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8; 32]) -> Hex {
    // Reckoned and not looked up, so that the compiler can do many digits at once.
    const fn digit(nibble: u8) -> u8 {
        nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
    }
    let mut text = [0; 64];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

/// The SHA-256 of these bytes.
pub(crate) fn hash_hex(bytes: &[u8]) -> Hex {
    hex(&Sha256::digest(bytes).into())
}

/// A hash that is fed in small pieces. They are gathered first: the hash itself is quickest on many blocks at once, and a
/// canonical request is some thirty pieces of ten bytes.
pub(crate) struct Feed {
    hash: Sha256,
    gathered: [u8; 512],
    length: usize,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self {
            hash: Sha256::new(),
            gathered: [0; 512],
            length: 0,
        }
    }

    pub(crate) fn update(&mut self, piece: impl AsRef<[u8]>) {
        let piece = piece.as_ref();
        if piece.len() > self.gathered.len() - self.length {
            self.flush();
        }
        let end = self.length + piece.len();
        match self.gathered.get_mut(self.length..end) {
            Some(room) => {
                room.copy_from_slice(piece);
                self.length = end;
            }
            // Larger than all the room there is.
            None => self.hash.update(piece),
        }
    }

    fn flush(&mut self) {
        self.hash
            .update(self.gathered.get(..self.length).unwrap_or_default());
        self.length = 0;
    }

    pub(crate) fn finish(mut self) -> Hex {
        self.flush();
        hex(&self.hash.finalize().into())
    }
}

/// The digits as a text.
pub(crate) fn text(hex: &Hex) -> String {
    hex.iter().map(|&digit| char::from(digit)).collect()
}

/// Whether the signature is the expected one, in a time that does not depend on where they differ.
///
/// SECURITY: a comparison that stops at the first difference would tell an attacker the signature digit by digit.
pub(crate) fn equal(expected: &Hex, presented: &[u8]) -> bool {
    let words = |hex: &Hex| -> [u64; 8] {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(hex.as_chunks::<8>().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        words
    };
    // The length is no secret: it is always 64.
    let Ok(presented) = <&Hex>::try_from(presented) else {
        return false;
    };
    words(expected).ct_eq(&words(presented)).into()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use super::*;

    /// The shortest of many batches of comparisons: what disturbs a measurement only ever lengthens it.
    fn shortest(mut batches: u32, compare: impl Fn() -> bool) -> Duration {
        let mut shortest = Duration::MAX;
        while batches > 0 {
            let start = Instant::now();
            for _ in 0..500 {
                assert!(!black_box(compare()));
            }
            shortest = shortest.min(start.elapsed());
            batches -= 1;
        }
        shortest
    }

    fn ratio(one: Duration, other: Duration) -> f64 {
        one.max(other).as_secs_f64() / one.min(other).as_secs_f64()
    }

    #[test]
    fn ac_12_the_place_of_the_first_difference_does_not_show_in_the_time() {
        let expected: Hex = [b'a'; 64];
        let (mut early, mut late) = (expected, expected);
        early[0] = b'b';
        late[63] = b'b';
        // Digit by digit is what an attacker hopes for; that it shows proves that this measurement can see it.
        let naive = |other: &Hex| {
            expected
                .iter()
                .zip(other)
                .all(|(one, other)| black_box(one) == black_box(other))
        };
        // Another process may disturb one whole round, but not every one.
        let rounds: Vec<(f64, f64)> = (0..5)
            .map(|_| {
                let seen = ratio(
                    shortest(40, || naive(black_box(&early))),
                    shortest(40, || naive(black_box(&late))),
                );
                let ours = ratio(
                    shortest(40, || equal(&expected, black_box(&early))),
                    shortest(40, || equal(&expected, black_box(&late))),
                );
                (seen, ours)
            })
            .collect();
        assert!(
            rounds.iter().any(|&(seen, ours)| seen > 3.0 && ours < 1.2),
            "naive and constant-time ratios of early to late: {rounds:?}"
        );
    }

    #[test]
    fn only_the_same_digits_are_equal() {
        let expected: Hex = [b'a'; 64];
        assert!(equal(&expected, &[b'a'; 64]));
        for place in 0..64 {
            let mut other = expected;
            other[place] ^= 1;
            assert!(!equal(&expected, &other), "{place}");
        }
        assert!(!equal(&expected, &[b'a'; 63]));
        assert!(!equal(&expected, &[b'a'; 65]));
        assert!(!equal(&expected, b""));
    }
}
