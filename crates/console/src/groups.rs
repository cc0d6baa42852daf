//! User groups.

pub(crate) mod add;
pub(crate) mod delete;
pub(crate) mod group;
pub(crate) mod new;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::{GetGroup, ListGroups};
use claviger_iam::operation::inline_policies::ListGroupPolicies;
use claviger_iam::operation::policy_attachments::ListAttachedGroupPolicies;
use claviger_iam::operation::shapes::GroupShape;
use claviger_model::name::GroupName;

use crate::answer::{Answer, Failure, page};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{next, paged, read};
use crate::view::{Frame, When, encode};

/// Rows of a page.
pub(crate) const ROWS: i32 = 50;
/// Rows of a page of the list that a search goes through.
const SEARCHED: i32 = 1_000;
/// Members that the list counts; beyond, it says that there are more.
const COUNTED: i32 = 10;

/// Where the page of a group is.
pub(crate) fn address(name: &str) -> String {
    format!("/console/group?name={}", encode(name))
}

/// The group that the address names.
pub(crate) fn wanted(visit: &Visit) -> Result<GroupName, Failure> {
    read(visit.asked.query.text("name"), "The group").map_err(|_| Failure::Missing)
}

struct Row {
    name: String,
    address: String,
    members: String,
    permissions: &'static str,
    made: When,
}

#[derive(Template)]
#[template(path = "groups.html")]
struct Groups {
    frame: Frame,
    search: String,
    groups: Section<Row>,
    next: Option<String>,
}

async fn listed(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<GroupShape>, Fault> {
    let query = &visit.asked.query;
    let Some(wanted) = query.filled("search") else {
        let list = ListGroups {
            path_prefix: None,
            page: paged(query.filled("marker"), ROWS)?,
        };
        let read = visit.call(&list).await?;
        *next_page = next("/console/groups", &read.end);
        return Ok(read.groups);
    };
    let most = usize::try_from(ROWS).unwrap_or(1);
    let folded = wanted.to_lowercase();
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let list = ListGroups {
            path_prefix: None,
            page: paged(marker.as_deref(), SEARCHED)?,
        };
        let read = visit.call(&list).await?;
        let hits = read.groups.into_iter();
        found.extend(hits.filter(|group| group.group_name.to_lowercase().contains(&folded)));
        marker = read.end.marker;
        if marker.is_none() || found.len() >= most {
            found.truncate(most);
            return Ok(found);
        }
    }
}

/// What a row tells besides the group itself. What may not be seen is left out.
async fn row(visit: &Visit, group: GroupShape) -> Result<Row, Fault> {
    let now = visit.asked.facts.now;
    let name: GroupName = read(&group.group_name, "The group")?;
    let get = GetGroup {
        group_name: name.clone(),
        page: paged(None, COUNTED)?,
    };
    let members = match visit.call(&get).await {
        Ok(got) if got.end.is_truncated => format!("More than {COUNTED}"),
        Ok(got) => got.users.len().to_string(),
        Err(_) => String::from("Not visible"),
    };
    let inline = ListGroupPolicies {
        group_name: name.clone(),
        page: paged(None, 1)?,
    };
    let attached = ListAttachedGroupPolicies {
        group_name: name,
        path_prefix: None,
        page: paged(None, 1)?,
    };
    let inline = visit.call(&inline).await;
    let attached = visit.call(&attached).await;
    Ok(Row {
        address: address(&group.group_name),
        members,
        permissions: match (inline, attached) {
            (Ok(inline), Ok(attached))
                if inline.policy_names.is_empty() && attached.attached_policies.is_empty() =>
            {
                "Not defined"
            }
            (Err(_), _) | (_, Err(_)) => "Not visible",
            _ => "Defined",
        },
        made: When::of(group.create_date, now),
        name: group.group_name,
    })
}

async fn rows(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    for group in listed(visit, next_page).await? {
        rows.push(row(visit, group).await?);
    }
    Ok(rows)
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let mut next = None;
    let groups = Section::of(rows(&visit, &mut next).await);
    page(&Groups {
        frame: Frame::of(&visit, "User groups", "groups"),
        search: visit.asked.query.text("search").to_owned(),
        groups,
        next,
    })
}
