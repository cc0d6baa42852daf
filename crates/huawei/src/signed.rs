//! Showing a request to the verifier exactly as it arrived, and holding what it says of its account against its key's.

use std::borrow::Cow;

use claviger_iam::authenticate::signature_fault;
use claviger_iam::context::{Door, Origin, RequestFacts};
use claviger_iam::{Admitted, Iam, Service};
use claviger_model::AccountId;
use claviger_signature::HttpRequest;
use claviger_signature::sdk_hmac::present;
use http::request::Parts;

use crate::error::Error;
use crate::ids;

/// The header that a token comes in.
pub(crate) const TOKEN: &str = "x-auth-token";

/// What is known of a request.
pub(crate) fn facts(iam: &Iam, parts: &Parts, origin: &Origin) -> RequestFacts {
    let header = |name: http::HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    RequestFacts {
        id: origin.request_id.clone(),
        source_ip: origin.source_ip,
        user_agent: header(http::header::USER_AGENT),
        referer: header(http::header::REFERER),
        secure_transport: origin.secure_transport,
        // One for all regions, as at the other door: most clients of this one name none.
        region: Cow::Borrowed("us-east-1"),
        door: Door::Huawei,
        now: iam.settings().clock.now(),
    }
}

/// Authenticates a request, by its signature or the token that it shows, and says what is known of it.
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
    let facts = facts(iam, parts, origin);
    if !parts.headers.contains_key(http::header::AUTHORIZATION) {
        let token = parts.headers.get(TOKEN).ok_or_else(Error::anonymous)?;
        let token = token.to_str().map_err(|_| Error::token())?;
        let admitted = iam.authenticate_token(token, &facts).await;
        let admitted = admitted.map_err(Error::of_token)?;
        let named = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        check_account(
            admitted.caller().account(),
            named("x-domain-id"),
            named("x-project-id"),
        )?;
        return Ok((admitted, facts));
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
    let admitted = iam.authenticate(&presented, service, 0, &facts).await?;
    // SECURITY: not all dialects sign these two, so neither may be believed where it says something else.
    check_account(
        admitted.caller().account(),
        presented.domain_id(),
        presented.project_id(),
    )?;
    Ok((admitted, facts))
}

/// Refuses a request that names another account, or another account's project, than its caller's.
fn check_account(
    account: AccountId,
    domain: Option<&str>,
    project: Option<&str>,
) -> Result<(), Error> {
    for (name, named, own) in [
        ("X-Domain-Id", domain, ids::domain(account)),
        ("X-Project-Id", project, ids::project(account)),
    ] {
        if named.is_some_and(|named| named != own) {
            return Err(Error::elsewhere(name));
        }
    }
    Ok(())
}
