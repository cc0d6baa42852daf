//! Users: their list, with what an administrator looks for first, a search by name or access key ID, and what can be done with
//! several of them.

mod access;
pub(crate) mod actions;
pub(crate) mod boundary;
mod columns;
pub(crate) mod console_access;
mod credentials;
pub(crate) mod delete;
pub(crate) mod detail;
mod first_sign_in;
pub(crate) mod inline;
mod list;
pub(crate) mod login_protection;
pub(crate) mod new;
pub(crate) mod password_reset;
pub(crate) mod pick;
pub(crate) mod removal;
pub(crate) mod rename;
pub(crate) mod resync;
pub(crate) mod security;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::account::GetAccountSummary;
use claviger_iam::operation::page::{Marker, Paged};
use claviger_iam::operation::shapes::UserShape;
use claviger_model::name::{ExistingUserName, UserName};
use claviger_model::scalar::Bounded;
use claviger_model::{Code, Scalar, text};

use self::columns::{By, Column};
use self::list::{CHOICES, Cell, Row, Wanted};
use crate::answer::{Answer, Failure, go, page, with_cookies};
use crate::cookies::Cookie;
use crate::credentials::Section;
use crate::door::Visit;
use crate::form::Form;
use crate::home::OLD_KEY_DAYS;
use crate::order::{Heading, Order};
use crate::view::{Frame, asking, encode, fault_text};

/// Users of one page of the list.
const ROWS: usize = 50;
/// Users that are read at once at the most while a name is looked for.
const MOST_READ: usize = 1_000;

/// The part of the console that these pages belong to.
pub(crate) const HERE: &str = "users";

/// The user of an address, for operations that take names as long as they were ever allowed.
fn user_of(visit: &Visit) -> Result<ExistingUserName, Failure> {
    ExistingUserName::parse(visit.asked.param("name")).map_err(|_| Failure::Missing)
}

/// The same user, for operations that take no name longer than one can be.
pub(crate) fn short(name: &ExistingUserName) -> Result<UserName, Fault> {
    UserName::parse(name.as_str())
        .map_err(|_| Fault::new(Code::NoSuchEntity, "There is no such user."))
}

/// Whoever changes how they sign in themselves has to prove first to be there.
pub(crate) fn be_fresh_for(visit: &Visit, name: &str) -> Result<(), Failure> {
    let own = visit
        .user_name()
        .is_some_and(|own| text::fold(own) == text::fold(name));
    if own { visit.must_be_fresh() } else { Ok(()) }
}

/// Where a user's pages are.
pub(crate) fn address_of(name: &str) -> String {
    format!("/console/users/{}", encode(name))
}

/// The longest page that a list gives.
pub(crate) fn whole() -> Paged {
    pages_of(MOST_READ, None)
}

fn pages_of(rows: usize, marker: Option<Marker>) -> Paged {
    Paged {
        marker,
        max_items: Bounded::parse(&rows.to_string()).ok(),
    }
}

/// A column that can be chosen.
struct Choice {
    word: &'static str,
    label: &'static str,
    shown: bool,
}

#[derive(Template)]
#[template(path = "users.html")]
struct Users {
    frame: Frame,
    search: String,
    show: String,
    order: Order<By>,
    /// How many there are in all, where that may be known.
    total: Option<i32>,
    name: Heading,
    headings: Vec<Heading>,
    choices: Vec<Choice>,
    rows: Section<Row>,
    /// Why they are in no order but that of their names.
    plain: Option<String>,
    first: Option<String>,
    /// The address of what follows.
    next: Option<String>,
}

/// The list in this order, with the same search and choice.
fn list_of(search: &str, show: &str, order: Order<By>) -> String {
    let sort = order.word();
    asking(
        "/console/users",
        &[("search", search), ("show", show), ("sort", &sort)],
    )
}

fn name_of(user: &UserShape) -> &str {
    user.user_name.as_deref().unwrap_or_default()
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let query = &visit.asked.query;
    let (search, show) = (query.text("search"), query.text("show"));
    let order = Order::of(query.text("sort"));
    let columns = Column::chosen(&visit);
    let wanted = Wanted {
        search,
        show,
        order,
        columns: &columns,
    };
    let (rows, next, plain) = match list::find(&visit, &wanted).await {
        Ok(found) => (Ok(found.rows), found.next, found.plain),
        Err(fault) => (Err(fault), None, None),
    };
    let heading = |by: By| {
        let label = by.map_or("User name", Column::label);
        order.heading(by, label, |order| list_of(search, show, order))
    };
    let here = list_of(search, show, order);
    let summary = visit.call(&GetAccountSummary {}).await.ok();
    page(&Users {
        frame: Frame::of(&visit, "Users", HERE),
        total: summary.and_then(|summary| summary.summary_map.get("Users").copied()),
        name: heading(None),
        headings: columns
            .iter()
            .map(|column| heading(Some(*column)))
            .collect(),
        choices: Column::ALL
            .into_iter()
            .map(|column| Choice {
                word: column.word(),
                label: column.label(),
                shown: columns.contains(&column),
            })
            .collect(),
        rows: Section::of(rows),
        plain: plain.as_ref().map(fault_text),
        next: next.map(|next| asking(&here, &[("marker", &next)])),
        first: query.ticked("marker").then_some(here),
        search: search.to_owned(),
        show: show.to_owned(),
        order,
    })
}

/// Goes on with the users that are ticked, or keeps which columns are to be shown.
pub(crate) async fn choose(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let to = match form.text("do") {
        "columns" => return keep_columns(&visit),
        "delete" => "~delete",
        word @ ("keys-off" | "demand-mfa" | "console-off") => return go(&together(word, form)),
        _ => "~groups",
    };
    let names: Vec<String> = form
        .all("user")
        .map(|name| format!("user={}", encode(name)))
        .collect();
    if names.is_empty() {
        return go("/console/users?done=none-chosen");
    }
    go(&format!("/console/users/{to}?{}", names.join("&")))
}

/// Where something is done with all who are ticked.
fn together(word: &str, form: &Form) -> String {
    let items: Vec<String> = form
        .all("user")
        .map(|name| format!("&item={}", encode(name)))
        .collect();
    format!("/console/bulk?do={word}{}", items.concat())
}

/// Keeps which columns are to be shown, in this browser.
fn keep_columns(visit: &Visit) -> Answer {
    let form = &visit.asked.form;
    let columns = Column::of_words(form.all("column"));
    let kept = Column::kept(&columns);
    let order = Order::of(form.text("sort"));
    let answer = go(&list_of(form.text("search"), form.text("show"), order))?;
    Ok(with_cookies(
        answer,
        [visit.asked.set(Cookie::Columns, &kept)],
    ))
}
