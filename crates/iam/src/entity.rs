//! Entities: aggregates, each one record of the store, with the invariants that hold for it as methods.
//!
//! What belongs to one user is one record, so that the record's revision makes an invariant (two access keys, no reuse
//! of a password) hold under races. What crosses records is an entry of an index below, committed with the record.

pub mod account;
pub mod console_session;
pub mod contact;
pub mod credential;
pub mod credential_report;
pub mod document;
pub mod ended_sessions;
pub mod fido_device;
pub mod group;
pub mod index;
pub mod key_bounds;
pub mod login_protection;
pub mod managed_policy;
pub mod mfa_device;
pub mod password_link;
pub mod password_rules;
pub mod policies;
pub mod recovery_codes;
pub mod role;
pub mod security_key_policy;
pub mod server_certificate;
pub mod service_credential;
pub mod signing_certificate;
pub mod ssh_public_key;
pub mod tags;
pub mod user;
pub mod user_access;

pub use account::Account;
pub use console_session::ConsoleSession;
pub use credential::{AccessKey, LoginProfile, Status};
pub use document::Document;
pub use ended_sessions::EndedSessions;
pub use fido_device::FidoDevice;
pub use group::Group;
pub use key_bounds::{KeyBounds, SourceNetwork};
pub use login_protection::{LoginProtection, ProtectionMethod};
pub use managed_policy::ManagedPolicy;
pub use mfa_device::MfaDevice;
pub use password_rules::PasswordRules;
pub use policies::{InlinePolicies, PolicyId};
pub use role::Role;
pub use security_key_policy::SecurityKeyPolicy;
pub use server_certificate::ServerCertificate;
pub use service_credential::ServiceCredential;
pub use tags::{TagRules, Tags};
pub use user::User;
pub use user_access::UserAccess;
