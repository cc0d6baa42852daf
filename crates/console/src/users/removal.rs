//! Removing one thing of a user's, or of one's own: a page that tells what will break, and the removal.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::{ProtectionMethod, Status};
use claviger_iam::operation::access_keys::DeleteAccessKey;
use claviger_iam::operation::inline_policies::DeleteUserPolicy;
use claviger_iam::operation::login_profiles::DeleteLoginProfile;
use claviger_iam::operation::login_protection::{ResetVirtualMFA, SetLoginProtection};
use claviger_iam::operation::mfa_devices::{DeactivateMFADevice, DeleteVirtualMFADevice};
use claviger_iam::operation::permissions_boundaries::DeleteUserPermissionsBoundary;
use claviger_iam::operation::service_specific_credentials::DeleteServiceSpecificCredential;
use claviger_iam::operation::signing_certificates::DeleteSigningCertificate;
use claviger_iam::operation::ssh_public_keys::DeleteSSHPublicKey;
use claviger_model::Code;
use claviger_model::name::SerialNumber;

use crate::access_keys::{forget, set_status};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::credentials::whose::Whose;
use crate::credentials::{Key, keys_of};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, encode, fault_text};

/// What can be removed.
struct Kind {
    /// Its word in addresses.
    word: &'static str,
    title: &'static str,
    /// What happens then.
    effect: &'static str,
    button: &'static str,
    tab: &'static str,
    /// Whether it is the page for the own ones too.
    own: bool,
    /// The word of the notice.
    done: &'static str,
}

static KINDS: &[Kind] = &[
    Kind {
        word: "key",
        title: "Delete an access key",
        effect: "What still uses it stops working. It cannot be brought back.",
        button: "Delete access key",
        tab: "credentials",
        own: true,
        done: "key-deleted",
    },
    Kind {
        word: "device",
        title: "Remove an MFA device",
        effect: "The user will not be asked for it any more. If it is the last one, the password alone lets them in, or they have to assign another where one is demanded.",
        button: "Remove device",
        tab: "credentials",
        own: false,
        done: "device-removed",
    },
    Kind {
        word: "virtual-mfa",
        title: "Reset the virtual MFA device",
        effect: "The virtual devices are taken away, and with them login protection that asks for their codes. The password alone lets the user in then, unless another device is left or a second factor is demanded.",
        button: "Reset",
        tab: "security",
        own: false,
        done: "mfa-reset",
    },
    Kind {
        word: "password",
        title: "Delete the password",
        effect: "The password is deleted, with a link that was sent to set one, and the sessions end: the user cannot sign in to the console any more. Access keys go on working.",
        button: "Disable console access",
        tab: "credentials",
        own: false,
        done: "console-off",
    },
    Kind {
        word: "ssh",
        title: "Delete an SSH public key",
        effect: "Hosts refuse it from then on.",
        button: "Delete SSH key",
        tab: "credentials",
        own: true,
        done: "credential-deleted",
    },
    Kind {
        word: "service",
        title: "Delete a service-specific credential",
        effect: "The service refuses it from then on. It cannot be brought back.",
        button: "Delete credential",
        tab: "credentials",
        own: true,
        done: "credential-deleted",
    },
    Kind {
        word: "certificate",
        title: "Delete a signing certificate",
        effect: "Requests that are signed with it are refused from then on.",
        button: "Delete certificate",
        tab: "credentials",
        own: true,
        done: "credential-deleted",
    },
    Kind {
        word: "inline",
        title: "Delete an inline policy",
        effect: "What it allows is allowed no more, and what it denies is denied no more. It is kept nowhere else.",
        button: "Delete policy",
        tab: "permissions",
        own: false,
        done: "inline-deleted",
    },
    Kind {
        word: "boundary",
        title: "Remove the permissions boundary",
        effect: "Nothing caps any more what the user's policies allow.",
        button: "Remove boundary",
        tab: "permissions",
        own: false,
        done: "boundary-removed",
    },
];

#[derive(Template)]
#[template(path = "users/remove.html")]
struct Removal {
    frame: Frame,
    error: Option<String>,
    kind: &'static Kind,
    whose: Whose,
    id: String,
    id_query: String,
    /// The key, where one is to go and may be looked at.
    key: Option<Key>,
    /// Whether its ID was asked for, and what was typed.
    asks: bool,
    typed: String,
    /// Whether it is to be deactivated along with it.
    at_once: bool,
}

impl Kind {
    /// Whether it is something that somebody signs in with.
    fn is_credential(&self) -> bool {
        matches!(self.tab, "credentials" | "security")
    }
}

/// What the address names; of the own things only those that have no other page.
fn kind_of(visit: &Visit, whose: &Whose) -> Result<&'static Kind, Failure> {
    let word = visit.asked.query.text("what");
    KINDS
        .iter()
        .find(|kind| kind.word == word && (kind.own || !whose.is_own()))
        .ok_or(Failure::Missing)
}

impl Removal {
    async fn new(visit: &Visit, whose: Whose, error: Option<String>) -> Result<Self, Failure> {
        let kind = kind_of(visit, &whose)?;
        if kind.is_credential() {
            whose.must_be_fresh(visit)?;
        }
        let id = visit.asked.query.text("id").to_owned();
        let asks = kind.word == "key";
        let key = if asks {
            key(visit, &whose, &id).await
        } else {
            None
        };
        Ok(Self {
            frame: Frame::of(visit, kind.title, whose.here()),
            error,
            kind,
            whose,
            id_query: encode(&id),
            id,
            key,
            asks,
            at_once: visit.asked.form.ticked("at-once"),
            typed: visit.asked.form.text("confirm").to_owned(),
        })
    }
}

