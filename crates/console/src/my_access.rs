//! My access: what this very session may do, decided live, with the statement that decides.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::own_access::{
    AccessDecision, AccessLayer, ExplainOwnAccess, ExplainOwnAccessOutput,
};
use claviger_model::Code;

use crate::answer::{Answer, page};
use crate::door::Visit;
use crate::view::{Frame, encode, fault_text};

/// Actions that tell at a glance where somebody stands, each with what it is for.
const GLANCE: &[(&str, &str)] = &[
    ("iam:ChangePassword", "Change a password"),
    ("iam:ListUsers", "See the users of the account"),
    ("iam:CreateUser", "Create users"),
    ("iam:CreateAccessKey", "Create access keys"),
    ("iam:CreatePolicy", "Create policies"),
    ("iam:ListRoles", "See the roles of the account"),
    ("sts:AssumeRole", "Take on roles"),
    ("cloudtrail:LookupEvents", "See what happened"),
    ("ec2:DescribeInstances", "See virtual machines"),
    ("s3:ListAllMyBuckets", "See buckets"),
];

/// An answer.
struct Verdict {
    action: String,
    address: String,
    what: &'static str,
    allowed: bool,
    word: &'static str,
    reasons: Vec<String>,
    missing: Vec<String>,
}

#[derive(Template)]
#[template(path = "my_access.html")]
struct MyAccess {
    frame: Frame,
    action: String,
    resource: String,
    error: Option<String>,
    verdict: Option<Verdict>,
    glance: Vec<Verdict>,
    mfa: bool,
}

async fn explain(
    visit: &Visit,
    action: &str,
    resource: &str,
) -> Result<ExplainOwnAccessOutput, Fault> {
    let unreadable = |what: &str| {
        Fault::new(
            Code::InvalidInput,
            format!("`{what}` is too long, or too short."),
        )
    };
    let explain = ExplainOwnAccess {
        action_name: claviger_model::Scalar::parse(action).map_err(|_| unreadable(action))?,
        resource_arn: match resource {
            "" | "*" => None,
            resource => {
                Some(claviger_model::Scalar::parse(resource).map_err(|_| unreadable(resource))?)
            }
        },
    };
    visit.call(&explain).await
}

fn layer(layer: AccessLayer) -> &'static str {
    match layer {
        AccessLayer::Identity => "policy",
        AccessLayer::Boundary => "permissions boundary",
        AccessLayer::Session => "session policy",
        AccessLayer::ServiceControl => "service control policy",
        AccessLayer::ResourceControl => "resource control policy",
        AccessLayer::Resource => "policy on the resource",
    }
}

fn verdict(action: &str, what: &'static str, explained: ExplainOwnAccessOutput) -> Verdict {
    let (allowed, word) = match explained.decision {
        AccessDecision::Allowed => (true, "Allowed"),
        AccessDecision::ExplicitDeny => (false, "Denied"),
        AccessDecision::ImplicitDeny => (false, "Not allowed"),
    };
    let mut reasons: Vec<String> = explained
        .statements
        .into_iter()
        .map(|statement| {
            let name = statement.sid.map_or_else(
                || format!("number {}", statement.number),
                |sid| format!("“{sid}”"),
            );
            let verb = if allowed { "allows" } else { "denies" };
            format!(
                "Statement {name} of the {} {} {verb} it.",
                layer(statement.layer),
                statement.policy
            )
        })
        .collect();
    if reasons.is_empty() {
        reasons.push(match (allowed, explained.decided_by) {
            (true, _) => String::from("Nothing forbids it, and who signs in as root needs no permission; or the account allows it to everybody."),
            (false, Some(by)) => format!("No {} allows it.", layer(by)),
            (false, None) => String::from("Nothing allows it."),
        });
    }
    Verdict {
        action: action.to_owned(),
        address: encode(action),
        what,
        allowed,
        word,
        reasons,
        missing: explained.missing_context_values,
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let (action, resource) = (
        visit.asked.query.text("action").to_owned(),
        visit.asked.query.text("resource").to_owned(),
    );
    let mut glance = Vec::new();
    for (action, what) in GLANCE {
        glance.push(verdict(action, what, explain(&visit, action, "*").await?));
    }
    let (mut error, mut asked) = (None, None);
    if !action.is_empty() {
        match explain(&visit, &action, &resource).await {
            Ok(explained) => asked = Some(verdict(&action, "", explained)),
            Err(fault) if fault.code() == Code::InvalidInput => error = Some(fault_text(&fault)),
            Err(fault) => return Err(fault.into()),
        }
    }
    page(&MyAccess {
        frame: Frame::of(&visit, "My access", "access"),
        action,
        resource,
        error,
        verdict: asked,
        glance,
        mfa: visit.at.session().mfa.is_some(),
    })
}
