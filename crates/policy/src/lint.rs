//! Advice on policies: what a document says that its author may not have meant, with the place.
//!
//! Errors are what a service would refuse or what can never work; warnings are dangers; advice is taste. Every finding has an id that stays.

mod condition;

pub use self::condition::GLOBAL_KEYS;
use self::condition::{condition_level, condition_values};
use crate::json::{self, MAX_DEPTH, Member, Node, ParseJsonError, Position, Problem};
use crate::policy::{Effect, Policy, Statement};
use crate::validate::{validate_identity, validate_resource, validate_session, validate_trust};

/// What a document is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// Users, groups, roles, boundaries.
    Identity,
    /// Who may take on a role.
    Trust,
    /// One session.
    Session,
    /// A resource of another service.
    Resource,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is wrong, but it could be said better.
    Advice,
    /// Most likely not what was meant, or more than is safe.
    Warning,
    /// Refused when saved, or never in effect.
    Error,
}

impl Severity {
    /// `advice`, `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is, for programs: `malformed`, `for-all-values-without-null`, …
    pub code: &'static str,
    /// What it is, for people.
    pub message: String,
    /// What to do about it, where that is not plain.
    pub advice: Option<String>,
    /// Where.
    pub position: Position,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: ", self.position, self.severity.name())?;
        write!(f, "{} [{}]", self.text(), self.code)
    }
}

impl Finding {
    /// What it is and what to do about it, in one sentence.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.advice {
            Some(advice) => format!("{}: {advice}", self.message),
            None => self.message.clone(),
        }
    }
}

/// What a finding says: what it is, and mostly what to do about it.
struct Said {
    message: String,
    advice: Option<String>,
}

impl From<&str> for Said {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl From<String> for Said {
    fn from(message: String) -> Self {
        Self {
            message,
            advice: None,
        }
    }
}

impl<M: Into<String>, A: Into<String>> From<(M, A)> for Said {
    fn from((message, advice): (M, A)) -> Self {
        Self {
            message: message.into(),
            advice: Some(advice.into()),
        }
    }
}

/// Everything there is to say about a document, in the order of the text.
#[must_use]
pub fn check(document: &str, grammar: Grammar) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let verdict = match grammar {
        Grammar::Identity => validate_identity(document),
        Grammar::Trust => validate_trust(document),
        Grammar::Session => validate_session(document),
        Grammar::Resource => validate_resource(document),
    };
    let root = match json::parse(document, MAX_DEPTH) {
        Ok(root) => root,
        Err(error) => {
            findings.error("malformed", error.position(), no_json(document, &error));
            return findings.0;
        }
    };
    if let Err(malformed) = verdict {
        findings.error(
            "malformed",
            malformed.position(),
            malformed.cause().unwrap_or(malformed.message()),
        );
    }
    if let Ok(policy) = Policy::compile(document) {
        document_level(&root, grammar, &policy, &mut findings);
        for (node, statement) in statement_nodes(&root).iter().zip(policy.statements()) {
            if let Some(members) = node.as_object() {
                statement_level(members, statement, grammar, &mut findings);
            }
        }
    }
    findings.0.sort_by_key(|finding| finding.position);
    findings.0
}

/// What is wrong with a text that is no JSON, with what is most often the reason.
fn no_json(document: &str, error: &ParseJsonError) -> Said {
    let place = |number: u32| usize::try_from(number).unwrap_or(1).saturating_sub(1);
    let at = error.position();
    let met = document
        .split('\n')
        .nth(place(at.line))
        .and_then(|line| line.chars().nth(place(at.column)));
    let message = match (error.problem(), met) {
        (Problem::Unexpected, Some(met)) => {
            format!("this is no JSON: `{met}` cannot stand here")
        }
        (problem, _) => format!("this is no JSON: {problem}"),
    };
    let advice = match (error.problem(), met) {
        (Problem::Unexpected, Some('}' | ']')) => {
            "take away the comma before it, or write what is missing"
        }
        (Problem::Unexpected, Some('"' | '{' | '[')) => {
            "write the comma or colon that is missing before it"
        }
        (Problem::Unexpected, Some('\'' | '“' | '”' | '„')) => {
            "write texts in plain double quotes"
        }
        (Problem::Unexpected, Some('/' | '#')) => "take comments away",
        (Problem::Unexpected, Some(met)) if met.is_alphabetic() => "write texts in double quotes",
        (Problem::End, _) => "close every brace, bracket and quote",
        (Problem::Control, _) => "end the text on its line, with a quote",
        _ => return message.into(),
    };
    (message, advice).into()
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        position: Position,
        said: impl Into<Said>,
    ) {
        let Said { message, advice } = said.into();
        self.0.push(Finding {
            severity,
            code,
            message,
            advice,
            position,
        });
    }

    fn error(&mut self, code: &'static str, position: Position, said: impl Into<Said>) {
        self.add(Severity::Error, code, position, said);
    }

    fn warn(&mut self, code: &'static str, position: Position, said: impl Into<Said>) {
        self.add(Severity::Warning, code, position, said);
    }

    fn advise(&mut self, code: &'static str, position: Position, said: impl Into<Said>) {
        self.add(Severity::Advice, code, position, said);
    }
}

