//! Finding entities by the names and resource names that requests call them by.

use std::sync::Arc;

use claviger_model::name::{ExistingUserName, SerialNumber, ServerCertificateName};
use claviger_model::{Arn, Code, text};
use claviger_store::{Scope, Stored, Unit};

use crate::aws_managed;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::index::{
    FIDO_BY_SERIAL, GROUPS_BY_NAME, HARDWARE_MFA_BY_SERIAL, MFA_BY_SERIAL, POLICIES_BY_NAME,
    ROLES_BY_NAME, SERVER_CERTIFICATES_BY_NAME, USERS_BY_NAME,
};
use crate::entity::mfa_device::serial_key;
use crate::entity::{
    Account, FidoDevice, Group, ManagedPolicy, MfaDevice, Role, ServerCertificate, User,
};
use crate::fault::Fault;
use crate::principal::{Being, Held};

/// The caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn account(cx: &mut Cx<'_>) -> Result<Arc<Stored<Account>>, Fault> {
    let scope = cx.scope();
    cx.unit
        .get::<Account>(scope, ACCOUNT_RECORD)
        .await
        .map_err(Fault::unavailable)?
        .ok_or_else(|| Fault::service("an account without its record"))
}

/// The user of this name in the caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn find_user(cx: &mut Cx<'_>, name: &str) -> Result<Option<Arc<Stored<User>>>, Fault> {
    let scope = cx.scope();
    let found = cx
        .unit
        .find::<User>(scope, &USERS_BY_NAME, text::fold(name).as_bytes())
        .await
        .map_err(Fault::unavailable)?;
    Ok(found.filter(|found| cx.pins.allow::<User>(name, found.id.as_str())))
}

/// The user of this name, who must be there.
///
/// # Errors
/// `NoSuchEntity`.
pub async fn user(cx: &mut Cx<'_>, name: &str) -> Result<Arc<Stored<User>>, Fault> {
    find_user(cx, name).await?.ok_or_else(|| missing_user(name))
}

/// What is said of a user who is not there.
#[must_use]
pub fn missing_user(name: &str) -> Fault {
    Fault::missing(format!("The user with name {name} cannot be found."))
}

/// The group of this name in the caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn find_group(cx: &mut Cx<'_>, name: &str) -> Result<Option<Arc<Stored<Group>>>, Fault> {
    let scope = cx.scope();
    let found = cx
        .unit
        .find::<Group>(scope, &GROUPS_BY_NAME, text::fold(name).as_bytes())
        .await
        .map_err(Fault::unavailable)?;
    Ok(found.filter(|found| cx.pins.allow::<Group>(name, found.id.as_str())))
}

/// The group of this name, which must be there.
///
/// # Errors
/// `NoSuchEntity`.
pub async fn group(cx: &mut Cx<'_>, name: &str) -> Result<Arc<Stored<Group>>, Fault> {
    find_group(cx, name)
        .await?
        .ok_or_else(|| Fault::missing(format!("The group with name {name} cannot be found.")))
}

/// The role of this name in the caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn find_role(cx: &mut Cx<'_>, name: &str) -> Result<Option<Arc<Stored<Role>>>, Fault> {
    let scope = cx.scope();
    let found = cx
        .unit
        .find::<Role>(scope, &ROLES_BY_NAME, text::fold(name).as_bytes())
        .await
        .map_err(Fault::unavailable)?;
    Ok(found.filter(|found| cx.pins.allow::<Role>(name, found.id.as_str())))
}

/// The role of this name, which must be there.
///
/// # Errors
/// `NoSuchEntity`.
pub async fn role(cx: &mut Cx<'_>, name: &str) -> Result<Arc<Stored<Role>>, Fault> {
    find_role(cx, name)
        .await?
        .ok_or_else(|| Fault::missing(format!("The role with name {name} cannot be found.")))
}

