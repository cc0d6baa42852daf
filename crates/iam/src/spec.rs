//! What an operation declares about itself: the const data that authorization, audit, documentation, the simulator and
//! the front doors read.

pub mod action_table;
pub mod unraised;

use claviger_model::Code;

use self::unraised::Unraised;

/// The service that an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// AWS Identity and Access Management.
    Iam,
    /// AWS Security Token Service.
    Sts,
    /// AWS CloudTrail, of which this server answers event look-ups.
    CloudTrail,
    /// What is done on the server's own host. No request from the network can name these operations.
    Host,
    /// What completes a sign-in to the console. Only a sign-in runs these operations; no request can name them.
    SignIn,
}

impl Service {
    /// What actions begin with, and what a credential scope names: `iam`.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::CloudTrail => "cloudtrail",
            Self::Host => "host",
            Self::SignIn => "signin",
        }
    }

    /// What audit events call it.
    #[must_use]
    pub const fn event_source(self) -> &'static str {
        match self {
            Self::Iam => "iam.amazonaws.com",
            Self::Sts => "sts.amazonaws.com",
            Self::CloudTrail => "cloudtrail.amazonaws.com",
            Self::Host => "host.claviger",
            Self::SignIn => "signin.amazonaws.com",
        }
    }

    /// The API version that clients name, and the namespace of answers in XML.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Iam => "2010-05-08",
            Self::Sts => "2011-06-15",
            Self::CloudTrail => "2013-11-01",
            Self::Host | Self::SignIn => "1",
        }
    }
}

/// How an action is classed (service authorization reference, "Access levels").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Lists resources.
    List,
    /// Reads a resource.
    Read,
    /// Changes resources.
    Write,
    /// Changes tags alone.
    Tagging,
    /// Changes who may do what.
    Permissions,
}

impl Access {
    /// The level's documented name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Tagging => "Tagging",
            Self::Permissions => "Permissions management",
        }
    }

    /// Whether an operation of this level leaves everything as it was.
    #[must_use]
    pub const fn is_read_only(self) -> bool {
        matches!(self, Self::List | Self::Read)
    }
}

/// A type of resource in policies (service authorization reference, "Resource types defined by AWS IAM").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType {
    /// `user`
    User,
    /// `group`
    Group,
    /// `role`
    Role,
    /// `policy`
    Policy,
    /// `mfa`
    Mfa,
    /// `server-certificate`
    ServerCertificate,
    /// `host`
    Host,
}

impl ResourceType {
    /// The type's name and the form of its ARN.
    #[must_use]
    pub const fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::User => ("user", "arn:aws:iam::<account>:user<path><name>"),
            Self::Group => ("group", "arn:aws:iam::<account>:group<path><name>"),
            Self::Role => ("role", "arn:aws:iam::<account>:role<path><name>"),
            Self::Policy => ("policy", "arn:aws:iam::<account>:policy<path><name>"),
            Self::Mfa => ("mfa", "arn:aws:iam::<account>:mfa<path><name>"),
            Self::ServerCertificate => (
                "server-certificate",
                "arn:aws:iam::<account>:server-certificate<path><name>",
            ),
            Self::Host => ("host", "arn:aws:ssh::<account>:host/<name>"),
        }
    }
}

/// What a caller needs to run an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Policies must allow the action.
    Policy,
    /// No policy need allow it, but an explicit deny is heeded (STS `GetSessionToken`).
    UnlessDenied,
    /// Whoever is authenticated may run it, whatever policies say (STS `GetCallerIdentity`).
    Everyone,
}

