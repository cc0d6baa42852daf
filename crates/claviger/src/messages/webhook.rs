//! Sending text messages by a webhook: one HTTP request each to whoever delivers them.
//!
//! Requests are signed as Standard Webhooks says (<https://www.standardwebhooks.com>), whose libraries verify them. The id of
//! the message is the key by which a receiver tells a repetition from a second message.
//!
//! SECURITY: no redirect is followed, the answer is bounded in size and time, and no word of it is logged, since it may
//! repeat a code.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Body;
use claviger_model::{Secret, Timestamp};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode};
use rustls_pki_types::ServerName;
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpStream;

use super::guard;
use super::outcome::{Outcome, said};
use crate::client;

/// Bytes of an answer.
const MAX_ANSWER_BYTES: usize = 16 << 10;
/// What secrets begin with whose rest is base64 (Standard Webhooks).
const ENCODED: &str = "whsec_";

/// The webhook.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether it is `https`.
    pub(crate) secure: bool,
    /// What stands in the request's first line and in its `Host`.
    pub(crate) target: Secret<String>,
    pub(crate) authority: String,
    pub(crate) method: Method,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Template,
    pub(crate) secret: Option<Secret<Vec<u8>>>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) allow_private: bool,
    pub(crate) timeout: Duration,
}

/// A JSON value in whose texts `{to}`, `{text}` and `{id}` stand for those of a message.
#[derive(Clone)]
pub(crate) struct Template(Value);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// It is no JSON, or leaves out whom the message is for or what it says.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        let probe = |name: &str| filled(&value, &|asked| (asked == name).then_some("\u{1}"));
        for name in ["to", "text"] {
            if probe(name) == value {
                return Err(format!("without {{{name}}}"));
            }
        }
        Ok(Self(value))
    }

    fn fill(&self, id: &str, to: &str, said: &str) -> String {
        let filled = filled(&self.0, &|name| match name {
            "to" => Some(to),
            "text" => Some(said),
            "id" => Some(id),
            _ => None,
        });
        filled.to_string()
    }
}

