//! Passwords that people set before they sign in: by a link that they were sent, or by a code where they forgot the old one.
//! No request names these operations: the pages of the sign-in have them run.

use claviger_model::{Code, Scalar as _, Secret};
use claviger_shape::Shape;

use super::contacts::{CodeTicket, ContactChannel, SentCode};
use super::login_profiles::{Password, check_age, put_password, refuse_current};
use super::sign_in::user_who_signs_in;
use super::users::check_on_user;
use super::{Empty, Operation};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::password_link::LinkToken;
use crate::entity::{ProtectionMethod, User};
use crate::fault::Fault;
use crate::lookup;
use crate::password::state::{self, PasswordState};
use crate::sent_code::{self, Holder, Purpose};
use crate::spec::{Grant, Spec};

/// What is said of a link that is none.
fn no_link() -> Fault {
    Fault::denied("The link is not good any more. Ask for another.")
}

/// Sets a password by a link that was sent, which is used up by that.
#[derive(Shape)]
pub struct UsePasswordLink {
    /// What stood in the link.
    pub token: Secret<LinkToken>,
    /// The password.
    pub new_password: Secret<Password>,
}

impl Operation for UsePasswordLink {
    const SPEC: Spec = Spec::sign_in("UsePasswordLink")
        .by_strangers()
        .faults(&[Code::PasswordPolicyViolation]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::default())
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_who_signs_in(cx).await?;
        if !user.is_password_link(self.token.expose().as_str(), cx.now()) {
            return Err(no_link());
        }
        refuse_current(cx, &user, &self.new_password).await?;
        put_password(cx, &user, &self.new_password, |_| {}).await?;
        Ok(Empty {})
    }
}

/// By which method an address of this kind is reached.
pub(crate) fn method_of(channel: ContactChannel) -> ProtectionMethod {
    match channel {
        ContactChannel::Email => ProtectionMethod::Email,
        ContactChannel::Mobile => ProtectionMethod::Sms,
    }
}

/// Refuses whoever cannot set the own password: without one there is nothing to forget, and one that is hard expired is an
/// administrator's to renew.
async fn check_may_reset(cx: &mut Cx<'_>, user: &User) -> Result<(), Fault> {
    let account = lookup::account(cx).await?;
    let policy = account.password_policy.as_ref();
    let state = user
        .login_profile
        .as_ref()
        .map(|profile| state::password_state(profile, policy, cx.now()));
    match state {
        None | Some(PasswordState::HardExpired) => Err(Fault::denied(
            "Only an administrator can set a password for this user.",
        )),
        Some(PasswordState::Good | PasswordState::MustChange | PasswordState::Expired) => Ok(()),
    }
}

/// Sends a code that was drawn for a user who forgot the password.
#[derive(Shape)]
pub struct SendPasswordCode {
    /// By which way.
    pub channel: ContactChannel,
    /// The code.
    pub code: Secret<SentCode>,
}

impl SendPasswordCode {
    pub(crate) fn of(channel: ContactChannel, code: &Secret<String>) -> Option<Self> {
        Some(Self {
            channel,
            code: Secret::new(SentCode::parse(code.expose()).ok()?),
        })
    }
}

impl Operation for SendPasswordCode {
    const SPEC: Spec = Spec::sign_in("SendPasswordCode").by_strangers();
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::default())
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_who_signs_in(cx).await?;
        check_may_reset(cx, &user).await?;
        let to = user
            .contacts
            .verified(method_of(self.channel))
            .ok_or_else(|| Fault::denied("There is no verified address to send a code to."))?;
        let code = Secret::new(self.code.expose().as_str().to_owned());
        let (holder, name) = (Holder::who_forgot(&user), user.name.as_str().to_owned());
        sent_code::dispatch(cx, Purpose::Forgotten, &holder, Some(name), to, code).await?;
        Ok(Empty {})
    }
}

/// Sets another password for a user who forgot the old one and has brought back a code. Policies that forbid to change the own
/// password forbid this.
#[derive(Shape)]
pub struct ResetForgottenPassword {
    /// What came with the code, which was checked.
    pub ticket: Secret<CodeTicket>,
    /// The password.
    pub new_password: Secret<Password>,
}

impl Operation for ResetForgottenPassword {
    const SPEC: Spec = Spec::sign_in("ResetForgottenPassword")
        .grant(Grant::UnlessDenied)
        .by_strangers()
        .faults(&[
            Code::InvalidAuthenticationCode,
            Code::PasswordPolicyViolation,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let user = user_who_signs_in(cx).await?;
        Ok(Target::of(check_on_user(&user).also("iam:ChangePassword")))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_who_signs_in(cx).await?;
        // SECURITY: as it is in this unit. Whatever changed since the code was sent makes it worthless.
        let ticket = self.ticket.expose().as_str();
        let content = sent_code::open(cx.iam(), Purpose::Forgotten, ticket, cx.now())
            .ok_or_else(sent_code::wrong)?;
        if !content.is_of(cx.account(), &Holder::who_forgot(&user)) {
            return Err(sent_code::wrong());
        }
        check_may_reset(cx, &user).await?;
        if let Some(profile) = &user.login_profile {
            check_age(cx, profile).await?;
        }
        refuse_current(cx, &user, &self.new_password).await?;
        put_password(cx, &user, &self.new_password, |_| {}).await?;
        Ok(Empty {})
    }
}
