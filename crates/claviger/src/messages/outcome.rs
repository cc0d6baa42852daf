//! What becomes of a try to deliver, and when the next one is.

use claviger_model::{Rng, Timestamp};

/// What became of a try. The texts are for the log: what the other side said, made harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was taken.
    Taken(String),
    /// Not now. What is wrong may be with this message, so that the next ones are tried.
    Later(String),
    /// Nothing can be delivered this way at present.
    Away(String),
    /// Never.
    Refused(String),
}

/// Seconds before the second try.
const FIRST: i64 = 10;
/// Seconds between tries at the most: an hour, so that what waits leaves soon after a long outage has ended.
const LONGEST: i64 = 3_600;

/// When a message that was tried this often is due again: each time after twice as long, with a quarter of it either way
/// by chance, so that what failed together does not come back together.
pub(crate) fn next_try(now: Timestamp, attempts: u32, rng: &Rng) -> Timestamp {
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = (FIRST << doublings).min(LONGEST);
    let quarter = wait / 4;
    let spread = u32::try_from(2 * quarter + 1).unwrap_or(1);
    now.plus_seconds(wait - quarter + i64::from(rng.below(spread)))
}

/// Characters of what another server said that a log line takes.
const SAID: usize = 300;

/// What another server said, as one line that does no harm in a log.
pub(super) fn said(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars()
        .filter(|character| !character.is_control())
        .take(SAID)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour_and_differ_by_chance() {
        let rng = crate::chance::system();
        let now = Timestamp::from_seconds(1_000_000);
        for (attempts, wait) in [
            (1, 10),
            (2, 20),
            (5, 160),
            (10, 3_600),
            (4_000_000_000, 3_600),
        ] {
            let waits: Vec<i64> = (0..50)
                .map(|_| next_try(now, attempts, &rng).seconds_since(now))
                .collect();
            let bounds = (wait * 3 / 4)..=(wait * 5 / 4 + 1);
            assert!(waits.iter().all(|w| bounds.contains(w)), "{waits:?}");
            assert!(waits.iter().any(|w| *w != waits[0]), "{waits:?}");
        }
    }

    #[test]
    fn what_others_said_is_one_short_line() {
        assert_eq!(
            said("550 no\r\n\u{1b}[31mlevel=ERROR  x"),
            "550 no [31mlevel=ERROR x"
        );
        assert_eq!(said(&"x".repeat(10_000)).len(), SAID);
    }
}
