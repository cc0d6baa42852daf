//! The policy that bounds what a role can do: offered, set and removed.

use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::PolicyScope;
use claviger_iam::operation::permissions_boundaries::{
    DeleteRolePermissionsBoundary, PutRolePermissionsBoundary,
};
use claviger_model::name::{PolicyName, RoleName};
use claviger_model::{Arn, Code};

use crate::door::Visit;
use crate::field::read;
use crate::policies;

/// Policies that are offered by name.
const MOST_OFFERED: usize = 50;

/// A field for a boundary, with names to choose from.
pub(crate) struct Offer {
    pub(crate) typed: String,
    pub(crate) names: Vec<String>,
}

/// The field, with the first policies of the account.
pub(crate) async fn offer(visit: &Visit, typed: &str) -> Offer {
    let found = policies::search(visit, PolicyScope::Local, "", MOST_OFFERED).await;
    // Who may not list policies can still name one.
    let listed = found.map(|(found, _)| found).unwrap_or_default();
    let names = listed.into_iter().map(|policy| match policy.path.as_str() {
        "/" => policy.policy_name,
        _ => policy.arn.as_str().to_owned(),
    });
    Offer {
        typed: typed.to_owned(),
        names: names.collect(),
    }
}

/// The policy that was typed: a resource name, or the name of a policy of the account. None for nothing.
pub(crate) fn typed(visit: &Visit, text: &str) -> Result<Option<Arn>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with("arn:") {
        return read(text, "The permissions boundary").map(Some);
    }
    let name: PolicyName = read(text, "The permissions boundary")?;
    let account = visit.at.principal().account;
    Ok(Some(Arn::policy(account, "/", name.as_str())))
}

/// Sets a role's boundary to what was typed.
pub(super) async fn set(visit: &Visit, role_name: RoleName) -> Result<(), Fault> {
    let Some(permissions_boundary) = typed(visit, visit.asked.form.text("boundary"))? else {
        return Err(Fault::new(Code::InvalidInput, "Name a policy."));
    };
    let put = PutRolePermissionsBoundary {
        role_name,
        permissions_boundary,
    };
    visit.call(&put).await.map(drop)
}

/// Removes a role's boundary.
pub(super) async fn remove(visit: &Visit, role_name: RoleName) -> Result<(), Fault> {
    let delete = DeleteRolePermissionsBoundary { role_name };
    visit.call(&delete).await.map(drop)
}
