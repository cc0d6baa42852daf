//! Why a request's authentication is refused, with the code and the text that go to the client.

use claviger_model::{Code, Timestamp};

use crate::claim::Refusal;
use crate::flaw::Flaw;

/// Why a request's authentication is refused. `Display` is the message for the client.
///
/// The texts are AWS's own where AWS has one (IAM API reference, "Common Errors"; answers of the live service). A
/// message may tell back parts of what the client sent, so a log should carry the [`code`](Self::code) in its place. The
/// `Authorization` header itself is told back as a hash only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The request is not signed at all.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// Authentication stands in the header and in the query, or in two headers.
    #[error(
        "Only one authentication mechanism is allowed; use either the 'Authorization' header or the 'X-Amz-Algorithm' \
         query-string parameters."
    )]
    TwoPlaces,
    /// Another algorithm than AWS4-HMAC-SHA256: Signature Version 2, 4A, and so on.
    #[error("Unsupported AWS 'algorithm': '{algorithm}'. Use 'AWS4-HMAC-SHA256'.")]
    Algorithm {
        /// What the request names, hashed unless it looks like the name of an algorithm.
        algorithm: Box<str>,
    },
    /// A piece of the `Authorization` header has no equal-sign.
    #[error(
        "'{piece}' not a valid key=value pair (missing equal-sign) in Authorization header: \
         (Hashed with SHA-256 and encoded with Base64) Authorization={hash}"
    )]
    NotKeyValue {
        /// The piece if it is a plain word, else its hash.
        piece: Box<str>,
        /// SHA-256 of the header in Base64.
        hash: Box<str>,
    },
    /// Parts of the `Authorization` header, or the date, are missing.
    #[error(
        "{}(Hashed with SHA-256 and encoded with Base64) Authorization={hash}",
        missing.text()
    )]
    IncompleteHeader {
        /// What is missing.
        missing: MissingInHeader,
        /// SHA-256 of the header in Base64.
        hash: Box<str>,
    },
    /// Parameters of a presigned request are missing.
    #[error("{}Re-examine the query-string parameters.", missing_text(missing))]
    IncompleteQuery {
        /// The names of the parameters.
        missing: Box<[&'static str]>,
    },
    /// One parameter of the authentication is there twice, or is one that does not belong there.
    #[error("'{name}' must appear exactly once in the authentication of a request.")]
    Repeated {
        /// The parameter or header.
        name: Box<str>,
    },
    /// The credential does not have five parts.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
    )]
    Credential {
        /// What was sent; a key id that does not look like one is masked.
        credential: Box<str>,
    },
    /// The date cannot be read.
    #[error(
        "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )]
    Date {
        /// What was sent.
        date: Box<str>,
    },
    /// `X-Amz-Expires` is no number of seconds between one second and seven days.
    #[error("X-Amz-Expires must be a number of seconds between 1 and 604800.")]
    Lifetime,
    /// The list of signed headers is empty, not in lower case, not in order, or too long.
    #[error(
        "SignedHeaders must be a semicolon-separated list of at most 100 lower-case header names in alphabetical order."
    )]
    SignedHeaders,
    /// The host is not signed.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostNotSigned,
    /// A signed header is absent, came more than once, or holds what no header may hold.
    #[error("The signed header '{name}' must be present in the request exactly once.")]
    Header {
        /// The header's name.
        name: Box<str>,
    },
    /// The request has an `x-amz-*` header that is not signed.
    #[error("There were headers present in the request which were not signed")]
    NotSigned,
    /// `x-amz-content-sha256` is not the hash of the body, or says that the body is not signed.
    #[error(
        "The provided 'x-amz-content-sha256' header must be the hexadecimal SHA-256 of the body; unsigned and streaming \
         payloads are not supported."
    )]
    Payload,
    /// The path is malformed or can be read in two ways.
    #[error("The path of the request is malformed or ambiguous.")]
    Path,
    /// The query is malformed or can be read in two ways.
    #[error("The query string contains a syntax error.")]
    Query,
    /// More headers, or a longer query, than are looked at.
    #[error("The request has more headers or a longer query than this server reads.")]
    TooLarge,
    /// The credential scope is not the service's, or not the date's. AWS's sentences, joined.
    #[error("{text}")]
    Scope {
        /// The sentences.
        text: Box<str>,
    },
    /// The signature's time is over.
    #[error(
        "Signature expired: {} is now earlier than {} ({} - {}.)",
        signed_at.basic(), now.plus_seconds(-window_seconds).basic(), now.basic(), span(*window_seconds)
    )]
    Expired {
        /// The time that the request names.
        signed_at: Timestamp,
        /// The server's time.
        now: Timestamp,
        /// How long such a signature is good for, in seconds.
        window_seconds: i64,
    },
    /// The signature's time has not come.
    #[error(
        "Signature not yet current: {} is still later than {} ({} + {}.)",
        signed_at.basic(), now.plus_seconds(*window_seconds).basic(), now.basic(), span(*window_seconds)
    )]
    NotYetCurrent {
        /// The time that the request names.
        signed_at: Timestamp,
        /// The server's time.
        now: Timestamp,
        /// How far ahead a clock may be, in seconds.
        window_seconds: i64,
    },
    /// The signature is another than the key makes.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// Which parts of a header-signed request are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four parts, each missing or not, named as on the wire"
)]
pub struct MissingInHeader {
    /// `Credential=`.
    pub credential: bool,
    /// `Signature=`.
    pub signature: bool,
    /// `SignedHeaders=`.
    pub signed_headers: bool,
    /// Both `X-Amz-Date` and `Date`.
    pub date: bool,
}

