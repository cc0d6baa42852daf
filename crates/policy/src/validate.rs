//! Validation of documents before they are saved, with the messages of AWS and in its order.
//!
//! All refusals are `MalformedPolicyDocument` (HTTP 400). Evaluation never relies on any of this: see [`crate::Policy::compile`].

mod identity;
mod trust;

use crate::condition::scalar_text;
use crate::json::{self, Json, MAX_DEPTH, Member, Node, Position};
use crate::operator::Operator;
use crate::principal::PrincipalClause;

/// Why a document is refused: the message of the fault, the cause where that says more, and where the cause stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    message: String,
    cause: Option<String>,
    position: Position,
}

impl Malformed {
    fn new(message: impl Into<String>, position: Position) -> Self {
        Self {
            message: message.into(),
            cause: None,
            position,
        }
    }

    /// A fault of which the service says no more than that there is one.
    fn syntax(cause: impl Into<String>, position: Position) -> Self {
        Self::new(SYNTAX, position).because(cause)
    }

    /// The same, with what is wrong exactly.
    fn because(self, cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    /// What is wrong exactly, where the message does not say it.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The text of the `MalformedPolicyDocument` fault, as AWS words it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where the cause stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }
}

const SYNTAX: &str = "Syntax errors in policy.";

/// Checks a policy for users, groups and roles, inline or managed (`CreatePolicy`, `PutUserPolicy`, …).
///
/// # Errors
/// The first that AWS would name.
pub fn validate_identity(document: &str) -> Result<(), Malformed> {
    identity::check(document)
}

/// Checks a session policy (`AssumeRole` and its kin): the grammar is that of identity policies.
///
/// # Errors
/// The first that AWS would name.
pub fn validate_session(document: &str) -> Result<(), Malformed> {
    identity::check(document)
}

/// Checks a role's trust policy (`CreateRole`, `UpdateAssumeRolePolicy`). Whether the principals exist is for the caller to find out:
/// see [`crate::Policy::principals`] and [`invalid_principal`].
///
/// # Errors
/// The first that AWS would name.
pub fn validate_trust(document: &str) -> Result<(), Malformed> {
    trust::check(document)
}

/// Checks a policy on a resource of another service, as the simulator takes it.
///
/// # Errors
/// Syntax errors, statements without a principal, and repeated Sids.
pub fn validate_resource(document: &str) -> Result<(), Malformed> {
    let root = json::parse(document, MAX_DEPTH)
        .map_err(|error| Malformed::syntax(no_json(error.problem()), error.position()))?;
    let statements = syntax(&root)?;
    unique_sids(
        &statements,
        "Statement IDs (SID) in a single policy must be unique.",
    )?;
    for statement in &statements {
        if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
            return Err(Malformed::new(
                "Missing required field Principal",
                statement.node.start,
            ));
        }
        let node = statement.get("Effect").unwrap_or(statement.node);
        if !matches!(node.as_text(), Some("Allow" | "Deny")) {
            return Err(Malformed::syntax(no_effect(node), node.start));
        }
        if statement.either("Action", "NotAction").is_none() {
            let why = "the statement has neither Action nor NotAction";
            return Err(Malformed::syntax(why, statement.node.start));
        }
    }
    Ok(())
}

/// The refusal of a principal that does not exist, as AWS words it: `Invalid principal in policy: "AWS":"arn:…"`.
#[must_use]
pub fn invalid_principal(named: &crate::NamedPrincipal) -> Malformed {
    use crate::PrincipalType::{Aws, CanonicalUser, Everyone, Federated, Service};
    let kind = match named.kind {
        Aws | Everyone => "AWS",
        Federated => "FEDERATED",
        Service => "SERVICE",
        CanonicalUser => "CANONICALUSER",
    };
    Malformed::new(
        format!("Invalid principal in policy: \"{kind}\":\"{}\"", named.text),
        named.position,
    )
}

/// The size that quotas count: characters other than white space.
#[must_use]
pub fn counted_size(document: &str) -> usize {
    document
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r' | ' '))
        .count()
}

/// A statement of a document whose syntax is right.
#[derive(Debug, Clone, Copy)]
struct StatementNode<'a> {
    node: &'a Node,
    members: &'a [Member],
}

impl<'a> StatementNode<'a> {
    fn get(&self, name: &str) -> Option<&'a Node> {
        json::member(self.members, name)
    }

    /// The one of two elements that is there.
    fn either(&self, plain: &str, negated: &str) -> Option<&'a Node> {
        self.get(plain).or_else(|| self.get(negated))
    }
}

/// The nodes of a list that are texts.
fn texts(node: Option<&Node>) -> impl Iterator<Item = (&str, Position)> {
    node.map(Node::one_or_many)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| Some((node.as_text()?, node.start)))
}

