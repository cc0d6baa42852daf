//! The v5 API, which is nearly AWS's.

pub(crate) mod caller;
pub(crate) mod users;
