//! MFA devices (Identity and Access Management API reference, "MFA Device Management (v5)").

use claviger_iam::operation::mfa_devices::{
    AssignmentStatus, DeactivateMFADevice, ListMFADevices, ListVirtualMFADevices,
};
use serde_json::{Value, json};

use super::page::{self, Page};
use crate::asked::Asked;
use crate::error::Error;
use crate::input::Codes;
use crate::reply::Reply;
use crate::routes::Route;
use crate::serials;
use crate::v30::mfa;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "POST",
        "/v5/virtual-mfa-devices",
        "CreateVirtualMFADevice",
        |asked| Box::pin(create(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v5/virtual-mfa-devices",
        "DeleteVirtualMFADevice",
        |asked| Box::pin(delete(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/mfa-devices/enable",
        "EnableMFADevice",
        |asked| Box::pin(enable(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/mfa-devices/disable",
        "DeactivateMFADevice",
        |asked| Box::pin(disable(asked)),
    ),
    Route::iam("GET", "/v5/mfa-devices", "ListMFADevices", |asked| {
        Box::pin(list(asked))
    }),
];

/// `POST /v5/virtual-mfa-devices`.
async fn create(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let user_id = members.required_text("user_id")?;
    let made = mfa::make(&mut asked, members, "virtual_mfa_device_name", user_id).await?;
    let serial = serials::v5(&made.serial_number, asked.account());
    Ok(Reply::created(mfa::told(&made, serial)?))
}

/// `DELETE /v5/virtual-mfa-devices`.
async fn delete(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let text = query.get("serial_number");
    let text = text.ok_or_else(|| Error::invalid("serial_number is required."))?;
    let serial = mfa::serial(&asked, text)?;
    mfa::remove(asked, serial).await
}

/// `POST /v5/mfa-devices/enable`.
async fn enable(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let user_id = members.required_text("user_id")?;
    mfa::enable(&mut asked, members, user_id).await?;
    Ok(Reply::ok(json!({})))
}

/// `POST /v5/mfa-devices/disable`.
async fn disable(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let user_id = members.required_text("user_id")?;
    let operation = DeactivateMFADevice {
        serial_number: mfa::serial(&asked, members.required_text("serial_number")?)?,
        user_name: asked.owner(Some(user_id)).await?,
    };
    let done = asked.call(&operation).await;
    done.map_err(|fault| Error::of(fault, "user or MFA device", "as named"))?;
    Ok(Reply::ok(json!({})))
}

/// `GET /v5/mfa-devices`: of a user, or of everybody in the account who has one.
async fn list(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let page = Page::read(&query)?;
    let account = asked.account();
    let written = |serial: Option<String>, user_id: &str| {
        serial.map(|serial| json!({ "serial_number": serial, "user_id": user_id, "enabled": true }))
    };
    let (devices, end): (Vec<Value>, _) = match query.get("user_id") {
        Some(user_id) => {
            let operation = ListMFADevices {
                user_name: asked.owner(Some(user_id)).await?,
                page: page.asked(),
            };
            let listed = asked.call(&operation).await;
            let listed = listed.map_err(|fault| page.refused_about(fault, "user", user_id))?;
            let devices = listed.mfa_devices.iter();
            let devices = devices
                .filter_map(|held| written(serials::v5(&held.serial_number, account), user_id));
            (devices.collect(), listed.end)
        }
        None => {
            let operation = ListVirtualMFADevices {
                assignment_status: Some(AssignmentStatus::Assigned),
                page: page.asked(),
            };
            let listed = asked.call(&operation).await;
            let listed = listed.map_err(|fault| page.refused(fault))?;
            let devices = listed.virtual_mfa_devices.iter().filter_map(|device| {
                let holder = mfa::holder(device, account)?;
                written(serials::v5(&device.serial_number, account), &holder)
            });
            (devices.collect(), listed.end)
        }
    };
    let info = page::info(devices.len(), end);
    Ok(Reply::ok(
        json!({ "mfa_devices": devices, "page_info": info }),
    ))
}
