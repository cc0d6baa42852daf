//! Signature Version 4 written down as the documentation tells it, text by text, without regard to cost. It shares no code
//! with the crate, so that a mistake would have to be made twice.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::call::Call;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// `UriEncode` of the documentation.
pub(crate) fn uri_encode(bytes: &[u8], keep_slash: bool) -> String {
    bytes
        .iter()
        .map(|&byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                (byte as char).to_string()
            }
            b'/' if keep_slash => "/".to_owned(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Undoes percent-encoding, or `None` where an escape is broken.
pub(crate) fn uri_decode(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('+', " ");
    let mut pieces = text.split('%');
    let mut decoded = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        if !piece.is_char_boundary(2) || piece.len() < 2 {
            return None;
        }
        let (digits, rest) = piece.split_at(2);
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        decoded.extend_from_slice(rest.as_bytes());
    }
    Some(decoded)
}

pub(crate) fn canonical_query(query: &str) -> Option<String> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = uri_encode(&uri_decode(name)?, false);
        let value = uri_encode(&uri_decode(value)?, false);
        if name != "X-Amz-Signature" {
            pairs.push((name, value));
        }
    }
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
    Some(pairs.join("&"))
}

fn canonical_value(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = value
        .split(|byte| *byte == b' ' || *byte == b'\t')
        .filter(|word| !word.is_empty())
        .collect();
    words.join(&b' ')
}

/// The canonical request over the named headers. Those that are missing count as empty.
pub(crate) fn canonical_request(call: &Call, names: &[&str]) -> Option<Vec<u8>> {
    let mut names = names.to_vec();
    names.sort_unstable();
    let path = if call.path.is_empty() {
        "/"
    } else {
        &call.path
    };
    let mut text = format!(
        "{}\n{}\n{}\n",
        call.method,
        uri_encode(path.as_bytes(), true),
        canonical_query(&call.query)?
    )
    .into_bytes();
    for name in &names {
        let values: Vec<Vec<u8>> = call
            .headers
            .iter()
            .filter(|(present, _)| present == name)
            .map(|(_, value)| canonical_value(value))
            .collect();
        text.extend_from_slice(format!("{name}:").as_bytes());
        text.extend_from_slice(&values.join(&b','));
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(names.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(hex(&Sha256::digest(&call.body)).as_bytes());
    Some(text)
}

pub(crate) fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> Vec<u8> {
    let date_key = hmac(format!("AWS4{secret}").as_bytes(), date);
    let region_key = hmac(&date_key, region);
    let service_key = hmac(&region_key, service);
    hmac(&service_key, "aws4_request")
}

/// The signature over the named headers; `scope` is `date/region/service/terminator`.
pub(crate) fn signature(
    call: &Call,
    names: &[&str],
    secret: &str,
    stamp: &str,
    scope: &str,
) -> String {
    let canonical_request = canonical_request(call, names).unwrap();
    let string_to_sign = format!(
        "AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}",
        hex(&Sha256::digest(canonical_request))
    );
    let parts: Vec<&str> = scope.split('/').collect();
    hex(&hmac(
        &signing_key(secret, parts[0], parts[1], parts[2]),
        &string_to_sign,
    ))
}

/// The value of the `Authorization` header.
pub(crate) fn authorization(
    call: &Call,
    names: &[&str],
    key_id: &str,
    secret: &str,
    stamp: &str,
    scope: &str,
) -> String {
    let signature = signature(call, names, secret, stamp, scope);
    let mut names = names.to_vec();
    names.sort_unstable();
    format!(
        "AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={}, Signature={signature}",
        names.join(";")
    )
}

#[test]
fn the_literal_signing_key_is_the_published_one() {
    // IAM user guide, "Examples of how to derive a signing key for Signature Version 4".
    assert_eq!(
        hex(&signing_key(
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "20150830",
            "us-east-1",
            "iam"
        )),
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    );
    assert_eq!(
        hex(&signing_key(
            crate::call::SECRET,
            "20260102",
            "us-east-1",
            "iam"
        )),
        "77e77ac24f9f56965ec1b13a8e2c18fea8d267843244b469d1c62617b9fb0380"
    );
}
