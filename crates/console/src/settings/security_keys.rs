//! Which security keys and passkeys may be assigned.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::security_key_policy::{
    Aaguid, GetAccountSecurityKeyPolicy, SecurityKeyModel, SecurityKeyPolicyShape,
    TrustedRootShape, UpdateAccountSecurityKeyPolicy,
};
use claviger_model::{Code, Secret};

use crate::answer::{Answer, Failure, go, page, page_again};
use crate::door::Visit;
use crate::field::{read, read_filled};
use crate::view::{Frame, fault_text};

/// Certificates that an account may trust.
const MOST_ROOTS: usize = 32;
/// Models that one field may name.
const MOST_MODELS: usize = 100;

/// A vendor's certificate, and the models it vouches for.
struct Root {
    certificate: String,
    models: String,
}

/// The rules, as the form shows them: as typed, or as they are.
#[derive(Template)]
#[template(path = "settings/security_keys.html")]
struct Rules {
    frame: Frame,
    error: Option<String>,
    verify: bool,
    attest: bool,
    roots: Vec<Root>,
    allowed: String,
    denied: String,
    known: String,
}

impl Rules {
    fn held(visit: &Visit, held: SecurityKeyPolicyShape) -> Self {
        let root = |root: TrustedRootShape| Root {
            certificate: root.certificate_body.expose().as_str().to_owned(),
            models: lines(root.aaguids.iter().map(|one| one.as_str().to_owned())),
        };
        let mut roots: Vec<Root> = held.trusted_roots.into_iter().map(root).collect();
        roots.push(Root {
            certificate: String::new(),
            models: String::new(),
        });
        Self {
            frame: Frame::of(visit, "Security keys and passkeys", "settings"),
            error: None,
            verify: held.user_verification.as_str() == "required",
            attest: held.attestation.as_str() == "required",
            roots,
            allowed: held.allowed_aaguids.join("\n"),
            denied: held.denied_aaguids.join("\n"),
            known: lines(held.known_models.iter().map(line)),
        }
    }

    /// What was typed, but for certificates that are not in force: one may have been a private key.
    fn refused(self, visit: &Visit, said: String) -> Self {
        let form = &visit.asked.form;
        let text = |name: &str| form.text(name).to_owned();
        let in_force = |typed: &str| {
            let mut roots = self.roots.iter();
            roots.any(|root| root.certificate.trim() == typed)
        };
        let typed = form.all("certificate").zip(form.all("vouches"));
        let roots = typed.map(|(certificate, models)| Root {
            certificate: Some(certificate)
                .filter(|certificate| in_force(certificate))
                .unwrap_or_default()
                .to_owned(),
            models: models.to_owned(),
        });
        Self {
            error: Some(said),
            verify: form.text("verification") == "required",
            attest: form.text("attestation") == "required",
            roots: roots.collect(),
            allowed: text("allowed"),
            denied: text("denied"),
            known: text("known"),
            frame: self.frame,
        }
    }
}

fn lines(each: impl Iterator<Item = String>) -> String {
    each.collect::<Vec<_>>().join("\n")
}

/// A model with its certifications, as the form has it.
fn line(model: &SecurityKeyModel) -> String {
    let levels = [
        ("FIDO", model.fido_certification.map(|level| level.as_str())),
        (
            "FIPS-140-2",
            model.fips_140_2_certification.map(|level| level.as_str()),
        ),
        (
            "FIPS-140-3",
            model.fips_140_3_certification.map(|level| level.as_str()),
        ),
    ];
    let mut line = model.aaguid.as_str().to_owned();
    for (name, level) in levels {
        if let Some(level) = level {
            line += &format!(" {name}={level}");
        }
    }
    line
}

fn refused(message: impl Into<String>) -> Fault {
    Fault::new(Code::InvalidInput, message)
}

/// The models that a field names.
fn models(text: &str, label: &str) -> Result<Vec<Aaguid>, Fault> {
    let named = text.split(|c: char| c.is_whitespace() || c == ',');
    let named = named.filter(|one| !one.is_empty());
    let models: Vec<Aaguid> = named
        .map(|one| read(one, label))
        .collect::<Result<_, _>>()?;
    few(models, MOST_MODELS, label)
}

/// These, if they are not too many.
fn few<T>(these: Vec<T>, most: usize, label: &str) -> Result<Vec<T>, Fault> {
    if these.len() > most {
        return Err(refused(format!("{label}: {most} at the most.")));
    }
    Ok(these)
}

/// A model with its certifications, from a line.
fn known(line: &str) -> Result<SecurityKeyModel, Fault> {
    let mut words = line.split_whitespace();
    let (mut fido, mut fips_2, mut fips_3) = (None, None, None);
    let aaguid = read(words.next().unwrap_or_default(), "A model that is known")?;
    for word in words {
        let (place, level) = word.split_once('=').unwrap_or((word, ""));
        match place {
            "FIDO" => fido = Some(level),
            "FIPS-140-2" => fips_2 = Some(level),
            "FIPS-140-3" => fips_3 = Some(level),
            _ => {
                return Err(refused(
                    "A certification is written FIDO=…, FIPS-140-2=… or FIPS-140-3=….",
                ));
            }
        }
    }
    Ok(SecurityKeyModel {
        aaguid,
        fido_certification: read_filled(fido, "The level of FIDO")?,
        fips_140_2_certification: read_filled(fips_2, "The level of FIPS 140-2")?,
        fips_140_3_certification: read_filled(fips_3, "The level of FIPS 140-3")?,
    })
}

async fn rules(visit: &Visit) -> Result<Rules, Fault> {
    let held = visit.call(&GetAccountSecurityKeyPolicy {}).await?;
    Ok(Rules::held(visit, held.security_key_policy))
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&rules(&visit).await.map_err(Failure::from)?)
}

/// Replaces the rules by those of the form.
pub(crate) async fn save(visit: Visit) -> Answer {
    match run(&visit).await {
        Ok(()) => go("/console/settings?done=settings-saved"),
        Err(fault) => {
            let rules = rules(&visit).await.map_err(Failure::from)?;
            page_again(&rules.refused(&visit, fault_text(&fault)))
        }
    }
}

async fn run(visit: &Visit) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let mut trusted_roots = Vec::new();
    for (certificate, vouches) in form.all("certificate").zip(form.all("vouches")) {
        if certificate.is_empty() && vouches.is_empty() {
            continue;
        }
        trusted_roots.push(TrustedRootShape {
            certificate_body: Secret::new(read(certificate, "The certificate")?),
            aaguids: models(vouches, "A model that a certificate vouches for")?,
        });
    }
    let lines = form.text("known").lines();
    let lines = lines.filter(|line| !line.trim().is_empty());
    let update = UpdateAccountSecurityKeyPolicy {
        user_verification: Some(read(form.text("verification"), "The verification")?),
        attestation: Some(read(form.text("attestation"), "The proof")?),
        trusted_roots: few(trusted_roots, MOST_ROOTS, "Certificates")?,
        allowed_aaguids: models(form.text("allowed"), "A model allowed")?,
        denied_aaguids: models(form.text("denied"), "A model denied")?,
        known_models: few(
            lines.map(known).collect::<Result<_, _>>()?,
            MOST_MODELS,
            "Models that are known",
        )?,
    };
    visit.call(&update).await.map(drop)
}
