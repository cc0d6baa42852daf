//! MFA devices that show codes: virtual ones, and hardware whose seeds were imported. A device belongs to the account; a user
//! or root may hold it.

use claviger_model::name::SerialNumber;
use claviger_model::{AccountId, Timestamp, UniqueId};
use claviger_store::{Entries, Record, Scope, Sealed};

use super::index::{HARDWARE_MFA_BY_SERIAL, MFA_BY_SERIAL, MFA_BY_STATUS};
use super::tags::Tags;

/// An MFA device that shows codes.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct MfaDevice {
    /// The account it belongs to.
    pub account: AccountId,
    /// Never used again, unlike the serial number.
    pub id: String,
    /// The resource name of a virtual device, the vendor's serial number of another.
    pub serial: SerialNumber,
    /// The shared secret of RFC 6238, sealed.
    pub seed: Sealed,
    /// Steps that the device's clock is ahead of the server's.
    pub drift: i64,
    /// Its tags.
    pub tags: Tags,
    /// Who holds it.
    pub holder: Option<Holder>,
    /// Whether it is a thing of its own, whose seed was imported.
    #[serde(default)]
    pub hardware: bool,
}

/// Who holds a device, and since when.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// Who.
    pub who: Who,
    /// Since when.
    pub enabled: Timestamp,
}

/// The holder of a device.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Who {
    /// The account's root user.
    #[serde(rename = "root")]
    Root,
    /// A user.
    #[serde(rename = "user")]
    User(UniqueId),
}

/// The field that the seed is sealed as.
pub const SEED: &str = "seed";
/// The group of [`MFA_BY_STATUS`] for devices that somebody holds.
pub const ASSIGNED: &[u8] = b"assigned";
/// The group of [`MFA_BY_STATUS`] for devices that nobody holds.
pub const UNASSIGNED: &[u8] = b"unassigned";

/// The group of [`MFA_BY_STATUS`] for devices of hardware that somebody holds.
pub const HARDWARE_ASSIGNED: &[u8] = b"hardware_assigned";

/// The form in which serial numbers are compared.
#[must_use]
pub fn serial_key(serial: &str) -> Vec<u8> {
    claviger_model::text::fold(serial).into_bytes()
}

impl Record for MfaDevice {
    const KIND: &'static str = "virtual_mfa_device";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn entries(&self, out: &mut Entries) {
        let key = serial_key(self.serial.as_str());
        if self.hardware {
            out.unique(&HARDWARE_MFA_BY_SERIAL, key.as_slice());
            if self.holder.is_some() {
                out.ordered(&MFA_BY_STATUS, HARDWARE_ASSIGNED, key);
            }
            return;
        }
        out.unique(&MFA_BY_SERIAL, key.as_slice());
        let group = if self.holder.is_some() {
            ASSIGNED
        } else {
            UNASSIGNED
        };
        out.ordered(&MFA_BY_STATUS, group, key);
    }
}
