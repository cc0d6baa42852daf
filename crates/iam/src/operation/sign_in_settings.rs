//! How people sign in to the console of an account, and of whom a second factor is demanded. Operations of this server's
//! own.

use claviger_model::Code;
use claviger_model::name::{ExistingUserName, GroupName};
use claviger_model::scalar::Bounded;
use claviger_shape::Shape;

use super::groups::check_on as check_on_group;
use super::users::check_on as check_on_user;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::account::SignInSettings;
use crate::entity::{Account, Group, User};
use crate::fault::Fault;
use crate::lookup;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<GetSignInSettings>(),
    entry::<UpdateSignInSettings>(),
    entry::<SetUserMFADemand>(),
    entry::<SetGroupMFADemand>(),
    entry::<GetMFADemand>(),
];

/// Tells how people sign in to the console of the account. An operation of this server's own.
#[derive(Shape)]
pub struct GetSignInSettings {}

/// The answer of [`GetSignInSettings`].
#[derive(Shape)]
pub struct GetSignInSettingsOutput {
    /// Whether everybody needs a second factor, root included.
    #[shape(name = "DemandMFA")]
    pub demand_mfa: bool,
    /// Whether a passkey that verifies its user will do without a password.
    pub allow_passkey_alone: bool,
    /// Seconds that a session lasts at the most.
    pub session_seconds: i32,
    /// Seconds that a session lasts unused.
    pub idle_seconds: i32,
}

impl Operation for GetSignInSettings {
    const SPEC: Spec = Spec::iam("GetSignInSettings", Access::Read);
    type Output = GetSignInSettingsOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let settings = lookup::account(cx).await?.sign_in;
        let seconds = |seconds: i64| i32::try_from(seconds).unwrap_or(i32::MAX);
        Ok(GetSignInSettingsOutput {
            demand_mfa: settings.demands_mfa,
            allow_passkey_alone: settings.passkey_alone,
            session_seconds: seconds(settings.session_seconds()),
            idle_seconds: seconds(settings.idle_seconds()),
        })
    }
}

/// Sets how people sign in to the console of the account. What is left out stays as it is. An operation of this server's
/// own.
#[derive(Shape)]
pub struct UpdateSignInSettings {
    /// Whether everybody needs a second factor, root included. Who has none can do nothing but assign one.
    #[shape(name = "DemandMFA")]
    pub demand_mfa: Option<bool>,
    /// Whether a passkey that verifies its user will do without a password.
    pub allow_passkey_alone: Option<bool>,
    /// Seconds that a session lasts at the most: 15 minutes to 12 hours. Sessions that are open keep their end.
    pub session_seconds: Option<Bounded<900, 43_200>>,
    /// Seconds that a session lasts unused: 5 minutes to 12 hours.
    pub idle_seconds: Option<Bounded<300, 43_200>>,
}

impl Operation for UpdateSignInSettings {
    const SPEC: Spec = Spec::iam("UpdateSignInSettings", Access::Write);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut account = Account::clone(&**lookup::account(cx).await?);
        let now = account.sign_in;
        let seconds = |given: i32| u32::try_from(given).ok();
        account.sign_in = SignInSettings {
            demands_mfa: self.demand_mfa.unwrap_or(now.demands_mfa),
            passkey_alone: self.allow_passkey_alone.unwrap_or(now.passkey_alone),
            session_seconds: self
                .session_seconds
                .map_or(now.session_seconds, |given| seconds(given.get())),
            idle_seconds: self
                .idle_seconds
                .map_or(now.idle_seconds, |given| seconds(given.get())),
        };
        cx.unit.put(account);
        Ok(Empty {})
    }
}

/// Says whether a user needs a second factor to sign in to the console, whatever account and groups say. An operation of
/// this server's own.
#[derive(Shape)]
pub struct SetUserMFADemand {
    /// The user.
    pub user_name: ExistingUserName,
    /// Whether one is needed.
    #[shape(name = "DemandMFA")]
    pub demand_mfa: bool,
}

impl Operation for SetUserMFADemand {
    const SPEC: Spec = Spec::iam("SetUserMFADemand", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_user(cx, self.user_name.as_str()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut user: User = User::clone(&**lookup::user(cx, self.user_name.as_str()).await?);
        user.demands_mfa = self.demand_mfa;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Says whether the members of a group need a second factor to sign in to the console. An operation of this server's own.
#[derive(Shape)]
pub struct SetGroupMFADemand {
    /// The group.
    pub group_name: GroupName,
    /// Whether one is needed.
    #[shape(name = "DemandMFA")]
    pub demand_mfa: bool,
}

impl Operation for SetGroupMFADemand {
    const SPEC: Spec = Spec::iam("SetGroupMFADemand", Access::Write)
        .on(&[ResourceType::Group])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_group(cx, self.group_name.as_str()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut group: Group = Group::clone(&**lookup::group(cx, self.group_name.as_str()).await?);
        group.demands_mfa = self.demand_mfa;
        cx.unit.put(group);
        Ok(Empty {})
    }
}

/// Tells whether a user needs a second factor to sign in to the console, and who says so. An operation of this server's own.
#[derive(Shape)]
pub struct GetMFADemand {
    /// The user.
    pub user_name: ExistingUserName,
}

/// The answer of [`GetMFADemand`].
#[derive(Shape)]
pub struct GetMFADemandOutput {
    /// Whether the account demands one of everybody.
    pub by_account: bool,
    /// Whether one is demanded of this user.
    pub by_user: bool,
    /// The groups of the user that demand one.
    pub by_groups: Vec<String>,
}

impl Operation for GetMFADemand {
    const SPEC: Spec = Spec::iam("GetMFADemand", Access::Read)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = GetMFADemandOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_user(cx, self.user_name.as_str()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let by_account = lookup::account(cx).await?.sign_in.demands_mfa;
        let scope = cx.scope();
        let mut by_groups = Vec::new();
        for membership in &user.groups {
            let group = cx
                .unit
                .get::<Group>(scope, membership.group.as_str())
                .await
                .map_err(Fault::unavailable)?;
            by_groups.extend(
                group
                    .filter(|group| group.demands_mfa)
                    .map(|group| group.name.as_str().to_owned()),
            );
        }
        Ok(GetMFADemandOutput {
            by_account,
            by_user: user.demands_mfa,
            by_groups,
        })
    }
}
