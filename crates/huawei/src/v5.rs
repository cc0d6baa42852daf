//! The v5 API, which is nearly AWS's.

pub(crate) mod access_keys;
pub(crate) mod caller;
mod page;
pub(crate) mod users;
