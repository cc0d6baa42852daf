//! Policies on users, groups and agencies (Identity and Access Management API reference, "Identity Policy Attachment (v5)").

use claviger_iam::Fault;
use claviger_iam::operation::page::PageEnd;
use claviger_iam::operation::policy_attachments::{
    AttachGroupPolicy, AttachRolePolicy, AttachUserPolicy, DetachGroupPolicy, DetachRolePolicy,
    DetachUserPolicy, ListAttachedGroupPolicies, ListAttachedRolePolicies,
    ListAttachedUserPolicies,
};
use claviger_iam::operation::shapes::AttachedPolicy;
use serde_json::{Value, json};

use super::page::{self, Page};
use super::policies::urn;
use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::input::Codes;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/attach-user",
        "AttachUserPolicy",
        |asked| Box::pin(attach_user(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/detach-user",
        "DetachUserPolicy",
        |asked| Box::pin(detach_user(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/users/{user_id}/attached-policies",
        "ListAttachedUserPolicies",
        |asked| Box::pin(of_user(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/attach-group",
        "AttachGroupPolicy",
        |asked| Box::pin(attach_group(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/detach-group",
        "DetachGroupPolicy",
        |asked| Box::pin(detach_group(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/groups/{group_id}/attached-policies",
        "ListAttachedGroupPolicies",
        |asked| Box::pin(of_group(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/attach-agency",
        "AttachRolePolicy",
        |asked| Box::pin(attach_agency(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/policies/{policy_id}/detach-agency",
        "DetachRolePolicy",
        |asked| Box::pin(detach_agency(asked)),
    ),
    Route::iam(
        "GET",
        "/v5/agencies/{agency_id}/attached-policies",
        "ListAttachedRolePolicies",
        |asked| Box::pin(of_agency(asked)),
    ),
];

macro_rules! family {
    ($attach:ident, $Attach:ident, $detach:ident, $Detach:ident, $of:ident, $List:ident, $find:ident, $name:ident, $id:literal) => {
        async fn $attach(mut asked: Asked<'_>) -> Result<Reply, Error> {
            let input = asked.input()?;
            let id = input.members(Codes::COMMON).required_text($id)?;
            let operation = $Attach {
                policy_arn: asked.policy(asked.id()).await?,
                $name: asked.$find(id).await?,
            };
            asked.call(&operation).await?;
            Ok(Reply::ok(json!({})))
        }

        async fn $detach(mut asked: Asked<'_>) -> Result<Reply, Error> {
            let input = asked.input()?;
            let id = input.members(Codes::COMMON).required_text($id)?;
            let operation = $Detach {
                policy_arn: asked.policy(asked.id()).await?,
                $name: asked.$find(id).await?,
            };
            asked.call(&operation).await?;
            Ok(Reply::ok(json!({})))
        }

        async fn $of(mut asked: Asked<'_>) -> Result<Reply, Error> {
            let page = Page::read(&asked.query()?)?;
            let id = asked.id();
            let operation = $List {
                $name: asked.$find(id).await?,
                path_prefix: None,
                page: page.asked(),
            };
            let listed = asked.run(&operation).await;
            let listed =
                listed.map_err(|fault| page.refused_about(fault, stringify!($find), id))?;
            told(asked, &listed.attached_policies, listed.end).await
        }
    };
}

family!(
    attach_user,
    AttachUserPolicy,
    detach_user,
    DetachUserPolicy,
    of_user,
    ListAttachedUserPolicies,
    user,
    user_name,
    "user_id"
);
family!(
    attach_group,
    AttachGroupPolicy,
    detach_group,
    DetachGroupPolicy,
    of_group,
    ListAttachedGroupPolicies,
    group,
    group_name,
    "group_id"
);
family!(
    attach_agency,
    AttachRolePolicy,
    detach_agency,
    DetachRolePolicy,
    of_agency,
    ListAttachedRolePolicies,
    agency,
    role_name,
    "agency_id"
);

/// A page of attached policies. Since when they are attached is not kept.
async fn told(
    mut asked: Asked<'_>,
    attached: &[AttachedPolicy],
    end: PageEnd,
) -> Result<Reply, Error> {
    let account = asked.account();
    let mut told: Vec<Value> = Vec::with_capacity(attached.len());
    for policy in attached {
        // One that was deleted since is attached to nothing.
        let Some(unique) = asked.admitted.id_of_policy(&policy.policy_arn).await? else {
            continue;
        };
        let id = ids::policy(&unique)
            .ok_or_else(|| Fault::service("a policy whose id is not a policy's"))?;
        told.push(json!({
            "policy_id": id,
            "policy_name": policy.policy_name.as_str(),
            "urn": urn(&policy.policy_arn, account),
        }));
    }
    let info = page::info(told.len(), end);
    Ok(Reply::ok(
        json!({ "attached_policies": told, "page_info": info }),
    ))
}
