//! Roles.

pub(crate) mod boundary;
pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod new;
pub(crate) mod role;
pub(crate) mod trusted;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::page::{PageEnd, Paged};
use claviger_iam::operation::policy_checks::DocumentKind;
use claviger_iam::operation::roles::{GetRole, ListRoles};
use claviger_iam::operation::shapes::RoleShape;
use claviger_model::name::RoleName;
use claviger_model::text;

use crate::answer::{Answer, Failure, page};
use crate::credentials::Section;
use crate::documents::editor::Editor;
use crate::door::Visit;
use crate::field::{paged, read};
use crate::listing::{Listed, Listing, MOST_SORTED, Wanted};
use crate::order::{Heading, Order, Plain};
use crate::view::{Frame, When, asking, encode};

/// Rows of a page.
const ROWS: i32 = 50;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds of thirty days.
const MONTH: i64 = 30 * DAY;
/// Where the page of a role is.
pub(crate) fn address(name: &str) -> String {
    format!("/console/role?name={}", encode(name))
}

/// The role that the address names.
pub(crate) fn wanted(visit: &Visit) -> Result<RoleName, Failure> {
    read(visit.asked.query.text("name"), "The role").map_err(|_| Failure::Missing)
}

/// An editor of a trust policy.
fn editor(visit: &Visit, text: &str) -> Editor {
    let limit = visit.asked.iam().settings().quotas.assume_role_policy_size;
    Editor::new("Trust policy, in JSON", DocumentKind::Trust, text, limit)
}

/// When a role was last used, as pages tell it.
fn used(visit: &Visit, role: &RoleShape) -> Option<When> {
    let at = role.role_last_used.as_ref()?.last_used_date?;
    Some(When::of(at, visit.asked.facts.now))
}

/// How lately a role was used, in words, where that is lately enough to be warned of.
fn lately(visit: &Visit, role: &RoleShape) -> Option<&'static str> {
    let at = role.role_last_used.as_ref()?.last_used_date?;
    within(visit.asked.facts.now.seconds_since(at))
}

/// In which time something lies that was so many seconds ago: a day, or a month, in which a month's job has run.
const fn within(seconds: i64) -> Option<&'static str> {
    if seconds <= DAY {
        Some("24 hours")
    } else if seconds <= MONTH {
        Some("30 days")
    } else {
        None
    }
}

struct Row {
    name: String,
    address: String,
    description: String,
    /// Whom it trusts.
    trusted: Vec<String>,
    /// When it was last used; `None` where that is not to be known.
    used: Option<Option<When>>,
    made: When,
}

impl Listing for ListRoles {
    type Row = RoleShape;

    fn at(&self, page: Paged) -> Self {
        Self {
            path_prefix: self.path_prefix.clone(),
            page,
        }
    }

    fn rows(output: Self::Output) -> (Vec<RoleShape>, PageEnd) {
        (output.roles, output.end)
    }
}

/// The address of the list that holds this in its names, in this order.
fn list_of(search: &str, order: Order<Plain>) -> String {
    let sort = order.word();
    asking("/console/roles", &[("search", search), ("sort", &sort)])
}

#[derive(Template)]
#[template(path = "roles.html")]
struct Roles {
    frame: Frame,
    search: String,
    sort: String,
    name: Heading,
    created: Heading,
    roles: Section<Row>,
    next: Option<String>,
    partly: bool,
}

async fn listed(visit: &Visit, wanted: &Wanted<Plain>) -> Result<Listed<RoleShape>, Fault> {
    let search = visit.asked.query.text("search");
    let address = list_of(search, wanted.order);
    let list = ListRoles {
        path_prefix: None,
        page: paged(None, ROWS)?,
    };
    if search.is_empty() && wanted.order == Order::USUAL {
        return wanted.page(visit, &list, &address).await;
    }
    let folded = text::fold(search);
    let fits = |role: &RoleShape| text::fold(&role.role_name).contains(&folded);
    let place = |by: Plain, role: &RoleShape| by.place(&role.role_name, role.create_date);
    wanted.cut(visit, &list, &address, fits, place).await
}

async fn found(visit: &Visit, wanted: &Wanted<Plain>) -> Result<Listed<Row>, Fault> {
    let listed = listed(visit, wanted).await?;
    let mut rows = Vec::with_capacity(listed.rows.len());
    for role in listed.rows {
        let get = GetRole {
            role_name: read(&role.role_name, "The role")?,
        };
        let got = visit.call(&get).await;
        rows.push(Row {
            address: address(&role.role_name),
            used: got.ok().map(|got| used(visit, &got.role)),
            made: When::of(role.create_date, visit.asked.facts.now),
            trusted: (role.assume_role_policy_document.as_ref())
                .map_or_else(Vec::new, |document| trusted::named(&document.0)),
            description: role.description.unwrap_or_default(),
            name: role.role_name,
        });
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
    let (roles, next, partly) = Listed::parts(found);
    let search = visit.asked.query.text("search");
    let list = |order| list_of(search, order);
    page(&Roles {
        frame: Frame::of(&visit, "Roles", "roles"),
        name: wanted.order.heading(Plain::Name, "Name", list),
        created: wanted.order.heading(Plain::Created, "Created", list),
        search: search.to_owned(),
        sort: wanted.order.word(),
        roles,
        next,
        partly,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_warned_of_for_a_day_and_for_thirty() {
        assert_eq!(
            (within(-1), within(DAY)),
            (Some("24 hours"), Some("24 hours"))
        );
        assert_eq!(
            (within(DAY + 1), within(MONTH)),
            (Some("30 days"), Some("30 days"))
        );
        assert_eq!(within(MONTH + 1), None);
    }
}
