//! Reading the body: once, bounded, and wiped afterwards, since it may carry a password.

use axum::body::Body;
use http::StatusCode;
use http::request::Parts;
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use crate::MAX_BODY_BYTES;

/// Reads the whole body.
///
/// # Errors
/// 413 for one that is too large, told by its length before it is read; 400 for one that breaks off; 415 for one that is
/// compressed, which would have to be unpacked before its size is known.
pub(crate) async fn read(parts: &Parts, mut body: Body) -> Result<Zeroizing<Vec<u8>>, StatusCode> {
    let declared = parts
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    if parts.headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(declared.unwrap_or(0)));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > MAX_BODY_BYTES {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            if bytes.capacity() - bytes.len() < data.len() {
                // Growing in place would leave copies of the beginning behind.
                let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + data.len()) * 2));
                larger.extend_from_slice(&bytes);
                bytes = larger;
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}
