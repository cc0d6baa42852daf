//! Long-term access keys of users and of root: create, list, switch off and on, delete, and when they were last used.

use std::sync::Arc;

use claviger_model::name::ExistingUserName;
use claviger_model::{AccessKeyId, Code, Secret, Timestamp, access_key_id};
use claviger_shape::Shape;
use claviger_store::{MarkKey, Record, Scope, Stored};

use super::page::{PageEnd, Paged};
use super::users::{check_on_owner, check_on_user};
use super::{Empty, Entry, Operation, entry};
use crate::authenticate::{ACCESS_KEY_USED, secret_field, used_key};
use crate::authorize::{Check, Target};
use crate::caller::Who;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::credential::{AccessKey, AccessKeys, Status};
use crate::entity::index::ACCESS_KEYS;
use crate::entity::{Account, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::unraised::NO_QUOTA;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateAccessKey>(),
    entry::<ListAccessKeys>(),
    entry::<UpdateAccessKey>(),
    entry::<DeleteAccessKey>(),
    entry::<GetAccessKeyLastUsed>(),
];

/// Who has the keys that a request is about: a user or root.
enum Holder {
    User(Arc<Stored<User>>),
    Root(Arc<Stored<Account>>),
}

impl Holder {
    /// The user named, or the caller where none is.
    async fn find(cx: &mut Cx<'_>, name: Option<&ExistingUserName>) -> Result<Self, Fault> {
        match lookup::owner(cx, name).await? {
            Owner::User(user) => Ok(Self::User(user)),
            Owner::Root(account) => Ok(Self::Root(account)),
            Owner::Missing(name) => Err(lookup::missing_user(&name)),
        }
    }

    fn keys(&self) -> &AccessKeys {
        match self {
            Self::User(user) => &user.access_keys,
            Self::Root(account) => &account.root.access_keys,
        }
    }

    /// Root has no name.
    fn name(&self) -> Option<String> {
        match self {
            Self::User(user) => Some(user.name.as_str().to_owned()),
            Self::Root(_) => None,
        }
    }

    /// Whose data key the secrets are sealed under.
    fn sealed_under(&self) -> (&'static str, &str) {
        match self {
            Self::User(user) => (User::KIND, user.id.as_str()),
            Self::Root(_) => (Account::KIND, ACCOUNT_RECORD),
        }
    }

    /// Writes the keys back: the whole record, so that its revision holds the limit under races.
    fn put(&self, cx: &mut Cx<'_>, keys: AccessKeys) {
        match self {
            Self::User(user) => {
                let mut user: User = User::clone(user);
                user.access_keys = keys;
                cx.unit.put(user);
            }
            Self::Root(account) => {
                let mut account: Account = Account::clone(account);
                account.root.access_keys = keys;
                cx.unit.put(account);
            }
        }
    }
}

/// An access key with its secret.
#[derive(Shape)]
#[shape(name = "AccessKey")]
pub struct AccessKeyShape {
    /// The user it belongs to; root has no name.
    pub user_name: Option<String>,
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// `Active`.
    pub status: Status,
    /// The secret. This is the only time it is told.
    pub secret_access_key: Secret<String>,
    /// When the key was made.
    pub create_date: Timestamp,
}

/// An access key without its secret.
#[derive(Shape)]
pub struct AccessKeyMetadata {
    /// The user it belongs to; root has no name.
    pub user_name: Option<String>,
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// Whether requests signed with it are accepted.
    pub status: Status,
    /// When the key was made.
    pub create_date: Timestamp,
}

/// Creates an access key for a user, or for the caller.
#[derive(Shape)]
pub struct CreateAccessKey {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`CreateAccessKey`].
#[derive(Shape)]
pub struct CreateAccessKeyOutput {
    /// The new key with its secret.
    pub access_key: AccessKeyShape,
}

impl Operation for CreateAccessKey {
    const SPEC: Spec = Spec::iam("CreateAccessKey", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[
            Code::LimitExceeded,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ]);
    type Output = CreateAccessKeyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let holder = Holder::find(cx, self.user_name.as_ref()).await?;
        let limit = cx.iam().settings().quotas.access_keys_per_user;
        holder.keys().check_room(limit)?;
        let id = AccessKeyId::generate(cx.account(), cx.rng());
        let secret = access_key_id::generate_secret(cx.rng());
        let scope = cx.scope();
        let (kind, record) = holder.sealed_under();
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
        let mut keys = holder.keys().clone();
        keys.add(
            AccessKey {
                id: id.clone(),
                status: Status::Active,
                created: cx.now(),
                secret: sealed,
            },
            limit,
        )?;
        holder.put(cx, keys);
        Ok(CreateAccessKeyOutput {
            access_key: AccessKeyShape {
                user_name: holder.name(),
                access_key_id: id,
                status: Status::Active,
                secret_access_key: secret,
                create_date: cx.now(),
            },
        })
    }
}

