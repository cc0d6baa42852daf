//! How many access keys there may be: operations of this server's own.

use claviger_model::scalar::Bounded;
use claviger_shape::Shape;

use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::Account;
use crate::entity::account::AccessKeySettings;
use crate::fault::Fault;
use crate::lookup;
use crate::operation::{Empty, Operation};
use crate::spec::{Access, Spec};

/// Sets how many access keys each user of the account, and its root user, may have. Where fewer are set than somebody has,
/// those stay and none can be made. An operation of this server's own.
#[derive(Shape)]
pub struct PutAccessKeySettings {
    /// How many, 2 to 5. AWS's limit, and the one of an account that sets none, is 2.
    pub max_access_keys_per_user: Bounded<2, 5>,
}

impl Operation for PutAccessKeySettings {
    const SPEC: Spec = Spec::iam("PutAccessKeySettings", Access::Write);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut account = Account::clone(&**lookup::account(cx).await?);
        let max = self.max_access_keys_per_user.get();
        account.access_key_settings = Some(AccessKeySettings {
            max_per_user: u64::try_from(max).map_err(Fault::service)?,
        });
        cx.unit.put(account);
        Ok(Empty {})
    }
}

/// Tells how many access keys each user of the account, and its root user, may have. An operation of this server's own.
#[derive(Shape)]
pub struct GetAccessKeySettings {}

/// The answer of [`GetAccessKeySettings`].
#[derive(Shape)]
pub struct GetAccessKeySettingsOutput {
    /// How many there may be.
    pub max_access_keys_per_user: i32,
}

impl Operation for GetAccessKeySettings {
    const SPEC: Spec = Spec::iam("GetAccessKeySettings", Access::Read);
    type Output = GetAccessKeySettingsOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = lookup::account(cx).await?;
        let max = account.access_keys_per_user(&cx.iam().settings().quotas);
        Ok(GetAccessKeySettingsOutput {
            max_access_keys_per_user: i32::try_from(max).unwrap_or(i32::MAX),
        })
    }
}
