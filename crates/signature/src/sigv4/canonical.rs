//! The canonical request and the string to sign (IAM user guide, "Create a signed AWS API request", steps 1 to 4),
//! hashed as they come into being: neither is ever held as a text.

use hmac::Mac;
use sha2::{Digest, Sha256};

use super::query::{escape, hex_value, is_unreserved};
use super::{SignatureError, SigningKey};

/// A SHA-256 in lower-case hexadecimal.
pub(super) type Hex = [u8; 64];

/// Writes 32 bytes in lower-case hexadecimal.
fn hex(bytes: &[u8; 32]) -> Hex {
    // Reckoned and not looked up, so that the compiler can do many digits at once.
    const fn digit(nibble: u8) -> u8 {
        nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
    }
    let mut text = [0; 64];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

/// The SHA-256 of these bytes.
pub(super) fn hash_hex(bytes: &[u8]) -> Hex {
    hex(&Sha256::digest(bytes).into())
}

/// A hash that is fed in small pieces. They are gathered first: the hash itself is quickest on many blocks at once, and a
/// canonical request is some thirty pieces of ten bytes.
struct Feed {
    hash: Sha256,
    gathered: [u8; 512],
    length: usize,
}

impl Feed {
    fn new() -> Self {
        Self {
            hash: Sha256::new(),
            gathered: [0; 512],
            length: 0,
        }
    }

    fn update(&mut self, piece: impl AsRef<[u8]>) {
        let piece = piece.as_ref();
        if piece.len() > self.gathered.len() - self.length {
            self.flush();
        }
        let end = self.length + piece.len();
        match self.gathered.get_mut(self.length..end) {
            Some(room) => {
                room.copy_from_slice(piece);
                self.length = end;
            }
            // Larger than all the room there is.
            None => self.hash.update(piece),
        }
    }

    fn flush(&mut self) {
        self.hash
            .update(self.gathered.get(..self.length).unwrap_or_default());
        self.length = 0;
    }

    fn finish(mut self) -> Hex {
        self.flush();
        hex(&self.hash.finalize().into())
    }
}

/// The parts of a canonical request.
pub(super) struct Canonical<'a, H> {
    pub(super) method: &'a str,
    /// As it arrived.
    pub(super) path: &'a str,
    /// Canonical already.
    pub(super) query: &'a str,
    /// Names and values in the order of `signed_headers`.
    pub(super) headers: H,
    pub(super) signed_headers: &'a str,
    /// The hash of the body.
    pub(super) payload: &'a Hex,
}

impl<'h, H: Iterator<Item = (&'h str, &'h [u8])>> Canonical<'_, H> {
    /// The hash of the canonical request.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Header`] where a value holds control characters, with which one canonical request could be two
    /// requests; [`SignatureError::Path`] as told at [`write_path`].
    pub(super) fn hash(self) -> Result<Hex, SignatureError> {
        let mut to = Feed::new();
        // A method is a token (RFC 9110, section 9.1); one with a line break could be two requests.
        if self.method.is_empty() || !self.method.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SignatureError::Mismatch);
        }
        to.update(self.method);
        to.update(b"\n");
        write_path(self.path, &mut to)?;
        to.update(b"\n");
        to.update(self.query);
        to.update(b"\n");
        for (name, value) in self.headers {
            to.update(name);
            to.update(b":");
            if !write_value(value, &mut to) {
                return Err(SignatureError::Header { name: name.into() });
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
/// [`SignatureError::Path`] for a path that does not begin with a slash, holds an empty or a dot segment (escaped or
/// not) or a broken escape: proxies and routers disagree on what such a path means.
fn write_path(path: &str, to: &mut Feed) -> Result<(), SignatureError> {
    if path.is_empty() || path == "/" {
        to.update(b"/");
        return Ok(());
    }
    let mut segments = path
        .strip_prefix('/')
        .ok_or(SignatureError::Path)?
        .split('/')
        .peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if !is_plain_segment(segment, last) {
            return Err(SignatureError::Path);
        }
        to.update(b"/");
        for byte in segment.bytes() {
            if is_unreserved(byte) {
                to.update([byte]);
            } else {
                to.update(escape(byte));
            }
        }
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

/// Writes a header's value without the blanks around it and with one space for each run of blanks within. False where
/// it holds control characters.
fn write_value(value: &[u8], to: &mut Feed) -> bool {
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
    if !run {
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

/// The signature: the MAC of the string to sign. `stamp` is the request's time in ISO 8601 basic format, `scope` all of a
/// credential but the key id.
pub(super) fn sign(key: &SigningKey, stamp: &str, scope: &str, request_hash: &Hex) -> Hex {
    let mut to = key.mac();
    to.update(b"AWS4-HMAC-SHA256\n");
    for piece in [stamp, "\n", scope, "\n"] {
        to.update(piece.as_bytes());
    }
    to.update(request_hash);
    hex(&to.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_hash(path: &str) -> Result<Hex, SignatureError> {
        let mut to = Feed::new();
        write_path(path, &mut to).map(|()| to.finish())
    }

    fn value_hash(value: &[u8]) -> Option<Hex> {
        let mut to = Feed::new();
        write_value(value, &mut to).then(|| to.finish())
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
            assert_eq!(path_hash(bad), Err(SignatureError::Path), "{bad}");
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
        for bad in [&b"a\nb"[..], b"a\rb", b"a\0b", b"a\x7fb"] {
            assert_eq!(value_hash(bad), None, "{bad:?}");
        }
    }
}
