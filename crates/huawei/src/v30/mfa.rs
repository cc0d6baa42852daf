//! Virtual MFA devices (Identity and Access Management API reference, "MFA Device Management").
//!
//! Below `/v3.0` users make and bind devices of their own alone. A user has one virtual device here, however many there are.

use claviger_iam::Fault;
use claviger_iam::operation::mfa_devices::{
    AssignmentStatus, AuthenticationCode, CreateVirtualMFADevice, DeleteVirtualMFADevice,
    EnableMFADevice, ListMFADevices, ListVirtualMFADevices, VirtualMFADevice,
};
use claviger_iam::operation::page::{Marker, Paged};
use claviger_iam::operation::root_user::EnableRootMFADevice;
use claviger_iam::operation::unbind_mfa_device::UnbindMFADevice;
use claviger_model::name::{ExistingUserName, SerialNumber, VirtualMfaDeviceName};
use claviger_model::scalar::Bounded;
use claviger_model::{AccountId, Code, Scalar as _, Secret};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::input::{Codes, Members};
use crate::reply::Reply;
use crate::routes::Route;
use crate::{ids, serials};

/// The calls of this family, with the paths that Open Telekom Cloud's Go client has for two of them.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "POST",
        "/v3.0/OS-MFA/virtual-mfa-devices",
        "CreateVirtualMFADevice",
        |asked| Box::pin(create(asked)),
    ),
    Route::iam(
        "GET",
        "/v3.0/OS-MFA/virtual-mfa-devices",
        "ListVirtualMFADevices",
        |asked| Box::pin(list(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v3.0/OS-MFA/virtual-mfa-devices",
        "DeleteVirtualMFADevice",
        |asked| Box::pin(delete(asked)),
    ),
    Route::iam(
        "GET",
        "/v3.0/OS-MFA/users/{user_id}/virtual-mfa-device",
        "ListMFADevices",
        |asked| Box::pin(show(asked)),
    ),
    Route::iam(
        "PUT",
        "/v3.0/OS-MFA/mfa-devices/bind",
        "EnableMFADevice",
        |asked| Box::pin(bind(asked)),
    ),
    Route::iam(
        "PUT",
        "/v3.0/OS-MFA/virtual-mfa-devices/bind",
        "EnableMFADevice",
        |asked| Box::pin(bind(asked)),
    ),
    Route::iam(
        "PUT",
        "/v3.0/OS-MFA/mfa-devices/unbind",
        "UnbindMFADevice",
        |asked| Box::pin(unbind(asked)),
    ),
    Route::iam(
        "PUT",
        "/v3.0/OS-MFA/virtual-mfa-devices/unbind",
        "UnbindMFADevice",
        |asked| Box::pin(unbind(asked)),
    ),
];

/// `POST /v3.0/OS-MFA/virtual-mfa-devices`.
async fn create(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let device = input.within("virtual_mfa_device", Codes::COMMON)?;
    let user_id = own(&asked, device)?;
    let made = make(&mut asked, device, "name", user_id).await?;
    let serial = serials::v30(&made.serial_number, asked.account());
    Ok(Reply::created(told(&made, serial)?))
}

/// Makes a device for a user who has none.
pub(crate) async fn make(
    asked: &mut Asked<'_>,
    members: Members<'_>,
    name: &str,
    user_id: &str,
) -> Result<VirtualMFADevice, Error> {
    let virtual_mfa_device_name: VirtualMfaDeviceName = members.required(name)?;
    let text = virtual_mfa_device_name.as_str();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.len() > 64 || !text.bytes().all(is_allowed) {
        return Err(Error::invalid(format!(
            "{name} must have 1 to 64 letters, digits, hyphens and underscores."
        )));
    }
    let owner = asked.owner(Some(user_id)).await?;
    check_first(asked, owner, user_id).await?;
    let operation = CreateVirtualMFADevice {
        path: None,
        virtual_mfa_device_name,
        tags: Vec::new(),
    };
    Ok(asked.run(&operation).await?.virtual_mfa_device)
}

/// A new device, told this once.
pub(crate) fn told(made: &VirtualMFADevice, serial: Option<String>) -> Result<Value, Error> {
    let seed = made.base32_string_seed.as_ref();
    let seed = seed.and_then(|seed| std::str::from_utf8(&seed.expose().0).ok());
    let (Some(seed), Some(serial)) = (seed, serial) else {
        return Err(Fault::service("a new device without its seed").into());
    };
    Ok(json!({
        "virtual_mfa_device": { "serial_number": serial, "base32_string_seed": seed },
    }))
}

/// `GET /v3.0/OS-MFA/virtual-mfa-devices`: those that somebody has.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let account = asked.account();
    let mut devices = Vec::new();
    let mut marker: Option<Marker> = None;
    loop {
        let operation = ListVirtualMFADevices {
            assignment_status: Some(AssignmentStatus::Assigned),
            page: Paged {
                marker: marker.take(),
                max_items: Bounded::parse("1000").ok(),
            },
        };
        let page = asked.run(&operation).await?;
        devices.extend(page.virtual_mfa_devices.iter().filter_map(|device| {
            Some(json!({
                "user_id": holder(device, account)?,
                "serial_number": serials::v30(&device.serial_number, account)?,
            }))
        }));
        match page.end.marker {
            Some(next) => marker = Marker::parse(&next).ok(),
            None => break,
        }
        if marker.is_none() {
            return Err(Fault::service("a list's marker is none").into());
        }
    }
    Ok(Reply::ok(json!({ "virtual_mfa_devices": devices })))
}

