//! Operations: what the server can do. Each is declared once, as a struct with a field table and an [`Operation`]
//! implementation, and listed in its family's `OPERATIONS`.
//!
//! To add one, see `docs/dev/adding-an-operation.md`.

use std::future::Future;
use std::pin::Pin;

use claviger_shape::{Encoder, Field, MaskedJson, Shape, Source, Violations};

use crate::attachment::Attachment;
use crate::authorize::Target;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::spec::{Service, Spec};

pub mod access_keys;
pub mod account;
pub mod authorization_details;
pub mod caller_details;
pub mod console_sessions;
pub mod contacts;
pub mod credential_reports;
pub mod events;
pub mod groups;
pub mod hardware_mfa_devices;
mod holder;
pub mod host_logins;
pub mod inline_policies;
pub mod login_profiles;
pub mod login_protection;
pub mod managed_policies;
pub mod mfa_device_details;
pub mod mfa_devices;
pub mod own_access;
pub mod own_passwords;
pub mod page;
pub mod password_hashes;
pub mod password_policy;
pub mod password_resets;
pub mod password_rules;
pub mod permissions_boundaries;
pub mod policy_attachments;
pub mod policy_checks;
pub mod recovery;
pub mod recovery_codes;
pub mod roles;
pub mod root_user;
pub mod security_key_policy;
pub mod security_keys;
pub mod server_certificates;
pub mod service_specific_credentials;
pub mod sessions;
pub mod shapes;
pub mod sign_in;
pub mod sign_in_settings;
pub mod signing_certificates;
pub mod simulation;
pub mod ssh_public_key_details;
pub mod ssh_public_keys;
pub mod tagging;
pub mod tokens;
pub mod unbind_mfa_device;
pub mod user_access;
pub mod user_details;
pub mod users;

/// What the server can do, declared once.
///
/// The pipeline finds the [`Target`], authorizes the caller for it, runs the operation and commits. Both `target` and
/// `run` may be called again after a write conflict, on a fresh view of the store, so neither may have effects but those
/// recorded in the [`Cx`].
pub trait Operation: Shape + Send + Sync + 'static {
    /// What it declares about itself.
    const SPEC: Spec;
    /// What it answers.
    type Output: Shape + Send + Sync + 'static;

    /// What it acts on: the resources to authorize, with their tags, and the condition keys of the request.
    fn target(&self, cx: &mut Cx<'_>) -> impl Future<Output = Result<Target, Fault>> + Send;

    /// Does it.
    fn run(&self, cx: &mut Cx<'_>) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

/// What operations answer that have no answer.
#[derive(Shape)]
pub struct Empty {}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// An operation with its input, whichever it is.
pub trait Erased: Send + Sync {
    /// See [`Operation::target`].
    fn target<'a>(&'a self, cx: &'a mut Cx<'_>) -> Boxed<'a, Target>;
    /// See [`Operation::run`].
    fn run<'a>(&'a self, cx: &'a mut Cx<'_>) -> Boxed<'a, Box<dyn Answer>>;
    /// The input as audit events show it, secrets hidden.
    fn masked(&self) -> serde_json::Value;
}

impl<O: Operation> Erased for O {
    fn target<'a>(&'a self, cx: &'a mut Cx<'_>) -> Boxed<'a, Target> {
        Box::pin(Operation::target(self, cx))
    }

    fn run<'a>(&'a self, cx: &'a mut Cx<'_>) -> Boxed<'a, Box<dyn Answer>> {
        Box::pin(async move {
            let output = Operation::run(self, cx).await?;
            Ok(match cx.attachment.take() {
                None => Box::new(output) as Box<dyn Answer>,
                Some(attachment) => Box::new(Attached {
                    output: Box::new(output),
                    attachment: Some(attachment),
                }),
            })
        })
    }

    fn masked(&self) -> serde_json::Value {
        MaskedJson::of(self)
    }
}

