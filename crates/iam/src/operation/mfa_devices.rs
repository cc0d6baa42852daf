//! MFA devices: create virtual ones, pair with a user, resynchronise, take away, delete, list (IAM user guide, "AWS
//! multi-factor authentication in IAM").

use std::collections::BTreeMap;
use std::sync::Arc;

use claviger_model::name::{
    EntityPath, ExistingUserName, SerialNumber, UserName, VirtualMfaDeviceName,
};
use claviger_model::scalar::Constraint::{self, MaxLength, MinLength, Pattern};
use claviger_model::{Arn, Code, Scalar, Secret, Timestamp, enum_scalar};
use claviger_shape::{SecretBlob, Shape};
use claviger_store::{Depends, Record, Stored};
use zeroize::{Zeroize, Zeroizing};

use super::console_sessions::end_unproved;
use super::page::{PageEnd, Paged};
use super::security_keys::{self, SECURITY_KEY_KEYS};
use super::shapes::{TagShape, UserShape, tags_if_any, tags_in};
use super::users::{check_on, check_on_owner, root_shape};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::caller;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::fido_device::is_fido;
use crate::entity::index::{MFA_BY_SERIAL, MFA_BY_STATUS, WHOLE};
use crate::entity::mfa_device::{ASSIGNED, Holder, SEED, UNASSIGNED, Who};
use crate::entity::user::AssignedMfaDevice;
use crate::entity::{Account, MfaDevice, TagRules, Tags, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::mfa;
use crate::spec::unraised::{NO_QUOTA, SEEN_AT_ONCE};
use crate::spec::{Access, ResourceType, Spec};

mod bootstrap;

use bootstrap::{Bootstrap, SEED_BYTES};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateVirtualMFADevice>(),
    entry::<EnableMFADevice>(),
    entry::<ResyncMFADevice>(),
    entry::<DeactivateMFADevice>(),
    entry::<DeleteVirtualMFADevice>(),
    entry::<ListMFADevices>(),
    entry::<ListVirtualMFADevices>(),
    entry::<GetMFADevice>(),
];

/// A code that a device shows: six digits. Secret, because a code that was refused may still be good.
#[derive(Clone, Default)]
pub struct AuthenticationCode(String);

impl AuthenticationCode {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Zeroize for AuthenticationCode {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Scalar for AuthenticationCode {
    const RULES: &'static [Constraint] = &[MaxLength(6), MinLength(6), Pattern(r"[\d]+")];
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        claviger_model::scalar::check(text, Self::RULES, is_number)?;
        Ok(Self(text.to_owned()))
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.0);
    }
}

enum_scalar! {
    /// Which virtual MFA devices to list.
    AssignmentStatus {
        /// Those that somebody holds.
        Assigned = "Assigned",
        /// Those that nobody holds.
        Unassigned = "Unassigned",
        /// All.
        Any = "Any",
    }
}

/// A virtual MFA device.
#[derive(Shape)]
pub struct VirtualMFADevice {
    /// The device's resource name, which is its serial number.
    pub serial_number: SerialNumber,
    /// The seed in Base32, as bytes. This is the only time it is told.
    pub base32_string_seed: Option<SecretBlob>,
    /// A QR code of the seed for authenticator apps, as PNG. This is the only time it is told.
    #[shape(name = "QRCodePNG")]
    pub qr_code_png: Option<SecretBlob>,
    /// Who holds the device.
    pub user: Option<UserShape>,
    /// Since when.
    pub enable_date: Option<Timestamp>,
    /// The tags of a new device. Lists leave them out.
    pub tags: Option<Vec<TagShape>>,
}

/// An MFA device in a user's hands.
#[derive(Shape)]
#[shape(name = "MFADevice")]
pub struct MfaDeviceShape {
    /// The user; root has no name.
    pub user_name: Option<String>,
    /// The device.
    pub serial_number: SerialNumber,
    /// Since when it is the user's.
    pub enable_date: Timestamp,
}

