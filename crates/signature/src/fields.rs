//! The grammar of an `Authorization` header behind its algorithm: `key=value` pieces between commas.

use crate::flaw::Flaw;

/// What the header says, as far as it says it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) access: Option<&'a str>,
    pub(crate) credential: Option<&'a str>,
    pub(crate) signature: Option<&'a str>,
    pub(crate) signed_headers: Option<&'a str>,
}

/// What is wrong with the pieces.
pub(crate) enum Malformed<'a> {
    /// A piece without an equal-sign.
    NotKeyValue(&'a str),
    /// A key that is there twice.
    Repeated(&'a str),
}

impl<'a> Fields<'a> {
    /// Takes the pieces apart. Those of other names are passed over, as AWS does; they can change nothing.
    pub(crate) fn read(pieces: &'a str) -> Result<Self, Malformed<'a>> {
        let mut fields = Self::default();
        let mut rest = Some(pieces.trim_matches(' ')).filter(|rest| !rest.is_empty());
        while let Some(pieces) = rest {
            let (piece, next) =
                cut(pieces, b',').map_or((pieces, None), |(piece, next)| (piece, Some(next)));
            rest = next;
            let piece = piece.trim_matches(' ');
            let Some((key, content)) = cut(piece, b'=') else {
                return Err(Malformed::NotKeyValue(piece));
            };
            let field = match key {
                "Access" => &mut fields.access,
                "Credential" => &mut fields.credential,
                "Signature" => &mut fields.signature,
                "SignedHeaders" => &mut fields.signed_headers,
                _ => continue,
            };
            if field.replace(content).is_some() {
                return Err(Malformed::Repeated(key));
            }
        }
        Ok(fields)
    }
}

/// What stands before and behind the first such byte, an ASCII one.
pub(crate) fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(byte, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Whether a text has printable ASCII characters only.
fn is_printable(text: &str) -> bool {
    // Without a way out of the loop, so that the compiler can look at many bytes at once: tokens are long.
    text.bytes()
        .fold(true, |all, b| all & (b' '..0x7f).contains(&b))
}

/// A header's value as a text of printable ASCII.
pub(crate) fn printable(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| is_printable(text))
}

/// The same, of the header of this name.
///
/// # Errors
///
/// [`Flaw::Header`] where it has other bytes.
pub(crate) fn visible<'a>(value: &'a [u8], name: &str) -> Result<&'a str, Flaw> {
    printable(value).ok_or_else(|| Flaw::Header { name: name.into() })
}

/// An instant in ISO 8601 basic format, on the stack.
pub(crate) fn stamp(text: &str) -> [u8; 16] {
    // INVARIANT: what is read as, or written in, that format has sixteen bytes.
    text.as_bytes().try_into().unwrap_or([b'0'; 16])
}
