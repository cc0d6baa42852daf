//! The query: decoded once, strictly, and encoded again for the canonical request.

use std::borrow::Cow;

use crate::escape::{encode, hex_value, is_unreserved};
use crate::flaw::Flaw;

/// The longest query that is looked at, in bytes. AWS ends at about 16 KiB for the whole head.
const MAX_LENGTH: usize = 65_536;
/// The most parameters in a query.
const MAX_PARAMETERS: usize = 1_000;

/// What a `+` that is not escaped stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A blank, as in a form.
    Blank,
    /// Nothing: signers of this scheme escape it, and readers differ on it.
    Refused,
}

/// By what the parameters of a canonical query are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By their names as they are written, encoded.
    Encoded,
    /// By their names before they were encoded.
    Decoded,
    /// By their encoded names without regard to case.
    Caseless,
}

/// How a scheme writes a canonical query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writing {
    pub(crate) plus: Plus,
    pub(crate) order: Order,
    /// The parameter that the signature does not cover: itself.
    pub(crate) without: Option<&'static str>,
}

/// The parameters in the order of arrival, decoded.
///
/// Every parameter must have a name; an empty piece (`a=1&&b=2`) is refused, since readers differ on it.
pub(crate) fn parameters<'a>(
    query: &'a str,
    plus: Plus,
) -> impl Iterator<Item = Result<(Cow<'a, str>, Cow<'a, str>), Flaw>> {
    let too_large = query.len() > MAX_LENGTH;
    let pieces = (!query.is_empty() && !too_large).then(|| query.split('&'));
    let failure = too_large.then_some(Err(Flaw::TooLarge));
    let read = move |(number, piece): (usize, &'a str)| {
        if number >= MAX_PARAMETERS {
            return Err(Flaw::TooLarge);
        }
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        if name.is_empty() {
            return Err(Flaw::Query);
        }
        Ok((decode(name, plus)?, decode(value, plus)?))
    };
    failure
        .into_iter()
        .chain(pieces.into_iter().flatten().enumerate().map(read))
}

/// Decodes percent-escapes and `+`, once. Escapes must be whole, the result UTF-8, and what is not escaped may not be
/// a control character, a space or `#`: none of these comes through a URI (RFC 3986).
fn decode(raw: &str, plus: Plus) -> Result<Cow<'_, str>, Flaw> {
    if raw.bytes().all(is_unreserved) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = raw.bytes();
    let mut decoded = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = bytes.next().and_then(hex_value);
                let low = bytes.next().and_then(hex_value);
                match (high, low) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(Flaw::Query),
                }
            }
            b'+' if plus == Plus::Blank => b' ',
            b'+' => return Err(Flaw::Query),
            0..=b' ' | b'#' | 0x7f => return Err(Flaw::Query),
            other => other,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| Flaw::Query)
}

/// One parameter of a canonical query.
struct Pair<'a> {
    decoded: (Cow<'a, str>, Cow<'a, str>),
    name: String,
    value: String,
}

impl<'a> Pair<'a> {
    fn new(name: Cow<'a, str>, value: Cow<'a, str>) -> Self {
        let (mut to_name, mut to_value) = (
            String::with_capacity(name.len()),
            String::with_capacity(value.len()),
        );
        encode(&name, &mut to_name);
        encode(&value, &mut to_value);
        Self {
            decoded: (name, value),
            name: to_name,
            value: to_value,
        }
    }
}

/// The canonical query: every parameter but the signature, encoded and sorted by name. `extra` are parameters that are
/// not in the query yet, not encoded.
///
/// # Errors
///
/// [`Flaw::Query`], [`Flaw::TooLarge`]; [`Flaw::Repeated`] where a name is there twice: the canonical form sorts the values
/// of one name, so the signature would not cover which of them comes first, and the first one is what a reader takes.
pub(crate) fn canonical(
    query: &str,
    extra: &[(&str, &str)],
    writing: Writing,
) -> Result<String, Flaw> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for parameter in parameters(query, writing.plus) {
        let (name, value) = parameter?;
        if writing.without != Some(name.as_ref()) {
            pairs.push(Pair::new(name, value));
        }
    }
    pairs.extend(
        extra
            .iter()
            .map(|(name, value)| Pair::new(Cow::Borrowed(name), Cow::Borrowed(value))),
    );
    let lower = |pair: &Pair<'_>| pair.name.to_ascii_lowercase();
    // By the name and not by the text `name=value`: `=` sorts behind `-`, `.` and the digits.
    match writing.order {
        Order::Encoded => pairs.sort_unstable_by(|one, next| one.name.cmp(&next.name)),
        Order::Decoded => pairs.sort_unstable_by(|one, next| one.decoded.0.cmp(&next.decoded.0)),
        Order::Caseless => pairs.sort_by_cached_key(|pair| (lower(pair), pair.name.clone())),
    }
    let mut text = String::with_capacity(query.len());
    let mut before = "";
    for Pair { name, value, .. } in &pairs {
        if name == before {
            return Err(Flaw::Repeated {
                name: name.chars().take(128).collect(),
            });
        }
        before = name;
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    Ok(text)
}

