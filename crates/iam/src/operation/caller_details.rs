//! Who the caller is, with what the doors of other clients show beside a resource name. An operation of this server's own.

use claviger_model::{AccountId, Arn, Timestamp};
use claviger_shape::Shape;

use super::{Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::lookup;
use crate::password::state;
use crate::principal::Being;
use crate::spec::{Access, Grant, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<GetCallerDetails>()];

/// Tells who the caller is: what `GetCallerIdentity` tells, the account's name, the caller's name, and until when the
/// password is good. No permission is needed. An operation of this server's own.
#[derive(Shape)]
pub struct GetCallerDetails {}

/// The answer of [`GetCallerDetails`].
#[derive(Shape)]
pub struct GetCallerDetailsOutput {
    /// `AIDA…` for a user, `AROA…:session` for a session of a role, the account's number for root.
    pub user_id: String,
    /// The caller's account.
    pub account: AccountId,
    /// What people call the account: its alias, or its number while it has none.
    pub account_name: String,
    /// The caller's resource name.
    pub arn: Arn,
    /// The name of the user, or of the role whose session it is; root has none.
    pub name: Option<String>,
    /// When the user's password expires, where it does.
    pub password_expiration: Option<Timestamp>,
}

impl Operation for GetCallerDetails {
    const SPEC: Spec = Spec::iam("GetCallerDetails", Access::Read).grant(Grant::Everyone);
    type Output = GetCallerDetailsOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let principal = cx.principal().await?;
        let account = lookup::account(cx).await?;
        let (name, password_expiration) = match &principal.being {
            Being::User(user) => (
                Some(user.name.as_str().to_owned()),
                user.login_profile
                    .as_ref()
                    .and_then(|profile| state::expires(profile, account.password_policy.as_ref())),
            ),
            Being::Role(role) => (Some(role.name.as_str().to_owned()), None),
            Being::Root(_) | Being::Host(_) => (None, None),
        };
        Ok(GetCallerDetailsOutput {
            user_id: principal.user_id.clone(),
            account: principal.account,
            account_name: account.called(),
            arn: principal.arn.clone(),
            name,
            password_expiration,
        })
    }
}
