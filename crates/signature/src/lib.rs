//! Making and verifying request signatures.
//!
//! One module a scheme: [`sigv4`] is AWS Signature Version 4, [`sdk_hmac`] Huawei's SDK-HMAC-SHA256 in all its dialects.
//! Nothing here does input or output, and nothing here knows where a secret comes from: a front door hands over the
//! request as it arrived ([`HttpRequest`]), learns whose key the request names ([`Claim`]), fetches that key, and hands it
//! back for the verdict. What the schemes have in common stands beside them and is there once: the canonical request,
//! the query, the list of signed headers, the keys, the comparison. Another scheme becomes a sibling module that reads
//! the same [`HttpRequest`].

mod canonical;
mod claim;
mod credential;
mod digest;
mod escape;
mod fields;
mod flaw;
mod key;
mod query;
pub mod request;
pub mod sdk_hmac;
mod signed_headers;
pub mod sigv4;

pub use claim::{Claim, Refusal, Terms};
pub use credential::{Scheme, Scope};
pub use key::SigningKey;
pub use request::HttpRequest;