/// The id of who has the device.
pub(crate) fn holder(device: &VirtualMFADevice, account: AccountId) -> Option<String> {
    let user = device.user.as_ref()?;
    if user.user_id == account.to_string() {
        Some(ids::root(account))
    } else {
        ids::user(&user.user_id)
    }
}

/// `GET /v3.0/OS-MFA/users/{user_id}/virtual-mfa-device`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let user_id = asked.id();
    let account = asked.account();
    let owner = asked.owner(Some(user_id)).await?;
    let serial = held(&asked, owner, user_id)
        .await?
        .and_then(|serial| serials::v30(&serial, account))
        .ok_or_else(|| Error::no_such("virtual MFA device of user", user_id))?;
    Ok(Reply::ok(json!({
        "virtual_mfa_device": { "user_id": user_id, "serial_number": serial },
    })))
}

/// `PUT /v3.0/OS-MFA/mfa-devices/bind`.
async fn bind(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let user_id = own(&asked, members)?;
    enable(&mut asked, members, user_id).await?;
    Ok(Reply::done())
}

/// Puts a device into the hands of a user who has none, and who shows two codes that follow each other.
pub(crate) async fn enable(
    asked: &mut Asked<'_>,
    members: Members<'_>,
    user_id: &str,
) -> Result<(), Error> {
    let serial_number = serial(asked, members.required_text("serial_number")?)?;
    let first = code(members, "authentication_code_first")?;
    let second = code(members, "authentication_code_second")?;
    let owner: Option<ExistingUserName> = asked.owner(Some(user_id)).await?;
    check_first(asked, owner.clone(), user_id).await?;
    let bound = match owner {
        Some(user_name) => {
            let operation = EnableMFADevice {
                user_name,
                serial_number,
                authentication_code1: first,
                authentication_code2: second,
            };
            asked.run(&operation).await
        }
        None => {
            let operation = EnableRootMFADevice {
                serial_number,
                authentication_code1: first,
                authentication_code2: second,
            };
            asked.run(&operation).await
        }
    };
    bound.map(drop).map_err(missing_device)
}

/// `PUT /v3.0/OS-MFA/mfa-devices/unbind`.
async fn unbind(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let user_id = members.required_text("user_id")?;
    let operation = UnbindMFADevice {
        serial_number: serial(&asked, members.required_text("serial_number")?)?,
        authentication_code: code(members, "authentication_code")?,
        user_name: asked.owner(Some(user_id)).await?,
    };
    let unbound = asked.call(&operation).await;
    unbound.map_err(missing_device)?;
    Ok(Reply::done())
}

/// `DELETE /v3.0/OS-MFA/virtual-mfa-devices`. The Go client sends in a body what belongs into the query.
async fn delete(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let serial_number = match query.get("serial_number") {
        Some(text) => serial(&asked, text)?,
        None => {
            let input = asked.input()?;
            let text = input
                .members(Codes::COMMON)
                .required_text("serial_number")?;
            serial(&asked, text)?
        }
    };
    remove(asked, serial_number).await
}

/// Deletes a device that nobody has.
pub(crate) async fn remove(asked: Asked<'_>, serial_number: SerialNumber) -> Result<Reply, Error> {
    let operation = DeleteVirtualMFADevice { serial_number };
    let deleted = asked.call(&operation).await;
    deleted.map_err(missing_device)?;
    Ok(Reply::done())
}

/// The user whom the request names, who must be the caller.
fn own<'m>(asked: &Asked<'_>, members: Members<'m>) -> Result<&'m str, Error> {
    let user_id = members.required_text("user_id")?;
    if asked.own_id().is_some_and(|own| own == user_id) {
        Ok(user_id)
    } else {
        Err(Error::denied())
    }
}

/// Refuses a second virtual device.
async fn check_first(
    asked: &Asked<'_>,
    owner: Option<ExistingUserName>,
    user_id: &str,
) -> Result<(), Error> {
    match held(asked, owner, user_id).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict("The user has a virtual MFA device.")),
    }
}

/// The user's virtual device, the first where there are many.
async fn held(
    asked: &Asked<'_>,
    user_name: Option<ExistingUserName>,
    user_id: &str,
) -> Result<Option<SerialNumber>, Error> {
    let operation = ListMFADevices {
        user_name,
        page: Paged {
            marker: None,
            max_items: None,
        },
    };
    let listed = asked.run(&operation).await;
    let listed = listed.map_err(|fault| Error::of(fault, "user", user_id))?;
    let account = asked.account();
    Ok(listed
        .mfa_devices
        .into_iter()
        .map(|device| device.serial_number)
        .find(|serial| serials::v30(serial, account).is_some()))
}

/// The serial number that a request names.
pub(crate) fn serial(asked: &Asked<'_>, text: &str) -> Result<SerialNumber, Error> {
    serials::read(text, asked.account()).ok_or_else(|| Error::no_such("MFA device", text))
}

/// A code; what cannot be one is as one that is wrong.
fn code(members: Members<'_>, name: &str) -> Result<Secret<AuthenticationCode>, Error> {
    members.required_or(name, "IAM.1061")
}

/// The fault, where it can be the user or the device that is missing.
fn missing_device(fault: Fault) -> Error {
    match fault.code() {
        Code::NoSuchEntity => Error::of(fault, "user or MFA device", "as named"),
        _ => fault.into(),
    }
}
