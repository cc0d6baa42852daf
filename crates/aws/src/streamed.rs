//! Answers with a member that is read while it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use claviger_iam::attachment::Attachment;
use data_encoding::BASE64;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// Bytes that are sent at once.
const PIECE_BYTES: usize = 64 << 10;
/// How long a reader may take for one piece.
const STALLED: Duration = Duration::from_secs(30);

type Piece = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The body of an answer whose `<Member/>` holds the attached bytes, in base64.
pub(crate) fn body(xml: String, attachment: Attachment, request_id: &str) -> Body {
    let name = attachment.member();
    let Some((head, tail)) = xml.split_once(&format!("<{name}/>")) else {
        return Body::from(xml);
    };
    let head = Bytes::from(format!("{head}<{name}>"));
    let tail = Bytes::from(format!("</{name}>{tail}"));
    let encoded = attachment.length().div_ceil(3) * 4;
    let left = (head.len() + tail.len()) as u64 + encoded;
    // One piece waits while the one before it is sent: a slow reader holds no more than that.
    let (to, from) = mpsc::channel(1);
    tokio::spawn(send(to, head, attachment, tail, request_id.to_owned()));
    Body::new(Streamed { from, left })
}

/// Sends everything, or ends with an error that breaks the answer off: its length is announced, so no reader takes a part
/// for the whole. Nothing is read for a reader who has not taken what came before, and one who takes nothing for too long
/// is given up.
async fn send(
    to: mpsc::Sender<Piece>,
    head: Bytes,
    mut attachment: Attachment,
    tail: Bytes,
    request_id: String,
) {
    if to.send(Ok(head)).await.is_err() {
        return;
    }
    loop {
        let Ok(Ok(place)) = tokio::time::timeout(STALLED, to.reserve()).await else {
            return;
        };
        let mut encoded = match attachment.next_part().await {
            Ok(Some(part)) => Bytes::from(BASE64.encode(&part)),
            Ok(None) => {
                place.send(Ok(tail));
                return;
            }
            Err(fault) => {
                let cause = fault.cause().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%request_id, %fault, cause, "an answer was broken off");
                place.send(Err(fault.into()));
                return;
            }
        };
        // In small pieces, so that a slow reader is seen to take them.
        place.send(Ok(encoded.split_to(encoded.len().min(PIECE_BYTES))));
        while !encoded.is_empty() {
            let Ok(Ok(place)) = tokio::time::timeout(STALLED, to.reserve()).await else {
                return;
            };
            place.send(Ok(encoded.split_to(encoded.len().min(PIECE_BYTES))));
        }
    }
}

/// A body that comes piece by piece.
struct Streamed {
    from: mpsc::Receiver<Piece>,
    left: u64,
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.from.poll_recv(cx).map(|piece| {
            piece.map(|piece| {
                let piece = piece?;
                self.left = self.left.saturating_sub(piece.len() as u64);
                Ok(Frame::data(piece))
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
