//! Policies, read leniently and compiled for evaluation.
//!
//! What validation refuses can still be met: in documents of other times, or that nobody validated. Evaluation then follows one rule: **what
//! cannot be understood never weakens a Deny and never widens an Allow**. An element, operator or value that is not understood makes a statement
//! *unsure*; unsure statements with Deny match, unsure statements with Allow do not.

use crate::action::ActionPattern;
use crate::arn::ResourcePattern;
use crate::condition::Condition;
use crate::fold;
use crate::index::ActionIndex;
use crate::json::{self, Json, MAX_DEPTH, Member, Node, ParseJsonError, Position};
use crate::pattern::{Steps, Variable};
use crate::principal::{NamedPrincipal, PrincipalClause};
use crate::recorder::Truth;

/// Allow or Deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Denies; outweighs every Allow.
    Deny,
}

/// Why a document cannot even be evaluated. Where such a document takes part in a decision, put [`Policy::deny_everything`] in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePolicyError {
    /// The text is no JSON.
    #[error("not a JSON document: {0}")]
    Json(#[from] ParseJsonError),
    /// The text is JSON, but no object with a Statement.
    #[error("not a policy: an object with a Statement is needed")]
    NotAPolicy,
}

/// A policy, compiled: immutable, and shared between threads at no cost.
#[derive(Debug, Clone)]
pub struct Policy {
    id: Option<Box<str>>,
    statements: Box<[Statement]>,
    index: ActionIndex,
    weight: usize,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    sid: Option<Box<str>>,
    effect: Effect,
    /// Some of it is not understood in a way that no single element can tell: an Allow never applies.
    inert: bool,
    pub(crate) principal: Option<PrincipalClause>,
    pub(crate) actions: Actions,
    pub(crate) resources: Resources,
    conditions: Box<[Condition]>,
    start: Position,
    end: Position,
}

/// Action or NotAction.
#[derive(Debug, Clone)]
pub(crate) struct Actions {
    pub(crate) negated: bool,
    pub(crate) patterns: Box<[ActionPattern]>,
    pub(crate) unsure: bool,
}

/// Resource or NotResource.
#[derive(Debug, Clone)]
pub(crate) struct Resources {
    /// Neither element is there: right in policies on resources, where it means that resource.
    pub(crate) absent: bool,
    pub(crate) negated: bool,
    pub(crate) patterns: Box<[ResourcePattern]>,
    pub(crate) unsure: bool,
}

/// How texts with `${` are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variables {
    /// Version 2012-10-17.
    Resolved,
    /// Version 2008-10-17, or none.
    Literal,
    /// A version that nobody knows.
    Unsure,
}

impl Policy {
    /// Reads and compiles a document, leniently (see the module).
    ///
    /// # Errors
    /// Where the text is no JSON within bounds (depth 64, no name twice in an object, no byte order mark), or no object with a Statement.
    pub fn compile(document: &str) -> Result<Self, ParsePolicyError> {
        let root = json::parse(document, MAX_DEPTH)?;
        let members = root.as_object().ok_or(ParsePolicyError::NotAPolicy)?;
        let list = json::member(members, "Statement").ok_or(ParsePolicyError::NotAPolicy)?;
        let known = |member: &Member| matches!(&*member.name, "Version" | "Id" | "Statement");
        let foreign = !members.iter().all(known);
        let variables = match json::member(members, "Version").map(Node::as_text) {
            Some(Some("2012-10-17")) => Variables::Resolved,
            // An element that nobody knows could be a misspelt Version.
            Some(Some("2008-10-17")) | None if !foreign => Variables::Literal,
            _ => Variables::Unsure,
        };
        let inert = variables == Variables::Unsure || foreign;
        let statements: Box<[Statement]> = list
            .one_or_many()
            .iter()
            .map(|node| Statement::compile(node, variables, inert))
            .collect();
        Ok(Self {
            id: json::member(members, "Id")
                .and_then(Node::as_text)
                .map(Into::into),
            index: ActionIndex::build(&statements),
            statements,
            weight: document.len(),
        })
    }

    /// The policy to use in place of one that cannot be read: it denies everything to everybody.
    #[must_use]
    pub fn deny_everything() -> Self {
        let statements = [Statement::unreadable(
            Position::default(),
            Position::default(),
        )];
        Self {
            id: None,
            index: ActionIndex::build(&statements),
            statements: statements.into(),
            weight: 0,
        }
    }

    /// The Id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements in the order of the document.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The keys that conditions and variables ask for: each once (case ignored), as first written, in the order of the document (`GetContextKeysFor…`).
    #[must_use]
    pub fn context_keys(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        let mut keys = Vec::new();
        let mut add = |key| {
            if seen.insert(fold::fold(key)) {
                keys.push(key);
            }
        };
        for statement in &self.statements {
            statement
                .resources
                .patterns
                .iter()
                .flat_map(ResourcePattern::variables)
                .for_each(|variable| add(&variable.key));
            for condition in &statement.conditions {
                if !condition.key().is_empty() {
                    add(condition.key());
                }
                condition
                    .variables()
                    .for_each(|variable| add(&variable.key));
            }
        }
        keys
    }

