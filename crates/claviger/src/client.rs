//! One signed call of an IAM operation at a server over the network.
//!
//! SECURITY: what comes back is acted upon, so it must come from the server that was meant: over TLS, or over plain HTTP
//! from this very host alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Body;
use claviger_model::Clock as _;
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::sign::Signer;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::events::Event;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::clock::SystemClock;
use crate::profile::Profile;

/// Bytes of an answer.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Elements within each other. An answer has a handful.
const DEPTH: usize = 32;
/// What stands in a form as it is (RFC 3986, section 2.3).
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An answer's elements that hold text, in order.
pub(crate) type Elements = Vec<(String, String)>;

/// Calls an operation of IAM, and gives what its answer holds.
///
/// # Errors
/// The server cannot be reached, is not believed, refuses, does not answer in time, or answers something else.
pub(crate) async fn call(
    profile: &Profile,
    operation: &str,
    parameters: &[(&str, &str)],
    timeout: Duration,
) -> anyhow::Result<Elements> {
    let (status, body) = tokio::time::timeout(timeout, send(profile, operation, parameters))
        .await
        .context("the server did not answer in time")??;
    let text = std::str::from_utf8(&body).context("the server's answer is no text")?;
    let (root, elements) = elements(text)
        .with_context(|| format!("the server answered {status} and nothing readable"))?;
    if status == StatusCode::OK && root == format!("{operation}Response") {
        return Ok(elements);
    }
    let find = |name: &str| {
        let found = elements.iter().find(|(element, _)| element == name);
        found.map_or("", |(_, text)| text.as_str())
    };
    anyhow::bail!("{status}: {}: {}", find("Code"), find("Message"))
}

async fn send(
    profile: &Profile,
    operation: &str,
    parameters: &[(&str, &str)],
) -> anyhow::Result<(StatusCode, Vec<u8>)> {
    let endpoint = &profile.endpoint_url;
    let uri: Uri = endpoint
        .parse()
        .with_context(|| format!("`{endpoint}` is no address of a server"))?;
    let authority = uri
        .authority()
        .filter(|authority| {
            !authority.as_str().contains('@') && uri.path() == "/" && uri.query().is_none()
        })
        .with_context(|| {
            format!("`{endpoint}` must be a scheme and a host, as https://iam.example.com")
        })?;
    let is_secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => anyhow::bail!("`{endpoint}` must begin with https:// or http://"),
    };
    // An IPv6 address stands in brackets there.
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let port = authority
        .port_u16()
        .unwrap_or(if is_secure { 443 } else { 80 });
    let stream = TcpStream::connect((host, port))
        .await
        .with_context(|| format!("{endpoint} cannot be reached"))?;
    let request = signed(profile, authority.as_str(), operation, parameters)?;
    if is_secure {
        let config = tls(profile.ca_bundle.as_deref())?;
        let name = ServerName::try_from(host.to_owned())
            .with_context(|| format!("`{host}` is no name of a server"))?;
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .with_context(|| format!("{endpoint} is not believed"))?;
        return exchange(stream, request, MAX_ANSWER_BYTES).await;
    }
    anyhow::ensure!(
        stream
            .peer_addr()
            .is_ok_and(|peer| peer.ip().to_canonical().is_loopback()),
        "plain HTTP is for this host alone: `{endpoint}` must begin with https://"
    );
    exchange(stream, request, MAX_ANSWER_BYTES).await
}

