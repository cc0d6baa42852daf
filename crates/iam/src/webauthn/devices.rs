//! What the store holds for ceremonies: the account's rules, the devices of a user, and their marks.

use std::sync::Arc;

use claviger_model::AccountId;
use claviger_store::{MarkKey, Scope, Stored, Unit};

use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::fido_device::{FIDO_COUNTER, is_fido};
use crate::entity::mfa_device::Who;
use crate::entity::security_key_policy::SECURITY_KEY_POLICY_RECORD;
use crate::entity::user::AssignedMfaDevice;
use crate::entity::{Account, FidoDevice, SecurityKeyPolicy, User};
use crate::fault::Fault;
use crate::mfa::MFA_USED;

/// The account's rules, or the default ones.
pub(crate) async fn policy(
    unit: &mut Unit,
    account: AccountId,
) -> Result<SecurityKeyPolicy, Fault> {
    let stored = unit
        .get::<SecurityKeyPolicy>(Scope::Account(account), SECURITY_KEY_POLICY_RECORD)
        .await
        .map_err(Fault::unavailable)?;
    Ok(stored.map_or_else(
        || SecurityKeyPolicy::default_of(account),
        |policy| SecurityKeyPolicy::clone(&policy),
    ))
}

/// The FIDO devices among those that somebody holds, in the order of registration.
pub(crate) async fn fido_devices(
    unit: &mut Unit,
    account: AccountId,
    held: &[AssignedMfaDevice],
) -> Result<Vec<FidoDevice>, Fault> {
    let mut devices = Vec::new();
    for one in held.iter().filter(|one| is_fido(&one.serial)) {
        let device = unit
            .get::<FidoDevice>(Scope::Account(account), &one.device)
            .await
            .map_err(Fault::unavailable)?;
        if let Some(device) = device {
            devices.push(FidoDevice::clone(&device));
        }
    }
    Ok(devices)
}

/// The FIDO devices of a user, or of root.
pub(super) async fn devices_of(
    unit: &mut Unit,
    account: AccountId,
    who: &Who,
) -> Result<Vec<FidoDevice>, Fault> {
    let held = match who {
        Who::User(_) => user_of(unit, account, who)
            .await?
            .map(|user| user.mfa_devices.clone()),
        Who::Root => unit
            .get::<Account>(Scope::Account(account), ACCOUNT_RECORD)
            .await
            .map_err(Fault::unavailable)?
            .map(|account| account.root.mfa_devices.clone()),
    };
    fido_devices(unit, account, &held.unwrap_or_default()).await
}

/// The user's record; root has none.
pub(super) async fn user_of(
    unit: &mut Unit,
    account: AccountId,
    who: &Who,
) -> Result<Option<Arc<Stored<User>>>, Fault> {
    match who {
        Who::User(id) => unit
            .get::<User>(Scope::Account(account), id.as_str())
            .await
            .map_err(Fault::unavailable),
        Who::Root => Ok(None),
    }
}

/// The mark of the highest signature counter that was accepted.
pub(super) fn counter_mark(device: &FidoDevice) -> MarkKey {
    MarkKey::new(
        Scope::Account(device.account),
        FIDO_COUNTER,
        device.id.as_str(),
    )
}

/// The mark of a device's last use.
pub(crate) fn used_mark(device: &FidoDevice) -> MarkKey {
    MarkKey::new(Scope::Account(device.account), MFA_USED, device.id.as_str())
}
