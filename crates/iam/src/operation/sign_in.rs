//! The operations of which a sign-in to the console consists. No request names them: the steps of [`crate::signin`] run
//! them, so that they are checked, committed and audited like every other.

use claviger_model::name::SerialNumber;
use claviger_model::{Code, Scalar as _, Secret};
use claviger_shape::Shape;

use super::mfa_devices::AuthenticationCode;
use super::recovery_codes::{put_codes, redeem};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::recovery_codes::RecoveryCode;
use crate::fault::Fault;
use crate::lookup;
use crate::mfa;
use crate::spec::Spec;

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<CheckMfa>(), entry::<super::tokens::IssueToken>()];

/// Checks the second factor of whoever signs in, or confirms to be there: a code of a device, or a recovery code, which is
/// used up.
#[derive(Shape)]
pub struct CheckMfa {
    /// The device.
    pub serial_number: Option<SerialNumber>,
    /// The code that it shows.
    pub token_code: Option<Secret<AuthenticationCode>>,
    /// A recovery code, in place of both.
    pub recovery_code: Option<Secret<RecoveryCode>>,
}

impl CheckMfa {
    /// By a code of a device; `None` for what cannot be one.
    #[must_use]
    pub fn by_code(serial: &str, code: &Secret<String>) -> Option<Self> {
        Some(Self {
            serial_number: Some(SerialNumber::parse(serial).ok()?),
            token_code: Some(Secret::new(AuthenticationCode::parse(code.expose()).ok()?)),
            recovery_code: None,
        })
    }

    /// By a recovery code; `None` for what cannot be one.
    #[must_use]
    pub fn by_recovery_code(code: &Secret<String>) -> Option<Self> {
        Some(Self {
            serial_number: None,
            token_code: None,
            recovery_code: Some(Secret::new(RecoveryCode::parse(code.expose()).ok()?)),
        })
    }
}

impl Operation for CheckMfa {
    const SPEC: Spec = Spec::sign_in("CheckMfa")
        .by_strangers()
        .faults(&[Code::InvalidAuthenticationCode]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::default())
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        match (&self.serial_number, &self.token_code, &self.recovery_code) {
            (Some(serial), Some(code), None) => {
                mfa::verify(cx, serial.as_str(), code.expose().as_str()).await?;
            }
            (None, None, Some(code)) => {
                let owner = lookup::owner(cx, None).await?;
                let left = redeem(cx, &owner, code.expose()).await?;
                put_codes(cx, &owner, Some(left));
            }
            _ => {
                return Err(Fault::invalid(
                    "Name a device and its code, or a recovery code.",
                ));
            }
        }
        Ok(Empty {})
    }
}