/// What is said of a device that is not there.
pub(super) fn missing_device(serial: &SerialNumber) -> Fault {
    Fault::missing(format!(
        "MFA Device with serial number {serial} does not exist."
    ))
}

/// What is said of a device that is not in the hands of the user named.
pub(super) fn not_of_user() -> Fault {
    Fault::missing("MFA Device invalid for user.")
}

/// The devices in the owner's hands, in the order of assignment.
pub(super) fn held(owner: &Owner) -> &[AssignedMfaDevice] {
    match owner {
        Owner::User(user) => &user.mfa_devices,
        Owner::Root(account) => &account.root.mfa_devices,
        Owner::Missing(_) => &[],
    }
}

/// The owner's device of this serial number.
pub(super) fn held_device<'o>(
    owner: &'o Owner,
    serial: &SerialNumber,
) -> Option<&'o AssignedMfaDevice> {
    held(owner)
        .iter()
        .find(|device| device.serial.as_str().eq_ignore_ascii_case(serial.as_str()))
}

/// Refuses one device more than there may be, of whatever kind.
pub(super) fn check_room(cx: &Cx<'_>, owner: &Owner) -> Result<(), Fault> {
    if held(owner).len() as u64 >= cx.iam().settings().quotas.mfa_devices_per_user {
        return Err(Fault::new(
            Code::LimitExceeded,
            "Cannot exceed quota limit for MFADevicesPerUser.",
        ));
    }
    Ok(())
}

/// Root has no name.
pub(super) fn name_of(owner: &Owner) -> Option<String> {
    match owner {
        Owner::User(user) => Some(user.name.as_str().to_owned()),
        Owner::Missing(name) => Some(name.clone()),
        Owner::Root(_) => None,
    }
}

/// Refuses an owner who is not there.
pub(super) fn present(owner: Owner) -> Result<Owner, Fault> {
    match owner {
        Owner::Missing(name) => Err(lookup::missing_user(&name)),
        found @ (Owner::User(_) | Owner::Root(_)) => Ok(found),
    }
}

/// Puts one device more into the owner's hands.
pub(super) async fn assign(
    cx: &mut Cx<'_>,
    owner: &Owner,
    device: AssignedMfaDevice,
) -> Result<(), Fault> {
    let mut devices = held(owner).to_vec();
    if devices.is_empty() {
        end_unproved(cx, owner).await?;
    }
    devices.push(device);
    put_held(cx, owner, devices);
    Ok(())
}

/// Writes the owner's devices back, with the record that holds them, so that its revision holds limits under races.
pub(super) fn put_held(cx: &mut Cx<'_>, owner: &Owner, devices: Vec<AssignedMfaDevice>) {
    match owner {
        Owner::User(user) => {
            let mut user: User = User::clone(user);
            user.mfa_devices = devices;
            cx.unit.put(user);
        }
        Owner::Root(account) => {
            let mut account: Account = Account::clone(account);
            account.root.mfa_devices = devices;
            cx.unit.put(account);
        }
        Owner::Missing(_) => {}
    }
}

/// Whoever has a device must have proved it to add one or take one away, whatever policies say: otherwise a stolen key
/// could replace the second factor (AWS security bulletin AWS-2023-001). Those who act on others are not meant.
pub(super) fn check_own_change(cx: &Cx<'_>, owner: &Owner, operation: &str) -> Result<(), Fault> {
    if !is_own(cx, owner) || held(owner).is_empty() || cx.caller().mfa().is_some() {
        return Ok(());
    }
    Err(without_mfa(owner, operation))
}

/// Whether the caller is the owner.
pub(super) fn is_own(cx: &Cx<'_>, owner: &Owner) -> bool {
    match (cx.caller().who(), owner) {
        (caller::Who::User { id, .. }, Owner::User(user)) => *id == user.id,
        (caller::Who::Root(id), Owner::Root(account)) => *id == account.id,
        _ => false,
    }
}

