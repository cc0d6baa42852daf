//! One decision a line: JSON in, JSON out (`claviger policy decide`).
//!
//! A line is one object: `id`, `principal` (`arn`, `account`, `type`, `tags`), `action`, `resource` (`arn`, `account`, `tags`),
//! `context` (key → text, or list of texts for a multivalued key), `identity_policies`, and optionally `permissions_boundary`,
//! `session_policies`, `scps`, `rcps` (levels, root first), `resource_policy`. Policies are objects, not texts.
//!
//! `context` is the whole request context: nothing is added to it. Tags of principal and resource are therefore
//! for the reader alone. A policy on a role, for an action of STS, is its trust policy; one on a KMS key is a key policy; both must name the caller.

use serde_json::{Value as Out, json};

use crate::decision::{Decision, Layer};
use crate::evaluate::decide;
use crate::facts::Context;
use crate::json::{self, Json, MAX_DEPTH, Member, Node};
use crate::layers::{Layers, PolicyRef, ResourceRule};
use crate::policy::{Effect, Policy};
use crate::recorder::{Explanation, Matched};
use crate::request::{Action, Principal, PrincipalKind, Request, Resource};

/// Decides one line and answers one line, without a line feed: `{"id", "decision", "statements"}`, or `{"id", "error"}` for a line that
/// cannot be read. Never panics.
#[must_use]
pub fn decide_line(line: &str) -> String {
    // The deepest document of a policy list stands three levels down.
    let root = match json::parse(line, MAX_DEPTH + 4) {
        Ok(root) => root,
        Err(error) => return json!({"id": null, "error": error.to_string()}).to_string(),
    };
    let members = root.as_object().unwrap_or_default();
    let id = json::member(members, "id").map_or(Out::Null, to_out);
    match answer(line, &root) {
        Ok((decision, statements)) => {
            json!({"id": id, "decision": decision, "statements": statements}).to_string()
        }
        Err(error) => json!({"id": id, "error": error}).to_string(),
    }
}

fn to_out(node: &Node) -> Out {
    match &node.value {
        Json::Text(text) => Out::from(&**text),
        Json::Number(text) => serde_json::from_str(text).unwrap_or(Out::Null),
        Json::Bool(truth) => Out::from(*truth),
        Json::Null | Json::Array(_) | Json::Object(_) => Out::Null,
    }
}

const FIELDS: &[&str] = &[
    "id",
    "principal",
    "action",
    "resource",
    "context",
    "identity_policies",
    "permissions_boundary",
    "session_policies",
    "scps",
    "rcps",
    "resource_policy",
];

/// Words that give away a misspelt field. Dropping such a field silently could drop a guard.
const GUARDS: &[&str] = &[
    "polic",
    "bound",
    "scp",
    "rcp",
    "session",
    "principal",
    "context",
    "condition",
];

type Fields<'a> = &'a [Member];

fn object<'a>(fields: Fields<'a>, name: &str) -> Result<Fields<'a>, String> {
    json::member(fields, name)
        .and_then(Node::as_object)
        .ok_or_else(|| format!("`{name}` must be an object"))
}

/// A field that is there and not null.
fn given<'a>(fields: Fields<'a>, name: &str) -> Option<&'a Node> {
    json::member(fields, name).filter(|node| node.value != Json::Null)
}

fn text<'a>(fields: Fields<'a>, name: &str) -> Result<&'a str, String> {
    json::member(fields, name)
        .and_then(Node::as_text)
        .ok_or_else(|| format!("`{name}` must be a text"))
}

fn optional_text<'a>(fields: Fields<'a>, name: &str) -> Result<Option<&'a str>, String> {
    given(fields, name)
        .map(|node| {
            node.as_text()
                .ok_or_else(|| format!("`{name}` must be a text or null"))
        })
        .transpose()
}

fn list<'a>(node: &'a Node, name: &str) -> Result<&'a [Node], String> {
    match &node.value {
        Json::Array(nodes) => Ok(nodes),
        _ => Err(format!("`{name}` must be a list")),
    }
}

fn policy(line: &str, node: &Node, name: &str) -> Result<Policy, String> {
    if node.as_object().is_none() {
        return Err(format!("`{name}` must hold policies as objects"));
    }
    let document = line.get(node.span.clone()).unwrap_or_default();
    Policy::compile(document).map_err(|error| format!("`{name}`: {error}"))
}

fn policies(line: &str, node: &Node, name: &str) -> Result<Vec<Policy>, String> {
    list(node, name)?
        .iter()
        .map(|node| policy(line, node, name))
        .collect()
}

