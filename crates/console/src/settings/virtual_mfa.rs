//! Virtual MFA devices of the account: who holds each, and those that nobody holds, whose names are free again once they are
//! deleted.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::mfa_devices::{
    AssignmentStatus, DeleteVirtualMFADevice, ListVirtualMFADevices,
};
use claviger_model::name::SerialNumber;

use super::hardware_mfa::Row;
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{next, paged, read, read_filled};
use crate::view::{Frame, device_name, encode, fault_text};

/// The list of them.
const LIST: &str = "/console/settings/virtual-mfa";
/// Rows of a page.
const ROWS: i32 = 50;
/// Which of them are shown, and what that is called.
const CHOICES: &[(&str, &str)] = &[
    ("Any", "All devices"),
    ("Unassigned", "Those that nobody holds"),
    ("Assigned", "Those that somebody holds"),
];

#[derive(Template)]
#[template(path = "settings/virtual_mfa.html")]
struct Devices {
    frame: Frame,
    choices: &'static [(&'static str, &'static str)],
    status: String,
    devices: Section<Row>,
    next: Option<String>,
}

async fn rows(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<Row>, Fault> {
    let query = &visit.asked.query;
    let status: Option<AssignmentStatus> = read_filled(query.filled("status"), "Which to show")?;
    let list = ListVirtualMFADevices {
        assignment_status: status,
        page: paged(query.filled("marker"), ROWS)?,
    };
    let listed = visit.call(&list).await?;
    let first = format!("{LIST}?status={}", encode(query.text("status")));
    *next_page = next(&first, &listed.end);
    let devices = listed.virtual_mfa_devices.into_iter();
    Ok(devices
        .map(|device| {
            let serial = &device.serial_number;
            Row::new(visit, serial, device.user, device.enable_date)
        })
        .collect())
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let mut next = None;
    let devices = Section::of(rows(&visit, &mut next).await);
    page(&Devices {
        frame: Frame::of(&visit, "Virtual MFA devices", "settings"),
        choices: CHOICES,
        status: visit.asked.query.text("status").to_owned(),
        devices,
        next,
    })
}

#[derive(Template)]
#[template(path = "settings/virtual_mfa_delete.html")]
struct Delete {
    frame: Frame,
    error: Option<String>,
    serial: String,
    encoded: String,
    name: String,
}

impl Delete {
    fn new(visit: &Visit, serial: &SerialNumber, error: Option<String>) -> Self {
        let name = device_name(serial.as_str()).to_owned();
        Self {
            frame: Frame::of(visit, format!("Delete {name}"), "settings"),
            error,
            serial: serial.as_str().to_owned(),
            encoded: encode(serial.as_str()),
            name,
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
    let delete = DeleteVirtualMFADevice { serial_number };
    match visit.call(&delete).await {
        Ok(_) => go(&format!("{LIST}?done=virtual-deleted")),
        Err(fault) => {
            let said = Some(fault_text(&fault));
            page_again(&Delete::new(&visit, &delete.serial_number, said))
        }
    }
}
