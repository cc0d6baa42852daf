//! Reading the body: once, bounded, and wiped afterwards, since it may carry a password.
//!
//! Whoever can connect can send: what no signature comes with is kept small, and large bodies share a budget, so that
//! strangers cannot fill the memory.

use std::sync::Arc;

use axum::body::Body;
use http::StatusCode;
use http::request::Parts;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::MAX_BODY_BYTES;

/// Bytes of a body that need nobody's leave.
const SMALL: usize = 64 << 10;
/// Bytes of large bodies that may be held at once, in all requests together.
const BUDGET: usize = 64 << 20;

/// What is left of the budget.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET)))
    }

    /// Takes leave for a whole large body, for as long as what this gives lives.
    fn take(&self) -> Result<OwnedSemaphorePermit, StatusCode> {
        let bytes = u32::try_from(MAX_BODY_BYTES).unwrap_or(u32::MAX);
        self.0
            .clone()
            .try_acquire_many_owned(bytes)
            .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// A body, with the leave to hold it.
pub(crate) struct Bytes {
    bytes: Zeroizing<Vec<u8>>,
    _leave: Option<OwnedSemaphorePermit>,
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether anything in the request claims to be a signature.
fn claims_signature(parts: &Parts) -> bool {
    parts.headers.contains_key(http::header::AUTHORIZATION)
        || parts
            .uri
            .query()
            .is_some_and(|query| query.contains("X-Amz-Signature"))
}

/// Reads the whole body.
///
/// # Errors
/// 413 for one that is too large, told by its length before it is read; 400 for one that breaks off; 415 for one that is
/// compressed, which would have to be unpacked before its size is known; 503 when too many large ones are being read.
pub(crate) async fn read(
    parts: &Parts,
    mut body: Body,
    budget: &Budget,
) -> Result<Bytes, StatusCode> {
    let most = if claims_signature(parts) {
        MAX_BODY_BYTES
    } else {
        SMALL
    };
    let declared = parts
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > most) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    if parts.headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let mut leave = None;
    let mut bytes = Zeroizing::new(Vec::with_capacity(declared.unwrap_or(0).min(SMALL)));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        if let Ok(data) = frame.into_data() {
            let length = bytes.len() + data.len();
            if length > most {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            if length > SMALL && leave.is_none() {
                leave = Some(budget.take()?);
            }
            if bytes.capacity() < length {
                // Growing in place would leave copies of the beginning behind.
                let capacity = (length * 2).min(most);
                let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
                larger.extend_from_slice(&bytes);
                bytes = larger;
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(Bytes {
        bytes,
        _leave: leave,
    })
}
