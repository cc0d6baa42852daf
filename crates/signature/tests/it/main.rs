//! Signatures seen from outside: AWS's published examples, the abuse cases by number, the answers word for word, and laws
//! over random requests. The signers in `literal` share no code with the crate.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so loudly"
)]

mod abuse;
mod answers;
mod call;
mod laws;
mod literal;
mod published;
mod sdk;
