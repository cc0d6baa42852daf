//! A request on its way to its operation: who asks, what it says, and the names behind the ids that it says it by.

use claviger_iam::caller::Who;
use claviger_iam::{Admitted, Answers, Fault, Iam, Operation, RequestFacts, Together};
use claviger_model::{AccessKeyId, AccountId, Arn, Scalar};
use claviger_shape::{Form, Limits};
use serde_json::{Value, json};

use crate::error::Error;
use crate::ids;
use crate::input::Input;

/// A request that is authenticated and not yet authorized: the operation does that.
pub(crate) struct Asked<'a> {
    pub(crate) iam: &'a Iam,
    pub(crate) admitted: Admitted,
    pub(crate) facts: &'a RequestFacts,
    /// What stands in the places of the path that are in braces.
    pub(crate) places: Vec<&'a str>,
    /// The path itself, without a slash at its end.
    pub(crate) path: &'a str,
    /// As it arrived.
    pub(crate) query: &'a str,
    /// As it arrived.
    pub(crate) body: &'a [u8],
    /// Where clients reach the server, without a slash at its end.
    pub(crate) address: &'a str,
    /// What the one project of every account is called.
    pub(crate) project: &'a str,
}

impl<'a> Asked<'a> {
    /// What stands in the first place of the path that is in braces.
    pub(crate) fn id(&self) -> &'a str {
        self.places.first().copied().unwrap_or_default()
    }

    /// What stands in the second.
    pub(crate) fn second_id(&self) -> &'a str {
        self.places.get(1).copied().unwrap_or_default()
    }

    /// The caller's account.
    pub(crate) fn account(&self) -> AccountId {
        self.admitted.caller().account()
    }

    /// The query.
    pub(crate) fn query(&self) -> Result<Form<'a>, Error> {
        Form::parse(self.query, &[], Limits::DEFAULT)
            .map_err(|_| Error::invalid("The query cannot be read."))
    }

    /// The body.
    pub(crate) fn input(&self) -> Result<Input, Error> {
        Input::read(self.body)
    }

    /// Whether the caller is the root user.
    pub(crate) fn is_root(&self) -> bool {
        matches!(self.admitted.caller().who(), Who::Root(_))
    }

    /// The caller's id, where it is a user or the root user.
    pub(crate) fn own_id(&self) -> Option<String> {
        match self.admitted.caller().who() {
            Who::Root(account) => Some(ids::root(*account)),
            Who::User { id, .. } => ids::user(id.as_str()),
            Who::Role { .. } | Who::Host { .. } => None,
        }
    }

    /// The name of the user who goes by this id. Where nobody does it is one that finds nobody: who may not ask must not
    /// learn whether there is such a user.
    ///
    /// # Errors
    /// 404 for what is no user's id.
    pub(crate) async fn user<T: Scalar>(&mut self, id: &str) -> Result<T, Error> {
        let is_nobody = id == ids::root(self.account()) || id == ids::domain(self.account());
        let name = if is_nobody {
            self.admitted.name_of_no_user()
        } else {
            let unique = ids::to_user(id).ok_or_else(|| Error::no_such("user", id))?;
            self.admitted.name_of_user(&unique).await?
        };
        named(&name)
    }

    /// Whom an operation is to be about that can be about the caller without a name: `None` for the root user who asks about
    /// itself, and where no id is given.
    ///
    /// # Errors
    /// 404 for what is no user's id.
    pub(crate) async fn owner<T: Scalar>(&mut self, id: Option<&str>) -> Result<Option<T>, Error> {
        match id {
            None => Ok(None),
            Some(id) if self.is_root() && id == ids::root(self.account()) => Ok(None),
            Some(id) => self.user(id).await.map(Some),
        }
    }

    /// The id of whoever of the account has this access key; that of nobody where nobody does.
    pub(crate) async fn owner_of_key(&mut self, key: &AccessKeyId) -> Result<String, Error> {
        let account = self.account();
        Ok(match self.admitted.owner_of_key(key).await? {
            Some(Who::User { id, .. }) => ids::user(id.as_str()).unwrap_or_default(),
            Some(Who::Root(account)) => ids::root(account),
            // Nobody is a user by the id of the account.
            _ => ids::domain(account),
        })
    }

    /// The name of the group that goes by this id, as of [`Asked::user`].
    ///
    /// # Errors
    /// 404 for what is no group's id.
    pub(crate) async fn group<T: Scalar>(&mut self, id: &str) -> Result<T, Error> {
        let unique = ids::to_group(id).ok_or_else(|| Error::no_such("group", id))?;
        named(&self.admitted.name_of_group(&unique).await?)
    }

    /// The name of the role that goes by this id, as of [`Asked::user`].
    ///
    /// # Errors
    /// 404 for what is no role's id.
    pub(crate) async fn agency<T: Scalar>(&mut self, id: &str) -> Result<T, Error> {
        let unique = ids::to_agency(id).ok_or_else(|| Error::no_such("agency", id))?;
        named(&self.admitted.name_of_role(&unique).await?)
    }

    /// The resource name of the managed policy that goes by this id, as of [`Asked::user`].
    ///
    /// # Errors
    /// 404 for what is no policy's id.
    pub(crate) async fn policy(&mut self, id: &str) -> Result<Arn, Error> {
        let unique = ids::to_policy(id).ok_or_else(|| Error::no_such("policy", id))?;
        Ok(self.admitted.arn_of_policy(&unique).await?)
    }

    /// The same request of the same caller, in a fresh view of the store.
    pub(crate) async fn again(&self) -> Result<Self, Error> {
        Ok(Self {
            iam: self.iam,
            admitted: self.iam.admit_again(&self.admitted, self.facts).await?,
            facts: self.facts,
            places: self.places.clone(),
            path: self.path,
            query: self.query,
            body: self.body,
            address: self.address,
            project: self.project,
        })
    }

    /// Runs an operation and keeps the request for another one. Each is authorized on its own.
    pub(crate) async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Fault> {
        let again = self.iam.admit_again(&self.admitted, self.facts).await?;
        self.iam.call(operation, again, self.facts).await
    }

    /// Runs operations as one and keeps the request for more.
    pub(crate) async fn run_together(&self, operations: &Together<'_>) -> Result<Answers, Fault> {
        let again = self.iam.admit_again(&self.admitted, self.facts).await?;
        self.iam.call_together(operations, again, self.facts).await
    }

    /// Runs the last operations of the request as one.
    pub(crate) async fn call_together(self, operations: &Together<'_>) -> Result<Answers, Fault> {
        self.iam
            .call_together(operations, self.admitted, self.facts)
            .await
    }

    /// Runs the last operation of the request.
    pub(crate) async fn call<O: Operation>(self, operation: &O) -> Result<O::Output, Fault> {
        self.iam.call(operation, self.admitted, self.facts).await
    }

    /// The address of what lies at this path.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The links of a list that is answered as a whole.
    pub(crate) fn links(&self) -> Value {
        json!({ "self": self.link(self.path), "previous": null, "next": null })
    }
}

/// A stored name as an operation takes it.
fn named<T: Scalar>(name: &str) -> Result<T, Error> {
    T::parse(name).map_err(|_| Fault::service("a stored name is none").into())
}
