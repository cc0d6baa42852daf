//! What a request presents: where its authentication stands, whose key it names, what it signed and when.

use std::borrow::Cow;

use claviger_model::Timestamp;

use super::error::MissingInHeader;
use super::string_to_sign::{self, STYLE};
use super::{ALGORITHM, QUERY, SIGNATURE, SignatureError, authorization, date, told};
use crate::canonical::Canonical;
use crate::credential::{Credential, Scheme, Scope};
use crate::digest::Hex;
use crate::fields::{stamp, visible};
use crate::key::SigningKey;
use crate::query;
use crate::request::HttpRequest;
use crate::signed_headers::{self, Positions};

/// Seven days in seconds: the longest life of a presigned request.
const MAX_LIFETIME: u32 = 604_800;

/// What a request presents. Its form is right and nothing in it is ambiguous, but **nothing is verified yet**.
pub struct Presented<'a> {
    request: HttpRequest<'a>,
    /// The canonical query.
    query: String,
    credential: Credential<'a>,
    signed_headers: Cow<'a, str>,
    /// Where each signed header stands among the request's headers.
    positions: Positions,
    signature: Cow<'a, str>,
    session_token: Option<Cow<'a, str>>,
    timestamp: Timestamp,
    /// The timestamp in ISO 8601 basic format.
    stamp: [u8; 16],
    lifetime_seconds: Option<i64>,
    declared_payload: Option<Cow<'a, [u8]>>,
}

/// What it is and whose, without token and signature.
impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented")
            .field("access_key_id", &self.access_key_id())
            .field("scope", &self.scope())
            .field("timestamp", &self.timestamp)
            .field("presigned", &self.is_presigned())
            .finish_non_exhaustive()
    }
}

/// Reads what a request presents. No key is needed, and what is refused here no key could make good.
///
/// # Errors
///
/// [`SignatureError`], every variant but those that [`Presented`]'s own checks name.
pub fn present<'a>(request: &HttpRequest<'a>) -> Result<Presented<'a>, SignatureError> {
    let headers = Headers::of(request)?;
    if let (true, Some(value), false) = (
        request.query.is_empty(),
        headers.authorization,
        headers.repeated_authorization,
    ) {
        return in_header(request, &headers, value, String::new());
    }
    let in_query = QueryFields::of(request.query)?;
    let query = || query::canonical(request.query, &[], QUERY);
    match headers.authorization {
        Some(_) if in_query.any || headers.repeated_authorization => Err(SignatureError::TwoPlaces),
        Some(value) => in_header(request, &headers, value, query()?),
        None if in_query.is_presigned() => presigned(request, &headers, in_query, query()?),
        None => Err(SignatureError::Missing),
    }
}

/// The headers that matter for authentication.
#[derive(Default)]
struct Headers<'a> {
    authorization: Option<&'a [u8]>,
    repeated_authorization: bool,
    /// How many headers begin `x-amz-`.
    amz: usize,
    amz_date: Option<&'a [u8]>,
    date: Option<&'a [u8]>,
    repeated_date: bool,
    security_token: Option<&'a [u8]>,
    content_sha256: Option<&'a [u8]>,
}