/// The query as a form writes it, sorted by the names: blanks are `+`.
pub(crate) fn form(query: &str, plus: Plus) -> Result<String, Flaw> {
    let writing = Writing {
        plus,
        order: Order::Decoded,
        without: None,
    };
    // INVARIANT: in a canonical query a per cent sign begins an escape, so none of these stands across two.
    canonical(query, &[], writing).map(|text| text.replace("%20", "+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: Writing = Writing {
        plus: Plus::Blank,
        order: Order::Encoded,
        without: Some("X-Amz-Signature"),
    };

    #[test]
    fn schemes_differ_in_the_order_of_names() {
        let query = "b=1&A=2&%7B=3&a=4&%C3%A9=5";
        let in_order = |order| canonical(query, &[], Writing { order, ..AWS }).expect(query);
        assert_eq!(in_order(Order::Encoded), "%7B=3&%C3%A9=5&A=2&a=4&b=1");
        assert_eq!(in_order(Order::Decoded), "A=2&a=4&b=1&%7B=3&%C3%A9=5");
        assert_eq!(in_order(Order::Caseless), "%7B=3&%C3%A9=5&A=2&a=4&b=1");
        let twice = "a=1&B=2&A=3";
        let caseless = Writing {
            order: Order::Caseless,
            ..AWS
        };
        assert_eq!(canonical(twice, &[], caseless).expect(twice), "A=3&a=1&B=2");
    }

    #[test]
    fn a_plus_that_a_scheme_does_not_write_is_refused() {
        let strict = Writing {
            plus: Plus::Refused,
            ..AWS
        };
        assert_eq!(canonical("a=1+2", &[], strict), Err(Flaw::Query));
        assert_eq!(
            canonical("a=1%2B2", &[], strict).expect("escaped"),
            "a=1%2B2"
        );
        assert_eq!(
            form("b=1+2&a=%2B%2520", Plus::Blank).expect("a form"),
            "a=%2B%2520&b=1+2"
        );
    }

    #[test]
    fn parameters_are_sorted_by_their_encoded_names() {
        let canonical = |query| canonical(query, &[], AWS).expect(query);
        assert_eq!(canonical("a=x&a-b=y&a1=z"), "a=x&a-b=y&a1=z");
        assert_eq!(canonical("b&a="), "a=&b=");
        assert_eq!(canonical("B=1&a=1&%41=1"), "A=1&B=1&a=1");
        assert_eq!(canonical(""), "");
    }

    #[test]
    fn escapes_are_decoded_once_and_written_one_way() {
        let canonical = |query| canonical(query, &[], AWS).expect(query);
        assert_eq!(canonical("a=%2f+%2F%20"), "a=%2F%20%2F%20");
        assert_eq!(canonical("a=%252F"), "a=%252F");
        assert_eq!(canonical("a=%7e%2D*"), "a=~-%2A");
        assert_eq!(canonical("a=1=2"), "a=1%3D2");
        assert_eq!(canonical("ü=%C3%BC"), "%C3%BC=%C3%BC");
        assert_eq!(canonical("X-Amz-Signature=1&a=1"), "a=1");
        assert_eq!(canonical("X-Amz-Signatur%65=1&a=1"), "a=1");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for bad in [
            "a=%", "a=%2", "a=%zz", "a=%2g", "%=1", "a=%ff", "a=%C3", "&", "a=1&", "a=1&&b=2",
            "=1", "a= b", "a=\n", "a=#b", "a=\u{7f}",
        ] {
            assert_eq!(canonical(bad, &[], AWS), Err(Flaw::Query), "{bad}");
        }
        for twice in ["a=1&a=2", "a=1&b=&a=1", "a&%61", "/=&%2f="] {
            assert!(
                matches!(canonical(twice, &[], AWS), Err(Flaw::Repeated { .. })),
                "{twice}"
            );
        }
        for large in ["a".repeat(MAX_LENGTH + 1), "a=1&".repeat(1_000) + "a=1"] {
            assert_eq!(canonical(&large, &[], AWS), Err(Flaw::TooLarge));
        }
    }
}
