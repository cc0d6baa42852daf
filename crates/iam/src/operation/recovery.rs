//! Recovery of the root user from the server's own host: a lost password, a lost MFA device, lost access keys. Whoever can
//! read the store could do worse; this way the change is one, it is on record, and nothing else is touched.

use claviger_model::name::SerialNumber;
use claviger_model::{AccessKeyId, AccountId, Arn, Code, Secret, Timestamp, access_key_id};
use claviger_shape::Shape;
use claviger_store::Record;

use super::login_profiles::Password;
use super::mfa_devices::{self, missing_device};
use super::root_user::accept_password;
use super::{Entry, Operation, entry};
use crate::authenticate::secret_field;
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::Account;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::credential::{AccessKey, AccessKeys, Status};
use crate::fault::Fault;
use crate::first_account::draw_password;
use crate::lookup::{self, Owner};
use crate::spec::{Access, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<GetRootUser>(),
    entry::<ResetRootPassword>(),
    entry::<ResetRootMFADevices>(),
    entry::<ReplaceRootAccessKeys>(),
];

/// Every one of them acts on the root user.
fn target(cx: &Cx<'_>) -> Target {
    Target::of(Check::on(cx.account(), &Arn::root(cx.account())))
}

/// How many recovery codes root has left.
fn codes_left(account: &Account) -> i32 {
    let codes = account.root.recovery_codes.as_ref();
    codes.map_or(0, |codes| {
        i32::try_from(codes.remaining()).unwrap_or(i32::MAX)
    })
}

/// An MFA device in root's hands.
#[derive(Shape)]
pub struct RootMFADevice {
    /// The device.
    pub serial_number: SerialNumber,
    /// Since when it is root's.
    pub enable_date: Timestamp,
}

/// An access key of root, without its secret.
#[derive(Shape)]
pub struct RootAccessKey {
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// Whether requests signed with it are accepted.
    pub status: Status,
    /// When it was made.
    pub create_date: Timestamp,
}

/// Tells what the root user has to prove who it is.
#[derive(Shape)]
pub struct GetRootUser {}

/// The answer of [`GetRootUser`].
#[derive(Shape)]
pub struct GetRootUserOutput {
    /// The account.
    pub account: AccountId,
    /// Its alias, if it has one.
    pub alias: Option<String>,
    /// The e-mail address that root signs in with.
    pub email: String,
    /// When the password was last set; left out where there is none.
    pub password_changed: Option<Timestamp>,
    /// The MFA devices, in the order of assignment.
    #[shape(name = "MFADevices")]
    pub mfa_devices: Vec<RootMFADevice>,
    /// How many recovery codes are left.
    pub recovery_codes: i32,
    /// The access keys, oldest first.
    pub access_keys: Vec<RootAccessKey>,
}

impl Operation for GetRootUser {
    const SPEC: Spec = Spec::host("GetRootUser", Access::Read);
    type Output = GetRootUserOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(target(cx))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = lookup::account(cx).await?;
        let root = &account.root;
        Ok(GetRootUserOutput {
            account: account.id,
            alias: account
                .alias
                .as_ref()
                .map(|alias| alias.as_str().to_owned()),
            email: root.email.clone(),
            password_changed: root.password.as_ref().and(root.password_changed),
            mfa_devices: root
                .mfa_devices
                .iter()
                .map(|device| RootMFADevice {
                    serial_number: device.serial.clone(),
                    enable_date: device.enabled,
                })
                .collect(),
            recovery_codes: codes_left(&account),
            access_keys: root
                .access_keys
                .iter()
                .map(|key| RootAccessKey {
                    access_key_id: key.id.clone(),
                    status: key.status,
                    create_date: key.created,
                })
                .collect(),
        })
    }
}

/// Gives root a new password, and ends the sessions that root has.
#[derive(Shape)]
pub struct ResetRootPassword {
    /// The password; one is drawn when it is left out.
    pub password: Option<Secret<Password>>,
}

/// The answer of [`ResetRootPassword`].
#[derive(Shape)]
pub struct ResetRootPasswordOutput {
    /// The account.
    pub account: AccountId,
    /// The e-mail address that root signs in with.
    pub email: String,
    /// The password, where it was drawn. This is the only time it is told.
    pub password: Option<Secret<String>>,
}

impl Operation for ResetRootPassword {
    const SPEC: Spec =
        Spec::host("ResetRootPassword", Access::Write).faults(&[Code::PasswordPolicyViolation]);
    type Output = ResetRootPasswordOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(target(cx))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = lookup::account(cx).await?;
        let password = match &self.password {
            Some(given) => Secret::new(given.expose().as_str().to_owned()),
            // Drawn once however often the operation starts over, since its hash is made once.
            None => {
                cx.once("drawn/root", async { Ok(draw_password(cx.rng())) })
                    .await?
            }
        };
        let hash = accept_password(cx, &account, &password).await?;
        let mut account: Account = Account::clone(&account);
        account.root.set_password(hash, cx.now());
        let output = ResetRootPasswordOutput {
            account: account.id,
            email: account.root.email.clone(),
            password: self.password.is_none().then_some(password),
        };
        cx.unit.put(account);
        Ok(output)
    }
}

