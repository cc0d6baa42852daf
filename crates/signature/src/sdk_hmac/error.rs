//! Why a request's authentication is refused, with the code and the text that go to the client.

use claviger_model::{Code, Timestamp};

use crate::claim::Refusal;
use crate::flaw::Flaw;

/// Why a request's authentication is refused. `Display` is the message for the client; it never tells back what stands in
/// the `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdkError {
    /// The request is not signed at all.
    #[error("the request has no Authorization header")]
    Missing,
    /// Authentication stands in two headers.
    #[error("the request must be authenticated by one signature or one token, not by both")]
    TwoPlaces,
    /// Another algorithm than those that are spoken here.
    #[error("the signing algorithm is not supported; use SDK-HMAC-SHA256")]
    Algorithm,
    /// The `Authorization` header is no list of `key=value` pairs.
    #[error("the Authorization header cannot be read")]
    Malformed,
    /// A part of the authentication is missing.
    #[error("{missing} is missing in the authentication of the request")]
    Incomplete {
        /// The part.
        missing: &'static str,
    },
    /// A part of the authentication, or a parameter of the query, is there twice.
    #[error("'{name}' must appear exactly once")]
    Repeated {
        /// The part.
        name: Box<str>,
    },
    /// The credential does not have the parts that the algorithm asks for.
    #[error("the credential does not have the parts that the algorithm asks for")]
    Credential,
    /// `X-Sdk-Date` cannot be read.
    #[error("X-Sdk-Date must be in the format YYYYMMDDTHHMMSSZ")]
    Date,
    /// The list of signed headers is empty, not in lower case, not in order, or too long.
    #[error(
        "SignedHeaders must be a semicolon-separated list of at most 100 lower-case header names in alphabetical order"
    )]
    SignedHeaders,
    /// The host is not signed.
    #[error("the Host header must be signed")]
    HostNotSigned,
    /// A header is absent, came more than once, or holds what no header may hold.
    #[error("the header '{name}' must be present in the request exactly once")]
    Header {
        /// The header's name.
        name: Box<str>,
    },
    /// A header that has to be signed is not.
    #[error(
        "X-Sdk-Date, X-Domain-Id, X-Project-Id, X-Security-Token and every X-Sdk-* header of the request must be signed"
    )]
    NotSigned,
    /// `X-Sdk-Content-Sha256` is not the hash of the body, or says that the body is not signed.
    #[error(
        "X-Sdk-Content-Sha256 must be the hexadecimal SHA-256 of the body; unsigned payloads are not supported"
    )]
    Payload,
    /// The path is malformed or can be read in two ways.
    #[error("the path of the request is malformed or ambiguous")]
    Path,
    /// The query is malformed or can be read in two ways.
    #[error("the query of the request is malformed or ambiguous")]
    Query,
    /// More headers, or a longer query, than are looked at.
    #[error("the request has more headers or a longer query than this server reads")]
    TooLarge,
    /// The credential is not for this service, or not for its own day.
    #[error("the scope of the credential is not that of this service and of X-Sdk-Date")]
    Scope,
    /// The signature's time is over.
    #[error("signature expired: {} is too far behind the server's time {}", signed_at.basic(), now.basic())]
    Expired {
        /// The time that the request names.
        signed_at: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// The signature's time has not come.
    #[error("signature not yet valid: {} is too far ahead of the server's time {}", signed_at.basic(), now.basic())]
    NotYetCurrent {
        /// The time that the request names.
        signed_at: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// The signature is another than the key makes.
    #[error("verify aksk signature fail")]
    Mismatch,
}

impl SdkError {
    /// The fault code. It never depends on the secret or on whether the key exists.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Missing => Code::MissingAuthenticationToken,
            Self::TwoPlaces
            | Self::Algorithm
            | Self::Malformed
            | Self::Incomplete { .. }
            | Self::Repeated { .. }
            | Self::Credential
            | Self::Date
            | Self::SignedHeaders
            | Self::Path => Code::IncompleteSignature,
            Self::Query => Code::MalformedQueryString,
            Self::TooLarge => Code::RequestEntityTooLarge,
            Self::HostNotSigned
            | Self::Header { .. }
            | Self::NotSigned
            | Self::Payload
            | Self::Scope
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::Mismatch => Code::SignatureDoesNotMatch,
        }
    }
}

impl From<Flaw> for SdkError {
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

impl From<SdkError> for Refusal {
    fn from(error: SdkError) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
        }
    }
}