/// What every kind of document has to keep to. The version and the elements' presence are checked elsewhere.
fn syntax(root: &Node) -> Result<Vec<StatementNode<'_>>, Malformed> {
    let wrong = |why: &str, node: &Node| Err(Malformed::syntax(why, node.start));
    let Some(members) = root.as_object() else {
        return wrong("the document is no object: it begins with `{`", root);
    };
    for member in members {
        let why = match &*member.name {
            "Version" => match member.node.as_text() {
                Some("2012-10-17" | "2008-10-17") => continue,
                _ => String::from("there is no such Version: write \"2012-10-17\""),
            },
            "Id" if member.node.as_text().is_some() => continue,
            "Id" => String::from("Id takes a text"),
            "Statement" => continue,
            other => unknown(other, "document", &["Version", "Id", "Statement"]),
        };
        return Err(Malformed::syntax(why, member.at));
    }
    let Some(list) = json::member(members, "Statement") else {
        return wrong("the document has no Statement", root);
    };
    let nodes = list.one_or_many();
    if nodes.is_empty() {
        return wrong("Statement is empty", list);
    }
    let mut statements = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node.as_object() {
            Some(members) if !members.is_empty() => {
                let statement = StatementNode { node, members };
                statement_syntax(statement)?;
                statements.push(statement);
            }
            Some(_) => return wrong("this statement is empty", node),
            None => return wrong("a statement is an object: it begins with `{`", node),
        }
    }
    Ok(statements)
}

/// The elements of a statement.
const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn statement_syntax(statement: StatementNode<'_>) -> Result<(), Malformed> {
    for member in statement.members {
        let node = &member.node;
        let is_text = |node: &Node| node.as_text().is_some();
        let why = match &*member.name {
            "Sid" => (!is_text(node)).then(|| String::from("Sid takes a text")),
            "Effect" => {
                let is_one = node.as_text().is_some_and(|effect| {
                    effect.eq_ignore_ascii_case("allow") || effect.eq_ignore_ascii_case("deny")
                });
                (!is_one).then(|| no_effect(node))
            }
            name @ ("Principal" | "NotPrincipal") => (!principal_syntax(node)).then(|| {
                format!("{name} takes \"*\", or an object with AWS, Service, Federated or CanonicalUser and their texts")
            }),
            name @ ("Action" | "NotAction") => {
                (!node.one_or_many().iter().all(is_text)).then(|| takes_texts(name))
            }
            name @ ("Resource" | "NotResource") => {
                let fine = match &node.value {
                    Json::Array(nodes) => nodes
                        .iter()
                        .all(|node| matches!(node.value, Json::Text(_) | Json::Null)),
                    _ => is_text(node),
                };
                (!fine).then(|| takes_texts(name))
            }
            "Condition" => {
                condition_syntax(node)?;
                None
            }
            other => Some(unknown(other, "statement", ELEMENTS)),
        };
        if let Some(why) = why {
            return Err(Malformed::syntax(why, member.at));
        }
    }
    let here = statement.node.start;
    if statement.get("Effect").is_none() {
        return Err(Malformed::syntax("the statement has no Effect", here));
    }
    for (one, other) in [
        ("Action", "NotAction"),
        ("Resource", "NotResource"),
        ("Principal", "NotPrincipal"),
    ] {
        if statement.get(one).is_some() && statement.get(other).is_some() {
            let why = format!("a statement has {one} or {other}, not both");
            return Err(Malformed::syntax(why, here));
        }
    }
    Ok(())
}

fn no_effect(node: &Node) -> String {
    node.as_text().map_or_else(
        || String::from("the statement has no Effect that is a text: write \"Allow\" or \"Deny\""),
        |text| format!("there is no Effect `{text}`: write \"Allow\" or \"Deny\""),
    )
}

fn takes_texts(element: &str) -> String {
    format!("{element} takes a text or a list of texts")
}

fn no_json(problem: json::Problem) -> String {
    format!("this is no JSON: {problem}")
}

/// What to say of a name that is none, with the one that may have been meant.
fn unknown(name: &str, of: &str, known: &[&str]) -> String {
    let meant = known.iter().find(|known| is_near(name, known));
    match meant {
        Some(meant) => {
            format!("a {of} has no element `{name}`: perhaps `{meant}` is meant")
        }
        None => format!("a {of} has no element `{name}`"),
    }
}

