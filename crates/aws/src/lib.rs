//! The AWS front door: IAM and STS in the Query protocol, CloudTrail's event look-up in the JSON protocol. Wire formats
//! only: it authenticates, decodes an operation, has `iam` run it, and encodes the answer.
//!
//! Sources: AWS IAM and STS API references; Smithy 2.0, "AWS Query protocol" and "AWS JSON 1.1 protocol".

mod json;
mod query;
mod signed;
mod streamed;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use claviger_iam::Iam;
use claviger_iam::context::Origin;
use claviger_intake::body::{self, Budget};
use http::request::Parts;
use http::{Method, StatusCode};

/// What the door works with.
#[derive(Clone)]
struct Door {
    iam: Arc<Iam>,
    budget: Budget,
}

/// The door's router: everything at `/`. The outermost layer must have put an [`Origin`] into the request's extensions.
pub fn router(iam: Iam) -> Router {
    Router::new().route("/", any(handle)).with_state(Door {
        iam: Arc::new(iam),
        budget: Budget::new(),
    })
}

async fn handle(State(door): State<Door>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(origin) = parts.extensions.get::<Origin>().cloned() else {
        // INVARIANT: the binary and the tests wrap this router in the layer that adds it.
        return plain(StatusCode::INTERNAL_SERVER_ERROR);
    };
    if !matches!(parts.method, Method::GET | Method::POST) {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED);
        answer.headers_mut().insert(
            http::header::ALLOW,
            http::HeaderValue::from_static("GET, POST"),
        );
        return answer;
    }
    let body = match body::read(&parts, body, claims_signature(&parts), &door.budget).await {
        Ok(body) => body,
        Err(status) => {
            let mut answer = plain(status);
            // What is left of the body is not read, so the connection cannot be used again.
            answer.headers_mut().insert(
                http::header::CONNECTION,
                http::HeaderValue::from_static("close"),
            );
            return answer;
        }
    };
    if parts.headers.contains_key("x-amz-target") {
        json::handle(&door.iam, &parts, &body, &origin).await
    } else {
        query::handle(&door.iam, &parts, &body, &origin).await
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

/// An answer without a body.
fn plain(status: StatusCode) -> Response {
    let mut answer = Response::default();
    *answer.status_mut() = status;
    answer
}
