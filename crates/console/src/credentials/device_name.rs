//! What an MFA device is called by its owner.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::mfa_device_details::RenameMFADevice;

use super::whose::Whose;
use super::{Device, devices};
use crate::answer::{Answer, Failure, page, page_again};
use crate::door::Visit;
use crate::field::{read, read_filled};
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "credentials/device_name.html")]
struct Rename {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    device: Device,
    typed: String,
}

impl Rename {
    async fn load(visit: &Visit, whose: &Whose, error: Option<String>) -> Result<Self, Failure> {
        let serial = visit.asked.query.text("serial");
        let device = devices(visit, whose.name())
            .await?
            .into_iter()
            .find(|device| device.serial == serial)
            .ok_or(Failure::Missing)?;
        let typed = visit.asked.form.get("name").unwrap_or(&device.name);
        Ok(Self {
            frame: Frame::of(visit, whose.titled("Rename an MFA device"), whose.here()),
            whose: whose.clone(),
            error,
            typed: typed.to_owned(),
            device,
        })
    }
}

/// The page that asks for the name.
pub(crate) async fn show(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    page(&Rename::load(&visit, &whose, None).await?)
}

/// Gives it the name.
pub(crate) async fn rename(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    match run(&visit, &whose).await {
        Ok(()) => whose.done("device-renamed"),
        Err(fault) => page_again(&Rename::load(&visit, &whose, Some(fault_text(&fault))).await?),
    }
}

async fn run(visit: &Visit, whose: &Whose) -> Result<(), Fault> {
    let rename = RenameMFADevice {
        user_name: whose.name(),
        serial_number: read(visit.asked.query.text("serial"), "The serial number")?,
        device_name: read_filled(visit.asked.form.filled("name"), "The name")?,
    };
    visit.call(&rename).await.map(drop)
}