    /// The principals that the statements name, each with its statement's place.
    pub fn principals(&self) -> impl Iterator<Item = (usize, &NamedPrincipal)> {
        self.statements
            .iter()
            .enumerate()
            .flat_map(|(at, statement)| statement.principals().iter().map(move |named| (at, named)))
    }

    pub(crate) const fn index(&self) -> &ActionIndex {
        &self.index
    }

    /// The length of the document: what the bound on steps is proportional to.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }
}

impl Statement {
    /// The Sid, if there is one.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Allow or Deny; an Effect that is neither counts as Deny.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Where its `{` stands.
    #[must_use]
    pub const fn start(&self) -> Position {
        self.start
    }

    /// Where its `}` stands.
    #[must_use]
    pub const fn end(&self) -> Position {
        self.end
    }

    /// Its conditions: one for each key of each operator.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The principals of Principal or NotPrincipal.
    #[must_use]
    pub fn principals(&self) -> &[NamedPrincipal] {
        self.principal
            .as_ref()
            .map(|clause| &*clause.named)
            .unwrap_or_default()
    }

    /// Whether the principals are those of a NotPrincipal.
    #[must_use]
    pub fn has_not_principal(&self) -> bool {
        self.principal.as_ref().is_some_and(|clause| clause.negated)
    }

    /// Whether an Allow can never apply, because something in it is not understood.
    #[must_use]
    pub const fn is_inert(&self) -> bool {
        self.inert && matches!(self.effect, Effect::Allow)
    }

    /// The variables that its Resource or NotResource asks for.
    pub(crate) fn resource_variables(&self) -> impl Iterator<Item = &Variable> {
        self.resources
            .patterns
            .iter()
            .flat_map(ResourcePattern::variables)
    }

    fn unreadable(start: Position, end: Position) -> Self {
        Self {
            sid: None,
            effect: Effect::Deny,
            inert: true,
            principal: None,
            actions: Actions {
                negated: false,
                patterns: Box::default(),
                unsure: true,
            },
            resources: Resources {
                absent: false,
                negated: false,
                patterns: Box::default(),
                unsure: true,
            },
            conditions: Box::default(),
            start,
            end,
        }
    }

    fn compile(node: &Node, variables: Variables, inert: bool) -> Self {
        let Some(members) = node.as_object() else {
            return Self::unreadable(node.start, node.end);
        };
        let mut inert = inert;
        let mut statement = Self::unreadable(node.start, node.end);
        statement.effect = match json::member(members, "Effect").and_then(Node::as_text) {
            Some("Allow") => Effect::Allow,
            Some(text) if text.eq_ignore_ascii_case("allow") => {
                inert = true;
                Effect::Allow
            }
            _ => Effect::Deny,
        };
        statement.sid = json::member(members, "Sid")
            .and_then(Node::as_text)
            .map(Into::into);
        statement.principal = match (
            json::member(members, "Principal"),
            json::member(members, "NotPrincipal"),
        ) {
            (None, None) => None,
            (Some(node), None) => Some(PrincipalClause::compile(node, false)),
            (None, Some(node)) => Some(PrincipalClause::compile(node, true)),
            (Some(_), Some(_)) => Some(PrincipalClause::contradictory()),
        };
        statement.actions = Actions::compile(members);
        statement.resources = Resources::compile(members, variables);
        statement.conditions = match json::member(members, "Condition") {
            None => Box::default(),
            Some(node) => conditions(node, variables),
        };
        for member in members {
            inert |= !matches!(
                &*member.name,
                "Sid"
                    | "Effect"
                    | "Principal"
                    | "NotPrincipal"
                    | "Action"
                    | "NotAction"
                    | "Resource"
                    | "NotResource"
                    | "Condition"
            );
        }
        statement.inert = inert;
        statement
    }
}

/// The texts of a list, and whether all of it is texts and there is at least one.
fn texts(node: &Node) -> (Vec<&str>, bool) {
    let nodes = node.one_or_many();
    let texts: Vec<&str> = nodes.iter().filter_map(Node::as_text).collect();
    let clean = !nodes.is_empty() && texts.len() == nodes.len();
    (texts, clean)
}

/// The one of two elements that is there, and whether it is the negated one; `Err` where there are both.
fn either<'a>(
    members: &'a [Member],
    plain: &str,
    negated: &str,
) -> Result<Option<(&'a Node, bool)>, ()> {
    match (json::member(members, plain), json::member(members, negated)) {
        (None, None) => Ok(None),
        (Some(node), None) => Ok(Some((node, false))),
        (None, Some(node)) => Ok(Some((node, true))),
        (Some(_), Some(_)) => Err(()),
    }
}

