//! The policies and the questions, in IAM's language and in Cedar's.

use anyhow::{Context as _, Result};
use claviger_policy::{
    Action, Context, Decision, Layer, Policy, Principal, PrincipalKind, Request, Resource,
};

const ACCOUNT: &str = "111122223333";
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// Policies, and what is asked of them.
pub(crate) struct Case {
    /// IAM documents, all attached to the caller.
    pub(crate) documents: Vec<String>,
    /// The same in Cedar's language.
    pub(crate) cedar: String,
    /// What is asked.
    pub(crate) questions: Vec<Question>,
}

impl Case {
    /// The documents, compiled.
    pub(crate) fn compile(&self) -> Result<Vec<Policy>> {
        self.documents
            .iter()
            .map(|document| Ok(Policy::compile(document)?))
            .collect()
    }
}

/// One request.
pub(crate) struct Question {
    pub(crate) what: &'static str,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) mfa: bool,
    pub(crate) answer: Decision,
    facts: Context,
}

impl Question {
    fn new(what: &'static str, action: &str, resource: &str, mfa: bool, answer: Decision) -> Self {
        let mut facts = Context::new();
        facts.insert("aws:username", "alice");
        facts.insert("aws:userid", "AIDACKCEVSQ6C2EXAMPLE");
        facts.insert("aws:PrincipalArn", ALICE);
        facts.insert("aws:PrincipalAccount", ACCOUNT);
        facts.insert("aws:PrincipalType", "User");
        facts.insert("aws:SecureTransport", true);
        facts.insert("aws:MultiFactorAuthPresent", mfa);
        Self {
            what,
            action: action.to_owned(),
            resource: resource.to_owned(),
            mfa,
            answer,
            facts,
        }
    }

    /// What is asked, in a line of a table.
    pub(crate) fn title(&self) -> String {
        let mfa = if self.mfa { "with" } else { "without" };
        format!("{} {mfa} MFA", self.what)
    }

    /// The request as Claviger gets it.
    pub(crate) fn request(&self) -> Result<Request<'_, Context>> {
        Ok(Request {
            principal: Principal::new(PrincipalKind::User, ALICE, Some(ACCOUNT)),
            action: Action::new(&self.action).context("an action")?,
            resource: Resource {
                arn: &self.resource,
                account: Some(ACCOUNT),
            },
            facts: &self.facts,
        })
    }
}

/// AmazonEC2FullAccess and the self-manage policy that denies without MFA.
pub(crate) fn tutorial() -> Result<Case> {
    let managed = include_str!("../../../crates/iam/src/aws_managed/policies.json");
    let managed: serde_json::Value = serde_json::from_str(managed)?;
    let ec2 = managed
        .as_array()
        .into_iter()
        .flatten()
        .find(|policy| {
            policy
                .get("name")
                .is_some_and(|name| name == "AmazonEC2FullAccess")
        })
        .and_then(|policy| policy.get("document"))
        .context("AmazonEC2FullAccess is not among the managed policies")?;
    let force_mfa = include_str!("../../../tests/aws/force_mfa.json");
    let (ec2_denied, ec2_allowed) = (Decision::ExplicitDeny(Layer::Identity), Decision::Allow);
    Ok(Case {
        documents: vec![ec2.to_string(), force_mfa.to_owned()],
        cedar: include_str!("tutorial.cedar").to_owned(),
        questions: vec![
            Question::new(
                "ec2:DescribeInstances",
                "ec2:DescribeInstances",
                "*",
                false,
                ec2_denied,
            ),
            Question::new(
                "ec2:DescribeInstances",
                "ec2:DescribeInstances",
                "*",
                true,
                ec2_allowed,
            ),
            Question::new(
                "own iam:ListAccessKeys",
                "iam:ListAccessKeys",
                ALICE,
                true,
                Decision::Allow,
            ),
            Question::new(
                "iam:ListUsers",
                "iam:ListUsers",
                "arn:aws:iam::111122223333:user/",
                true,
                Decision::ImplicitDeny(Layer::Identity),
            ),
        ],
    })
}

/// Statements on one action and a bucket each; the request is for the last bucket.
pub(crate) fn last_of(count: usize) -> Case {
    let last = format!("arn:aws:s3:::bucket-{}/report.csv", count - 1);
    Case {
        questions: vec![Question::new(
            "s3:GetObject",
            "s3:GetObject",
            &last,
            true,
            Decision::Allow,
        )],
        ..by_bucket(count)
    }
}

/// Statements on one action and a bucket each; the request is for another bucket.
pub(crate) fn none_by_resource(count: usize) -> Case {
    let elsewhere = "arn:aws:s3:::bucket-elsewhere/report.csv";
    let denied = Decision::ImplicitDeny(Layer::Identity);
    Case {
        questions: vec![Question::new(
            "s3:GetObject",
            "s3:GetObject",
            elsewhere,
            true,
            denied,
        )],
        ..by_bucket(count)
    }
}

fn by_bucket(count: usize) -> Case {
    case(count, |_| "s3:GetObject".to_owned())
}

/// Statements on an action and a bucket each; the request is for another action on the first bucket.
pub(crate) fn none_by_action(count: usize) -> Case {
    let denied = Decision::ImplicitDeny(Layer::Identity);
    Case {
        questions: vec![Question::new(
            "s3:GetObject",
            "s3:GetObject",
            "arn:aws:s3:::bucket-0/report.csv",
            true,
            denied,
        )],
        // Most share the service of the request, so that an index by service alone would not do.
        ..case(count, |number| match number % 4 {
            0 => format!("ec2:Describe{number}"),
            _ => format!("s3:Operation{number}"),
        })
    }
}

fn case(count: usize, action: impl Fn(usize) -> String) -> Case {
    let mut statements = Vec::new();
    let mut cedar = String::new();
    for number in 0..count {
        let action = action(number);
        statements.push(serde_json::json!({
            "Effect": "Allow",
            "Action": action,
            "Resource": format!("arn:aws:s3:::bucket-{number}/*"),
        }));
        cedar.push_str(&format!(
            "permit(principal, action == Action::\"{action}\", resource in Bucket::\"bucket-{number}\");\n"
        ));
    }
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
    Case {
        documents: vec![document.to_string()],
        cedar,
        questions: Vec::new(),
    }
}