/// What TLS takes to believe a server: its certificate must be signed by those in the file, or by those that the system
/// trusts.
///
/// # Errors
/// There are none.
pub(crate) fn tls(ca_bundle: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificates = match ca_bundle {
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("{} holds no certificate", path.display()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(certificates);
    anyhow::ensure!(
        !roots.is_empty(),
        "this system trusts no certificate: name a file with the one that the server's is signed by"
    );
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("TLS cannot be set up")?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn signed(
    profile: &Profile,
    authority: &str,
    operation: &str,
    parameters: &[(&str, &str)],
) -> anyhow::Result<Request<Body>> {
    let mut body = format!("Action={operation}&Version=2010-05-08");
    for (name, value) in parameters {
        for part in ["&", name, "="] {
            body.push_str(part);
        }
        body.extend(utf8_percent_encode(value, FORM));
    }
    let agent = concat!("claviger/", env!("CARGO_PKG_VERSION"));
    let headers = [
        ("host", authority),
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        ("user-agent", agent),
    ];
    let shown: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let added = Signer {
        access_key_id: &profile.access_key_id,
        secret: &profile.secret_access_key,
        session_token: profile.session_token.as_ref(),
        region: &profile.region,
        service: "iam",
    }
    .headers(
        &HttpRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &shown,
            body: body.as_bytes(),
        },
        SystemClock.now(),
    )
    .map_err(|error| anyhow::anyhow!("the request cannot be signed: {}", error.message()))?;
    let mut request = Request::builder().method("POST").uri("/");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    for (name, value) in added {
        request = request.header(name, value);
    }
    request
        .body(Body::from(body))
        .context("the request cannot be made")
}

/// Sends one request over a connection of its own, and gives what comes back.
///
/// # Errors
/// The connection breaks off, or the answer is longer than `max` bytes.
pub(crate) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
    max: usize,
) -> anyhow::Result<(StatusCode, Vec<u8>)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let answer = sender
        .send_request(request)
        .await
        .context("the server broke off")?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), max)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!("the server's answer broke off or is too long: {error}"))?
        .to_bytes();
    driver.abort();
    Ok((status, body.to_vec()))
}

/// The name of the outermost element, and every element that holds text.
fn elements(text: &str) -> anyhow::Result<(String, Elements)> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut root = None;
    let mut value = String::new();
    let mut found = Elements::new();
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                anyhow::ensure!(path.len() < DEPTH, "it is nested too deeply");
                let name = tag.local_name().as_ref().to_owned();
                if path.is_empty() {
                    anyhow::ensure!(root.is_none(), "it has two roots");
                    root = Some(name.clone());
                }
                path.push(name);
                value.clear();
            }
            Event::End(_) => {
                let name = path.pop().context("it ends what has not begun")?;
                if !value.trim().is_empty() {
                    found.push((name, std::mem::take(&mut value)));
                }
                value.clear();
            }
            Event::Text(text) => value.push_str(&text),
            Event::GeneralRef(entity) => {
                let entity = quick_xml::escape::resolve_predefined_entity(&entity);
                value.push_str(entity.context("it names an unknown entity")?);
            }
            Event::Empty(_) | Event::Decl(_) => {}
            Event::Comment(_) | Event::CData(_) | Event::PI(_) | Event::DocType(_) => {
                anyhow::bail!("it holds what answers do not hold");
            }
            Event::Eof => break,
        }
    }
    anyhow::ensure!(path.is_empty(), "it breaks off");
    Ok((root.context("it is empty")?, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end_or_not_at_all() {
        let whole = "<R xmlns=\"x\"><Keys><member><Body>a b</Body></member><member/></Keys><Message>&lt;no&gt;</Message></R>";
        let (root, found) = elements(whole).unwrap();
        assert_eq!(root, "R");
        assert_eq!(
            found,
            [
                (String::from("Body"), String::from("a b")),
                (String::from("Message"), String::from("<no>"))
            ]
        );
        for end in 1..whole.len() {
            let part = whole.get(..end).unwrap();
            assert!(elements(part).is_err(), "{end}");
        }
        for bad in [
            "",
            "<R></R><R></R>",
            "<!DOCTYPE R><R></R>",
            "<R><![CDATA[x]]></R>",
            "<R>&unknown;</R>",
            &"<R>".repeat(100),
        ] {
            assert!(elements(bad).is_err(), "{bad}");
        }
    }
}
