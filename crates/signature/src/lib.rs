//! Making and verifying request signatures.
//!
//! One module a scheme; [`sigv4`] is AWS Signature Version 4. Nothing here does input or output, and nothing here knows
//! where a secret comes from: a front door hands over the request as it arrived ([`HttpRequest`]), learns whose key the
//! request names, fetches that key, and hands it back for the verdict. Another scheme becomes a sibling module that
//! reads the same [`HttpRequest`].

pub mod request;
pub mod sigv4;

pub use request::HttpRequest;
