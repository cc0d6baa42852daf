//! Which ways in are open to a user and what is said of the user, as the bodies of several calls have it.

use claviger_iam::entity::user_access::UserDescription;
use claviger_iam::operation::user_access::{SetUserAccess, SetUserDescription};
use claviger_iam::{Fault, Together};
use claviger_model::name::ExistingUserName;

use crate::error::Error;
use crate::input::Members;

/// What a body says of which ways in are open and what is said of the user.
pub(crate) struct Settings {
    pub(crate) access: Option<SetUserAccess>,
    pub(crate) description: Option<SetUserDescription>,
}

impl Settings {
    /// Reads it of the user of this name. `description` is what the description is called there; of a new user it need not be said that
    /// every way is open, nor that there is nothing to say.
    pub(crate) fn read(
        members: Members<'_>,
        description: &str,
        name: &ExistingUserName,
        is_new: bool,
    ) -> Result<Self, Error> {
        let enabled = members
            .flag("enabled")?
            .filter(|enabled| !is_new || !enabled);
        let said: Option<UserDescription> = members.scalar_or(description, "1117")?;
        let said = said.filter(|said| !is_new || !said.as_str().is_empty());
        Ok(Self {
            access: enabled.map(|enabled| SetUserAccess {
                user_name: name.clone(),
                enabled: Some(enabled),
                access_mode: None,
            }),
            description: said.map(|description| SetUserDescription {
                user_name: name.clone(),
                description,
            }),
        })
    }

    /// The operations with those that set it at their end.
    pub(crate) fn join<'o>(&'o self, mut all: Together<'o>) -> Result<Together<'o>, Fault> {
        if let Some(access) = &self.access {
            all = all.then(access)?;
        }
        match &self.description {
            Some(description) => all.then(description),
            None => Ok(all),
        }
    }
}
