//! Choosing policies and groups: a list with boxes, searched without losing what is ticked.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::{AddUserToGroup, ListGroups, ListGroupsForUser};
use claviger_iam::operation::managed_policies::ListPolicies;
use claviger_iam::operation::page::{Marker, Paged};
use claviger_iam::operation::policy_attachments::{AttachUserPolicy, ListAttachedUserPolicies};
use claviger_model::name::ExistingUserName;
use claviger_model::{Scalar as _, text};

use super::{HERE, MOST_READ, address_of, pages_of, short, typed, user_of, whole};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::credentials::Section;
use crate::door::Visit;
use crate::view::{Frame, encode, fault_text};

/// Rows of a picker.
const ROWS: usize = 50;

/// Something that can be chosen.
#[derive(Clone)]
pub(super) struct Pick {
    /// What the form sends.
    pub(super) value: String,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) chosen: bool,
}

/// What can be chosen, and what was looked for.
pub(super) struct Picker {
    /// The field of the form, `policy`, `group` or `boundary`.
    pub(super) field: &'static str,
    /// Whether it is one alone.
    pub(super) single: bool,
    pub(super) label: &'static str,
    pub(super) empty: &'static str,
    pub(super) search: String,
    pub(super) rows: Section<Pick>,
    /// How many more fit.
    pub(super) more: usize,
}

impl Picker {
    /// Of all that there is: what is chosen first, then what fits the search.
    fn new(
        visit: &Visit,
        field: &'static str,
        label: &'static str,
        empty: &'static str,
        all: Result<Vec<Pick>, Fault>,
    ) -> Self {
        let search = visit.asked.form.text(&format!("search-{field}")).to_owned();
        let wanted = text::fold(&search);
        let mut more = 0;
        let all = all.map(|all| {
            let (chosen, rest): (Vec<Pick>, Vec<Pick>) = all
                .into_iter()
                .map(|pick| Pick {
                    chosen: visit.asked.form.all(field).any(|value| value == pick.value),
                    ..pick
                })
                .partition(|pick| pick.chosen);
            let mut fits: Vec<Pick> = rest
                .into_iter()
                .filter(|pick| text::fold(&pick.name).contains(&wanted))
                .collect();
            more = fits.len().saturating_sub(ROWS);
            fits.truncate(ROWS);
            chosen.into_iter().chain(fits).collect()
        });
        Self {
            field,
            single: field == "boundary",
            label,
            empty,
            search,
            rows: Section::of(all),
            more,
        }
    }

    /// The policies of the account and AWS's, but for those named.
    pub(super) async fn policies(visit: &Visit, field: &'static str, but: &[String]) -> Self {
        let all = all_policies(visit).await.map(|all| {
            all.into_iter()
                .filter(|pick| !but.contains(&pick.value))
                .collect()
        });
        Self::new(
            visit,
            field,
            "Policies",
            "No policy is left to choose.",
            all,
        )
    }

    /// The policies twice: to attach, and one to bound with. They are read once.
    pub(super) async fn policies_and_boundary(visit: &Visit) -> (Self, Self) {
        let all = all_policies(visit).await;
        let again = match &all {
            Ok(all) => Ok(all.clone()),
            Err(fault) => Err(Fault::new(fault.code(), fault_text(fault))),
        };
        let empty = "No policy is left to choose.";
        (
            Self::new(visit, "policy", "Policies", empty, all),
            Self::new(visit, "boundary", "Boundaries", empty, again),
        )
    }

    /// The groups, but for those named.
    pub(super) async fn groups(visit: &Visit, but: &[String]) -> Self {
        let all = all_groups(visit).await.map(|all| {
            all.into_iter()
                .filter(|pick| !but.contains(&pick.value))
                .collect()
        });
        Self::new(
            visit,
            "group",
            "Groups",
            "There is no group to choose. Make one first, and give it the policies that its members share.",
            all,
        )
    }
}

async fn all_policies(visit: &Visit) -> Result<Vec<Pick>, Fault> {
    let mut picks = Vec::new();
    let mut marker: Option<Marker> = None;
    loop {
        let list = ListPolicies {
            scope: None,
            only_attached: None,
            path_prefix: None,
            policy_usage_filter: None,
            page: pages_of(MOST_READ, marker),
        };
        let listed = visit.call(&list).await?;
        picks.extend(listed.policies.into_iter().map(|policy| {
            let value = policy.arn.as_str().to_owned();
            Pick {
                about: String::from(if value.starts_with("arn:aws:iam::aws:") {
                    "AWS managed"
                } else {
                    "Customer managed"
                }),
                value,
                name: policy.policy_name,
                chosen: false,
            }
        }));
        match listed.end.marker {
            Some(next) => marker = Marker::parse(&next).ok(),
            None => return Ok(picks),
        }
    }
}

async fn all_groups(visit: &Visit) -> Result<Vec<Pick>, Fault> {
    let list = ListGroups {
        path_prefix: None,
        page: Paged { ..whole() },
    };
    let groups = visit.call(&list).await?.groups;
    Ok(groups
        .into_iter()
        .map(|group| Pick {
            about: group.path.as_str().to_owned(),
            value: group.group_name.clone(),
            name: group.group_name,
            chosen: false,
        })
        .collect())
}

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
    let list = ListAttachedUserPolicies {
        user_name: short(name)?,
        path_prefix: None,
        page: whole(),
    };
    let held = visit.call(&list).await.map_or_else(
        |_| Vec::new(),
        |listed| {
            let arn = |policy: claviger_iam::operation::shapes::AttachedPolicy| {
                policy.policy_arn.as_str().to_owned()
            };
            listed.attached_policies.into_iter().map(arn).collect()
        },
    );
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
    match attach_all(&visit, &name).await {
        Ok(()) => go(&format!(
            "{}?tab=permissions&done=policies-attached",
            address_of(name.as_str())
        )),
        Err(fault) => page_again(&policies_page(&visit, &name, Some(fault_text(&fault))).await?),
    }
}

async fn attach_all(visit: &Visit, name: &ExistingUserName) -> Result<(), Fault> {
    let mut any = false;
    for arn in visit.asked.form.all("policy") {
        attach_one(visit, name, arn).await?;
        any = true;
    }
    chosen(any)
}

/// Attaches a policy.
///
/// # Errors
/// As `AttachUserPolicy`.
pub(super) async fn attach_one(
    visit: &Visit,
    name: &ExistingUserName,
    arn: &str,
) -> Result<(), Fault> {
    let attach = AttachUserPolicy {
        user_name: short(name)?,
        policy_arn: typed(arn, "a policy")?,
    };
    visit.call(&attach).await.map(drop)
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
                user_name: typed(name, "a user name")?,
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
        group_name: typed(group, "a group")?,
        user_name: typed(name, "a user name")?,
    };
    visit.call(&add).await.map(drop)
}
