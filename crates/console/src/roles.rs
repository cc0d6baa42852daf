//! Roles.

pub(crate) mod boundary;
pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod new;
pub(crate) mod role;
pub(crate) mod trusted;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::policy_checks::DocumentKind;
use claviger_iam::operation::roles::{GetRole, ListRoles};
use claviger_iam::operation::shapes::RoleShape;
use claviger_model::name::RoleName;

use crate::answer::{Answer, Failure, page};
use crate::credentials::Section;
use crate::documents::editor::Editor;
use crate::door::Visit;
use crate::field::{next, paged, read};
use crate::view::{Frame, When, encode};

/// Rows of a page.
const ROWS: i32 = 50;
/// Rows of a page of the list that a search goes through.
const SEARCHED: i32 = 1_000;

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

#[derive(Template)]
#[template(path = "roles.html")]
struct Roles {
    frame: Frame,
    search: String,
    roles: Section<Row>,
    next: Option<String>,
}

async fn listed(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<RoleShape>, Fault> {
    let query = &visit.asked.query;
    let Some(wanted) = query.filled("search") else {
        let list = ListRoles {
            path_prefix: None,
            page: paged(query.filled("marker"), ROWS)?,
        };
        let read = visit.call(&list).await?;
        *next_page = next("/console/roles", &read.end);
        return Ok(read.roles);
    };
    let most = usize::try_from(ROWS).unwrap_or(1);
    let folded = wanted.to_lowercase();
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let list = ListRoles {
            path_prefix: None,
            page: paged(marker.as_deref(), SEARCHED)?,
        };
        let read = visit.call(&list).await?;
        let hits = read.roles.into_iter();
        found.extend(hits.filter(|role| role.role_name.to_lowercase().contains(&folded)));
        marker = read.end.marker;
        if marker.is_none() || found.len() >= most {
            found.truncate(most);
            return Ok(found);
        }
    }
}

async fn rows(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    for role in listed(visit, next_page).await? {
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
    Ok(rows)
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let mut next = None;
    let roles = Section::of(rows(&visit, &mut next).await);
    page(&Roles {
        frame: Frame::of(&visit, "Roles", "roles"),
        search: visit.asked.query.text("search").to_owned(),
        roles,
        next,
    })
}
