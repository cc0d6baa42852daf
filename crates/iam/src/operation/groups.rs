//! Groups and who is in them.

use claviger_model::name::{EntityPath, ExistingUserName, GroupName, PathPrefix};
use claviger_model::{Arn, Code, IdKind};
use claviger_shape::Shape;
use claviger_store::Depends;

use super::page::{PageEnd, Paged};
use super::shapes::{GroupShape, UserShape};
use super::users::{check_on as check_on_named_user, list_by_path};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::index::{GROUP_MEMBERS, GROUPS_BY_NAME, WHOLE};
use crate::entity::policies::{Attachments, InlinePolicies};
use crate::entity::{Group, User};
use crate::fault::Fault;
use crate::lookup;
use crate::spec::unraised::NO_QUOTA;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateGroup>(),
    entry::<GetGroup>(),
    entry::<ListGroups>(),
    entry::<ListGroupsForUser>(),
    entry::<UpdateGroup>(),
    entry::<DeleteGroup>(),
    entry::<AddUserToGroup>(),
    entry::<RemoveUserFromGroup>(),
];

/// The check on a group that may or may not be there.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn check_on(cx: &mut Cx<'_>, name: &str) -> Result<Check, Fault> {
    let account = cx.account();
    let arn = match lookup::find_group(cx, name).await? {
        Some(group) => group.arn(),
        None => Arn::group(account, "/", name),
    };
    // Shown as it was asked for: the stored case would tell that there is such a group.
    Ok(Check::on(account, &arn).shown(format!("group {name}")))
}

/// Creates a group.
#[derive(Shape)]
pub struct CreateGroup {
    /// Where the group is to lie; `/` when left out.
    pub path: Option<EntityPath>,
    /// The group's name, unique in the account without regard to case.
    pub group_name: GroupName,
}

/// The answer of [`CreateGroup`].
#[derive(Shape)]
pub struct CreateGroupOutput {
    /// The new group.
    pub group: GroupShape,
}

impl Operation for CreateGroup {
    const SPEC: Spec = Spec::iam("CreateGroup", Access::Write)
        .on(&[ResourceType::Group])
        .faults(&[
            Code::EntityAlreadyExists,
            Code::LimitExceeded,
            Code::ServiceFailure,
        ])
        .unraised(&[(
            Code::NoSuchEntity,
            "the request names nothing that must be there already",
        )]);
    type Output = CreateGroupOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let path = self.path.as_ref().map_or("/", EntityPath::as_str);
        let arn = Arn::group(cx.account(), path, self.group_name.as_str());
        Ok(Target::of(Check::on(cx.account(), &arn)))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        if lookup::find_group(cx, self.group_name.as_str())
            .await?
            .is_some()
        {
            return Err(Fault::exists(format!(
                "Group with name {} already exists.",
                self.group_name
            )));
        }
        let group = Group {
            account: cx.account(),
            id: cx.new_id(IdKind::Group),
            name: self.group_name.clone(),
            path: self.path.clone().unwrap_or_else(EntityPath::root),
            created: cx.now(),
            inline: InlinePolicies::default(),
            demands_mfa: false,
            attached: Attachments::default(),
        };
        let shape = GroupShape::from(&group);
        let scope = cx.scope();
        cx.unit.limit(
            scope,
            &GROUPS_BY_NAME,
            WHOLE,
            cx.iam().settings().quotas.groups,
        );
        cx.unit.put(group);
        Ok(CreateGroupOutput { group: shape })
    }
}

