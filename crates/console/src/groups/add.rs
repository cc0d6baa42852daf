//! Adding members to a group, and attaching policies to it.

use askama::Template;
use claviger_model::name::{GroupName, RoleName};

use super::new::add_members;
use super::{address, wanted};
use crate::answer::{Answer, go, page, page_again};
use crate::attachments::{self, Holder, Way};
use crate::door::Visit;
use crate::picker::Picker;
use crate::view::{Frame, encode};

#[derive(Template)]
#[template(path = "add.html")]
pub(crate) struct Add {
    frame: Frame,
    error: Option<String>,
    /// `group` or `role`.
    kind: &'static str,
    name: String,
    encoded: String,
    /// The last part of the form's address.
    action: &'static str,
    label: &'static str,
    picker: Picker,
}

impl Add {
    /// The page to attach policies to a role.
    pub(crate) fn to_role(
        visit: &Visit,
        role: &RoleName,
        picker: Picker,
        error: Option<String>,
    ) -> Self {
        Self {
            frame: Frame::of(visit, format!("Attach policies to {role}"), "roles"),
            error,
            kind: "role",
            name: role.as_str().to_owned(),
            encoded: encode(role.as_str()),
            action: "attach",
            label: "Attach policies",
            picker,
        }
    }

    fn members(visit: &Visit, group: &GroupName, picker: Picker, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, format!("Add users to {group}"), "groups"),
            error,
            kind: "group",
            name: group.as_str().to_owned(),
            encoded: encode(group.as_str()),
            action: "members",
            label: "Add users",
            picker,
        }
    }

    fn policies(visit: &Visit, group: &GroupName, picker: Picker, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, format!("Attach policies to {group}"), "groups"),
            action: "attach",
            label: "Attach policies",
            ..Self::members(visit, group, picker, error)
        }
    }
}

/// The page to add members.
pub(crate) async fn show_members(visit: Visit) -> Answer {
    let group = wanted(&visit)?;
    let picker = Picker::users(&visit).await;
    page(&Add::members(&visit, &group, picker, None))
}

/// Searches users to tick, or adds those who are ticked.
pub(crate) async fn members(visit: Visit) -> Answer {
    let group = wanted(&visit)?;
    let form = &visit.asked.form;
    let error = if form.text("do") != "add" {
        None
    } else if !form.ticked("member") {
        Some(String::from("Tick whom to add."))
    } else {
        match add_members(&visit, &group).await {
            Ok(()) => return go(&format!("{}&done=members-added", address(group.as_str()))),
            Err(said) => Some(said),
        }
    };
    let picker = Picker::users(&visit).await;
    answer(&Add::members(&visit, &group, picker, error))
}

/// The page to attach policies.
pub(crate) async fn show_policies(visit: Visit) -> Answer {
    let group = wanted(&visit)?;
    let picker = Picker::policies(&visit, "policy", &[]).await;
    page(&Add::policies(&visit, &group, picker, None))
}

/// Searches policies to tick, or attaches those that are ticked.
pub(crate) async fn policies(visit: Visit) -> Answer {
    let group = wanted(&visit)?;
    let mut error = None;
    if visit.asked.form.text("do") == "add" {
        match attachments::run(&visit, Holder::Group(group.as_str()), Way::Attach).await {
            Ok(answer) => return answer,
            Err(said) => error = Some(said),
        }
    }
    let picker = Picker::policies(&visit, "policy", &[]).await;
    answer(&Add::policies(&visit, &group, picker, error))
}

/// The page, with the status that its fault asks for.
pub(crate) fn answer(add: &Add) -> Answer {
    match add.error {
        Some(_) => page_again(add),
        None => page(add),
    }
}
