//! How much of what there is in the account (Identity and Access Management API reference, "GetAccountSummaryV5").

use claviger_iam::operation::account::GetAccountSummary;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[Route::iam(
    "GET",
    "/v5/account-summary",
    "GetAccountSummary",
    |asked| Box::pin(summary(asked)),
)];

/// What this door calls the counts, and what the operation does.
const COUNTS: &[(&str, &str)] = &[
    ("users", "Users"),
    ("users_quota", "UsersQuota"),
    ("groups", "Groups"),
    ("groups_quota", "GroupsQuota"),
    ("policies", "Policies"),
    ("policies_quota", "PoliciesQuota"),
    ("agencies", "Roles"),
    ("agencies_quota", "RolesQuota"),
    ("policy_size_quota", "PolicySizeQuota"),
    ("versions_per_policy_quota", "VersionsPerPolicyQuota"),
    (
        "attached_policies_per_user_quota",
        "AttachedPoliciesPerUserQuota",
    ),
    (
        "attached_policies_per_group_quota",
        "AttachedPoliciesPerGroupQuota",
    ),
    (
        "attached_policies_per_agency_quota",
        "AttachedPoliciesPerRoleQuota",
    ),
    ("root_user_mfa_enabled", "AccountMFAEnabled"),
];

/// `GET /v5/account-summary`. There are no identity providers, and none can be made.
async fn summary(asked: Asked<'_>) -> Result<Reply, Error> {
    let map = asked.call(&GetAccountSummary {}).await?.summary_map;
    let mut told = json!({
        "oidc_provider": 0,
        "oidc_provider_quota": 0,
        "saml_provider": 0,
        "saml_provider_quota": 0,
    });
    if let Some(told) = told.as_object_mut() {
        for (here, there) in COUNTS {
            let count = map.get(*there).copied().unwrap_or_default();
            told.insert((*here).to_owned(), Value::from(count));
        }
    }
    Ok(Reply::ok(told))
}
