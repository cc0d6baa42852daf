//! The v5 API, which is nearly AWS's.

pub(crate) mod access_keys;
pub(crate) mod caller;
pub(crate) mod mfa_devices;
mod page;
pub(crate) mod users;
