//! Dispatches: messages to one address that carry something for their reader alone, such as a code. They leave with the commit
//! that causes them, and what they say is fixed by it: one that is tried again says the same.

use claviger_model::{Secret, Timestamp};
use claviger_store::Message;

use crate::cx::Cx;
use crate::entity::contact::Address;
use crate::fault::Fault;

/// The channel of the outbox for what goes by e-mail.
pub const EMAIL: &str = "email";
/// The channel of the outbox for what goes by SMS.
pub const SMS: &str = "sms";

/// A dispatch.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Dispatch {
    /// Where it goes.
    pub to: Address,
    /// What it says. How it is worded is no rule of the domain.
    pub says: Says,
    /// When it was sent.
    pub at: Timestamp,
    /// When it is worth nothing any more, and is not to be delivered.
    pub until: Timestamp,
}

/// What a dispatch says.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// That whoever reads it can prove so by a code.
    Code(CodeNote),
    /// That a link sets a password.
    PasswordLink(LinkNote),
    /// A password that was drawn.
    Password(PasswordNote),
}

/// A code to bring back.
#[derive(Debug)]
pub struct CodeNote {
    /// Six digits.
    pub code: Secret<String>,
    /// How long it is good for.
    pub minutes: u32,
    /// The account whose user it is for, as people call it.
    pub account: String,
    /// The name of the user; absent for root.
    pub user: Option<String>,
}

/// The written form of a [`CodeNote`]: the only place where its code is told, and its store seals it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Written {
    code: String,
    minutes: u32,
    account: String,
    user: Option<String>,
}

impl serde::Serialize for CodeNote {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written {
            code: self.code.expose().clone(),
            minutes: self.minutes,
            account: self.account.clone(),
            user: self.user.clone(),
        }
        .serialize(to)
    }
}

impl<'de> serde::Deserialize<'de> for CodeNote {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(from)?;
        Ok(Self {
            code: Secret::new(written.code),
            minutes: written.minutes,
            account: written.account,
            user: written.user,
        })
    }
}

/// A link that sets a password.
#[derive(Debug)]
pub struct LinkNote {
    /// What stands in it.
    pub token: Secret<String>,
    /// How long it is good for.
    pub days: u32,
    /// The account whose user it is for, as people call it.
    pub account: String,
    /// The name of the user.
    pub user: String,
}

/// The written form of a [`LinkNote`], as [`Written`] is of a code.
#[derive(serde::Serialize, serde::Deserialize)]
struct WrittenLink {
    token: String,
    days: u32,
    account: String,
    user: String,
}

impl serde::Serialize for LinkNote {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        WrittenLink {
            token: self.token.expose().clone(),
            days: self.days,
            account: self.account.clone(),
            user: self.user.clone(),
        }
        .serialize(to)
    }
}

impl<'de> serde::Deserialize<'de> for LinkNote {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = WrittenLink::deserialize(from)?;
        Ok(Self {
            token: Secret::new(written.token),
            days: written.days,
            account: written.account,
            user: written.user,
        })
    }
}

/// A password that was drawn.
#[derive(Debug)]
pub struct PasswordNote {
    /// The password.
    pub password: Secret<String>,
    /// The account whose user it is for, as people call it.
    pub account: String,
    /// The name of the user.
    pub user: String,
}

/// The written form of a [`PasswordNote`], as [`Written`] is of a code.
#[derive(serde::Serialize, serde::Deserialize)]
struct WrittenPassword {
    password: String,
    account: String,
    user: String,
}

impl serde::Serialize for PasswordNote {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        WrittenPassword {
            password: self.password.expose().clone(),
            account: self.account.clone(),
            user: self.user.clone(),
        }
        .serialize(to)
    }
}

impl<'de> serde::Deserialize<'de> for PasswordNote {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = WrittenPassword::deserialize(from)?;
        Ok(Self {
            password: Secret::new(written.password),
            account: written.account,
            user: written.user,
        })
    }
}

impl Dispatch {
    /// Sends it with the commit.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn send(self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let channel = match self.to {
            Address::Email(_) => EMAIL,
            Address::Mobile(_) => SMS,
        };
        let message = Message {
            id: cx.rng().uuid(),
            scope: cx.scope(),
            channel: channel.to_owned(),
            body: serde_json::to_value(self).map_err(Fault::service)?,
        };
        cx.message(message);
        Ok(())
    }
}
