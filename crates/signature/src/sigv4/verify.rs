//! The verdicts: scope, time, signature.

use claviger_model::Timestamp;
use subtle::ConstantTimeEq;

use super::canonical::Hex;
use super::present::Presented;
use super::{SignatureError, SigningKey, TERMINATOR, canonical};

/// How far the time of a header-signed request may lie from the server's, either way, in seconds; and how far ahead
/// that of a presigned one may be.
pub const CLOCK_WINDOW_SECONDS: i64 = 300;

/// What a door demands of a request.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The service that the scope must name: `iam`, `sts`.
    pub service: &'a str,
    /// The server's time, the one reading of the clock that the request gets.
    pub now: Timestamp,
    /// A presigned request is honoured for this many seconds even if its `X-Amz-Expires` is smaller. 0 almost
    /// everywhere; 900 for `GetCallerIdentity`, whose presigned form AWS STS honours for a quarter of an hour whatever it says.
    pub presigned_at_least_seconds: i64,
}

impl Presented<'_> {
    /// Holds the scope against the service: the region must be there (which one is free), the service must be this one,
    /// the last part `aws4_request`, and the date that of the request's own time.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Scope`] with AWS's sentence for each part that is wrong.
    pub fn check_scope(&self, service: &str) -> Result<(), SignatureError> {
        let scope = self.scope();
        let stamp = self.stamp();
        let day = stamp.get(..8).unwrap_or_default();
        let region_is_sane = !scope.region.is_empty()
            && scope.region.len() <= 64
            && scope
                .region
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if region_is_sane
            && scope.service == service
            && self.terminator() == TERMINATOR
            && scope.date == day
        {
            return Ok(());
        }
        let mut text = String::new();
        if !region_is_sane {
            text.push_str("Credential should be scoped to a valid region. ");
        }
        if scope.service != service {
            text.push_str("Credential should be scoped to correct service: '");
            text.push_str(service);
            text.push_str("'. ");
        }
        if self.terminator() != TERMINATOR {
            text.push_str("Credential should be scoped with a valid terminator: '");
            text.push_str(TERMINATOR);
            text.push_str("', not '");
            text.push_str(self.terminator());
            text.push_str("'.");
        }
        if scope.date != day {
            if text.ends_with('.') {
                text.push(' ');
            }
            text.push_str(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '",
            );
            text.push_str(scope.date);
            text.push_str("' != '");
            text.push_str(day);
            text.push_str("', from '");
            text.push_str(stamp);
            text.push_str("'.");
        }
        Err(SignatureError::Scope { text: text.into() })
    }

    /// Holds the request's time against the server's. A header-signed request may be [`CLOCK_WINDOW_SECONDS`] off either
    /// way; a presigned one is good from that much before its time until its life is over.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Expired`], [`SignatureError::NotYetCurrent`].
    pub fn check_time(
        &self,
        now: Timestamp,
        presigned_at_least_seconds: i64,
    ) -> Result<(), SignatureError> {
        let signed_at = self.timestamp();
        let window_seconds = self
            .lifetime_seconds()
            .map_or(CLOCK_WINDOW_SECONDS, |life| {
                life.max(presigned_at_least_seconds)
            });
        // Whole seconds on both sides, since that is what the texts show.
        let age = now.whole_seconds().seconds_since(signed_at);
        if age > window_seconds {
            return Err(SignatureError::Expired {
                signed_at,
                now,
                window_seconds,
            });
        }
        if age < -CLOCK_WINDOW_SECONDS {
            return Err(SignatureError::NotYetCurrent {
                signed_at,
                now,
                window_seconds: CLOCK_WINDOW_SECONDS,
            });
        }
        Ok(())
    }

    /// The verdict: scope, time, and the signature over method, path, query, signed headers and the body as it is,
    /// compared in constant time. The key must be that of [`access_key_id`](Self::access_key_id) for
    /// [`scope`](Self::scope).
    ///
    /// # Errors
    ///
    /// Those of [`check_scope`](Self::check_scope) and [`check_time`](Self::check_time);
    /// [`SignatureError::Payload`] where a declared hash is not the body's; [`SignatureError::Mismatch`] where the
    /// signature is another.
    pub fn verify(&self, key: &SigningKey, terms: &Terms<'_>) -> Result<(), SignatureError> {
        self.check_scope(terms.service)?;
        self.check_time(terms.now, terms.presigned_at_least_seconds)?;
        let payload = canonical::hash_hex(self.request().body);
        if let Some(declared) = self.declared_payload()
            && declared != payload.as_slice()
        {
            return Err(SignatureError::Payload);
        }
        let expected = self.signature_under(key, &payload)?;
        if equal(&expected, self.signature().as_bytes()) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

/// Whether the signature is the expected one, in a time that does not depend on where they differ.
///
/// SECURITY: a comparison that stops at the first difference would tell an attacker the signature digit by digit.
fn equal(expected: &Hex, presented: &[u8]) -> bool {
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
