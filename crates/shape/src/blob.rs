//! Bytes, in base64 on the wire (RFC 4648, section 4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use claviger_model::Secret;
use claviger_model::scalar::{Constraint, Expected, Kind, Scalar};
use zeroize::Zeroize;

/// Bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

/// Bytes that must not be seen, such as the seed of an MFA device.
pub type SecretBlob = Secret<Blob>;

impl Zeroize for Blob {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Scalar for Blob {
    const RULES: &'static [Constraint] = &[];
    const KIND: Kind = Kind::Blob;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(|_| vec![Constraint::Malformed(Expected::Blob)])
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        // A multiple of three bytes at a time, so that the pieces join without padding between them.
        let mut buffer = [0u8; 1_024];
        for chunk in self.0.chunks(768) {
            if let Ok(length) = STANDARD.encode_slice(chunk, &mut buffer)
                && let Some(Ok(text)) = buffer.get(..length).map(std::str::from_utf8)
            {
                to(text);
            }
        }
        buffer.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_length_survive_their_base64() {
        for length in [0, 1, 2, 3, 767, 768, 769, 1_536, 2_000] {
            let blob = Blob((0..length).map(|n| (n % 251) as u8).collect());
            let mut text = String::new();
            blob.write(&mut |piece| text.push_str(piece));
            assert_eq!(Blob::parse(&text), Ok(blob), "{length}");
        }
    }

    #[test]
    fn what_is_no_base64_is_malformed() {
        for bad in ["a", "====", "a b c", "Zm9v!"] {
            let expected = Err(vec![Constraint::Malformed(Expected::Blob)]);
            assert_eq!(Blob::parse(bad), expected, "{bad}");
        }
    }
}
