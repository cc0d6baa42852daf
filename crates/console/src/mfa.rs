//! Assigning MFA devices to oneself, removing them, and getting them in step again.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::mfa_devices::{
    CreateVirtualMFADevice, CreateVirtualMFADeviceOutput, DeactivateMFADevice,
    DeleteVirtualMFADevice, EnableMFADevice, ResyncMFADevice,
};
use claviger_iam::operation::root_user::{EnableRootMFADevice, ResyncRootMFADevice};
use claviger_iam::signin::Refusal;
use claviger_model::name::{ExistingUserName, SerialNumber};
use claviger_model::{Code, Scalar, Secret};
use data_encoding::BASE64;

use crate::answer::{Answer, Failure, go, page, page_again, with_cookies};
use crate::cookies::Cookie;
use crate::door::Visit;
use crate::field::read;
use crate::sign_in;
use crate::view::{Frame, device_name, encode, fault_text, name_of_device};

#[derive(Template)]
#[template(path = "mfa_new.html")]
struct NewDevice<'a> {
    frame: Frame,
    error: Option<&'a str>,
    name: String,
    /// `app` or `hardware`.
    kind: String,
    serial: String,
}

impl<'a> NewDevice<'a> {
    fn new(visit: &Visit, error: Option<&'a str>) -> Self {
        let form = &visit.asked.form;
        let kind = form.filled("kind").unwrap_or("app").to_owned();
        Self {
            frame: Frame::of(visit, "Assign an MFA device", "credentials"),
            error,
            name: form.get("name").map_or_else(
                || visit.user_name().unwrap_or("root").to_owned(),
                str::to_owned,
            ),
            kind,
            serial: form.text("serial").to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "mfa_enable.html")]
struct Enable<'a> {
    frame: Frame,
    error: Option<&'a str>,
    serial: String,
    name: String,
    /// The picture and the seed, on the one page that tells them.
    picture: Option<Secret<String>>,
    seed: Option<Secret<String>>,
    hardware: bool,
}

impl<'a> Enable<'a> {
    fn new(visit: &Visit, serial: &str, error: Option<&'a str>) -> Self {
        Self {
            frame: Frame::of(visit, "Assign an MFA device", "credentials"),
            error,
            serial: serial.to_owned(),
            name: device_name(serial).to_owned(),
            picture: None,
            seed: None,
            hardware: !serial.starts_with("arn:"),
        }
    }
}

/// A code that a device shows, from this field of the form. People copy codes with a blank in the middle.
///
/// # Errors
/// `InvalidInput` for what is no code.
pub(crate) fn code<T: Scalar + zeroize::Zeroize>(
    visit: &Visit,
    name: &str,
) -> Result<Secret<T>, Fault> {
    let digits: String = visit.asked.form.text(name).split(' ').collect();
    T::parse(&digits)
        .map(Secret::new)
        .map_err(|_| Fault::new(Code::InvalidInput, "A code has six digits."))
}

/// The page that asks which device.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    page(&NewDevice::new(&visit, None))
}

/// Makes a virtual device and shows it, or goes on to the codes of a hardware token.
pub(crate) async fn create(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    let form = &visit.asked.form;
    if form.text("kind") == "key" {
        let name = encode(form.text("name"));
        return go(&format!("/console/credentials/mfa/key?name={name}"));
    }
    if form.text("kind") == "hardware" {
        let serial = form.text("serial");
        return match read::<SerialNumber>(serial, "The serial number") {
            Ok(_) => page(&Enable::new(&visit, serial, None)),
            Err(fault) => page_again(&NewDevice::new(&visit, Some(&fault_text(&fault)))),
        };
    }
    let made = if visit.at.must_enrol() {
        make_own(&visit).await
    } else {
        make(&visit, form.text("name")).await
    };
    match made {
        Ok(made) => {
            let device = made.virtual_mfa_device;
            let mut shown = Enable::new(&visit, device.serial_number.as_str(), None);
            shown.picture = device
                .qr_code_png
                .map(|picture| Secret::new(BASE64.encode(&picture.expose().0)));
            shown.seed = device.base32_string_seed.and_then(|seed| {
                let seed = String::from_utf8(seed.expose().0.clone()).ok()?;
                Some(Secret::new(seed))
            });
            page(&shown)
        }
        Err(fault) if fault.code() == Code::EntityAlreadyExists => page_again(&NewDevice::new(
            &visit,
            Some(
                "There is a device of this name already, perhaps from a try that was not finished. Choose another name, or ask whoever administers the account to delete it.",
            ),
        )),
        Err(fault) => page_again(&NewDevice::new(&visit, Some(&fault_text(&fault)))),
    }
}

async fn make(visit: &Visit, name: &str) -> Result<CreateVirtualMFADeviceOutput, Fault> {
    let create = CreateVirtualMFADevice {
        path: None,
        virtual_mfa_device_name: read(name, "The name of a device")?,
        tags: Vec::new(),
    };
    visit.call(&create).await
}

/// Makes the one device that enrolment allows, named as its owner, in place of one from a try that was not finished.
async fn make_own(visit: &Visit) -> Result<CreateVirtualMFADeviceOutput, Fault> {
    let name = visit.user_name().unwrap_or("root");
    match make(visit, name).await {
        Err(fault) if fault.code() == Code::EntityAlreadyExists => {
            let account = visit.at.principal().account;
            let delete = DeleteVirtualMFADevice {
                serial_number: read(
                    &format!("arn:aws:iam::{account}:mfa/{name}"),
                    "The serial number",
                )?,
            };
            visit.call(&delete).await?;
            make(visit, name).await
        }
        made => made,
    }
}

