//! The account's rules for FIDO security keys and passkeys. Operations of this server's own.

use claviger_model::scalar::Constraint::Pattern;
use claviger_model::{Code, Secret, Timestamp, text_scalar};
use claviger_pki::{Certificate, CertificateError, KeyKind};
use claviger_shape::Shape;

use super::shapes::CertificateBody;
use super::users::stored_name;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::SecurityKeyPolicy;
use crate::entity::security_key_policy::{
    Attestation, Certifications, FidoLevel, FipsLevel, KnownModel, TrustedRoot, UserVerification,
};
use crate::fault::Fault;
use crate::spec::{Access, Spec};
use crate::webauthn;

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<UpdateAccountSecurityKeyPolicy>(),
    entry::<GetAccountSecurityKeyPolicy>(),
];

text_scalar! {
    /// The identifier of a model of authenticators (AAGUID): a UUID.
    Aaguid, [Pattern("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")], is_uuid
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl Aaguid {
    /// In the case in which identifiers are compared.
    fn folded(&self) -> String {
        self.as_str().to_ascii_lowercase()
    }
}

/// A vendor's certificate that attestations may lead to.
#[derive(Shape)]
#[shape(name = "TrustedRoot")]
pub struct TrustedRootShape {
    /// The certificate in PEM: one that is valid now, of an authority (`CA:TRUE`) with the key usage `keyCertSign`.
    pub certificate_body: Secret<CertificateBody>,
    /// The models that it vouches for, by AAGUID, as the vendor's FIDO metadata statements say it. A key of another model
    /// whose attestation leads here is refused. Where none is named, an attestation proves the vendor and no model.
    #[shape(name = "AAGUIDs", max = 100)]
    pub aaguids: Vec<Aaguid>,
}

/// What is known of a model of authenticators: what condition keys of `iam:EnableMFADevice` stand for.
#[derive(Shape)]
pub struct SecurityKeyModel {
    /// The model.
    #[shape(name = "AAGUID")]
    pub aaguid: Aaguid,
    /// Its certification by the FIDO Alliance: `iam:FIDO-certification`.
    #[shape(name = "FIDOCertification")]
    pub fido_certification: Option<FidoLevel>,
    /// Its certification by FIPS 140-2: `iam:FIDO-FIPS-140-2-certification`.
    #[shape(name = "FIPS1402Certification")]
    pub fips_140_2_certification: Option<FipsLevel>,
    /// Its certification by FIPS 140-3: `iam:FIDO-FIPS-140-3-certification`.
    #[shape(name = "FIPS1403Certification")]
    pub fips_140_3_certification: Option<FipsLevel>,
}

/// Sets the account's rules for FIDO security keys and passkeys. They bind what is registered from now on, and user
/// verification binds every sign-in. The whole policy is replaced: what is left out goes back to its default. An operation
/// of this server's own.
#[derive(Shape)]
pub struct UpdateAccountSecurityKeyPolicy {
    /// Whether authenticators must verify their users; `preferred` when left out.
    pub user_verification: Option<UserVerification>,
    /// Whether authenticators must prove by a vendor's certificate what they are; `none` when left out.
    pub attestation: Option<Attestation>,
    /// The vendors' certificates that an attestation must lead to. Needed where an attestation is required.
    // There are about a hundred vendors, and nobody buys of all.
    #[shape(max = 32)]
    pub trusted_roots: Vec<TrustedRootShape>,
    /// The only models that are taken, by AAGUID; all when left out. Needs an attestation, and roots that vouch for them.
    #[shape(name = "AllowedAAGUIDs", max = 100)]
    pub allowed_aaguids: Vec<Aaguid>,
    /// Models that are not taken, by AAGUID. Needs an attestation, and roots that each name the models they vouch for.
    #[shape(name = "DeniedAAGUIDs", max = 100)]
    pub denied_aaguids: Vec<Aaguid>,
    /// What is known of models.
    #[shape(max = 100)]
    pub known_models: Vec<SecurityKeyModel>,
}

fn refused(message: impl Into<String>) -> Fault {
    Fault::new(Code::InvalidInput, message)
}

fn folded(aaguids: &[Aaguid]) -> Vec<String> {
    aaguids.iter().map(Aaguid::folded).collect()
}

/// A root at a place in the request, if an attestation could ever lead to it.
fn trusted_root(
    place: usize,
    root: &TrustedRootShape,
    now: Timestamp,
) -> Result<TrustedRoot, Fault> {
    let read = Certificate::parse(root.certificate_body.expose().as_str()).map_err(|error| {
        let why = match error {
            CertificateError::NotPem => "is not one certificate in PEM and nothing else",
            CertificateError::Malformed => "cannot be read",
        };
        let message = format!("The certificate of TrustedRoots.member.{place} {why}.");
        Fault::new(Code::MalformedCertificate, message)
    })?;
    let (begin, end) = read.validity();
    let why = if !read.states_authority() {
        "is not that of an authority that signs certificates: it needs CA:TRUE and the key usage keyCertSign"
    } else if now.seconds() < begin {
        "is not valid yet"
    } else if now.seconds() > end {
        "has expired"
    } else if matches!(read.key_kind(), KeyKind::Ed25519 | KeyKind::Other) {
        "has a key of a kind that is not verified here: it must be RSA, P-256 or P-384"
    } else {
        return Ok(TrustedRoot {
            certificate: read.to_pem() + "\n",
            models: folded(&root.aaguids),
        });
    };
    Err(refused(format!(
        "The certificate of TrustedRoots.member.{place} {why}."
    )))
}

/// The roots of a request.
fn trusted_roots(roots: &[TrustedRootShape], now: Timestamp) -> Result<Vec<TrustedRoot>, Fault> {
    let mut trusted: Vec<TrustedRoot> = Vec::with_capacity(roots.len());
    for (place, root) in (1..).zip(roots) {
        let root = trusted_root(place, root, now)?;
        let mut before = trusted.iter();
        if before.any(|one| one.certificate == root.certificate) {
            return Err(refused("A certificate stands in TrustedRoots twice."));
        }
        trusted.push(root);
    }
    Ok(trusted)
}

impl Operation for UpdateAccountSecurityKeyPolicy {
    const SPEC: Spec = Spec::iam("UpdateAccountSecurityKeyPolicy", Access::Write)
        .faults(&[Code::InvalidInput, Code::MalformedCertificate]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let trusted_roots = trusted_roots(&self.trusted_roots, cx.now())?;
        let known_models: Vec<KnownModel> = self
            .known_models
            .iter()
            .map(|model| KnownModel {
                aaguid: model.aaguid.folded(),
                certifications: Certifications {
                    fido: model.fido_certification,
                    fips_140_2: model.fips_140_2_certification,
                    fips_140_3: model.fips_140_3_certification,
                },
            })
            .collect();
        let mut named: Vec<&str> = known_models.iter().map(|one| one.aaguid.as_str()).collect();
        named.sort_unstable();
        if named.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(refused("A model stands in KnownModels twice."));
        }
        let policy = SecurityKeyPolicy {
            account: cx.account(),
            user_verification: self
                .user_verification
                .unwrap_or(UserVerification::Preferred),
            attestation: self.attestation.unwrap_or(Attestation::None),
            trusted_roots,
            allowed_models: folded(&self.allowed_aaguids),
            denied_models: folded(&self.denied_aaguids),
            known_models,
        };
        webauthn::check_policy(&policy).map_err(refused)?;
        // Read first, so that it is replaced and not taken for new.
        let account = cx.account();
        webauthn::policy(&mut cx.unit, account).await?;
        cx.unit.put(policy);
        Ok(Empty {})
    }
}

