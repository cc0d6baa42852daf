//! The grammar of the `Authorization` header: the algorithm, a space, and `key=value` pieces between commas.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{ALGORITHM, SignatureError};
use crate::fields::{Fields, Malformed, cut, printable};

/// Takes the header apart.
pub(super) fn parse(header: &[u8]) -> Result<Fields<'_>, SignatureError> {
    let Some(text) = printable(header) else {
        // Then nothing of it can be read, and every part counts as missing.
        return Ok(Fields::default());
    };
    let text = text.trim_matches(' ');
    let (algorithm, rest) = cut(text, b' ').unwrap_or((text, ""));
    if algorithm != ALGORITHM {
        if algorithm.is_empty() {
            return Ok(Fields::default());
        }
        // Signature Version 2 says `AWS`, 3 `AWS3-HTTPS`, 4A `AWS4-ECDSA-P256-SHA256`.
        return Err(if algorithm.starts_with("AWS") {
            SignatureError::Algorithm {
                algorithm: name_or_hash(algorithm),
            }
        } else {
            not_key_value(algorithm, header)
        });
    }
    Fields::read(rest).map_err(|malformed| match malformed {
        Malformed::NotKeyValue(piece) => not_key_value(piece, header),
        Malformed::Repeated(key) => SignatureError::Repeated { name: key.into() },
    })
}

fn not_key_value(piece: &str, header: &[u8]) -> SignatureError {
    SignatureError::NotKeyValue {
        piece: name_or_hash(piece),
        hash: hash(header),
    }
}

/// The word itself if it can be a name such as `Bearer`, else its hash: what stands in this header may be a token of
/// somebody's, and what is told back may be logged on its way.
pub(super) fn name_or_hash(word: &str) -> Box<str> {
    let plain = word.len() <= 24 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain {
        word.into()
    } else {
        hash(word.as_bytes())
    }
}

/// SHA-256 in Base64, as AWS tells the header back.
pub(super) fn hash(bytes: &[u8]) -> Box<str> {
    STANDARD.encode(Sha256::digest(bytes)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_come_in_any_order_with_or_without_spaces() {
        for header in [
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;x-amz-date, Signature=00",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=host;x-amz-date,Signature=00",
            "AWS4-HMAC-SHA256   Signature=00 ,  SignedHeaders=host;x-amz-date,Other=1,Credential=a/b/c/d/e ",
        ] {
            let fields = parse(header.as_bytes()).expect(header);
            assert_eq!(fields.credential, Some("a/b/c/d/e"), "{header}");
            assert_eq!(fields.signed_headers, Some("host;x-amz-date"), "{header}");
            assert_eq!(fields.signature, Some("00"), "{header}");
        }
    }

    #[test]
    fn a_piece_that_comes_twice_is_refused() {
        let error = parse(b"AWS4-HMAC-SHA256 Signature=00,Signature=01").expect_err("twice");
        assert_eq!(
            error,
            SignatureError::Repeated {
                name: "Signature".into()
            }
        );
    }

    #[test]
    fn what_may_be_a_token_is_told_back_as_a_hash() {
        for header in [
            "eyJhbGciOiJIUzI1NiJ9.e30.signature",
            "AWS4-HMAC-SHA256 eyJhbGciOiJIUzI1NiJ9.e30.signature",
            "AWS4-eyJhbGciOiJIUzI1NiJ9 x",
        ] {
            let text = parse(header.as_bytes())
                .expect_err("no signature")
                .to_string();
            assert!(!text.contains("eyJ"), "{text}");
        }
        let text = parse(b"Bearer eyJhbGciOiJIUzI1NiJ9.e30.signature").expect_err("bearer");
        assert!(
            text.to_string()
                .starts_with("'Bearer' not a valid key=value pair (missing equal-sign) in "),
            "{text}"
        );
    }

    #[test]
    fn a_header_of_other_bytes_lacks_everything() {
        for header in [
            &b"\xff\xfe"[..],
            b"",
            b" ",
            b"AWS4-HMAC-SHA256 Signature=\x01",
        ] {
            let fields = parse(header).expect("readable as empty");
            assert!(fields.signature.is_none());
        }
    }
}