/// What an operation answered, whichever it is.
pub trait Answer: Send + Sync {
    /// Writes the members.
    fn encode(&self, to: &mut dyn Encoder);
    /// The members as audit events show them, secrets hidden.
    fn masked(&self) -> serde_json::Value;
    /// Whether the operation answers nothing at all, not even an answer without members.
    fn is_empty(&self) -> bool;
    /// What is to be read while the answer is sent, in place of a member that is encoded empty. Given once.
    fn attachment(&mut self) -> Option<Attachment> {
        None
    }
    /// The operation's own output, for who knows which operation it was.
    fn into_output(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
}

/// An answer with a member that is read while it is sent.
struct Attached {
    output: Box<dyn Answer>,
    attachment: Option<Attachment>,
}

impl Answer for Attached {
    fn encode(&self, to: &mut dyn Encoder) {
        self.output.encode(to);
    }

    fn masked(&self) -> serde_json::Value {
        self.output.masked()
    }

    fn is_empty(&self) -> bool {
        self.output.is_empty()
    }

    fn attachment(&mut self) -> Option<Attachment> {
        self.attachment.take()
    }

    fn into_output(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self.output.into_output()
    }
}

impl<S: Shape + Send + Sync + 'static> Answer for S {
    fn encode(&self, to: &mut dyn Encoder) {
        Shape::encode(self, to);
    }

    fn masked(&self) -> serde_json::Value {
        MaskedJson::of(self)
    }

    fn is_empty(&self) -> bool {
        S::NAME == <Empty as Shape>::NAME
    }

