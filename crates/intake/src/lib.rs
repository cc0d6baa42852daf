//! What front doors take in alike, before any of them knows what it says: the body ([`body`]) and the headers
//! (`headers`).

pub mod body;
mod headers;

pub use headers::headers;
