//! Users: create, get, list, rename and move, delete.

use std::sync::Arc;

use claviger_model::name::{EntityPath, ExistingUserName, PathPrefix, UserName};
use claviger_model::{Arn, Code, IdKind, Scalar, Timestamp};
use claviger_shape::Shape;
use claviger_store::{Depends, Mark, MarkKey, Record, Stored};

use super::page::{PageEnd, Paged};
use super::shapes::{TagShape, UserShape, boundary_out, tags_if_any, tags_in};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::contact::Contacts;
use crate::entity::credential::AccessKeys;
use crate::entity::index::{USERS_BY_NAME, WHOLE};
use crate::entity::policies::{Attachments, InlinePolicies};
use crate::entity::service_credential::ServiceCredentials;
use crate::entity::signing_certificate::SigningCertificates;
use crate::entity::ssh_public_key::SshPublicKeys;
use crate::entity::{Account, EndedSessions, TagRules, Tags, User, UserAccess};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::unraised::{NO_QUOTA, SEEN_AT_ONCE};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateUser>(),
    entry::<GetUser>(),
    entry::<ListUsers>(),
    entry::<UpdateUser>(),
    entry::<DeleteUser>(),
];

/// The kind of mark that tells when a user last signed in with the password; its id is the user's.
pub const PASSWORD_USED: &str = "password_used";
/// The id of root's mark of this kind.
pub const ROOT_MARK: &str = "root";

/// The check on a user who may or may not be there. Without permission, one who is not there looks like one who is.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn check_on(cx: &mut Cx<'_>, name: &str) -> Result<Check, Fault> {
    let account = cx.account();
    Ok(match lookup::find_user(cx, name).await? {
        Some(user) => Check::on(user.account, &user.arn()).tagged(&user.tags),
        None => Check::on(account, &Arn::user(account, "/", name)),
    }
    // Shown as it was asked for: the stored case would tell that there is such a user.
    .shown(format!("user {name}")))
}

/// The check on a user who is there.
#[must_use]
pub fn check_on_user(user: &User) -> Check {
    Check::on(user.account, &user.arn())
        .shown(format!("user {}", user.name))
        .tagged(&user.tags)
}

/// The check on the user named, or on the caller where none is.
///
/// # Errors
/// `ValidationError` where no user is named and the caller is none.
pub async fn check_on_owner(
    cx: &mut Cx<'_>,
    name: Option<&ExistingUserName>,
) -> Result<Check, Fault> {
    let account = cx.account();
    if let Some(name) = name {
        return check_on(cx, name.as_str()).await;
    }
    Ok(match lookup::owner(cx, name).await? {
        Owner::User(user) => check_on_user(&user),
        Owner::Missing(name) => {
            Check::on(account, &Arn::user(account, "/", &name)).shown(format!("user {name}"))
        }
        Owner::Root(_) => Check::on(account, &Arn::root(account)),
    })
}

/// The user as `GetUser` shows it.
async fn shape_of(cx: &mut Cx<'_>, user: &Arc<Stored<User>>) -> Result<UserShape, Fault> {
    let scope = cx.scope();
    let mut shape = UserShape::listed(user);
    shape.permissions_boundary = boundary_out(&mut cx.unit, scope, user.boundary.as_ref()).await?;
    shape.tags = tags_if_any(&user.tags);
    shape.password_last_used = password_last_used(cx, user).await?;
    Ok(shape)
}

async fn password_last_used(cx: &Cx<'_>, user: &User) -> Result<Option<Timestamp>, Fault> {
    if user.login_profile.is_none() {
        return Ok(None);
    }
    let mark = cx.iam().store().mark(&password_used(user)).await;
    Ok(mark.map_err(Fault::unavailable)?.map(used_at))
}

fn password_used(user: &User) -> MarkKey {
    MarkKey::new(user.scope(), PASSWORD_USED, user.id.as_str())
}

fn used_at(mark: Mark) -> Timestamp {
    Timestamp::from_micros(mark.value)
}

/// Creates a user.
#[derive(Shape)]
pub struct CreateUser {
    /// Where the user is to lie; `/` when left out.
    pub path: Option<EntityPath>,
    /// The user's name, unique in the account without regard to case.
    pub user_name: UserName,
    /// The managed policy that is to be the user's permissions boundary.
    pub permissions_boundary: Option<Arn>,
    /// Up to fifty tags.
    #[shape(max = 50)]
    pub tags: Vec<TagShape>,
}

/// The answer of [`CreateUser`].
#[derive(Shape)]
pub struct CreateUserOutput {
    /// The new user.
    pub user: UserShape,
}