/// Tells the account's rules for FIDO security keys and passkeys, or the default ones where none were set. An operation of
/// this server's own.
#[derive(Shape)]
pub struct GetAccountSecurityKeyPolicy {}

/// The account's rules for FIDO security keys and passkeys.
#[derive(Shape)]
#[shape(name = "SecurityKeyPolicy")]
pub struct SecurityKeyPolicyShape {
    /// Whether authenticators must verify their users.
    pub user_verification: UserVerification,
    /// Whether authenticators must prove by a vendor's certificate what they are.
    pub attestation: Attestation,
    /// The vendors' certificates that an attestation must lead to.
    pub trusted_roots: Vec<TrustedRootShape>,
    /// The only models that are taken; all where there is none.
    #[shape(name = "AllowedAAGUIDs")]
    pub allowed_aaguids: Vec<String>,
    /// Models that are not taken.
    #[shape(name = "DeniedAAGUIDs")]
    pub denied_aaguids: Vec<String>,
    /// What is known of models.
    pub known_models: Vec<SecurityKeyModel>,
}

/// The answer of [`GetAccountSecurityKeyPolicy`].
#[derive(Shape)]
pub struct GetAccountSecurityKeyPolicyOutput {
    /// The rules.
    pub security_key_policy: SecurityKeyPolicyShape,
}

impl Operation for GetAccountSecurityKeyPolicy {
    const SPEC: Spec = Spec::iam("GetAccountSecurityKeyPolicy", Access::Read);
    type Output = GetAccountSecurityKeyPolicyOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = cx.account();
        let policy = webauthn::policy(&mut cx.unit, account).await?;
        let mut known_models = Vec::with_capacity(policy.known_models.len());
        for known in &policy.known_models {
            known_models.push(SecurityKeyModel {
                aaguid: stored_name(&known.aaguid)?,
                fido_certification: known.certifications.fido,
                fips_140_2_certification: known.certifications.fips_140_2,
                fips_140_3_certification: known.certifications.fips_140_3,
            });
        }
        let mut trusted_roots = Vec::with_capacity(policy.trusted_roots.len());
        for root in &policy.trusted_roots {
            let aaguids = root.models.iter().map(|model| stored_name(model));
            trusted_roots.push(TrustedRootShape {
                certificate_body: stored_name(&root.certificate)?,
                aaguids: aaguids.collect::<Result<_, _>>()?,
            });
        }
        Ok(GetAccountSecurityKeyPolicyOutput {
            security_key_policy: SecurityKeyPolicyShape {
                user_verification: policy.user_verification,
                attestation: policy.attestation,
                trusted_roots,
                allowed_aaguids: policy.allowed_models,
                denied_aaguids: policy.denied_models,
                known_models,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar;

    use super::*;

    #[test]
    fn a_model_is_a_uuid_in_either_case() {
        let upper = Aaguid::parse("00112233-4455-6677-8899-AABBCCDDEEFF").expect("a UUID");
        assert_eq!(upper.folded(), "00112233-4455-6677-8899-aabbccddeeff");
        for bad in [
            "",
            "00112233445566778899aabbccddeeff",
            "00112233-4455-6677-8899-aabbccddeefg",
            "00112233-4455-6677-8899-aabbccddeeff0",
            "{0112233-4455-6677-8899-aabbccddeef}",
        ] {
            assert!(Aaguid::parse(bad).is_err(), "{bad}");
        }
    }
}