/// The value with the names in its texts replaced. Each is looked at once: what is put in is not looked at again.
fn filled<'v>(value: &Value, of: &dyn Fn(&str) -> Option<&'v str>) -> Value {
    match value {
        Value::String(text) => {
            let mut out = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once('{') {
                out.push_str(before);
                let found = after
                    .split_once('}')
                    .and_then(|(name, after)| Some((of(name)?, after)));
                match found {
                    Some((value, after)) => {
                        out.push_str(value);
                        rest = after;
                    }
                    None => {
                        out.push('{');
                        rest = after;
                    }
                }
            }
            out.push_str(rest);
            Value::String(out)
        }
        Value::Array(items) => items.iter().map(|item| filled(item, of)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, of)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// The bytes of a secret as it is configured.
pub(crate) fn signing_secret(text: &str) -> Option<Secret<Vec<u8>>> {
    let bytes = match text.strip_prefix(ENCODED) {
        Some(encoded) => BASE64.decode(encoded.as_bytes()).ok()?,
        None => text.as_bytes().to_vec(),
    };
    (bytes.len() >= 16).then(|| Secret::new(bytes))
}

/// `v1,` and the HMAC-SHA256 of id, time and body (Standard Webhooks, "Signature scheme").
fn signature(secret: &[u8], id: &str, seconds: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Some(format!(
        "v1,{}",
        BASE64.encode(&mac.finalize().into_bytes())
    ))
}

/// What became of a try, and what came back, for whoever tests by hand.
pub(crate) struct Answered {
    pub(crate) outcome: Outcome,
    pub(crate) body: String,
}

impl Webhook {
    /// Sends a text message.
    pub(crate) async fn send(&self, id: &str, to: &str, text: &str, now: Timestamp) -> Answered {
        let body = self.body.fill(id, to, text);
        let exchanged = tokio::time::timeout(self.timeout, self.exchange(id, body, now)).await;
        match exchanged {
            Ok(Ok((status, body))) => Answered {
                outcome: judged(status),
                body: said(&String::from_utf8_lossy(&body)),
            },
            Ok(Err(error)) => Answered {
                outcome: Outcome::Away(said(&format!("the webhook: {error:#}"))),
                body: String::new(),
            },
            Err(_) => Answered {
                outcome: Outcome::Away(format!(
                    "the webhook did not answer within {} s",
                    self.timeout.as_secs()
                )),
                body: String::new(),
            },
        }
    }

    async fn exchange(
        &self,
        id: &str,
        body: String,
        now: Timestamp,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let addresses = guard::addresses(&self.host, self.port, self.allow_private)
            .await
            .map_err(anyhow::Error::msg)?;
        let request = self.request(id, body, now)?;
        let stream = TcpStream::connect(&*addresses)
            .await
            .with_context(|| format!("{} cannot be reached", self.host))?;
        if !self.secure {
            return client::exchange(stream, request, MAX_ANSWER_BYTES).await;
        }
        let config = client::tls(self.ca.as_deref())?;
        let name = ServerName::try_from(self.host.clone())
            .with_context(|| format!("{} is no name of a server", self.host))?;
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .with_context(|| format!("{} is not believed", self.host))?;
        client::exchange(stream, request, MAX_ANSWER_BYTES).await
    }

    fn request(&self, id: &str, body: String, now: Timestamp) -> anyhow::Result<Request<Body>> {
        let seconds = now.whole_seconds().micros() / 1_000_000;
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(self.target.expose().as_str())
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("claviger/", env!("CARGO_PKG_VERSION")))
            .header("idempotency-key", id)
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds);
        if let Some(secret) = &self.secret {
            let signature = signature(secret.expose(), id, seconds, &body)
                .context("the request cannot be signed")?;
            request = request.header("webhook-signature", signature);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
            .body(Body::from(body))
            .context("the request cannot be made")
    }
}

/// What a status means. Where it speaks of this server and not of the message, it is the operator's to mend.
fn judged(status: StatusCode) -> Outcome {
    let why = format!("the webhook answered {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Outcome::Taken(why),
        300..=399 => Outcome::Away(format!("{why}; redirects are not followed")),
        401 | 403 | 404 | 405 | 407 | 415 => Outcome::Away(why),
        408 | 425 | 429 => Outcome::Later(why),
        400..=499 => Outcome::Refused(why),
        _ => Outcome::Later(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_any_text_as_text_and_looks_at_it_once() {
        let template = Template::parse(
            r#"{"m":[{"to":"tel:{to}"},"{text}{unknown}{"],"{text}":1,"k":"{id}"}"#,
        )
        .unwrap();
        let filled = template.fill("an-id", "+1{text}", "\"},{\"to\":\"{id}\n");
        let value: Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "m": [{"to": "tel:+1{text}"}, "\"},{\"to\":\"{id}\n{unknown}{"],
                "{text}": 1,
                "k": "an-id",
            })
        );
    }

    #[test]
    fn a_template_that_says_not_whom_or_what_is_refused() {
        for bad in [
            "",
            "{",
            r#"{"to":"{to}"}"#,
            r#"{"text":"{text}"}"#,
            r#"{"{to}":"{text}"}"#,
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        assert!(Template::parse(r#"["{to}{text}"]"#).is_ok());
    }

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of its specification.
        let secret = signing_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(
            secret.expose(),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(
            signed.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
        assert!(signing_secret("short").is_none());
        assert!(signing_secret("whsec_***").is_none());
    }

    #[test]
    fn only_what_speaks_of_the_message_is_final() {
        for (status, name) in [
            (200, "Taken"),
            (202, "Taken"),
            (302, "Away"),
            (400, "Refused"),
            (401, "Away"),
            (404, "Away"),
            (410, "Refused"),
            (422, "Refused"),
            (429, "Later"),
            (500, "Later"),
            (503, "Later"),
        ] {
            let outcome = judged(StatusCode::from_u16(status).unwrap());
            assert!(format!("{outcome:?}").starts_with(name), "{status}");
        }
    }
}
