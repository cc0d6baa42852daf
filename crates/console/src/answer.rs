//! Answers: pages, redirects, and what every one of them says to the browser.

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use claviger_iam::Fault;
use claviger_model::Code;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An operation was refused, with a fault that the person may read.
    Fault(Fault),
    /// There is no such page, or no such thing.
    Missing,
    /// Nobody is signed in, or not any more.
    SignIn,
    /// The person must confirm first to be there.
    Confirm,
    /// A form that does not come from a page of this session.
    Forged,
    /// A page could not be written.
    Page,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault.code() {
            Code::InvalidClientTokenId | Code::ExpiredToken => Self::SignIn,
            _ => Self::Fault(fault),
        }
    }
}

/// What a page answers.
pub(crate) type Answer = Result<Response, Failure>;

/// No script or style in a page, nothing from elsewhere, no frame, no plug-in, and forms go nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page.
pub(crate) fn page(template: &impl Template) -> Answer {
    page_with(StatusCode::OK, template)
}

/// A page that says what was wrong with a form.
pub(crate) fn page_again(template: &impl Template) -> Answer {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A page with this status.
pub(crate) fn page_with(status: StatusCode, template: &impl Template) -> Answer {
    let text = template.render().map_err(|_| Failure::Page)?;
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    Ok(answer)
}

/// Goes on to another page, by `GET`. `to` is a path of this site.
pub(crate) fn go(to: &str) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_str(to).map_err(|_| Failure::Page)?;
    answer.headers_mut().insert(LOCATION, to);
    Ok(answer)
}

/// A file to keep, which is no page.
pub(crate) fn download(name: &'static str, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Body::from(text));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| Failure::Page)?;
    headers.insert(http::header::CONTENT_DISPOSITION, disposition);
    Ok(answer)
}

/// Sets cookies with an answer.
pub(crate) fn with_cookies(
    mut answer: Response,
    cookies: impl IntoIterator<Item = String>,
) -> Response {
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().append(SET_COOKIE, value);
        }
    }
    answer
}

/// Says to the browser what holds for every answer.
pub(crate) fn harden(answer: &mut Response, over_tls: bool) {
    let headers = answer.headers_mut();
    let always: [(HeaderName, &'static str); 7] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
        ),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if over_tls {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
