//! The words that every crate of Claviger shares: identifiers and names with their rules, secrets, instants, the
//! clock, chance, and the closed list of fault codes.
//!
//! Nothing here does input or output, and nothing here is asynchronous. A type that is parsed (`UserName`,
//! `PolicyPath`, …) implements [`Scalar`]: its rules stand beside it, and every front door refuses with the same
//! [`Constraint`]. To add one, write a newtype with a `Scalar` implementation in [`name`] or beside its kin.

pub mod access_key_id;
pub mod account_id;
pub mod arn;
pub mod chance;
pub mod code;
pub mod contact;
pub mod credential_id;
pub mod name;
pub mod scalar;
pub mod secret;
pub mod tag;
pub mod text;
pub mod time;
pub mod unique_id;

pub use access_key_id::AccessKeyId;
pub use account_id::{AccountId, AccountText};
pub use arn::Arn;
pub use chance::Rng;
pub use code::Code;
pub use contact::{EmailAddress, MobileNumber};
pub use credential_id::{CertificateId, SshPublicKeyId};
pub use scalar::{Constraint, Scalar};
pub use secret::Secret;
pub use tag::{Tag, TagKey, TagValue};
pub use time::{Clock, Timestamp};
pub use unique_id::{IdKind, UniqueId};
