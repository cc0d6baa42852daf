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

/// What was wrong, and the field that it stands beside: `allowed`, `certificate-2`; none where it is about the whole.
struct Wrong {
    field: String,
    fault: Fault,
}

impl Wrong {
    fn at(field: impl Into<String>) -> impl FnOnce(Fault) -> Self {
        let field = field.into();
        move |fault| Self { field, fault }
    }

    /// Of the operation, which names its members. `places` says which certificate of the form each of its roots is.
    fn told(fault: Fault, places: &[usize]) -> Self {
        let said = fault_text(&fault).to_lowercase();
        let root = || {
            let (_, behind) = said.split_once("trustedroots.")?;
            let digits = behind.trim_start_matches("member.");
            let number: String = digits.chars().take_while(char::is_ascii_digit).collect();
            places.get(number.parse::<usize>().ok()?.checked_sub(1)?)
        };
        let named = [
            ("allowedaaguids", "allowed"),
            ("deniedaaguids", "denied"),
            ("knownmodels", "known"),
        ];
        let field = match root() {
            Some(place) => format!("certificate-{place}"),
            None => named
                .iter()
                .find(|(member, _)| said.contains(member))
                .map_or_else(String::new, |(_, field)| (*field).to_owned()),
        };
        Self { field, fault }
    }
}

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
    /// What was wrong, beside the field of this name.
    error: Option<(String, String)>,
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

    /// What was wrong in this field, if anything; in the field without a name, what is about the whole.
    fn error_at(&self, field: &str) -> Option<&str> {
        let (at, said) = self.error.as_ref()?;
        (at == field).then_some(said.as_str())
    }

    /// The same for a certificate, by its place in the form.
    fn error_of(&self, place: &usize) -> Option<&str> {
        self.error_at(&format!("certificate-{place}"))
    }

    /// What was typed, but for certificates that are not in force: one may have been a private key.
    fn refused(self, visit: &Visit, wrong: &Wrong) -> Self {
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
            error: Some((wrong.field.clone(), fault_text(&wrong.fault))),
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
    named.map(|one| read(one, label)).collect()
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
        Err(wrong) => {
            let rules = rules(&visit).await.map_err(Failure::from)?;
            page_again(&rules.refused(&visit, &wrong))
        }
    }
}

async fn run(visit: &Visit) -> Result<(), Wrong> {
    let form = &visit.asked.form;
    let (mut trusted_roots, mut places) = (Vec::new(), Vec::new());
    let typed = form.all("certificate").zip(form.all("vouches"));
    for (place, (certificate, vouches)) in (1..).zip(typed) {
        if certificate.is_empty() && vouches.is_empty() {
            continue;
        }
        let field = format!("certificate-{place}");
        let body = read(certificate, "The certificate").map_err(Wrong::at(field.as_str()))?;
        let label = "A model that a certificate vouches for";
        trusted_roots.push(TrustedRootShape {
            certificate_body: Secret::new(body),
            aaguids: models(vouches, label).map_err(Wrong::at(field))?,
        });
        places.push(place);
    }
    let named = |field: &str, label| models(form.text(field), label).map_err(Wrong::at(field));
    let lines = form.text("known").lines();
    let lines = lines.filter(|line| !line.trim().is_empty());
    let update = UpdateAccountSecurityKeyPolicy {
        user_verification: Some(
            read(form.text("verification"), "The verification").map_err(Wrong::at(""))?,
        ),
        attestation: Some(read(form.text("attestation"), "The proof").map_err(Wrong::at(""))?),
        trusted_roots,
        allowed_aaguids: named("allowed", "A model allowed")?,
        denied_aaguids: named("denied", "A model denied")?,
        known_models: (lines.map(known).collect::<Result<_, _>>()).map_err(Wrong::at("known"))?,
    };
    let done = visit.call(&update).await;
    done.map(drop).map_err(|fault| Wrong::told(fault, &places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stands_beside_the_field_that_it_names() {
        let at = |said: &str| Wrong::told(refused(said), &[2, 5]).field;
        let long = "1 validation error detected: Value at 'allowedAAGUIDs' failed to satisfy constraint: Member must have length less than or equal to 100";
        assert_eq!(at(long), "allowed");
        assert_eq!(at("Value at 'knownModels' is wrong"), "known");
        assert_eq!(at("DeniedAAGUIDs.member.3 is twice there"), "denied");
        assert_eq!(
            at("TrustedRoots.member.2 holds no certificate"),
            "certificate-5"
        );
        assert_eq!(
            at("Value at 'trustedRoots.1.member.aaguids' is long"),
            "certificate-2"
        );
        assert_eq!(at("TrustedRoots.member.9 is no place"), "");
        assert_eq!(at("Value at 'trustedRoots' is long"), "");
        assert_eq!(at("Rules on models need an attestation"), "");
    }
}
