//! Time-based one-time passwords: RFC 6238 with SHA-1, six digits and steps of thirty seconds.

use claviger_model::{Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Seconds a step takes (RFC 6238, section 4.1).
const STEP_SECONDS: i64 = 30;
/// How far from the server's clock the second of two enrolment codes may lie, in steps: AWS searches from 998 behind to
/// 1,000 ahead (observed 2026).
const SEARCH_BEHIND: i64 = 998;
const SEARCH_AHEAD: i64 = 1_000;
/// Steps to either side of the device's adjusted time at which a code is accepted.
const WINDOW: i64 = 1;

/// Six ASCII digits. Anything else is no code: blanks and other scripts' digits are refused, not repaired.
#[derive(Clone, Copy)]
pub struct Code([u8; 6]);

impl Code {
    /// Reads a code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 6] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_digit).then_some(Self(bytes))
    }
}

/// The step that an instant lies in.
#[must_use]
pub fn step_at(now: Timestamp) -> i64 {
    now.seconds().div_euclid(STEP_SECONDS)
}

/// A seed, keyed once: a search through many steps costs half as much as keying each anew.
struct Keyed(Option<Hmac<Sha1>>);

impl Keyed {
    fn new(seed: &[u8]) -> Self {
        Self(Hmac::new_from_slice(seed).ok())
    }
}

/// The code of a step (RFC 4226, section 5.3). Steps before 1970 have none.
fn code_at(seed: &Keyed, step: i64) -> Option<[u8; 6]> {
    let counter = u64::try_from(step).ok()?;
    let mut mac = seed.0.clone()?;
    mac.update(&counter.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last()? & 0x0f);
    let word: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
    let mut number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).ok()?;
        number /= 10;
    }
    Some(digits)
}

fn is_code_of(seed: &Keyed, step: i64, code: Code) -> bool {
    code_at(seed, step).is_some_and(|right| right.ct_eq(&code.0).into())
}

/// The step that a code belongs to, if it is that of a device whose clock is `drift` steps ahead of ours, now or one
/// step to either side. Whether the step was used before is for the store to say.
#[must_use]
pub fn verify(seed: &Secret<Vec<u8>>, drift: i64, now: Timestamp, code: Code) -> Option<i64> {
    let middle = step_at(now) + drift;
    let seed = Keyed::new(seed.expose());
    // Every step is tried, whichever fits, so that the time taken does not tell which one did.
    let mut found = None;
    for step in middle - WINDOW..=middle + WINDOW {
        if is_code_of(&seed, step, code) {
            found = Some(step);
        }
    }
    found
}

/// The step of the second of two consecutive codes, nearest to the device's adjusted time, newer than `after`.
///
/// The difference to the present step is the device's drift.
#[must_use]
pub fn find_pair(
    seed: &Secret<Vec<u8>>,
    drift: i64,
    now: Timestamp,
    after: Option<i64>,
    first: Code,
    second: Code,
) -> Option<i64> {
    let middle = step_at(now) + drift;
    let seed = Keyed::new(seed.expose());
    let from = middle - SEARCH_BEHIND;
    let to = middle + SEARCH_AHEAD;
    let mut best: Option<i64> = None;
    let mut previous_matches = is_code_of(&seed, from - 1, first);
    for step in from..=to {
        let both = previous_matches && is_code_of(&seed, step, second);
        // Both codes of the pair must be newer than the last one accepted.
        let fresh = after.is_none_or(|after| step - 1 > after);
        if both && fresh && best.is_none_or(|b| (step - middle).abs() < (b - middle).abs()) {
            best = Some(step);
        }
        previous_matches = is_code_of(&seed, step, first);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Secret<Vec<u8>> {
        Secret::new(b"12345678901234567890".to_vec())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn code(step: i64) -> Code {
        Code(code_at(&Keyed::new(seed().expose()), step).expect("after 1970"))
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238_appendix_b() {
        // The RFC prints eight digits; six digits are their tail.
        for (seconds, tail) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let digits =
                code_at(&Keyed::new(seed().expose()), step_at(at(seconds))).expect("a code");
            assert_eq!(std::str::from_utf8(&digits), Ok(tail));
        }
    }

    #[test]
    fn ac_34_a_code_is_six_ascii_digits_and_nothing_else() {
        assert!(Code::parse("123456").is_some());
        for bad in [
            "",
            "12345",
            "1234567",
            " 123456",
            "123 56",
            "１２３４５６",
            "12345a",
            "١٢٣٤٥٦",
        ] {
            assert!(Code::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_code_is_accepted_one_step_to_either_side() {
        let now = at(3_000_000);
        let step = step_at(now);
        for offset in -1..=1 {
            assert_eq!(
                verify(&seed(), 0, now, code(step + offset)),
                Some(step + offset)
            );
        }
        for offset in [-2, 2, -20, 20] {
            assert_eq!(
                verify(&seed(), 0, now, code(step + offset)),
                None,
                "{offset}"
            );
        }
        assert_eq!(verify(&seed(), -20, now, code(step - 20)), Some(step - 20));
    }

    #[test]
    fn a_pair_is_found_in_order_and_within_the_search() {
        let now = at(3_000_000);
        let step = step_at(now);
        let pair = |offset: i64| {
            find_pair(
                &seed(),
                0,
                now,
                None,
                code(step + offset - 1),
                code(step + offset),
            )
        };
        assert_eq!(pair(-20), Some(step - 20));
        assert_eq!(pair(-SEARCH_BEHIND), Some(step - SEARCH_BEHIND));
        assert_eq!(pair(SEARCH_AHEAD), Some(step + SEARCH_AHEAD));
        assert_eq!(pair(-SEARCH_BEHIND - 1), None);
        assert_eq!(pair(SEARCH_AHEAD + 1), None);
        assert_eq!(
            find_pair(&seed(), 0, now, None, code(step), code(step - 1)),
            None
        );
        assert_eq!(
            find_pair(&seed(), 0, now, None, code(step), code(step)),
            None
        );
    }

    #[test]
    fn a_pair_must_be_newer_than_the_last_code_accepted() {
        let now = at(3_000_000);
        let step = step_at(now);
        let pair = |after| find_pair(&seed(), 0, now, Some(after), code(step - 1), code(step));
        assert_eq!(pair(step - 2), Some(step));
        assert_eq!(pair(step - 1), None);
        assert_eq!(pair(step), None);
    }
}
