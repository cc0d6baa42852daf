//! An account's rules for FIDO security keys and passkeys.

use claviger_model::{AccountId, enum_scalar};
use claviger_store::{Entries, Record, Scope};

enum_scalar! {
    /// Whether the authenticator must have verified its user, by PIN or by biometrics.
    UserVerification {
        /// Where it can, it is asked to.
        Preferred = "preferred",
        /// A response without it is refused.
        Required = "required",
    }
}

enum_scalar! {
    /// Whether an authenticator must prove by its vendor's certificate what it is.
    Attestation {
        /// It is not asked to.
        None = "none",
        /// One that does not is refused.
        Required = "required",
    }
}

enum_scalar! {
    /// A level of certification by the FIDO Alliance (service authorization reference, `iam:FIDO-certification`).
    FidoLevel {
        /// Level 1.
        L1 = "L1",
        /// Level 1+.
        L1Plus = "L1plus",
        /// Level 2.
        L2 = "L2",
        /// Level 2+.
        L2Plus = "L2plus",
        /// Level 3.
        L3 = "L3",
        /// Level 3+.
        L3Plus = "L3plus",
    }
}

enum_scalar! {
    /// A level of certification by FIPS 140 (service authorization reference, `iam:FIDO-FIPS-140-2-certification`).
    FipsLevel {
        /// Level 1.
        L1 = "L1",
        /// Level 2.
        L2 = "L2",
        /// Level 3.
        L3 = "L3",
        /// Level 4.
        L4 = "L4",
    }
}

/// What a model of authenticator is certified for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Certifications {
    /// By the FIDO Alliance.
    pub fido: Option<FidoLevel>,
    /// By FIPS 140-2.
    pub fips_140_2: Option<FipsLevel>,
    /// By FIPS 140-3.
    pub fips_140_3: Option<FipsLevel>,
}

impl Certifications {
    /// Each with the name that it has in `GetMFADevice`.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            ("FIDO", self.fido.map(FidoLevel::as_str)),
            ("FIPS-140-2", self.fips_140_2.map(FipsLevel::as_str)),
            ("FIPS-140-3", self.fips_140_3.map(FipsLevel::as_str)),
        ]
        .into_iter()
        .filter_map(|(name, level)| Some((name, level?)))
    }
}

/// A model of authenticator, and what the account's administrators know of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KnownModel {
    /// The model's AAGUID in lower case.
    pub aaguid: String,
    /// What it is certified for.
    pub certifications: Certifications,
}

/// A vendor's certificate to which attestations may lead.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrustedRoot {
    /// The certificate in PEM.
    pub certificate: String,
    /// The AAGUIDs, in lower case, of the models that it vouches for. One that names none proves no model.
    pub models: Vec<String>,
}

/// An account's rules for FIDO security keys and passkeys.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SecurityKeyPolicy {
    /// The account.
    pub account: AccountId,
    /// Whether users must be verified.
    pub user_verification: UserVerification,
    /// Whether authenticators must prove what they are.
    pub attestation: Attestation,
    /// The vendors' certificates to which an attestation must lead.
    pub trusted_roots: Vec<TrustedRoot>,
    /// The AAGUIDs, in lower case, of the only models that are taken; all are where there is none.
    pub allowed_models: Vec<String>,
    /// The AAGUIDs, in lower case, of models that are not taken.
    pub denied_models: Vec<String>,
    /// What is known of models.
    pub known_models: Vec<KnownModel>,
}

/// The record's id is always this: an account has one policy.
pub const SECURITY_KEY_POLICY_RECORD: &str = "security_key_policy";

impl SecurityKeyPolicy {
    /// What holds for an account that has set no rules: whatever a user has is better than no second factor.
    #[must_use]
    pub fn default_of(account: AccountId) -> Self {
        Self {
            account,
            user_verification: UserVerification::Preferred,
            attestation: Attestation::None,
            trusted_roots: Vec::new(),
            allowed_models: Vec::new(),
            denied_models: Vec::new(),
            known_models: Vec::new(),
        }
    }

    /// Whether a registration must come with an attestation that is trusted. A rule on models is none without it, since
    /// an authenticator can claim to be any model.
    #[must_use]
    pub fn needs_attestation(&self) -> bool {
        self.attestation == Attestation::Required || self.has_rules_on_models()
    }

    /// Whether some models are taken and others are not.
    #[must_use]
    pub fn has_rules_on_models(&self) -> bool {
        !self.allowed_models.is_empty() || !self.denied_models.is_empty()
    }

    /// What is known of a model.
    #[must_use]
    pub fn certifications_of(&self, aaguid: &str) -> Certifications {
        let mut known = self.known_models.iter();
        known
            .find(|model| model.aaguid == aaguid)
            .map_or_else(Certifications::default, |model| model.certifications)
    }
}

impl Record for SecurityKeyPolicy {
    const KIND: &'static str = "security_key_policy";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        SECURITY_KEY_POLICY_RECORD
    }

    fn entries(&self, _: &mut Entries) {}
}
