//! A token of the Identity API in place of a console session: what a password opens to clients that show tokens.

use claviger_model::{Code, Scalar as _, Secret};

use super::Refusal;
use super::password::PasswordAttempt;
use super::steps::{is_trouble, standing};
use crate::caller::{Caller, Entrance, Way, Who as Calling};
use crate::context::RequestFacts;
use crate::cx::Cx;
use crate::entity::User;
use crate::entity::mfa_device::Who;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::operation::mfa_devices::AuthenticationCode;
use crate::operation::tokens::{IssueToken, IssuedToken};
use crate::operation::users::{PASSWORD_USED, ROOT_MARK};
use crate::password::state::PasswordState;

/// What is said where a code is needed and none was given.
const CODE_NEEDED: &str = "A code of the MFA device is needed: use the methods password and totp.";

impl Iam {
    /// Issues a token for a password, and the code of an MFA device where one is given or needed.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] for whatever is not right, [`Refusal::TooMany`], [`Refusal::Fault`] for what the person may read
    /// once the password was right.
    pub async fn token_by_password(
        &self,
        attempt: &PasswordAttempt<'_>,
        code: Option<&Secret<String>>,
        for_project: bool,
        request: &RequestFacts,
    ) -> Result<IssuedToken, Refusal> {
        let proved = self
            .prove_password(attempt, Entrance::Token, request)
            .await?;
        let parsed = code.map(|code| AuthenticationCode::parse(code.expose()));
        let token_code = match parsed {
            None => None,
            Some(Ok(code)) => Some(Secret::new(code)),
            Some(Err(_)) => {
                self.tell_wrong_factor(&proved, "", request).await?;
                return Err(Refusal::Wrong);
            }
        };
        let operation = IssueToken {
            token_code,
            project: Some(for_project),
        };
        let issued = self
            .step(&proved, Entrance::Token, &operation, request)
            .await;
        let issued = issued.map_err(|refusal| match refusal {
            // Which part of it was wrong is nobody's business.
            Refusal::Fault(fault) if fault.code() == Code::InvalidAuthenticationCode => {
                Refusal::Wrong
            }
            Refusal::Fault(fault) if is_trouble(&fault) => Refusal::Fault(fault),
            other => other,
        })?;
        let id = match &proved.who {
            Who::Root => ROOT_MARK,
            Who::User(id) => id.as_str(),
        };
        let scope = claviger_store::Scope::Account(proved.account);
        let used = claviger_store::MarkKey::new(scope, PASSWORD_USED, id);
        self.store().touch(used, request.now.micros(), "");
        Ok(issued)
    }
}

/// Refuses a token to whoever signs in, where the records ask for more than was proved.
///
/// An expired password opens tokens (Huawei Cloud IAM user guide, "Password Policy": expiry stops the console alone), until
/// nobody but an administrator may set another.
///
/// # Errors
/// `AccessDenied`, with the reason.
pub(crate) async fn check(cx: &mut Cx<'_>, has_code: bool) -> Result<(), Fault> {
    if !matches!(cx.caller().way(), Way::SigningIn(_, Entrance::Token)) {
        return Err(Fault::denied("Tokens are issued at sign-in alone."));
    }
    let (account, now) = (cx.account(), cx.now());
    let who = match cx.caller().who() {
        Calling::Root(_) => Who::Root,
        Calling::User { id, .. } => Who::User(id.clone()),
        Calling::Role { .. } | Calling::Host { .. } => {
            return Err(Fault::denied("Tokens are issued to users alone."));
        }
    };
    let standing = standing(&mut cx.unit, account, &who)
        .await
        .map_err(|_| Caller::gone())?;
    match standing.password_state(now) {
        PasswordState::Good | PasswordState::Expired => {}
        PasswordState::MustChange => {
            return Err(Fault::denied(
                "The password must be changed at the console first.",
            ));
        }
        PasswordState::HardExpired => {
            return Err(Fault::denied(
                "The password has expired. Ask an administrator for another.",
            ));
        }
    }
    // SECURITY: nobody's token reaches as far as root's.
    let of_root = standing.user().is_none() && !standing.devices().is_empty();
    let by_protection = standing.user().is_some_and(User::token_needs_code);
    let is_asked = standing.demands_mfa() || of_root || by_protection;
    if is_asked && !has_code {
        return Err(Fault::denied(CODE_NEEDED));
    }
    Ok(())
}
