//! Trust in attestations: to which of the account's roots one leads, and which models that root vouches for.
//!
//! SECURITY: a vendor answers for its own models and for no other's. A root vouches for the models that the policy says it
//! does, as a FIDO metadata statement binds a model to the roots of its vendor; a root that names none proves where an
//! authenticator comes from and nothing of its model. That is what the library's list of roots does with its AAGUIDs, which
//! cannot be asked here: it asks the system's clock, and of two roots of one name it knows the first alone.

use std::time::{Duration, SystemTime};

use claviger_model::Timestamp;
use webauthn_rs_core::attestation::verify_attestation_ca_chain;
use webauthn_rs_core::proto::{
    AttestationCaList, AttestationMetadata, ParsedAttestation, ParsedAttestationData,
};

use super::refusal::Refusal;
use crate::entity::SecurityKeyPolicy;
use crate::entity::security_key_policy::{Attestation, TrustedRoot};

/// The model that an attestation proves, where it leads to one of the account's roots; `None` where that root, or the
/// form of the attestation, says nothing of models.
///
/// # Errors
/// Why it is not trusted.
pub(super) fn proven_model(
    attestation: &ParsedAttestation,
    policy: &SecurityKeyPolicy,
    now: Timestamp,
) -> Result<Option<String>, Refusal> {
    match attestation.data {
        ParsedAttestationData::None => return Err(Refusal::AttestationMissing),
        ParsedAttestationData::Self_ => return Err(Refusal::SelfAttested),
        ParsedAttestationData::ECDAA | ParsedAttestationData::Uncertain => {
            return Err(Refusal::AttestationUntrusted);
        }
        ParsedAttestationData::Basic(_)
        | ParsedAttestationData::AttCa(_)
        | ParsedAttestationData::AnonCa(_) => {}
    }
    let claimed = claimed_model(&attestation.metadata);
    let mut outcome = Err(Refusal::AttestationUntrusted);
    for root in &policy.trusted_roots {
        if !leads_to(root, &attestation.data, now) {
            continue;
        }
        match vouched(root, claimed.as_deref()) {
            Ok(Some(model)) => return Ok(Some(model)),
            Ok(None) => outcome = Ok(None),
            // Another root may have the same name and the same key.
            Err(why) => outcome = outcome.or(Err(why)),
        }
    }
    outcome
}

/// The model that an attestation speaks of, under the vendor's signature.
fn claimed_model(metadata: &AttestationMetadata) -> Option<String> {
    match metadata {
        AttestationMetadata::Packed { aaguid } => Some(aaguid.to_string()),
        // Whoever holds a TPM chooses what it certifies beside its key, the model included; the others name none.
        _ => None,
    }
}

/// Whether the attestation leads to this root. Each is asked alone: of two roots of one name, which a vendor has when it
/// renews one, the library would ask the first and no other.
fn leads_to(root: &TrustedRoot, attestation: &ParsedAttestationData, now: Timestamp) -> bool {
    AttestationCaList::try_from(root.certificate.as_bytes()).is_ok_and(|alone| {
        matches!(
            verify_attestation_ca_chain(attestation, &alone, instant(now)),
            Ok(Some(_))
        )
    })
}

/// The claimed model, where the root vouches for it.
fn vouched(root: &TrustedRoot, claimed: Option<&str>) -> Result<Option<String>, Refusal> {
    if root.models.is_empty() {
        return Ok(None);
    }
    let claimed = claimed.ok_or(Refusal::ModelUnproven)?;
    if root.models.iter().any(|model| model == claimed) {
        Ok(Some(claimed.to_owned()))
    } else {
        Err(Refusal::ModelOfAnotherVendor)
    }
}

