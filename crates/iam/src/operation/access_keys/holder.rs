//! Who has access keys: a user or root.

use std::sync::Arc;

use claviger_model::name::ExistingUserName;
use claviger_model::{AccessKeyId, Secret, access_key_id};
use claviger_store::{MarkKey, Record, Scope, Stored};

use crate::authenticate::{ACCESS_KEY_USED, secret_field, used_key};
use crate::caller::Who;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::credential::{AccessKey, AccessKeys, Status};
use crate::entity::{Account, KeyBounds, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::operation::page::{PageEnd, Paged};

/// Who has the keys that a request is about.
pub(super) enum Holder {
    User(Arc<Stored<User>>),
    Root(Arc<Stored<Account>>),
}

impl Holder {
    /// The user named, or the caller where none is.
    pub(super) async fn find(
        cx: &mut Cx<'_>,
        name: Option<&ExistingUserName>,
    ) -> Result<Self, Fault> {
        match lookup::owner(cx, name).await? {
            Owner::User(user) => Ok(Self::User(user)),
            Owner::Root(account) => Ok(Self::Root(account)),
            Owner::Missing(name) => Err(lookup::missing_user(&name)),
        }
    }

    pub(super) fn keys(&self) -> &AccessKeys {
        match self {
            Self::User(user) => &user.access_keys,
            Self::Root(account) => &account.root.access_keys,
        }
    }

    /// Whether this is who has the keys.
    pub(super) fn is(&self, who: &Who) -> bool {
        match (self, who) {
            (Self::User(user), Who::User { id, .. }) => *id == user.id,
            (Self::Root(account), Who::Root(id)) => *id == account.id,
            _ => false,
        }
    }

    /// Root has no name.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::User(user) => Some(user.name.as_str().to_owned()),
            Self::Root(_) => None,
        }
    }

    /// How many keys there may be. INVARIANT: the account's record says it, and is read in the unit that adds a key, so that
    /// a change of it and a new key do not pass each other.
    pub(super) async fn limit(&self, cx: &mut Cx<'_>) -> Result<u64, Fault> {
        let account = lookup::account(cx).await?;
        Ok(account.access_keys_per_user(&cx.iam().settings().quotas))
    }

    /// Whose data key the secrets are sealed under.
    fn sealed_under(&self) -> (&'static str, &str) {
        match self {
            Self::User(user) => (User::KIND, user.id.as_str()),
            Self::Root(_) => (Account::KIND, ACCOUNT_RECORD),
        }
    }

    /// Draws a key with its secret. It is the holder's once it is among the keys that are put.
    pub(super) async fn draw(
        &self,
        cx: &mut Cx<'_>,
        bounds: Option<Arc<KeyBounds>>,
    ) -> Result<(AccessKey, Secret<String>), Fault> {
        let id = AccessKeyId::generate(cx.account(), cx.rng());
        let secret = access_key_id::generate_secret(cx.rng());
        let scope = cx.scope();
        let (kind, record) = self.sealed_under();
        let sealed = cx
            .unit
            .seal(
                scope,
                kind,
                record,
                &secret_field(id.as_str()),
                secret.expose().as_bytes(),
            )
            .await
            .map_err(Fault::unavailable)?;
        let key = AccessKey {
            id,
            status: Status::Active,
            created: cx.now(),
            secret: sealed,
            bounds,
        };
        Ok((key, secret))
    }

    /// Writes the keys back: the whole record, so that its revision holds the limit under races.
    ///
    /// SECURITY: the sessions of a key with bounds end with it. The key gone, nobody could tell that its time was over or
    /// where its requests may come from, and they would be free of both.
    pub(super) fn put(&self, cx: &mut Cx<'_>, keys: AccessKeys) {
        let ends_sessions = self
            .keys()
            .iter()
            .any(|key| key.bounds.is_some() && keys.get(key.id.as_str()).is_none());
        let raise = u64::from(ends_sessions);
        match self {
            Self::User(user) => {
                let mut user: User = User::clone(user);
                user.access_keys = keys;
                user.key_epoch += raise;
                cx.unit.put(user);
            }
            Self::Root(account) => {
                let mut account: Account = Account::clone(account);
                account.root.access_keys = keys;
                account.root.key_epoch += raise;
                cx.unit.put(account);
            }
        }
    }

    /// A page of the keys, oldest first. `list` says which list it is of.
    pub(super) fn page(
        &self,
        cx: &Cx<'_>,
        page: &Paged,
        list: &str,
    ) -> Result<(Vec<&AccessKey>, PageEnd), Fault> {
        let order = |key: &&AccessKey| {
            let mut order = key.created.micros().to_be_bytes().to_vec();
            order.extend_from_slice(key.id.as_str().as_bytes());
            order
        };
        let mut keys: Vec<&AccessKey> = self.keys().iter().collect();
        keys.sort_by_key(order);
        let list = [list, "/", self.sealed_under().1].concat();
        page.of_list(cx, list.as_bytes(), keys, order)
    }

    /// The mark that tells when a key was last used.
    pub(super) fn mark_of_use(&self, key: &AccessKeyId) -> MarkKey {
        let (account, who) = match self {
            Self::User(user) => (
                user.account,
                Who::User {
                    account: user.account,
                    id: user.id.clone(),
                },
            ),
            Self::Root(account) => (account.id, Who::Root(account.id)),
        };
        MarkKey::new(
            Scope::Account(account),
            ACCESS_KEY_USED,
            used_key(&who, key.as_str()),
        )
    }
}