    fn into_output(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

/// A row of a family's table: an operation with its type taken off.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What the operation declares about itself.
    pub spec: Spec,
    /// Its documentation.
    pub doc: &'static str,
    /// What it takes.
    pub input: &'static [Field],
    /// What it answers.
    pub output: &'static [Field],
    /// Reads its input.
    pub decode: fn(Source<'_>) -> Result<Box<dyn Erased>, Violations>,
}

/// The row of an operation.
#[must_use]
pub const fn entry<O: Operation>() -> Entry {
    Entry {
        spec: O::SPEC,
        doc: O::DOC,
        input: O::FIELDS,
        output: O::Output::FIELDS,
        decode: decode::<O>,
    }
}

fn decode<O: Operation>(from: Source<'_>) -> Result<Box<dyn Erased>, Violations> {
    claviger_shape::decode::<O>(from).map(|input| Box::new(input) as Box<dyn Erased>)
}

/// Every operation, family by family.
pub const FAMILIES: &[(&str, &[Entry])] = &[
    ("Users", users::OPERATIONS),
    ("User details", user_details::OPERATIONS),
    ("User access", user_access::OPERATIONS),
    ("Groups", groups::OPERATIONS),
    ("Roles", roles::OPERATIONS),
    ("Managed policies", managed_policies::OPERATIONS),
    ("Policy attachments", policy_attachments::OPERATIONS),
    ("Policy checks", policy_checks::OPERATIONS),
    ("Inline policies", inline_policies::OPERATIONS),
    ("Permissions boundaries", permissions_boundaries::OPERATIONS),
    ("Tags", tagging::OPERATIONS),
    ("Login profiles", login_profiles::OPERATIONS),
    ("Password policy", password_policy::OPERATIONS),
    ("Password rules", password_rules::OPERATIONS),
    ("Access keys", access_keys::OPERATIONS),
    (
        "Service-specific credentials",
        service_specific_credentials::OPERATIONS,
    ),
    ("MFA devices", mfa_devices::OPERATIONS),
    ("SSH public keys", ssh_public_keys::OPERATIONS),
    ("Signing certificates", signing_certificates::OPERATIONS),
    ("Server certificates", server_certificates::OPERATIONS),
    ("MFA device details", mfa_device_details::OPERATIONS),
    ("Unbinding MFA devices", unbind_mfa_device::OPERATIONS),
    ("SSH public key details", ssh_public_key_details::OPERATIONS),
    ("Hardware MFA devices", hardware_mfa_devices::OPERATIONS),
    ("Host logins", host_logins::OPERATIONS),
    ("Root user", root_user::OPERATIONS),
    ("Recovery codes", recovery_codes::OPERATIONS),
    ("Security keys", security_keys::OPERATIONS),
    ("Security key policy", security_key_policy::OPERATIONS),
    ("Console sessions", console_sessions::OPERATIONS),
    ("Sign-in settings", sign_in_settings::OPERATIONS),
    ("Account", account::OPERATIONS),
    ("Authorization details", authorization_details::OPERATIONS),
    ("Contacts", contacts::OPERATIONS),
    ("Login protection", login_protection::OPERATIONS),
    ("Password resets", password_resets::OPERATIONS),
    ("Credential reports", credential_reports::OPERATIONS),
    ("Simulation", simulation::OPERATIONS),
    ("Own access", own_access::OPERATIONS),
    ("Sessions", sessions::OPERATIONS),
    ("Tokens", tokens::OPERATIONS),
    ("Caller details", caller_details::OPERATIONS),
    ("Events", events::OPERATIONS),
];

/// What is done on the server's own host alone. No request can name these operations.
pub const HOST: &[Entry] = recovery::OPERATIONS;

/// What a sign-in to the console consists of. No request can name these operations.
pub const SIGN_IN: &[Entry] = sign_in::OPERATIONS;

/// Every operation that a request can name.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().flat_map(|(_, family)| family.iter())
}

/// The operations by service and name, so that a request finds its own in one step.
pub struct Registry(std::collections::HashMap<(Service, &'static str), &'static Entry>);

impl Registry {
    /// Builds the table.
    #[must_use]
    pub fn new() -> Self {
        Self(
            all()
                .chain(HOST)
                .map(|entry| ((entry.spec.service, entry.spec.name), entry))
                .collect(),
        )
    }

    /// The operation of this name.
    #[must_use]
    pub fn find(&self, service: Service, name: &str) -> Option<&'static Entry> {
        self.0.get(&(service, name)).copied()
    }

    /// The operation of this name that may be run on the server's own host.
    #[must_use]
    pub fn find_on_host(&self, name: &str) -> Option<&'static Entry> {
        [Service::Host, Service::Iam]
            .into_iter()
            .find_map(|service| self.find(service, name))
            .filter(|entry| entry.spec.on_host)
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_stands_in_the_tables_once() {
        let mut seen = std::collections::HashSet::new();
        for entry in all().chain(HOST).chain(SIGN_IN) {
            assert!(
                seen.insert((entry.spec.service, entry.spec.name)),
                "{}",
                entry.spec.name
            );
        }
    }

    #[test]
    fn a_list_that_takes_a_marker_answers_one() {
        let has = |fields: &[Field], name: &str| fields.iter().any(|field| field.name.wire == name);
        for entry in all() {
            if has(entry.input, "MaxItems") {
                assert!(has(entry.input, "Marker"), "{}", entry.spec.name);
                assert!(has(entry.output, "IsTruncated"), "{}", entry.spec.name);
                assert!(has(entry.output, "Marker"), "{}", entry.spec.name);
            }
        }
    }

    #[test]
    fn what_is_done_on_the_host_or_at_sign_in_alone_is_of_a_service_that_no_request_names() {
        let own = [Service::Host, Service::SignIn];
        assert!(all().all(|entry| !own.contains(&entry.spec.service)));
        for entry in HOST {
            assert_eq!(entry.spec.service, Service::Host, "{}", entry.spec.name);
            assert!(entry.spec.on_host, "{}", entry.spec.name);
        }
        for entry in SIGN_IN {
            assert_eq!(entry.spec.service, Service::SignIn, "{}", entry.spec.name);
            assert!(!entry.spec.on_host, "{}", entry.spec.name);
        }
    }

    #[test]
    fn every_operation_has_documentation() {
        for entry in all().chain(HOST).chain(SIGN_IN) {
            assert!(!entry.doc.trim().is_empty(), "{}", entry.spec.name);
            for field in entry.input.iter().chain(entry.output) {
                assert!(
                    !field.doc.trim().is_empty(),
                    "{}.{}",
                    entry.spec.name,
                    field.name.wire
                );
            }
        }
    }
}
