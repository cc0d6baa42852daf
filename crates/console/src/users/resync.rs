//! Getting a user's MFA device in step again, by two codes that the user tells.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::mfa_devices::ResyncMFADevice;
use claviger_model::name::ExistingUserName;

use super::{HERE, address_of, be_fresh_for, user_of};
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::mfa::code;
use crate::view::{Frame, encode, fault_text};

#[derive(Template)]
#[template(path = "users/resync.html")]
struct Resync {
    frame: Frame,
    error: Option<String>,
    name: String,
    address: String,
    serial: String,
    serial_query: String,
}

impl Resync {
    fn new(visit: &Visit, name: &str, error: Option<String>) -> Self {
        let serial = visit.asked.query.text("serial").to_owned();
        Self {
            frame: Frame::of(visit, "Get a device in step", HERE),
            error,
            address: address_of(name),
            name: name.to_owned(),
            serial_query: encode(&serial),
            serial,
        }
    }
}

/// The page that asks for two codes.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    page(&Resync::new(&visit, name.as_str(), None))
}

/// Finds the device's clock again.
pub(crate) async fn resync(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    match run(&visit, &name).await {
        Ok(()) => go(&format!(
            "{}?tab=credentials&done=device-synced",
            address_of(name.as_str())
        )),
        Err(fault) => page_again(&Resync::new(
            &visit,
            name.as_str(),
            Some(fault_text(&fault)),
        )),
    }
}

async fn run(visit: &Visit, name: &ExistingUserName) -> Result<(), Fault> {
    let resync = ResyncMFADevice {
        user_name: name.clone(),
        serial_number: read(visit.asked.query.text("serial"), "The serial number")?,
        authentication_code1: code(visit, "code1")?,
        authentication_code2: code(visit, "code2")?,
    };
    visit.call(&resync).await.map(drop)
}
