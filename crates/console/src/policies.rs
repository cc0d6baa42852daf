//! Managed policies: AWS's and the account's own.

pub(crate) mod compare;
pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod policy;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::{ListPolicies, PolicyScope};
use claviger_iam::operation::shapes::PolicyShape;

use crate::answer::{Answer, page};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{next, paged};
use crate::view::{Frame, When, encode};

/// Rows of a page.
pub(crate) const ROWS: i32 = 50;
/// Rows that a search shows at the most.
const MOST_HITS: usize = 200;
/// Rows of a page of the list that a search goes through.
const SEARCHED: i32 = 1_000;

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

/// What a search found.
pub(crate) struct Found {
    pub(crate) policies: Vec<PolicyShape>,
    /// Whether there are more than are shown.
    pub(crate) more: bool,
}

/// The policies whose name holds what is searched for, without regard to case; those of the account first.
pub(crate) async fn search(
    visit: &Visit,
    scope: PolicyScope,
    only_attached: bool,
    wanted: &str,
    most: usize,
) -> Result<Found, Fault> {
    let wanted = wanted.to_lowercase();
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let list = ListPolicies {
            scope: Some(scope),
            only_attached: Some(only_attached),
            path_prefix: None,
            policy_usage_filter: None,
            page: paged(marker.as_deref(), SEARCHED)?,
        };
        let read = visit.call(&list).await?;
        for policy in read.policies {
            if !policy.policy_name.to_lowercase().contains(&wanted) {
                continue;
            }
            if found.len() == most {
                return Ok(Found {
                    policies: found,
                    more: true,
                });
            }
            found.push(policy);
        }
        marker = read.end.marker;
        if marker.is_none() {
            return Ok(Found {
                policies: found,
                more: false,
            });
        }
    }
}

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
    policies: Section<Row>,
    next: Option<String>,
    more: bool,
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

async fn list(visit: &Visit, next_page: &mut Option<String>) -> Result<Found, Fault> {
    let query = &visit.asked.query;
    let (scope, only_attached) = match query.text("type") {
        "own" => (PolicyScope::Local, false),
        "aws" => (PolicyScope::Aws, false),
        "used" => (PolicyScope::All, true),
        _ => (PolicyScope::All, false),
    };
    if let Some(wanted) = query.filled("search") {
        return search(visit, scope, only_attached, wanted, MOST_HITS).await;
    }
    let list = ListPolicies {
        scope: Some(scope),
        only_attached: Some(only_attached),
        path_prefix: None,
        policy_usage_filter: None,
        page: paged(query.filled("marker"), ROWS)?,
    };
    let read = visit.call(&list).await?;
    let first = format!("/console/policies?type={}", encode(query.text("type")));
    *next_page = next(&first, &read.end);
    Ok(Found {
        policies: read.policies,
        more: false,
    })
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let now = visit.asked.facts.now;
    let mut next = None;
    let found = list(&visit, &mut next).await;
    let more = found.as_ref().is_ok_and(|found| found.more);
    let row = |policy: PolicyShape| Row {
        address: address(policy.arn.as_str()),
        own: (!is_aws(policy.arn.as_str())).then(|| policy.arn.as_str().to_owned()),
        kind: kind(policy.arn.as_str()),
        uses: uses(&policy),
        edited: When::of(policy.update_date, now),
        name: policy.policy_name,
    };
    page(&Policies {
        frame: Frame::of(&visit, "Policies", "policies"),
        search: visit.asked.query.text("search").to_owned(),
        kind: visit.asked.query.text("type").to_owned(),
        policies: Section::of(found.map(|found| found.policies.into_iter().map(row).collect())),
        next,
        more,
    })
}
