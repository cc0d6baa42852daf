//! User groups.

pub(crate) mod add;
pub(crate) mod delete;
pub(crate) mod group;
pub(crate) mod new;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::{GetGroup, ListGroups};
use claviger_iam::operation::inline_policies::ListGroupPolicies;
use claviger_iam::operation::page::{PageEnd, Paged};
use claviger_iam::operation::policy_attachments::ListAttachedGroupPolicies;
use claviger_iam::operation::shapes::GroupShape;
use claviger_model::name::GroupName;
use claviger_model::text;

use crate::answer::{Answer, Failure, page};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{paged, read};
use crate::listing::{Listed, Listing, MOST_SORTED, Wanted};
use crate::order::{Heading, Order, Plain};
use crate::view::{Frame, When, asking, encode};

/// Rows of a page.
pub(crate) const ROWS: i32 = 50;
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

impl Listing for ListGroups {
    type Row = GroupShape;

    fn at(&self, page: Paged) -> Self {
        Self {
            path_prefix: self.path_prefix.clone(),
            page,
        }
    }

    fn rows(output: Self::Output) -> (Vec<GroupShape>, PageEnd) {
        (output.groups, output.end)
    }
}

/// The operation that lists every group.
pub(crate) fn all() -> Result<ListGroups, Fault> {
    Ok(ListGroups {
        path_prefix: None,
        page: paged(None, ROWS)?,
    })
}

/// The address of the list that holds this in its names, in this order.
fn list_of(search: &str, order: Order<Plain>) -> String {
    let sort = order.word();
    asking("/console/groups", &[("search", search), ("sort", &sort)])
}

#[derive(Template)]
#[template(path = "groups.html")]
struct Groups {
    frame: Frame,
    search: String,
    sort: String,
    name: Heading,
    created: Heading,
    groups: Section<Row>,
    next: Option<String>,
    partly: bool,
}

async fn listed(visit: &Visit, wanted: &Wanted<Plain>) -> Result<Listed<GroupShape>, Fault> {
    let search = visit.asked.query.text("search");
    let (list, address) = (all()?, list_of(search, wanted.order));
    if search.is_empty() && wanted.order == Order::USUAL {
        return wanted.page(visit, &list, &address).await;
    }
    let folded = text::fold(search);
    let fits = |group: &GroupShape| text::fold(&group.group_name).contains(&folded);
    let place = |by: Plain, group: &GroupShape| by.place(&group.group_name, group.create_date);
    wanted.cut(visit, &list, &address, fits, place).await
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

async fn found(visit: &Visit, wanted: &Wanted<Plain>) -> Result<Listed<Row>, Fault> {
    let listed = listed(visit, wanted).await?;
    let mut rows = Vec::with_capacity(listed.rows.len());
    for group in listed.rows {
        rows.push(row(visit, group).await?);
    }
    Ok(Listed {
        rows,
        next: listed.next,
        partly: listed.partly,
    })
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let wanted = Wanted::of(&visit, ROWS);
    let found = found(&visit, &wanted).await;
    let (groups, next, partly) = Listed::parts(found);
    let search = visit.asked.query.text("search");
    let list = |order| list_of(search, order);
    page(&Groups {
        frame: Frame::of(&visit, "User groups", "groups"),
        name: wanted.order.heading(Plain::Name, "Name", list),
        created: wanted.order.heading(Plain::Created, "Created", list),
        search: search.to_owned(),
        sort: wanted.order.word(),
        groups,
        next,
        partly,
    })
}
