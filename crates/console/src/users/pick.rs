//! Choosing policies for a user, and groups for one or several.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::{AddUserToGroup, ListGroupsForUser};
use claviger_model::name::ExistingUserName;

use super::{HERE, address_of, user_of, whole};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::attachments::{self, Holder, Way};
use crate::door::Visit;
use crate::field::read;
use crate::picker::Picker;
use crate::view::{Frame, encode, fault_text};

/// A page with one picker.
#[derive(Template)]
#[template(path = "users/pick.html")]
struct Choosing {
    frame: Frame,
    error: Option<String>,
    lede: &'static str,
    /// Whose; several where they were ticked in the list.
    names: Vec<String>,
    action: String,
    back: String,
    button: &'static str,
    picker: Picker,
}

async fn policies_page(
    visit: &Visit,
    name: &ExistingUserName,
    error: Option<String>,
) -> Result<Choosing, Fault> {
    let held = Holder::User(name.as_str()).attached(visit).await;
    let held: Vec<String> = held
        .unwrap_or_default()
        .into_iter()
        .map(|policy| policy.arn)
        .collect();
    let address = address_of(name.as_str());
    Ok(Choosing {
        frame: Frame::of(visit, format!("Attach policies to {name}"), HERE),
        error,
        lede: "What they allow, this user may do from then on.",
        names: vec![name.as_str().to_owned()],
        action: format!("{address}/policies"),
        back: format!("{address}?tab=permissions"),
        button: "Attach policies",
        picker: Picker::policies(visit, "policy", &held).await,
    })
}

/// The page that offers policies.
pub(crate) async fn show_policies(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    page(&policies_page(&visit, &name, None).await?)
}

/// Attaches those that are ticked.
pub(crate) async fn attach(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    if visit.asked.form.text("do") == "search" {
        return page(&policies_page(&visit, &name, None).await?);
    }
    match attachments::run(&visit, Holder::User(name.as_str()), Way::Attach).await {
        Ok(answer) => answer,
        Err(said) => page_again(&policies_page(&visit, &name, Some(said)).await?),
    }
}

fn chosen(any: bool) -> Result<(), Fault> {
    if any {
        Ok(())
    } else {
        Err(Fault::new(
            claviger_model::Code::InvalidInput,
            "Choose at least one.",
        ))
    }
}

async fn groups_page(
    visit: &Visit,
    names: Vec<String>,
    action: String,
    back: String,
    error: Option<String>,
) -> Result<Choosing, Fault> {
    let held = match names.as_slice() {
        [name] => {
            let list = ListGroupsForUser {
                user_name: read(name, "The user name")?,
                page: whole(),
            };
            visit.call(&list).await.map_or_else(
                |_| Vec::new(),
                |listed| listed.groups.into_iter().map(|g| g.group_name).collect(),
            )
        }
        _ => Vec::new(),
    };
    let title = match names.as_slice() {
        [name] => format!("Add {name} to groups"),
        names => format!("Add {} users to groups", names.len()),
    };
    Ok(Choosing {
        frame: Frame::of(visit, title, HERE),
        error,
        lede: "Members of a group get what its policies allow.",
        names,
        action,
        back,
        button: "Add to groups",
        picker: Picker::groups(visit, &held).await,
    })
}

/// The page that offers groups to one user.
pub(crate) async fn show_groups(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    let address = address_of(name.as_str());
    let (action, back) = (format!("{address}/groups"), format!("{address}?tab=groups"));
    let names = vec![name.as_str().to_owned()];
    page(&groups_page(&visit, names, action, back, None).await?)
}

/// Adds one user to those that are ticked.
pub(crate) async fn join(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    let address = address_of(name.as_str());
    let back = format!("{address}?tab=groups");
    joined(
        &visit,
        vec![name.as_str().to_owned()],
        format!("{address}/groups"),
        back,
        "&",
    )
    .await
}

/// The users that are named in the address.
///
/// # Errors
/// [`Failure::Missing`] where none is.
pub(super) fn named(visit: &Visit) -> Result<Vec<String>, Failure> {
    let names: Vec<String> = visit.asked.query.all("user").map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Failure::Missing);
    }
    Ok(names)
}

/// The same as an address.
pub(super) fn query_of(names: &[String]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("user={}", encode(name)))
        .collect();
    names.join("&")
}

/// The page that offers groups to several users.
pub(crate) async fn show_groups_of_many(visit: Visit) -> Answer {
    let names = named(&visit)?;
    let action = format!("/console/users/~groups?{}", query_of(&names));
    let back = String::from("/console/users");
    page(&groups_page(&visit, names, action, back, None).await?)
}

/// Adds several users to those that are ticked.
pub(crate) async fn join_many(visit: Visit) -> Answer {
    let names = named(&visit)?;
    let action = format!("/console/users/~groups?{}", query_of(&names));
    joined(&visit, names, action, String::from("/console/users"), "?").await
}

async fn joined(
    visit: &Visit,
    names: Vec<String>,
    action: String,
    back: String,
    mark: &str,
) -> Answer {
    if visit.asked.form.text("do") == "search" {
        return page(&groups_page(visit, names, action, back, None).await?);
    }
    let mut error = None;
    let mut any = false;
    'all: for name in &names {
        for group in visit.asked.form.all("group") {
            any = true;
            if let Err(fault) = join_one(visit, name, group).await {
                error = Some(format!(
                    "{name} could not be added to {group}: {}",
                    fault_text(&fault)
                ));
                break 'all;
            }
        }
    }
    let error = error.or_else(|| chosen(any).err().map(|fault| fault_text(&fault)));
    match error {
        None => go(&format!("{back}{mark}done=groups-joined")),
        Some(error) => page_again(&groups_page(visit, names, action, back, Some(error)).await?),
    }
}

/// Adds a user to a group.
///
/// # Errors
/// As `AddUserToGroup`.
pub(super) async fn join_one(visit: &Visit, name: &str, group: &str) -> Result<(), Fault> {
    let add = AddUserToGroup {
        group_name: read(group, "The group")?,
        user_name: read(name, "The user name")?,
    };
    visit.call(&add).await.map(drop)
}
