//! Recovery codes: ten at a time, told once to whoever they are of, each good once in place of a second factor that was
//! lost. AWS has none; these are operations of this server's own.

use claviger_model::name::{ExistingUserName, SerialNumber};
use claviger_model::{Code, Secret, Timestamp};
use claviger_shape::Shape;
use claviger_store::Bucket;

use super::mfa_devices::{self, check_own_change, without_mfa};
use super::users::check_on_owner;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::recovery_codes::{RecoveryCode, RecoveryCodes};
use crate::entity::{Account, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateRecoveryCodes>(),
    entry::<GetRecoveryCodes>(),
    entry::<DeleteRecoveryCodes>(),
    entry::<RecoverMFADevice>(),
];

/// The kind of bucket that tries at recovery codes are counted in; its id is the owner's.
pub const RECOVERY_TRIES: &str = "recovery_tries";
/// Tries in one window.
const TRIES: u32 = 10;
/// How long a window is, in seconds.
const WINDOW_SECONDS: u32 = 3_600;

/// The codes that the owner has, if any.
fn codes_of(owner: &Owner) -> Option<&RecoveryCodes> {
    match owner {
        Owner::User(user) => user.recovery_codes.as_ref(),
        Owner::Root(account) => account.root.recovery_codes.as_ref(),
        Owner::Missing(_) => None,
    }
}

/// What the codes are bound to.
fn id_of(owner: &Owner) -> &str {
    match owner {
        Owner::User(user) => user.id.as_str(),
        Owner::Root(_) | Owner::Missing(_) => ACCOUNT_RECORD,
    }
}

/// Writes the owner's codes: the whole record, so that its revision sees to it that one code is used once.
pub(super) fn put_codes(cx: &mut Cx<'_>, owner: &Owner, codes: Option<RecoveryCodes>) {
    match owner {
        Owner::User(user) => {
            let mut user: User = User::clone(user);
            user.recovery_codes = codes;
            cx.unit.put(user);
        }
        Owner::Root(account) => {
            let mut account: Account = Account::clone(account);
            account.root.recovery_codes = codes;
            cx.unit.put(account);
        }
        Owner::Missing(_) => {}
    }
}

/// What is said whatever was wrong with a code.
fn wrong() -> Fault {
    Fault::new(
        Code::InvalidAuthenticationCode,
        "The recovery code is not valid.",
    )
}

/// Takes a code of the owner's as proof, once; it is used up by the operation's commit. Every try takes a ticket of the
/// owner, right or wrong (AC-35).
///
/// # Errors
/// `InvalidAuthenticationCode` where it is none of the owner's, was used, or too many were tried; `ServiceUnavailable`.
pub async fn redeem(
    cx: &Cx<'_>,
    owner: &Owner,
    code: &RecoveryCode,
) -> Result<RecoveryCodes, Fault> {
    let scope = cx.scope();
    let bucket = Bucket::new(scope, RECOVERY_TRIES, id_of(owner));
    cx.once(&format!("{RECOVERY_TRIES}/{}", id_of(owner)), async {
        let taken = cx
            .iam()
            .store()
            .take(&bucket, TRIES, WINDOW_SECONDS, cx.now())
            .await
            .map_err(Fault::unavailable)?;
        if taken {
            Ok(Secret::new(String::new()))
        } else {
            Err(wrong())
        }
    })
    .await?;
    let mut codes = codes_of(owner).cloned().ok_or_else(wrong)?;
    if codes.redeem(id_of(owner), code) {
        Ok(codes)
    } else {
        Err(wrong())
    }
}

/// Makes ten recovery codes for the caller, in place of those that there are. Nobody makes them for somebody else: whoever
/// knows them holds the second factor. The caller must have proved an MFA device.
#[derive(Shape)]
pub struct CreateRecoveryCodes {}

/// The answer of [`CreateRecoveryCodes`].
#[derive(Shape)]
pub struct CreateRecoveryCodesOutput {
    /// The codes. This is the only time they are told.
    pub recovery_codes: Vec<Secret<String>>,
    /// When they were made.
    pub create_date: Timestamp,
}

impl Operation for CreateRecoveryCodes {
    const SPEC: Spec = Spec::iam("CreateRecoveryCodes", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[]);
    type Output = CreateRecoveryCodesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on_owner(cx, None).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = lookup::owner(cx, None).await?;
        // SECURITY: also who has no device yet. Codes that were made with a key alone would outlive the first device that
        // its owner enrols, and take it away for whoever stole the key.
        if cx.caller().mfa().is_none() {
            return Err(without_mfa(&owner, Self::SPEC.name));
        }
        let (codes, kept) = RecoveryCodes::draw(id_of(&owner), cx.now(), cx.rng());
        put_codes(cx, &owner, Some(kept));
        Ok(CreateRecoveryCodesOutput {
            recovery_codes: codes.iter().map(|code| Secret::new(code.shown())).collect(),
            create_date: cx.now(),
        })
    }
}

/// Tells how many recovery codes a user has left, or the caller. The codes themselves are told to nobody.
#[derive(Shape)]
pub struct GetRecoveryCodes {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`GetRecoveryCodes`].
#[derive(Shape)]
pub struct GetRecoveryCodesOutput {
    /// When they were made.
    pub create_date: Timestamp,
    /// How many have not been used.
    pub remaining: i32,
}

/// What is said where there are none.
fn none() -> Fault {
    Fault::missing("There are no recovery codes.")
}

impl Operation for GetRecoveryCodes {
    const SPEC: Spec = Spec::iam("GetRecoveryCodes", Access::Read)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = GetRecoveryCodesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = mfa_devices::present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let codes = codes_of(&owner).ok_or_else(none)?;
        Ok(GetRecoveryCodesOutput {
            create_date: codes.made,
            remaining: i32::try_from(codes.remaining()).unwrap_or(i32::MAX),
        })
    }
}

/// Deletes the recovery codes of a user, or of the caller, who must have proved an MFA device where there is one.
#[derive(Shape)]
pub struct DeleteRecoveryCodes {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

impl Operation for DeleteRecoveryCodes {
    const SPEC: Spec = Spec::iam("DeleteRecoveryCodes", Access::Write)
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
        let owner = mfa_devices::present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        check_own_change(cx, &owner, Self::SPEC.name)?;
        codes_of(&owner).ok_or_else(none)?;
        put_codes(cx, &owner, None);
        Ok(Empty {})
    }
}

/// Takes an MFA device that was lost out of the caller's own hands, by a recovery code in place of a proof of the device.
/// The code is used up.
#[derive(Shape)]
pub struct RecoverMFADevice {
    /// The device that was lost.
    pub serial_number: SerialNumber,
    /// One of the caller's recovery codes.
    pub recovery_code: RecoveryCode,
}

impl Operation for RecoverMFADevice {
    const SPEC: Spec = Spec::iam("RecoverMFADevice", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::InvalidAuthenticationCode,
            Code::LoginProtectionInUse,
            Code::NoSuchEntity,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = check_on_owner(cx, None).await?;
        let deactivate = check.also("iam:DeactivateMFADevice");
        Ok(Target::of(check).and(deactivate))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = lookup::owner(cx, None).await?;
        // A mistyped serial number should not cost a code.
        mfa_devices::held_device(&owner, &self.serial_number)
            .ok_or_else(|| mfa_devices::missing_device(&self.serial_number))?;
        let left = redeem(cx, &owner, &self.recovery_code).await?;
        put_codes(cx, &owner, Some(left));
        let owner = lookup::as_written(cx, &owner).await?;
        mfa_devices::release(cx, &owner, &self.serial_number).await?;
        Ok(Empty {})
    }
}
