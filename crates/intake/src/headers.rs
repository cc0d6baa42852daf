//! Headers as a verifier of signatures reads them.

use http::request::Parts;

/// Every header exactly as it arrived, the names in lower case. HTTP/2 carries the host in `:authority`, which clients
/// sign as `host`: there it is added under that name.
#[must_use]
pub fn headers(parts: &Parts) -> Vec<(&str, &[u8])> {
    let mut headers: Vec<(&str, &[u8])> = Vec::with_capacity(parts.headers.len() + 1);
    headers.extend(
        parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    );
    if parts.version >= http::Version::HTTP_2
        && !parts.headers.contains_key(http::header::HOST)
        && let Some(authority) = parts.uri.authority()
    {
        headers.push(("host", authority.as_str().as_bytes()));
    }
    headers
}
