//! Hardware MFA devices: their serial numbers and seeds are imported, by operations of this server's own; AWS has them from
//! its vendors. Once imported they are enabled, resynchronised and taken away as on AWS.

use claviger_model::name::SerialNumber;
use claviger_model::{Code, Secret, Timestamp, enum_scalar};
use claviger_shape::Shape;
use claviger_store::{Depends, Record};
use std::sync::Arc;

use super::mfa_devices::{holder_out, missing_device};
use super::page::{PageEnd, Paged};
use super::shapes::UserShape;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::index::{HARDWARE_MFA_BY_SERIAL, WHOLE};
use crate::entity::mfa_device::SEED;
use crate::entity::{MfaDevice, Tags};
use crate::fault::Fault;
use crate::lookup;
use crate::spec::{Access, Spec};
use crate::token_file;

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<ImportHardwareMFADevices>(),
    entry::<ListHardwareMFADevices>(),
    entry::<DeleteHardwareMFADevice>(),
];

enum_scalar! {
    /// What a vendor's file is written in.
    TokenFileFormat {
        /// Comma-separated values with a header.
        Csv = "CSV",
        /// The Portable Symmetric Key Container (RFC 6030), with keys in plain text.
        Pskc = "PSKC",
    }
}

/// Imports hardware MFA devices from a vendor's file, all of them or none. An operation of this server's own.
#[derive(Shape)]
pub struct ImportHardwareMFADevices {
    /// What the file is written in.
    pub format: TokenFileFormat,
    /// The file, with up to 1,000 devices that show six digits for thirty seconds. CSV has a first line that names the columns
    /// `serial number` and either `secret key`, in Base32, or `seed`, in hexadecimal.
    pub content: Secret<String>,
}

/// The answer of [`ImportHardwareMFADevices`].
#[derive(Shape)]
pub struct ImportHardwareMFADevicesOutput {
    /// The devices, in the order of the file.
    pub serial_numbers: Vec<SerialNumber>,
}

impl Operation for ImportHardwareMFADevices {
    const SPEC: Spec = Spec::iam("ImportHardwareMFADevices", Access::Write).faults(&[
        Code::EntityAlreadyExists,
        Code::InvalidInput,
        Code::LimitExceeded,
    ]);
    type Output = ImportHardwareMFADevicesOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let content = self.content.expose();
        let read = match self.format {
            TokenFileFormat::Csv => token_file::read_csv(content),
            TokenFileFormat::Pskc => token_file::read_pskc(content),
        };
        let tokens = read.map_err(|refusal| Fault::new(Code::InvalidInput, refusal.to_string()))?;
        let scope = cx.scope();
        // There may be as many devices of hardware as users, as there may be virtual ones.
        cx.unit.limit(
            scope,
            &HARDWARE_MFA_BY_SERIAL,
            WHOLE,
            cx.iam().settings().quotas.users,
        );
        let mut serial_numbers = Vec::with_capacity(tokens.len());
        for token in tokens {
            if lookup::find_mfa_device(cx, &token.serial).await?.is_some() {
                return Err(Fault::exists(format!(
                    "MFA device with serial number {} already exists.",
                    token.serial
                )));
            }
            let id = cx.rng().uuid();
            let seed = cx
                .unit
                .seal(scope, MfaDevice::KIND, &id, SEED, token.seed.expose())
                .await
                .map_err(Fault::unavailable)?;
            serial_numbers.push(token.serial.clone());
            cx.unit.put(MfaDevice {
                account: cx.account(),
                id,
                serial: token.serial,
                seed,
                drift: 0,
                tags: Tags::default(),
                holder: None,
                hardware: true,
            });
        }
        Ok(ImportHardwareMFADevicesOutput { serial_numbers })
    }
}

/// A hardware MFA device.
#[derive(Shape)]
pub struct HardwareMFADevice {
    /// The vendor's serial number.
    pub serial_number: SerialNumber,
    /// Who holds the device.
    pub user: Option<UserShape>,
    /// Since when.
    pub enable_date: Option<Timestamp>,
}

/// Lists the hardware MFA devices that were imported, in whoever's hands they are. An operation of this server's own.
#[derive(Shape)]
pub struct ListHardwareMFADevices {
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListHardwareMFADevices`].
#[derive(Shape)]
pub struct ListHardwareMFADevicesOutput {
    /// The devices, by serial number without regard to case.
    #[shape(name = "HardwareMFADevices")]
    pub hardware_mfa_devices: Vec<HardwareMFADevice>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListHardwareMFADevices {
    const SPEC: Spec = Spec::iam("ListHardwareMFADevices", Access::List);
    type Output = ListHardwareMFADevicesOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        const LIST: &[u8] = b"hardware_mfa_devices";
        let after = self.page.after(cx, LIST)?;
        let scope = cx.scope();
        let read = cx
            .unit
            .page::<MfaDevice>(
                scope,
                &HARDWARE_MFA_BY_SERIAL,
                WHOLE,
                b"",
                after.as_deref(),
                self.page.limit(),
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        let last = read.items.last().map(|(key, _)| key.clone());
        let mut hardware_mfa_devices = Vec::with_capacity(read.items.len());
        for (_, device) in &read.items {
            let device = Arc::clone(device);
            hardware_mfa_devices.push(HardwareMFADevice {
                serial_number: device.serial.clone(),
                user: match &device.holder {
                    Some(holder) => holder_out(cx, holder).await?,
                    None => None,
                },
                enable_date: device.holder.as_ref().map(|holder| holder.enabled),
            });
        }
        Ok(ListHardwareMFADevicesOutput {
            hardware_mfa_devices,
            end: PageEnd::new(cx, LIST, read.more, last.as_deref()),
        })
    }
}

/// Deletes a hardware MFA device that nobody holds, with its seed. An operation of this server's own.
#[derive(Shape)]
pub struct DeleteHardwareMFADevice {
    /// The device.
    pub serial_number: SerialNumber,
}

impl Operation for DeleteHardwareMFADevice {
    const SPEC: Spec = Spec::iam("DeleteHardwareMFADevice", Access::Write)
        .faults(&[Code::DeleteConflict, Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let device = lookup::find_mfa_device(cx, &self.serial_number)
            .await?
            .filter(|device| device.hardware)
            .ok_or_else(|| missing_device(&self.serial_number))?;
        if device.holder.is_some() {
            return Err(Fault::conflict("MFA device in use. Must deactivate first."));
        }
        let scope = cx.scope();
        cx.unit.delete::<MfaDevice>(scope, &device.id);
        // The seed is unreadable from now on, in history too.
        cx.unit.drop_key(scope, MfaDevice::KIND, &device.id);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hidden_in_audit_events() {
        let mut fields = ImportHardwareMFADevices::FIELDS.iter();
        assert!(fields.any(|field| field.name.wire == "Content" && field.secret()));
    }
}
