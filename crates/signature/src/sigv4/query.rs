//! The query: decoded once, strictly, and encoded again for the canonical request.

use std::borrow::Cow;

use super::SignatureError;

/// The longest query that is looked at, in bytes. AWS ends at about 16 KiB for the whole head.
const MAX_LENGTH: usize = 65_536;
/// The most parameters in a query.
const MAX_PARAMETERS: usize = 1_000;

/// The parameter that a presigned request's signature does not cover: itself.
pub(super) const SIGNATURE: &str = "X-Amz-Signature";

/// The parameters in the order of arrival, decoded.
///
/// Every parameter must have a name; an empty piece (`a=1&&b=2`) is refused, since readers differ on it.
pub(super) fn parameters<'a>(
    query: &'a str,
) -> impl Iterator<Item = Result<(Cow<'a, str>, Cow<'a, str>), SignatureError>> {
    let too_large = query.len() > MAX_LENGTH;
    let pieces = (!query.is_empty() && !too_large).then(|| query.split('&'));
    let failure = too_large.then_some(Err(SignatureError::TooLarge));
    let read = |(number, piece): (usize, &'a str)| {
        if number >= MAX_PARAMETERS {
            return Err(SignatureError::TooLarge);
        }
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        if name.is_empty() {
            return Err(SignatureError::Query);
        }
        Ok((decode(name)?, decode(value)?))
    };
    failure
        .into_iter()
        .chain(pieces.into_iter().flatten().enumerate().map(read))
}

/// Decodes percent-escapes and `+`, once. Escapes must be whole, the result UTF-8, and what is not escaped may not be
/// a control character, a space or `#`: none of these comes through a URI (RFC 3986).
fn decode(raw: &str) -> Result<Cow<'_, str>, SignatureError> {
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
                    _ => return Err(SignatureError::Query),
                }
            }
            b'+' => b' ',
            0..=b' ' | b'#' | 0x7f => return Err(SignatureError::Query),
            other => other,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| SignatureError::Query)
}

/// The value of a hexadecimal digit of either case.
pub(super) fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// What is never encoded (RFC 3986, section 2.3).
pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// The escape of one byte, with upper-case digits.
pub(super) fn escape(byte: u8) -> [u8; 3] {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    [b'%', digit(byte >> 4), digit(byte & 15)]
}

/// Encodes everything but the unreserved characters.
pub(super) fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            to.push(char::from(byte));
        } else {
            to.extend(escape(byte).map(char::from));
        }
    }
}

/// The canonical query: every parameter but the signature, encoded and sorted by name. `extra` are parameters that are
/// not in the query yet, not encoded.
///
/// # Errors
///
/// [`SignatureError::Query`], [`SignatureError::TooLarge`]; [`SignatureError::Repeated`] where a name is there twice:
/// the canonical form sorts the values of one name, so the signature would not cover which of them comes first, and the
/// first one is what a reader takes.
pub(super) fn canonical(query: &str, extra: &[(&str, &str)]) -> Result<String, SignatureError> {
    let mut encoded: Vec<(String, String)> = Vec::new();
    let encode_pair = |name: &str, value: &str| {
        let (mut to_name, mut to_value) = (
            String::with_capacity(name.len()),
            String::with_capacity(value.len()),
        );
        encode(name, &mut to_name);
        encode(value, &mut to_value);
        (to_name, to_value)
    };
    for parameter in parameters(query) {
        let (name, value) = parameter?;
        if name != SIGNATURE {
            encoded.push(encode_pair(&name, &value));
        }
    }
    encoded.extend(extra.iter().map(|(name, value)| encode_pair(name, value)));
    // By the name and not by the text `name=value`: `=` sorts behind `-`, `.` and the digits.
    encoded.sort_unstable();
    let mut text = String::with_capacity(query.len());
    let mut before = "";
    for (name, value) in &encoded {
        if name == before {
            return Err(SignatureError::Repeated {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sorted_by_their_encoded_names() {
        let canonical = |query| canonical(query, &[]).expect(query);
        assert_eq!(canonical("a=x&a-b=y&a1=z"), "a=x&a-b=y&a1=z");
        assert_eq!(canonical("b&a="), "a=&b=");
        assert_eq!(canonical("B=1&a=1&%41=1"), "A=1&B=1&a=1");
        assert_eq!(canonical(""), "");
    }

    #[test]
    fn escapes_are_decoded_once_and_written_one_way() {
        let canonical = |query| canonical(query, &[]).expect(query);
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
            assert_eq!(canonical(bad, &[]), Err(SignatureError::Query), "{bad}");
        }
        for twice in ["a=1&a=2", "a=1&b=&a=1", "a&%61", "/=&%2f="] {
            assert!(
                matches!(canonical(twice, &[]), Err(SignatureError::Repeated { .. })),
                "{twice}"
            );
        }
        for large in ["a".repeat(MAX_LENGTH + 1), "a=1&".repeat(1_000) + "a=1"] {
            assert_eq!(canonical(&large, &[]), Err(SignatureError::TooLarge));
        }
    }
}