/// The page that asks for the two codes of a device that was made earlier.
pub(crate) async fn show_enable(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    let serial = visit.asked.query.text("serial").to_owned();
    page(&Enable::new(&visit, &serial, None))
}

/// Assigns the device, by two codes that follow each other.
pub(crate) async fn enable(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    let serial = visit.asked.form.text("serial").to_owned();
    if let Err(fault) = enable_device(&visit, &serial).await {
        return page_again(&Enable::new(&visit, &serial, Some(&fault_text(&fault))));
    }
    assigned(&visit).await
}

/// Goes on once a device is assigned: back to the list, or on with the sign-in that had to wait for it.
pub(crate) async fn assigned(visit: &Visit) -> Answer {
    if !visit.at.must_enrol() {
        return go("/console/credentials?done=device");
    }
    let asked = &visit.asked;
    match asked.iam().enrolled(&visit.at, &asked.facts).await {
        Ok(next) => sign_in::go_on(asked, next).await,
        Err(Refusal::Fault(fault)) => Err(Failure::Fault(fault)),
        Err(_) => Ok(with_cookies(go("/signin")?, [asked.clear(Cookie::Session)])),
    }
}

async fn enable_device(visit: &Visit, serial: &str) -> Result<(), Fault> {
    let serial_number = read(serial, "The serial number")?;
    let authentication_code1 = code(visit, "code1")?;
    let authentication_code2 = code(visit, "code2")?;
    if let Some(name) = visit.user_name() {
        let enable = EnableMFADevice {
            user_name: read::<ExistingUserName>(name, "The user name")?,
            serial_number,
            authentication_code1,
            authentication_code2,
        };
        visit.call(&enable).await?;
    } else {
        let enable = EnableRootMFADevice {
            serial_number,
            authentication_code1,
            authentication_code2,
        };
        visit.call(&enable).await?;
    }
    Ok(())
}

#[derive(Template)]
#[template(path = "mfa_device.html")]
struct Device<'a> {
    frame: Frame,
    error: Option<&'a str>,
    serial: String,
    name: String,
    /// Whether it is the last one.
    last: bool,
    resync: bool,
    action: String,
}

impl<'a> Device<'a> {
    fn new(visit: &Visit, resync: bool, error: Option<&'a str>) -> Result<Self, Failure> {
        let asked = &visit.asked;
        let serial = asked
            .form
            .filled("serial")
            .unwrap_or(asked.query.text("serial"));
        let held = visit.at.mfa_devices();
        let device = held
            .iter()
            .find(|device| device.serial.as_str() == serial)
            .ok_or(Failure::Missing)?;
        let title = if resync {
            "Get a device in step"
        } else {
            "Remove an MFA device"
        };
        Ok(Self {
            frame: Frame::of(visit, title, "credentials"),
            error,
            name: name_of_device(device).to_owned(),
            serial: device.serial.as_str().to_owned(),
            last: held.len() == 1,
            resync,
            action: format!("{}?serial={}", asked.path, encode(serial)),
        })
    }
}

/// The page that asks whether to remove a device.
pub(crate) async fn show_remove(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    page(&Device::new(&visit, false, None)?)
}

/// Removes it; a virtual one is deleted too, where that is allowed.
pub(crate) async fn remove(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    let serial = visit.asked.form.text("serial").to_owned();
    let removed = async {
        let deactivate = DeactivateMFADevice {
            user_name: visit
                .user_name()
                .map(|name| read(name, "The user name"))
                .transpose()?,
            serial_number: read(&serial, "The serial number")?,
        };
        visit.call(&deactivate).await.map(drop)
    };
    if let Err(fault) = removed.await {
        return page_again(&Device::new(&visit, false, Some(&fault_text(&fault)))?);
    }
    if serial.contains(":mfa/") {
        let delete = DeleteVirtualMFADevice {
            serial_number: read(&serial, "The serial number")?,
        };
        // Nobody holds it any more; who may not delete it leaves it behind.
        drop(visit.call(&delete).await);
    }
    go("/console/credentials?done=device-removed")
}

/// The page that asks for two codes.
pub(crate) async fn show_resync(visit: Visit) -> Answer {
    page(&Device::new(&visit, true, None)?)
}

/// Finds the device's clock again.
pub(crate) async fn resync(visit: Visit) -> Answer {
    let serial = visit.asked.form.text("serial").to_owned();
    match resync_device(&visit, &serial).await {
        Ok(()) => go("/console/credentials?done=device-synced"),
        Err(fault) => page_again(&Device::new(&visit, true, Some(&fault_text(&fault)))?),
    }
}

async fn resync_device(visit: &Visit, serial: &str) -> Result<(), Fault> {
    let serial_number = read(serial, "The serial number")?;
    let authentication_code1 = code(visit, "code1")?;
    let authentication_code2 = code(visit, "code2")?;
    if let Some(name) = visit.user_name() {
        let resync = ResyncMFADevice {
            user_name: read::<ExistingUserName>(name, "The user name")?,
            serial_number,
            authentication_code1,
            authentication_code2,
        };
        visit.call(&resync).await?;
    } else {
        let resync = ResyncRootMFADevice {
            serial_number,
            authentication_code1,
            authentication_code2,
        };
        visit.call(&resync).await?;
    }
    Ok(())
}
