//! Decimal numbers of any length, compared exactly: `10` equals `10.0`, `9` is less than `10`, and nothing is rounded.

use std::cmp::Ordering;

/// A number as it stands in a text: `-12.50`, `1e3`. Borrowed, never converted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: &'a [u8],
    /// Digits after it, without trailing zeros.
    fraction: &'a [u8],
    /// Powers of ten to move the point by.
    exponent: i64,
}

/// Exponents beyond this are no numbers that a policy means.
const MAX_EXPONENT: i64 = 1_000_000;

impl<'a> Decimal<'a> {
    /// Reads an optional sign, digits with an optional point and more digits, and an optional exponent.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if !all_digits(digits) {
                    return None;
                }
                (mantissa, exponent.parse::<i64>().ok()?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        if !all_digits(whole)
            || fraction.is_some_and(|fraction| !all_digits(fraction))
            || exponent.abs() > MAX_EXPONENT
        {
            return None;
        }
        Some(Self {
            negative,
            whole: whole.trim_start_matches('0').as_bytes(),
            fraction: fraction
                .unwrap_or_default()
                .trim_end_matches('0')
                .as_bytes(),
            exponent,
        })
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// The significant digits, from the first that is no zero.
    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole
            .iter()
            .chain(self.fraction)
            .copied()
            .skip_while(|&digit| digit == b'0')
    }

    /// The power of ten just above the first significant digit.
    fn magnitude(&self) -> i64 {
        let length = |bytes: &[u8]| i64::try_from(bytes.len()).unwrap_or(i64::MAX / 4);
        let before_point = if self.whole.is_empty() {
            let zeros = self.fraction.iter().take_while(|&&digit| digit == b'0');
            -i64::try_from(zeros.count()).unwrap_or(i64::MAX / 4)
        } else {
            length(self.whole)
        };
        before_point + self.exponent
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => {
                return if other.negative {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
            }
            (false, true) => {
                return if self.negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                };
            }
            (false, false) => {}
        }
        if self.negative != other.negative {
            return if self.negative {
                Ordering::Less
            } else {
                Ordering::Greater
            };
        }
        let absolute = self
            .magnitude()
            .cmp(&other.magnitude())
            .then_with(|| compare_digits(self.digits(), other.digits()));
        if self.negative {
            absolute.reverse()
        } else {
            absolute
        }
    }
}

/// Digits after the point: what is missing at the end counts as zeros.
fn compare_digits(
    mut one: impl Iterator<Item = u8>,
    mut other: impl Iterator<Item = u8>,
) -> Ordering {
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => match a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0')) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(one: &str, other: &str) -> Ordering {
        let number = |text| Decimal::parse(text).expect("a number");
        number(one).compare(&number(other))
    }

    #[test]
    fn trap_20_numbers_compare_as_numbers() {
        for (one, other) in [
            ("10", "10.0"),
            ("0", "-0.00"),
            ("007", "7"),
            ("1e3", "1000"),
            ("+5", "5"),
            ("0.001", "1e-3"),
            ("1200", "1.2E+3"),
            ("0.0e9", "0"),
        ] {
            assert_eq!(compare(one, other), Ordering::Equal, "{one} {other}");
        }
        for (less, more) in [
            ("9", "10"),
            ("-10", "-9"),
            ("-1", "0"),
            ("0", "0.0001"),
            ("0.09", "0.1"),
            ("9007199254740992", "9007199254740993"),
            ("0.30000000000000000", "0.30000000000000004"),
            (
                "99999999999999999999999999999998",
                "99999999999999999999999999999999",
            ),
            ("1e-7", "1e-6"),
            ("-0.5", "0.4"),
            ("10", "10.01"),
            ("100", "1e3"),
        ] {
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
            assert_eq!(compare(more, less), Ordering::Greater, "{more} {less}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for bad in [
            "",
            "-",
            "+",
            ".",
            ".5",
            "5.",
            "abc",
            "1e",
            "1e+",
            "0x10",
            "1_0",
            " 1",
            "1 ",
            "NaN",
            "Infinity",
            "--1",
            "1e99999999999999999999",
            "1e2000000",
            "١",
            "1e+-1",
        ] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }
}
