//! SSH public keys: the page that uploads one, and the page of one.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::ssh_public_keys::{Encoding, GetSSHPublicKey, UploadSSHPublicKey};
use claviger_model::Secret;

use super::whose::Whose;
use crate::answer::{Answer, Failure, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, When, fault_text};

#[derive(Template)]
#[template(path = "credentials/ssh_new.html")]
struct NewKey {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
}

impl NewKey {
    fn new(visit: &Visit, whose: &Whose, error: Option<String>) -> Self {
        let title = whose.titled("Upload an SSH public key");
        Self {
            frame: Frame::of(visit, title, whose.here()),
            whose: whose.clone(),
            error,
        }
    }
}

/// The page that takes a key.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    page(&NewKey::new(&visit, &whose, None))
}

/// Uploads it. What was pasted does not come back: it may have been the private key.
pub(crate) async fn upload(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    match run(&visit, &whose).await {
        Ok(()) => whose.done("ssh-uploaded"),
        Err(fault) => page_again(&NewKey::new(&visit, &whose, Some(fault_text(&fault)))),
    }
}

async fn run(visit: &Visit, whose: &Whose) -> Result<(), Fault> {
    let upload = UploadSSHPublicKey {
        user_name: whose.short()?,
        ssh_public_key_body: Secret::new(read(visit.asked.form.text("key"), "The key")?),
    };
    visit.call(&upload).await.map(drop)
}

#[derive(Template)]
#[template(path = "credentials/ssh.html")]
struct One {
    frame: Frame,
    whose: Whose,
    id: String,
    fingerprint: String,
    active: bool,
    state: &'static str,
    made: When,
    line: String,
    pem: String,
}

impl One {
    async fn load(visit: &Visit, whose: &Whose) -> Result<Self, Fault> {
        let id = visit.asked.param("id");
        let get = |encoding| async move {
            let get = GetSSHPublicKey {
                user_name: whose.short()?,
                ssh_public_key_id: read(id, "The ID")?,
                encoding,
            };
            Ok::<_, Fault>(visit.call(&get).await?.ssh_public_key)
        };
        let key = get(Encoding::Ssh).await?;
        Ok(Self {
            frame: Frame::of(visit, "SSH public key", whose.here()),
            whose: whose.clone(),
            id: key.ssh_public_key_id.as_str().to_owned(),
            fingerprint: key.fingerprint,
            active: key.status.as_str() == "Active",
            state: key.status.as_str(),
            made: When::of(key.upload_date, visit.asked.facts.now),
            line: key.ssh_public_key_body,
            pem: get(Encoding::Pem).await?.ssh_public_key_body,
        })
    }
}

/// The page of one key.
pub(crate) async fn show(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    page(&One::load(&visit, &whose).await.map_err(Failure::from)?)
}
