//! Instants and the clock that tells them.

use crate::scalar::{Constraint, Expected, Kind, Scalar, write_short};

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z (no leap seconds).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// A date and a time of day in the proleptic Gregorian calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch; saturates at the ends of what can be told.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// This instant without its fraction of a second.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self(self.seconds() * MICROS)
    }

    /// The instant this many seconds later (earlier if negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS)))
    }

    /// Whole seconds from `earlier` to this instant, rounded down; negative if it is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(MICROS)
    }

    /// Date and time of day.
    #[must_use]
    pub fn civil(self) -> Civil {
        let seconds = self.seconds();
        let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        // Days are counted from 1 March of year 0, so that the leap day is the last of its year.
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let small = |n: i64| u8::try_from(n).unwrap_or(0);
        Civil {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day_of_year - (153 * shifted + 2) / 5 + 1),
            hour: small(rest / 3_600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    /// The instant of a date and a time of day, or `None` where there is no such day or time.
    #[must_use]
    pub fn from_civil(at: Civil) -> Option<Self> {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = at;
        if !(1..=12).contains(&month)
            || day < 1
            || day > days_in_month(year, month)
            || hour > 23
            || minute > 59
            || second > 59
            || !(0..=9999).contains(&year)
        {
            return None;
        }
        let (month, day) = (i64::from(month), i64::from(day));
        let shifted_year = if month <= 2 { year - 1 } else { year };
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let shifted_month = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + of_era - 719_468;
        let of_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
        Some(Self::from_seconds(days * DAY + of_day))
    }

    /// ISO 8601 basic format, `20260102T030405Z`, as request signatures carry it.
    #[must_use]
    pub fn basic(self) -> String {
        let c = self.civil();
        format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        )
    }

    /// Reads ISO 8601 basic format, `20260102T030405Z`, and nothing else.
    #[must_use]
    pub fn parse_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
            return None;
        }
        Self::from_civil(Civil {
            year: i64::from(digits(bytes, 0, 4)?),
            month: small_digits(bytes, 4)?,
            day: small_digits(bytes, 6)?,
            hour: small_digits(bytes, 9)?,
            minute: small_digits(bytes, 11)?,
            second: small_digits(bytes, 13)?,
        })
    }

    /// Reads ISO 8601 extended format in UTC: `2026-01-02T03:04:05Z`, with or without a fraction of a second.
    #[must_use]
    pub fn parse_extended(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if separators
            .iter()
            .any(|&(at, byte)| bytes.get(at) != Some(&byte))
        {
            return None;
        }
        let whole = Self::from_civil(Civil {
            year: i64::from(digits(bytes, 0, 4)?),
            month: small_digits(bytes, 5)?,
            day: small_digits(bytes, 8)?,
            hour: small_digits(bytes, 11)?,
            minute: small_digits(bytes, 14)?,
            second: small_digits(bytes, 17)?,
        })?;
        let rest = text.get(19..)?.strip_suffix('Z')?;
        if rest.is_empty() {
            return Some(whole);
        }
        let fraction = rest.strip_prefix('.')?;
        if fraction.is_empty()
            || fraction.len() > 9
            || !fraction.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
        Some(Self(whole.0 + micros))
    }
}

/// Reads `count` decimal digits from `at`.
fn digits(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let mut number = 0u32;
    for byte in bytes.get(at..at + count)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u32::from(byte - b'0');
    }
    Some(number)
}

fn small_digits(bytes: &[u8], at: usize) -> Option<u8> {
    digits(bytes, at, 2).and_then(|n| u8::try_from(n).ok())
}

fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// ISO 8601 extended format with whole seconds, `2026-01-02T03:04:05Z`: what AWS writes.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let c = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        )
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}+{}µs", self.0.rem_euclid(MICROS))
    }
}

impl Scalar for Timestamp {
    const RULES: &'static [Constraint] = &[];
    const KIND: Kind = Kind::Instant;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        Self::parse_extended(text)
            .or_else(|| Self::parse_basic(text))
            .ok_or_else(|| vec![Constraint::Malformed(Expected::Timestamp)])
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        write_short(self, to);
    }
}

/// Tells the time. Read once a request, so that signature, condition keys, rows and audit agree.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_formats_of_one_instant_agree() {
        let at = Timestamp::parse_basic("20260102T030405Z").expect("basic");
        assert_eq!(at.to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(at.basic(), "20260102T030405Z");
        assert_eq!(Timestamp::parse_extended("2026-01-02T03:04:05Z"), Some(at));
        assert_eq!(
            Timestamp::parse_extended("2026-01-02T03:04:05.25Z"),
            Some(Timestamp::from_micros(at.micros() + 250_000))
        );
        assert_eq!(
            Timestamp::from_seconds(0).to_string(),
            "1970-01-01T00:00:00Z"
        );
        assert_eq!(
            Timestamp::from_seconds(951_782_400).to_string(),
            "2000-02-29T00:00:00Z"
        );
    }

    #[test]
    fn there_is_no_thirtieth_of_february() {
        for bad in [
            "20260230T000000Z",
            "20251301T000000Z",
            "20260101T240000Z",
            "2026010T000000Z",
            "20260101T000000",
            "20260101t000000z",
            "２０２６0101T000000Z",
            "",
        ] {
            assert_eq!(Timestamp::parse_basic(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_second_survives_its_text(seconds in -62_000_000_000i64..250_000_000_000) {
            let at = Timestamp::from_seconds(seconds);
            if (0..=9999).contains(&at.civil().year) {
                prop_assert_eq!(Timestamp::from_civil(at.civil()), Some(at));
                prop_assert_eq!(Timestamp::parse_extended(&at.to_string()), Some(at));
                prop_assert_eq!(Timestamp::parse_basic(&at.basic()), Some(at));
            }
        }
    }
}
