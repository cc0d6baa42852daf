//! Where a person is reached: e-mail addresses (RFC 5321) and mobile numbers (ITU-T E.164).

use crate::scalar::Constraint::{MaxLength, MinLength, Pattern, Sentence};
use crate::scalar::{self, Constraint, Scalar};
use crate::text_scalar;

/// Bytes of the part before the `@` (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES: usize = 64;
/// Bytes of a label of a domain (RFC 1035, section 2.3.4).
const LABEL_BYTES: usize = 63;

text_scalar! {
    /// An e-mail address: `local@domain`, 3 to 254 ASCII characters. The local part is a dot-atom, never a quoted string;
    /// the domain is a name, in Punycode where it is international, never an address literal. What passes can stand in a
    /// header and in an SMTP command as it is.
    EmailAddress,
    [
        MaxLength(254),
        MinLength(3),
        Sentence("It must be an e-mail address, such as alice@example.com."),
    ],
    is_address
}

fn is_address(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(local, domain)| is_local(local) && is_domain(domain))
}

/// A dot-atom (RFC 5322, section 3.2.3).
fn is_local(local: &str) -> bool {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.len() <= LOCAL_BYTES
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

/// A host name (RFC 1123, section 2.1) that is no IPv4 address.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_BYTES).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_number = |label: &str| label.chars().all(|c| c.is_ascii_digit());
    domain.split('.').all(is_label) && !domain.rsplit('.').next().is_some_and(is_number)
}

impl EmailAddress {
    /// The form in which addresses are compared: without regard to case. Some hosts tell case apart before the `@`, and none
    /// is known to give two people addresses that differ by nothing else.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        email_key(self.as_str())
    }
}

/// The form in which texts that may be e-mail addresses are compared.
#[must_use]
pub fn email_key(text: &str) -> Vec<u8> {
    text.to_lowercase().into_bytes()
}

/// A mobile number in international format: a country code and a national number, 5 to 15 digits together (ITU-T E.164,
/// section 6.2.1).
///
/// It is read as `+49-15112345678`, as `0049-15112345678` and as `+4915112345678`, and written in the first form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MobileNumber {
    /// The whole in the written form.
    text: Box<str>,
    /// Digits of the country code.
    code: usize,
}

/// Digits of a number, the country code included.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
/// Digits of a country code, as people group them: `1` to `1684`.
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 1..=4;
/// Country codes of one or two digits; all others have three (ITU-T E.164, list of assigned country codes).
const SHORT_CODES: &[&str] = &[
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45",
    "46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
    "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

impl MobileNumber {
    /// Puts a number together from a country code, which may have a `+` or zeros before it, and a national number.
    #[must_use]
    pub fn new(code: &str, national: &str) -> Option<Self> {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let code = code.strip_prefix('+').unwrap_or(code);
        if code.len() > 8 || !is_digits(code) || !is_digits(national) {
            return None;
        }
        let code = code.trim_start_matches('0');
        let fits = CODE_DIGITS.contains(&code.len())
            && DIGITS.contains(&code.len().checked_add(national.len())?);
        fits.then(|| Self {
            text: ["+", code, "-", national].concat().into(),
            code: code.len(),
        })
    }

    fn read(text: &str) -> Option<Self> {
        if let Some((code, national)) = text.split_once('-') {
            let is_international = code.starts_with('+') || code.starts_with("00");
            return is_international
                .then(|| Self::new(code, national))
                .flatten();
        }
        let digits = text.strip_prefix('+')?;
        let code = SHORT_CODES
            .iter()
            .find_map(|code| digits.get(..code.len()).filter(|start| start == code))
            .or_else(|| digits.get(..3))?;
        Self::new(code, digits.get(code.len()..)?)
    }

    /// The number as it is written: `+49-15112345678`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The country code, without anything before it: `49`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.text.get(1..=self.code).unwrap_or_default()
    }

    /// The national number: `15112345678`.
    #[must_use]
    pub fn national(&self) -> &str {
        self.text.get(self.code + 2..).unwrap_or_default()
    }

    /// The number as networks know it: `+4915112345678`. Two numbers are the same where this is, however they are grouped.
    #[must_use]
    pub fn e164(&self) -> String {
        ["+", self.code(), self.national()].concat()
    }
}

impl std::fmt::Display for MobileNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Scalar for MobileNumber {
    const RULES: &'static [Constraint] = &[
        MaxLength(32),
        MinLength(6),
        Pattern(r"(\+|00)[0-9]{1,6}-?[0-9]{1,14}"),
    ];

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        scalar::check(text, Self::RULES, |text| Self::read(text).is_some())?;
        Self::read(text).ok_or_else(|| Self::RULES.to_vec())
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.text);
    }
}

impl serde::Serialize for MobileNumber {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for MobileNumber {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Box<str> as serde::Deserialize>::deserialize(from)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("no mobile number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_can_stand_in_an_smtp_command() {
        for good in [
            "a@b",
            "alice@example.com",
            "Alice.O'Neil+iam@sub.example.co.uk",
            "root@localhost",
            "x_1@xn--bcher-kva.example",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@@b",
            "a b@example.com",
            ".a@example.com",
            "a..b@example.com",
            "\"a b\"@example.com",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@-b.com",
            "a@b-.com",
            "a@b..com",
            "a@example.com.",
            "a@example.com\r\nBcc: x@example.com",
            "a@example.com,b@example.com",
            "<a@example.com>",
            "bücher@example.com",
            "a@bücher.example",
            &long_local,
            &long_label,
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_that_differ_by_case_alone_are_the_same() {
        let one = EmailAddress::parse("Alice@Example.COM").expect("an address");
        assert_eq!(one.key(), email_key("alice@example.com"));
        assert_eq!(one.as_str(), "Alice@Example.COM");
    }

    #[test]
    fn a_number_is_read_in_each_of_its_forms() {
        for (text, code, national) in [
            ("+49-15112345678", "49", "15112345678"),
            ("0049-15112345678", "49", "15112345678"),
            ("+4915112345678", "49", "15112345678"),
            ("+12025550123", "1", "2025550123"),
            ("+85291234567", "852", "91234567"),
            ("0001-2025550123", "1", "2025550123"),
            ("00123-4567", "123", "4567"),
            ("+86-13812345678", "86", "13812345678"),
        ] {
            let number = MobileNumber::parse(text).expect(text);
            assert_eq!(
                (number.code(), number.national()),
                (code, national),
                "{text}"
            );
            assert_eq!(number.as_str(), format!("+{code}-{national}"));
            assert_eq!(MobileNumber::parse(number.as_str()), Ok(number));
        }
        for bad in [
            "",
            "15112345678",
            "015112345678",
            "49-15112345678",
            "+",
            "+49-",
            "+0-123456",
            "+49-1",
            "+49-1511234567890123",
            "+49-151 123",
            "+49 15112345678",
            "+12345-6789012",
            "+٤٩-15112345678",
            "004915112345678",
        ] {
            assert!(MobileNumber::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_grouped() {
        let number = |text| MobileNumber::parse(text).expect("a number").e164();
        assert_eq!(number("+1684-5551234"), number("+1-6845551234"));
        assert_ne!(number("+1684-5551234"), number("+1684-5551235"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_is_written_so_that_it_is_read_again(text in "[+0]{0,3}[0-9]{0,8}-?[0-9]{0,16}") {
            if let Ok(number) = MobileNumber::parse(&text) {
                proptest::prop_assert_eq!(MobileNumber::parse(number.as_str()), Ok(number));
            }
        }
    }
}
