//! The extensions below `/v3.0`.

pub(crate) mod credentials;
pub(crate) mod login_protection;
pub(crate) mod mfa;
