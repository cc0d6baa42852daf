//! Making a group, with its members and policies.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::{AddUserToGroup, CreateGroup};
use claviger_model::name::GroupName;

use super::address;
use crate::answer::{Answer, go, page, page_again};
use crate::attachments::{self, Holder};
use crate::door::Visit;
use crate::field::read;
use crate::picker::Picker;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "group_new.html")]
struct New {
    frame: Frame,
    error: Option<String>,
    name: String,
    users: Picker,
    policies: Picker,
}

async fn new(visit: &Visit, error: Option<String>) -> New {
    New {
        frame: Frame::of(visit, "Create a group", "groups"),
        error,
        name: visit.asked.form.text("name").to_owned(),
        users: Picker::users(visit).await,
        policies: Picker::policies(visit, "policy", &[]).await,
    }
}

/// The page to make one.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&new(&visit, None).await)
}

/// Searches what to tick, or makes the group.
pub(crate) async fn create(visit: Visit) -> Answer {
    if visit.asked.form.text("do") != "make" {
        return page(&new(&visit, None).await);
    }
    let name = match make(&visit).await {
        Ok(name) => name,
        Err(fault) => return page_again(&new(&visit, Some(fault_text(&fault))).await),
    };
    match fill(&visit, &name).await {
        Ok(()) => go(&format!("{}&done=group-made", address(name.as_str()))),
        // The group is there: its own page is where to go on.
        Err(said) => {
            super::group::page_with_error(
                &visit,
                &name,
                format!("The group has been created. {said}"),
            )
            .await
        }
    }
}

async fn make(visit: &Visit) -> Result<GroupName, Fault> {
    let group_name: GroupName = read(visit.asked.form.text("name"), "The name")?;
    let create = CreateGroup {
        path: None,
        group_name: group_name.clone(),
    };
    visit.call(&create).await?;
    Ok(group_name)
}

async fn fill(visit: &Visit, group: &GroupName) -> Result<(), String> {
    add_members(visit, group).await?;
    attachments::to_new(visit, Holder::Group(group.as_str())).await
}

/// Puts the users who are ticked into a group. What is said on failure names the user.
pub(super) async fn add_members(visit: &Visit, group: &GroupName) -> Result<(), String> {
    for name in visit.asked.form.all("member") {
        let add = async {
            let add = AddUserToGroup {
                group_name: group.clone(),
                user_name: read(name, "The name of the user")?,
            };
            visit.call(&add).await
        };
        add.await
            .map_err(|fault| format!("Adding {name} failed: {}", fault_text(&fault)))?;
    }
    Ok(())
}
