//! Identity policies (Identity and Access Management API reference, "Identity Policy Management (v5)"). They are the managed
//! policies of the other door, and AWS's are the system's.

use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::{
    CreatePolicy, CreatePolicyVersion, DeletePolicy, DeletePolicyVersion, EntityFilter, GetPolicy,
    GetPolicyVersion, ListEntitiesForPolicy, ListPolicies, ListPolicyVersions, PolicyScope,
    SetDefaultPolicyVersion,
};
use claviger_iam::operation::shapes::{PolicyShape, PolicyVersionShape};
use claviger_model::name::PolicyVersionId;
use claviger_model::{AccountId, Arn, Code, Scalar as _};
use serde_json::{Value, json};

use super::page::{self, Page};
use super::paths;
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::Codes;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("POST", "/v5/policies", "CreatePolicy", |asked| {
        Box::pin(create(asked))
    }),
    Route::iam("GET", "/v5/policies", "ListPolicies", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("GET", "/v5/policies/{policy_id}", "GetPolicy", |asked| {
        Box::pin(show(asked))
    }),
    Route::iam(
        "DELETE",
        "/v5/policies/{policy_id}",
        "DeletePolicy",
        |asked| Box::pin(delete(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/versions",
        "CreatePolicyVersion",
        |asked| Box::pin(create_version(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/policies/{policy_id}/versions",
        "ListPolicyVersions",
        |asked| Box::pin(list_versions(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/policies/{policy_id}/versions/{version_id}",
        "GetPolicyVersion",
        |asked| Box::pin(show_version(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v5/policies/{policy_id}/versions/{version_id}",
        "DeletePolicyVersion",
        |asked| Box::pin(delete_version(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/versions/{version_id}/set-default",
        "SetDefaultPolicyVersion",
        |asked| Box::pin(set_default(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/policies/{policy_id}/attached-entities",
        "ListEntitiesForPolicy",
        |asked| Box::pin(entities(asked)),
    ),
];

/// `POST /v5/policies`.
async fn create(asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let operation = CreatePolicy {
        policy_name: members.required("policy_name")?,
        path: members.text("path")?.map(paths::read).transpose()?,
        policy_document: members.required_or("policy_document", "PAP5.0011")?,
        description: members.scalar("description")?,
        tags: Vec::new(),
    };
    let account = asked.account();
    let made = asked.call(&operation).await?;
    Ok(Reply::created(
        json!({ "policy": written(&made.policy, account)? }),
    ))
}

/// `GET /v5/policies`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let page = Page::read(&query)?;
    let operation = ListPolicies {
        scope: match query.get("policy_type") {
            None => None,
            Some("custom") => Some(PolicyScope::Local),
            Some("system") => Some(PolicyScope::Aws),
            Some(_) => return Err(Error::invalid("policy_type must be custom or system.")),
        },
        only_attached: match query.get("only_attached") {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(Error::invalid("only_attached must be true or false.")),
        },
        path_prefix: query.get("path_prefix").map(paths::read).transpose()?,
        policy_usage_filter: None,
        page: page.asked(),
    };
    let account = asked.account();
    let listed = asked.call(&operation).await;
    let listed = listed.map_err(|fault| page.refused(fault))?;
    let policies = listed
        .policies
        .iter()
        .map(|policy| written(policy, account))
        .collect::<Result<Vec<Value>, Fault>>()?;
    let info = page::info(policies.len(), listed.end);
    Ok(Reply::ok(
        json!({ "policies": policies, "page_info": info }),
    ))
}

/// `GET /v5/policies/{policy_id}`.
async fn show(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = GetPolicy {
        policy_arn: asked.policy(id).await?,
    };
    let account = asked.account();
    let found = asked.call(&operation).await;
    let found = found.map_err(|fault| Error::of(fault, "policy", id))?;
    Ok(Reply::ok(
        json!({ "policy": written(&found.policy, account)? }),
    ))
}

/// `DELETE /v5/policies/{policy_id}`.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let operation = DeletePolicy {
        policy_arn: asked.policy(id).await?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "policy", id))?;
    Ok(Reply::done())
}

/// `POST /v5/policies/{policy_id}/versions`.
async fn create_version(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let input = asked.input()?;
    let members = input.members(Codes::COMMON);
    let id = asked.id();
    let operation = CreatePolicyVersion {
        policy_document: members.required_or("policy_document", "PAP5.0011")?,
        set_as_default: members.flag("set_as_default")?,
        policy_arn: asked.policy(id).await?,
    };
    let made = asked.call(&operation).await;
    let made = made.map_err(|fault| match fault.code() {
        Code::LimitExceeded => {
            Error::taken("PAP5.0028", "The policy has as many versions as it may.").because(fault)
        }
        _ => Error::of(fault, "policy", id),
    })?;
    let version = written_version(&made.policy_version);
    Ok(Reply::created(json!({ "policy_version": version })))
}

/// `GET /v5/policies/{policy_id}/versions`.
async fn list_versions(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let page = Page::read(&asked.query()?)?;
    let id = asked.id();
    let operation = ListPolicyVersions {
        policy_arn: asked.policy(id).await?,
        page: page.asked(),
    };
    let listed = asked.call(&operation).await;
    let listed = listed.map_err(|fault| page.refused_about(fault, "policy", id))?;
    let versions: Vec<Value> = listed.versions.iter().map(written_version).collect();
    let info = page::info(versions.len(), listed.end);
    Ok(Reply::ok(
        json!({ "versions": versions, "page_info": info }),
    ))
}

/// `GET /v5/policies/{policy_id}/versions/{version_id}`.
async fn show_version(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let version_id = version(asked.second_id())?;
    let shown = asked.second_id();
    let operation = GetPolicyVersion {
        policy_arn: asked.policy(asked.id()).await?,
        version_id,
    };
    let found = asked.call(&operation).await;
    let found = found.map_err(|fault| Error::of(fault, "policy version", shown))?;
    let version = written_version(&found.policy_version);
    Ok(Reply::ok(json!({ "policy_version": version })))
}

/// `DELETE /v5/policies/{policy_id}/versions/{version_id}`.
async fn delete_version(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let shown = asked.second_id();
    let operation = DeletePolicyVersion {
        version_id: version(shown)?,
        policy_arn: asked.policy(asked.id()).await?,
    };
    let deleted = asked.call(&operation).await;
    deleted.map_err(|fault| Error::of(fault, "policy version", shown))?;
    Ok(Reply::done())
}

/// `POST /v5/policies/{policy_id}/versions/{version_id}/set-default`.
async fn set_default(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let shown = asked.second_id();
    let operation = SetDefaultPolicyVersion {
        version_id: version(shown)?,
        policy_arn: asked.policy(asked.id()).await?,
    };
    let changed = asked.call(&operation).await;
    changed.map_err(|fault| Error::of(fault, "policy version", shown))?;
    Ok(Reply::ok(json!({})))
}

/// `GET /v5/policies/{policy_id}/attached-entities`.
async fn entities(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let page = Page::read(&query)?;
    let id = asked.id();
    let operation = ListEntitiesForPolicy {
        entity_filter: match query.get("entity_type") {
            None => None,
            Some("user") => Some(EntityFilter::User),
            Some("group") => Some(EntityFilter::Group),
            Some("agency") => Some(EntityFilter::Role),
            Some(_) => return Err(Error::invalid("entity_type must be user, group or agency.")),
        },
        path_prefix: None,
        policy_usage_filter: None,
        policy_arn: asked.policy(id).await?,
        page: page.asked(),
    };
    let listed = asked.call(&operation).await;
    let listed = listed.map_err(|fault| page.refused_about(fault, "policy", id))?;
    let told = |key: &str, ids: Vec<Option<String>>| -> Vec<Value> {
        ids.into_iter()
            .flatten()
            .map(|id| json!({ key: id }))
            .collect()
    };
    let users = listed
        .policy_users
        .iter()
        .map(|user| ids::user(&user.user_id));
    let groups = listed
        .policy_groups
        .iter()
        .map(|group| ids::group(&group.group_id));
    let roles = listed
        .policy_roles
        .iter()
        .map(|role| ids::agency(&role.role_id));
    let users = told("user_id", users.collect());
    let groups = told("group_id", groups.collect());
    let agencies = told("agency_id", roles.collect());
    let info = page::info(users.len() + groups.len() + agencies.len(), listed.end);
    Ok(Reply::ok(json!({
        "policy_users": users,
        "policy_groups": groups,
        "policy_agencies": agencies,
        "page_info": info,
    })))
}

fn version(text: &str) -> Result<PolicyVersionId, Error> {
    PolicyVersionId::parse(text).map_err(|_| Error::no_such("policy version", text))
}

/// What a policy is called here.
pub(super) fn urn(arn: &Arn, account: AccountId) -> String {
    let resource = arn
        .as_str()
        .split_once(":policy/")
        .map_or("", |(_, name)| name);
    if is_of_system(arn) {
        format!("iam::system:policy:{resource}")
    } else {
        format!("iam::{}:policy:{resource}", ids::domain(account))
    }
}

/// Whether AWS keeps the policy.
fn is_of_system(arn: &Arn) -> bool {
    arn.as_str().starts_with("arn:aws:iam::aws:")
}

fn written(policy: &PolicyShape, account: AccountId) -> Result<Value, Fault> {
    let id = ids::policy(&policy.policy_id)
        .ok_or_else(|| Fault::service("a policy whose id is not a policy's"))?;
    Ok(json!({
        "policy_type": if is_of_system(&policy.arn) { "system" } else { "custom" },
        "policy_name": policy.policy_name,
        "policy_id": id,
        "urn": urn(&policy.arn, account),
        "path": paths::told(&policy.path),
        "default_version_id": policy.default_version_id.as_str(),
        "attachment_count": policy.attachment_count,
        "description": policy.description.as_deref().unwrap_or_default(),
        "created_at": policy.create_date.to_string(),
        "updated_at": policy.update_date.to_string(),
    }))
}

fn written_version(version: &PolicyVersionShape) -> Value {
    let mut written = json!({
        "version_id": version.version_id.as_str(),
        "is_default": version.is_default_version,
        "created_at": version.create_date.to_string(),
    });
    if let (Some(document), Some(written)) = (&version.document, written.as_object_mut()) {
        written.insert(String::from("document"), Value::from(document.0.as_str()));
    }
    written
}
