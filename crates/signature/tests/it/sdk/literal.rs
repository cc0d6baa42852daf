//! The signing guide written down text by text, without regard to cost. It shares no code with the crate, so that a
//! mistake would have to be made twice.

use sha2::{Digest, Sha256};

use super::Spoken;
use crate::call::Call;
use crate::literal::{hex, hmac, uri_decode, uri_encode};

/// Undoes percent-encoding where a plus is a plus.
fn decode(text: &str) -> Option<String> {
    String::from_utf8(uri_decode(&text.replace('+', "%2B"))?).ok()
}

pub(crate) fn canonical_path(path: &str) -> Option<String> {
    let decoded = decode(path)?;
    let segments: Vec<String> = decoded
        .split('/')
        .map(|segment| uri_encode(segment.as_bytes(), false))
        .collect();
    let mut text = segments.join("/");
    if !text.ends_with('/') {
        text.push('/');
    }
    Some(text)
}

/// The parameters, decoded, in the order in which the dialect signs them.
fn parameters(query: &str, spoken: Spoken) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let read = |text: &str| match spoken {
            Spoken::Credential => String::from_utf8(uri_decode(text)?).ok(),
            Spoken::Access | Spoken::Derived => decode(text),
        };
        pairs.push((read(name)?, read(value)?));
    }
    match spoken {
        Spoken::Access | Spoken::Derived => pairs.sort(),
        Spoken::Credential => pairs.sort_by_key(|(name, _)| {
            let encoded = uri_encode(name.as_bytes(), false);
            (encoded.to_lowercase(), encoded)
        }),
    }
    Some(pairs)
}

pub(crate) fn canonical_query(query: &str, spoken: Spoken) -> Option<String> {
    let pairs: Vec<String> = parameters(query, spoken)?
        .iter()
        .map(|(name, value)| {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            format!("{}={}", uri_encode(name, false), uri_encode(value, false))
        })
        .collect();
    Some(pairs.join("&"))
}

/// `url.Values.Encode` of Go.
fn form(query: &str) -> Option<String> {
    let mut pairs = parameters(query, Spoken::Credential)?;
    pairs.sort();
    let write = |text: &str| {
        let words: Vec<String> = text
            .split(' ')
            .map(|word| uri_encode(word.as_bytes(), false))
            .collect();
        words.join("+")
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", write(name), write(value)))
        .collect();
    Some(pairs.join("&"))
}

fn canonical_value(value: &[u8], spoken: Spoken) -> Vec<u8> {
    if spoken != Spoken::Credential {
        return value.trim_ascii().to_vec();
    }
    let words: Vec<&[u8]> = value
        .split(|byte| *byte == b' ' || *byte == b'\t')
        .filter(|word| !word.is_empty())
        .collect();
    words.join(&b' ')
}

/// The canonical request over the named headers. Those that are missing count as empty.
pub(crate) fn canonical_request(call: &Call, spoken: Spoken, names: &[&str]) -> Option<Vec<u8>> {
    let mut names = names.to_vec();
    names.sort_unstable();
    let (query, body) =
        if spoken == Spoken::Credential && call.method == "POST" && call.body.is_empty() {
            (String::new(), form(&call.query)?.into_bytes())
        } else {
            (canonical_query(&call.query, spoken)?, call.body.clone())
        };
    let mut text = format!(
        "{}\n{}\n{query}\n",
        call.method,
        canonical_path(&call.path)?
    )
    .into_bytes();
    for name in &names {
        let value = call.headers.iter().find(|(present, _)| present == name);
        text.extend_from_slice(format!("{name}:").as_bytes());
        if let Some((_, value)) = value {
            text.extend_from_slice(&canonical_value(value, spoken));
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(names.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(hex(&Sha256::digest(body)).as_bytes());
    Some(text)
}

fn scope(spoken: Spoken, stamp: &str) -> String {
    let date = stamp.get(..8).unwrap_or_default();
    match spoken {
        Spoken::Access => String::new(),
        Spoken::Credential => format!("{date}///sdk_request"),
        Spoken::Derived => format!("{date}/globe/iam"),
    }
}

/// The key of a dialect, for the usual region and service.
pub(crate) fn key(spoken: Spoken, key_id: &str, secret: &str, stamp: &str) -> Vec<u8> {
    match spoken {
        Spoken::Access => secret.as_bytes().to_vec(),
        Spoken::Credential => {
            let date_key = hmac(
                format!("SDK{secret}").as_bytes(),
                stamp.get(..8).unwrap_or_default(),
            );
            hmac(&hmac(&hmac(&date_key, ""), ""), "sdk_request")
        }
        Spoken::Derived => {
            let extracted = hmac(key_id.as_bytes(), secret);
            let expanded = hmac(&extracted, &format!("{}\u{1}", scope(spoken, stamp)));
            hex(&expanded).into_bytes()
        }
    }
}

/// The value of the `Authorization` header.
pub(crate) fn authorization(
    call: &Call,
    spoken: Spoken,
    names: &[&str],
    key_id: &str,
    secret: &str,
    stamp: &str,
) -> String {
    let hash = hex(&Sha256::digest(
        canonical_request(call, spoken, names).unwrap(),
    ));
    let scope = scope(spoken, stamp);
    let to_sign = match spoken {
        Spoken::Access => format!("SDK-HMAC-SHA256\n{stamp}\n{hash}"),
        Spoken::Credential => format!("SDK-HMAC-SHA256\n{stamp}\n{scope}\n{hash}"),
        Spoken::Derived => format!("V11-HMAC-SHA256\n{stamp}\n{scope}\n{hash}"),
    };
    let signature = hex(&hmac(&key(spoken, key_id, secret, stamp), &to_sign));
    let who = match spoken {
        Spoken::Access => format!("SDK-HMAC-SHA256 Access={key_id}"),
        Spoken::Credential => format!("SDK-HMAC-SHA256 Credential={key_id}/{scope}"),
        Spoken::Derived => format!("V11-HMAC-SHA256 Credential={key_id}/{scope}"),
    };
    let mut names = names.to_vec();
    names.sort_unstable();
    let names = names.join(";");
    format!("{who}, SignedHeaders={names}, Signature={signature}")
}
