//! Validation of documents before they are saved, with the messages of AWS and in its order.
//!
//! All refusals are `MalformedPolicyDocument` (HTTP 400). Evaluation never relies on any of this: see [`crate::Policy::compile`].

mod identity;
mod trust;

use crate::condition::scalar_text;
use crate::json::{self, Json, MAX_DEPTH, Member, Node, Position};
use crate::operator::Operator;
use crate::principal::PrincipalClause;

/// Why a document is refused: the message of the fault, and where the cause stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    message: String,
    position: Position,
}

impl Malformed {
    fn new(message: impl Into<String>, position: Position) -> Self {
        Self {
            message: message.into(),
            position,
        }
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
        .map_err(|error| Malformed::new(SYNTAX, error.position()))?;
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
        if statement
            .get("Effect")
            .and_then(Node::as_text)
            .is_none_or(|effect| !matches!(effect, "Allow" | "Deny"))
            || (statement.get("Action").is_none() && statement.get("NotAction").is_none())
        {
            return Err(Malformed::new(SYNTAX, statement.node.start));
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
    let wrong = |node: &Node| Err(Malformed::new(SYNTAX, node.start));
    let Some(members) = root.as_object() else {
        return wrong(root);
    };
    for member in members {
        let fine = match &*member.name {
            "Version" => matches!(member.node.as_text(), Some("2012-10-17" | "2008-10-17")),
            "Id" => member.node.as_text().is_some(),
            "Statement" => true,
            _ => false,
        };
        if !fine {
            return Err(Malformed::new(SYNTAX, member.at));
        }
    }
    let Some(list) = json::member(members, "Statement") else {
        return wrong(root);
    };
    let nodes = list.one_or_many();
    if nodes.is_empty() {
        return wrong(list);
    }
    let mut statements = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node.as_object() {
            Some(members) if !members.is_empty() => {
                let statement = StatementNode { node, members };
                statement_syntax(statement)?;
                statements.push(statement);
            }
            _ => return wrong(node),
        }
    }
    Ok(statements)
}

fn statement_syntax(statement: StatementNode<'_>) -> Result<(), Malformed> {
    for member in statement.members {
        let node = &member.node;
        let fine = match &*member.name {
            "Sid" => node.as_text().is_some(),
            "Effect" => node.as_text().is_some_and(|effect| {
                effect.eq_ignore_ascii_case("allow") || effect.eq_ignore_ascii_case("deny")
            }),
            "Principal" | "NotPrincipal" => principal_syntax(node),
            "Action" | "NotAction" => node
                .one_or_many()
                .iter()
                .all(|node| node.as_text().is_some()),
            "Resource" | "NotResource" => match &node.value {
                Json::Array(nodes) => nodes
                    .iter()
                    .all(|node| matches!(node.value, Json::Text(_) | Json::Null)),
                _ => node.as_text().is_some(),
            },
            "Condition" => condition_syntax(node),
            _ => false,
        };
        if !fine {
            return Err(Malformed::new(SYNTAX, member.at));
        }
    }
    let both = |one, other| statement.get(one).is_some() && statement.get(other).is_some();
    if statement.get("Effect").is_none()
        || both("Action", "NotAction")
        || both("Resource", "NotResource")
        || both("Principal", "NotPrincipal")
    {
        return Err(Malformed::new(SYNTAX, statement.node.start));
    }
    Ok(())
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
fn condition_syntax(node: &Node) -> bool {
    let Some(operators) = node.as_object() else {
        return false;
    };
    operators.iter().all(|operator| {
        operator.node.as_object().is_some_and(|keys| {
            (keys.is_empty() && !operator.name.contains("::"))
                || (Operator::parse(&operator.name).is_some()
                    && keys.iter().all(|key| {
                        key.node
                            .one_or_many()
                            .iter()
                            .all(|node| scalar_text(node).is_some())
                    }))
        })
    })
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
}
