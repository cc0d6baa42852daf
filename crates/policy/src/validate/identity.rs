//! Identity policies: classes of faults in AWS's order; within a class the first statement wins.

use super::{Malformed, StatementNode, no_effect, no_json, syntax, texts, unique_sids};
use crate::json::{self, MAX_DEPTH, Node, Position};
use crate::operator::{Family, Operator};

const PARTITIONS: &[&str] = &[
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
    "*",
];

const IAM_PREFIXES: &[&str] = &[
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

pub(super) fn check(document: &str) -> Result<(), Malformed> {
    let root = json::parse(document, MAX_DEPTH)
        .map_err(|error| Malformed::syntax(no_json(error.problem()), error.position()))?;
    let statements = syntax(&root)?;
    version(&root)?;
    each(&statements, legacy)?;
    each(&statements, sid)?;
    unique_sids(
        &statements,
        "Statement IDs (SID) in a single policy must be unique.",
    )?;
    each(&statements, |statement| {
        present(
            statement,
            statement.either("Action", "NotAction"),
            "Policy statement must contain actions.",
        )
    })?;
    each(&statements, |statement| {
        texts(statement.either("Resource", "NotResource"))
            .try_for_each(|(text, position)| resource(text, position))
    })?;
    each(&statements, |statement| {
        present(
            statement,
            statement.either("Resource", "NotResource"),
            "Policy statement must contain resources.",
        )
    })?;
    each(&statements, |statement| {
        texts(statement.either("Action", "NotAction"))
            .try_for_each(|(text, position)| action(text, position))
    })?;
    each(&statements, |statement| {
        match statement.either("Principal", "NotPrincipal") {
            Some(node) => Err(Malformed::new(
                "Policy document should not specify a principal.",
                node.start,
            )),
            None => Ok(()),
        }
    })
}

fn each<'a>(
    statements: &[StatementNode<'a>],
    check: impl Fn(StatementNode<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    statements
        .iter()
        .try_for_each(|statement| check(*statement))
}

fn version(root: &Node) -> Result<(), Malformed> {
    let node = root
        .as_object()
        .and_then(|members| json::member(members, "Version"));
    if node.and_then(Node::as_text) == Some("2012-10-17") {
        return Ok(());
    }
    Err(Malformed::new(
        "Policy document must be version 2012-10-17 or greater.",
        node.unwrap_or(root).start,
    ))
}

fn legacy(statement: StatementNode<'_>) -> Result<(), Malformed> {
    let failed = |why: String, position| {
        Err(Malformed::new("The policy failed legacy parsing", position).because(why))
    };
    if let Some(node) = statement.get("Effect")
        && !matches!(node.as_text(), Some("Allow" | "Deny"))
    {
        return failed(no_effect(node), node.start);
    }
    for operator in statement
        .get("Condition")
        .and_then(Node::as_object)
        .unwrap_or_default()
    {
        let Some(parsed) = Operator::parse(&operator.name) else {
            continue;
        };
        if !matches!(parsed.family, Family::Date(_)) {
            continue;
        }
        for key in operator.node.as_object().unwrap_or_default() {
            for node in key.node.one_or_many() {
                let dated = crate::condition::scalar_text(node)
                    .is_some_and(|text| crate::condition::understands(parsed, text));
                if !dated {
                    let why = format!(
                        "`{}` compares with dates: write 2026-01-02T03:04:05Z",
                        operator.name
                    );
                    return failed(why, node.start);
                }
            }
        }
    }
    for (text, position) in texts(statement.either("Resource", "NotResource")) {
        let known = text
            .strip_prefix("arn:")
            .and_then(|rest| rest.split(':').next())
            .is_some_and(|partition| PARTITIONS.contains(&partition));
        if known && text.contains("::") && text.matches(':').count() < 5 {
            let why = format!("`{text}` is no resource name: one has five colons");
            return failed(why, position);
        }
    }
    Ok(())
}

fn sid(statement: StatementNode<'_>) -> Result<(), Malformed> {
    match statement.get("Sid") {
        Some(node)
            if !node
                .as_text()
                .is_some_and(|sid| sid.bytes().all(|b| b.is_ascii_alphanumeric())) =>
        {
            Err(Malformed::new(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
                node.start,
            ))
        }
        _ => Ok(()),
    }
}

fn present(
    statement: StatementNode<'_>,
    node: Option<&Node>,
    message: &str,
) -> Result<(), Malformed> {
    match node {
        Some(node) if !node.one_or_many().is_empty() => Ok(()),
        Some(node) => Err(Malformed::new(message, node.start)),
        None => Err(Malformed::new(message, statement.node.start)),
    }
}

fn action(text: &str, position: Position) -> Result<(), Malformed> {
    let refuse = |message: &str| Err(Malformed::new(message, position));
    if text == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = text.split_once(':') else {
        return refuse(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        );
    };
    if name.contains(':') {
        return refuse("Actions/Condition can contain only one colon.");
    }
    if vendor.is_empty()
        || !vendor
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    {
        return refuse(&format!("Vendor {vendor} is not valid"));
    }
    Ok(())
}

fn resource(text: &str, position: Position) -> Result<(), Malformed> {
    let refuse = |message: String| Err(Malformed::new(message, position));
    if text == "*" {
        return Ok(());
    }
    if !text.starts_with("arn:") {
        return refuse(format!("Resource {text} must be in ARN format or \"*\"."));
    }
    let mut parts = text.splitn(6, ':').skip(1);
    let partition = parts.next().unwrap_or_default();
    if !PARTITIONS.contains(&partition) {
        let missing = 6_usize.saturating_sub(text.splitn(6, ':').count());
        let shown = format!("{text}{}", ":*".repeat(missing));
        return refuse(format!(
            "Partition \"{partition}\" is not valid for resource \"{shown}\"."
        ));
    }
    let service = parts.next().unwrap_or_default();
    if service.is_empty()
        || !service
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    {
        return refuse(
            "Resource vendor must be fully qualified and cannot contain regexes.".to_owned(),
        );
    }
    let region = parts.next().unwrap_or_default();
    let path = parts.nth(1);
    match service {
        "iam" if !region.is_empty() => refuse(format!(
            "IAM resource {text} cannot contain region information."
        )),
        "s3" if !region.is_empty() && !path.is_some_and(|path| path.starts_with("accesspoint")) => {
            refuse(format!(
                "Resource {text} can not contain region information."
            ))
        }
        "iam"
            if path.is_some_and(|path| {
                path != "*"
                    && path != "root"
                    && !IAM_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
            }) =>
        {
            refuse(format!(
                "IAM resource path must either be \"*\", root, or start with {}.",
                IAM_PREFIXES.join(", ")
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(document: &str) -> String {
        check(document)
            .err()
            .map(|error| error.message().to_owned())
            .unwrap_or_default()
    }

    fn statement(text: &str) -> String {
        message(&format!(r#"{{"Version":"2012-10-17","Statement":{text}}}"#))
    }

    fn resource(text: &str) -> String {
        statement(&format!(
            r#"{{"Effect":"Allow","Action":"s3:Get","Resource":"{text}"}}"#
        ))
    }

    fn action(text: &str) -> String {
        statement(&format!(
            r#"{{"Effect":"Allow","Action":"{text}","Resource":"*"}}"#
        ))
    }

    #[test]
    fn recorded_messages_about_resources() {
        for (text, expected) in [
            ("*", ""),
            ("arn:aws:s3:::b/*", ""),
            ("arn:aws:s3:us-west-2:111122223333:accesspoint/x", ""),
            ("arn:aws:iam::111122223333:user/x", ""),
            ("arn:aws:iam::*:root", ""),
            ("", r#"Resource  must be in ARN format or "*"."#),
            ("adf", r#"Resource adf must be in ARN format or "*"."#),
            (
                "invalid resource",
                r#"Resource invalid resource must be in ARN format or "*"."#,
            ),
            (
                "arn:b:c:d:e:f:g:h",
                r#"Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h"."#,
            ),
            (
                "arn:b:cadfsdf",
                r#"Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*"."#,
            ),
            (
                "arn:bsdfdsafsad",
                r#"Partition "bsdfdsafsad" is not valid for resource "arn:bsdfdsafsad:*:*:*:*"."#,
            ),
            (
                "arn:error:s3:::example_bucket",
                r#"Partition "error" is not valid for resource "arn:error:s3:::example_bucket"."#,
            ),
            (
                "arn:s3:::example_bucket",
                r#"Partition "s3" is not valid for resource "arn:s3:::example_bucket:*"."#,
            ),
            (
                "arn:aws:s3::example_bucket",
                "The policy failed legacy parsing",
            ),
            (
                "arn:aws:*:::x",
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (
                "arn:aws:::::x",
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (
                "arn:aws",
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (
                "arn:aws:iam:us-east-1::example_bucket",
                "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information.",
            ),
            (
                "arn:aws:s3:us-east-1::example_bucket",
                "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information.",
            ),
            (
                "arn:aws:iam::111122223333:example",
                r#"IAM resource path must either be "*", root, or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."#,
            ),
        ] {
            assert_eq!(resource(text), expected, "{text}");
        }
    }

    #[test]
    fn recorded_messages_about_actions() {
        for (text, expected) in [
            ("*", ""),
            ("s3:*", ""),
            ("whatever:NotThere", ""),
            (
                "invalid",
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
            (
                "",
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
            ("a:b:c", "Actions/Condition can contain only one colon."),
            ("a a:ListBucket", "Vendor a a is not valid"),
            ("s3*:Get", "Vendor s3* is not valid"),
        ] {
            assert_eq!(action(text), expected, "{text}");
        }
    }

    #[test]
    fn syntax_errors() {
        let syntax = "Syntax errors in policy.";
        for text in [
            "[]",
            "{}",
            "5",
            "\"x\"",
            "[{}]",
            "[5]",
            r#"{"Action":"s3:Get","Resource":"*"}"#,
            r#"{"Effect":"Permit","Action":"s3:Get","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","NotAction":[],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","NotResource":"*"}"#,
            r#"{"Effect":"Allow","Action":5,"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["s3:Get",null],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":{}}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":null}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Sid":5}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Extra":5}"#,
            r#"{"effect":"Allow","Action":"s3:Get","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":[]}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{"StringEquals":"x"}}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{"StringSame":{"a":"b"}}}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{"ForAnyValue::StringEquals":{"a":"b"}}}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{"StringEquals":{"a":{"b":"c"}}}}"#,
            r#"{"Effect":"Allow","Effect":"Allow","Action":"s3:Get","Resource":"*"}"#,
        ] {
            assert_eq!(statement(text), syntax, "{text}");
        }
        let fine = r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*"}"#;
        for document in [
            "".to_owned(),
            "not json".to_owned(),
            "[]".to_owned(),
            r#"{"Version":"2012-10-17"}"#.to_owned(),
            format!(r#"{{"Version":"2012-10-18","Statement":{fine}}}"#),
            format!(r#"{{"Version":20121017,"Statement":{fine}}}"#),
            format!(r#"{{"Version":"2012-10-17","Id":5,"Statement":{fine}}}"#),
            format!(r#"{{"Version":"2012-10-17","Extra":5,"Statement":{fine}}}"#),
            format!("\u{feff}{{\"Version\":\"2012-10-17\",\"Statement\":{fine}}}"),
        ] {
            assert_eq!(message(&document), syntax, "{document}");
        }
    }

    #[test]
    fn what_aws_tolerates_is_tolerated() {
        for text in [
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{"Unknown":{}}}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":"*","Condition":{"Bool":{"a":true},"NumericEquals":{"b":[1,2.5]}}}"#,
            r#"{"Effect":"Allow","Action":"s3:Get","Resource":["*",null]}"#,
            r#"{"Effect":"Deny","NotAction":["s3:Get"],"NotResource":["arn:aws:s3:::x"],"Sid":""}"#,
        ] {
            assert_eq!(statement(text), "", "{text}");
        }
    }

    #[test]
    fn the_first_class_wins_and_then_the_first_statement() {
        let one = |extra: &str| format!(r#"{{"Effect":"Allow",{extra}}}"#);
        for (statements, expected) in [
            (
                format!(
                    "[{},{}]",
                    one(r#""Action":"bad","Resource":"bad""#),
                    one(r#""Resource":"*""#)
                ),
                "Policy statement must contain actions.",
            ),
            (
                format!(
                    "[{},{}]",
                    one(r#""Action":"bad""#),
                    one(r#""Action":"s3:Get","Resource":"bad""#)
                ),
                r#"Resource bad must be in ARN format or "*"."#,
            ),
            (
                format!("[{}]", one(r#""Action":"bad""#)),
                "Policy statement must contain resources.",
            ),
            (
                format!(
                    "[{},{}]",
                    one(r#""Sid":"a","Action":[]"#),
                    one(r#""Sid":"a""#)
                ),
                "Statement IDs (SID) in a single policy must be unique.",
            ),
            (
                format!("[{}]", r#"{"Effect":"denY","Sid":"!","Action":[]}"#),
                "The policy failed legacy parsing",
            ),
            (
                format!(
                    "[{}]",
                    one(
                        r#""Action":"s3:Get","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}}"#
                    )
                ),
                "The policy failed legacy parsing",
            ),
            (
                format!(
                    "[{}]",
                    one(r#""Action":"s3:Get","Resource":"*","Principal":"*""#)
                ),
                "Policy document should not specify a principal.",
            ),
        ] {
            assert_eq!(statement(&statements), expected, "{statements}");
        }
        let old = |version: &str| {
            message(&format!(
                r#"{{{version}"Statement":{{"Effect":"denY","Action":"bad"}}}}"#
            ))
        };
        assert_eq!(
            old(r#""Version":"2008-10-17","#),
            "Policy document must be version 2012-10-17 or greater."
        );
        assert_eq!(
            old(""),
            "Policy document must be version 2012-10-17 or greater."
        );
    }
}
