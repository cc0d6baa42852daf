//! Whose credentials a page concerns: those of whoever is signed in, or those of the user whom the address names. The pages
//! are the same.

use claviger_iam::Fault;
use claviger_model::name::{ExistingUserName, UserName};
use claviger_model::{Code, Scalar as _};

use crate::answer::{Answer, Failure, go};
use crate::door::Visit;
use crate::users;

/// Whose credentials they are.
#[derive(Clone)]
pub(crate) struct Whose {
    /// Root has no name.
    name: Option<ExistingUserName>,
    /// Whether they are reached as the own ones.
    own: bool,
}

impl Whose {
    /// The user in the address, or whoever is signed in where it names none.
    ///
    /// # Errors
    /// `Missing` where no user can have that name.
    pub(crate) fn of(visit: &Visit) -> Result<Self, Failure> {
        let named = Some(visit.asked.param("name")).filter(|name| !name.is_empty());
        // A role has no credentials of its own, and those of the person are not the role's.
        if named.is_none() && visit.at.switched().is_some() {
            return Err(Failure::Missing);
        }
        let name = named.or(visit.user_name());
        Ok(Self {
            name: name
                .map(ExistingUserName::parse)
                .transpose()
                .map_err(|_| Failure::Missing)?,
            own: named.is_none(),
        })
    }

    /// Those of a user, as administrators reach them.
    pub(crate) fn user(name: &ExistingUserName) -> Self {
        Self {
            name: Some(name.clone()),
            own: false,
        }
    }

    /// Whether they are reached as the own ones.
    pub(crate) fn is_own(&self) -> bool {
        self.own
    }

    /// Whether they are root's.
    pub(crate) fn is_root(&self) -> bool {
        self.name.is_none()
    }

    /// The user, for operations that concern the caller where none is named.
    pub(crate) fn name(&self) -> Option<ExistingUserName> {
        self.name.clone()
    }

    /// The user, for operations that demand one.
    ///
    /// # Errors
    /// `InvalidInput` for root.
    pub(crate) fn existing(&self) -> Result<ExistingUserName, Fault> {
        self.name.clone().ok_or_else(|| {
            Fault::new(
                Code::InvalidInput,
                "Only users can have one, the root user cannot.",
            )
        })
    }

    /// The same, for operations that take no name longer than one can be.
    ///
    /// # Errors
    /// `InvalidInput` for root; `NoSuchEntity` for a name that nobody can have.
    pub(crate) fn short(&self) -> Result<UserName, Fault> {
        users::short(&self.existing()?)
    }

    /// The name of a user that somebody else administers.
    pub(crate) fn other(&self) -> Option<&str> {
        let name = self.name.as_ref().filter(|_| !self.own)?;
        Some(name.as_str())
    }

    /// Refuses whoever changes how they sign in themselves and has not proved lately to be there, by whichever address.
    pub(crate) fn must_be_fresh(&self, visit: &Visit) -> Result<(), Failure> {
        match self.other() {
            Some(name) => users::be_fresh_for(visit, name),
            None => visit.must_be_fresh(),
        }
    }

    /// The part of the console that the pages belong to.
    pub(crate) fn here(&self) -> &'static str {
        if self.own { "credentials" } else { users::HERE }
    }

    /// What the addresses of the pages begin with.
    pub(crate) fn base(&self) -> String {
        self.other()
            .map_or_else(|| String::from("/console/credentials"), users::address_of)
    }

    /// The page that lists the credentials, which takes what its buttons say too.
    pub(crate) fn list(&self) -> String {
        if self.own {
            self.base()
        } else {
            format!("{}?tab=credentials", self.base())
        }
    }

    /// Goes on to that page, with what was done.
    pub(crate) fn done(&self, word: &str) -> Answer {
        let list = self.list();
        let joint = if self.own { '?' } else { '&' };
        go(&format!("{list}{joint}done={word}"))
    }

    /// A title, with whom it concerns.
    pub(crate) fn titled(&self, title: &str) -> String {
        self.other()
            .map_or_else(|| title.to_owned(), |name| format!("{title} for {name}"))
    }
}
