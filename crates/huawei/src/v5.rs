//! The v5 API, which is nearly AWS's.

pub(crate) mod access_keys;
pub(crate) mod account;
pub(crate) mod agencies;
pub(crate) mod attachments;
pub(crate) mod caller;
pub(crate) mod groups;
pub(crate) mod login_profiles;
pub(crate) mod mfa_devices;
mod page;
mod paths;
pub(crate) mod policies;
pub(crate) mod tags;
pub(crate) mod users;
