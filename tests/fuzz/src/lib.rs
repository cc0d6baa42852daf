//! What each fuzz target does with its bytes.
//!
//! A body never returns anything: it panics when what it was given breaks a promise. `fuzz/` runs the bodies under
//! libFuzzer; the test `random` runs them on mutated seeds where there is no fuzzer. To add a target: a module here,
//! a line in [`TARGETS`], seeds in `fuzz/seeds`, a file in `fuzz/fuzz_targets`, and its name in `xtask/src/fuzz.rs`.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a body tells of a finding by a panic"
)]

pub mod certificate;
pub mod form;
pub mod policy;
pub mod public_key;
pub mod sdk_signature;
pub mod signature;
pub mod token_file;
pub mod webauthn;

/// A body: what it is called, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every body.
pub const TARGETS: &[Target] = &[
    ("certificate", certificate::run),
    ("form", form::run),
    ("policy", policy::run),
    ("public_key", public_key::run),
    ("sdk_signature", sdk_signature::run),
    ("signature", signature::run),
    ("token_file", token_file::run),
    ("webauthn", webauthn::run),
];
