//! Deleting a group, with what hangs on it.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::{DeleteGroup, GetGroup};
use claviger_model::name::GroupName;

use super::group::{Inline, delete_inline, inline, remove_member};
use super::{ROWS, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::attachments::{Attached, Holder};
use crate::door::Visit;
use crate::field::paged;
use crate::view::{Frame, encode, fault_text};

#[derive(Template)]
#[template(path = "group_delete.html")]
struct Delete {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    members: Vec<String>,
    more: bool,
    attached: Vec<Attached>,
    inline: Vec<Inline>,
}

/// Some members of a group, and whether there are more.
async fn members(visit: &Visit, group: &GroupName) -> Result<(Vec<String>, bool), Fault> {
    let get = GetGroup {
        group_name: group.clone(),
        page: paged(None, ROWS)?,
    };
    let got = visit.call(&get).await?;
    let names = got.users.into_iter().filter_map(|user| user.user_name);
    Ok((names.collect(), got.end.is_truncated))
}

async fn one(visit: &Visit, name: &GroupName, error: Option<String>) -> Result<Delete, Failure> {
    let (members, more) = members(visit, name).await?;
    Ok(Delete {
        frame: Frame::of(visit, format!("Delete {name}"), "groups"),
        error,
        encoded: encode(name.as_str()),
        name: name.as_str().to_owned(),
        members,
        more,
        attached: Holder::Group(name.as_str()).attached(visit).await?,
        inline: inline(visit, name).await?,
    })
}

/// The page that says what goes along.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    page(&one(&visit, &name, None).await?)
}

/// Takes out the members, then the policies, then deletes the group.
pub(crate) async fn run(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    if visit.asked.form.text("name") != name.as_str() {
        let said = format!("Type {name} to delete it.");
        return page_again(&one(&visit, &name, Some(said)).await?);
    }
    match all(&visit, &name).await {
        Ok(()) => go("/console/groups?done=group-deleted"),
        Err(said) => page_again(&one(&visit, &name, Some(said)).await?),
    }
}

/// What goes along with a group.
///
/// # Errors
/// Whatever refuses to tell.
pub(crate) async fn told(visit: &Visit, group: &GroupName) -> Result<Vec<String>, Fault> {
    let (members, more) = members(visit, group).await?;
    let more = if more { " and more" } else { "" };
    let mut told = Vec::new();
    if !members.is_empty() {
        told.push(format!("Loses its members: {}{more}", members.join(", ")));
    }
    for policy in Holder::Group(group.as_str()).attached(visit).await? {
        told.push(format!("{} is detached", policy.name));
    }
    for policy in inline(visit, group).await? {
        told.push(format!("The inline policy {} is deleted", policy.name));
    }
    Ok(told)
}

/// Takes out the members, then the policies, then deletes the group.
///
/// # Errors
/// What to say of the step that failed.
pub(crate) async fn all(visit: &Visit, group: &GroupName) -> Result<(), String> {
    let at = |step: String| move |fault: Fault| format!("{step} failed: {}", fault_text(&fault));
    let looking = |what: &str| at(format!("Looking for its {what}"));
    loop {
        let (names, more) = members(visit, group).await.map_err(looking("members"))?;
        for name in names {
            remove_member(visit, group, &name)
                .await
                .map_err(at(format!("Removing {name}")))?;
        }
        if !more {
            break;
        }
    }
    let holder = Holder::Group(group.as_str());
    let attached = holder.attached(visit).await.map_err(looking("policies"))?;
    for policy in attached {
        holder
            .detach(visit, &policy.arn)
            .await
            .map_err(at(format!("Detaching {}", policy.name)))?;
    }
    for policy in inline(visit, group)
        .await
        .map_err(looking("inline policies"))?
    {
        delete_inline(visit, group, &policy.name)
            .await
            .map_err(at(format!("Deleting the inline policy {}", policy.name)))?;
    }
    let delete = DeleteGroup {
        group_name: group.clone(),
    };
    visit
        .call(&delete)
        .await
        .map(drop)
        .map_err(at(String::from("Deleting the group")))
}
