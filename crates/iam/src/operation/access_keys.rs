//! Long-term access keys of users and of root: create, list, switch off and on, delete, and when they were last used; and by
//! operations of this server's own, rotation in stages, bounds, and how many there may be.

use claviger_model::name::ExistingUserName;
use claviger_model::{AccessKeyId, Code, Secret, Timestamp};
use claviger_shape::Shape;
use claviger_store::{Record, Scope};

use self::holder::Holder;
use super::page::{PageEnd, Paged};
use super::users::{check_on_owner, check_on_user};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::credential::{AccessKey, Status};
use crate::entity::index::ACCESS_KEYS;
use crate::entity::{Account, User};
use crate::fault::Fault;
use crate::spec::unraised::NO_QUOTA;
use crate::spec::{Access, ResourceType, Spec};

pub mod details;
mod holder;
mod rotation;
mod settings;

pub use details::{AccessKeyDetails, ListAccessKeyDetails, ListAccessKeyDetailsOutput};
pub use rotation::{
    RetiringAccessKey, RotateAccessKey, RotateAccessKeyOutput, UpdateAccessKeyBounds,
};
pub use settings::{GetAccessKeySettings, GetAccessKeySettingsOutput, PutAccessKeySettings};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateAccessKey>(),
    entry::<ListAccessKeys>(),
    entry::<UpdateAccessKey>(),
    entry::<DeleteAccessKey>(),
    entry::<GetAccessKeyLastUsed>(),
    entry::<RotateAccessKey>(),
    entry::<UpdateAccessKeyBounds>(),
    entry::<ListAccessKeyDetails>(),
    entry::<PutAccessKeySettings>(),
    entry::<GetAccessKeySettings>(),
];

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

impl AccessKeyShape {
    /// A new key, as its holder is told of it.
    fn of(holder: &Holder, key: &AccessKey, secret: Secret<String>) -> Self {
        Self {
            user_name: holder.name(),
            access_key_id: key.id.clone(),
            status: key.status,
            secret_access_key: secret,
            create_date: key.created,
        }
    }
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
        .on_own_credentials()
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
        let limit = holder.limit(cx).await?;
        holder.keys().check_room(limit)?;
        let (key, secret) = holder.draw(cx, None).await?;
        let access_key = AccessKeyShape::of(&holder, &key, secret);
        let mut keys = holder.keys().clone();
        keys.add(key, limit)?;
        holder.put(cx, keys);
        Ok(CreateAccessKeyOutput { access_key })
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
        let (keys, end) = holder.page(cx, &self.page, "access_keys")?;
        let access_key_metadata = keys
            .into_iter()
            .map(|key| AccessKeyMetadata {
                user_name: holder.name(),
                access_key_id: key.id.clone(),
                status: key.status_at(cx.now()),
                create_date: key.created,
            })
            .collect();
        Ok(ListAccessKeysOutput {
            access_key_metadata,
            end,
        })
    }
}

/// Switches an access key off or on. One that has expired stays as it is.
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
        .on_own_credentials()
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
        keys.set_status(&self.access_key_id, self.status, cx.now())?;
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
        .on_own_credentials()
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
        let mark = holder.mark_of_use(&self.access_key_id);
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