fn levels(line: &str, fields: Fields<'_>, name: &str) -> Result<Option<Vec<Vec<Policy>>>, String> {
    given(fields, name)
        .map(|node| {
            list(node, name)?
                .iter()
                .map(|level| policies(line, level, name))
                .collect()
        })
        .transpose()
}

fn references(policies: &[Policy]) -> Vec<PolicyRef<'_>> {
    policies.iter().map(PolicyRef::from).collect()
}

fn kind(name: &str) -> Option<PrincipalKind> {
    Some(match name {
        "User" => PrincipalKind::User,
        "Role" => PrincipalKind::Role,
        "AssumedRole" => PrincipalKind::AssumedRole,
        "FederatedUser" => PrincipalKind::FederatedUser,
        "Account" => PrincipalKind::Account,
        "Service" => PrincipalKind::Service,
        "Federated" => PrincipalKind::Federated,
        "Anonymous" => PrincipalKind::Anonymous,
        _ => return None,
    })
}

fn principal(fields: Fields<'_>) -> Result<Principal<'_>, String> {
    let fields = object(fields, "principal")?;
    let kind_name = text(fields, "type")?;
    let kind = kind(kind_name).ok_or_else(|| format!("unknown principal type `{kind_name}`"))?;
    let arn = optional_text(fields, "arn")?;
    let account = optional_text(fields, "account")?;
    let has_account = !matches!(
        kind,
        PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous
    );
    if has_account && account.is_none() {
        return Err("`account` of the principal must be given".to_owned());
    }
    let arn = match (kind, arn) {
        (PrincipalKind::Anonymous, _) => "",
        (_, Some(arn)) => arn,
        (_, None) => return Err("`arn` of the principal must be given".to_owned()),
    };
    Ok(Principal::new(kind, arn, account))
}

fn resource<'a>(fields: Fields<'a>) -> Result<Resource<'a>, String> {
    let fields = object(fields, "resource")?;
    let arn = text(fields, "arn")?;
    let account = optional_text(fields, "account")?.filter(|account| !account.is_empty());
    if arn == "*" {
        return Ok(Resource { arn, account });
    }
    let parts = claviger_model::arn::split(arn)
        .ok_or_else(|| format!("`{arn}` is neither a resource name nor `*`"))?;
    let account = account
        .or_else(|| crate::principal::is_account_id(parts.account).then_some(parts.account))
        .ok_or("`account` of the resource must be given")?;
    Ok(Resource {
        arn,
        account: Some(account),
    })
}

fn context(fields: Fields<'_>) -> Result<Context, String> {
    let mut context = Context::new();
    let Some(node) = given(fields, "context") else {
        return Ok(context);
    };
    let entries = node.as_object().ok_or("`context` must be an object")?;
    for entry in entries {
        let wrong = || format!("`{}` must be a text or a list of texts", entry.name);
        let repeated = match &entry.node.value {
            Json::Array(nodes) => {
                let values: Vec<&str> = nodes
                    .iter()
                    .map(crate::condition::scalar_text)
                    .collect::<Option<_>>()
                    .ok_or_else(wrong)?;
                context.insert_list(&entry.name, values)
            }
            _ => {
                let value = crate::condition::scalar_text(&entry.node).ok_or_else(wrong)?;
                context.insert(&entry.name, value)
            }
        };
        if repeated {
            return Err(format!("`{}` stands twice in `context`", entry.name));
        }
    }
    Ok(context)
}

fn rule(action: &Action<'_>, arn: &str) -> ResourceRule {
    let Some(parts) = claviger_model::arn::split(arn) else {
        return ResourceRule::Ordinary;
    };
    let service = |name: &str| {
        action
            .folded()
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(':'))
    };
    match parts.service {
        "iam" if service("sts") && parts.resource.starts_with("role/") => ResourceRule::Trust,
        "kms" if service("kms") && parts.resource.starts_with("key/") => ResourceRule::Key,
        _ => ResourceRule::Ordinary,
    }
}

