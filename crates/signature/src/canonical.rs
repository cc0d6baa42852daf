//! The canonical request, hashed as it comes into being: it is never held as a text. All schemes join the same six parts
//! (IAM user guide, "Create a signed AWS API request", step 1; Huawei Cloud API Gateway, "AK/SK signing algorithm"); a
//! [`Style`] says what they write differently.

use crate::digest::{Feed, Hex};
use crate::escape::{escape, hex_value, is_unreserved};
use crate::flaw::Flaw;

/// What one scheme writes differently from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) path: PathStyle,
    pub(crate) blanks: Blanks,
}

/// How a path is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathStyle {
    /// What arrives is encoded once already and is encoded again: AWS, every service but S3.
    EncodedAgain,
    /// What arrives is decoded and encoded anew, with a slash at its end: Huawei.
    EncodedOnce,
}

/// What becomes of a run of blanks within a header's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blanks {
    /// It becomes one space.
    Joined,
    /// It stays as it is.
    Kept,
}

/// The parts of a canonical request.
pub(crate) struct Canonical<'a, H> {
    pub(crate) method: &'a str,
    /// As it arrived.
    pub(crate) path: &'a str,
    /// Canonical already.
    pub(crate) query: &'a str,
    /// Names and values in the order of `signed_headers`.
    pub(crate) headers: H,
    pub(crate) signed_headers: &'a str,
    /// The hash of the body.
    pub(crate) payload: &'a Hex,
    pub(crate) style: Style,
}

impl<'h, H: Iterator<Item = (&'h str, &'h [u8])>> Canonical<'_, H> {
    /// The hash of the canonical request.
    ///
    /// # Errors
    ///
    /// [`Flaw::Method`]; [`Flaw::Header`] where a value holds control characters, with which one canonical request could be two
    /// requests; [`Flaw::Path`] as told at [`write_path`].
    pub(crate) fn hash(self) -> Result<Hex, Flaw> {
        let mut to = Feed::new();
        // A method is a token (RFC 9110, section 9.1); one with a line break could be two requests.
        if self.method.is_empty() || !self.method.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Flaw::Method);
        }
        to.update(self.method);
        to.update(b"\n");
        match self.style.path {
            PathStyle::EncodedAgain => write_path(self.path, &mut to)?,
            PathStyle::EncodedOnce => write_path_anew(self.path, &mut to)?,
        }
        to.update(b"\n");
        to.update(self.query);
        to.update(b"\n");
        for (name, value) in self.headers {
            to.update(name);
            to.update(b":");
            if !write_value(value, self.style.blanks, &mut to) {
                return Err(Flaw::Header { name: name.into() });
            }
            to.update(b"\n");
        }
        to.update(b"\n");
        to.update(self.signed_headers);
        to.update(b"\n");
        to.update(self.payload);
        Ok(to.finish())
    }
}

/// Writes the path with everything but slashes and unreserved characters encoded: what arrives is encoded once already,
/// so a canonical path is encoded twice, as for every service but S3.
///
/// # Errors
///
/// [`Flaw::Path`] for a path that does not begin with a slash, holds an empty or a dot segment (escaped or
/// not) or a broken escape: proxies and routers disagree on what such a path means.
fn write_path(path: &str, to: &mut Feed) -> Result<(), Flaw> {
    each_segment(path, |segment, _| {
        to.update(b"/");
        for byte in segment.bytes() {
            write_byte(byte, to);
        }
        Ok(())
    })
}

/// Writes the path with each segment decoded and encoded anew, and with a slash at its end.
///
/// # Errors
///
/// [`Flaw::Path`] as told at [`write_path`], and for a segment that is no UTF-8 or holds an escaped slash: a signer
/// decodes before it looks for the slashes, so that the signature would not tell the two apart.
fn write_path_anew(path: &str, to: &mut Feed) -> Result<(), Flaw> {
    each_segment(path, |segment, last| {
        to.update(b"/");
        let mut decoded = Vec::new();
        let mut bytes = segment.bytes();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'%' => {
                    let high = bytes.next().and_then(hex_value).ok_or(Flaw::Path)?;
                    let low = bytes.next().and_then(hex_value).ok_or(Flaw::Path)?;
                    high << 4 | low
                }
                plain => plain,
            };
            if byte == b'/' {
                return Err(Flaw::Path);
            }
            // Nothing is kept of a segment as nearly all are.
            if !byte.is_ascii() || !decoded.is_empty() {
                decoded.push(byte);
            }
            write_byte(byte, to);
        }
        std::str::from_utf8(&decoded).map_err(|_| Flaw::Path)?;
        if last && !segment.is_empty() {
            to.update(b"/");
        }
        Ok(())
    })
}

fn write_byte(byte: u8, to: &mut Feed) {
    if is_unreserved(byte) {
        to.update([byte]);
    } else {
        to.update(escape(byte));
    }
}

/// Calls `write` with each segment, and with whether it is the last one. An empty path is `/`.
fn each_segment(
    path: &str,
    mut write: impl FnMut(&str, bool) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let path = if path.is_empty() { "/" } else { path };
    let mut segments = path
        .strip_prefix('/')
        .ok_or(Flaw::Path)?
        .split('/')
        .peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if !is_plain_segment(segment, last) {
            return Err(Flaw::Path);
        }
        write(segment, last)?;
    }
    Ok(())
}