/// What an operation declares about itself.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The service it belongs to.
    pub service: Service,
    /// Its name, which with the service's prefix is its action: `CreateUser` for `iam:CreateUser`.
    pub name: &'static str,
    /// The name in its action where that is another's: an operation of this server's own that does a part of what an
    /// action of AWS's allows.
    pub governed_by: Option<&'static str>,
    /// How it is classed.
    pub access: Access,
    /// The types of resources that it is authorized on; none for the account as a whole.
    pub resources: &'static [ResourceType],
    /// The condition keys that it sets besides the global ones.
    pub keys: &'static [&'static str],
    /// The faults of its own that it answers: those that its API reference names, but for `unraised`.
    pub faults: &'static [Code],
    /// The faults that its API reference names and this server never answers, each with the reason, so that the
    /// documentation is whole and claims nothing that is not so.
    pub unraised: &'static [Unraised],
    /// What a caller needs to run it.
    pub grant: Grant,
    /// Whether whoever works on the server's own host may run it too. Operations of [`Service::Host`] are run there alone.
    pub on_host: bool,
    /// Whether it issues credentials: it changes no record, and an audit event tells of it all the same.
    pub issues: bool,
    /// Whether people without any credential have it run, and so its refusals.
    pub by_strangers: bool,
    /// Whether it changes what its target signs in or signs requests with: who does so to oneself at the console must have
    /// proved lately to be there (AC-40).
    pub on_own_credentials: bool,
    /// Whether a console session may run it that reaches no further than to assigning a first MFA device.
    pub for_enrolment: bool,
}

impl Spec {
    const fn new(service: Service, name: &'static str, access: Access) -> Self {
        Self {
            service,
            name,
            governed_by: None,
            access,
            resources: &[],
            keys: &[],
            faults: &[],
            unraised: &[],
            grant: Grant::Policy,
            on_host: false,
            issues: false,
            by_strangers: false,
            on_own_credentials: false,
            for_enrolment: false,
        }
    }

    /// Whether it changes records.
    #[must_use]
    pub const fn changes(&self) -> bool {
        !self.access.is_read_only() && !self.issues
    }

    /// An operation of IAM.
    #[must_use]
    pub const fn iam(name: &'static str, access: Access) -> Self {
        Self::new(Service::Iam, name, access)
    }

    /// An operation of STS.
    #[must_use]
    pub const fn sts(name: &'static str, access: Access) -> Self {
        Self::new(Service::Sts, name, access)
    }

    /// An operation of CloudTrail.
    #[must_use]
    pub const fn cloudtrail(name: &'static str, access: Access) -> Self {
        Self::new(Service::CloudTrail, name, access)
    }

    /// An operation that is run on the server's own host alone.
    #[must_use]
    pub const fn host(name: &'static str, access: Access) -> Self {
        Self::new(Service::Host, name, access).also_on_host()
    }

    /// An operation of which a sign-in consists.
    #[must_use]
    pub const fn sign_in(name: &'static str) -> Self {
        Self::new(Service::SignIn, name, Access::Write).grant(Grant::Everyone)
    }

    /// Says that whoever works on the server's own host may run it too.
    #[must_use]
    pub const fn also_on_host(self) -> Self {
        Self {
            on_host: true,
            ..self
        }
    }

    /// Says that people without any credential have it run as often as they like, so that its refusals are counted.
    #[must_use]
    pub const fn by_strangers(self) -> Self {
        Self {
            by_strangers: true,
            ..self
        }
    }

    /// Says that it changes credentials, so that who changes the own ones at the console must have proved lately to be
    /// there.
    #[must_use]
    pub const fn on_own_credentials(self) -> Self {
        Self {
            on_own_credentials: true,
            ..self
        }
    }

    /// Says that assigning a first MFA device takes it.
    #[must_use]
    pub const fn for_enrolment(self) -> Self {
        Self {
            for_enrolment: true,
            ..self
        }
    }

    /// Names the types of resources that it is authorized on.
    #[must_use]
    pub const fn on(self, resources: &'static [ResourceType]) -> Self {
        Self { resources, ..self }
    }

    /// Names the action that allows it, where that is not its own.
    #[must_use]
    pub const fn governed_by(self, action: &'static str) -> Self {
        Self {
            governed_by: Some(action),
            ..self
        }
    }

    /// Names the condition keys that it sets.
    #[must_use]
    pub const fn keys(self, keys: &'static [&'static str]) -> Self {
        Self { keys, ..self }
    }

    /// Names the faults that it may answer besides the common ones.
    #[must_use]
    pub const fn faults(self, faults: &'static [Code]) -> Self {
        Self { faults, ..self }
    }

    /// Names the faults that its API reference names and this server never answers, and says why.
    #[must_use]
    pub const fn unraised(self, unraised: &'static [Unraised]) -> Self {
        Self { unraised, ..self }
    }

    /// Says what a caller needs, where that is not the permission of a policy.
    #[must_use]
    pub const fn grant(self, grant: Grant) -> Self {
        Self { grant, ..self }
    }

    /// Says that it issues credentials.
    #[must_use]
    pub const fn issuing(self) -> Self {
        Self {
            issues: true,
            ..self
        }
    }

    /// Whether it may answer this fault.
    #[must_use]
    pub fn may_answer(&self, code: Code) -> bool {
        self.faults.contains(&code) || COMMON_FAULTS.contains(&code)
    }

    /// The action that policies speak of: `iam:CreateUser`.
    #[must_use]
    pub fn action(&self) -> String {
        let name = self.governed_by.unwrap_or(self.name);
        [self.service.prefix(), ":", name].concat()
    }
}