fn answer(line: &str, root: &Node) -> Result<(&'static str, Vec<Out>), String> {
    let fields = root.as_object().ok_or("a line must be an object")?;
    for field in fields {
        let folded = field.name.to_ascii_lowercase();
        if !FIELDS.contains(&&*field.name) && GUARDS.iter().any(|guard| folded.contains(guard)) {
            return Err(format!("unknown field `{}`", field.name));
        }
    }
    let principal = principal(fields)?;
    let action = text(fields, "action")?;
    let action = Action::new(action).ok_or_else(|| format!("`{action}` is no action"))?;
    let resource = resource(fields)?;
    let context = context(fields)?;

    let identity = match given(fields, "identity_policies") {
        Some(node) => policies(line, node, "identity_policies")?,
        None => Vec::new(),
    };
    let one = |name: &str| {
        given(fields, name)
            .map(|node| policy(line, node, name))
            .transpose()
    };
    let boundary = one("permissions_boundary")?;
    let resource_policy = one("resource_policy")?;
    let session = given(fields, "session_policies")
        .map(|node| policies(line, node, "session_policies"))
        .transpose()?;
    let scps = levels(line, fields, "scps")?;
    let rcps = levels(line, fields, "rcps")?;

    let identity = references(&identity);
    let session = session.as_deref().map(references);
    let scps: Option<Vec<Vec<PolicyRef<'_>>>> = scps
        .as_ref()
        .map(|levels| levels.iter().map(|level| references(level)).collect());
    let scps: Option<Vec<&[PolicyRef<'_>]>> = scps
        .as_ref()
        .map(|levels| levels.iter().map(Vec::as_slice).collect());
    let rcps: Option<Vec<Vec<PolicyRef<'_>>>> = rcps
        .as_ref()
        .map(|levels| levels.iter().map(|level| references(level)).collect());
    let rcps: Option<Vec<&[PolicyRef<'_>]>> = rcps
        .as_ref()
        .map(|levels| levels.iter().map(Vec::as_slice).collect());
    let layers = Layers {
        identity: &identity,
        boundary: boundary.as_ref().map(PolicyRef::from),
        session: session.as_deref(),
        scps: scps.as_deref(),
        rcps: rcps.as_deref(),
        resource: resource_policy.as_ref().map(PolicyRef::from),
        resource_rule: rule(&action, resource.arn),
    };
    let request = Request {
        principal,
        action,
        resource,
        facts: &context,
    };
    let mut explanation = Explanation::new();
    let decision = decide(&request, &layers, &mut explanation);
    let name = match decision {
        Decision::Allow => "allow",
        Decision::ExplicitDeny(_) | Decision::TooComplex(_) => "explicit_deny",
        Decision::ImplicitDeny(_) => "implicit_deny",
    };
    Ok((name, explanation.deciding().map(statement).collect()))
}

fn statement(matched: &Matched) -> Out {
    let place = matched.place;
    let (layer, number) = (place.layer, place.policy);
    let policy = match layer {
        Layer::Identity => format!("identity_policies[{number}]"),
        Layer::Session => format!("session_policies[{number}]"),
        Layer::Boundary => "permissions_boundary".to_owned(),
        Layer::Resource => "resource_policy".to_owned(),
        Layer::Scp => format!("scps[{}][{number}]", place.level),
        Layer::Rcp => format!("rcps[{}][{number}]", place.level),
    };
    let effect = match matched.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    let position =
        |at: crate::json::Position| json!({"line": at.line, "column": at.simulator_column()});
    json!({
        "policy": policy,
        "index": place.statement,
        "sid": matched.sid,
        "effect": effect,
        "start": position(matched.start),
        "end": position(matched.end),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lint::{Grammar, Severity, check};

    const LINE: &str = r#"{"id":"a","principal":{"arn":"arn:aws:iam::111122223333:user/u","account":"111122223333","type":"User"},"action":"s3:GetObject","resource":{"arn":"arn:aws:s3:::b","account":"111122223333"},"context":{"k":["v"]},"identity_policies":[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:s3:::${k, 'x'}*","Condition":{"ForAllValues:StringLike":{"k":"v?"},"DateLessThan":{"d":"2026-01-01T00:00:00+01:00"},"IpAddress":{"i":"::1/64"},"NumericEquals":{"n":-1.5e3}},"Principal":{"AWS":"*"}}]}]}"#;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn ac_16_whatever_the_text_there_is_an_answer(
            at in 0..LINE.len(),
            cut in 0..40usize,
            put in "[{}\\[\\]\",:$*?'a-zA-Z0-9+./é\u{10ffff}\u{0}-]{0,12}",
        ) {
            let end = (at + cut).min(LINE.len());
            let text = format!("{}{put}{}", LINE.get(..at).unwrap_or_default(), LINE.get(end..).unwrap_or_default());
            let answer: Out = serde_json::from_str(&decide_line(&text)).expect("an answer is JSON");
            prop_assert!(answer["decision"].is_string() != answer["error"].is_string());
            let document = text.get(text.find("{\"Version\"").unwrap_or(0)..).unwrap_or_default();
            for document in [document, document.strip_suffix("]}").unwrap_or_default(), &put] {
                for grammar in [Grammar::Identity, Grammar::Trust, Grammar::Session, Grammar::Resource] {
                    let findings = check(document, grammar);
                    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
                    prop_assert!(refused || Policy::compile(document).is_ok(), "{document}");
                }
            }
        }
    }
}
