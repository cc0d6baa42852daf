//! Registration: what a client is asked for, and what its authenticator must have answered.

use claviger_model::name::{SecurityKeyName, SerialNumber};
use claviger_model::{AccountId, Timestamp};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AuthenticatorSelectionCriteria, AuthenticatorTransport,
    COSEAlgorithm, COSEKey, COSEKeyType, Credential, ECDSACurve, PubKeyCredParams,
    PublicKeyCredentialCreationOptions, PublicKeyCredentialDescriptor, RegistrationState,
    RequestRegistrationExtensions, ResidentKeyRequirement, User, UserVerificationPolicy,
};

use super::refusal::Refusal;
use super::relying_party::{OFFERED, RelyingParty, TIMEOUT_MS};
use super::response::RegistrationResponse;
use super::trust::{check_model, proven_model};
use super::user_handle;
use crate::entity::FidoDevice;
use crate::entity::mfa_device::{Holder, Who};
use crate::entity::security_key_policy::{Certifications, SecurityKeyPolicy, UserVerification};

/// Transports that are kept of a device: more than there are.
const MOST_TRANSPORTS: usize = 8;

impl From<UserVerification> for UserVerificationPolicy {
    fn from(rule: UserVerification) -> Self {
        match rule {
            UserVerification::Required => Self::Required,
            UserVerification::Preferred => Self::Preferred,
        }
    }
}

/// What a client is told to make a key pair by: `PublicKeyCredentialCreationOptionsJSON` (Web Authentication, 5.1.3).
/// `name` is what the authenticator shows the user; `held` are the user's devices, none of which may be registered again.
///
/// # Errors
/// The options cannot be written as JSON.
pub fn creation_options(
    party: &RelyingParty,
    policy: &SecurityKeyPolicy,
    who: &Who,
    name: &str,
    challenge: &[u8],
    held: &[FidoDevice],
) -> Result<String, serde_json::Error> {
    let exclude = held.iter().map(|device| PublicKeyCredentialDescriptor {
        type_: String::from("public-key"),
        id: device.credential_id.clone(),
        transports: (!device.transports.is_empty()).then(|| device.transports.clone()),
    });
    let options = PublicKeyCredentialCreationOptions {
        rp: webauthn_rs_core::proto::RelyingParty {
            name: party.name.clone(),
            id: party.id.clone(),
        },
        user: User {
            id: user_handle(policy.account, who).to_vec(),
            name: name.to_owned(),
            display_name: name.to_owned(),
        },
        challenge: challenge.to_vec(),
        pub_key_cred_params: OFFERED
            .iter()
            .map(|algorithm| PubKeyCredParams {
                type_: String::from("public-key"),
                alg: *algorithm as i64,
            })
            .collect(),
        timeout: Some(TIMEOUT_MS),
        exclude_credentials: Some(exclude.collect()),
        authenticator_selection: Some(AuthenticatorSelectionCriteria {
            authenticator_attachment: None,
            resident_key: Some(ResidentKeyRequirement::Preferred),
            require_resident_key: false,
            user_verification: policy.user_verification.into(),
        }),
        hints: None,
        attestation: Some(if policy.needs_attestation() {
            AttestationConveyancePreference::Direct
        } else {
            AttestationConveyancePreference::None
        }),
        attestation_formats: None,
        extensions: None,
    };
    serde_json::to_string(&options)
}

/// A key pair that was made as asked, with what is known of its authenticator.
#[derive(Debug)]
pub struct Registered {
    credential: Credential,
    transports: Vec<AuthenticatorTransport>,
    /// The authenticator's model, where a trusted attestation proves it.
    pub model: Option<String>,
    /// What that model is certified for.
    pub certifications: Certifications,
}

impl Registered {
    /// What the authenticator calls the key pair.
    #[must_use]
    pub fn credential_id(&self) -> &[u8] {
        &self.credential.cred_id
    }

    /// The device that the key pair makes of this id, serial number and name. The attestation has served its purpose and is
    /// dropped: it may name the very thing that it came from.
    pub(crate) fn device(
        self,
        account: AccountId,
        id: String,
        serial: SerialNumber,
        name: SecurityKeyName,
        holder: Holder,
    ) -> FidoDevice {
        let credential = self.credential;
        FidoDevice {
            account,
            id,
            serial,
            name,
            holder,
            credential_id: credential.cred_id,
            public_key: credential.cred,
            counter: credential.counter,
            transports: self.transports,
            verification: credential.registration_policy,
            verified: credential.user_verified,
            backup_eligible: credential.backup_eligible,
            backed_up: credential.backup_state,
            model: self.model,
            certifications: self.certifications,
            regress: None,
        }
    }
}

/// The state between the two steps as the library keeps it, made of the challenge that came back and was found to be ours.
/// Excluded credentials are told apart by the caller, who knows all credentials of all users.
fn state(
    challenge: &[u8],
    verification: UserVerificationPolicy,
) -> Result<RegistrationState, Refusal> {
    serde_json::from_value(json!({
        "policy": verification,
        "exclude_credentials": [],
        "challenge": BASE64URL_NOPAD.encode(challenge),
        "credential_algorithms": OFFERED,
        "require_resident_key": false,
        "authenticator_attachment": null,
        "extensions": RequestRegistrationExtensions::default(),
        "allow_synchronised_authenticators": true,
    }))
    .map_err(|_| Refusal::Malformed)
}

/// Whether the key is on the curve that its algorithm is meant for here (Web Authentication, 5.8.5).
fn is_of_its_curve(key: &COSEKey) -> bool {
    match (&key.type_, &key.key) {
        (COSEAlgorithm::ES256, COSEKeyType::EC_EC2(key)) => key.curve == ECDSACurve::SECP256R1,
        (COSEAlgorithm::ES384, COSEKeyType::EC_EC2(key)) => key.curve == ECDSACurve::SECP384R1,
        (COSEAlgorithm::RS256, COSEKeyType::RSA(_)) => true,
        _ => false,
    }
}

impl RelyingParty {
    /// Verifies a client's answer to a challenge of ours, by the account's rules (Web Authentication, 7.1).
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn register(
        &self,
        response: &RegistrationResponse,
        policy: &SecurityKeyPolicy,
        now: Timestamp,
    ) -> Result<Registered, Refusal> {
        let state = state(response.challenge(), policy.user_verification.into())?;
        let credential = self
            .core
            .register_credential(&response.credential, &state, None)
            .map_err(|error| Refusal::from(&error))?;
        if credential.cred_id != response.credential.raw_id {
            return Err(Refusal::Malformed);
        }
        if !is_of_its_curve(&credential.cred) {
            return Err(Refusal::AlgorithmNotOffered);
        }
        // SECURITY: what an authenticator says of its model counts only under the signature of a vendor whose it is.
        let model = match proven_model(&credential.attestation, policy, now) {
            Ok(model) => model,
            Err(refusal) if policy.needs_attestation() => return Err(refusal),
            Err(_) => None,
        };
        check_model(model.as_deref(), policy)?;
        let mut transports = response
            .credential
            .response
            .transports
            .clone()
            .unwrap_or_default();
        transports.retain(|transport| *transport != AuthenticatorTransport::Unknown);
        transports.truncate(MOST_TRANSPORTS);
        let certifications = model
            .as_deref()
            .map(|model| policy.certifications_of(model))
            .unwrap_or_default();
        Ok(Registered {
            credential,
            transports,
            model,
            certifications,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_takes_the_state_that_is_made_for_it() {
        for rule in [UserVerification::Required, UserVerification::Preferred] {
            assert!(state(&[7; 32], rule.into()).is_ok());
        }
    }
}
