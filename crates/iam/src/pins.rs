//! Whom a request means that calls its targets by unique ids, where operations take names: a name that was looked up stays
//! tied to the id that it was found under, however often the operation starts over.

use claviger_model::{AccessKeyId, AccountId, Arn, UniqueId, text};
use claviger_store::{Record, Scope};

use crate::authenticate::{Admitted, owner_of_key};
use crate::aws_managed;
use crate::caller::Who;
use crate::entity::{Group, ManagedPolicy, Role, User};
use crate::fault::Fault;
use crate::lookup::managed_policy_in;
use crate::principal::Held;

/// A name, and the one who is meant by it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pin {
    kind: &'static str,
    /// Without regard to case.
    name: String,
    id: String,
}

/// The names that a request means somebody certain by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pins(Vec<Pin>);

impl Pins {
    fn pin<R: Record>(&mut self, name: &str, id: &str) {
        self.0.push(Pin {
            kind: R::KIND,
            name: text::fold(name),
            id: id.to_owned(),
        });
    }

    /// Whether who was found under this name may be whom the request means.
    pub(crate) fn allow<R: Record>(&self, name: &str, id: &str) -> bool {
        // Most requests mean nobody by an id, and this is on the way of them all.
        if self.0.is_empty() {
            return true;
        }
        let name = text::fold(name);
        self.0
            .iter()
            .filter(|pin| pin.kind == R::KIND && pin.name == name)
            .all(|pin| pin.id == id)
    }
}

/// The names of users, groups, roles and managed policies, for doors whose requests call them by their unique ids.
///
/// SECURITY: nothing is authorized yet, so a name is for an operation to be run on alone, with this same caller. The operation
/// finds nobody under it but the one who was meant. Where nobody goes by the id, the name is one that finds nobody: the operation
/// is to run all the same, so that who may not ask does not learn who is there.
impl Admitted {
    /// The name of the user of this unique id in the caller's account.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub async fn name_of_user(&mut self, id: &UniqueId) -> Result<String, Fault> {
        self.name_of(id, |user: &User| user.name.as_str().to_owned())
            .await
    }

    /// The name of the group of this unique id in the caller's account.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub async fn name_of_group(&mut self, id: &UniqueId) -> Result<String, Fault> {
        self.name_of(id, |group: &Group| group.name.as_str().to_owned())
            .await
    }

    /// The name of the role of this unique id in the caller's account.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub async fn name_of_role(&mut self, id: &UniqueId) -> Result<String, Fault> {
        self.name_of(id, |role: &Role| role.name.as_str().to_owned())
            .await
    }

    /// The resource name of the managed policy of this unique id: one of the caller's account, or an AWS-managed one.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub async fn arn_of_policy(&mut self, id: &UniqueId) -> Result<Arn, Fault> {
        if let Some(policy) = aws_managed::by_id(id.as_str()) {
            return Ok(policy.arn.clone());
        }
        let account = self.caller.account();
        let found = self.get::<ManagedPolicy>(id).await?;
        let arn = found.map_or_else(|| unmeant(account, id), |policy| policy.arn());
        let name = arn.as_str().rsplit('/').next().unwrap_or_default();
        self.pins.pin::<ManagedPolicy>(name, id.as_str());
        Ok(arn)
    }

    /// The unique id of the managed policy of this resource name, for showing what an operation has answered; `None` where there is
    /// none any more.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub async fn id_of_policy(&mut self, arn: &Arn) -> Result<Option<String>, Fault> {
        let scope = Scope::Account(self.caller.account());
        let found = managed_policy_in(&mut self.unit, scope, arn.as_str()).await?;
        Ok(match found {
            Some(Held::Customer(policy)) => Some(policy.id.as_str().to_owned()),
            Some(Held::Aws(policy)) => Some(policy.id.clone()),
            _ => None,
        })
    }

    /// A name that finds no user.
    pub fn name_of_no_user(&mut self) -> String {
        let name = self.caller.account().to_string();
        self.pins.pin::<User>(&name, "");
        name
    }

    /// Who has this access key, where that is somebody of the caller's account.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub async fn owner_of_key(&mut self, key: &AccessKeyId) -> Result<Option<Who>, Fault> {
        let account = self.caller.account();
        let owner = owner_of_key(&mut self.unit, key.as_str()).await?;
        Ok(owner.map(|owner| owner.who()).filter(
            |who| matches!(who, Who::User { account: of, .. } | Who::Root(of) if *of == account),
        ))
    }

    async fn name_of<R: Record>(
        &mut self,
        id: &UniqueId,
        name: impl Fn(&R) -> String,
    ) -> Result<String, Fault> {
        let found = self.get::<R>(id).await?;
        let name = found.map_or_else(|| id.as_str().to_owned(), |found| name(&found));
        self.pins.pin::<R>(&name, id.as_str());
        Ok(name)
    }

    async fn get<R: Record>(
        &mut self,
        id: &UniqueId,
    ) -> Result<Option<std::sync::Arc<claviger_store::Stored<R>>>, Fault> {
        let scope = Scope::Account(self.caller.account());
        self.unit
            .get::<R>(scope, id.as_str())
            .await
            .map_err(Fault::unavailable)
    }
}

/// The resource name of a policy that is called by its own id, as none was that goes by it.
fn unmeant(account: AccountId, id: &UniqueId) -> Arn {
    Arn::policy(account, "/", id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_name_is_of_its_id_alone_and_other_names_are_free() {
        let mut pins = Pins::default();
        assert!(pins.allow::<User>("alice", "AIDA1"));
        pins.pin::<User>("Alice", "AIDA1");
        assert!(pins.allow::<User>("alice", "AIDA1"));
        assert!(!pins.allow::<User>("ALICE", "AIDA2"));
        assert!(pins.allow::<User>("bob", "AIDA2"));
        assert!(pins.allow::<Group>("alice", "AGPA1"));
        pins.pin::<User>("alice", "AIDA2");
        // Two ids cannot both be meant by one name.
        assert!(!pins.allow::<User>("alice", "AIDA1"));
        assert!(!pins.allow::<User>("alice", "AIDA2"));
    }
}
