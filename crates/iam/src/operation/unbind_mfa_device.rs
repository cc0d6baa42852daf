//! Taking a virtual MFA device out of somebody's hands by a code of it, where no session can have proved it before. An operation
//! of this server's own.

use claviger_model::name::{ExistingUserName, SerialNumber};
use claviger_model::{Code, Secret};
use claviger_shape::Shape;

use super::mfa_devices::{
    AuthenticationCode, held_device, is_own, missing_device, not_of_user, present, release,
};
use super::users::check_on_owner;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::lookup;
use crate::mfa;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<UnbindMFADevice>()];

/// Takes a virtual MFA device out of a user's hands. Who does it to oneself shows a code of the device, whatever the session has
/// proved; of who does it to others no code is looked at. The device stays, with its seed. An operation of this server's own.
#[derive(Shape)]
pub struct UnbindMFADevice {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The device.
    pub serial_number: SerialNumber,
    /// A code of the device.
    pub authentication_code: Secret<AuthenticationCode>,
}

impl Operation for UnbindMFADevice {
    const SPEC: Spec = Spec::iam("UnbindMFADevice", Access::Write)
        .governed_by("DeactivateMFADevice")
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::ConcurrentModification,
            Code::InvalidAuthenticationCode,
            Code::LoginProtectionInUse,
            Code::NoSuchEntity,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let device = lookup::find_virtual_mfa_device(cx, &self.serial_number)
            .await?
            .ok_or_else(|| missing_device(&self.serial_number))?;
        // SECURITY: else anybody who may unbind a device of one's own could try out codes of somebody else's.
        if held_device(&owner, &self.serial_number).is_none_or(|held| held.device != device.id) {
            return Err(not_of_user());
        }
        if is_own(cx, &owner) {
            let code = self.authentication_code.expose().as_str();
            mfa::confirm(cx, &device, code).await?;
        }
        release(cx, &owner, &self.serial_number).await?;
        Ok(Empty {})
    }
}
