//! One role: who may take it on, what it allows, and its tags.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::inline_policies::{DeleteRolePolicy, ListRolePolicies};
use claviger_iam::operation::roles::{GetRole, UpdateRole};
use claviger_iam::operation::shapes::{RoleShape, TagShape};
use claviger_iam::operation::tagging::{TagRole, UntagRole};
use claviger_model::Code;
use claviger_model::name::RoleName;

use super::boundary::{self, Offer};
use super::{address, trusted, used, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::attachments::{self, Attached, Holder, Way};
use crate::credentials::Section;
use crate::documents::{Line, lines};
use crate::door::Visit;
use crate::field::{paged, read, seconds};
use crate::groups::add::{Add, answer};
use crate::groups::group::Inline;
use crate::picker::Picker;
use crate::view::{Frame, When, encode, fault_text};

#[derive(Template)]
#[template(path = "role.html")]
struct Role {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    arn: String,
    made: When,
    used: Option<When>,
    boundary: Option<String>,
    offer: Offer,
    /// Whom it trusts.
    trusted: Vec<String>,
    trust: Vec<Line>,
    attached: Section<Attached>,
    inline: Section<Inline>,
    tags: Vec<TagShape>,
    description: String,
    minutes: String,
    /// The address that fills in the form to switch to it.
    switch: String,
    typed_key: String,
    typed_value: String,
}

/// Tells about a role.
pub(super) async fn get(visit: &Visit, name: &RoleName) -> Result<RoleShape, Fault> {
    let get = GetRole {
        role_name: name.clone(),
    };
    Ok(visit.call(&get).await?.role)
}

/// The policies of the role's own.
pub(super) async fn inline(visit: &Visit, role: &RoleName) -> Result<Vec<Inline>, Fault> {
    let list = ListRolePolicies {
        role_name: role.clone(),
        page: paged(None, 1_000)?,
    };
    let listed = visit.call(&list).await?.policy_names.into_iter();
    Ok(listed
        .map(|name| Inline {
            encoded: encode(name.as_str()),
            name: name.as_str().to_owned(),
        })
        .collect())
}

async fn one(visit: &Visit, name: &RoleName, error: Option<String>) -> Result<Role, Failure> {
    let now = visit.asked.facts.now;
    let role = get(visit, name).await?;
    let form = &visit.asked.form;
    let is_saving = form.text("do") == "save";
    let typed = |field: &str, held: String| match is_saving {
        true => form.text(field).to_owned(),
        false => held,
    };
    let trust = role.assume_role_policy_document.as_ref();
    let seconds = role.max_session_duration.unwrap_or(3_600);
    Ok(Role {
        frame: Frame::of(visit, role.role_name.clone(), "roles"),
        error,
        encoded: encode(&role.role_name),
        switch: switch_address(visit, &role),
        arn: role.arn.as_str().to_owned(),
        made: When::of(role.create_date, now),
        used: used(visit, &role),
        offer: boundary::offer(visit, form.text("boundary")).await,
        trusted: trust.map_or_else(Vec::new, |document| trusted::named(&document.0)),
        trust: lines(trust.map_or("", |document| document.0.as_str())),
        attached: Section::of(Holder::Role(name.as_str()).attached(visit).await),
        inline: Section::of(inline(visit, name).await),
        boundary: (role.permissions_boundary)
            .map(|boundary| boundary.permissions_boundary_arn.as_str().to_owned()),
        tags: role.tags.unwrap_or_default(),
        description: typed("description", role.description.unwrap_or_default()),
        minutes: typed("minutes", (seconds / 60).to_string()),
        typed_key: form.text("key").to_owned(),
        typed_value: form.text("value").to_owned(),
        name: role.role_name,
    })
}

fn switch_address(visit: &Visit, role: &RoleShape) -> String {
    let account = visit.at.principal().account;
    let name = format!(
        "{}{}",
        role.path.as_str().trim_start_matches('/'),
        role.role_name
    );
    format!(
        "{}/console/switch-role?account={account}&roleName={}",
        visit.asked.door.site.address,
        encode(&name)
    )
}

/// The page after something went wrong elsewhere.
pub(super) async fn page_with_error(visit: &Visit, name: &RoleName, error: String) -> Answer {
    page_again(&one(visit, name, Some(error)).await?)
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    page(&one(&visit, &name, None).await?)
}

/// Changes its policies, boundary, tags, description or longest session.
pub(crate) async fn change(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    if visit.asked.form.text("do") == "detach" {
        return match attachments::run(&visit, Holder::Role(name.as_str()), Way::Detach).await {
            Ok(answer) => answer,
            Err(said) => page_with_error(&visit, &name, said).await,
        };
    }
    match run(&visit, &name).await {
        Ok(done) => go(&format!("{}&done={done}", address(name.as_str()))),
        Err(fault) => page_again(&one(&visit, &name, Some(fault_text(&fault))).await?),
    }
}

async fn run(visit: &Visit, name: &RoleName) -> Result<&'static str, Fault> {
    let form = &visit.asked.form;
    let role_name = name.clone();
    match form.text("do") {
        "delete-inline" => delete_inline(visit, name, form.text("policy"))
            .await
            .map(|()| "inline-deleted"),
        "bound" => boundary::set(visit, role_name)
            .await
            .map(|()| "boundary-set"),
        "unbound" => boundary::remove(visit, role_name)
            .await
            .map(|()| "boundary-removed"),
        "save" => {
            let update = UpdateRole {
                role_name,
                description: Some(read(form.text("description"), "The description")?),
                max_session_duration: Some(read(
                    &seconds(form.text("minutes")),
                    "The longest session, in seconds,",
                )?),
            };
            visit.call(&update).await.map(|_| "role-saved")
        }
        "tag" => {
            let tag = TagShape {
                key: read(form.text("key"), "The key")?,
                value: read(form.text("value"), "The value")?,
            };
            let tag = TagRole {
                role_name,
                tags: vec![tag],
            };
            visit.call(&tag).await.map(|_| "tagged")
        }
        "untag" => {
            let untag = UntagRole {
                role_name,
                tag_keys: vec![read(form.text("key"), "The key")?],
            };
            visit.call(&untag).await.map(|_| "untagged")
        }
        _ => Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    }
}

/// Deletes a policy of the role's own.
pub(super) async fn delete_inline(
    visit: &Visit,
    role: &RoleName,
    policy: &str,
) -> Result<(), Fault> {
    let delete = DeleteRolePolicy {
        role_name: role.clone(),
        policy_name: read(policy, "The name of the policy")?,
    };
    visit.call(&delete).await.map(drop)
}

/// The page to attach policies.
pub(crate) async fn show_attach(visit: Visit) -> Answer {
    let role = wanted(&visit)?;
    let picker = Picker::policies(&visit, "policy", &[]).await;
    page(&Add::to_role(&visit, &role, picker, None))
}

/// Searches policies to tick, or attaches those that are ticked.
pub(crate) async fn attach(visit: Visit) -> Answer {
    let role = wanted(&visit)?;
    let mut error = None;
    if visit.asked.form.text("do") == "add" {
        match attachments::run(&visit, Holder::Role(role.as_str()), Way::Attach).await {
            Ok(answer) => return answer,
            Err(said) => error = Some(said),
        }
    }
    let picker = Picker::policies(&visit, "policy", &[]).await;
    answer(&Add::to_role(&visit, &role, picker, error))
}
