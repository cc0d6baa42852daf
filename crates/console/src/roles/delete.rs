//! Deleting a role, with what hangs on it.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::roles::DeleteRole;
use claviger_model::name::RoleName;

use super::role::{delete_inline, get, inline};
use super::{lately, used, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::attachments::{Attached, Holder};
use crate::door::Visit;
use crate::groups::group::Inline;
use crate::view::{Frame, When, encode, fault_text};

#[derive(Template)]
#[template(path = "role_delete.html")]
struct Delete {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    used: Option<When>,
    /// How lately that was, where it is to be warned of.
    lately: Option<&'static str>,
    attached: Vec<Attached>,
    inline: Vec<Inline>,
}

async fn one(visit: &Visit, name: &RoleName, error: Option<String>) -> Result<Delete, Failure> {
    let role = get(visit, name).await?;
    Ok(Delete {
        frame: Frame::of(visit, format!("Delete {name}"), "roles"),
        error,
        name: name.as_str().to_owned(),
        encoded: encode(name.as_str()),
        used: used(visit, &role),
        lately: lately(visit, &role),
        attached: Holder::Role(name.as_str()).attached(visit).await?,
        inline: inline(visit, name).await?,
    })
}

/// The page that says what goes along.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    page(&one(&visit, &name, None).await?)
}

/// Takes the policies away, then deletes the role.
pub(crate) async fn run(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    if visit.asked.form.text("name") != name.as_str() {
        let said = format!("Type {name} to delete it.");
        return page_again(&one(&visit, &name, Some(said)).await?);
    }
    match all(&visit, &name).await {
        Ok(()) => go("/console/roles?done=role-deleted"),
        Err(said) => page_again(&one(&visit, &name, Some(said)).await?),
    }
}

/// What goes along with a role, and when it was last used.
///
/// # Errors
/// Whatever refuses to tell.
pub(crate) async fn told(visit: &Visit, name: &RoleName) -> Result<Vec<String>, Fault> {
    let role = get(visit, name).await?;
    let mut told = vec![match (used(visit, &role), lately(visit, &role)) {
        (None, _) => String::from("Never used"),
        (Some(used), None) => format!("Last used {}", used.ago),
        (Some(used), Some(_)) => format!("In use: last used {}", used.ago),
    }];
    for policy in Holder::Role(name.as_str()).attached(visit).await? {
        told.push(format!("{} is detached", policy.name));
    }
    for policy in inline(visit, name).await? {
        told.push(format!("The inline policy {} is deleted", policy.name));
    }
    Ok(told)
}

/// Takes the policies away, then deletes the role.
///
/// # Errors
/// What to say of the step that failed.
pub(crate) async fn all(visit: &Visit, role: &RoleName) -> Result<(), String> {
    let at = |step: String| move |fault: Fault| format!("{step} failed: {}", fault_text(&fault));
    let looking = || at(String::from("Looking for its policies"));
    let holder = Holder::Role(role.as_str());
    for policy in holder.attached(visit).await.map_err(looking())? {
        holder
            .detach(visit, &policy.arn)
            .await
            .map_err(at(format!("Detaching {}", policy.name)))?;
    }
    for policy in inline(visit, role).await.map_err(looking())? {
        delete_inline(visit, role, &policy.name)
            .await
            .map_err(at(format!("Deleting the inline policy {}", policy.name)))?;
    }
    let delete = DeleteRole {
        role_name: role.clone(),
    };
    visit
        .call(&delete)
        .await
        .map(drop)
        .map_err(at(String::from("Deleting the role")))
}
