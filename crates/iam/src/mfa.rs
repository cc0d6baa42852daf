//! Codes of MFA devices: one code to prove a second factor, two consecutive ones to pair or resynchronise a device.
//!
//! Every try takes a ticket of the device, right or wrong, and a code is accepted once in all: its step moves a mark that
//! only rises, in the commit of the operation that it was accepted for (AC-34, AC-35).

use claviger_model::{Code as FaultCode, Secret, Timestamp};
use claviger_store::{Bucket, MarkKey, Record};

use crate::cx::Cx;
use crate::entity::MfaDevice;
use crate::entity::fido_device::is_fido;
use crate::entity::mfa_device::{SEED, Who};
use crate::entity::user::AssignedMfaDevice;
use crate::fault::Fault;
use crate::principal::{Being, Principal};
use crate::totp::{self, Code};

/// The kind of mark that tells the last step whose code was accepted; its id is the device's.
pub const TOTP_STEP: &str = "totp_step";
/// The kind of mark that tells when a device last proved that it was there; its id is the device's.
pub const MFA_USED: &str = "mfa_used";
/// The kind of bucket that tries at a device are counted in; its id is the device's.
pub const MFA_TRIES: &str = "mfa_tries";

/// Tries that a device has in one window (observed on AWS, 2026).
const TRIES: u32 = 9;
/// How long a window is, in seconds.
const WINDOW_SECONDS: u32 = 180;

/// What STS says of one parameter without the other.
const BOTH: &str =
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
/// What STS says of a code that is wrong or was used.
const WRONG: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
/// What STS says of a device that cannot be asked: not there, somebody else's, or tried too often.
const UNABLE: &str = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";

/// A second factor as a request brings it: a device and its code, both or neither.
///
/// # Errors
/// `AccessDenied` for one without the other.
pub fn both<'a>(
    serial: Option<&'a str>,
    code: Option<&'a str>,
) -> Result<Option<(&'a str, &'a str)>, Fault> {
    match (serial, code) {
        (Some(serial), Some(code)) => Ok(Some((serial, code))),
        (None, None) => Ok(None),
        _ => Err(Fault::denied(BOTH)),
    }
}

/// Proves the caller's second factor: the code must be that of the caller's own device, now, and not used before. The
/// instant of the proof is the answer. The code is used up by the operation's commit.
///
/// # Errors
/// `AccessDenied` in the words of STS; `ServiceUnavailable`.
pub async fn verify(cx: &mut Cx<'_>, serial: &str, code: &str) -> Result<Timestamp, Fault> {
    let principal = cx.principal().await?;
    let Some((own, who)) = own_device(&principal, serial) else {
        return Err(Fault::denied(UNABLE));
    };
    let scope = cx.scope();
    let device = cx
        .unit
        .get::<MfaDevice>(scope, &own.device)
        .await
        .map_err(Fault::unavailable)?
        .filter(|device| {
            device
                .holder
                .as_ref()
                .is_some_and(|holder| holder.who == who)
        })
        .ok_or_else(|| Fault::denied(UNABLE))?;
    let wrong = || Fault::denied(WRONG);
    accept(cx, &device, code, wrong, || Fault::denied(UNABLE)).await?;
    Ok(cx.now())
}

/// Proves by one code that a device is at hand. The code is used up by the operation's commit.
///
/// # Errors
/// `InvalidAuthenticationCode` where it is none of the device's, not newer than the last one accepted, or the device was tried
/// too often; `ServiceUnavailable`.
pub async fn confirm(cx: &mut Cx<'_>, device: &MfaDevice, code: &str) -> Result<(), Fault> {
    accept(cx, device, code, wrong_code, wrong_code).await
}

/// Takes one code of the device, or one ticket for a wrong one.
async fn accept(
    cx: &mut Cx<'_>,
    device: &MfaDevice,
    code: &str,
    wrong: impl Fn() -> Fault,
    unable: impl Fn() -> Fault,
) -> Result<(), Fault> {
    take_ticket(cx, device, unable).await?;
    let code = Code::parse(code).ok_or_else(&wrong)?;
    let seed = seed(cx, device).await?;
    let step = totp::verify(&seed, device.drift, cx.now(), code).ok_or_else(&wrong)?;
    let last = last_step(cx, device).await?;
    // SECURITY: a step between two that were accepted counts as used: the mark knows the highest alone.
    if last.is_some_and(|last| step <= last) {
        return Err(wrong());
    }
    cx.advance(mark(device), step);
    cx.used(used_mark(device));
    Ok(())
}

/// What is said of codes that are wrong or were used, and of a device that was tried too often.
fn wrong_code() -> Fault {
    Fault::new(
        FaultCode::InvalidAuthenticationCode,
        "Authentication code for device is not valid.",
    )
}