/// The virtual MFA device of this serial number in the caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn find_virtual_mfa_device(
    cx: &mut Cx<'_>,
    serial: &SerialNumber,
) -> Result<Option<Arc<Stored<MfaDevice>>>, Fault> {
    let device = find_mfa_device(cx, serial).await?;
    Ok(device.filter(|device| !device.hardware))
}

/// The MFA device of this serial number in the caller's account, virtual or not.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn find_mfa_device(
    cx: &mut Cx<'_>,
    serial: &SerialNumber,
) -> Result<Option<Arc<Stored<MfaDevice>>>, Fault> {
    let scope = cx.scope();
    let key = serial_key(serial.as_str());
    // No vendor's serial number looks like a resource name: the import refuses one.
    let index = if key.starts_with(b"arn:") {
        &MFA_BY_SERIAL
    } else {
        &HARDWARE_MFA_BY_SERIAL
    };
    cx.unit
        .find::<MfaDevice>(scope, index, &key)
        .await
        .map_err(Fault::unavailable)
}

/// The FIDO device of this serial number in the caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn find_fido_device(
    cx: &mut Cx<'_>,
    serial: &SerialNumber,
) -> Result<Option<Arc<Stored<FidoDevice>>>, Fault> {
    let scope = cx.scope();
    let key = serial_key(serial.as_str());
    cx.unit
        .find::<FidoDevice>(scope, &FIDO_BY_SERIAL, &key)
        .await
        .map_err(Fault::unavailable)
}

/// The server certificate of this name in the caller's account.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn find_server_certificate(
    cx: &mut Cx<'_>,
    name: &ServerCertificateName,
) -> Result<Option<Arc<Stored<ServerCertificate>>>, Fault> {
    let scope = cx.scope();
    let key = text::fold(name.as_str());
    cx.unit
        .find::<ServerCertificate>(scope, &SERVER_CERTIFICATES_BY_NAME, key.as_bytes())
        .await
        .map_err(Fault::unavailable)
}

/// The server certificate of this name, which must be there.
///
/// # Errors
/// `NoSuchEntity`.
pub async fn server_certificate(
    cx: &mut Cx<'_>,
    name: &ServerCertificateName,
) -> Result<Arc<Stored<ServerCertificate>>, Fault> {
    find_server_certificate(cx, name).await?.ok_or_else(|| {
        Fault::missing(format!(
            "The Server Certificate with name {name} cannot be found."
        ))
    })
}

/// What is said of the name of a server certificate that another has.
#[must_use]
pub fn taken_server_certificate(name: &ServerCertificateName) -> Fault {
    Fault::exists(format!(
        "The Server Certificate with name {name} already exists."
    ))
}

/// The managed policy of this resource name: one of the caller's account, or an AWS-managed one.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn managed_policy(cx: &mut Cx<'_>, arn: &Arn) -> Result<Option<Held>, Fault> {
    let scope = cx.scope();
    let found = managed_policy_in(&mut cx.unit, scope, arn.as_str()).await?;
    Ok(found.filter(|held| match held {
        Held::Customer(policy) => cx
            .pins
            .allow::<ManagedPolicy>(policy.name.as_str(), policy.id.as_str()),
        _ => true,
    }))
}

/// The managed policy of this resource name, as seen from an account: one of its own, or an AWS-managed one. A policy of
/// another account is not there.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn managed_policy_in(
    unit: &mut Unit,
    scope: Scope,
    arn: &str,
) -> Result<Option<Held>, Fault> {
    if let Some(policy) = aws_managed::by_arn(arn) {
        return Ok(Some(Held::Aws(policy)));
    }
    let Some(name) = policy_name(scope, arn) else {
        return Ok(None);
    };
    let found = unit
        .find::<ManagedPolicy>(scope, &POLICIES_BY_NAME, text::fold(name).as_bytes())
        .await
        .map_err(Fault::unavailable)?;
    // SECURITY: the name finds the policy without regard to case, but only its exact resource name is it: else a policy
    // could be meant by a text that conditions on `iam:PolicyARN` and `iam:PermissionsBoundary` do not know.
    Ok(found
        .filter(|policy| policy.arn().as_str() == arn)
        .map(Held::Customer))
}

