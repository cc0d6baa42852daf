//! Reading the body: once, bounded, and wiped afterwards, since it may carry a password.
//!
//! Whoever can connect can send: what no signature comes with is kept small, and large bodies share a budget, so that
//! strangers cannot fill the memory.

use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Bodies larger than this are refused before anything is done.
pub const MAX_BYTES: usize = 1 << 20;
/// Bytes of a body that need nobody's leave.
const SMALL: usize = 64 << 10;
/// Bytes of large bodies that may be held at once, in all requests together.
const BUDGET: usize = 64 << 20;

/// What is left of the budget. A door has one.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Budget {
    /// All of it.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET)))
    }

    /// Takes leave for a whole large body, for as long as what this gives lives.
    fn take(&self) -> Result<OwnedSemaphorePermit, StatusCode> {
        let bytes = u32::try_from(MAX_BYTES).unwrap_or(u32::MAX);
        self.0
            .clone()
            .try_acquire_many_owned(bytes)
            .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// A body, with the leave to hold it.
pub struct Bytes {
    bytes: Zeroizing<Vec<u8>>,
    _leave: Option<OwnedSemaphorePermit>,
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the whole body. One that no proof of anything comes with, as far as the door can tell without looking at it,
/// must be small.
///
/// # Errors
/// 413 for one that is too large, told by its length before it is read; 400 for one that breaks off; 415 for one that is
/// compressed, which would have to be unpacked before its size is known; 503 when too many large ones are being read.
pub async fn read<B>(
    parts: &Parts,
    mut body: B,
    has_proof: bool,
    budget: &Budget,
) -> Result<Bytes, StatusCode>
where
    B: Body<Data = bytes::Bytes> + Unpin,
{
    let most = if has_proof { MAX_BYTES } else { SMALL };
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
