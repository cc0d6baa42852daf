//! The list of signed headers, and where they stand in the request.

use super::SignatureError;
use super::authorization;
use super::present::Headers;
use crate::request::HttpRequest;

/// The most headers that a signature may cover.
const MAX_SIGNED_HEADERS: usize = 100;

/// Where each signed header stands among the request's headers, in the order of the list.
pub(super) type Positions = [u8; MAX_SIGNED_HEADERS];

/// Finds each signed header among those of the request, where it must stand exactly once, and makes sure that the host
/// and every `x-amz-*` header is one of them.
pub(super) fn locate(
    request: &HttpRequest<'_>,
    headers: &Headers<'_>,
    signed_headers: &str,
) -> Result<Positions, SignatureError> {
    let mut positions = [0; MAX_SIGNED_HEADERS];
    let (mut signed_hosts, mut signed_amz) = (0, 0);
    let mut before = "";
    let mut places = positions.iter_mut();
    let mut rest = Some(signed_headers);
    while let Some(list) = rest {
        let (name, next) = first_name(list).ok_or(SignatureError::SignedHeaders)?;
        rest = next;
        // Strict order also means that no name stands here twice.
        if name <= before {
            return Err(SignatureError::SignedHeaders);
        }
        before = name;
        let place = places.next().ok_or(SignatureError::SignedHeaders)?;
        let wants_host = is_host(name);
        signed_hosts += usize::from(wants_host);
        signed_amz += usize::from(name.starts_with("x-amz-"));
        let mut found = 0usize;
        for (at, (candidate, _)) in request.headers.iter().enumerate() {
            if *candidate == name || wants_host && is_host(candidate) {
                found += 1;
                *place = u8::try_from(at).map_err(|_| SignatureError::TooLarge)?;
            }
        }
        if found != 1 {
            return Err(SignatureError::Header { name: name.into() });
        }
    }
    if signed_hosts == 0 {
        return Err(SignatureError::HostNotSigned);
    }
    // Under both of its names the one host would be signed twice.
    if signed_hosts > 1 {
        return Err(SignatureError::Header {
            name: "host".into(),
        });
    }
    // Each signed name was found exactly once, so the counts agree only if no such header is left out.
    if signed_amz != headers.amz {
        return Err(SignatureError::NotSigned);
    }
    Ok(positions)
}

/// The names between the semicolons.
pub(super) fn names(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let list = rest?;
        let (name, next) = match authorization::cut(list, b';') {
            Some((name, next)) => (name, Some(next)),
            None => (list, None),
        };
        rest = next;
        Some(name)
    })
}

/// HTTP/1.1 and HTTP/2 call the host by two names, and a proxy may turn one into the other.
fn is_host(name: &str) -> bool {
    name == "host" || name == ":authority"
}

/// Which bytes a header's name in lower case may have (RFC 9110, section 5.6.2).
const NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        let punctuation = matches!(
            byte,
            b'-' | b'_'
                | b'.'
                | b'!'
                | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'^'
                | b'`'
                | b'|'
                | b'~'
        );
        #[expect(clippy::indexing_slicing, reason = "a byte indexes 256 places")]
        {
            table[byte as usize] =
                punctuation || byte.is_ascii_lowercase() || byte.is_ascii_digit();
        }
        byte += 1;
    }
    table
};

/// The first name of a list, and the list behind its semicolon. `None` where it is no header's name in lower case and
/// not `:authority`.
fn first_name(list: &str) -> Option<(&str, Option<&str>)> {
    let colon = usize::from(list.starts_with(':'));
    let allowed = |byte: u8| NAME_BYTES.get(usize::from(byte)).copied().unwrap_or(false);
    let end = list
        .bytes()
        .skip(colon)
        .position(|byte| !allowed(byte))
        .map_or(list.len(), |at| at + colon);
    let name = list.get(..end)?;
    if name.is_empty() || colon == 1 && !is_host(name) {
        return None;
    }
    match list.as_bytes().get(end) {
        None => Some((name, None)),
        Some(b';') => Some((name, Some(list.get(end + 1..)?))),
        Some(_) => None,
    }
}