impl Operation for CreateUser {
    const SPEC: Spec = Spec::iam("CreateUser", Access::Write)
        .on(&[ResourceType::User])
        .keys(&[
            "iam:PermissionsBoundary",
            "aws:RequestTag/${TagKey}",
            "aws:TagKeys",
        ])
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::InvalidInput,
            Code::LimitExceeded,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ]);
    type Output = CreateUserOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let path = self.path.as_ref().map_or("/", EntityPath::as_str);
        let arn = Arn::user(cx.account(), path, self.user_name.as_str());
        let check = Check::on(cx.account(), &arn);
        let mut target = Target::of(check.clone());
        if !self.tags.is_empty() {
            target = target.and(check.also("iam:TagUser"));
        }
        target.parameters.tags = tags_in(&self.tags);
        if let Some(boundary) = &self.permissions_boundary {
            target = target.with("iam:permissionsboundary", Fact::text(boundary.as_str()));
        }
        Ok(target)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let scope = cx.scope();
        let tags = Tags::new(tags_in(&self.tags), TagRules::FoldCase)?;
        let boundary = match &self.permissions_boundary {
            Some(arn) => Some(super::permissions_boundaries::resolve(cx, arn).await?),
            None => None,
        };
        if lookup::find_user(cx, self.user_name.as_str())
            .await?
            .is_some()
        {
            return Err(Fault::exists(format!(
                "User with name {} already exists.",
                self.user_name
            )));
        }
        let user = User {
            account: cx.account(),
            id: cx.new_id(IdKind::User),
            name: self.user_name.clone(),
            path: self.path.clone().unwrap_or_else(EntityPath::root),
            created: cx.now(),
            tags,
            boundary,
            inline: InlinePolicies::default(),
            attached: Attachments::default(),
            groups: Vec::new(),
            login_profile: None,
            access_keys: AccessKeys::default(),
            signing_certificates: SigningCertificates::default(),
            ssh_public_keys: SshPublicKeys::default(),
            service_credentials: ServiceCredentials::default(),
            mfa_devices: Vec::new(),
            recovery_codes: None,
            contacts: Contacts::default(),
            access: UserAccess::default(),
            description: None,
            login_protection: None,
            password_link: None,
            security_epoch: 0,
            demands_mfa: false,
            key_epoch: 0,
            sign_in_epoch: 0,
            ended_sessions: EndedSessions::default(),
        };
        let mut shape = UserShape::listed(&user);
        shape.permissions_boundary =
            boundary_out(&mut cx.unit, scope, user.boundary.as_ref()).await?;
        shape.tags = tags_if_any(&user.tags);
        cx.unit.limit(
            scope,
            &USERS_BY_NAME,
            WHOLE,
            cx.iam().settings().quotas.users,
        );
        cx.unit.put(user);
        Ok(CreateUserOutput { user: shape })
    }
}

/// Tells about a user, or about the caller.
#[derive(Shape)]
pub struct GetUser {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`GetUser`].
#[derive(Shape)]
pub struct GetUserOutput {
    /// The user.
    pub user: UserShape,
}

impl Operation for GetUser {
    const SPEC: Spec = Spec::iam("GetUser", Access::Read)
        .for_enrolment()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = GetUserOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = match lookup::owner(cx, self.user_name.as_ref()).await? {
            Owner::User(user) => shape_of(cx, &user).await?,
            Owner::Missing(name) => return Err(lookup::missing_user(&name)),
            Owner::Root(account) => root_shape(&account),
        };
        Ok(GetUserOutput { user })
    }
}

