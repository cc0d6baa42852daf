//! What a request is answered when it succeeds.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// What a request is answered.
pub(crate) struct Reply {
    status: StatusCode,
    /// `None` for an answer without a body.
    body: Option<Value>,
    /// Headers of this answer alone.
    headers: HeaderMap,
}

impl Reply {
    /// 200 with this.
    pub(crate) fn ok(body: Value) -> Self {
        Self::with(StatusCode::OK, body)
    }

    /// 201 with this.
    pub(crate) fn created(body: Value) -> Self {
        Self::with(StatusCode::CREATED, body)
    }

    /// 204.
    pub(crate) fn done() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            headers: HeaderMap::new(),
        }
    }

    /// This status without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::done()
        }
    }

    /// This status with this body.
    pub(crate) fn with(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            headers: HeaderMap::new(),
        }
    }

    /// The same with a header more.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The answer.
    pub(crate) fn respond(self, request_id: &str) -> Response {
        let mut answer = match self.body {
            Some(body) => in_json(self.status, &body, request_id),
            None => {
                let mut answer = Response::new(axum::body::Body::empty());
                *answer.status_mut() = self.status;
                name(answer.headers_mut(), request_id);
                answer
            }
        };
        answer.headers_mut().extend(self.headers);
        answer
    }
}

/// An answer with a body in JSON.
pub(crate) fn in_json(status: StatusCode, body: &Value, request_id: &str) -> Response {
    let mut answer = Response::new(axum::body::Body::from(body.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    name(headers, request_id);
    answer
}

/// Puts the request's id where clients look for it.
fn name(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id.clone());
        headers.insert(HeaderName::from_static("x-iam-trace-id"), id.clone());
        headers.insert(HeaderName::from_static("x-openstack-request-id"), id);
    }
}
