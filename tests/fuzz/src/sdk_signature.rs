//! Reading what a request of Huawei's signing scheme presents, verifying it, and signing, in every dialect.

use claviger_model::{Secret, Timestamp};
use claviger_signature::sdk_hmac::present;
use claviger_signature::sdk_hmac::sign::{Dialect, Signer};
use claviger_signature::{HttpRequest, Scheme, Terms};

use crate::signature::Raw;

/// The moment for which the seeds were signed: 2026-01-02T03:04:05Z.
const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);

/// A secret that no seed was signed with: a signature that verifies under it is forged.
const SECRET: &str = "fuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzz";

const KEY_ID: &str = "FUZZFUZZFUZZFUZZFUZZ";

const TERMS: Terms<'_> = Terms {
    service: "iam",
    now: NOW,
    presigned_at_least_seconds: 0,
};

/// Reads the bytes as `METHOD PATH?QUERY`, lines of headers, an empty line, and a body.
pub fn run(data: &[u8]) {
    let Some(raw) = Raw::read(data) else { return };
    let secret = Secret::new(SECRET.to_owned());
    as_it_came(&raw, &secret);
    for dialect in [
        Dialect::Access,
        Dialect::Credential {
            region: "",
            service: "",
        },
        Dialect::Derived {
            region: "globe",
            service: "iam",
        },
    ] {
        signed_here(&raw, &secret, dialect);
    }
}

/// No request that came from outside verifies under a secret that is not its own.
fn as_it_came(raw: &Raw<'_>, secret: &Secret<String>) {
    let headers = raw.headers();
    let request = raw.request(&headers);
    let presented = match present(&request) {
        Ok(presented) => presented,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal without a text");
            return;
        }
    };
    let signed: Vec<&str> = presented.signed_headers().collect();
    let scope = presented.scope();
    let late = |name: &str| {
        scope.scheme == Scheme::SdkCredential
            && matches!(name, "x-domain-id" | "x-project-id" | "x-security-token")
    };
    for (name, _) in &headers {
        let matters = *name == "host"
            || name.starts_with("x-sdk-")
            || matches!(*name, "x-domain-id" | "x-project-id" | "x-security-token");
        assert!(
            !matters || late(name) || signed.contains(name),
            "`{name}` was let through unsigned"
        );
    }
    let key = scope.derive(presented.access_key_id(), secret);
    assert!(
        presented.verify(&key, &TERMS).is_err(),
        "a forged signature was accepted"
    );
}

/// What is signed here verifies, and does not when its body is another.
fn signed_here(raw: &Raw<'_>, secret: &Secret<String>, dialect: Dialect<'_>) {
    let signer = Signer {
        access_key_id: KEY_ID,
        secret,
        session_token: None,
        dialect,
    };
    let own: Vec<(&str, &[u8])> = raw
        .headers()
        .into_iter()
        .filter(|(name, _)| !matches!(*name, "authorization" | "x-sdk-date"))
        .collect();
    let request = raw.request(&own);
    let Ok(added) = signer.headers(&request, NOW) else {
        return;
    };
    let mut headers = own.clone();
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let request = HttpRequest {
        headers: &headers,
        ..request
    };
    // The signer signs more than a server takes: no host, a waived hash of the body, a token besides.
    let Ok(presented) = present(&request) else {
        return;
    };
    if headers
        .iter()
        .any(|(name, _)| *name == "x-sdk-content-sha256")
    {
        return;
    }
    let key = presented.scope().derive(presented.access_key_id(), secret);
    assert!(
        presented.verify(&key, &TERMS).is_ok(),
        "the signer and the verifier differ"
    );

    let mut other = raw.body.to_vec();
    other.push(b'x');
    let changed = HttpRequest {
        body: &other,
        ..request
    };
    // A query that was signed in place of a body is read as a query once there is one.
    let Ok(presented) = present(&changed) else {
        return;
    };
    assert!(
        presented.verify(&key, &TERMS).is_err(),
        "a changed body was accepted"
    );
}
