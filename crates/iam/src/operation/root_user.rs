//! What the root user changes about itself: its password, and its MFA devices where AWS's operations demand a user name,
//! which root has none of. Operations of this server's own: on AWS root does these in the console. Its access keys and
//! signing certificates, and all else about its devices, are managed by AWS's operations without a user name.

use std::sync::Arc;

use claviger_model::name::SerialNumber;
use claviger_model::{Arn, Code, Secret};
use claviger_shape::Shape;
use claviger_store::Stored;

use super::login_profiles::Password;
use super::mfa_devices::{self, AuthenticationCode, check_own_change};
use super::password_hashes::{WRONG_OLD, Whose};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::Account;
use crate::entity::credential::PasswordHash;
use crate::fault::Fault;
use crate::lookup::Owner;
use crate::password::rules;
use crate::principal::Being;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<ChangeRootPassword>(),
    entry::<EnableRootMFADevice>(),
    entry::<ResyncRootMFADevice>(),
];

/// The account, where the caller is its root user.
async fn own_account(cx: &mut Cx<'_>) -> Result<Arc<Stored<Account>>, Fault> {
    match &cx.principal().await?.being {
        Being::Root(account) => Ok(account.clone()),
        Being::User(_) | Being::Role(_) | Being::Host(_) => Err(Fault::new(
            Code::InvalidUserType,
            "Only the root user can change its own credentials.",
        )),
    }
}

/// On the root user, whoever asks: who may not, hears no more.
fn target(cx: &Cx<'_>) -> Target {
    Target::of(Check::on(cx.account(), &Arn::root(cx.account())))
}

/// Accepts a new password of root, by the fixed rules: no password policy of the account governs it (IAM user guide, "Change
/// the password for the AWS account root user").
///
/// # Errors
/// `PasswordPolicyViolation`; `Throttling` where too many passwords are being hashed.
pub(super) async fn accept_password(
    cx: &mut Cx<'_>,
    account: &Account,
    password: &Secret<String>,
) -> Result<PasswordHash, Fault> {
    let number = account.id.to_string();
    let alias = account.alias.as_ref().map_or("", |alias| alias.as_str());
    rules::check(
        password.expose(),
        None,
        &[alias, &number, &account.root.email],
        None,
    )?;
    let hasher = &cx.iam().settings().hasher;
    let hash = cx
        .once("hash/root", hasher.hash(password, None, cx.rng()))
        .await?;
    Whose::of_root(account).seal(cx, &hash).await
}

/// Changes the password of the root user, who makes the request, and ends the sessions that root has. An operation of this
/// server's own.
#[derive(Shape)]
pub struct ChangeRootPassword {
    /// The password as it is.
    pub old_password: Secret<Password>,
    /// The password as it is to be.
    pub new_password: Secret<Password>,
}

impl Operation for ChangeRootPassword {
    const SPEC: Spec = Spec::iam("ChangeRootPassword", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidUserType, Code::PasswordPolicyViolation]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(target(cx))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = own_account(cx).await?;
        check_own_change(cx, &Owner::Root(account.clone()), Self::SPEC.name)?;
        let Some(old) = &account.root.password else {
            return Err(Fault::denied(WRONG_OLD));
        };
        Whose::of_root(&account)
            .check_old(cx, old, &self.old_password)
            .await?;
        let new = Secret::new(self.new_password.expose().as_str().to_owned());
        let hash = accept_password(cx, &account, &new).await?;
        let mut account: Account = Account::clone(&account);
        account.root.set_password(hash, cx.now());
        cx.unit.put(account);
        Ok(Empty {})
    }
}

/// Puts an MFA device into the hands of the root user, who makes the request and shows two codes that follow each other. An
/// operation of this server's own.
#[derive(Shape)]
pub struct EnableRootMFADevice {
    /// The device.
    pub serial_number: SerialNumber,
    /// A code of the device.
    pub authentication_code1: Secret<AuthenticationCode>,
    /// The code that came next.
    pub authentication_code2: Secret<AuthenticationCode>,
}

impl Operation for EnableRootMFADevice {
    const SPEC: Spec = Spec::iam("EnableRootMFADevice", Access::Write)
        .on_own_credentials()
        .for_enrolment()
        .on(&[ResourceType::User])
        .faults(&[
            Code::EntityAlreadyExists,
            Code::InvalidAuthenticationCode,
            Code::InvalidUserType,
            Code::LimitExceeded,
            Code::NoSuchEntity,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(target(cx))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = Owner::Root(own_account(cx).await?);
        let codes = [&self.authentication_code1, &self.authentication_code2];
        mfa_devices::enable(cx, Self::SPEC.name, &owner, &self.serial_number, codes).await
    }
}

/// Finds the clock of a device of the root user again, who makes the request, by two codes that follow each other. An
/// operation of this server's own.
#[derive(Shape)]
pub struct ResyncRootMFADevice {
    /// The device.
    pub serial_number: SerialNumber,
    /// A code of the device.
    pub authentication_code1: Secret<AuthenticationCode>,
    /// The code that came next.
    pub authentication_code2: Secret<AuthenticationCode>,
}

impl Operation for ResyncRootMFADevice {
    const SPEC: Spec = Spec::iam("ResyncRootMFADevice", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[
            Code::InvalidAuthenticationCode,
            Code::InvalidUserType,
            Code::NoSuchEntity,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(target(cx))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = Owner::Root(own_account(cx).await?);
        let codes = [&self.authentication_code1, &self.authentication_code2];
        mfa_devices::resync(cx, &owner, &self.serial_number, codes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_codes_are_secret_in_every_input() {
        for field in OPERATIONS.iter().flat_map(|entry| entry.input) {
            assert_eq!(
                field.secret(),
                field.name.wire != "SerialNumber",
                "{}",
                field.name.wire
            );
        }
    }
}