/// Whether two names differ in their case, or by two letters put in, left out or put wrong at the most.
fn is_near(one: &str, other: &str) -> bool {
    if one.len() > 2 * other.len() {
        return false;
    }
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.to_lowercase().chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut next = vec![left];
        for (meant, &above) in other.iter().zip(row.iter().skip(1)) {
            let cost = usize::from(letter != *meant);
            left = (diagonal + cost).min(above + 1).min(left + 1);
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().is_some_and(|distance| *distance <= 2)
}

fn principal_syntax(node: &Node) -> bool {
    match &node.value {
        Json::Text(text) => &**text == "*",
        Json::Object(members) => members.iter().all(|member| {
            matches!(
                &*member.name,
                "AWS" | "Federated" | "Service" | "CanonicalUser"
            ) && member
                .node
                .one_or_many()
                .iter()
                .all(|node| node.as_text().is_some())
        }),
        _ => false,
    }
}

/// An unknown operator passes while its block is empty, as it does at AWS.
fn condition_syntax(node: &Node) -> Result<(), Malformed> {
    let wrong = |why: String, at: Position| Err(Malformed::syntax(why, at));
    let Some(operators) = node.as_object() else {
        let why = "Condition takes an object with operators";
        return wrong(why.to_owned(), node.start);
    };
    for operator in operators {
        let name = &operator.name;
        let Some(keys) = operator.node.as_object() else {
            let why = format!("`{name}` takes an object with condition keys");
            return wrong(why, operator.at);
        };
        if keys.is_empty() && !name.contains("::") {
            continue;
        }
        if Operator::parse(name).is_none() {
            return wrong(
                format!("there is no condition operator `{name}`"),
                operator.at,
            );
        }
        for key in keys {
            let is_fine = |node: &Node| scalar_text(node).is_some();
            if !key.node.one_or_many().iter().all(is_fine) {
                let why = format!("`{}` takes a value or a list of values", key.name);
                return wrong(why, key.at);
            }
        }
    }
    Ok(())
}

fn unique_sids(statements: &[StatementNode<'_>], message: &str) -> Result<(), Malformed> {
    let mut seen = std::collections::HashSet::new();
    for statement in statements {
        if let Some(node) = statement.get("Sid")
            && let Some(sid) = node.as_text()
            && !seen.insert(sid)
        {
            return Err(Malformed::new(message, node.start));
        }
    }
    Ok(())
}

/// The principals of a statement, in the form in which [`crate::Policy::principals`] gives them.
fn principals(statement: StatementNode<'_>) -> Option<PrincipalClause> {
    statement
        .either("Principal", "NotPrincipal")
        .map(|node| PrincipalClause::compile(node, statement.get("NotPrincipal").is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(counted_size("{ \"é\" :\t1\r\n}"), 7);
    }

    #[test]
    fn a_resource_policy_names_its_principals() {
        let with = |principal: &str| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow",{principal}"Action":"s3:*","Resource":"*"}}}}"#
            )
        };
        assert_eq!(validate_resource(&with(r#""Principal":"*","#)), Ok(()));
        assert_eq!(
            validate_resource(&with(""))
                .expect_err("no principal")
                .message(),
            "Missing required field Principal"
        );
        assert_eq!(
            validate_resource(&with(r#""Principal":"x","#))
                .expect_err("bad principal")
                .message(),
            SYNTAX
        );
    }

    #[test]
    fn a_syntax_error_says_what_is_wrong_and_keeps_the_message_of_the_service() {
        let causes = |check: fn(&str) -> Result<(), Malformed>, statement: &str| {
            let refused = check(&format!(
                r#"{{"Version":"2012-10-17","Statement":{statement}}}"#
            ));
            let refused = refused.expect_err("refused");
            refused.cause().unwrap_or(refused.message()).to_owned()
        };
        for (statement, cause) in [
            (
                r#"{"Effect":"Alow","Action":"s3:*","Resource":"*"}"#,
                "there is no Effect `Alow`: write \"Allow\" or \"Deny\"",
            ),
            (
                r#"{"Effect":"Allow","Actions":"s3:*","Resource":"*"}"#,
                "a statement has no element `Actions`: perhaps `Action` is meant",
            ),
            (
                r#"{"Effect":"Allow","Verb":"s3:*","Resource":"*"}"#,
                "a statement has no element `Verb`",
            ),
            (
                r#"{"Effect":"Allow","Action":7,"Resource":"*"}"#,
                "Action takes a text or a list of texts",
            ),
            (
                r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"StringSame":{"k":"v"}}}"#,
                "there is no condition operator `StringSame`",
            ),
            (
                r#"{"Effect":"Allow","Action":"a:b","NotAction":"a:c","Resource":"*"}"#,
                "a statement has Action or NotAction, not both",
            ),
            ("[]", "Statement is empty"),
        ] {
            assert_eq!(causes(validate_identity, statement), cause);
        }
        let trust = r#"{"Effect":"Allow","Principals":"*","Action":"sts:AssumeRole"}"#;
        assert_eq!(
            causes(validate_trust, trust),
            "a statement has no element `Principals`: perhaps `Principal` is meant"
        );
        let broken = validate_identity("{").expect_err("refused");
        assert_eq!(broken.message(), SYNTAX);
        assert_eq!(
            broken.cause(),
            Some("this is no JSON: the text ends too early")
        );
    }
}
