//! Which ways in are open to a user, and what is said of the user. AWS has none of this; these are operations of this
//! server's own.

use claviger_model::Code;
use claviger_model::name::ExistingUserName;
use claviger_shape::Shape;

use super::console_sessions::end_all;
use super::users::check_on;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::user_access::{AccessMode, UserDescription};
use crate::entity::{User, UserAccess};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<GetUserAccess>(),
    entry::<SetUserAccess>(),
    entry::<SetUserDescription>(),
];

/// Whoever may not change a user by AWS's action may not by these: they change what the other door's update of a user does.
const ALSO: &str = "iam:UpdateUser";

async fn target_of(cx: &mut Cx<'_>, name: &ExistingUserName) -> Result<Target, Fault> {
    let check = check_on(cx, name.as_str()).await?;
    Ok(Target::of(check.clone()).and(check.also(ALSO)))
}

/// Tells which ways in are open to a user, and what is said of the user. An operation of this server's own, allowed by
/// `iam:GetUser`.
#[derive(Shape)]
pub struct GetUserAccess {
    /// The user.
    pub user_name: ExistingUserName,
}

/// The answer of [`GetUserAccess`].
#[derive(Shape)]
pub struct GetUserAccessOutput {
    /// Whether any way in is open.
    pub enabled: bool,
    /// Which ways are open while one is.
    pub access_mode: AccessMode,
    /// What is said of the user; left out where nothing is.
    pub description: Option<UserDescription>,
}

impl Operation for GetUserAccess {
    const SPEC: Spec = Spec::iam("GetUserAccess", Access::Read)
        .governed_by("GetUser")
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = GetUserAccessOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        Ok(GetUserAccessOutput {
            enabled: user.access.enabled,
            access_mode: user.access.mode,
            description: user.description.clone(),
        })
    }
}

/// Opens and closes the ways in to a user: whether the user is enabled at all, and by which ways the user may come in then.
/// What is left out stays as it is. It takes effect on the user's next request, whichever way that comes. Disabling ends
/// every session that the user has, and closing the console those at the console; opening them again brings none back.
/// Sessions of roles that the user has assumed are the roles' own and go on. Nobody does this to oneself. An operation of
/// this server's own, for which `iam:UpdateUser` is needed too.
#[derive(Shape)]
pub struct SetUserAccess {
    /// The user.
    pub user_name: ExistingUserName,
    /// Whether any way in is to be open.
    pub enabled: Option<bool>,
    /// Which ways are to be open while one is.
    pub access_mode: Option<AccessMode>,
}

impl Operation for SetUserAccess {
    const SPEC: Spec = Spec::iam("SetUserAccess", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_of(cx, &self.user_name).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let found = lookup::user(cx, self.user_name.as_str()).await?;
        let own = cx.principal().await?;
        if own.user().is_some_and(|own| own.id == found.id) {
            return Err(Fault::denied(
                "Nobody opens or closes the own ways in. Have somebody else do it.",
            ));
        }
        let (before, mut user) = (found.access, User::clone(&found));
        user.access = UserAccess {
            enabled: self.enabled.unwrap_or(before.enabled),
            mode: self.access_mode.unwrap_or(before.mode),
        };
        if before.enabled && !user.access.enabled {
            user.security_epoch += 1;
        }
        if before.shut_at_console().is_none() && user.access.shut_at_console().is_some() {
            end_all(cx, &Owner::User(found)).await?;
            user.sign_in_epoch += 1;
        }
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Sets what is said of a user. An operation of this server's own, for which `iam:UpdateUser` is needed too.
#[derive(Shape)]
pub struct SetUserDescription {
    /// The user.
    pub user_name: ExistingUserName,
    /// What is to be said; nothing where it is empty.
    pub description: UserDescription,
}

impl Operation for SetUserDescription {
    const SPEC: Spec = Spec::iam("SetUserDescription", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_of(cx, &self.user_name).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut user = User::clone(&**lookup::user(cx, self.user_name.as_str()).await?);
        let said = !self.description.as_str().is_empty();
        user.description = said.then(|| self.description.clone());
        cx.unit.put(user);
        Ok(Empty {})
    }
}
