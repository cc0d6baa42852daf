//! Setting a password without the old one, before a sign-in: by a link that was sent, or by a code where the old one was
//! forgotten.
//!
//! SECURITY: whether anybody is there is told to nobody (AC-30). A code is drawn and its ticket is sealed for whatever name is
//! given, tickets are of one length, and what is sent is sent after the answer, so that neither the text nor the time tells.

use claviger_model::{AccessKeyId, AccountId, EmailAddress, IdKind, Scalar as _, Secret, UniqueId};
use claviger_store::Scope;

use super::Refusal;
use super::attempts::Attempts;
use super::half_open::Proved;
use super::password::{SignInName, account_of, counted, find};
use super::steps::{is_trouble, parse_password};
use crate::caller::Entrance;
use crate::context::RequestFacts;
use crate::entity::User;
use crate::entity::contact::Address;
use crate::entity::index::PASSWORD_LINKS;
use crate::entity::mfa_device::Who;
use crate::entity::password_link::{LinkToken, digest};
use crate::fault::Fault;
use crate::first_account::draw_account_id;
use crate::iam::Iam;
use crate::operation::contacts::{CodeTicket, ContactChannel};
use crate::operation::own_passwords::{
    ResetForgottenPassword, SendPasswordCode, UsePasswordLink, method_of,
};
use crate::sent_code::{self, Holder, Purpose};

/// Whose password is to be set.
#[derive(Debug, Clone)]
pub struct PasswordOwner {
    /// The account.
    pub account: AccountId,
    /// The user's name.
    pub name: String,
}

/// Where codes go that go nowhere.
const NOWHERE: &str = "nobody@example.invalid";

/// The permission to take the one step that sets a password, as the user.
fn step_of(user: &User, request: &RequestFacts, iam: &Iam) -> Proved {
    Proved {
        account: user.account,
        who: Who::User(user.id.clone()),
        epoch: user.security_epoch,
        sign_in_epoch: user.sign_in_epoch,
        password: String::new(),
        begun: request.now,
        mfa: None,
        factor: None,
        code: None,
        is_new_browser: false,
        access_key_id: AccessKeyId::generate_temporary(user.account, &iam.settings().rng),
    }
}

