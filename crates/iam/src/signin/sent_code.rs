//! The step of login protection: a code that is sent to an address of the user's, for whoever has no MFA device.
//!
//! It comes after the password, so that nobody learns without it who is protected, and it makes no session one with a second
//! factor.

use claviger_model::Secret;

use super::half_open::{AwaitingCode, Proved};
use super::steps::{SENT_CODE, Standing, is_trouble};
use super::{Next, Refusal};
use crate::caller::Entrance;
use crate::context::RequestFacts;
use crate::entity::ProtectionMethod;
use crate::iam::Iam;
use crate::operation::sign_in::{CheckSignInCode, SendSignInCode};

/// What is said where login protection asks for what the user does not have any more.
const WITHOUT_ADDRESS: &str = "Your account asks for a code, and there is no verified address to send it to. Ask whoever administers the account.";
/// The same of a virtual device.
const WITHOUT_DEVICE: &str = "Your account asks for a code of a virtual MFA device, and you have none. Ask whoever administers the account.";

/// What login protection asks of a user without an MFA device, where it has not come back yet.
///
/// # Errors
/// [`Refusal::Unable`] where the user lacks what it takes: nobody is waved through.
pub(super) fn asked(proved: &Proved, standing: &Standing) -> Result<Option<AwaitingCode>, Refusal> {
    let Some(user) = standing.user() else {
        return Ok(None);
    };
    let method = user.protected_by();
    match method {
        ProtectionMethod::None => Ok(None),
        ProtectionMethod::VirtualMfa => Err(Refusal::Unable(WITHOUT_DEVICE)),
        ProtectionMethod::Sms | ProtectionMethod::Email if proved.code == Some(method) => Ok(None),
        ProtectionMethod::Sms | ProtectionMethod::Email => {
            let to = user.contacts.verified(method);
            let to = to.ok_or(Refusal::Unable(WITHOUT_ADDRESS))?;
            Ok(Some(AwaitingCode {
                proved: proved.clone(),
                method,
                ticket: None,
                to: to.masked(),
            }))
        }
    }
}

impl Iam {
    /// Sends the code that a step asks for, where it asks for one.
    pub(super) async fn with_code_sent(
        &self,
        next: Next,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        match next {
            Next::Code(waiting) => Ok(Next::Code(self.send_code_again(waiting, request).await?)),
            other => Ok(other),
        }
    }

    /// Sends another code; the ones before it stay good for their time, and their tries.
    ///
    /// # Errors
    /// [`Refusal::Fault`] with `Throttling` where too many were sent.
    pub async fn send_code_again(
        &self,
        waiting: AwaitingCode,
        request: &RequestFacts,
    ) -> Result<AwaitingCode, Refusal> {
        let sent = self
            .step(
                &waiting.proved,
                Entrance::Console,
                &SendSignInCode {},
                request,
            )
            .await?;
        Ok(AwaitingCode {
            ticket: Some(sent.ticket),
            ..waiting
        })
    }

    /// Opens the cookie of a sign-in that waits for a code that was sent.
    ///
    /// # Errors
    /// [`Refusal::Over`].
    pub async fn awaiting_code(
        &self,
        cookie: &str,
        request: &RequestFacts,
    ) -> Result<AwaitingCode, Refusal> {
        let (proved, ticket) = AwaitingCode::open(self.tokens(), cookie, request.now)?;
        match self.again(proved, request).await? {
            Next::Code(waiting) => Ok(AwaitingCode {
                ticket: Some(ticket),
                ..waiting
            }),
            Next::Factor(_) | Next::Password(_) | Next::Open(_) => Err(Refusal::Over),
        }
    }

    /// Goes on with the code that was sent.
    ///
    /// # Errors
    /// [`Refusal::Wrong`]; what [`Next`] is refused with.
    pub async fn sign_in_with_sent_code(
        &self,
        waiting: AwaitingCode,
        code: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let mut proved = waiting.proved;
        let ticket = waiting.ticket.ok_or(Refusal::Over)?;
        let outcome = match CheckSignInCode::of(&ticket, code) {
            Some(check) => self
                .step(&proved, Entrance::Console, &check, request)
                .await
                .map(drop),
            None => Err(Refusal::Wrong),
        };
        if let Err(refusal) = outcome {
            let refusal = match refusal {
                Refusal::Fault(fault) if !is_trouble(&fault) => Refusal::Wrong,
                other => other,
            };
            if matches!(refusal, Refusal::Wrong) {
                self.tell_wrong_factor(&proved, SENT_CODE, request).await?;
            }
            return Err(refusal);
        }
        proved.code = Some(waiting.method);
        self.next(proved, request).await
    }
}
