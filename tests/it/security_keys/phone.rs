//! A true client with its authenticator, by another author: what a browser and a telephone would answer.

use claviger_it::ADDRESS;
use passkey_authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey_client::{Client, DefaultClientData, WebauthnError};
use passkey_crypto::rust_crypto::RustCryptoBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use passkey_types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use url::Url;

/// Somebody who touches whatever asks for it.
pub(crate) struct Finger;

#[async_trait::async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        // The authenticator leaves it to whoever shows it.
        if matches!(hint, UiHint::InformExcludedCredentialFound(_)) {
            return Err(Ctap2Error::CredentialExcluded);
        }
        Ok(UserCheck {
            presence,
            verification,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A client whose authenticator keeps one key pair.
pub(crate) struct Phone(
    Client<Option<Passkey>, Finger, RustCryptoBackend, public_suffix::PublicSuffixList, ()>,
);

impl Phone {
    /// One whose authenticator does or does not count signatures.
    pub(crate) fn new(counting: bool) -> Self {
        let mut authenticator =
            Authenticator::new(Aaguid::new_empty(), None, Finger, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(counting);
        Self(Client::new(authenticator))
    }

    /// The answer to these options of a registration.
    pub(crate) async fn create(&mut self, options: &str) -> Result<String, WebauthnError> {
        let public_key = serde_json::from_str(options).expect("options");
        let request = CredentialCreationOptions { public_key };
        let origin = Url::parse(ADDRESS).expect("an address");
        let made = self.0.register(&origin, request, DefaultClientData).await?;
        Ok(serde_json::to_string(&made).expect("JSON"))
    }

    /// The answer to these options of an assertion.
    pub(crate) async fn get(&mut self, options: &str) -> Result<String, WebauthnError> {
        let public_key = serde_json::from_str(options).expect("options");
        let request = CredentialRequestOptions { public_key };
        let origin = Url::parse(ADDRESS).expect("an address");
        let made = self
            .0
            .authenticate(&origin, request, DefaultClientData)
            .await?;
        Ok(serde_json::to_string(&made).expect("JSON"))
    }
}