impl Iam {
    /// The user whom a link was sent to.
    async fn linked(&self, token: &str, request: &RequestFacts) -> Result<User, Refusal> {
        LinkToken::parse(token).map_err(|_| Refusal::Over)?;
        let unit = self.store().unit(&[Scope::Global]).await;
        let mut unit = unit.map_err(Fault::unavailable)?;
        let key = digest(token);
        let user = unit
            .find::<User>(Scope::Global, &PASSWORD_LINKS, key.as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        user.filter(|user| user.is_password_link(token, request.now))
            .map(|user| User::clone(&user))
            .ok_or(Refusal::Over)
    }

    /// Whose password a link sets. It is not used up by that.
    ///
    /// # Errors
    /// [`Refusal::Over`] for a link that is not good, or not any more.
    pub async fn password_link(
        &self,
        token: &str,
        request: &RequestFacts,
    ) -> Result<PasswordOwner, Refusal> {
        let user = self.linked(token, request).await?;
        Ok(PasswordOwner {
            account: user.account,
            name: user.name.as_str().to_owned(),
        })
    }

    /// Sets a password by a link, which is used up.
    ///
    /// # Errors
    /// [`Refusal::Over`] for a link that is not good, or not any more; [`Refusal::Fault`] with what the rules say of the
    /// password.
    pub async fn use_password_link(
        &self,
        token: &Secret<String>,
        new: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<PasswordOwner, Refusal> {
        let user = self.linked(token.expose(), request).await?;
        let operation = UsePasswordLink {
            token: Secret::new(LinkToken::parse(token.expose()).map_err(|_| Refusal::Over)?),
            new_password: parse_password(new)?,
        };
        let proved = step_of(&user, request, self);
        match self
            .step(&proved, Entrance::Console, &operation, request)
            .await
        {
            Ok(_) => Ok(PasswordOwner {
                account: user.account,
                name: user.name.as_str().to_owned(),
            }),
            // Somebody else was first.
            Err(Refusal::Fault(fault)) if fault.code() == claviger_model::Code::AccessDenied => {
                Err(Refusal::Over)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Sends a code to whoever forgot the password, where this name has a verified address of this kind, and gives what comes
    /// back with it. The answer is the same whether or not anybody is there.
    ///
    /// # Errors
    /// [`Refusal::TooMany`]; [`Refusal::Fault`] for trouble of the server's.
    pub async fn forgot_password(
        &self,
        account: &str,
        name: &str,
        channel: ContactChannel,
        request: &RequestFacts,
    ) -> Result<Secret<String>, Refusal> {
        let unit = self.store().unit(&[Scope::Global]).await;
        let mut unit = unit.map_err(Fault::unavailable)?;
        let given = SignInName::User { account, name };
        let found = find(&mut unit, given).await?;
        let known = account_of(&mut unit, account).await?.map(|found| found.id);
        let attempts = Attempts::new(
            &format!("forgotten {}", counted(given, known)),
            &request.source_network().to_string(),
            None,
        );
        if !attempts.take(self, request.now).await? {
            return Err(Refusal::TooMany);
        }
        let rng = &self.settings().rng;
        let user = found.and_then(|found| found.user);
        let method = method_of(channel);
        let reached = user.and_then(|user| Some((user.contacts.verified(method)?, user)));
        let (account, holder, to) = match &reached {
            Some((to, user)) => (user.account, Holder::who_forgot(user), to.clone()),
            None => {
                let account = known.unwrap_or_else(|| draw_account_id(rng));
                let nowhere = EmailAddress::parse(NOWHERE);
                let nowhere = nowhere.map_err(|_| Fault::service("no address"))?;
                let id = UniqueId::generate(IdKind::User, account, rng);
                (account, Holder::nobody(&id), Address::Email(nowhere))
            }
        };
        let prepared =
            sent_code::prepare(self, Purpose::Forgotten, account, holder, to, request.now)?;
        if let Some((_, user)) = reached
            && let Some(send) = SendPasswordCode::of(channel, &prepared.code)
        {
            let (iam, request) = (self.clone(), request.clone());
            tokio::spawn(async move {
                let proved = step_of(&user, &request, &iam);
                if let Err(Refusal::Fault(fault)) =
                    iam.step(&proved, Entrance::Console, &send, &request).await
                    && is_trouble(&fault)
                {
                    tracing::warn!(cause = %fault, "a code for a forgotten password was not sent");
                }
            });
        }
        Ok(prepared.ticket)
    }

    /// Sets another password for whoever forgot the old one, by the code that was sent.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] for whatever is wrong with code or ticket; [`Refusal::Fault`] with what the rules say of the
    /// password, or policies of the change.
    pub async fn set_forgotten_password(
        &self,
        ticket: &Secret<String>,
        code: &Secret<String>,
        new: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<PasswordOwner, Refusal> {
        let content = sent_code::open(self, Purpose::Forgotten, ticket.expose(), request.now)
            .ok_or(Refusal::Wrong)?;
        if !sent_code::is_code(self, &content, code.expose(), request.now).await? {
            return Err(Refusal::Wrong);
        }
        let scope = Scope::Account(content.account());
        let unit = self.store().unit(&[Scope::Global, scope]).await;
        let mut unit = unit.map_err(Fault::unavailable)?;
        let user = unit
            .get::<User>(scope, &content.holder().id)
            .await
            .map_err(Fault::unavailable)?
            .ok_or(Refusal::Wrong)?;
        let operation = ResetForgottenPassword {
            ticket: Secret::new(CodeTicket::parse(ticket.expose()).map_err(|_| Refusal::Wrong)?),
            new_password: parse_password(new)?,
        };
        let proved = step_of(&user, request, self);
        match self
            .step(&proved, Entrance::Console, &operation, request)
            .await
        {
            Ok(_) => Ok(PasswordOwner {
                account: user.account,
                name: user.name.as_str().to_owned(),
            }),
            Err(Refusal::Fault(fault))
                if fault.code() == claviger_model::Code::InvalidAuthenticationCode =>
            {
                Err(Refusal::Wrong)
            }
            Err(refusal) => Err(refusal),
        }
    }
}