/// The page that asks.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&Removal::new(&visit, Whose::of(&visit)?, None).await?)
}

async fn key(visit: &Visit, whose: &Whose, id: &str) -> Option<Key> {
    let keys = keys_of(visit, whose.name()).await.unwrap_or_default();
    keys.into_iter().find(|key| key.id == id)
}

/// Removes it.
pub(crate) async fn remove(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    let kind = kind_of(&visit, &whose)?;
    if kind.is_credential() {
        whose.must_be_fresh(&visit)?;
    }
    let id = visit.asked.query.text("id");
    let is_key = kind.word == "key";
    let removed = match visit.asked.form.text("do") {
        "deactivate" if is_key => match set_status(&visit, &whose, id, Status::Inactive).await {
            Ok(()) => {
                let (base, id) = (whose.base(), encode(id));
                return go(&format!("{base}/remove?what=key&id={id}&done=key-off"));
            }
            Err(fault) => Err(fault),
        },
        _ if is_key => remove_key(&visit, &whose, id).await,
        _ => run(&visit, &whose, kind.word, id).await,
    };
    match removed {
        Ok(()) if kind.tab == "credentials" => whose.done(kind.done),
        Ok(()) => go(&format!(
            "{}?tab={}&done={}",
            whose.base(),
            kind.tab,
            kind.done
        )),
        Err(fault) => page_again(&Removal::new(&visit, whose, Some(fault_text(&fault))).await?),
    }
}

/// Deletes a key whose ID was typed. One that is active is deactivated by a click of its own or, where the person says so,
/// along with it.
async fn remove_key(visit: &Visit, whose: &Whose, id: &str) -> Result<(), Fault> {
    let form = &visit.asked.form;
    if form.text("confirm") != id {
        return Err(Fault::new(
            Code::InvalidInput,
            format!("Type {id} to go on."),
        ));
    }
    let active = key(visit, whose, id).await.is_some_and(|key| key.active);
    if active && !form.ticked("at-once") {
        return Err(Fault::new(
            Code::InvalidInput,
            "The key is active. Deactivate it first, or say that it is to be deactivated and deleted at once.",
        ));
    }
    if active {
        set_status(visit, whose, id, Status::Inactive).await?;
    }
    run(visit, whose, "key", id)
        .await
        .map_err(|fault| match active {
            true => Fault::new(
                fault.code(),
                format!(
                    "The key has been deactivated, but not deleted. {}",
                    fault_text(&fault)
                ),
            ),
            false => fault,
        })
}

/// Removes something of somebody's by its kind.
pub(super) async fn run(visit: &Visit, whose: &Whose, kind: &str, id: &str) -> Result<(), Fault> {
    match kind {
        "key" => {
            let delete = DeleteAccessKey {
                user_name: whose.name(),
                access_key_id: read(id, "The ID of an access key")?,
            };
            visit.call(&delete).await?;
            forget(visit, whose, id).await;
            Ok(())
        }
        "device" => {
            let serial_number: SerialNumber = read(id, "The serial number")?;
            let deactivate = DeactivateMFADevice {
                user_name: whose.name(),
                serial_number: serial_number.clone(),
            };
            visit.call(&deactivate).await?;
            if id.contains(":mfa/") {
                // Nobody holds it any more; who may not delete it leaves it behind.
                drop(visit.call(&DeleteVirtualMFADevice { serial_number }).await);
            }
            Ok(())
        }
        "virtual-mfa" => {
            let reset = ResetVirtualMFA {
                user_name: whose.existing()?,
            };
            visit.call(&reset).await.map(drop)
        }
        // It would keep the last device.
        "protection" => {
            let set = SetLoginProtection {
                user_name: whose.existing()?,
                method: ProtectionMethod::None,
                api_protection: None,
            };
            visit.call(&set).await.map(drop)
        }
        "password" => {
            let delete = DeleteLoginProfile {
                user_name: Some(whose.short()?),
            };
            visit.call(&delete).await.map(drop)
        }
        "ssh" => {
            let delete = DeleteSSHPublicKey {
                user_name: whose.short()?,
                ssh_public_key_id: read(id, "The ID of an SSH key")?,
            };
            visit.call(&delete).await.map(drop)
        }
        "service" => {
            let delete = DeleteServiceSpecificCredential {
                user_name: Some(whose.short()?),
                service_specific_credential_id: read(id, "The ID of a credential")?,
            };
            visit.call(&delete).await.map(drop)
        }
        "certificate" => {
            let delete = DeleteSigningCertificate {
                user_name: whose.name(),
                certificate_id: read(id, "The ID of a certificate")?,
            };
            visit.call(&delete).await.map(drop)
        }
        "inline" => {
            let delete = DeleteUserPolicy {
                user_name: whose.existing()?,
                policy_name: read(id, "The name of a policy")?,
            };
            visit.call(&delete).await.map(drop)
        }
        _ => {
            let delete = DeleteUserPermissionsBoundary {
                user_name: whose.short()?,
            };
            visit.call(&delete).await.map(drop)
        }
    }
}