/// Takes MFA devices out of root's hands with the recovery codes, and ends the sessions that root has. The devices stay and
/// can be enabled again. The codes are gone: they are a second factor, and who has the device may have them too.
#[derive(Shape)]
pub struct ResetRootMFADevices {
    /// The device; all that root holds when left out.
    pub serial_number: Option<SerialNumber>,
}

/// The answer of [`ResetRootMFADevices`].
#[derive(Shape)]
pub struct ResetRootMFADevicesOutput {
    /// The account.
    pub account: AccountId,
    /// The devices that were taken away.
    pub serial_numbers: Vec<SerialNumber>,
    /// How many recovery codes were taken away.
    pub recovery_codes: i32,
}

impl Operation for ResetRootMFADevices {
    const SPEC: Spec =
        Spec::host("ResetRootMFADevices", Access::Write).faults(&[Code::NoSuchEntity]);
    type Output = ResetRootMFADevicesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(target(cx))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = lookup::account(cx).await?;
        let mut held = account.root.mfa_devices.clone();
        if let Some(serial) = &self.serial_number {
            held.retain(|device| device.serial.as_str().eq_ignore_ascii_case(serial.as_str()));
            if held.is_empty() {
                return Err(missing_device(serial));
            }
        }
        let recovery_codes = codes_left(&account);
        if held.is_empty() && account.root.recovery_codes.is_none() {
            return Err(Fault::missing(
                "The root user has no MFA device and no recovery codes.",
            ));
        }
        let mut owner = Owner::Root(account);
        for device in &held {
            mfa_devices::release(cx, &owner, &device.serial).await?;
            owner = lookup::as_written(cx, &owner).await?;
        }
        let mut account = Account::clone(&**lookup::account(cx).await?);
        account.root.security_epoch += 1;
        account.root.recovery_codes = None;
        let output = ResetRootMFADevicesOutput {
            account: account.id,
            serial_numbers: held.into_iter().map(|device| device.serial).collect(),
            recovery_codes,
        };
        cx.unit.put(account);
        Ok(output)
    }
}

/// Makes an access key for root and switches off those that root had, and ends the sessions that root has. Where there is
/// no room for one more, the oldest is deleted.
#[derive(Shape)]
pub struct ReplaceRootAccessKeys {}

/// The answer of [`ReplaceRootAccessKeys`].
#[derive(Shape)]
pub struct ReplaceRootAccessKeysOutput {
    /// The account.
    pub account: AccountId,
    /// The new key.
    pub access_key_id: AccessKeyId,
    /// Its secret. This is the only time it is told.
    pub secret_access_key: Secret<String>,
    /// The keys that were switched off.
    pub deactivated: Vec<AccessKeyId>,
    /// The keys that were deleted.
    pub deleted: Vec<AccessKeyId>,
}

/// Makes room for a key and switches off all that there are: those left, and those that had to go.
fn retire(
    keys: &AccessKeys,
    limit: u64,
    now: Timestamp,
) -> Result<(AccessKeys, Vec<AccessKeyId>, Vec<AccessKeyId>), Fault> {
    let mut left = keys.clone();
    let mut ids: std::collections::VecDeque<AccessKeyId> =
        keys.iter().map(|key| key.id.clone()).collect();
    let mut deleted = Vec::new();
    while left.check_room(limit).is_err() {
        let Some(oldest) = ids.pop_front() else { break };
        left.remove(&oldest)?;
        deleted.push(oldest);
    }
    // What is over cannot be used, nor switched off.
    ids.retain(|id| {
        left.get(id.as_str())
            .is_some_and(|key| key.status_at(now) != Status::Expired)
    });
    for id in &ids {
        left.set_status(id, Status::Inactive, now)?;
    }
    Ok((left, ids.into(), deleted))
}

impl Operation for ReplaceRootAccessKeys {
    const SPEC: Spec =
        Spec::host("ReplaceRootAccessKeys", Access::Write).faults(&[Code::LimitExceeded]);
    type Output = ReplaceRootAccessKeysOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(target(cx))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let scope = cx.scope();
        let mut account = Account::clone(&**lookup::account(cx).await?);
        let limit = account.access_keys_per_user(&cx.iam().settings().quotas);
        let (mut keys, deactivated, deleted) = retire(&account.root.access_keys, limit, cx.now())?;
        let id = AccessKeyId::generate(cx.account(), cx.rng());
        let secret = access_key_id::generate_secret(cx.rng());
        let sealed = cx
            .unit
            .seal(
                scope,
                Account::KIND,
                ACCOUNT_RECORD,
                &secret_field(id.as_str()),
                secret.expose().as_bytes(),
            )
            .await
            .map_err(Fault::unavailable)?;
        keys.add(
            AccessKey {
                id: id.clone(),
                status: Status::Active,
                created: cx.now(),
                secret: sealed,
                bounds: None,
            },
            limit,
        )?;
        account.root.access_keys = keys;
        account.root.security_epoch += 1;
        let output = ReplaceRootAccessKeysOutput {
            account: account.id,
            access_key_id: id,
            secret_access_key: secret,
            deactivated,
            deleted,
        };
        cx.unit.put(account);
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_hidden_in_audit_events() {
        let secrets: Vec<&str> = OPERATIONS
            .iter()
            .flat_map(|entry| entry.output)
            .filter(|field| field.secret())
            .map(|field| field.name.wire)
            .collect();
        assert_eq!(secrets, ["Password", "SecretAccessKey"]);
    }
}