pub(crate) fn statement_nodes(root: &Node) -> &[Node] {
    root.as_object()
        .and_then(|members| json::member(members, "Statement"))
        .map(Node::one_or_many)
        .unwrap_or_default()
}

fn document_level(root: &Node, grammar: Grammar, policy: &Policy, findings: &mut Findings) {
    let version = root
        .as_object()
        .and_then(|members| json::member(members, "Version"))
        .and_then(Node::as_text);
    if version == Some("2012-10-17") {
        return;
    }
    if let Some(position) = first_variable(root) {
        findings.warn(
            "variable-in-old-version",
            position,
            (
                "before Version 2012-10-17 `${…}` is literal text",
                "add \"Version\": \"2012-10-17\"",
            ),
        );
    } else if grammar != Grammar::Identity && !policy.statements().is_empty() {
        findings.advise("old-version", root.start, "add \"Version\": \"2012-10-17\"");
    }
}

fn first_variable(node: &Node) -> Option<Position> {
    match &node.value {
        json::Json::Text(text) => text.contains("${").then_some(node.start),
        json::Json::Array(nodes) => nodes.iter().find_map(first_variable),
        json::Json::Object(members) => members
            .iter()
            .find_map(|member| first_variable(&member.node)),
        _ => None,
    }
}

fn text_nodes<'a>(members: &'a [Member], name: &str) -> impl Iterator<Item = (&'a str, Position)> {
    json::member(members, name)
        .map(Node::one_or_many)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| Some((node.as_text()?, node.start)))
}

fn statement_level(
    members: &[Member],
    statement: &Statement,
    grammar: Grammar,
    findings: &mut Findings,
) {
    let place = |name: &str| {
        members
            .iter()
            .find(|member| &*member.name == name)
            .map(|member| member.at)
    };
    let allow = statement.effect() == Effect::Allow;
    if allow {
        if let Some(at) = place("NotAction") {
            findings.warn("allow-not-action", at, ("Allow with NotAction grants every other action of every service, new ones included", "list the actions instead"));
        }
        if let Some(at) = place("NotResource") {
            findings.warn(
                "allow-not-resource",
                at,
                (
                    "Allow with NotResource grants on every other resource",
                    "list the resources instead",
                ),
            );
        }
        if let Some(at) = place("NotPrincipal") {
            findings.warn(
                "allow-not-principal",
                at,
                "Allow with NotPrincipal grants to everybody else, anonymous callers included",
            );
        }
        let star = |name| text_nodes(members, name).find(|(text, _)| *text == "*");
        if let (Some((_, at)), true) = (
            star("Action"),
            star("Resource").is_some() && statement.conditions().is_empty(),
        ) {
            findings.warn(
                "allow-everything",
                at,
                "this allows every action on every resource",
            );
        }
        let open = statement
            .principals()
            .iter()
            .find(|named| &*named.text == "*");
        if let (Some(named), true) = (
            open,
            statement.conditions().is_empty() && !statement.has_not_principal(),
        ) {
            findings.warn(
                "open-to-everybody",
                named.position,
                (
                    "this names everybody in every account",
                    "name accounts or add a condition",
                ),
            );
        }
        for (text, at) in text_nodes(members, "Action") {
            if text.eq_ignore_ascii_case("iam:PassRole") && star("Resource").is_some() {
                findings.warn(
                    "pass-role-star",
                    at,
                    (
                        "iam:PassRole on `*` lets every role be handed to a service",
                        "name the roles",
                    ),
                );
            }
        }
    }
    if let (Effect::Deny, Some(at)) = (statement.effect(), place("NotPrincipal")) {
        findings.warn("deny-not-principal", at, ("Deny with NotPrincipal also hits listed principals whose account or role is not listed, and every principal with a permissions boundary", "use Principal \"*\" with a condition on aws:PrincipalArn"));
    }
    for named in statement.principals() {
        if !named.is_well_formed() {
            findings.error("invalid-principal", named.position, format!("`{}` is no principal: wildcards inside an ARN, groups and unknown forms are not allowed here", named.text));
        }
    }
    if grammar == Grammar::Trust && json::member(members, "Condition").is_none() {
        let provider = statement.principals().iter().find(|named| {
            named.kind == crate::PrincipalType::Federated && !named.text.contains(":saml-provider/")
        });
        if let (true, Some(named)) = (allow, provider) {
            findings.warn(
                "web-identity-without-condition",
                named.position,
                (
                    "everybody whom this provider knows can take on the role",
                    "add a condition on its `:aud` and `:sub`",
                ),
            );
        }
    }
    redundant(members, findings);
    resources(members, findings);
    for condition in statement.conditions() {
        condition_level(condition, statement, findings);
    }
    condition_values(members, findings);
}

