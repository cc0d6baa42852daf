//! Making and verifying request signatures.