/// Proves the caller's second factor by a code of whichever own device shows it.
///
/// # Errors
/// As [`verify`].
pub async fn verify_any(cx: &mut Cx<'_>, code: &str) -> Result<Timestamp, Fault> {
    let principal = cx.principal().await?;
    let devices = match &principal.being {
        Being::User(user) => user.mfa_devices.as_slice(),
        Being::Root(account) => account.root.mfa_devices.as_slice(),
        Being::Role(_) | Being::Host(_) => &[],
    };
    let mut refusal = Fault::denied(UNABLE);
    for device in devices.iter().filter(|device| !is_fido(&device.serial)) {
        match verify(cx, device.serial.as_str(), code).await {
            Ok(proved) => return Ok(proved),
            Err(fault) if fault.code() == FaultCode::AccessDenied => refusal = fault,
            Err(fault) => return Err(fault),
        }
    }
    Err(refusal)
}

/// Finds a device's clock by two consecutive codes, and answers how many steps it is ahead of the server's. Both codes
/// are used up by the operation's commit; the caller writes the drift into the device's record.
///
/// # Errors
/// `InvalidAuthenticationCode` where the codes are none, not consecutive, not newer than the last one accepted, or the
/// device was tried too often; `ServiceUnavailable`.
pub async fn pair(
    cx: &mut Cx<'_>,
    device: &MfaDevice,
    first: &str,
    second: &str,
) -> Result<i64, Fault> {
    let wrong = wrong_code;
    take_ticket(cx, device, wrong).await?;
    let first = Code::parse(first).ok_or_else(wrong)?;
    let second = Code::parse(second).ok_or_else(wrong)?;
    let seed = seed(cx, device).await?;
    let last = last_step(cx, device).await?;
    let step =
        totp::find_pair(&seed, device.drift, cx.now(), last, first, second).ok_or_else(wrong)?;
    cx.advance(mark(device), step);
    cx.used(used_mark(device));
    Ok(step - totp::step_at(cx.now()))
}

/// The caller's own device of this serial number. Sessions of roles have none.
fn own_device<'p>(principal: &'p Principal, serial: &str) -> Option<(&'p AssignedMfaDevice, Who)> {
    match &principal.being {
        Being::User(user) => user
            .mfa_device(serial)
            .map(|device| (device, Who::User(user.id.clone()))),
        Being::Root(account) => account
            .root
            .mfa_devices
            .iter()
            .find(|held| held.serial.as_str().eq_ignore_ascii_case(serial))
            .map(|device| (device, Who::Root)),
        Being::Role(_) | Being::Host(_) => None,
    }
}

/// Takes one ticket of the device for this request, however often the operation starts over.
async fn take_ticket(
    cx: &Cx<'_>,
    device: &MfaDevice,
    refused: impl Fn() -> Fault,
) -> Result<(), Fault> {
    let bucket = Bucket::new(device.scope(), MFA_TRIES, device.id.as_str());
    cx.once(&format!("{MFA_TRIES}/{}", device.id), async {
        let taken = cx
            .iam()
            .store()
            .take(&bucket, TRIES, WINDOW_SECONDS, cx.now())
            .await
            .map_err(Fault::unavailable)?;
        if taken {
            Ok(Secret::new(String::new()))
        } else {
            Err(refused())
        }
    })
    .await?;
    Ok(())
}

async fn seed(cx: &Cx<'_>, device: &MfaDevice) -> Result<Secret<Vec<u8>>, Fault> {
    cx.iam()
        .store()
        .unseal(
            device.scope(),
            MfaDevice::KIND,
            &device.id,
            SEED,
            &device.seed,
        )
        .await
        .map_err(Fault::unavailable)
}

/// What tells when a code of the device was last accepted.
#[must_use]
pub fn used_mark(device: &MfaDevice) -> MarkKey {
    MarkKey::new(device.scope(), MFA_USED, device.id.as_str())
}

fn mark(device: &MfaDevice) -> MarkKey {
    MarkKey::new(device.scope(), TOTP_STEP, device.id.as_str())
}

async fn last_step(cx: &Cx<'_>, device: &MfaDevice) -> Result<Option<i64>, Fault> {
    let mark = cx
        .iam()
        .store()
        .mark(&mark(device))
        .await
        .map_err(Fault::unavailable)?;
    Ok(mark.map(|mark| mark.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_without_a_code_is_refused_and_so_is_a_code_alone() {
        assert_eq!(both(None, None).expect("neither"), None);
        assert_eq!(both(Some("s"), Some("c")).expect("both"), Some(("s", "c")));
        for half in [both(Some("s"), None), both(None, Some("c"))] {
            assert_eq!(half.expect_err("one alone").message(), Some(BOTH));
        }
    }
}
