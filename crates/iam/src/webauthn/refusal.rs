//! Why a response of a client is not accepted.

use webauthn_rs_core::error::WebauthnError;

/// Why a response is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is too long, or not what the specification describes.
    #[error("the response cannot be read")]
    Malformed,
    /// It answers a registration where an assertion was asked for, or the other way round.
    #[error("the response belongs to another ceremony")]
    WrongCeremony,
    /// No such challenge was issued here, or it was used up.
    #[error("the challenge is unknown or was used before")]
    UnknownChallenge,
    /// The response came too late.
    #[error("the challenge has expired")]
    ExpiredChallenge,
    /// The challenge was issued for another user or for another purpose.
    #[error("the challenge was issued for something else")]
    ChallengeOfAnother,
    /// The client was at another site.
    #[error("the origin is not that of this server")]
    WrongOrigin,
    /// The client was in a frame of another site.
    #[error("the ceremony ran in a frame of another site")]
    CrossOrigin,
    /// The authenticator answered another relying party.
    #[error("the relying party is not this server")]
    WrongRelyingParty,
    /// Nobody touched the authenticator.
    #[error("no user was present")]
    UserAbsent,
    /// The authenticator did not verify its user, and had to.
    #[error("the user was not verified")]
    UserUnverified,
    /// The key is of an algorithm that was not offered.
    #[error("the algorithm was not offered")]
    AlgorithmNotOffered,
    /// A signature is wrong.
    #[error("the signature is wrong")]
    WrongSignature,
    /// The attestation statement contradicts itself, or is of a format that is not known.
    #[error("the attestation statement is not valid")]
    InvalidAttestation,
    /// There is no attestation, and there must be one.
    #[error("an attestation is required")]
    AttestationMissing,
    /// The authenticator attested itself, which proves nothing of what it is.
    #[error("an attestation by the authenticator itself proves nothing")]
    SelfAttested,
    /// The attestation leads to no certificate that the account trusts.
    #[error("the attestation is not trusted")]
    AttestationUntrusted,
    /// The attestation leads to the root of a vendor who does not vouch for the model.
    #[error("the vendor that attests it does not vouch for the model")]
    ModelOfAnotherVendor,
    /// The attestation does not prove the model, and there is a rule on models.
    #[error("the attestation does not prove the model")]
    ModelUnproven,
    /// The model is not among those that are taken.
    #[error("the model is not allowed")]
    ModelNotAllowed,
    /// The model is among those that are not taken.
    #[error("the model is denied")]
    ModelDenied,
    /// The key pair is registered already.
    #[error("the security key is registered already")]
    AlreadyRegistered,
    /// The user has no security key.
    #[error("the user has no security key")]
    NoSecurityKey,
    /// No device of this credential is registered for whom the response is about.
    #[error("the security key is not registered")]
    UnknownCredential,
    /// The authenticator keeps the key pair for another user.
    #[error("the user handle is another user's")]
    WrongUserHandle,
    /// The signature counter fell back: somebody may have a copy of the key pair.
    #[error("the signature counter fell back")]
    CounterRegressed,
    /// What the authenticator says of backups contradicts itself, or what it said before.
    #[error("the backup flags contradict each other")]
    InconsistentBackup,
}

impl From<&WebauthnError> for Refusal {
    fn from(error: &WebauthnError) -> Self {
        match error {
            WebauthnError::InvalidClientDataType => Self::WrongCeremony,
            WebauthnError::MismatchedChallenge | WebauthnError::ChallengeNotFound => {
                Self::UnknownChallenge
            }
            WebauthnError::InvalidRPOrigin => Self::WrongOrigin,
            WebauthnError::CredentialCrossOrigin => Self::CrossOrigin,
            WebauthnError::InvalidRPIDHash => Self::WrongRelyingParty,
            WebauthnError::UserNotPresent => Self::UserAbsent,
            WebauthnError::UserNotVerified => Self::UserUnverified,
            WebauthnError::CredentialAlteredAlgFromRequest
            | WebauthnError::COSEKeyInvalidAlgorithm
            | WebauthnError::COSEKeyInvalidType
            | WebauthnError::COSEKeyEDUnsupported
            | WebauthnError::SshPublicKeyEDUnsupported => Self::AlgorithmNotOffered,
            WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
                Self::WrongSignature
            }
            WebauthnError::CredentialNotFound => Self::UnknownCredential,
            WebauthnError::CredentialPossibleCompromise => Self::CounterRegressed,
            WebauthnError::CredentialBackupEligibilityInconsistent
            | WebauthnError::CredentialMayNotBeHardwareBound => Self::InconsistentBackup,
            WebauthnError::AttestationNotSupported
            | WebauthnError::AttestationStatementMapInvalid
            | WebauthnError::AttestationStatementResponseMissing
            | WebauthnError::AttestationStatementResponseInvalid
            | WebauthnError::AttestationStatementSigMissing
            | WebauthnError::AttestationStatementSigInvalid
            | WebauthnError::AttestationStatementVerMissing
            | WebauthnError::AttestationStatementVerInvalid
            | WebauthnError::AttestationStatementVerUnsupported
            | WebauthnError::AttestationStatementX5CMissing
            | WebauthnError::AttestationStatementX5CInvalid
            | WebauthnError::AttestationStatementAlgMissing
            | WebauthnError::AttestationStatementCertInfoMissing
            | WebauthnError::AttestationStatementMissingExtension
            | WebauthnError::AttestationStatementPubAreaMissing
            | WebauthnError::AttestationStatementAlgMismatch
            | WebauthnError::AttestationStatementAlgInvalid
            | WebauthnError::AttestationCertificateAAGUIDMismatch
            | WebauthnError::AttestationCertificateNonceMismatch
            | WebauthnError::AttestationCertificateRequirementsNotMet
            | WebauthnError::AttestationTpmStInvalid
            | WebauthnError::AttestationTpmPubAreaMismatch
            | WebauthnError::AttestationTpmExtraDataInvalid
            | WebauthnError::AttestationTpmExtraDataMismatch
            | WebauthnError::AttestationTpmPubAreaHashUnknown
            | WebauthnError::AttestationTpmPubAreaHashInvalid
            | WebauthnError::AttestationTpmAttestCertifyInvalid
            | WebauthnError::AttestationCredentialSubjectKeyMismatch
            | WebauthnError::X509DerInvalid => Self::InvalidAttestation,
            _ => Self::Malformed,
        }
    }
}
