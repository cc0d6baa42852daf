//! The policy language of AWS IAM: read, validate, compile, decide, explain.
//!
//! No input or output happens here, and nothing is asynchronous. The rules are those of the IAM user guide ("Policies and
//! permissions", "Policy evaluation logic", "JSON policy element reference") and of recorded answers of the service.
//!
//! ```
//! use claviger_policy::*;
//!
//! let policy = Policy::compile(
//!     r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*",
//!         "Resource": "arn:aws:s3:::home/${aws:username}/*"}}"#,
//! )?;
//! let mut facts = Context::new();
//! facts.insert("aws:username", "alice");
//! let account = Some("111122223333");
//! let request = Request {
//!     principal: Principal::new(PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", account),
//!     action: Action::new("s3:GetObject").ok_or("no action")?,
//!     resource: Resource { arn: "arn:aws:s3:::home/alice/x", account },
//!     facts: &facts,
//! };
//! let identity = [PolicyRef::from(&policy)];
//! let layers = Layers { identity: &identity, ..Layers::default() };
//! assert_eq!(decide(&request, &layers, &mut Silent), Decision::Allow);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A document that cannot be compiled must still not fail open: put [`Policy::deny_everything`] in its place.

mod action;
mod arn;
mod condition;
mod decision;
mod evaluate;
mod facts;
pub mod fold;
mod index;
mod json;
mod layers;
pub mod lint;
pub mod offline;
mod operator;
mod pattern;
mod policy;
mod principal;
mod recorder;
mod request;
pub mod summary;
mod text;
pub mod trust;
pub mod validate;
mod value;
mod verdict;

pub use condition::Condition;
pub use decision::{Decision, Layer};
pub use evaluate::decide;
pub use facts::{Context, Facts, Found, OwnedValue, Value, Values};
pub use json::{MAX_DEPTH, ParseJsonError, Position, Problem};
pub use layers::{Layers, Levels, PolicyRef, ResourceRule};
pub use operator::OPERATORS;
pub use policy::{Effect, ParsePolicyError, Policy, Statement};
pub use principal::{NamedPrincipal, PrincipalType};
pub use recorder::{Answer, Element, Explanation, Matched, Place, Recorder, Silent, Trace, Truth};
pub use request::{Action, MAX_ACTION_BYTES, Principal, PrincipalKind, Request, Resource};
pub use validate::{
    Malformed, counted_size, invalid_principal, validate_identity, validate_resource,
    validate_session, validate_trust,
};