/// What is said to an owner who should have proved a device.
pub(super) fn without_mfa(owner: &Owner, operation: &str) -> Fault {
    let (arn, shown) = match owner {
        Owner::User(user) => (user.arn().to_string(), format!("user {}", user.name)),
        Owner::Root(account) => {
            let arn = Arn::root(account.id).to_string();
            (arn.clone(), arn)
        }
        Owner::Missing(name) => (name.clone(), format!("user {name}")),
    };
    Fault::denied(format!(
        "User: {arn} is not authorized to perform: iam:{operation} on resource: {shown} because the request was not authenticated with MFA"
    ))
}

/// Puts a device that nobody holds into the owner's hands, who shows two codes that follow each other.
///
/// # Errors
/// `AccessDenied` for an own change without a second factor; `EntityAlreadyExists`, `InvalidAuthenticationCode`,
/// `LimitExceeded`, `NoSuchEntity`.
pub(super) async fn enable(
    cx: &mut Cx<'_>,
    operation: &str,
    owner: &Owner,
    serial: &SerialNumber,
    [first, second]: [&Secret<AuthenticationCode>; 2],
) -> Result<Empty, Fault> {
    check_own_change(cx, owner, operation)?;
    let device = lookup::find_mfa_device(cx, serial)
        .await?
        .ok_or_else(|| missing_device(serial))?;
    if device.holder.is_some() {
        return Err(Fault::exists("MFA Device is already in use."));
    }
    check_room(cx, owner)?;
    let who = match owner {
        Owner::User(user) => Who::User(user.id.clone()),
        Owner::Root(_) => Who::Root,
        Owner::Missing(name) => return Err(lookup::missing_user(name)),
    };
    let (first, second) = (first.expose().as_str(), second.expose().as_str());
    let drift = mfa::pair(cx, &device, first, second).await?;
    let assigned = AssignedMfaDevice {
        device: device.id.clone(),
        serial: device.serial.clone(),
        enabled: cx.now(),
        name: None,
    };
    assign(cx, owner, assigned).await?;
    let mut device: MfaDevice = MfaDevice::clone(&device);
    device.drift = drift;
    device.holder = Some(Holder {
        who,
        enabled: cx.now(),
    });
    cx.unit.put(device);
    Ok(Empty {})
}

/// Finds the clock of the owner's device again, by two codes that follow each other.
///
/// # Errors
/// `InvalidAuthenticationCode`, `NoSuchEntity`.
pub(super) async fn resync(
    cx: &mut Cx<'_>,
    owner: &Owner,
    serial: &SerialNumber,
    [first, second]: [&Secret<AuthenticationCode>; 2],
) -> Result<Empty, Fault> {
    let device = lookup::find_mfa_device(cx, serial)
        .await?
        .ok_or_else(|| missing_device(serial))?;
    let is_held = held(owner).iter().any(|held| held.device == device.id);
    if !is_held {
        return Err(not_of_user());
    }
    let (first, second) = (first.expose().as_str(), second.expose().as_str());
    let drift = mfa::pair(cx, &device, first, second).await?;
    let mut device: MfaDevice = MfaDevice::clone(&device);
    device.drift = drift;
    cx.unit.put(device);
    Ok(Empty {})
}

/// Creates a virtual MFA device that nobody holds yet. Its seed is told this once.
#[derive(Shape)]
pub struct CreateVirtualMFADevice {
    /// Where the device is to lie; `/` when left out.
    pub path: Option<EntityPath>,
    /// The device's name. Path and name together are unique in the account without regard to case.
    #[shape(name = "VirtualMFADeviceName")]
    pub virtual_mfa_device_name: VirtualMfaDeviceName,
    /// Up to fifty tags.
    #[shape(max = 50)]
    pub tags: Vec<TagShape>,
}