/// The root user, who has neither name nor unique id.
pub(super) fn root_shape(account: &Account) -> UserShape {
    UserShape {
        path: EntityPath::root(),
        user_name: None,
        user_id: account.id.to_string(),
        arn: Arn::root(account.id),
        create_date: account.created,
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

/// Lists the users of the account, or those below a path.
#[derive(Shape)]
pub struct ListUsers {
    /// Only users whose path begins with this; all when left out.
    pub path_prefix: Option<PathPrefix>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListUsers`].
#[derive(Shape)]
pub struct ListUsersOutput {
    /// The users, by name without regard to case. Boundary and tags are left out: [`GetUser`] tells them.
    pub users: Vec<UserShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

/// Records looked at for one page of a list that is filtered by path: a filter that nothing passes must not read the
/// whole account at once.
pub(super) const SCAN: usize = 2_000;

impl Operation for ListUsers {
    const SPEC: Spec = Spec::iam("ListUsers", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::ServiceFailure]);
    type Output = ListUsersOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let prefix = self.path_prefix.as_ref().map_or("/", PathPrefix::as_str);
        Ok(Target::of(Check::on(
            cx.account(),
            &Arn::user(cx.account(), prefix, ""),
        )))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (users, end) = list_by_path::<User>(
            cx,
            &USERS_BY_NAME,
            self.path_prefix.as_ref(),
            &self.page,
            |user| user.path.as_str(),
        )
        .await?;
        let with_password: Vec<MarkKey> = users
            .iter()
            .filter(|user| user.login_profile.is_some())
            .map(|user| password_used(user))
            .collect();
        let marks = cx.iam().store().marks_of(&with_password).await;
        let mut marks = marks.map_err(Fault::unavailable)?.into_iter();
        let users = users
            .iter()
            .map(|user| {
                let mut shape = UserShape::listed(user);
                if user.login_profile.is_some() {
                    shape.password_last_used = marks.next().flatten().map(used_at);
                }
                shape
            })
            .collect();
        Ok(ListUsersOutput { users, end })
    }
}

/// A page of the entities of one kind, in the order of their names, filtered by path.
///
/// # Errors
/// `ValidationError` for a marker of another list; `ServiceUnavailable`.
pub(super) async fn list_by_path<R: Record>(
    cx: &mut Cx<'_>,
    index: &'static claviger_store::Index,
    prefix: Option<&PathPrefix>,
    page: &Paged,
    path: impl Fn(&R) -> &str,
) -> Result<(Vec<Arc<Stored<R>>>, PageEnd), Fault> {
    let scope = cx.scope();
    let list = index.name.as_bytes();
    let prefix = prefix.map_or("/", PathPrefix::as_str);
    let mut after = page.after(cx, list)?;
    let mut found = Vec::new();
    let mut scanned = 0;
    loop {
        let read = cx
            .unit
            .page::<R>(
                scope,
                index,
                WHOLE,
                b"",
                after.as_deref(),
                page.limit(),
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        let more_in_store = read.more;
        scanned += read.items.len();
        for (key, record) in read.items {
            if found.len() == page.limit() {
                // One more is there that would have been shown.
                return Ok((found, PageEnd::new(cx, list, true, after.as_deref())));
            }
            if path(&record).starts_with(prefix) {
                found.push(record);
            }
            after = Some(key);
        }
        if !more_in_store {
            return Ok((found, PageEnd::new(cx, list, false, None)));
        }
        if found.len() == page.limit() || scanned >= SCAN {
            return Ok((found, PageEnd::new(cx, list, true, after.as_deref())));
        }
    }
}

/// Renames a user or moves it to another path. Its id, credentials, groups and policies stay.
#[derive(Shape)]
pub struct UpdateUser {
    /// The user.
    pub user_name: ExistingUserName,
    /// Where the user is to lie; as before when left out.
    pub new_path: Option<EntityPath>,
    /// What the user is to be called; as before when left out.
    pub new_user_name: Option<UserName>,
}

impl Operation for UpdateUser {
    const SPEC: Spec = Spec::iam("UpdateUser", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA, SEEN_AT_ONCE]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let old = check_on(cx, self.user_name.as_str()).await?;
        let (path, name) = match lookup::find_user(cx, self.user_name.as_str()).await? {
            Some(user) => (user.path.as_str().to_owned(), user.name.as_str().to_owned()),
            None => (String::from("/"), self.user_name.as_str().to_owned()),
        };
        let path = self
            .new_path
            .as_ref()
            .map_or(path.as_str(), EntityPath::as_str);
        let name = self
            .new_user_name
            .as_ref()
            .map_or(name.as_str(), UserName::as_str);
        let mut new = Check::on(cx.account(), &Arn::user(cx.account(), path, name));
        new.tags.clone_from(&old.tags);
        Ok(Target::of(old).and(new))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        if let Some(new) = &self.new_user_name {
            // The user's own name in another case is not taken.
            let taken = lookup::find_user(cx, new.as_str()).await?;
            if taken.is_some_and(|other| other.id != user.id) {
                return Err(Fault::exists(format!(
                    "User with name {new} already exists."
                )));
            }
        }
        let mut user: User = User::clone(&user);
        if let Some(name) = &self.new_user_name {
            user.name = name.clone();
        }
        if let Some(path) = &self.new_path {
            user.path = path.clone();
        }
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Deletes a user on whom nothing hangs any more.
#[derive(Shape)]
pub struct DeleteUser {
    /// The user.
    pub user_name: ExistingUserName,
}

impl Operation for DeleteUser {
    const SPEC: Spec = Spec::iam("DeleteUser", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::ConcurrentModification,
            Code::DeleteConflict,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        user.check_deletable()?;
        let scope = cx.scope();
        cx.unit.delete::<User>(scope, user.id.as_str());
        // The secrets of a deleted user are unreadable from now on, in history too.
        cx.unit.drop_key(scope, User::KIND, user.id.as_str());
        Ok(Empty {})
    }
}

/// A name that was validated when it was stored.
pub(super) fn stored_name<T: Scalar>(text: &str) -> Result<T, Fault> {
    T::parse(text).map_err(|_| Fault::service(format!("a stored name is invalid: {text}")))
}