/// Tells about a group and lists the users in it.
#[derive(Shape)]
pub struct GetGroup {
    /// The group.
    pub group_name: GroupName,
    /// Which page of its users.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`GetGroup`].
#[derive(Shape)]
pub struct GetGroupOutput {
    /// The group.
    pub group: GroupShape,
    /// The users in it, by name without regard to case.
    pub users: Vec<UserShape>,
    /// Whether more users follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for GetGroup {
    const SPEC: Spec = Spec::iam("GetGroup", Access::Read)
        .on(&[ResourceType::Group])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = GetGroupOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.group_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let group = lookup::group(cx, self.group_name.as_str()).await?;
        let list = [b"members/", group.id.as_str().as_bytes()].concat();
        let after = self.page.after(cx, &list)?;
        let scope = cx.scope();
        let read = cx
            .unit
            .page::<User>(
                scope,
                &GROUP_MEMBERS,
                group.id.as_str().as_bytes(),
                b"",
                after.as_deref(),
                self.page.limit(),
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        let last = read.items.last().map(|(key, _)| key.clone());
        Ok(GetGroupOutput {
            group: GroupShape::from(&**group),
            users: read
                .items
                .iter()
                .map(|(_, user)| UserShape::listed(user))
                .collect(),
            end: PageEnd::new(cx, &list, read.more, last.as_deref()),
        })
    }
}

/// Lists the groups of the account, or those below a path.
#[derive(Shape)]
pub struct ListGroups {
    /// Only groups whose path begins with this; all when left out.
    pub path_prefix: Option<PathPrefix>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListGroups`].
#[derive(Shape)]
pub struct ListGroupsOutput {
    /// The groups, by name without regard to case.
    pub groups: Vec<GroupShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListGroups {
    const SPEC: Spec = Spec::iam("ListGroups", Access::List)
        .on(&[ResourceType::Group])
        .faults(&[Code::ServiceFailure]);
    type Output = ListGroupsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let prefix = self.path_prefix.as_ref().map_or("/", PathPrefix::as_str);
        Ok(Target::of(Check::on(
            cx.account(),
            &Arn::group(cx.account(), prefix, ""),
        )))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (groups, end) = list_by_path::<Group>(
            cx,
            &GROUPS_BY_NAME,
            self.path_prefix.as_ref(),
            &self.page,
            |group| group.path.as_str(),
        )
        .await?;
        Ok(ListGroupsOutput {
            groups: groups
                .iter()
                .map(|group| GroupShape::from(&***group))
                .collect(),
            end,
        })
    }
}

/// Lists the groups that a user is in.
#[derive(Shape)]
pub struct ListGroupsForUser {
    /// The user.
    pub user_name: ExistingUserName,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

impl Operation for ListGroupsForUser {
    const SPEC: Spec = Spec::iam("ListGroupsForUser", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = ListGroupsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_named_user(cx, self.user_name.as_str()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let scope = cx.scope();
        let mut groups = Vec::new();
        for membership in &user.groups {
            let group = cx
                .unit
                .get::<Group>(scope, membership.group.as_str())
                .await
                .map_err(Fault::unavailable)?;
            groups.extend(group.map(|group| GroupShape::from(&**group)));
        }
        let key = |group: &GroupShape| claviger_model::text::fold(&group.group_name).into_bytes();
        groups.sort_by_key(key);
        let list = [b"groups/", user.id.as_str().as_bytes()].concat();
        let (groups, end) = self.page.of_list(cx, &list, groups, key)?;
        Ok(ListGroupsOutput { groups, end })
    }
}

/// Renames a group or moves it to another path. Its id, members and policies stay.
#[derive(Shape)]
pub struct UpdateGroup {
    /// The group.
    pub group_name: GroupName,
    /// Where the group is to lie; as before when left out.
    pub new_path: Option<EntityPath>,
    /// What the group is to be called; as before when left out.
    pub new_group_name: Option<GroupName>,
}

impl Operation for UpdateGroup {
    const SPEC: Spec = Spec::iam("UpdateGroup", Access::Write)
        .on(&[ResourceType::Group])
        .faults(&[
            Code::EntityAlreadyExists,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let old = check_on(cx, self.group_name.as_str()).await?;
        let (path, name) = match lookup::find_group(cx, self.group_name.as_str()).await? {
            Some(group) => (
                group.path.as_str().to_owned(),
                group.name.as_str().to_owned(),
            ),
            None => (String::from("/"), self.group_name.as_str().to_owned()),
        };
        let path = self
            .new_path
            .as_ref()
            .map_or(path.as_str(), EntityPath::as_str);
        let name = self
            .new_group_name
            .as_ref()
            .map_or(name.as_str(), GroupName::as_str);
        let new = Check::on(cx.account(), &Arn::group(cx.account(), path, name));
        Ok(Target::of(old).and(new))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let group = lookup::group(cx, self.group_name.as_str()).await?;
        if let Some(new) = &self.new_group_name {
            let taken = lookup::find_group(cx, new.as_str()).await?;
            if taken.is_some_and(|other| other.id != group.id) {
                return Err(Fault::exists(format!(
                    "Group with name {new} already exists."
                )));
            }
        }
        let mut group: Group = Group::clone(&group);
        if let Some(name) = &self.new_group_name {
            group.name = name.clone();
        }
        if let Some(path) = &self.new_path {
            group.path = path.clone();
        }
        cx.unit.put(group);
        Ok(Empty {})
    }
}

/// Deletes a group that has neither members nor policies.
#[derive(Shape)]
pub struct DeleteGroup {
    /// The group.
    pub group_name: GroupName,
}

impl Operation for DeleteGroup {
    const SPEC: Spec = Spec::iam("DeleteGroup", Access::Write)
        .on(&[ResourceType::Group])
        .faults(&[
            Code::DeleteConflict,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.group_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let group = lookup::group(cx, self.group_name.as_str()).await?;
        let scope = cx.scope();
        // The count is expected at commit, so that a user who joins meanwhile makes this start over.
        let members = cx
            .unit
            .span(scope, &GROUP_MEMBERS, group.id.as_str().as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        group.check_deletable(members.count)?;
        cx.unit.delete::<Group>(scope, group.id.as_str());
        Ok(Empty {})
    }
}

/// Puts a user into a group. Doing it again changes nothing.
#[derive(Shape)]
pub struct AddUserToGroup {
    /// The group.
    pub group_name: GroupName,
    /// The user.
    pub user_name: ExistingUserName,
}

impl Operation for AddUserToGroup {
    const SPEC: Spec = Spec::iam("AddUserToGroup", Access::Write)
        .on(&[ResourceType::Group])
        .faults(&[
            Code::LimitExceeded,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.group_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let group = lookup::group(cx, self.group_name.as_str()).await?;
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let mut user: User = User::clone(&user);
        user.join(
            group.id.clone(),
            cx.now(),
            cx.iam().settings().quotas.groups_per_user,
        )?;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Takes a user out of a group.
#[derive(Shape)]
pub struct RemoveUserFromGroup {
    /// The group.
    pub group_name: GroupName,
    /// The user.
    pub user_name: ExistingUserName,
}

impl Operation for RemoveUserFromGroup {
    const SPEC: Spec = Spec::iam("RemoveUserFromGroup", Access::Write)
        .on(&[ResourceType::Group])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.group_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        // The user is looked for before the group (recorded from AWS, 2026).
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let group = lookup::group(cx, self.group_name.as_str()).await?;
        let mut user: User = User::clone(&user);
        if !user.leave(&group.id) {
            return Err(lookup::missing_user(self.user_name.as_str()));
        }
        cx.unit.put(user);
        Ok(Empty {})
    }
}
