//! Login protection: what a sign-in to the console asks of a user besides the password, and whether tokens of the API are
//! asked the same. AWS has none of this; these are operations of this server's own.

use claviger_model::Code;
use claviger_model::name::{ExistingUserName, SerialNumber};
use claviger_shape::Shape;
use claviger_store::Depends;

use super::mfa_devices::{present, release};
use super::page::{PageEnd, Paged};
use super::users::{check_on, check_on_owner};
use super::{Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::caller::Who;
use crate::cx::Cx;
use crate::entity::index::{LOGIN_PROTECTIONS, WHOLE};
use crate::entity::user::AssignedMfaDevice;
use crate::entity::{LoginProtection, ProtectionMethod, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<SetLoginProtection>(),
    entry::<GetLoginProtection>(),
    entry::<ListLoginProtections>(),
    entry::<ResetVirtualMFA>(),
];

/// The login protection of a user.
#[derive(Shape)]
#[shape(name = "LoginProtection")]
pub struct LoginProtectionShape {
    /// The user's name.
    pub user_name: String,
    /// `AIDA…`.
    pub user_id: String,
    /// Whether anything is asked for.
    pub enabled: bool,
    /// What.
    pub method: ProtectionMethod,
    /// Whether a password alone gets no token of the API either.
    pub api_protection: bool,
}

impl LoginProtectionShape {
    fn of(user: &User) -> Option<Self> {
        let protection = user.login_protection.as_ref()?;
        Some(Self {
            user_name: user.name.as_str().to_owned(),
            user_id: user.id.as_str().to_owned(),
            enabled: protection.method != ProtectionMethod::None,
            method: protection.method,
            api_protection: protection.api,
        })
    }
}

/// The answer to what is about one user.
#[derive(Shape)]
pub struct LoginProtectionOutput {
    /// The login protection.
    pub login_protection: LoginProtectionShape,
}

impl LoginProtectionOutput {
    fn of(user: &User) -> Result<Self, Fault> {
        LoginProtectionShape::of(user)
            .map(|login_protection| Self { login_protection })
            .ok_or_else(|| {
                Fault::missing(format!(
                    "Login protection of the user {} was never set.",
                    user.name
                ))
            })
    }
}

/// Refuses what a user may not do to the own login protection, whatever policies say: whoever holds a session or a key of the
/// user would take it away.
fn check_other(cx: &Cx<'_>, user: &User) -> Result<(), Fault> {
    match cx.caller().who() {
        Who::User { id, .. } if *id == user.id => Err(Fault::denied(
            "Nobody sets the own login protection. Ask whoever administers the account.",
        )),
        _ => Ok(()),
    }
}

fn check_means(user: &User, method: ProtectionMethod) -> Result<(), Fault> {
    if user.has_means_of(method) {
        return Ok(());
    }
    Err(Fault::new(
        Code::InvalidInput,
        match method {
            ProtectionMethod::Sms => "The user has no mobile number that is verified.",
            ProtectionMethod::Email => "The user has no e-mail address that is verified.",
            ProtectionMethod::VirtualMfa | ProtectionMethod::None => {
                "The user has no virtual MFA device."
            }
        },
    ))
}

/// Sets what a sign-in to the console asks of a user besides the password. A user who has an MFA device is always asked for
/// that. Nobody sets the own. An operation of this server's own.
#[derive(Shape)]
pub struct SetLoginProtection {
    /// The user.
    pub user_name: ExistingUserName,
    /// What is asked for: a code sent to the mobile number (`sms`) or to the e-mail address (`email`), each of which must be
    /// verified; a code of the virtual MFA device (`vmfa`), which must be assigned; or nothing (`none`).
    pub method: ProtectionMethod,
    /// Whether a password alone gets no token of the API either; with `vmfa` alone. No when left out.
    pub api_protection: Option<bool>,
}

impl Operation for SetLoginProtection {
    const SPEC: Spec = Spec::iam("SetLoginProtection", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity]);
    type Output = LoginProtectionOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        check_other(cx, &user)?;
        let api = self.api_protection.unwrap_or(false);
        if api && self.method != ProtectionMethod::VirtualMfa {
            return Err(Fault::invalid(
                "ApiProtection goes with the method vmfa alone.",
            ));
        }
        check_means(&user, self.method)?;
        let mut user: User = User::clone(&user);
        user.login_protection = Some(LoginProtection {
            method: self.method,
            api,
        });
        let output = LoginProtectionOutput::of(&user)?;
        cx.unit.put(user);
        Ok(output)
    }
}

