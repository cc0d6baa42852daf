//! Huawei's SDK-HMAC-SHA256 (Huawei Cloud API Gateway, "AK/SK signing and authentication algorithm"), in the dialects that
//! clients speak:
//!
//! | `Authorization` | spoken by | key | string to sign |
//! | --- | --- | --- | --- |
//! | `SDK-HMAC-SHA256 Access=…` | Huawei Cloud's SDKs | the secret itself | algorithm, time, hash |
//! | `SDK-HMAC-SHA256 Credential=…/sdk_request` | Open Telekom Cloud's Go client, Terraform | a chain of HMACs over day, region, service | and the scope |
//! | `V11-HMAC-SHA256 Credential=…` | Huawei Cloud's SDKs, told to derive keys | HKDF over day, region, service | and the scope |
//!
//! The way of a request is that of [`sigv4`](crate::sigv4), and so is its strictness: [`present()`] refuses what no key could
//! make good, [`Presented::check_scope`] holds the scope against the service, and [`Presented::verify`] holds the clock, the
//! body and the signature against the key.
//!
//! # Stricter than the signing guide
//!
//! Refused, where the guide leaves it open: a host that is not signed; an `X-Sdk-*` header that is not; a name that comes
//! twice, in headers or query; a body that is not signed (`UNSIGNED-PAYLOAD`); an escaped slash, a dot segment or an empty
//! one in the path; a `+` that is not escaped in the query, which these SDKs never send, except in the second dialect,
//! whose client writes blanks so; a token beside a signature.
//!
//! # What the second dialect does not sign
//!
//! Its client adds `X-Domain-Id`, `X-Project-Id` and `X-Security-Token` after it has signed. They are taken unsigned from it
//! alone, since none of them can widen what a request may do: the token must be that of the temporary key that signed, and
//! a door must hold the other two against the account of the key. Its client also signs the query of a POST
//! without a body as if it were the body; so it is read here, and a hash that the client declares must be that one.

mod error;
mod present;
pub mod sign;
mod string_to_sign;
mod verify;

use crate::canonical::{Blanks, PathStyle, Style};
use crate::credential::Scheme;
use crate::query::{Order, Plus, Writing};

pub use error::SdkError;
pub use present::{Presented, present};
pub use verify::CLOCK_WINDOW_SECONDS;

/// The algorithm of the first two dialects.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// The algorithm of the third.
pub const DERIVED_ALGORITHM: &str = "V11-HMAC-SHA256";

/// What the credential of the second dialect ends with.
pub(crate) const TERMINATOR: &str = "sdk_request";

/// The algorithm that a dialect names.
const fn algorithm(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::V11 => DERIVED_ALGORITHM,
        Scheme::SigV4 | Scheme::SdkAccess | Scheme::SdkCredential => ALGORITHM,
    }
}

/// How a dialect writes a canonical request.
const fn style(scheme: Scheme) -> Style {
    Style {
        path: PathStyle::EncodedOnce,
        blanks: match scheme {
            Scheme::SdkCredential => Blanks::Joined,
            Scheme::SigV4 | Scheme::SdkAccess | Scheme::V11 => Blanks::Kept,
        },
    }
}

/// How a dialect writes a canonical query.
const fn writing(scheme: Scheme) -> Writing {
    let (plus, order) = match scheme {
        Scheme::SdkCredential => (Plus::Blank, Order::Caseless),
        Scheme::SigV4 | Scheme::SdkAccess | Scheme::V11 => (Plus::Refused, Order::Decoded),
    };
    Writing {
        plus,
        order,
        without: None,
    }
}

/// Whether a header must be signed if it is there.
fn must_be_signed(scheme: Scheme, name: &str) -> bool {
    name.starts_with("x-sdk-")
        || scheme != Scheme::SdkCredential
            && matches!(name, "x-domain-id" | "x-project-id" | "x-security-token")
}

/// Whether a request has no body, so that the dialect signs its query in place of one.
fn signs_query_as_body(scheme: Scheme, method: &str, body: &[u8]) -> bool {
    scheme == Scheme::SdkCredential && method == "POST" && body.is_empty()
}
