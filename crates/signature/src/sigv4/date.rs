//! The time that a request names.

use claviger_model::Timestamp;
use claviger_model::time::Civil;

/// Reads the value of a `Date` header: ISO 8601 basic format, or the preferred format of RFC 9110, section 5.6.7
/// (`Sun, 06 Nov 1994 08:49:37 GMT`). The day of the week must be one, but need not be the right one.
pub(super) fn parse_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse_basic(text).or_else(|| parse_rfc_1123(text))
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

fn parse_rfc_1123(text: &str) -> Option<Timestamp> {
    let (day_name, rest) = text.split_once(", ")?;
    if !DAYS.contains(&day_name) {
        return None;
    }
    let mut words = rest.split(' ');
    let day = digits(words.next()?, 2)?;
    let month_name = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month_name)? + 1;
    let year = digits(words.next()?, 4)?;
    let mut clock = words.next()?.split(':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    if words.next()? != "GMT" || words.next().is_some() || clock.next().is_some() {
        return None;
    }
    let small = |number: u32| u8::try_from(number).ok();
    Timestamp::from_civil(Civil {
        year: i64::from(year),
        month: u8::try_from(month).ok()?,
        day: small(day)?,
        hour: small(digits(hour, 2)?)?,
        minute: small(digits(minute, 2)?)?,
        second: small(digits(second, 2)?)?,
    })
}

/// A number of exactly this many decimal digits; `str::parse` alone would take a sign.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_comes_in_two_formats() {
        let at = Timestamp::from_seconds(784_111_777);
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(at));
        assert_eq!(parse_http_date("19941106T084937Z"), Some(at));
    }

    #[test]
    fn any_other_date_is_none() {
        for bad in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(parse_http_date(bad), None, "{bad}");
        }
    }
}