impl<'a> Headers<'a> {
    fn of(request: &HttpRequest<'a>) -> Result<Self, SignatureError> {
        signed_headers::check(request)?;
        let mut found = Self::default();
        for &(name, value) in request.headers {
            match name {
                "authorization" => {
                    found.repeated_authorization |= found.authorization.replace(value).is_some();
                }
                "date" => found.repeated_date |= found.date.replace(value).is_some(),
                _ if name.starts_with("x-amz-") => {
                    found.amz += 1;
                    // One that came twice is refused where the signed headers are counted.
                    match name {
                        "x-amz-date" => found.amz_date = Some(value),
                        "x-amz-security-token" => found.security_token = Some(value),
                        "x-amz-content-sha256" => found.content_sha256 = Some(value),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn locate(
        &self,
        request: &HttpRequest<'_>,
        signed_headers: &str,
    ) -> Result<Positions, SignatureError> {
        let is_amz = |name: &str| name.starts_with("x-amz-");
        Ok(signed_headers::locate(
            request,
            signed_headers,
            is_amz,
            self.amz,
        )?)
    }
}

/// The parameters of the query that belong to authentication.
#[derive(Default)]
struct QueryFields<'a> {
    /// Whether there is any of them, those of Signature Version 2 included.
    any: bool,
    algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    security_token: Option<Cow<'a, str>>,
    content_sha256: Option<Cow<'a, str>>,
}

impl<'a> QueryFields<'a> {
    fn of(query: &'a str) -> Result<Self, SignatureError> {
        let mut found = Self::default();
        for parameter in query::parameters(query, QUERY.plus) {
            let (name, value) = parameter?;
            let field = match name.as_ref() {
                "X-Amz-Algorithm" => &mut found.algorithm,
                "X-Amz-Credential" => &mut found.credential,
                "X-Amz-Date" => &mut found.date,
                "X-Amz-Expires" => &mut found.expires,
                "X-Amz-SignedHeaders" => &mut found.signed_headers,
                SIGNATURE => &mut found.signature,
                "X-Amz-Security-Token" => &mut found.security_token,
                "X-Amz-Content-Sha256" => &mut found.content_sha256,
                "AWSAccessKeyId" | "Signature" | "SignatureMethod" | "SignatureVersion" => {
                    found.any = true;
                    continue;
                }
                _ => continue,
            };
            found.any = true;
            if field.replace(value).is_some() {
                return Err(SignatureError::Repeated {
                    name: name.as_ref().into(),
                });
            }
        }
        Ok(found)
    }

    const fn is_presigned(&self) -> bool {
        self.algorithm.is_some()
            || self.credential.is_some()
            || self.signed_headers.is_some()
            || self.signature.is_some()
    }
}

fn in_header<'a>(
    request: &HttpRequest<'a>,
    headers: &Headers<'a>,
    value: &'a [u8],
    query: String,
) -> Result<Presented<'a>, SignatureError> {
    let fields = authorization::parse(value)?;
    let (Some(credential), Some(signature), Some(signed_headers), true) = (
        fields.credential,
        fields.signature,
        fields.signed_headers,
        headers.amz_date.is_some() || headers.date.is_some(),
    ) else {
        return Err(SignatureError::IncompleteHeader {
            missing: MissingInHeader {
                credential: fields.credential.is_none(),
                signature: fields.signature.is_none(),
                signed_headers: fields.signed_headers.is_none(),
                date: headers.amz_date.is_none() && headers.date.is_none(),
            },
            hash: authorization::hash(value),
        });
    };
    let credential = self::credential(Cow::Borrowed(credential))?;
    let (timestamp, stamp) = header_time(headers)?;
    let positions = headers.locate(request, signed_headers)?;
    Ok(Presented {
        request: *request,
        query,
        credential,
        signed_headers: Cow::Borrowed(signed_headers),
        positions,
        signature: Cow::Borrowed(signature),
        session_token: headers
            .security_token
            .map(|token| visible(token, "x-amz-security-token").map(Cow::Borrowed))
            .transpose()?,
        timestamp,
        stamp,
        lifetime_seconds: None,
        declared_payload: headers.content_sha256.map(Cow::Borrowed),
    })
}

fn presigned<'a>(
    request: &HttpRequest<'a>,
    headers: &Headers<'a>,
    fields: QueryFields<'a>,
    query: String,
) -> Result<Presented<'a>, SignatureError> {
    // A second time, token or payload beside those of the query would be a second reading of the request.
    if headers.amz_date.is_some()
        || headers.security_token.is_some()
        || headers.content_sha256.is_some()
    {
        return Err(SignatureError::TwoPlaces);
    }
    if let Some(algorithm) = &fields.algorithm
        && algorithm != ALGORITHM
    {
        return Err(SignatureError::Algorithm {
            algorithm: authorization::name_or_hash(algorithm),
        });
    }
    let missing: Vec<&'static str> = [
        ("X-Amz-Algorithm", fields.algorithm.is_none()),
        ("X-Amz-Credential", fields.credential.is_none()),
        (SIGNATURE, fields.signature.is_none()),
        ("X-Amz-SignedHeaders", fields.signed_headers.is_none()),
        ("X-Amz-Date", fields.date.is_none()),
        ("X-Amz-Expires", fields.expires.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, missing)| missing.then_some(name))
    .collect();
    let (Some(credential), Some(signature), Some(signed_headers), Some(date), Some(expires)) = (
        fields.credential,
        fields.signature,
        fields.signed_headers,
        fields.date,
        fields.expires,
    ) else {
        return Err(SignatureError::IncompleteQuery {
            missing: missing.into(),
        });
    };
    if !missing.is_empty() {
        return Err(SignatureError::IncompleteQuery {
            missing: missing.into(),
        });
    }
    let credential = self::credential(credential)?;
    let timestamp = Timestamp::parse_basic(&date).ok_or_else(|| bad_date(&date))?;
    let lifetime = parse_lifetime(&expires)?;
    let positions = headers.locate(request, &signed_headers)?;
    Ok(Presented {
        request: *request,
        query,
        credential,
        signed_headers,
        positions,
        signature,
        session_token: fields.security_token,
        timestamp,
        stamp: stamp(&date),
        lifetime_seconds: Some(lifetime),
        declared_payload: fields.content_sha256.map(|text| match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }),
    })
}

