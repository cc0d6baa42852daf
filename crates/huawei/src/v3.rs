//! The API of `/v3`: that of OpenStack's Identity service, as far as Huawei's clients and OpenStack's use it.

pub(crate) mod catalog;
pub(crate) mod domains;
pub(crate) mod groups;
pub(crate) mod projects;
pub(crate) mod tokens;
pub(crate) mod users;

mod list;
mod proofs;