/// Lists the access keys of a user, or of the caller, without their secrets.
#[derive(Shape)]
pub struct ListAccessKeys {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListAccessKeys`].
#[derive(Shape)]
pub struct ListAccessKeysOutput {
    /// The keys, oldest first.
    pub access_key_metadata: Vec<AccessKeyMetadata>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListAccessKeys {
    const SPEC: Spec = Spec::iam("ListAccessKeys", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = ListAccessKeysOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let holder = Holder::find(cx, self.user_name.as_ref()).await?;
        let name = holder.name();
        let mut keys: Vec<AccessKeyMetadata> = holder
            .keys()
            .iter()
            .map(|key| AccessKeyMetadata {
                user_name: name.clone(),
                access_key_id: key.id.clone(),
                status: key.status,
                create_date: key.created,
            })
            .collect();
        let order = |key: &AccessKeyMetadata| {
            let mut order = key.create_date.micros().to_be_bytes().to_vec();
            order.extend_from_slice(key.access_key_id.as_str().as_bytes());
            order
        };
        keys.sort_by_key(order);
        let list = [b"access_keys/", holder.sealed_under().1.as_bytes()].concat();
        let (access_key_metadata, end) = self.page.of_list(cx, &list, keys, order)?;
        Ok(ListAccessKeysOutput {
            access_key_metadata,
            end,
        })
    }
}

/// Switches an access key off or on.
#[derive(Shape)]
pub struct UpdateAccessKey {
    /// The user whose key it is; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The key.
    pub access_key_id: AccessKeyId,
    /// `Active` or `Inactive`.
    pub status: Status,
}

impl Operation for UpdateAccessKey {
    const SPEC: Spec = Spec::iam("UpdateAccessKey", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        if self.status == Status::Expired {
            return Err(Fault::new(
                Code::InvalidInput,
                "The status of an access key can be set to Active or Inactive.",
            ));
        }
        let holder = Holder::find(cx, self.user_name.as_ref()).await?;
        let mut keys = holder.keys().clone();
        keys.set_status(&self.access_key_id, self.status)?;
        holder.put(cx, keys);
        Ok(Empty {})
    }
}

/// Deletes an access key.
#[derive(Shape)]
pub struct DeleteAccessKey {
    /// The user whose key it is; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The key.
    pub access_key_id: AccessKeyId,
}

impl Operation for DeleteAccessKey {
    const SPEC: Spec = Spec::iam("DeleteAccessKey", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let holder = Holder::find(cx, self.user_name.as_ref()).await?;
        let mut keys = holder.keys().clone();
        keys.remove(&self.access_key_id)?;
        holder.put(cx, keys);
        Ok(Empty {})
    }
}

/// Tells when an access key was last used, for which service and in which region. Every request with a right signature
/// counts, also one that is denied.
#[derive(Shape)]
pub struct GetAccessKeyLastUsed {
    /// The key.
    pub access_key_id: AccessKeyId,
}

/// When and for what an access key was last used.
#[derive(Shape)]
pub struct AccessKeyLastUsed {
    /// When; left out where the key was never used.
    pub last_used_date: Option<Timestamp>,
    /// The service, such as `iam`; `N/A` where the key was never used.
    pub service_name: String,
    /// The region that the request was signed for; `N/A` where the key was never used.
    pub region: String,
}

/// The answer of [`GetAccessKeyLastUsed`].
#[derive(Shape)]
pub struct GetAccessKeyLastUsedOutput {
    /// The user whose key it is; root has no name.
    pub user_name: Option<String>,
    /// The last use.
    pub access_key_last_used: AccessKeyLastUsed,
}

impl AccessKeyLastUsed {
    /// What the mark tells: its detail is the region and the service, with a space between.
    fn of(mark: Option<&claviger_store::Mark>) -> Self {
        let never = || String::from("N/A");
        let Some(mark) = mark else {
            return Self {
                last_used_date: None,
                service_name: never(),
                region: never(),
            };
        };
        let known = |text: &str| {
            if text.is_empty() {
                never()
            } else {
                text.to_owned()
            }
        };
        let (region, service) = mark.detail.split_once(' ').unwrap_or(("", ""));
        Self {
            last_used_date: Some(Timestamp::from_micros(mark.value)),
            service_name: known(service),
            region: known(region),
        }
    }
}

impl GetAccessKeyLastUsed {
    /// Who has the key, where that is somebody of the caller's account.
    async fn holder(&self, cx: &mut Cx<'_>) -> Result<Option<Holder>, Fault> {
        let scope = cx.scope();
        let id = self.access_key_id.as_str();
        let target = cx
            .unit
            .target(Scope::Global, &ACCESS_KEYS, id.as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        let Some(target) = target.filter(|target| target.scope == scope) else {
            return Ok(None);
        };
        let holder = if target.kind == User::KIND {
            let user = cx
                .unit
                .get::<User>(scope, &target.id)
                .await
                .map_err(Fault::unavailable)?;
            user.map(Holder::User)
        } else if target.kind == Account::KIND {
            let account = cx
                .unit
                .get::<Account>(scope, ACCOUNT_RECORD)
                .await
                .map_err(Fault::unavailable)?;
            account.map(Holder::Root)
        } else {
            None
        };
        Ok(holder.filter(|holder| holder.keys().get(id).is_some()))
    }

    /// What is said of a key that is unknown, of another account, or not for the caller to ask about: which of these it
    /// is must not show (recorded from AWS, 2026).
    async fn refusal(&self, cx: &mut Cx<'_>) -> Result<String, Fault> {
        let caller = cx.principal().await?;
        Ok(format!(
            "User: {} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {}",
            caller.arn, self.access_key_id
        ))
    }
}

impl Operation for GetAccessKeyLastUsed {
    const SPEC: Spec = Spec::iam("GetAccessKeyLastUsed", Access::Read)
        .on(&[ResourceType::User])
        .faults(&[]);
    type Output = GetAccessKeyLastUsedOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let refusal = self.refusal(cx).await?;
        let mut check = match self.holder(cx).await? {
            Some(Holder::User(user)) => check_on_user(&user),
            Some(Holder::Root(account)) => {
                Check::on(account.id, &claviger_model::Arn::root(account.id))
            }
            None => return Err(Fault::denied(refusal)),
        };
        check.refusal = Some(refusal);
        Ok(Target::of(check))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let Some(holder) = self.holder(cx).await? else {
            return Err(Fault::denied(self.refusal(cx).await?));
        };
        let who = match &holder {
            Holder::User(user) => Who::User {
                account: user.account,
                id: user.id.clone(),
            },
            Holder::Root(account) => Who::Root(account.id),
        };
        let mark = MarkKey::new(
            cx.scope(),
            ACCESS_KEY_USED,
            used_key(&who, self.access_key_id.as_str()),
        );
        let mark = cx
            .iam()
            .store()
            .mark(&mark)
            .await
            .map_err(Fault::unavailable)?;
        Ok(GetAccessKeyLastUsedOutput {
            user_name: holder.name(),
            access_key_last_used: AccessKeyLastUsed::of(mark.as_ref()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_never_used_says_so() {
        let used = AccessKeyLastUsed::of(None);
        assert_eq!(used.last_used_date, None);
        assert_eq!(
            (used.service_name.as_str(), used.region.as_str()),
            ("N/A", "N/A")
        );
    }

    #[test]
    fn the_last_use_names_service_and_region() {
        let used = AccessKeyLastUsed::of(Some(&claviger_store::Mark {
            value: 1_700_000_000_000_000,
            detail: String::from("us-east-1 iam"),
        }));
        assert_eq!(
            used.last_used_date,
            Some(Timestamp::from_seconds(1_700_000_000))
        );
        assert_eq!(
            (used.service_name.as_str(), used.region.as_str()),
            ("iam", "us-east-1")
        );
    }

    #[test]
    fn the_secret_of_a_new_key_is_hidden_in_audit_events() {
        let output = CreateAccessKey::SPEC;
        assert_eq!(output.name, "CreateAccessKey");
        let field = AccessKeyShape::FIELDS
            .iter()
            .find(|field| field.name.wire == "SecretAccessKey")
            .expect("the field");
        assert!(field.secret());
    }
}