/// `X-Amz-Date` goes before `Date`, and only it must be in ISO 8601 basic format.
fn header_time(headers: &Headers<'_>) -> Result<(Timestamp, [u8; 16]), SignatureError> {
    if let Some(value) = headers.amz_date {
        let text = visible(value.trim_ascii(), "x-amz-date")?;
        let at = Timestamp::parse_basic(text).ok_or_else(|| bad_date(text))?;
        return Ok((at, stamp(text)));
    }
    if headers.repeated_date {
        return Err(SignatureError::Repeated {
            name: "date".into(),
        });
    }
    let text = visible(headers.date.unwrap_or_default().trim_ascii(), "date")?;
    let at = date::parse_http_date(text).ok_or_else(|| bad_date(text))?;
    Ok((at, stamp(&at.basic())))
}

fn bad_date(text: &str) -> SignatureError {
    let text: String = text.chars().take(64).collect();
    SignatureError::Date {
        date: text.escape_default().to_string().into(),
    }
}

/// The credential that the request names.
pub(super) fn credential(text: Cow<'_, str>) -> Result<Credential<'_>, SignatureError> {
    Credential::parse(Scheme::SigV4, text).map_err(|text| SignatureError::Credential {
        credential: told::told_back(&text).into(),
    })
}

fn parse_lifetime(text: &str) -> Result<i64, SignatureError> {
    // `str::parse` alone would take a leading plus sign.
    if text.is_empty() || text.len() > 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SignatureError::Lifetime);
    }
    match text.parse::<u32>() {
        Ok(seconds @ 1..=MAX_LIFETIME) => Ok(seconds.into()),
        _ => Err(SignatureError::Lifetime),
    }
}

impl<'a> Presented<'a> {
    /// The access key id that the request names; any text without a slash, perhaps empty.
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

    /// The session token, in a header or in the query; whatever the client sent. It is a credential: log it nowhere.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// When the client says that it signed the request.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Whether the authentication stands in the query.
    #[must_use]
    pub const fn is_presigned(&self) -> bool {
        self.lifetime_seconds.is_some()
    }

    /// `X-Amz-Expires` of a presigned request, 1 to 604800 seconds.
    #[must_use]
    pub const fn lifetime_seconds(&self) -> Option<i64> {
        self.lifetime_seconds
    }

    /// The names of the signed headers, in order.
    pub fn signed_headers(&self) -> impl Iterator<Item = &str> {
        signed_headers::each(&self.signed_headers)
    }

    pub(super) const fn request(&self) -> &HttpRequest<'a> {
        &self.request
    }

    pub(super) fn signature(&self) -> &str {
        &self.signature
    }

    pub(super) fn declared_payload(&self) -> Option<&[u8]> {
        self.declared_payload.as_deref()
    }

    /// The request's time in ISO 8601 basic format.
    pub(super) fn stamp(&self) -> &str {
        std::str::from_utf8(&self.stamp).unwrap_or_default()
    }

    /// The signature that this key makes of this request.
    pub(super) fn signature_under(
        &self,
        key: &SigningKey,
        payload: &Hex,
    ) -> Result<Hex, SignatureError> {
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
            signed_headers: &self.signed_headers,
            payload,
            style: STYLE,
        }
        .hash()?;
        Ok(string_to_sign::sign(
            key,
            self.stamp(),
            self.credential.scope_text(),
            &hash,
        ))
    }
}
