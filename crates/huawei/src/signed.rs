//! Showing a request to the verifier exactly as it arrived, and holding what it says of its account against its key's.

use std::borrow::Cow;

use claviger_iam::authenticate::signature_fault;
use claviger_iam::context::{Door, Origin, RequestFacts};
use claviger_iam::{Admitted, Iam, Service};
use claviger_signature::HttpRequest;
use claviger_signature::sdk_hmac::present;
use http::request::Parts;

use crate::error::Error;
use crate::ids;

/// Authenticates a request, and says what is known of it.
///
/// # Errors
/// The refusals of authentication.
pub(crate) async fn authenticate(
    iam: &Iam,
    parts: &Parts,
    body: &[u8],
    service: Service,
    origin: &Origin,
) -> Result<(Admitted, RequestFacts), Error> {
    if !parts.headers.contains_key(http::header::AUTHORIZATION) {
        return Err(if parts.headers.contains_key("x-auth-token") {
            Error::token()
        } else {
            Error::anonymous()
        });
    }
    let headers = claviger_intake::headers(parts);
    let request = HttpRequest {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body,
    };
    let presented = present(&request).map_err(signature_fault)?;
    let header = |name: http::HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let facts = RequestFacts {
        id: origin.request_id.clone(),
        source_ip: origin.source_ip,
        user_agent: header(http::header::USER_AGENT),
        referer: header(http::header::REFERER),
        secure_transport: origin.secure_transport,
        // One for all regions, as at the other door: most clients of this one name none.
        region: Cow::Borrowed("us-east-1"),
        door: Door::Huawei,
        now: iam.settings().clock.now(),
    };
    let admitted = iam.authenticate(&presented, service, 0, &facts).await?;
    let account = admitted.caller().account();
    // SECURITY: not all dialects sign these two, so neither may be believed where it says something else.
    for (name, named, own) in [
        ("X-Domain-Id", presented.domain_id(), ids::domain(account)),
        (
            "X-Project-Id",
            presented.project_id(),
            ids::project(account),
        ),
    ] {
        if named.is_some_and(|named| named != own) {
            return Err(Error::elsewhere(name));
        }
    }
    Ok((admitted, facts))
}
