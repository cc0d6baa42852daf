//! Managed policies: AWS's and the account's own.

pub(crate) mod compare;
pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod policy;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::{ListPolicies, PolicyScope};
use claviger_iam::operation::page::{PageEnd, Paged};
use claviger_iam::operation::shapes::PolicyShape;
use claviger_model::text;

use crate::answer::{Answer, page};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::paged;
use crate::listing::{Listed, Listing, MOST_SORTED, Wanted, gather};
use crate::order::{Heading, Key, Order};
use crate::view::{Frame, When, asking, encode};

/// Rows of a page.
pub(crate) const ROWS: i32 = 50;
/// Where the page of a policy is.
pub(crate) fn address(arn: &str) -> String {
    format!("/console/policy?arn={}", encode(arn))
}

/// Whether a resource name is that of one of AWS's policies.
pub(crate) fn is_aws(arn: &str) -> bool {
    arn.starts_with("arn:aws:iam::aws:")
}

/// What kind a policy is of.
pub(crate) fn kind(arn: &str) -> &'static str {
    match is_aws(arn) {
        true if arn.contains(":policy/job-function/") => "AWS managed, job function",
        true => "AWS managed",
        false => "Customer managed",
    }
}

impl Listing for ListPolicies {
    type Row = PolicyShape;

    fn at(&self, page: Paged) -> Self {
        Self {
            scope: self.scope,
            only_attached: self.only_attached,
            path_prefix: self.path_prefix.clone(),
            policy_usage_filter: self.policy_usage_filter,
            page,
        }
    }

    fn rows(output: Self::Output) -> (Vec<PolicyShape>, PageEnd) {
        (output.policies, output.end)
    }
}

/// The operation that lists the policies of a scope.
fn all(scope: PolicyScope, only_attached: bool) -> Result<ListPolicies, Fault> {
    Ok(ListPolicies {
        scope: Some(scope),
        only_attached: Some(only_attached),
        path_prefix: None,
        policy_usage_filter: None,
        page: paged(None, ROWS)?,
    })
}

/// Whether the name of a policy holds what is searched for, which is folded.
fn holds(policy: &PolicyShape, folded: &str) -> bool {
    text::fold(&policy.policy_name).contains(folded)
}

/// The policies whose name holds what is searched for, up to so many, and whether there are more; those of the account first.
pub(crate) async fn search(
    visit: &Visit,
    scope: PolicyScope,
    wanted: &str,
    most: usize,
) -> Result<(Vec<PolicyShape>, bool), Fault> {
    let folded = text::fold(wanted);
    let list = all(scope, false)?;
    gather(visit, &list, most, |policy| holds(policy, &folded)).await
}

/// What the list can be put in order by.
#[derive(Clone, Copy, PartialEq, Debug)]
enum By {
    /// The account's own by name, then AWS's by path and name.
    Owner,
    Name,
    Kind,
    Uses,
    Edited,
}

impl By {
    /// Where a policy stands.
    fn place(self, policy: &PolicyShape) -> (i64, &'static str, String) {
        let (at, kind) = match self {
            Self::Owner | Self::Name => (0, ""),
            Self::Kind => (0, kind(policy.arn.as_str())),
            Self::Uses => {
                let bounding = policy.permissions_boundary_usage_count;
                (i64::from(policy.attachment_count) + i64::from(bounding), "")
            }
            Self::Edited => (policy.update_date.micros(), ""),
        };
        (at, kind, text::fold(&policy.policy_name))
    }
}

impl Key for By {
    const USUAL: Self = Self::Owner;

    fn word(self) -> Option<&'static str> {
        match self {
            Self::Owner => None,
            Self::Name => Some("name"),
            Self::Kind => Some("type"),
            Self::Uses => Some("used"),
            Self::Edited => Some("edited"),
        }
    }

    fn of(word: &str) -> Option<Self> {
        let keys = [Self::Name, Self::Kind, Self::Uses, Self::Edited];
        keys.into_iter().find(|key| key.word() == Some(word))
    }

    fn falls(self) -> bool {
        matches!(self, Self::Uses | Self::Edited)
    }
}

