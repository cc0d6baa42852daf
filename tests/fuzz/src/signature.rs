//! Reading what a request presents, verifying it, and signing.

use claviger_model::{Secret, Timestamp};
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::sign::Signer;
use claviger_signature::sigv4::{SigningKey, Terms, present};

/// The moment for which the seeds were signed: 2026-01-02T03:04:05Z.
const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);

/// A secret that no seed was signed with: a signature that verifies under it is forged.
const SECRET: &str = "fuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzz";

/// Reads the bytes as `METHOD PATH?QUERY`, lines of headers, an empty line, and a body.
pub fn run(data: &[u8]) {
    let Some(raw) = Raw::read(data) else { return };
    let secret = Secret::new(SECRET.to_owned());
    as_it_came(&raw, &secret);
    signed_here(&raw, &secret);
}

/// A request in the form of the seeds.
pub(crate) struct Raw<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Vec<(String, &'a [u8])>,
    pub(crate) body: &'a [u8],
}

impl<'a> Raw<'a> {
    pub(crate) fn read(data: &'a [u8]) -> Option<Self> {
        let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
            Some(at) => (&data[..at], &data[at + 2..]),
            None => (data, &data[data.len()..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines
            .filter_map(|line| {
                let colon = line.iter().position(|byte| *byte == b':')?;
                let name = std::str::from_utf8(&line[..colon]).ok()?;
                Some((name.to_ascii_lowercase(), &line[colon + 1..]))
            })
            .collect();
        Some(Self {
            method,
            path,
            query,
            headers,
            body,
        })
    }

    pub(crate) fn headers(&self) -> Vec<(&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect()
    }

    /// The request with these headers.
    pub(crate) fn request<'b>(&'b self, headers: &'b [(&'b str, &'b [u8])]) -> HttpRequest<'b> {
        HttpRequest {
            method: self.method,
            path: self.path,
            query: self.query,
            headers,
            body: self.body,
        }
    }
}

fn terms(service: &str) -> Terms<'_> {
    Terms {
        service,
        now: NOW,
        presigned_at_least_seconds: 900,
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
    for (name, _) in &headers {
        if name.starts_with("x-amz-") || *name == "host" {
            assert!(signed.contains(name), "`{name}` was let through unsigned");
        }
    }
    let scope = presented.scope();
    let key = SigningKey::derive(secret, scope.date, scope.region, scope.service);
    assert!(
        presented.verify(&key, &terms(scope.service)).is_err(),
        "a forged signature was accepted"
    );
}

/// What is signed here verifies, and does not when its body is another.
fn signed_here(raw: &Raw<'_>, secret: &Secret<String>) {
    let signer = Signer {
        access_key_id: "AKIAFUZZFUZZFUZZFUZZ",
        secret,
        session_token: None,
        region: "us-east-1",
        service: "iam",
    };
    let own: Vec<(&str, &[u8])> = raw
        .headers()
        .into_iter()
        .filter(|(name, _)| !matches!(*name, "authorization" | "x-amz-date" | "date"))
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
    // The signer signs more than a server takes: no host, a waived payload hash, credentials in the query as well.
    let Ok(presented) = present(&request) else {
        return;
    };
    let scope = presented.scope();
    let key = SigningKey::derive(secret, scope.date, scope.region, scope.service);
    if headers
        .iter()
        .any(|(name, _)| *name == "x-amz-content-sha256")
    {
        return;
    }
    assert!(
        presented.verify(&key, &terms("iam")).is_ok(),
        "the signer and the verifier differ"
    );

    let mut other = raw.body.to_vec();
    other.push(b'x');
    let changed = HttpRequest {
        body: &other,
        ..request
    };
    let presented = present(&changed).expect("the body is not looked at when a request is read");
    assert!(
        presented.verify(&key, &terms("iam")).is_err(),
        "a changed body was accepted"
    );
}