/// The name in the resource name of a customer-managed policy of this account.
fn policy_name(scope: Scope, arn: &str) -> Option<&str> {
    let parts = claviger_model::arn::split(arn)?;
    let Scope::Account(account) = scope else {
        return None;
    };
    if parts.partition != "aws" || parts.service != "iam" || parts.account != account.to_string() {
        return None;
    }
    let path = parts.resource.strip_prefix("policy/")?;
    path.rsplit('/').next()
}

/// Refuses a text that cannot be the resource name of a managed policy (recorded from AWS, 2026).
///
/// # Errors
/// `ValidationError`, or `code` where the parameter answers with another.
pub fn check_policy_arn(arn: &Arn, code: Code) -> Result<(), Fault> {
    let is_policy = arn.parts().is_some_and(|parts| {
        parts.service == "iam" && parts.region.is_empty() && parts.resource.starts_with("policy/")
    });
    if is_policy {
        Ok(())
    } else {
        Err(Fault::new(code, format!("ARN {arn} is not valid.")))
    }
}

/// What lies here is for service-linked roles alone, which no request can attach anything to.
const OF_SERVICE_LINKED_ROLES: &str = "arn:aws:iam::aws:policy/aws-service-role/";

/// Refuses a policy that AWS keeps for its service-linked roles (API reference, `PolicyNotAttachable`). That this server
/// does not have it makes no difference: nobody could attach it if it did.
///
/// # Errors
/// `PolicyNotAttachable`.
pub fn check_attachable(arn: &Arn) -> Result<(), Fault> {
    if arn.as_str().starts_with(OF_SERVICE_LINKED_ROLES) {
        return Err(Fault::new(
            Code::PolicyNotAttachable,
            "AWS service role policies can only be attached to the service-linked role for that service.",
        ));
    }
    Ok(())
}

/// Whom a request without a user name is about, and what one with a user name names.
#[derive(Clone)]
pub enum Owner {
    /// A user who is there.
    User(Arc<Stored<User>>),
    /// Nobody of this name.
    Missing(String),
    /// The caller, who is the root user.
    Root(Arc<Stored<Account>>),
}

/// The same owner with what this operation has written already.
///
/// # Errors
/// `ServiceUnavailable`.
pub(crate) async fn as_written(cx: &mut Cx<'_>, owner: &Owner) -> Result<Owner, Fault> {
    let scope = cx.scope();
    Ok(match owner {
        Owner::User(user) => {
            let found = cx.unit.get::<User>(scope, user.id.as_str()).await;
            let found = found.map_err(Fault::unavailable)?;
            found.map_or_else(
                || Owner::Missing(user.name.as_str().to_owned()),
                Owner::User,
            )
        }
        Owner::Root(account) => {
            let found = cx.unit.get::<Account>(scope, ACCOUNT_RECORD).await;
            let found = found.map_err(Fault::unavailable)?;
            Owner::Root(found.unwrap_or_else(|| account.clone()))
        }
        Owner::Missing(name) => Owner::Missing(name.clone()),
    })
}

/// The user named, or the caller where none is.
///
/// # Errors
/// `ValidationError` where no user is named and the caller is none.
pub async fn owner(cx: &mut Cx<'_>, name: Option<&ExistingUserName>) -> Result<Owner, Fault> {
    if let Some(name) = name {
        return Ok(match find_user(cx, name.as_str()).await? {
            Some(user) => Owner::User(user),
            None => Owner::Missing(name.as_str().to_owned()),
        });
    }
    match &cx.principal().await?.being {
        Being::User(user) => Ok(Owner::User(user.clone())),
        Being::Root(account) => Ok(Owner::Root(account.clone())),
        Being::Role(_) | Being::Host(_) => Err(Fault::invalid(
            "Must specify userName when calling with non-User credentials",
        )),
    }
}