impl Actions {
    fn compile(members: &[Member]) -> Self {
        let Ok(Some((node, negated))) = either(members, "Action", "NotAction") else {
            return Self {
                negated: false,
                patterns: Box::default(),
                unsure: true,
            };
        };
        let (texts, clean) = texts(node);
        let patterns: Box<[ActionPattern]> = texts.into_iter().map(ActionPattern::parse).collect();
        Self {
            negated,
            unsure: !clean,
            patterns,
        }
    }

    pub(crate) fn matches(&self, action: &str, steps: &mut Steps) -> Truth {
        let mut unsure = self.unsure;
        for pattern in &self.patterns {
            steps.take(1);
            match pattern.matches(action, steps) {
                Truth::True => return Truth::from(!self.negated),
                Truth::Unsure => unsure = true,
                Truth::False => {}
            }
        }
        if unsure {
            Truth::Unsure
        } else {
            Truth::from(self.negated)
        }
    }
}

impl Resources {
    fn compile(members: &[Member], variables: Variables) -> Self {
        let unsure = |absent| Self {
            absent,
            negated: false,
            patterns: Box::default(),
            unsure: true,
        };
        match either(members, "Resource", "NotResource") {
            Ok(None) => unsure(true),
            Err(()) => unsure(false),
            Ok(Some((node, negated))) => {
                let (texts, clean) = texts(node);
                Self {
                    absent: false,
                    negated,
                    patterns: texts
                        .into_iter()
                        .map(|text| {
                            if variables == Variables::Unsure && text.contains("${") {
                                return ResourcePattern::Unsure;
                            }
                            ResourcePattern::parse(text, variables == Variables::Resolved)
                        })
                        .collect(),
                    unsure: !clean,
                }
            }
        }
    }
}

fn conditions(node: &Node, variables: Variables) -> Box<[Condition]> {
    let Some(operators) = node.as_object() else {
        return [Condition::unreadable("", node.start)].into();
    };
    let mut conditions = Vec::new();
    for operator in operators {
        let known = crate::operator::Operator::parse(&operator.name).is_some();
        let keys = match &operator.node.value {
            Json::Object(keys) if known || !keys.is_empty() => keys,
            _ => {
                conditions.push(Condition::unreadable(&operator.name, operator.at));
                continue;
            }
        };
        for key in keys {
            conditions.push(Condition::compile(
                &operator.name,
                &key.name,
                key.at,
                &key.node,
                variables == Variables::Resolved,
                variables == Variables::Unsure,
            ));
        }
    }
    conditions.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::PrincipalType;

    #[test]
    fn a_policy_tells_its_statements_and_principals() {
        let policy = Policy::compile(
            "{\"Id\":\"i\",\"Statement\":[{\"Sid\":\"a\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"111122223333\"],\"Service\":\"x.y\"},\"Action\":\"sts:AssumeRole\"},\n {\"Effect\":\"Deny\",\"NotPrincipal\":\"*\",\"Action\":\"sts:*\"}]}",
        )
        .expect("a policy");
        assert_eq!(policy.id(), Some("i"));
        let [first, second] = policy.statements() else {
            panic!("two statements")
        };
        assert_eq!(
            (first.sid(), first.effect(), first.has_not_principal()),
            (Some("a"), Effect::Allow, false)
        );
        assert_eq!(
            (second.sid(), second.effect(), second.has_not_principal()),
            (None, Effect::Deny, true)
        );
        assert_eq!((second.start().line, second.start().column), (2, 2));
        let named: Vec<_> = policy
            .principals()
            .map(|(at, named)| (at, named.kind, &*named.text))
            .collect();
        assert_eq!(
            named,
            [
                (0, PrincipalType::Aws, "111122223333"),
                (0, PrincipalType::Service, "x.y"),
                (1, PrincipalType::Everyone, "*")
            ]
        );
    }

    #[test]
    fn what_is_no_policy_is_an_error_and_not_an_empty_policy() {
        for text in [
            "",
            "[]",
            "5",
            "{}",
            r#"{"statement":[]}"#,
            "{\"Statement\":[]} x",
        ] {
            assert!(Policy::compile(text).is_err(), "{text}");
        }
        assert!(
            Policy::compile(r#"{"Statement":[]}"#)
                .is_ok_and(|policy| policy.statements().is_empty())
        );
    }

    #[test]
    fn ac_14_a_misspelt_version_leaves_variables_unsure() {
        let ask = |version: &str| {
            let policy = Policy::compile(&format!(
                r#"{{"{version}":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::${{a}}"}}}}"#
            ));
            policy.expect("a policy").statements()[0].resources.patterns[0].clone()
        };
        assert_eq!(ask("version"), ResourcePattern::Unsure);
        assert!(matches!(ask("Version"), ResourcePattern::Arn(_)));
    }
}
