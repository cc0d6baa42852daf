//! The list of signed headers, and where they stand in the request.

use crate::fields::cut;
use crate::flaw::Flaw;
use crate::request::HttpRequest;

/// The most headers that a request may have; fits [`Positions`].
const MAX_HEADERS: usize = 255;

/// The most headers that a signature may cover.
const MAX_SIGNED_HEADERS: usize = 100;

/// Where each signed header stands among the request's headers, in the order of the list.
pub(crate) type Positions = [u8; MAX_SIGNED_HEADERS];

/// Makes sure that a request has no more headers than are looked at, and their names in lower case: under another one
/// a header would slip past all that look for it.
pub(crate) fn check(request: &HttpRequest<'_>) -> Result<(), Flaw> {
    if request.headers.len() > MAX_HEADERS {
        return Err(Flaw::TooLarge);
    }
    let has_upper = |name: &str| {
        name.bytes()
            .fold(false, |found, b| found | b.is_ascii_uppercase())
    };
    match request.headers.iter().find(|(name, _)| has_upper(name)) {
        Some((name, _)) => Err(Flaw::Header {
            name: (*name).into(),
        }),
        None => Ok(()),
    }
}

/// Finds each signed header among those of the request, where it must stand exactly once, and makes sure that the host
/// and every header that `must_be_signed` is one of them; the request has `how_many` of these.
pub(crate) fn locate(
    request: &HttpRequest<'_>,
    signed_headers: &str,
    must_be_signed: impl Fn(&str) -> bool,
    how_many: usize,
) -> Result<Positions, Flaw> {
    let mut positions = [0; MAX_SIGNED_HEADERS];
    let (mut signed_hosts, mut signed_others) = (0, 0);
    let mut before = "";
    let mut places = positions.iter_mut();
    let mut rest = Some(signed_headers);
    while let Some(list) = rest {
        let (name, next) = first_name(list).ok_or(Flaw::SignedHeaders)?;
        rest = next;
        // Strict order also means that no name stands here twice.
        if name <= before {
            return Err(Flaw::SignedHeaders);
        }
        before = name;
        let place = places.next().ok_or(Flaw::SignedHeaders)?;
        let wants_host = is_host(name);
        signed_hosts += usize::from(wants_host);
        signed_others += usize::from(must_be_signed(name));
        let mut found = 0usize;
        for (at, (candidate, _)) in request.headers.iter().enumerate() {
            if *candidate == name || wants_host && is_host(candidate) {
                found += 1;
                *place = u8::try_from(at).map_err(|_| Flaw::TooLarge)?;
            }
        }
        if found != 1 {
            return Err(Flaw::Header { name: name.into() });
        }
    }
    if signed_hosts == 0 {
        return Err(Flaw::HostNotSigned);
    }
    // Under both of its names the one host would be signed twice.
    if signed_hosts > 1 {
        return Err(Flaw::Header {
            name: "host".into(),
        });
    }
    // Each signed name was found exactly once, so the counts agree only if no such header is left out.
    if signed_others != how_many {
        return Err(Flaw::NotSigned);
    }
    Ok(positions)
}

/// The names between the semicolons.
pub(crate) fn each(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let list = rest?;
        let (name, next) = match cut(list, b';') {
            Some((name, next)) => (name, Some(next)),
            None => (list, None),
        };
        rest = next;
        Some(name)
    })
}

/// The headers by name, none of them twice.
pub(crate) fn sorted<'h>(
    headers: impl Iterator<Item = (&'h str, &'h [u8])>,
) -> Result<Vec<(&'h str, &'h [u8])>, Flaw> {
    let mut headers: Vec<_> = headers.collect();
    headers.sort_unstable();
    let after = headers.iter().skip(1);
    match headers
        .iter()
        .zip(after)
        .find(|(one, next)| one.0 == next.0)
    {
        Some(((name, _), _)) => Err(Flaw::Header {
            name: (*name).into(),
        }),
        None => Ok(headers),
    }
}

/// The list of these headers, as they are signed.
pub(crate) fn names(headers: &[(&str, &[u8])]) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.join(";")
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