/// The answer of [`CreateVirtualMFADevice`].
#[derive(Shape)]
pub struct CreateVirtualMFADeviceOutput {
    /// The new device with its seed.
    #[shape(name = "VirtualMFADevice")]
    pub virtual_mfa_device: VirtualMFADevice,
}

impl CreateVirtualMFADevice {
    fn arn(&self, cx: &Cx<'_>) -> Arn {
        let path = self.path.as_ref().map_or("/", EntityPath::as_str);
        Arn::mfa(cx.account(), path, self.virtual_mfa_device_name.as_str())
    }
}

impl Operation for CreateVirtualMFADevice {
    const SPEC: Spec = Spec::iam("CreateVirtualMFADevice", Access::Write)
        .for_enrolment()
        .on(&[ResourceType::Mfa])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"])
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::InvalidInput,
            Code::LimitExceeded,
            Code::ServiceFailure,
        ]);
    type Output = CreateVirtualMFADeviceOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = Check::on(cx.account(), &self.arn(cx));
        let mut target = Target::of(check.clone());
        if !self.tags.is_empty() {
            target = target.and(check.also("iam:TagMFADevice"));
        }
        target.parameters.tags = tags_in(&self.tags);
        Ok(target)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let tags = Tags::new(tags_in(&self.tags), TagRules::FoldCase)?;
        // A path may hold characters, and path and name may together be longer, than a serial number can be named with.
        let serial = SerialNumber::parse(self.arn(cx).as_str()).map_err(|broken| {
            Fault::invalid(if broken.contains(&MaxLength(256)) {
                "The serial number that path and virtualMFADeviceName make is longer than 256 characters."
            } else {
                "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
            })
        })?;
        if lookup::find_mfa_device(cx, &serial).await?.is_some() {
            return Err(Fault::exists("MFA device already exists."));
        }
        let scope = cx.scope();
        let account = lookup::account(cx).await?;
        let shown = account.called();
        let seed: Zeroizing<[u8; SEED_BYTES]> = Zeroizing::new(cx.rng().bytes());
        let bootstrap = Bootstrap::new(
            &*seed,
            &cx.iam().settings().product,
            self.virtual_mfa_device_name.as_str(),
            &shown,
        )?;
        let id = cx.rng().uuid();
        let sealed = cx
            .unit
            .seal(scope, MfaDevice::KIND, &id, SEED, &*seed)
            .await
            .map_err(Fault::unavailable)?;
        let output = CreateVirtualMFADeviceOutput {
            virtual_mfa_device: VirtualMFADevice {
                serial_number: serial.clone(),
                base32_string_seed: Some(bootstrap.base32),
                qr_code_png: Some(bootstrap.picture),
                user: None,
                enable_date: None,
                tags: tags_if_any(&tags),
            },
        };
        // There may be as many devices as users (IAM user guide, "IAM and AWS STS quotas").
        cx.unit.limit(
            scope,
            &MFA_BY_SERIAL,
            WHOLE,
            cx.iam().settings().quotas.users,
        );
        cx.unit.put(MfaDevice {
            account: cx.account(),
            id,
            serial,
            seed: sealed,
            drift: 0,
            tags,
            holder: None,
            hardware: false,
        });
        Ok(output)
    }
}

/// Puts a virtual MFA device into a user's hands, who shows two codes that follow each other.
#[derive(Shape)]
pub struct EnableMFADevice {
    /// The user.
    pub user_name: ExistingUserName,
    /// The device.
    pub serial_number: SerialNumber,
    /// A code of the device.
    pub authentication_code1: Secret<AuthenticationCode>,
    /// The code that came next.
    pub authentication_code2: Secret<AuthenticationCode>,
}

