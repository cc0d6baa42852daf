//! Instants in policies and requests: ISO 8601 in the W3C profile, or seconds since 1970.

use claviger_model::Timestamp;
use claviger_model::time::Civil;

/// An instant, ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant {
    seconds: i64,
    nanos: u32,
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        let micros = at.micros().rem_euclid(1_000_000);
        Self {
            seconds: at.seconds(),
            nanos: u32::try_from(micros * 1_000).unwrap_or(0),
        }
    }
}

impl Instant {
    pub(crate) const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }

    /// Reads `2026-01-02`, `2026-01`, `2026-01-02T03:04Z`, `2026-01-02T03:04:05.678+01:00`, `20260102T030405Z`, or
    /// seconds since 1970 with an optional fraction. A time without an offset is UTC. Digits alone are always seconds.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::epoch(text)
            .or_else(|| Timestamp::parse_basic(text).map(Self::from))
            .or_else(|| Self::iso(text))
    }

    fn epoch(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) => (whole, nanos(fraction)?),
            None => (digits, 0),
        };
        if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seconds: i64 = whole.parse().ok()?;
        Some(match (negative, fraction) {
            (false, nanos) => Self { seconds, nanos },
            (true, 0) => Self::from_seconds(-seconds),
            (true, nanos) => Self {
                seconds: (-seconds).checked_sub(1)?,
                nanos: 1_000_000_000 - nanos,
            },
        })
    }

    fn iso(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = i64::from(number(parts.next()?, 4)?);
        let month = small(parts.next()?)?;
        let day = match parts.next() {
            Some(day) => small(day)?,
            None if time.is_none() => 1,
            None => return None,
        };
        if parts.next().is_some() {
            return None;
        }
        let (clock, offset) = match time {
            Some(time) => split_offset(time)?,
            None => ("00:00", 0),
        };
        let (clock, fraction) = match clock.split_once('.') {
            Some((clock, fraction)) => (clock, nanos(fraction)?),
            None => (clock, 0),
        };
        let mut parts = clock.split(':');
        let hour = small(parts.next()?)?;
        let minute = small(parts.next()?)?;
        let second = match parts.next() {
            Some(second) => small(second)?,
            None if fraction == 0 && !text.contains('.') => 0,
            None => return None,
        };
        if parts.next().is_some() {
            return None;
        }
        let local = Timestamp::from_civil(Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        })?;
        Some(Self {
            seconds: local.seconds() - offset,
            nanos: fraction,
        })
    }
}

/// Cuts `Z` or `±hh:mm` off, and answers its seconds east of Greenwich.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else {
        return Some((time, 0));
    };
    let (clock, offset) = time.split_at_checked(at)?;
    let (sign, digits) = match offset.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, offset.strip_prefix('+')?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(both) => both,
        None => digits.split_at_checked(2)?,
    };
    let (hours, minutes) = (small(hours)?, small(minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((
        clock,
        sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60),
    ))
}

fn number(text: &str, digits: usize) -> Option<u16> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn small(text: &str) -> Option<u8> {
    number(text, 2).and_then(|n| u8::try_from(n).ok())
}

/// Nanoseconds of a fraction of one to nine digits.
fn nanos(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let missing = u32::try_from(9 - fraction.len()).ok()?;
    Some(fraction.parse::<u32>().ok()? * 10u32.pow(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_21_all_spellings_of_an_instant_are_equal() {
        let at = Instant::parse("2026-01-02T03:04:05Z").expect("an instant");
        for same in [
            "2026-01-02T03:04:05.000Z",
            "2026-01-02T04:04:05+01:00",
            "2026-01-01T22:34:05-0430",
            "20260102T030405Z",
            "1767323045",
            "1767323045.0",
            "2026-01-02T03:04:05",
        ] {
            assert_eq!(Instant::parse(same), Some(at), "{same}");
        }
        let day = Instant::parse("2026-01-02T00:00:00Z");
        assert_eq!(Instant::parse("2026-01-02"), day);
        assert_eq!(Instant::parse("2026-01-02T00:00Z"), day);
        assert_eq!(Instant::parse("2026-01"), Instant::parse("2026-01-01"));
        assert_eq!(
            Instant::parse("-1.5"),
            Instant::parse("1969-12-31T23:59:58.5Z")
        );
        assert!(Instant::parse("-0.5") < Instant::parse("0"));
        assert_eq!(
            Some(Instant::from(Timestamp::from_micros(-500_000))),
            Instant::parse("-0.5")
        );
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for bad in [
            "",
            "2026-13-01",
            "2026-02-30",
            "2026-1-2",
            "tomorrow",
            "2026-01-02T",
            "2026-01-02T25:00Z",
            "2026-01-02T03:04:60Z",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03Z",
            "2026-01T03:04Z",
            "2026-01-02T03:04:05+1",
            "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04.5Z",
            "2026-01-02T03:04:05.Z",
            "--1",
            "1.",
            ".1",
            "99999999999999999999",
            "2026-01-02Z",
            "2026-01-02T03:04:05+é1",
        ] {
            assert_eq!(Instant::parse(bad), None, "{bad}");
        }
    }
}