/// Tells what a sign-in to the console asks of a user besides the password, or of the caller. There is none before it was set.
/// An operation of this server's own.
#[derive(Shape)]
pub struct GetLoginProtection {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

impl Operation for GetLoginProtection {
    const SPEC: Spec = Spec::iam("GetLoginProtection", Access::Read)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = LoginProtectionOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        match present(lookup::owner(cx, self.user_name.as_ref()).await?)? {
            Owner::User(user) => LoginProtectionOutput::of(&user),
            Owner::Root(_) | Owner::Missing(_) => {
                Err(Fault::missing("The root user has no login protection."))
            }
        }
    }
}

/// Lists the login protection of every user whose was ever set. An operation of this server's own.
#[derive(Shape)]
pub struct ListLoginProtections {
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListLoginProtections`].
#[derive(Shape)]
pub struct ListLoginProtectionsOutput {
    /// By user, in the order of the names without regard to case.
    pub login_protections: Vec<LoginProtectionShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListLoginProtections {
    const SPEC: Spec = Spec::iam("ListLoginProtections", Access::List);
    type Output = ListLoginProtectionsOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        const LIST: &[u8] = b"login_protections";
        let after = self.page.after(cx, LIST)?;
        let scope = cx.scope();
        let read = cx
            .unit
            .page::<User>(
                scope,
                &LOGIN_PROTECTIONS,
                WHOLE,
                b"",
                after.as_deref(),
                self.page.limit(),
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        let last = read.items.last().map(|(key, _)| key.clone());
        Ok(ListLoginProtectionsOutput {
            login_protections: read
                .items
                .iter()
                .filter_map(|(_, user)| LoginProtectionShape::of(user))
                .collect(),
            end: PageEnd::new(cx, LIST, read.more, last.as_deref()),
        })
    }
}

/// Takes the virtual MFA devices out of the hands of a user who has lost them, and switches off login protection that asks for
/// their codes. The devices stay, with nobody. Nobody resets the own. An operation of this server's own.
#[derive(Shape)]
pub struct ResetVirtualMFA {
    /// The user.
    pub user_name: ExistingUserName,
}

/// The answer of [`ResetVirtualMFA`].
#[derive(Shape)]
pub struct ResetVirtualMFAOutput {
    /// The devices that were taken away.
    pub serial_numbers: Vec<SerialNumber>,
    /// Whether login protection was switched off with them.
    pub login_protection_ended: bool,
}

impl Operation for ResetVirtualMFA {
    const SPEC: Spec = Spec::iam("ResetVirtualMFA", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = ResetVirtualMFAOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = check_on(cx, self.user_name.as_str()).await?;
        let deactivate = check.also("iam:DeactivateMFADevice");
        Ok(Target::of(check).and(deactivate))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        check_other(cx, &user)?;
        let serial_numbers: Vec<SerialNumber> = user
            .mfa_devices
            .iter()
            .filter(|device| AssignedMfaDevice::is_virtual(device))
            .map(|device| device.serial.clone())
            .collect();
        let login_protection_ended = user.protected_by() == ProtectionMethod::VirtualMfa;
        if serial_numbers.is_empty() && !login_protection_ended {
            return Err(Fault::missing("The user has no virtual MFA device."));
        }
        let mut owner = Owner::User(user.clone());
        if login_protection_ended {
            let mut user: User = User::clone(&user);
            user.login_protection = Some(LoginProtection {
                method: ProtectionMethod::None,
                api: false,
            });
            cx.unit.put(user);
            owner = lookup::as_written(cx, &owner).await?;
        }
        for serial in &serial_numbers {
            release(cx, &owner, serial).await?;
            owner = lookup::as_written(cx, &owner).await?;
        }
        Ok(ResetVirtualMFAOutput {
            serial_numbers,
            login_protection_ended,
        })
    }
}
