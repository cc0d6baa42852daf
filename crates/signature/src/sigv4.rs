//! AWS Signature Version 4 (IAM user guide, "AWS Signature Version 4 for API requests").
//!
//! The way of a request, in AWS's order of checks:
//!
//! 1. [`present()`] reads what the request presents and refuses what no key could make good: no authentication or two of
//!    them, a malformed one, an unsigned `host` or `x-amz-*` header, a signed header that came twice, an unsigned payload,
//!    an ambiguous path or query;
//! 2. [`Presented::check_scope`] holds the credential scope against the service (the region is free);
//! 3. the caller looks the key up, checks that the session token belongs to it, and that it has not expired;
//! 4. [`Presented::verify`] holds the clock and the signature against the key.
//!
//! # For callers
//!
//! - An unknown access key must cost what a known one costs: verify against a [`SigningKey`] derived once from a random
//!   secret, discard the verdict, and answer `InvalidClientTokenId`.
//! - [`SigningKey`]s are meant to be cached by access key id and [`Scope`]; deriving one costs four HMACs.
//! - A session token sent along with a long-term key is refused by the caller, and only after the signature was right.
//! - [`SignatureError`]'s text is for the client and tells back what the client sent; log its code.
//!
//! # Stricter than AWS
//!
//! Refused, where AWS's own test suite would join, normalise or pass them on: signed headers and query parameters that
//! come twice; dot segments and empty segments in the path; empty pieces in the query; malformed percent-encoding and
//! text that is not UTF-8; a list of signed headers out of order; any unsigned `x-amz-*` header; a presigned request
//! without `X-Amz-Expires`.

mod authorization;
mod date;
mod error;
mod key;
mod present;
pub mod sign;
mod string_to_sign;
mod told;
mod verify;

use crate::query::{Order, Plus, Writing};

pub use crate::claim::Terms;
pub use crate::credential::Scope;
pub use crate::key::SigningKey;
pub use error::{MissingInHeader, SignatureError};
pub use present::{Presented, present};
pub use verify::CLOCK_WINDOW_SECONDS;

/// The one algorithm that is spoken here.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What every credential scope ends with.
pub(crate) const TERMINATOR: &str = "aws4_request";

/// The parameter of a presigned request that holds its signature.
const SIGNATURE: &str = "X-Amz-Signature";

/// How a canonical query is written.
const QUERY: Writing = Writing {
    plus: Plus::Blank,
    order: Order::Encoded,
    without: Some(SIGNATURE),
};
