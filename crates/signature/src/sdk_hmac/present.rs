//! What a request presents: whose key it names, what it signed and when.

use std::borrow::Cow;

use claviger_model::Timestamp;

use super::{
    ALGORITHM, DERIVED_ALGORITHM, SdkError, must_be_signed, signs_query_as_body, string_to_sign,
    style, writing,
};
use crate::canonical::Canonical;
use crate::credential::{Credential, Scheme, Scope};
use crate::digest::{self, Hex};
use crate::fields::{Fields, Malformed, cut, printable, stamp, visible};
use crate::key::SigningKey;
use crate::query;
use crate::request::HttpRequest;
use crate::signed_headers::{self, Positions};

/// What a request presents. Its form is right and nothing in it is ambiguous, but **nothing is verified yet**.
pub struct Presented<'a> {
    request: HttpRequest<'a>,
    scheme: Scheme,
    /// The canonical query.
    query: String,
    /// What is signed in place of a body, where there is none.
    query_as_body: Option<String>,
    credential: Credential<'a>,
    signed_headers: &'a str,
    /// Where each signed header stands among the request's headers.
    positions: Positions,
    signature: &'a str,
    headers: Named<'a>,
    timestamp: Timestamp,
    /// The timestamp in ISO 8601 basic format.
    stamp: [u8; 16],
}

/// What it is and whose, without token and signature.
impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented")
            .field("access_key_id", &self.access_key_id())
            .field("scope", &self.scope())
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// What the headers that matter for authentication say.
#[derive(Default)]
struct Named<'a> {
    security_token: Option<&'a str>,
    domain_id: Option<&'a str>,
    project_id: Option<&'a str>,
    content_sha256: Option<&'a [u8]>,
}

/// Reads what a request presents. No key is needed, and what is refused here no key could make good.
///
/// # Errors
///
/// [`SdkError`], every variant but those that [`Presented`]'s own checks name.
pub fn present<'a>(request: &HttpRequest<'a>) -> Result<Presented<'a>, SdkError> {
    signed_headers::check(request)?;
    let header = authorization(request)?;
    let text = printable(header).ok_or(SdkError::Malformed)?;
    let text = text.trim_matches(' ');
    let (algorithm, rest) = cut(text, b' ').unwrap_or((text, ""));
    if algorithm != ALGORITHM && algorithm != DERIVED_ALGORITHM {
        return Err(SdkError::Algorithm);
    }
    let fields = Fields::read(rest).map_err(|malformed| match malformed {
        Malformed::NotKeyValue(_) => SdkError::Malformed,
        Malformed::Repeated(key) => SdkError::Repeated { name: key.into() },
    })?;
    let (scheme, credential) = match (
        algorithm == DERIVED_ALGORITHM,
        fields.access,
        fields.credential,
    ) {
        // Two keys would be two readings of the request.
        (_, Some(_), Some(_)) | (true, Some(_), None) => return Err(SdkError::Credential),
        (false, Some(access), None) => (Scheme::SdkAccess, access),
        (false, None, Some(credential)) => (Scheme::SdkCredential, credential),
        (true, None, Some(credential)) => (Scheme::V11, credential),
        (_, None, None) => return Err(incomplete("Access")),
    };
    let signature = fields.signature.ok_or(incomplete("Signature"))?;
    let signed_headers = fields.signed_headers.ok_or(incomplete("SignedHeaders"))?;
    let credential =
        Credential::parse(scheme, Cow::Borrowed(credential)).map_err(|_| SdkError::Credential)?;
    let date = only(request, "x-sdk-date")?.ok_or(incomplete("X-Sdk-Date"))?;
    let date = visible(date.trim_ascii(), "x-sdk-date")?;
    let timestamp = Timestamp::parse_basic(date).ok_or(SdkError::Date)?;
    let must_be_signed = |name: &str| must_be_signed(scheme, name);
    let how_many = request
        .headers
        .iter()
        .filter(|(name, _)| must_be_signed(name));
    let positions =
        signed_headers::locate(request, signed_headers, must_be_signed, how_many.count())?;
    let text = |name| -> Result<Option<&'a str>, SdkError> {
        let value = only(request, name)?;
        Ok(value
            .map(|value| visible(value.trim_ascii(), name))
            .transpose()?)
    };
    let named = Named {
        security_token: text("x-security-token")?,
        domain_id: text("x-domain-id")?,
        project_id: text("x-project-id")?,
        content_sha256: only(request, "x-sdk-content-sha256")?,
    };
    let writing = writing(scheme);
    let (query, query_as_body) = if signs_query_as_body(scheme, request.method, request.body) {
        let form = query::form(request.query, writing.plus)?;
        (String::new(), Some(form))
    } else {
        (query::canonical(request.query, &[], writing)?, None)
    };
    Ok(Presented {
        request: *request,
        scheme,
        query,
        query_as_body,
        credential,
        signed_headers,
        positions,
        signature,
        headers: named,
        timestamp,
        stamp: stamp(date),
    })
}

