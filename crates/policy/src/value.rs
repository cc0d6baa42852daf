//! Numbers, instants and networks as conditions compare them.

pub(crate) mod date;
pub(crate) mod ip;
pub(crate) mod number;
