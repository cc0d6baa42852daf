//! Signed requests as the bytes that go over the wire.

use anyhow::Result;
use claviger_model::{Secret, Timestamp};
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::sign::Signer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Unreserved characters stay as they are (RFC 3986).
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const HOST: &str = "localhost:8040";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
const USER_AGENT: &str =
    "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0 exe/x86_64.debian.12 prompt/off";

/// An access key.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: Secret<String>,
}

impl Key {
    /// A call of IAM, signed now, whole.
    pub(crate) fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Vec<u8>> {
        self.call("iam", "2010-05-08", action, parameters)
    }

    /// A call of STS, signed now, whole.
    pub(crate) fn sts(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Vec<u8>> {
        self.call("sts", "2011-06-15", action, parameters)
    }

    fn call(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Vec<u8>> {
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            body.push_str(&format!("&{name}={}", utf8_percent_encode(value, FORM)));
        }
        let headers: [(&str, &[u8]); 2] = [
            ("content-type", CONTENT_TYPE.as_bytes()),
            ("host", HOST.as_bytes()),
        ];
        let request = HttpRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        };
        let signer = Signer {
            access_key_id: &self.id,
            secret: &self.secret,
            session_token: None,
            region: "us-east-1",
            service,
        };
        let mut text = format!(
            "POST / HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: identity\r\nContent-Type: {CONTENT_TYPE}\r\n\
             User-Agent: {USER_AGENT}\r\n"
        );
        for (name, value) in signer.headers(&request, now())? {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        Ok(text.into_bytes())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a load program is a binary and reads the clock itself"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_micros(since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }))
}
