//! The operations of which a sign-in to the console consists. No request names them: the steps of [`crate::signin`] run
//! them, so that they are checked, committed and audited like every other.

use claviger_model::name::SerialNumber;
use claviger_model::{Code, Scalar as _, Secret};
use claviger_shape::Shape;

use super::contacts::{CodeTicket, SentCode};
use super::mfa_devices::AuthenticationCode;
use super::recovery_codes::{put_codes, redeem};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::User;
use crate::entity::recovery_codes::RecoveryCode;
use crate::fault::Fault;
use crate::lookup;
use crate::mfa;
use crate::sent_code::{self, Holder, Purpose};
use crate::spec::Spec;

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CheckMfa>(),
    entry::<SendSignInCode>(),
    entry::<CheckSignInCode>(),
    entry::<super::own_passwords::UsePasswordLink>(),
    entry::<super::own_passwords::SendPasswordCode>(),
    entry::<super::own_passwords::ResetForgottenPassword>(),
    entry::<super::tokens::IssueToken>(),
];

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

/// What is said where login protection could send a code nowhere.
const NOWHERE: &str =
    "Login protection asks for a code, and there is no verified address to send it to.";

/// Whoever signs in, as a user.
pub(super) async fn user_who_signs_in(cx: &mut Cx<'_>) -> Result<User, Fault> {
    let principal = cx.principal().await?;
    let user = principal.user().ok_or_else(|| Fault::denied(NOWHERE))?;
    Ok(User::clone(user))
}

/// Sends the code that login protection asks for.
#[derive(Shape)]
pub struct SendSignInCode {}

/// The answer of [`SendSignInCode`].
#[derive(Shape)]
pub struct SendSignInCodeOutput {
    /// What is brought back with the code.
    pub ticket: Secret<String>,
}

impl Operation for SendSignInCode {
    const SPEC: Spec = Spec::sign_in("SendSignInCode").by_strangers();
    type Output = SendSignInCodeOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::default())
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_who_signs_in(cx).await?;
        let to = user
            .contacts
            .verified(user.protected_by())
            .ok_or_else(|| Fault::denied(NOWHERE))?;
        let (holder, name) = (Holder::of_user(&user), user.name.as_str().to_owned());
        let ticket = sent_code::send(cx, Purpose::SignIn, holder, Some(name), to, false).await?;
        Ok(SendSignInCodeOutput { ticket })
    }
}

/// Checks the code that login protection asks for. It is no second factor: whoever reads a mailbox may read it.
#[derive(Shape)]
pub struct CheckSignInCode {
    /// What came with the code.
    pub ticket: Secret<CodeTicket>,
    /// The code.
    pub code: Secret<SentCode>,
}

impl CheckSignInCode {
    /// Of what a person typed; `None` for what cannot be a code.
    #[must_use]
    pub fn of(ticket: &Secret<String>, code: &Secret<String>) -> Option<Self> {
        Some(Self {
            ticket: Secret::new(CodeTicket::parse(ticket.expose()).ok()?),
            code: Secret::new(SentCode::parse(code.expose()).ok()?),
        })
    }
}

impl Operation for CheckSignInCode {
    const SPEC: Spec = Spec::sign_in("CheckSignInCode")
        .by_strangers()
        .faults(&[Code::InvalidAuthenticationCode]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::default())
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_who_signs_in(cx).await?;
        let (ticket, code) = (self.ticket.expose().as_str(), self.code.expose().as_str());
        let holder = Holder::of_user(&user);
        let to = sent_code::redeem(cx, Purpose::SignIn, &holder, ticket, code).await?;
        // SECURITY: one that was sent by another way than the one that is asked for by now proves nothing.
        if user.contacts.verified(user.protected_by()) != Some(to) {
            return Err(sent_code::wrong());
        }
        Ok(Empty {})
    }
}
