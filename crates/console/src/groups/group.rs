//! One group: its members, what it allows, and whether it demands a second factor.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::{GetGroup, RemoveUserFromGroup, UpdateGroup};
use claviger_iam::operation::inline_policies::{DeleteGroupPolicy, ListGroupPolicies};
use claviger_iam::operation::sign_in_settings::{GetMFADemand, SetGroupMFADemand};
use claviger_model::Code;
use claviger_model::name::GroupName;

use super::{ROWS, address, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::attachments::{self, Attached, Holder, Way};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{next, paged, read};
use crate::view::{Frame, When, encode, fault_text};

struct Member {
    name: String,
    used: Option<When>,
}

/// A policy of the group's own.
pub(crate) struct Inline {
    pub(crate) name: String,
    pub(crate) encoded: String,
}

#[derive(Template)]
#[template(path = "group.html")]
struct Group {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    arn: String,
    made: When,
    members: Vec<Member>,
    next: Option<String>,
    attached: Section<Attached>,
    inline: Section<Inline>,
    /// Whether it demands a second factor; `None` where that is not to be known.
    demands_mfa: Option<bool>,
    typed_name: String,
}

/// The policies of the group's own.
pub(crate) async fn inline(visit: &Visit, group: &GroupName) -> Result<Vec<Inline>, Fault> {
    let list = ListGroupPolicies {
        group_name: group.clone(),
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

/// Whether a group demands a second factor. No operation tells it of a group; of a member it tells by which groups.
async fn demands_mfa(visit: &Visit, group: &str, member: Option<&Member>) -> Option<bool> {
    let get = GetMFADemand {
        user_name: read(&member?.name, "The user").ok()?,
    };
    let demand = visit.call(&get).await.ok()?;
    Some(demand.by_groups.iter().any(|name| name == group))
}

async fn one(visit: &Visit, name: &GroupName, error: Option<String>) -> Result<Group, Failure> {
    let now = visit.asked.facts.now;
    let get = GetGroup {
        group_name: name.clone(),
        page: paged(visit.asked.query.filled("marker"), ROWS)?,
    };
    let got = visit.call(&get).await?;
    let group = got.group;
    let members: Vec<Member> = (got.users.into_iter())
        .map(|user| Member {
            name: user.user_name.unwrap_or_default(),
            used: user.password_last_used.map(|at| When::of(at, now)),
        })
        .collect();
    let typed = visit.asked.form.filled("new-name");
    Ok(Group {
        frame: Frame::of(visit, group.group_name.clone(), "groups"),
        error,
        encoded: encode(&group.group_name),
        arn: group.arn.as_str().to_owned(),
        made: When::of(group.create_date, now),
        next: next(&address(&group.group_name), &got.end),
        attached: Section::of(Holder::Group(name.as_str()).attached(visit).await),
        inline: Section::of(inline(visit, name).await),
        demands_mfa: demands_mfa(visit, &group.group_name, members.first()).await,
        members,
        typed_name: typed.unwrap_or(&group.group_name).to_owned(),
        name: group.group_name,
    })
}

/// The page, with what went wrong on the way to it.
pub(super) async fn page_with_error(visit: &Visit, name: &GroupName, error: String) -> Answer {
    page_again(&one(visit, name, Some(error)).await?)
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    page(&one(&visit, &name, None).await?)
}

/// Changes its members, policies, name, or whether it demands a second factor.
pub(crate) async fn change(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    if visit.asked.form.text("do") == "detach" {
        return match attachments::run(&visit, Holder::Group(name.as_str()), Way::Detach).await {
            Ok(answer) => answer,
            Err(said) => page_with_error(&visit, &name, said).await,
        };
    }
    match run(&visit, &name).await {
        Ok((name, done)) => go(&format!("{}&done={done}", address(name.as_str()))),
        Err(fault) => page_with_error(&visit, &name, fault_text(&fault)).await,
    }
}

async fn run(visit: &Visit, name: &GroupName) -> Result<(GroupName, &'static str), Fault> {
    let form = &visit.asked.form;
    let group_name = name.clone();
    let done = match form.text("do") {
        "remove" => {
            remove_member(visit, name, form.text("user")).await?;
            "member-removed"
        }
        "delete-inline" => {
            delete_inline(visit, name, form.text("policy")).await?;
            "inline-deleted"
        }
        "rename" => {
            let new: GroupName = read(form.text("new-name"), "The name")?;
            let update = UpdateGroup {
                group_name,
                new_path: None,
                new_group_name: Some(new.clone()),
            };
            visit.call(&update).await?;
            return Ok((new, "group-renamed"));
        }
        demand @ ("demand-mfa" | "leave-mfa") => {
            let demand_mfa = demand == "demand-mfa";
            let set = SetGroupMFADemand {
                group_name,
                demand_mfa,
            };
            visit.call(&set).await?;
            if demand_mfa {
                "mfa-demanded"
            } else {
                "mfa-left"
            }
        }
        _ => return Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    };
    Ok((name.clone(), done))
}

/// Takes a user out of a group.
pub(super) async fn remove_member(
    visit: &Visit,
    group: &GroupName,
    user: &str,
) -> Result<(), Fault> {
    let remove = RemoveUserFromGroup {
        group_name: group.clone(),
        user_name: read(user, "The name of the user")?,
    };
    visit.call(&remove).await.map(drop)
}

/// Deletes a policy of the group's own.
pub(super) async fn delete_inline(
    visit: &Visit,
    group: &GroupName,
    policy: &str,
) -> Result<(), Fault> {
    let delete = DeleteGroupPolicy {
        group_name: group.clone(),
        policy_name: read(policy, "The name of the policy")?,
    };
    visit.call(&delete).await.map(drop)
}
