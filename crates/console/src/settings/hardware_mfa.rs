//! Hardware MFA devices of the account: what was imported and who holds it, the import, and the page that deletes one.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::hardware_mfa_devices::{
    DeleteHardwareMFADevice, ImportHardwareMFADevices, ListHardwareMFADevices,
};
use claviger_iam::operation::shapes::UserShape;
use claviger_model::Timestamp;
use claviger_model::name::SerialNumber;

use crate::answer::{Answer, Failure, go, page, page_again};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{next, paged, read};
use crate::users;
use crate::view::{Frame, When, encode, fault_text};

/// The list of them.
const LIST: &str = "/console/settings/hardware-mfa";
/// Rows of a page.
const ROWS: i32 = 50;

/// Who holds a device.
pub(super) struct Holder {
    /// The user's name and page; `None` for root.
    pub(super) user: Option<(String, String)>,
    pub(super) since: Option<When>,
}

/// A device of the account.
pub(super) struct Row {
    pub(super) serial: String,
    pub(super) encoded: String,
    pub(super) holder: Option<Holder>,
}

impl Row {
    pub(super) fn new(
        visit: &Visit,
        serial: &SerialNumber,
        user: Option<UserShape>,
        since: Option<Timestamp>,
    ) -> Self {
        let now = visit.asked.facts.now;
        let since = since.map(|at| When::of(at, now));
        Self {
            encoded: encode(serial.as_str()),
            serial: serial.as_str().to_owned(),
            holder: user.map(|user| Holder {
                user: user.user_name.map(|name| {
                    let address = users::address_of(&name);
                    (name, address)
                }),
                since,
            }),
        }
    }
}

#[derive(Template)]
#[template(path = "settings/hardware_mfa.html")]
struct Devices {
    frame: Frame,
    devices: Section<Row>,
    next: Option<String>,
}

async fn rows(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<Row>, Fault> {
    let list = ListHardwareMFADevices {
        page: paged(visit.asked.query.filled("marker"), ROWS)?,
    };
    let listed = visit.call(&list).await?;
    *next_page = next(LIST, &listed.end);
    let devices = listed.hardware_mfa_devices.into_iter();
    Ok(devices
        .map(|device| {
            Row::new(
                visit,
                &device.serial_number,
                device.user,
                device.enable_date,
            )
        })
        .collect())
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let mut next = None;
    let devices = Section::of(rows(&visit, &mut next).await);
    page(&Devices {
        frame: Frame::of(&visit, "Hardware MFA devices", "settings"),
        devices,
        next,
    })
}

#[derive(Template)]
#[template(path = "settings/hardware_mfa_import.html")]
struct Import {
    frame: Frame,
    error: Option<String>,
    pskc: bool,
}

impl Import {
    fn new(visit: &Visit, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, "Import hardware MFA devices", "settings"),
            error,
            pskc: visit.asked.form.text("format") == "PSKC",
        }
    }
}

/// The page that takes a vendor's file.
pub(crate) async fn show_import(visit: Visit) -> Answer {
    page(&Import::new(&visit, None))
}

/// Imports it. What was pasted holds seeds, and does not come back.
pub(crate) async fn import(visit: Visit) -> Answer {
    match run_import(&visit).await {
        Ok(()) => go(&format!("{LIST}?done=hardware-imported")),
        Err(fault) => page_again(&Import::new(&visit, Some(fault_text(&fault)))),
    }
}

async fn run_import(visit: &Visit) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let import = ImportHardwareMFADevices {
        format: read(form.text("format"), "The format")?,
        content: form.secret("content"),
    };
    visit.call(&import).await.map(drop)
}

#[derive(Template)]
#[template(path = "settings/hardware_mfa_delete.html")]
struct Delete {
    frame: Frame,
    error: Option<String>,
    serial: String,
    encoded: String,
}

impl Delete {
    fn new(visit: &Visit, serial: &SerialNumber, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, format!("Delete {serial}"), "settings"),
            error,
            serial: serial.as_str().to_owned(),
            encoded: encode(serial.as_str()),
        }
    }
}

/// The device that the address names.
fn wanted(visit: &Visit) -> Result<SerialNumber, Failure> {
    read(visit.asked.query.text("serial"), "The device").map_err(|_| Failure::Missing)
}

/// The page that asks whether to delete it.
pub(crate) async fn show_delete(visit: Visit) -> Answer {
    let serial = wanted(&visit)?;
    page(&Delete::new(&visit, &serial, None))
}

/// Deletes it.
pub(crate) async fn delete(visit: Visit) -> Answer {
    let serial_number = wanted(&visit)?;
    let delete = DeleteHardwareMFADevice { serial_number };
    match visit.call(&delete).await {
        Ok(_) => go(&format!("{LIST}?done=hardware-deleted")),
        Err(fault) => {
            let said = Some(fault_text(&fault));
            page_again(&Delete::new(&visit, &delete.serial_number, said))
        }
    }
}