fn instant(now: Timestamp) -> SystemTime {
    let since = u64::try_from(now.micros()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(since)
}

/// Holds the proven model against the account's rules on models.
pub(super) fn check_model(model: Option<&str>, policy: &SecurityKeyPolicy) -> Result<(), Refusal> {
    if !policy.has_rules_on_models() {
        return Ok(());
    }
    let model = model.ok_or(Refusal::ModelUnproven)?;
    let has = |list: &[String]| list.iter().any(|one| one == model);
    if has(&policy.denied_models) {
        return Err(Refusal::ModelDenied);
    }
    if !policy.allowed_models.is_empty() && !has(&policy.allowed_models) {
        return Err(Refusal::ModelNotAllowed);
    }
    Ok(())
}

/// Whether the account's rules can be kept at all: an attestation leads somewhere, and a rule on models has a proof.
///
/// # Errors
/// What contradicts what, in words for an administrator.
pub fn check_policy(policy: &SecurityKeyPolicy) -> Result<(), String> {
    let refused = |text: &str| Err(text.to_owned());
    if policy.needs_attestation() && policy.attestation == Attestation::None {
        return refused(
            "Rules on models need an attestation that proves the model: set Attestation to required.",
        );
    }
    if policy.needs_attestation() && policy.trusted_roots.is_empty() {
        return refused("An attestation that is required must lead to one of TrustedRoots.");
    }
    let mut roots = policy.trusted_roots.iter();
    if policy.has_rules_on_models() && roots.any(|root| root.models.is_empty()) {
        return refused(
            "Rules on models need roots that vouch for models: name the AAGUIDs of each of TrustedRoots.",
        );
    }
    let is_vouched_for = |model: &String| {
        let mut roots = policy.trusted_roots.iter();
        roots.any(|root| root.models.contains(model))
    };
    if let Some(model) = policy
        .allowed_models
        .iter()
        .find(|one| !is_vouched_for(one))
    {
        return Err(format!(
            "None of TrustedRoots vouches for {model}, which AllowedAAGUIDs allows: name it among the AAGUIDs of its vendor's root."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use claviger_model::AccountId;

    use super::*;

    fn policy() -> SecurityKeyPolicy {
        SecurityKeyPolicy::default_of(AccountId::from_number(123_456_789_012).expect("digits"))
    }

    fn root(models: &[&str]) -> TrustedRoot {
        TrustedRoot {
            certificate: include_str!("../../../../tests/credentials/vendor.pem").into(),
            models: models.iter().copied().map(String::from).collect(),
        }
    }

    const MODEL: &str = "00112233-4455-6677-8899-aabbccddeeff";
    const OTHER: &str = "ffffffff-4455-6677-8899-aabbccddeeff";

    #[test]
    fn ac_36_a_model_counts_only_where_it_is_proved() {
        let allowing = SecurityKeyPolicy {
            allowed_models: vec![MODEL.into()],
            ..policy()
        };
        let denying = SecurityKeyPolicy {
            denied_models: vec![MODEL.into()],
            ..policy()
        };
        for (policy, model, checked) in [
            (&policy(), None, Ok(())),
            (&allowing, Some(MODEL), Ok(())),
            (&allowing, Some(OTHER), Err(Refusal::ModelNotAllowed)),
            (&allowing, None, Err(Refusal::ModelUnproven)),
            (&denying, Some(OTHER), Ok(())),
            (&denying, Some(MODEL), Err(Refusal::ModelDenied)),
            (&denying, None, Err(Refusal::ModelUnproven)),
        ] {
            assert_eq!(check_model(model, policy), checked);
        }
    }

    #[test]
    fn ac_36_a_root_vouches_for_the_models_that_it_names_and_for_no_other() {
        for (models, claimed, outcome) in [
            (&[MODEL][..], Some(MODEL), Ok(Some(MODEL))),
            (&[OTHER, MODEL], Some(MODEL), Ok(Some(MODEL))),
            (&[OTHER], Some(MODEL), Err(Refusal::ModelOfAnotherVendor)),
            (&[MODEL], None, Err(Refusal::ModelUnproven)),
            (&[], Some(MODEL), Ok(None)),
            (&[], None, Ok(None)),
        ] {
            let outcome = outcome.map(|model| model.map(String::from));
            assert_eq!(vouched(&root(models), claimed), outcome, "{models:?}");
        }
    }

    #[test]
    fn rules_that_nothing_could_prove_are_refused() {
        assert_eq!(check_policy(&policy()), Ok(()));
        let demanding = SecurityKeyPolicy {
            attestation: Attestation::Required,
            trusted_roots: vec![root(&[MODEL])],
            ..policy()
        };
        let denying = SecurityKeyPolicy {
            denied_models: vec![MODEL.into()],
            ..demanding.clone()
        };
        let allowing = SecurityKeyPolicy {
            allowed_models: vec![MODEL.into()],
            ..demanding.clone()
        };
        let of_any = SecurityKeyPolicy {
            trusted_roots: vec![root(&[])],
            ..demanding.clone()
        };
        for good in [&demanding, &denying, &allowing, &of_any] {
            assert_eq!(check_policy(good), Ok(()));
        }
        for broken in [
            SecurityKeyPolicy {
                attestation: Attestation::None,
                ..denying.clone()
            },
            SecurityKeyPolicy {
                trusted_roots: Vec::new(),
                ..demanding
            },
            SecurityKeyPolicy {
                trusted_roots: vec![root(&[MODEL]), root(&[])],
                ..denying
            },
            SecurityKeyPolicy {
                trusted_roots: vec![root(&[])],
                ..allowing.clone()
            },
            SecurityKeyPolicy {
                trusted_roots: vec![root(&[OTHER])],
                ..allowing
            },
        ] {
            assert!(check_policy(&broken).is_err(), "{broken:?}");
        }
    }
}