fn redundant(members: &[Member], findings: &mut Findings) {
    for name in ["Action", "NotAction"] {
        let entries: Vec<(String, Position)> = text_nodes(members, name)
            .map(|(text, at)| (text.to_ascii_lowercase(), at))
            .collect();
        // Enough for every document within the size limits, and no work worth speaking of for those beyond.
        for (place, (text, at)) in entries.iter().enumerate().take(500) {
            let covered = entries
                .iter()
                .enumerate()
                .take(500)
                .find(|(other, (pattern, _))| {
                    *other != place
                        && covers(pattern, text)
                        && !(covers(text, pattern) && *other > place)
                });
            if let Some((_, (pattern, _))) = covered {
                findings.advise(
                    "redundant-action",
                    *at,
                    format!("`{text}` is already covered by `{pattern}`"),
                );
            }
        }
    }
}

/// Whether everything that `narrow` matches is matched by `wide`, as far as its last star tells.
fn covers(wide: &str, narrow: &str) -> bool {
    match wide.strip_suffix('*') {
        Some(prefix) => !prefix.contains(['*', '?']) && narrow.starts_with(prefix),
        None => wide == narrow,
    }
}

fn resources(members: &[Member], findings: &mut Findings) {
    for name in ["Resource", "NotResource"] {
        for (text, at) in text_nodes(members, name) {
            let head: Vec<&str> = text.splitn(6, ':').collect();
            if head.iter().take(5).any(|part| part.contains("${")) && text.starts_with("arn:") {
                findings.error("variable-too-early", at, "variables work only after the fifth colon of a resource name: here it is literal text and matches nothing");
            }
            if text.contains("*${aws:username}") || text.contains("${aws:username}*") {
                findings.warn("variable-beside-star", at, "a star beside `${aws:username}` also matches users whose names begin or end alike");
            }
            if text.contains(":user/${aws:username}") {
                findings.advise("username-and-path", at, "users with a path have it in their ARN: `user/${aws:username}` matches users without a path only");
            }
            if text.starts_with("arn:") && head.len() < 6 {
                findings.warn(
                    "incomplete-resource",
                    at,
                    "a resource name has six parts: missing ones count as `*`",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(statement: &str) -> Vec<&'static str> {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        check(&document, Grammar::Identity)
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    }

    fn condition(effect: &str, block: &str) -> Vec<&'static str> {
        codes(&format!(
            r#"{{"Effect":"{effect}","Action":"s3:Get","Resource":"arn:aws:s3:::b","Condition":{{{block}}}}}"#
        ))
    }

    #[test]
    fn conditions_that_mean_something_else() {
        for (effect, block, expected) in [
            ("Allow", r#""StringEquals":{"aws:username":"a"}"#, &[][..]),
            (
                "Allow",
                r#""ForAllValues:StringEquals":{"aws:TagKeys":"a"}"#,
                &["for-all-values-without-null"],
            ),
            (
                "Allow",
                r#""ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:tagkeys":"false"}"#,
                &[],
            ),
            (
                "Allow",
                r#""StringEquals":{"aws:TagKeys":"a"}"#,
                &["multivalued-without-set-operator"],
            ),
            (
                "Allow",
                r#""ForAnyValue:StringEquals":{"aws:username":"a"}"#,
                &["set-operator-on-single-value"],
            ),
            (
                "Allow",
                r#""StringEquals":{"aws:username":"a*"}"#,
                &["wildcard-is-literal"],
            ),
            (
                "Deny",
                r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#,
                &["deny-mfa-without-if-exists"],
            ),
            (
                "Deny",
                r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#,
                &[],
            ),
            (
                "Allow",
                r#""StringEquals":{"aws:user":"a"}"#,
                &["unknown-global-key"],
            ),
            (
                "Allow",
                r#""NumericLessThan":{"k":"many"}"#,
                &["invalid-number"],
            ),
            (
                "Allow",
                r#""IpAddress":{"aws:SourceIp":"10.0.0.0/40"}"#,
                &["invalid-address"],
            ),
            ("Allow", r#""Bool":{"k":"maybe"}"#, &["invalid-boolean"]),
            ("Allow", r#""ArnLike":{"k":"b*"}"#, &["invalid-arn"]),
            ("Allow", r#""StringLike":{"k":"${"}"#, &["invalid-variable"]),
            (
                "Allow",
                r#""NumericEquals":{"k":"${n}"}"#,
                &["variable-out-of-place"],
            ),
            (
                "Allow",
                r#""StringNotEquals":{"k":"a"}"#,
                &["allow-negated"],
            ),
            (
                "Deny",
                r#""StringNotEqualsIfExists":{"k":"a"}"#,
                &["deny-if-exists"],
            ),
        ] {
            assert_eq!(condition(effect, block), expected, "{block}");
        }
        assert_eq!(
            condition("Allow", r#""StringSame":{"k":"a"}"#),
            ["malformed", "unknown-operator"]
        );
        assert_eq!(
            condition("Allow", r#""DateLessThan":{"k":"soon"}"#),
            ["malformed", "invalid-date"]
        );
    }

    #[test]
    fn statements_that_grant_more_than_they_say() {
        for (statement, expected) in [
            (
                r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#,
                &["allow-not-action"][..],
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::b"}"#,
                &["allow-not-resource"],
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
                &["allow-everything"],
            ),
            (
                r#"{"Effect":"Allow","Action":["iam:PassRole"],"Resource":"*"}"#,
                &["pass-role-star"],
            ),
            (
                r#"{"Effect":"Allow","Action":["s3:Get*","S3:GetObject"],"Resource":"arn:aws:s3:::b"}"#,
                &["redundant-action"],
            ),
            (
                r#"{"Effect":"Allow","Action":["s3:Get","s3:Get"],"Resource":"arn:aws:s3:::b"}"#,
                &["redundant-action"],
            ),
            (
                r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/${aws:username}"}"#,
                &["username-and-path"],
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:Get","Resource":"arn:aws:s3:::${aws:username}*"}"#,
                &["variable-beside-star"],
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:Get","Resource":"arn:aws:sns:us:${a}:x"}"#,
                &["variable-too-early"],
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:Get","Resource":"arn:aws:sns"}"#,
                &["incomplete-resource"],
            ),
        ] {
            assert_eq!(codes(statement), expected, "{statement}");
        }
    }

    #[test]
    fn findings_know_their_place() {
        let document = "{\"Version\": \"2012-10-17\",\n \"Statement\": {\"Effect\": \"Allow\",\n  \"Action\": \"*\", \"Resource\": \"*\"}}";
        let findings = check(document, Grammar::Identity);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].to_string(),
            "3:13: warning: this allows every action on every resource [allow-everything]"
        );
        let broken = check("{", Grammar::Identity);
        assert_eq!(
            broken[0].to_string(),
            "1:2: error: this is no JSON: the text ends too early: close every brace, bracket and quote [malformed]"
        );
        let comma = check("{\n \"a\": 1,\n}", Grammar::Identity);
        assert_eq!(
            comma[0].to_string(),
            "3:1: error: this is no JSON: `}` cannot stand here: take away the comma before it, or write what is missing [malformed]"
        );
        let effect = "{\"Version\": \"2012-10-17\", \"Statement\": {\n\"Effect\": \"Alow\", \"Action\": \"a:b\", \"Resource\": \"*\"}}";
        assert_eq!(
            check(effect, Grammar::Identity)[0].to_string(),
            "2:1: error: there is no Effect `Alow`: write \"Allow\" or \"Deny\" [malformed]"
        );
    }

    #[test]
    fn trust_policies_have_dangers_of_their_own() {
        let trust = |text: &str| -> Vec<&'static str> {
            check(
                &format!(r#"{{"Version":"2012-10-17","Statement":{{{text}}}}}"#),
                Grammar::Trust,
            )
            .into_iter()
            .map(|finding| finding.code)
            .collect()
        };
        assert_eq!(
            trust(r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#),
            ["open-to-everybody"]
        );
        assert_eq!(
            trust(
                r#""Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity""#
            ),
            ["web-identity-without-condition"]
        );
        assert_eq!(
            trust(
                r#""Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole""#
            ),
            ["deny-not-principal"]
        );
        assert_eq!(
            trust(
                r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/*"},"Action":"sts:AssumeRole""#
            ),
            ["malformed", "invalid-principal"]
        );
        let old = check(
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"k":"${a}"}}}}"#,
            Grammar::Trust,
        );
        assert_eq!(old[0].code, "variable-in-old-version");
    }
}
