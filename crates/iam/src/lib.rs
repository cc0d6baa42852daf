//! The rules of the domain: entities, operations, the one pipeline, sessions, audit.
//!
//! A front door authenticates a request ([`Iam::authenticate`]), decodes an operation, and has it run
//! ([`Iam::perform`]). Nothing here knows HTTP, XML or SQL.

pub mod attachment;
mod audit;
pub mod authenticate;
pub mod authorize;
pub mod aws_managed;
pub mod caller;
mod census;
pub mod context;
pub mod credential_report;
pub mod cx;
pub mod dispatch;
pub mod entity;
pub mod fault;
pub mod first_account;
pub mod host;
pub mod iam;
pub mod identity_token;
pub mod lookup;
pub mod message;
pub mod mfa;
pub mod notice;
pub mod operation;
pub mod password;
mod pins;
mod pipeline;
pub mod principal;
pub mod quota;
pub mod reference;
mod seen;
mod sent_code;
pub mod service_secret;
pub mod session;
pub mod signin;
mod signing_keys;
pub mod spec;
pub mod token_file;
pub mod totp;
pub mod trust;
pub mod webauthn;

pub use authenticate::Admitted;
pub use caller::Caller;
pub use context::RequestFacts;
pub use cx::Cx;
pub use fault::Fault;
pub use iam::{Iam, Settings};
pub use operation::Operation;
pub use pipeline::{Answers, Together};
pub use spec::{Service, Spec};