/// Faults that every operation may answer, so that no operation declares them for this reason alone: the API reference's
/// "Common Errors", what authentication and authorization refuse with, and what the pipeline itself says.
///
/// An answer with any other code that its operation does not declare fails the integration suite.
pub const COMMON_FAULTS: &[Code] = &[
    // Who asks, and whether he may.
    Code::AccessDenied,
    Code::ExpiredToken,
    Code::IncompleteSignature,
    Code::InvalidClientTokenId,
    Code::MissingAuthenticationToken,
    Code::RequestExpired,
    Code::SignatureDoesNotMatch,
    // What is asked, before an operation sees it.
    Code::InvalidAction,
    Code::InvalidParameterCombination,
    Code::InvalidQueryParameter,
    Code::MalformedInput,
    Code::MalformedQueryString,
    Code::MissingAction,
    Code::MissingParameter,
    Code::RequestEntityTooLarge,
    Code::UnknownOperation,
    Code::ValidationError,
    // How the server fares, and how much is asked of it at once.
    Code::ConcurrentModification,
    Code::InternalFailure,
    Code::ServiceFailure,
    Code::ServiceUnavailable,
    Code::Throttling,
];

#[cfg(test)]
mod tests {
    use super::Access;
    use crate::operation;

    #[test]
    fn a_fault_is_declared_once_as_raised_or_as_not() {
        for entry in operation::all() {
            let spec = &entry.spec;
            let mut seen = std::collections::HashSet::new();
            let unraised = spec.unraised.iter().map(|(code, _)| code);
            for code in spec.faults.iter().chain(unraised) {
                assert!(seen.insert(code), "{} declares {code} twice", spec.name);
            }
        }
    }

    #[test]
    fn whatever_writes_credentials_of_a_user_is_marked_as_doing_so() {
        const CREDENTIALS: &[&str] = &[
            "AccessKey",
            "Contact",
            "LoginProfile",
            "MFADevice",
            "Password",
            "RecoveryCodes",
            "SSHPublicKey",
            "SecurityKeyRegistration",
            "ServiceSpecificCredential",
            "SigningCertificate",
        ];
        const OTHERS: &[(&str, &str)] = &[
            ("BeginSecurityKeyRegistration", "it registers nothing yet"),
            ("ChangePassword", "it asks for the old one"),
            ("CreateVirtualMFADevice", "nobody holds it yet"),
            ("DeleteAccountPasswordPolicy", "a rule of the account"),
            ("DeleteHardwareMFADevice", "nobody holds it any more"),
            ("DeleteVirtualMFADevice", "nobody holds it any more"),
            ("ImportHardwareMFADevices", "nobody holds them yet"),
            ("PutAccessKeySettings", "a rule of the account"),
            ("SetPasswordRules", "a rule of the account"),
            ("ResyncMFADevice", "it asks for codes of the device"),
            ("ResyncRootMFADevice", "it asks for codes of the device"),
            ("UpdateAccountPasswordPolicy", "a rule of the account"),
            ("VerifyServiceSpecificCredential", "it changes none"),
        ];
        for entry in operation::all().filter(|entry| entry.spec.access == Access::Write) {
            let name = entry.spec.name;
            if CREDENTIALS.iter().any(|word| name.contains(word)) {
                let has_reason = OTHERS.iter().any(|(other, _)| *other == name);
                assert!(entry.spec.on_own_credentials != has_reason, "{name}");
            }
        }
    }

    #[test]
    fn a_fault_that_is_not_raised_has_a_reason() {
        for entry in operation::all() {
            for (code, reason) in entry.spec.unraised {
                assert!(reason.len() > 10, "{}: {code}", entry.spec.name);
            }
        }
    }
}
