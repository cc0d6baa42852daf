//! Showing a request to the verifier exactly as it arrived.

use std::borrow::Cow;

use claviger_iam::context::{Door, Origin, RequestFacts};
use claviger_iam::{Admitted, Fault, Iam, Service};
use claviger_model::Code;
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::present;
use http::request::Parts;

/// More headers than this are refused: they would all have to be canonicalised.
const MAX_HEADERS: usize = 100;

/// Authenticates a request for a service, and says what is known of it.
///
/// # Errors
/// The faults of authentication.
pub(crate) async fn authenticate(
    iam: &Iam,
    parts: &Parts,
    body: &[u8],
    service: Service,
    presigned_at_least_seconds: i64,
    origin: &Origin,
) -> Result<(Admitted, RequestFacts), Fault> {
    if parts.headers.len() > MAX_HEADERS {
        return Err(Fault::new(
            Code::IncompleteSignature,
            format!("The request has more than {MAX_HEADERS} headers."),
        ));
    }
    let headers = claviger_intake::headers(parts);
    let request = HttpRequest {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body,
    };
    let presented = present(&request).map_err(claviger_iam::authenticate::signature_fault)?;
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
        region: match service {
            // IAM is one for all regions (service authorization reference).
            Service::Iam | Service::Host | Service::SignIn => Cow::Borrowed("us-east-1"),
            Service::Sts | Service::CloudTrail => Cow::Owned(presented.scope().region.to_owned()),
        },
        door: Door::Aws,
        now: iam.settings().clock.now(),
    };
    let admitted = iam
        .authenticate(&presented, service, presigned_at_least_seconds, &facts)
        .await?;
    Ok((admitted, facts))
}
