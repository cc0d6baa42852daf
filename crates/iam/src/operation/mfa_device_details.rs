//! What is known of the MFA devices of a user besides what AWS's operations tell, and what their owner calls them. Operations
//! of this server's own.

use claviger_model::name::{ExistingUserName, MfaDeviceName, SerialNumber};
use claviger_model::{Code, Timestamp, enum_scalar};
use claviger_shape::Shape;
use claviger_store::MarkKey;

use super::mfa_devices::{
    check_own_change, held, held_device, missing_device, name_of, present, put_held,
};
use super::users::check_on_owner;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::fido_device::is_fido;
use crate::fault::Fault;
use crate::lookup;
use crate::mfa::MFA_USED;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<ListMFADeviceDetails>(), entry::<RenameMFADevice>()];

enum_scalar! {
    /// What a device is.
    MFADeviceKind {
        /// An authenticator app.
        Virtual = "Virtual",
        /// A token that shows codes, whose seed was imported.
        Hardware = "Hardware",
        /// A FIDO security key or passkey.
        SecurityKey = "SecurityKey",
    }
}

impl MFADeviceKind {
    /// The kind of the device of this serial number, which tells it.
    fn of(serial: &SerialNumber) -> Self {
        if is_fido(serial) {
            Self::SecurityKey
        } else if claviger_model::arn::split(serial.as_str()).is_some() {
            Self::Virtual
        } else {
            Self::Hardware
        }
    }
}

/// An MFA device in a user's hands.
#[derive(Shape)]
#[shape(name = "MFADeviceDetails")]
pub struct MFADeviceDetails {
    /// The user; root has no name.
    pub user_name: Option<String>,
    /// The device.
    pub serial_number: SerialNumber,
    /// What it is.
    pub kind: MFADeviceKind,
    /// What its owner calls it; left out where that is what its serial number says.
    pub device_name: Option<MfaDeviceName>,
    /// Since when it is the user's.
    pub enable_date: Timestamp,
    /// When it last proved that it was there; left out where it never has.
    pub last_used_date: Option<Timestamp>,
}

/// Lists the MFA devices of a user, or of the caller, whatever their kind, with the last use of each. An operation of this
/// server's own, allowed by `iam:ListMFADevices`.
#[derive(Shape)]
pub struct ListMFADeviceDetails {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`ListMFADeviceDetails`].
#[derive(Shape)]
pub struct ListMFADeviceDetailsOutput {
    /// The devices, in the order of assignment: there are eight at the most.
    #[shape(name = "MFADevices")]
    pub mfa_devices: Vec<MFADeviceDetails>,
}

impl Operation for ListMFADeviceDetails {
    const SPEC: Spec = Spec::iam("ListMFADeviceDetails", Access::List)
        .governed_by("ListMFADevices")
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = ListMFADeviceDetailsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let marks: Vec<MarkKey> = held(&owner)
            .iter()
            .map(|device| MarkKey::new(cx.scope(), MFA_USED, device.device.as_str()))
            .collect();
        let used = cx
            .iam()
            .store()
            .marks_of(&marks)
            .await
            .map_err(Fault::unavailable)?;
        let mfa_devices = held(&owner)
            .iter()
            .zip(used)
            .map(|(device, used)| MFADeviceDetails {
                user_name: name_of(&owner),
                serial_number: device.serial.clone(),
                kind: MFADeviceKind::of(&device.serial),
                device_name: device.name.clone(),
                enable_date: device.enabled,
                last_used_date: used.map(|mark| Timestamp::from_micros(mark.value)),
            })
            .collect();
        Ok(ListMFADeviceDetailsOutput { mfa_devices })
    }
}

/// Gives an MFA device another name, by which its owner tells it from others. Its serial number stays as it is. An
/// operation of this server's own, allowed by `iam:EnableMFADevice`.
#[derive(Shape)]
pub struct RenameMFADevice {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The device.
    pub serial_number: SerialNumber,
    /// What it is to be called; what its serial number says when left out.
    pub device_name: Option<MfaDeviceName>,
}

impl Operation for RenameMFADevice {
    const SPEC: Spec = Spec::iam("RenameMFADevice", Access::Write)
        .governed_by("EnableMFADevice")
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        check_own_change(cx, &owner, Self::SPEC.name)?;
        let serial = held_device(&owner, &self.serial_number)
            .ok_or_else(|| missing_device(&self.serial_number))?
            .serial
            .clone();
        let mut devices = held(&owner).to_vec();
        for device in devices.iter_mut().filter(|device| device.serial == serial) {
            device.name.clone_from(&self.device_name);
        }
        put_held(cx, &owner, devices);
        Ok(Empty {})
    }
}
