//! FIDO security keys and passkeys. One belongs to whoever registered it, and is gone once it is taken away.

use claviger_model::name::{SecurityKeyName, SerialNumber};
use claviger_model::{AccountId, Timestamp};
use claviger_store::{Entries, Record, Scope};
use sha2::{Digest, Sha256};
use webauthn_rs_core::proto::{
    AttestationFormat, AuthenticatorTransport, COSEKey, Credential, ParsedAttestation,
    RegisteredExtensions, UserVerificationPolicy,
};

use super::index::{FIDO_BY_SERIAL, FIDO_CREDENTIALS};
use super::mfa_device::{Holder, serial_key};
use super::security_key_policy::Certifications;

/// A FIDO security key or passkey. What its attestation said was verified at registration and is not kept.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct FidoDevice {
    /// The account it belongs to.
    pub account: AccountId,
    /// Never used again, unlike a credential id.
    pub id: String,
    /// The device's resource name.
    pub serial: SerialNumber,
    /// What its holder calls it.
    pub name: SecurityKeyName,
    /// Who registered it, and when.
    pub holder: Holder,
    /// What the authenticator calls the key pair.
    pub credential_id: Vec<u8>,
    /// The public key, in the form in which the verifying library keeps one.
    pub public_key: COSEKey,
    /// The signature counter at registration. The mark [`FIDO_COUNTER`] stands above it once it has moved.
    pub counter: u32,
    /// How clients said that they reach the authenticator: a hint to later ones.
    pub transports: Vec<AuthenticatorTransport>,
    /// What was asked of user verification at registration.
    pub verification: UserVerificationPolicy,
    /// Whether the user was verified at registration.
    pub verified: bool,
    /// Whether the key pair can leave the authenticator, as that of a synchronised passkey can.
    pub backup_eligible: bool,
    /// Whether the key pair was backed up when it was last used.
    pub backed_up: bool,
    /// The authenticator's model (AAGUID), where a trusted attestation proves it.
    pub model: Option<String>,
    /// What that model is certified for.
    pub certifications: Certifications,
    /// The last time that the signature counter fell back: somebody may have a copy of the key pair.
    pub regress: Option<Regress>,
}

/// A signature counter that fell back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Regress {
    /// When it was seen.
    pub seen: Timestamp,
    /// The counter that should have been exceeded.
    pub expected_above: u32,
}

/// The kind of mark that tells the highest signature counter accepted; its id is the device's.
pub const FIDO_COUNTER: &str = "fido_counter";

/// What a credential id is found by.
#[must_use]
pub fn credential_key(credential_id: &[u8]) -> [u8; 32] {
    Sha256::digest(credential_id).into()
}

/// Whether a serial number is that of a FIDO device: no other is a resource name of this type.
#[must_use]
pub fn is_fido(serial: &SerialNumber) -> bool {
    let folded = claviger_model::text::fold(serial.as_str());
    claviger_model::arn::split(&folded).is_some_and(|parts| parts.resource.starts_with("u2f/"))
}

impl FidoDevice {
    /// The credential as the verifying library takes it, with the counter as it stands now.
    #[must_use]
    pub fn credential(&self, counter: u32) -> Credential {
        Credential {
            cred_id: self.credential_id.clone(),
            cred: self.public_key.clone(),
            counter,
            transports: None,
            user_verified: self.verified,
            backup_eligible: self.backup_eligible,
            backup_state: self.backed_up,
            registration_policy: self.verification,
            extensions: RegisteredExtensions::none(),
            attestation: ParsedAttestation::default(),
            attestation_format: AttestationFormat::None,
        }
    }
}

impl Record for FidoDevice {
    const KIND: &'static str = "fido_device";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn entries(&self, out: &mut Entries) {
        out.unique(
            &FIDO_CREDENTIALS,
            credential_key(&self.credential_id).as_slice(),
        );
        out.unique(&FIDO_BY_SERIAL, serial_key(self.serial.as_str()));
    }
}