impl Operation for EnableMFADevice {
    const SPEC: Spec = Spec::iam("EnableMFADevice", Access::Write)
        .on_own_credentials()
        .for_enrolment()
        .on(&[ResourceType::User])
        .keys(SECURITY_KEY_KEYS)
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::InvalidAuthenticationCode,
            Code::LimitExceeded,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[SEEN_AT_ONCE]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let codes = [&self.authentication_code1, &self.authentication_code2];
        let owner = Owner::User(user);
        enable(cx, Self::SPEC.name, &owner, &self.serial_number, codes).await
    }
}

/// Finds the clock of a user's device again, by two codes that follow each other.
#[derive(Shape)]
pub struct ResyncMFADevice {
    /// The user.
    pub user_name: ExistingUserName,
    /// The device.
    pub serial_number: SerialNumber,
    /// A code of the device.
    pub authentication_code1: Secret<AuthenticationCode>,
    /// The code that came next.
    pub authentication_code2: Secret<AuthenticationCode>,
}

impl Operation for ResyncMFADevice {
    const SPEC: Spec = Spec::iam("ResyncMFADevice", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[
            Code::ConcurrentModification,
            Code::InvalidAuthenticationCode,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let codes = [&self.authentication_code1, &self.authentication_code2];
        resync(cx, &Owner::User(user), &self.serial_number, codes).await
    }
}

/// Takes an MFA device out of a user's hands. A virtual device stays, with its seed, and can be enabled again; a security
/// key is gone.
#[derive(Shape)]
pub struct DeactivateMFADevice {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The device.
    pub serial_number: SerialNumber,
}

impl Operation for DeactivateMFADevice {
    const SPEC: Spec = Spec::iam("DeactivateMFADevice", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::ConcurrentModification,
            Code::LoginProtectionInUse,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA, SEEN_AT_ONCE]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        check_own_change(cx, &owner, Self::SPEC.name)?;
        release(cx, &owner, &self.serial_number).await?;
        Ok(Empty {})
    }
}

/// Takes a device out of its owner's hands.
///
/// # Errors
/// `NoSuchEntity` where there is no such device or somebody else holds it; `LoginProtectionInUse` for the last one of the
/// kind that login protection asks for.
pub(super) async fn release(
    cx: &mut Cx<'_>,
    owner: &Owner,
    serial: &SerialNumber,
) -> Result<(), Fault> {
    if is_fido(serial) {
        return security_keys::remove(cx, owner, serial).await;
    }
    let device = lookup::find_mfa_device(cx, serial)
        .await?
        .ok_or_else(|| missing_device(serial))?;
    let mut devices = held(owner).to_vec();
    let before = devices.len();
    devices.retain(|held| held.device != device.id);
    if devices.len() == before {
        return Err(not_of_user());
    }
    if let Owner::User(user) = owner {
        let mut after: User = User::clone(user);
        after.mfa_devices.clone_from(&devices);
        user.check_means_stay(&after)?;
    }
    put_held(cx, owner, devices);
    let mut device: MfaDevice = MfaDevice::clone(&device);
    device.holder = None;
    cx.unit.put(device);
    Ok(())
}

/// Deletes a virtual MFA device that nobody holds.
#[derive(Shape)]
pub struct DeleteVirtualMFADevice {
    /// The device.
    pub serial_number: SerialNumber,
}

