//! How messages leave, as the configuration says.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use claviger_model::Secret;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use super::sources::Layered;
use crate::messages::{Language, Relay, Security, Template, Webhook, signing_secret};

/// What the configuration says of messages.
pub(crate) struct Messages {
    pub(crate) relay: Option<Relay>,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) language: Language,
    pub(crate) retry_seconds: i64,
}

/// The longest that a message may be tried for, in hours: thirty days.
const LONGEST_RETRY: i64 = 720;

/// Reads it.
pub(super) fn read(layered: &Layered) -> Result<Messages, String> {
    let hours: i64 = layered.parse("messages.retry_hours", "a number of hours")?;
    if !(1..=LONGEST_RETRY).contains(&hours) {
        return Err(format!("`messages.retry_hours` is 1 to {LONGEST_RETRY}"));
    }
    Ok(Messages {
        relay: relay(layered)?,
        webhook: webhook(layered)?,
        language: language(layered.get("messages.language").unwrap_or_default())?,
        retry_seconds: hours * 3_600,
    })
}

fn language(tag: &str) -> Result<Language, String> {
    let found = Language::ALL.into_iter().find(|(known, _)| *known == tag);
    found.map(|(_, language)| language).ok_or_else(|| {
        let known: Vec<&str> = Language::ALL.iter().map(|(tag, _)| *tag).collect();
        format!("`messages.language` is {}, not `{tag}`", known.join(" or "))
    })
}

/// Seconds that one thing over the network may take.
pub(super) fn timeout(layered: &Layered, key: &str) -> Result<Duration, String> {
    let seconds: u64 = layered.parse(key, "a number of seconds")?;
    if !(1..=300).contains(&seconds) {
        return Err(format!("`{key}` is 1 to 300"));
    }
    Ok(Duration::from_secs(seconds))
}

fn relay(layered: &Layered) -> Result<Option<Relay>, String> {
    let Some(text) = layered.get("smtp.url") else {
        return Ok(None);
    };
    // SECURITY: the address may hold a password, so no refusal repeats it.
    let unusable = || {
        String::from(
            "`smtp.url` must be an address such as smtp://user:password@mail.example.com:587 or smtps://mail.example.com",
        )
    };
    let url = Url::parse(text).map_err(|_| unusable())?;
    let (wrapped, port) = match url.scheme() {
        "smtps" => (true, 465),
        "smtp" => (false, 587),
        _ => return Err(unusable()),
    };
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(unusable());
    }
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(unusable)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let security = match (wrapped, layered.get("smtp.starttls").unwrap_or_default()) {
        (true, _) => Security::Tls,
        (false, "required") => Security::StartTls,
        (false, "none") => Security::Plain,
        (false, other) => {
            return Err(format!(
                "`smtp.starttls` is required or none, not `{other}`"
            ));
        }
    };
    let credentials = credentials(layered, &url).ok_or_else(unusable)??;
    if security == Security::Plain && credentials.is_some() && !is_loopback(host) {
        return Err(String::from(
            "`smtp.starttls = \"none\"` would send the password in the clear: let STARTTLS be required, or use smtps://",
        ));
    }
    let from = layered.get("smtp.from").ok_or_else(|| {
        String::from("`smtp.url` wants `smtp.from`, the address that letters are from")
    })?;
    let from = from.parse().map_err(|_| {
        format!(
            "`smtp.from` must be an address such as Claviger <iam@example.com>, not `{}`",
            from.escape_debug()
        )
    })?;
    Ok(Some(Relay {
        host: host.to_owned(),
        port: url.port().unwrap_or(port),
        security,
        credentials,
        from,
        ca: layered.get("smtp.ca").map(PathBuf::from),
        timeout: timeout(layered, "smtp.timeout_seconds")?,
    }))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

type UserAndPassword = Option<(String, Secret<String>)>;

/// User and password, from the address or from settings of their own; `None` where the address is not readable.
fn credentials(layered: &Layered, url: &Url) -> Option<Result<UserAndPassword, String>> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok()?;
        Some((!text.is_empty()).then(|| text.into_owned()))
    };
    let user = match decoded(url.username())? {
        Some(user) => Some(user),
        None => layered.get("smtp.user").map(str::to_owned),
    };
    let password = match decoded(url.password().unwrap_or_default())? {
        Some(password) => Some(password),
        None => layered.get("smtp.password").map(str::to_owned),
    };
    Some(match (user, password) {
        (Some(user), Some(password)) => Ok(Some((user, Secret::new(password)))),
        (None, None) => Ok(None),
        _ => Err(String::from(
            "the mail server's user and password go together: give both, in `smtp.url` or as `smtp.user` and `smtp.password`, or neither",
        )),
    })
}

/// Headers that the request has anyway, or that say where it ends.
const RESERVED: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

fn webhook(layered: &Layered) -> Result<Option<Webhook>, String> {
    let Some(text) = layered.get("sms.url") else {
        return Ok(None);
    };
    // SECURITY: the address may hold a token, so no refusal repeats it.
    let unusable = || {
        String::from(
            "`sms.url` must be an address such as https://sms.example.com/send, without user and password",
        )
    };
    let url = Url::parse(text).map_err(|_| unusable())?;
    let secure = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(unusable()),
    };
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(unusable)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable());
    }
    let allow_private: bool = layered.parse("sms.allow_private", "true or false")?;
    if !secure && !allow_private {
        return Err(String::from(
            "`sms.url` must begin with https://; plain HTTP is for a network of your own, with `sms.allow_private`",
        ));
    }
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let method = match layered.get("sms.method").unwrap_or_default() {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        other => return Err(format!("`sms.method` is POST or PUT, not `{other}`")),
    };
    let body = Template::parse(layered.get("sms.body").unwrap_or_default())
        .map_err(|why| format!("`sms.body` is {why}"))?;
    let secret = match layered.get("sms.secret") {
        None => None,
        Some(text) => Some(signing_secret(text).ok_or_else(|| {
            String::from(
                "`sms.secret` must have 16 bytes or more; what begins with whsec_ goes on in base64",
            )
        })?),
    };
    Ok(Some(Webhook {
        host: host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
        port: url.port().unwrap_or(if secure { 443 } else { 80 }),
        secure,
        target: Secret::new(target),
        authority,
        method,
        headers: headers(layered.get("sms.headers").unwrap_or_default())?,
        body,
        secret,
        ca: layered.get("sms.ca").map(PathBuf::from),
        allow_private,
        timeout: timeout(layered, "sms.timeout_seconds")?,
    }))
}

/// One header a line.
fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            // SECURITY: a header may hold a password: a line that is none is not repeated.
            let (name, value) = line.split_once(':').ok_or_else(|| {
                String::from("`sms.headers` has one header a line, such as Authorization: Bearer …")
            })?;
            let header = HeaderName::try_from(name.trim())
                .ok()
                .filter(|name| !RESERVED.contains(&name.as_str()))
                .ok_or_else(|| {
                    format!(
                        "`sms.headers`: `{}` cannot be set",
                        name.trim().escape_debug()
                    )
                })?;
            let mut value = HeaderValue::try_from(value.trim())
                .map_err(|_| format!("`sms.headers`: the value of `{header}` cannot be sent"))?;
            value.set_sensitive(true);
            Ok((header, value))
        })
        .collect()
}