fn incomplete(missing: &'static str) -> SdkError {
    SdkError::Incomplete { missing }
}

/// The one header that authenticates.
fn authorization<'a>(request: &HttpRequest<'a>) -> Result<&'a [u8], SdkError> {
    let mut found = None;
    for &(name, value) in request.headers {
        let second = match name {
            "authorization" => found.replace(value).is_some(),
            "x-auth-token" => true,
            _ => false,
        };
        if second {
            return Err(SdkError::TwoPlaces);
        }
    }
    found.ok_or(SdkError::Missing)
}

/// The value of a header that may not come twice.
fn only<'a>(request: &HttpRequest<'a>, wanted: &str) -> Result<Option<&'a [u8]>, SdkError> {
    let mut found = None;
    for &(name, value) in request.headers {
        if name == wanted && found.replace(value).is_some() {
            return Err(SdkError::Header { name: name.into() });
        }
    }
    Ok(found)
}

impl<'a> Presented<'a> {
    /// The access key id that the request names; any text, perhaps empty.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.credential.access_key_id()
    }

    /// The scope of the key that the request names.
    #[must_use]
    pub fn scope(&self) -> Scope<'_> {
        self.credential.scope()
    }

    pub(super) fn terminator(&self) -> &str {
        self.credential.terminator()
    }

    /// The session token. It is a credential: log it nowhere.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.headers.security_token
    }

    /// `X-Domain-Id`, which must be the account of the key. Not all dialects sign it.
    #[must_use]
    pub fn domain_id(&self) -> Option<&str> {
        self.headers.domain_id
    }

    /// `X-Project-Id`, which must be a project of the account of the key. Not all dialects sign it.
    #[must_use]
    pub fn project_id(&self) -> Option<&str> {
        self.headers.project_id
    }

    /// When the client says that it signed the request.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The names of the signed headers, in order.
    pub fn signed_headers(&self) -> impl Iterator<Item = &str> {
        signed_headers::each(self.signed_headers)
    }

    pub(super) const fn signature(&self) -> &str {
        self.signature
    }

    pub(super) const fn declared_payload(&self) -> Option<&[u8]> {
        self.headers.content_sha256
    }

    /// The request's time in ISO 8601 basic format.
    pub(super) fn stamp(&self) -> &str {
        std::str::from_utf8(&self.stamp).unwrap_or_default()
    }

    /// The hash of what is signed as the body.
    pub(super) fn payload(&self) -> Hex {
        let body = self.query_as_body.as_ref().map(String::as_bytes);
        digest::hash_hex(body.unwrap_or(self.request.body))
    }

    /// The signature that this key makes of this request.
    pub(super) fn signature_under(&self, key: &SigningKey, payload: &Hex) -> Result<Hex, SdkError> {
        let headers = self
            .signed_headers()
            .zip(&self.positions)
            .filter_map(|(name, &at)| {
                let (_, value) = self.request.headers.get(usize::from(at))?;
                Some((name, *value))
            });
        let hash = Canonical {
            method: self.request.method,
            path: self.request.path,
            query: &self.query,
            headers,
            signed_headers: self.signed_headers,
            payload,
            style: style(self.scheme),
        }
        .hash()?;
        Ok(string_to_sign::sign(
            key,
            self.scheme,
            self.stamp(),
            self.credential.scope_text(),
            &hash,
        ))
    }
}