impl Operation for DeleteVirtualMFADevice {
    const SPEC: Spec = Spec::iam("DeleteVirtualMFADevice", Access::Write)
        .for_enrolment()
        .on(&[ResourceType::Mfa])
        .faults(&[
            Code::ConcurrentModification,
            Code::DeleteConflict,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let account = cx.account();
        Ok(Target::of(
            match lookup::find_virtual_mfa_device(cx, &self.serial_number).await? {
                Some(device) => {
                    let arn = Arn::parse(device.serial.as_str())
                        .map_err(|_| Fault::service("a serial number is no ARN"))?;
                    Check::on(account, &arn).tagged(&device.tags)
                }
                None => {
                    // A vendor's serial number is no resource name, and no device of ours.
                    let arn = Arn::parse(self.serial_number.as_str())
                        .unwrap_or_else(|_| Arn::mfa(account, "/", self.serial_number.as_str()));
                    Check::on(account, &arn)
                }
            },
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let device = lookup::find_virtual_mfa_device(cx, &self.serial_number)
            .await?
            .ok_or_else(|| missing_device(&self.serial_number))?;
        if device.holder.is_some() {
            return Err(Fault::conflict(
                "MFA VirtualDevice in use. Must deactivate first.",
            ));
        }
        let scope = cx.scope();
        cx.unit.delete::<MfaDevice>(scope, &device.id);
        // The seed is unreadable from now on, in history too.
        cx.unit.drop_key(scope, MfaDevice::KIND, &device.id);
        Ok(Empty {})
    }
}

/// Lists the MFA devices in the hands of a user, or of the caller.
#[derive(Shape)]
pub struct ListMFADevices {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListMFADevices`].
#[derive(Shape)]
pub struct ListMFADevicesOutput {
    /// The devices, in the order of assignment.
    #[shape(name = "MFADevices")]
    pub mfa_devices: Vec<MfaDeviceShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListMFADevices {
    const SPEC: Spec = Spec::iam("ListMFADevices", Access::List)
        .for_enrolment()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = ListMFADevicesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let mut devices: Vec<MfaDeviceShape> = held(&owner)
            .iter()
            .map(|device| MfaDeviceShape {
                user_name: name_of(&owner),
                serial_number: device.serial.clone(),
                enable_date: device.enabled,
            })
            .collect();
        let order = |device: &MfaDeviceShape| {
            let mut order = device.enable_date.micros().to_be_bytes().to_vec();
            order.extend_from_slice(device.serial_number.as_str().as_bytes());
            order
        };
        devices.sort_by_key(order);
        let whose = match &owner {
            Owner::User(user) => user.id.as_str(),
            Owner::Root(_) | Owner::Missing(_) => "root",
        };
        let list = [b"mfa_devices/", whose.as_bytes()].concat();
        let (mfa_devices, end) = self.page.of_list(cx, &list, devices, order)?;
        Ok(ListMFADevicesOutput { mfa_devices, end })
    }
}

/// Lists the virtual MFA devices of the account, in whoever's hands they are. Seeds and tags are left out.
#[derive(Shape)]
pub struct ListVirtualMFADevices {
    /// Which devices; all when left out.
    pub assignment_status: Option<AssignmentStatus>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListVirtualMFADevices`].
#[derive(Shape)]
pub struct ListVirtualMFADevicesOutput {
    /// The devices, by serial number without regard to case.
    #[shape(name = "VirtualMFADevices")]
    pub virtual_mfa_devices: Vec<VirtualMFADevice>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

/// The holder of a device, as lists show one.
pub(super) async fn holder_out(
    cx: &mut Cx<'_>,
    holder: &Holder,
) -> Result<Option<UserShape>, Fault> {
    let scope = cx.scope();
    Ok(match &holder.who {
        Who::User(id) => {
            let user: Option<Arc<Stored<User>>> = cx
                .unit
                .get(scope, id.as_str())
                .await
                .map_err(Fault::unavailable)?;
            user.map(|user| UserShape::listed(&user))
        }
        Who::Root => {
            let account: Option<Arc<Stored<Account>>> = cx
                .unit
                .get(scope, ACCOUNT_RECORD)
                .await
                .map_err(Fault::unavailable)?;
            account.map(|account| root_shape(&account))
        }
    })
}

impl Operation for ListVirtualMFADevices {
    const SPEC: Spec = Spec::iam("ListVirtualMFADevices", Access::List);
    type Output = ListVirtualMFADevicesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let shown = Arn::mfa(cx.account(), "/", "");
        Ok(Target::of(Check::on_account().shown(shown.as_str())))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let status = self.assignment_status.unwrap_or(AssignmentStatus::Any);
        let (index, group) = match status {
            AssignmentStatus::Any => (&MFA_BY_SERIAL, WHOLE),
            AssignmentStatus::Assigned => (&MFA_BY_STATUS, ASSIGNED),
            AssignmentStatus::Unassigned => (&MFA_BY_STATUS, UNASSIGNED),
        };
        let list = [b"virtual_mfa_devices/", status.as_str().as_bytes()].concat();
        let after = self.page.after(cx, &list)?;
        let scope = cx.scope();
        let read = cx
            .unit
            .page::<MfaDevice>(
                scope,
                index,
                group,
                b"",
                after.as_deref(),
                self.page.limit(),
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        let last = read.items.last().map(|(key, _)| key.clone());
        let mut virtual_mfa_devices = Vec::with_capacity(read.items.len());
        for (_, device) in &read.items {
            virtual_mfa_devices.push(VirtualMFADevice {
                serial_number: device.serial.clone(),
                base32_string_seed: None,
                qr_code_png: None,
                user: match &device.holder {
                    Some(holder) => holder_out(cx, holder).await?,
                    None => None,
                },
                enable_date: device.holder.as_ref().map(|holder| holder.enabled),
                tags: None,
            });
        }
        Ok(ListVirtualMFADevicesOutput {
            virtual_mfa_devices,
            end: PageEnd::new(cx, &list, read.more, last.as_deref()),
        })
    }
}

/// Tells about an MFA device in the hands of a user, or of the caller.
#[derive(Shape)]
pub struct GetMFADevice {
    /// The device.
    pub serial_number: SerialNumber,
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
}

/// The answer of [`GetMFADevice`].
#[derive(Shape)]
pub struct GetMFADeviceOutput {
    /// The user; root has no name.
    pub user_name: Option<String>,
    /// The device.
    pub serial_number: SerialNumber,
    /// Since when it is the user's.
    pub enable_date: Option<Timestamp>,
    /// What a security key is certified for, by name. Devices that show codes are not certified.
    pub certifications: Option<BTreeMap<String, String>>,
}

impl Operation for GetMFADevice {
    const SPEC: Spec = Spec::iam("GetMFADevice", Access::Read)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = GetMFADeviceOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let name = self.user_name.as_ref().map(UserName::existing);
        Ok(Target::of(check_on_owner(cx, name.as_ref()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let name = self.user_name.as_ref().map(UserName::existing);
        let owner = present(lookup::owner(cx, name.as_ref()).await?)?;
        let device = held_device(&owner, &self.serial_number)
            .ok_or_else(|| missing_device(&self.serial_number))?;
        let certifications = security_keys::certifications(cx, device).await?;
        Ok(GetMFADeviceOutput {
            user_name: name_of(&owner),
            serial_number: device.serial.clone(),
            enable_date: Some(device.enabled),
            certifications,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ac_34_a_code_is_six_ascii_digits_and_nothing_else() {
        assert!(AuthenticationCode::parse("012345").is_ok());
        for bad in [
            "",
            "12345",
            "1234567",
            " 12345",
            "12345 ",
            "123 456",
            "１２３４５６",
            "12345a",
            "-12345",
        ] {
            assert!(AuthenticationCode::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn seeds_pictures_and_codes_are_hidden_in_audit_events() {
        let secrets = |fields: &[claviger_shape::Field]| -> Vec<&'static str> {
            fields
                .iter()
                .filter(|field| field.secret())
                .map(|field| field.name.wire)
                .collect()
        };
        assert_eq!(
            secrets(VirtualMFADevice::FIELDS),
            ["Base32StringSeed", "QRCodePNG"]
        );
        for fields in [EnableMFADevice::FIELDS, ResyncMFADevice::FIELDS] {
            assert_eq!(
                secrets(fields),
                ["AuthenticationCode1", "AuthenticationCode2"]
            );
        }
    }
}
