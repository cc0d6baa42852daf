//! Percent-encoding (RFC 3986, section 2).

/// The value of a hexadecimal digit of either case.
pub(crate) fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// What is never encoded (RFC 3986, section 2.3).
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// The escape of one byte, with upper-case digits.
pub(crate) fn escape(byte: u8) -> [u8; 3] {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    [b'%', digit(byte >> 4), digit(byte & 15)]
}

/// Encodes everything but the unreserved characters.
pub(crate) fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            to.push(char::from(byte));
        } else {
            to.extend(escape(byte).map(char::from));
        }
    }
}