impl MissingInHeader {
    /// Whether anything is missing.
    #[must_use]
    pub const fn any(self) -> bool {
        self.credential || self.signature || self.signed_headers || self.date
    }

    fn text(self) -> String {
        [
            (
                self.credential,
                "Authorization header requires 'Credential' parameter. ",
            ),
            (
                self.signature,
                "Authorization header requires 'Signature' parameter. ",
            ),
            (
                self.signed_headers,
                "Authorization header requires 'SignedHeaders' parameter. ",
            ),
            (
                self.date,
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
            ),
        ]
        .into_iter()
        .filter_map(|(missing, sentence)| missing.then_some(sentence))
        .collect()
    }
}

fn missing_text(missing: &[&'static str]) -> String {
    missing
        .iter()
        .map(|name| format!("AWS query-string parameters must include '{name}'. "))
        .collect()
}

/// A span as AWS writes it: in minutes where it is whole minutes.
fn span(seconds: i64) -> String {
    if seconds % 60 == 0 {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} sec")
    }
}

impl SignatureError {
    /// The fault code on the wire. It never depends on the secret or on whether the key exists.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Missing => Code::MissingAuthenticationToken,
            Self::TwoPlaces
            | Self::Algorithm { .. }
            | Self::NotKeyValue { .. }
            | Self::IncompleteHeader { .. }
            | Self::IncompleteQuery { .. }
            | Self::Repeated { .. }
            | Self::Credential { .. }
            | Self::Date { .. }
            | Self::Lifetime
            | Self::SignedHeaders
            | Self::Path => Code::IncompleteSignature,
            Self::Query => Code::MalformedQueryString,
            Self::TooLarge => Code::RequestEntityTooLarge,
            Self::HostNotSigned
            | Self::Header { .. }
            | Self::NotSigned
            | Self::Payload
            | Self::Scope { .. }
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::Mismatch => Code::SignatureDoesNotMatch,
        }
    }

    /// The message for the client; the same as `Display`.
    #[must_use]
    pub fn message(&self) -> String {
        self.to_string()
    }
}

impl From<Flaw> for SignatureError {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Method => Self::Mismatch,
            Flaw::Path => Self::Path,
            Flaw::Query => Self::Query,
            Flaw::TooLarge => Self::TooLarge,
            Flaw::Repeated { name } => Self::Repeated { name },
            Flaw::SignedHeaders => Self::SignedHeaders,
            Flaw::HostNotSigned => Self::HostNotSigned,
            Flaw::Header { name } => Self::Header { name },
            Flaw::NotSigned => Self::NotSigned,
        }
    }
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        Self {
            code: error.code(),
            message: error.message(),
        }
    }
}
