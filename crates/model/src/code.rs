//! The closed list of fault codes, with what each is on the wire.

/// Whose mistake a fault is: `Sender` or `Receiver` in AWS's Query protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The caller's.
    Sender,
    /// The server's.
    Receiver,
}

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $status:literal, $blame:ident;)+) => {
        /// A fault code. Sources: AWS IAM and STS API references ("Errors" of each operation, "Common Errors"),
        /// AWS CloudTrail API reference for `LookupEvents`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$meta])* $variant),+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// Whose mistake it is.
            #[must_use]
            pub const fn blame(self) -> Blame {
                match self { $(Self::$variant => Blame::$blame),+ }
            }
        }
    };
}

codes! {
    /// The caller may not do this.
    AccessDenied = "AccessDenied", 403, Sender;
    /// Somebody else changed the same thing at the same time, again and again.
    ConcurrentModification = "ConcurrentModification", 409, Sender;
    /// Something still hangs on the entity.
    DeleteConflict = "DeleteConflict", 409, Sender;
    /// A user of the account has this signing certificate already.
    DuplicateCertificate = "DuplicateCertificate", 409, Sender;
    /// The user has this SSH public key already.
    DuplicateSshPublicKey = "DuplicateSSHPublicKey", 400, Sender;
    /// The name or the thing is taken.
    EntityAlreadyExists = "EntityAlreadyExists", 409, Sender;
    /// Not now; try again.
    EntityTemporarilyUnmodifiable = "EntityTemporarilyUnmodifiable", 409, Sender;
    /// Temporary credentials have ended.
    ExpiredToken = "ExpiredToken", 403, Sender;
    /// The token of an identity provider has ended.
    ExpiredTokenException = "ExpiredTokenException", 400, Sender;
    /// The request's authentication is malformed.
    IncompleteSignature = "IncompleteSignature", 400, Sender;
    /// The server failed in a way that it cannot tell more of.
    InternalFailure = "InternalFailure", 500, Receiver;
    /// No such operation.
    InvalidAction = "InvalidAction", 400, Sender;
    /// The codes of the MFA device are wrong.
    InvalidAuthenticationCode = "InvalidAuthenticationCode", 403, Sender;
    /// The encoded authorization message cannot be read.
    InvalidAuthorizationMessage = "InvalidAuthorizationMessageException", 400, Sender;
    /// The certificate can be read, and is not good for its purpose.
    InvalidCertificate = "InvalidCertificate", 400, Sender;
    /// The access key is unknown or no longer good.
    InvalidClientTokenId = "InvalidClientTokenId", 403, Sender;
    /// `LookupEvents`: a category of events that there is not.
    InvalidEventCategory = "InvalidEventCategoryException", 400, Sender;
    /// `VerifyServiceSpecificCredential`: not a credential of this service that is good now. This server's own.
    InvalidCredential = "InvalidCredential", 403, Sender;
    /// The input contradicts itself or the state.
    InvalidInput = "InvalidInput", 400, Sender;
    /// A lookup attribute of `LookupEvents` is unknown.
    InvalidLookupAttributes = "InvalidLookupAttributesException", 400, Sender;
    /// `LookupEvents`: more results asked for than there may be on a page.
    InvalidMaxResults = "InvalidMaxResultsException", 400, Sender;
    /// `LookupEvents`: the token is not one of ours.
    InvalidNextToken = "InvalidNextTokenException", 400, Sender;
    /// Two parameters do not go together.
    InvalidParameterCombination = "InvalidParameterCombination", 400, Sender;
    /// A parameter's value is refused for what it means.
    InvalidParameterValue = "InvalidParameterValue", 400, Sender;
    /// The public key is malformed, or of a size that is not taken.
    InvalidPublicKey = "InvalidPublicKey", 400, Sender;
    /// The query string or form cannot be read as one.
    InvalidQueryParameter = "InvalidQueryParameter", 400, Sender;
    /// `LookupEvents`: the end lies before the beginning.
    InvalidTimeRange = "InvalidTimeRangeException", 400, Sender;
    /// Only an IAM user can do this.
    InvalidUserType = "InvalidUserType", 400, Sender;
    /// The private key is not that of the certificate.
    KeyPairMismatch = "KeyPairMismatch", 400, Sender;
    /// A quota is reached.
    LimitExceeded = "LimitExceeded", 409, Sender;
    /// The certificate cannot be read, has expired, or its chain is out of order.
    MalformedCertificate = "MalformedCertificate", 400, Sender;
    /// A parameter cannot be decoded at all.
    MalformedInput = "MalformedInput", 400, Sender;
    /// Login protection needs what is to be taken away. This server's own.
    LoginProtectionInUse = "LoginProtectionInUse", 409, Sender;
    /// The policy document is refused.
    MalformedPolicyDocument = "MalformedPolicyDocument", 400, Sender;
    /// The query string cannot be read.
    MalformedQueryString = "MalformedQueryString", 404, Sender;
    /// No action is named.
    MissingAction = "MissingAction", 400, Sender;
    /// The request is not signed.
    MissingAuthenticationToken = "MissingAuthenticationToken", 403, Sender;
    /// A required parameter is missing.
    MissingParameter = "MissingParameter", 400, Sender;
    /// There is no such thing.
    NoSuchEntity = "NoSuchEntity", 404, Sender;
    /// A session policy together with its tags is too large.
    PackedPolicyTooLarge = "PackedPolicyTooLarge", 400, Sender;
    /// The password breaks the account's policy.
    PasswordPolicyViolation = "PasswordPolicyViolation", 400, Sender;
    /// A simulation could not be carried out.
    PolicyEvaluation = "PolicyEvaluation", 500, Receiver;
    /// The policy may not be attached to this.
    PolicyNotAttachable = "PolicyNotAttachable", 400, Sender;
    /// The service has no such credentials.
    NotSupportedService = "NotSupportedService", 404, Sender;
    /// The region is not enabled.
    RegionDisabled = "RegionDisabledException", 403, Sender;
    /// The credential report is too old to be given out.
    ReportExpired = "ReportExpired", 410, Sender;
    /// The credential report is being made.
    ReportInProgress = "ReportInProgress", 404, Sender;
    /// No credential report has been made.
    ReportNotPresent = "ReportNotPresent", 410, Sender;
    /// A presigned request is too old.
    RequestExpired = "RequestExpired", 400, Sender;
    /// The request is larger than the server reads.
    RequestEntityTooLarge = "RequestEntityTooLarge", 413, Sender;
    /// The server failed.
    ServiceFailure = "ServiceFailure", 500, Receiver;
    /// The server or its store is overloaded, stopping, or cannot write; try again.
    ServiceUnavailable = "ServiceUnavailable", 503, Receiver;
    /// The signature is wrong, of another time, or of another scope.
    SignatureDoesNotMatch = "SignatureDoesNotMatch", 403, Sender;
    /// Too many requests.
    Throttling = "Throttling", 400, Sender;
    /// The entity is protected.
    UnmodifiableEntity = "UnmodifiableEntity", 400, Sender;
    /// The public key is in no format that is known.
    UnrecognizedPublicKeyEncoding = "UnrecognizedPublicKeyEncoding", 400, Sender;
    /// The `X-Amz-Target` names no operation.
    UnknownOperation = "UnknownOperationException", 400, Sender;
    /// Parameters break their rules.
    ValidationError = "ValidationError", 400, Sender;
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