/// Whether every reader reads this segment alike. Only the last one may be empty.
fn is_plain_segment(segment: &str, last: bool) -> bool {
    let mut bytes = segment.bytes();
    let mut length = 0usize;
    let mut dots = 0usize;
    while let Some(byte) = bytes.next() {
        let decoded = match byte {
            b'%' => match (
                bytes.next().and_then(hex_value),
                bytes.next().and_then(hex_value),
            ) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return false,
            },
            0..=b' ' | b'#' | b'?' | 0x7f => return false,
            other => other,
        };
        length += 1;
        dots += usize::from(decoded == b'.');
    }
    match length {
        0 => last,
        1 | 2 => dots != length,
        _ => true,
    }
}

/// Writes a header's value without the blanks around it. False where it holds control characters.
fn write_value(value: &[u8], blanks: Blanks, to: &mut Feed) -> bool {
    let value = value.trim_ascii();
    // Without a way out of the loop, so that the compiler can look at many bytes at once.
    let control = value.iter().fold(false, |found, &byte| {
        found | (byte < b' ') & (byte != b'\t') | (byte == 0x7f)
    });
    if control {
        return false;
    }
    let after = value.get(1..).unwrap_or_default();
    let run = value.iter().zip(after).fold(false, |found, (&one, &next)| {
        found | (one == b'\t') | (one == b' ') & (next == b' ')
    });
    if !run || blanks == Blanks::Kept {
        to.update(value);
        return true;
    }
    let words = value
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    for (number, word) in words.enumerate() {
        if number > 0 {
            to.update(b" ");
        }
        to.update(word);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hash_hex;

    fn path_hash(path: &str) -> Result<Hex, Flaw> {
        let mut to = Feed::new();
        write_path(path, &mut to).map(|()| to.finish())
    }

    fn anew(path: &str) -> Result<Hex, Flaw> {
        let mut to = Feed::new();
        write_path_anew(path, &mut to).map(|()| to.finish())
    }

    fn value_hash(value: &[u8]) -> Option<Hex> {
        let mut to = Feed::new();
        write_value(value, Blanks::Joined, &mut to).then(|| to.finish())
    }

    #[test]
    fn a_path_is_encoded_again() {
        for (path, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("/a-b_c.d~e", "/a-b_c.d~e"),
            ("/a%20b", "/a%2520b"),
            ("/a%2fb/", "/a%252fb/"),
            ("/ሴ", "/%E1%88%B4"),
            ("/...", "/..."),
            ("/a*'()!", "/a%2A%27%28%29%21"),
        ] {
            assert_eq!(
                path_hash(path),
                Ok(hash_hex(canonical.as_bytes())),
                "{path}"
            );
        }
    }

    #[test]
    fn an_ambiguous_path_is_refused() {
        for bad in [
            "a", "*", "//", "/a//b", "/.", "/..", "/a/../b", "/./", "/%2e", "/%2E%2e/", "/.%2e",
            "/%", "/%2", "/%zz", "/a b", "/a#b", "/a?b", "/a\nb",
        ] {
            assert_eq!(path_hash(bad), Err(Flaw::Path), "{bad}");
            assert_eq!(anew(bad), Err(Flaw::Path), "{bad}");
        }
    }

    #[test]
    fn a_path_is_encoded_anew_and_ends_in_a_slash() {
        for (path, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("/v3", "/v3/"),
            ("/v3/", "/v3/"),
            ("/v3/a%20b", "/v3/a%20b/"),
            ("/%76%33/%7e", "/v3/~/"),
            ("/a%2520b", "/a%2520b/"),
            ("/ሴ", "/%E1%88%B4/"),
            ("/%e1%88%b4", "/%E1%88%B4/"),
            ("/a*'()!", "/a%2A%27%28%29%21/"),
        ] {
            assert_eq!(anew(path), Ok(hash_hex(canonical.as_bytes())), "{path}");
        }
        for bad in [
            "/a%2Fb",
            "/a%2fb",
            "/%ff",
            "/%C3",
            "/%C3a",
            "/a%E1%88",
            "/%E1%88/%B4",
        ] {
            assert_eq!(anew(bad), Err(Flaw::Path), "{bad}");
        }
    }

    #[test]
    fn blanks_in_a_value_are_trimmed_and_joined() {
        for (value, canonical) in [
            (&b"  a   b  "[..], &b"a b"[..]),
            (b"a b", b"a b"),
            (b"a\t b", b"a b"),
            (b"\ta\tb\t", b"a b"),
            (b"\"a   b   c\"", b"\"a b c\""),
            (b"", b""),
            (b"   ", b""),
            (b"\xff\xfe", b"\xff\xfe"),
        ] {
            assert_eq!(value_hash(value), Some(hash_hex(canonical)), "{value:?}");
        }
        let mut to = Feed::new();
        assert!(write_value(b"  a  \tb ", Blanks::Kept, &mut to));
        assert_eq!(to.finish(), hash_hex(b"a  \tb"));
        for bad in [&b"a\nb"[..], b"a\rb", b"a\0b", b"a\x7fb"] {
            assert_eq!(value_hash(bad), None, "{bad:?}");
        }
    }
}
