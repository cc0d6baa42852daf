//! The sections of credentials that are not for signing in: SSH keys, those for services, and signing certificates.

use claviger_iam::Fault;
use claviger_iam::entity::Status;
use claviger_iam::operation::service_specific_credentials::{
    ListServiceSpecificCredentials, UpdateServiceSpecificCredential,
};
use claviger_iam::operation::signing_certificates::{
    ListSigningCertificates, UpdateSigningCertificate,
};
use claviger_iam::operation::ssh_public_key_details::ListSSHPublicKeyDetails;
use claviger_iam::operation::ssh_public_keys::UpdateSSHPublicKey;
use claviger_model::{Code, Scalar};

use super::Section;
use super::whose::Whose;
use crate::access_keys::set_status;
use crate::door::Visit;
use crate::field::read;
use crate::users::whole;
use crate::view::{When, encode};

/// A credential of which no more is told than what it is called and whether it is in use.
pub(crate) struct Simple {
    pub(crate) id: String,
    /// Its own page, where it has one.
    pub(crate) address: Option<String>,
    pub(crate) about: String,
    pub(crate) more: String,
    /// What it says itself, where that is worth copying.
    pub(crate) text: Option<String>,
    pub(crate) active: bool,
    pub(crate) state: &'static str,
    pub(crate) made: When,
    pub(crate) ends: Option<When>,
    pub(crate) used: Option<When>,
}

/// A kind of them.
pub(crate) struct Kind {
    /// Its word in forms and addresses.
    pub(crate) word: &'static str,
    pub(crate) title: &'static str,
    pub(crate) empty: &'static str,
    /// The page that makes one: what its link says, and the end of its address.
    pub(crate) add: (&'static str, &'static str),
    /// Whether its secret can be drawn again.
    pub(crate) resets: bool,
    pub(crate) rows: Section<Simple>,
}

/// The sections. Root has signing certificates alone.
pub(crate) async fn kinds(visit: &Visit, whose: &Whose) -> Vec<Kind> {
    let mut kinds = Vec::new();
    if !whose.is_root() {
        kinds.push(Kind {
            word: "ssh",
            title: "SSH public keys",
            empty: "No SSH public key. Hosts that ask this server let in whoever has the private key to one.",
            add: ("Upload SSH public key", "ssh"),
            resets: false,
            rows: Section::of(ssh_keys(visit, whose).await),
        });
        kinds.push(Kind {
            word: "service",
            title: "Service-specific credentials",
            empty: "No user name and password, or key, for a service that cannot check signatures.",
            add: ("Generate credentials", "services"),
            resets: true,
            rows: Section::of(service(visit, whose).await),
        });
    }
    kinds.push(Kind {
        word: "certificate",
        title: "Signing certificates",
        empty: "No certificate. Some older services ask that requests are signed with the key to one.",
        add: ("Add certificate", "certificates"),
        resets: false,
        rows: Section::of(certificates(visit, whose).await),
    });
    kinds
}

async fn ssh_keys(visit: &Visit, whose: &Whose) -> Result<Vec<Simple>, Fault> {
    let now = visit.asked.facts.now;
    let list = ListSSHPublicKeyDetails {
        user_name: whose.name(),
    };
    let keys = visit.call(&list).await?.ssh_public_keys;
    Ok(keys
        .into_iter()
        .map(|key| {
            let id = key.ssh_public_key_id.as_str();
            Simple {
                address: Some(format!("{}/ssh/{}", whose.base(), encode(id))),
                id: id.to_owned(),
                about: key.fingerprint,
                more: key
                    .last_offered_host
                    .map_or_else(String::new, |host| format!("Last offered at {host}")),
                text: None,
                active: key.status.as_str() == "Active",
                state: key.status.as_str(),
                made: When::of(key.upload_date, now),
                ends: None,
                used: key.last_offered_date.map(|at| When::of(at, now)),
            }
        })
        .collect())
}

async fn service(visit: &Visit, whose: &Whose) -> Result<Vec<Simple>, Fault> {
    let now = visit.asked.facts.now;
    let list = ListServiceSpecificCredentials {
        user_name: Some(whose.short()?),
        service_name: None,
        all_users: None,
        page: whole(),
    };
    let listed = visit.call(&list).await?.service_specific_credentials;
    Ok(listed
        .into_iter()
        .map(|one| Simple {
            id: one.service_specific_credential_id.as_str().to_owned(),
            address: None,
            about: one.service_name,
            more: one
                .service_user_name
                .or(one.service_credential_alias)
                .unwrap_or_default(),
            text: None,
            active: one.status.as_str() == "Active",
            state: one.status.as_str(),
            made: When::of(one.create_date, now),
            ends: one.expiration_date.map(|at| When::of(at, now)),
            used: None,
        })
        .collect())
}

async fn certificates(visit: &Visit, whose: &Whose) -> Result<Vec<Simple>, Fault> {
    let now = visit.asked.facts.now;
    let list = ListSigningCertificates {
        user_name: whose.name(),
        page: whole(),
    };
    let listed = visit.call(&list).await?.certificates;
    Ok(listed
        .into_iter()
        .map(|one| Simple {
            id: one.certificate_id.as_str().to_owned(),
            address: None,
            about: String::new(),
            more: String::new(),
            text: Some(one.certificate_body),
            active: one.status.as_str() == "Active",
            state: one.status.as_str(),
            made: When::of(one.upload_date, now),
            ends: None,
            used: None,
        })
        .collect())
}

/// What is said of an id in a form that no page wrote.
fn id<T: Scalar>(visit: &Visit) -> Result<T, Fault> {
    read(visit.asked.form.text("id"), "The ID")
}

/// Puts a credential into use, or out of it, as the form's button says: `ssh-off`. The answer is the word of the notice.
///
/// # Errors
/// What the operation refuses; `InvalidInput` for a form that no page wrote.
pub(crate) async fn set(visit: &Visit, whose: &Whose) -> Result<&'static str, Fault> {
    let unknown = || Fault::new(Code::InvalidInput, "Choose what to do.");
    let (kind, status) = match visit.asked.form.text("do").rsplit_once('-') {
        Some((kind, "on")) => (kind, Status::Active),
        Some((kind, "off")) => (kind, Status::Inactive),
        _ => return Err(unknown()),
    };
    match kind {
        "key" => set_status(visit, whose, visit.asked.form.text("id"), status).await?,
        "ssh" => {
            let update = UpdateSSHPublicKey {
                user_name: whose.short()?,
                ssh_public_key_id: id(visit)?,
                status,
            };
            visit.call(&update).await?;
        }
        "service" => {
            let update = UpdateServiceSpecificCredential {
                user_name: Some(whose.short()?),
                service_specific_credential_id: id(visit)?,
                status,
            };
            visit.call(&update).await?;
        }
        "certificate" => {
            let update = UpdateSigningCertificate {
                user_name: whose.name(),
                certificate_id: id(visit)?,
                status,
            };
            visit.call(&update).await?;
        }
        _ => return Err(unknown()),
    }
    Ok(match (kind, status) {
        ("key", Status::Inactive) => "key-off",
        ("key", _) => "key-on",
        (_, Status::Inactive) => "credential-off",
        _ => "credential-on",
    })
}