/// The columns, each of which the list can be put in order by.
const COLUMNS: [(By, &str); 4] = [
    (By::Name, "Name"),
    (By::Kind, "Type"),
    (By::Uses, "Used as"),
    (By::Edited, "Edited"),
];

struct Row {
    name: String,
    address: String,
    /// Its resource name, where it is the account's own to delete.
    own: Option<String>,
    kind: &'static str,
    uses: String,
    edited: When,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct Policies {
    frame: Frame,
    search: String,
    kind: String,
    sort: String,
    headings: Vec<Heading>,
    policies: Section<Row>,
    next: Option<String>,
    partly: bool,
}

/// What a policy is used for.
fn uses(policy: &PolicyShape) -> String {
    let attached = match policy.attachment_count {
        0 => None,
        1 => Some(String::from("Attached once")),
        count => Some(format!("Attached {count} times")),
    };
    let bounding = match policy.permissions_boundary_usage_count {
        0 => None,
        1 => Some(String::from("boundary of 1")),
        count => Some(format!("boundary of {count}")),
    };
    match (attached, bounding) {
        (None, None) => String::from("Not used"),
        (None, Some(bounding)) => bounding.replacen('b', "B", 1),
        (Some(attached), None) => attached,
        (Some(attached), Some(bounding)) => format!("{attached}, {bounding}"),
    }
}

/// The address of the list of this type that holds this in its names, in this order.
fn list_of(search: &str, kind: &str, order: Order<By>) -> String {
    let sort = order.word();
    let parts = [("search", search), ("type", kind), ("sort", &sort)];
    asking("/console/policies", &parts)
}

async fn listed(visit: &Visit, wanted: &Wanted<By>) -> Result<Listed<PolicyShape>, Fault> {
    let query = &visit.asked.query;
    let (search, kind) = (query.text("search"), query.text("type"));
    let list = match kind {
        "own" => all(PolicyScope::Local, false)?,
        "aws" => all(PolicyScope::Aws, false)?,
        "used" => all(PolicyScope::All, true)?,
        _ => all(PolicyScope::All, false)?,
    };
    let address = list_of(search, kind, wanted.order);
    if search.is_empty() && wanted.order == Order::USUAL {
        return wanted.page(visit, &list, &address).await;
    }
    let folded = text::fold(search);
    let fits = |policy: &PolicyShape| holds(policy, &folded);
    wanted.cut(visit, &list, &address, fits, By::place).await
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let now = visit.asked.facts.now;
    let wanted = Wanted::of(&visit, ROWS);
    let listed = listed(&visit, &wanted).await;
    let (policies, next, partly) = Listed::parts(listed);
    let row = |policy: PolicyShape| Row {
        address: address(policy.arn.as_str()),
        own: (!is_aws(policy.arn.as_str())).then(|| policy.arn.as_str().to_owned()),
        kind: kind(policy.arn.as_str()),
        uses: uses(&policy),
        edited: When::of(policy.update_date, now),
        name: policy.policy_name,
    };
    let query = &visit.asked.query;
    let (search, kind) = (query.text("search"), query.text("type"));
    let heading = |(by, label)| {
        let list = |order| list_of(search, kind, order);
        wanted.order.heading(by, label, list)
    };
    page(&Policies {
        frame: Frame::of(&visit, "Policies", "policies"),
        search: search.to_owned(),
        kind: kind.to_owned(),
        sort: wanted.order.word(),
        headings: COLUMNS.iter().copied().map(heading).collect(),
        policies: match policies {
            Section::Rows(rows) => Section::Rows(rows.into_iter().map(row).collect()),
            Section::Refused(why) => Section::Refused(why),
        },
        next,
        partly,
    })
}
