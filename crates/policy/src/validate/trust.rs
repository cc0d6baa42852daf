//! Trust policies of roles.

use super::{
    ELEMENTS, Malformed, StatementNode, condition_syntax, invalid_principal, no_json, principals,
    takes_texts, texts, unique_sids, unknown,
};
use crate::facts::NoFacts;
use crate::json::{self, Json, MAX_DEPTH, Member};
use crate::pattern::{Pattern, Steps, Syntax};
use crate::principal::{NamedPrincipal, PrincipalType};

const ACTIONS: &[&str] = &[
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
];

/// Identity providers that need no provider entity.
const BUILT_IN_PROVIDERS: &[&str] = &[
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

pub(super) fn check(document: &str) -> Result<(), Malformed> {
    let root = json::parse(document, MAX_DEPTH).map_err(|error| {
        Malformed::new("This policy contains invalid Json", error.position())
            .because(no_json(error.problem()))
    })?;
    let Some(members) = root.as_object() else {
        let malformed = Malformed::new("This policy contains invalid Json", root.start);
        return Err(malformed.because("the document is no object: it begins with `{`"));
    };
    top(members)?;
    let Some(list) = json::member(members, "Statement") else {
        return Err(Malformed::syntax(
            "the document has no Statement",
            root.start,
        ));
    };
    let nodes = list.one_or_many();
    if nodes.is_empty() {
        return Err(Malformed::new(
            "Could not parse the policy: Statement is empty!",
            list.start,
        ));
    }
    let mut statements = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(members) = node.as_object() else {
            let why = "a statement is an object: it begins with `{`";
            return Err(Malformed::syntax(why, node.start));
        };
        let statement = StatementNode { node, members };
        elements(statement)?;
        statements.push(statement);
    }
    unique_sids(
        &statements,
        "The Statement Ids in the policy are not unique",
    )
}

fn top(members: &[Member]) -> Result<(), Malformed> {
    for member in members {
        match &*member.name {
            "Version" if matches!(member.node.as_text(), Some("2012-10-17" | "2008-10-17")) => {}
            "Version" => {
                return Err(Malformed::new(
                    "The policy must contain a valid version string",
                    member.node.start,
                ));
            }
            "Id" if member.node.as_text().is_some() => {}
            "Statement" => {}
            "Id" => return Err(Malformed::syntax("Id takes a text", member.at)),
            other => {
                let why = unknown(other, "document", &["Version", "Id", "Statement"]);
                return Err(Malformed::syntax(why, member.at));
            }
        }
    }
    Ok(())
}

fn elements(statement: StatementNode<'_>) -> Result<(), Malformed> {
    let here = statement.node.start;
    let missing = |name: &str| {
        Err(Malformed::new(
            format!("Missing required field {name}"),
            here,
        ))
    };
    for member in statement.members {
        match &*member.name {
            "Resource" | "NotResource" => {
                return Err(Malformed::new("Has prohibited field Resource", member.at));
            }
            "Sid" if member.node.as_text().is_some() => {}
            "Sid" => return Err(Malformed::syntax("Sid takes a text", member.at)),
            "Condition" => condition_syntax(&member.node)?,
            "Effect" | "Principal" | "NotPrincipal" | "Action" | "NotAction" => {}
            other => {
                let why = unknown(other, "statement", ELEMENTS);
                return Err(Malformed::syntax(why, member.at));
            }
        }
    }
    let effect = match statement.get("Effect").map(|node| (node, node.as_text())) {
        None => return missing("Effect"),
        Some((_, Some(effect @ ("Allow" | "Deny")))) => effect,
        Some((node, Some(other))) => {
            return Err(Malformed::new(
                format!("Invalid effect: {other}"),
                node.start,
            ));
        }
        Some((node, None)) => return Err(Malformed::syntax("Effect takes a text", node.start)),
    };
    if let Some(node) = statement.get("NotPrincipal") {
        if effect == "Allow" {
            return Err(Malformed::new(
                "Allow with NotPrincipal is not allowed.",
                node.start,
            ));
        }
        if statement.get("Principal").is_some() {
            let why = "a statement has Principal or NotPrincipal, not both";
            return Err(Malformed::syntax(why, node.start));
        }
    }
    principal(statement)?;
    let Some(node) = statement.either("Action", "NotAction") else {
        return missing("Action");
    };
    if statement.get("Action").is_some() && statement.get("NotAction").is_some() {
        let why = "a statement has Action or NotAction, not both";
        return Err(Malformed::syntax(why, node.start));
    }
    if node.one_or_many().is_empty() {
        return missing("Action");
    }
    if node
        .one_or_many()
        .iter()
        .any(|node| node.as_text().is_none())
    {
        return Err(Malformed::syntax(takes_texts("Action"), node.start));
    }
    for (text, position) in texts(Some(node)) {
        if !is_trust_action(text) {
            return Err(Malformed::new(
                "AssumeRole policy may only specify STS AssumeRole actions.",
                position,
            ));
        }
    }
    Ok(())
}

fn is_trust_action(text: &str) -> bool {
    let folded = text.to_ascii_lowercase();
    let syntax = Syntax {
        wildcards: true,
        variables: false,
    };
    folded.starts_with("sts:")
        && Pattern::parse(&folded, syntax).is_ok_and(|pattern| {
            let mut steps = Steps::new(1 << 20);
            ACTIONS
                .iter()
                .any(|action| pattern.matches(action, &NoFacts, &mut steps))
        })
}

fn principal(statement: StatementNode<'_>) -> Result<(), Malformed> {
    let Some(node) = statement.either("Principal", "NotPrincipal") else {
        return Err(Malformed::new(
            "Missing required field Principal",
            statement.node.start,
        ));
    };
    match &node.value {
        Json::Object(kinds) => {
            let empty = |member: &Member| member.node.one_or_many().is_empty();
            if kinds.is_empty() || kinds.iter().any(empty) {
                return Err(Malformed::new(
                    "Missing required field Principal cannot be empty!",
                    node.start,
                ));
            }
            for kind in kinds {
                let known = matches!(
                    &*kind.name,
                    "AWS" | "Federated" | "Service" | "CanonicalUser"
                );
                let texts = kind
                    .node
                    .one_or_many()
                    .iter()
                    .all(|node| node.as_text().is_some());
                if !known || !texts {
                    let why =
                        "a Principal has AWS, Service, Federated or CanonicalUser, and their texts";
                    return Err(Malformed::syntax(why, kind.at));
                }
            }
        }
        Json::Text(text) if &**text == "*" => {}
        _ => {
            return Err(Malformed::new(
                "Principal must be a JSON object.",
                node.start,
            ));
        }
    }
    let clause = principals(statement);
    let bad = clause
        .iter()
        .flat_map(|clause| clause.named.iter())
        .find(|named| !is_trusted_form(named));
    match bad {
        Some(named) => Err(invalid_principal(named)),
        None => Ok(()),
    }
}

fn is_trusted_form(named: &NamedPrincipal) -> bool {
    let text = &*named.text;
    match named.kind {
        PrincipalType::Everyone => true,
        // A unique id is what is left of a deleted user or role, and cannot be saved again.
        PrincipalType::Aws => {
            named.is_well_formed() && !text.starts_with("AIDA") && !text.starts_with("AROA")
        }
        PrincipalType::Service => {
            text.contains('.')
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
        PrincipalType::Federated => {
            BUILT_IN_PROVIDERS.contains(&text)
                || claviger_model::arn::split(text).is_some_and(|arn| {
                    arn.service == "iam"
                        && arn.region.is_empty()
                        && crate::principal::is_account_id(arn.account)
                        && !text.contains(['*', '?'])
                        && ["saml-provider/", "oidc-provider/"].iter().any(|prefix| {
                            arn.resource
                                .strip_prefix(prefix)
                                .is_some_and(|name| !name.is_empty())
                        })
                })
        }
        PrincipalType::CanonicalUser => false,
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
        message(&format!(r#"{{"Statement":[{{{text}}}]}}"#))
    }

    fn principal(text: &str) -> String {
        statement(&format!(
            r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{text}"#
        ))
    }

    #[test]
    fn recorded_messages_about_trust() {
        let base = r#""Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action""#;
        assert_eq!(statement(&format!(r#"{base}:"sts:AssumeRole""#)), "");
        assert_eq!(
            message(r#"{"Statement":"#),
            "This policy contains invalid Json"
        );
        assert_eq!(message("[]"), "This policy contains invalid Json");
        assert_eq!(
            statement(&format!(r#"{base}:"sts:AssumeRole","Resource":"*""#)),
            "Has prohibited field Resource"
        );
        for bad in [
            "s3:Get",
            "*",
            "sts:GetCallerIdentity",
            "sts:Get*",
            "sts",
            "iam:*",
        ] {
            assert_eq!(
                statement(&format!(r#"{base}:"{bad}""#)),
                "AssumeRole policy may only specify STS AssumeRole actions.",
                "{bad}"
            );
        }
        for good in [
            "sts:*",
            "sts:AssumeRole*",
            "STS:assumerole",
            "sts:TagSession",
            "sts:Set*",
        ] {
            assert_eq!(statement(&format!(r#"{base}:"{good}""#)), "", "{good}");
        }
    }

    #[test]
    fn quoted_messages_about_trust() {
        for (text, expected) in [
            (
                r#""Effect":"Allow","Action":"sts:AssumeRole""#,
                "Missing required field Principal",
            ),
            (
                r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{}"#,
                "Missing required field Principal cannot be empty!",
            ),
            (
                r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":[]}"#,
                "Missing required field Principal cannot be empty!",
            ),
            (
                r#""Principal":"*","Action":"sts:AssumeRole""#,
                "Missing required field Effect",
            ),
            (
                r#""Effect":"Allow","Principal":"*""#,
                "Missing required field Action",
            ),
            (
                r#""Effect":"allow","Principal":"*","Action":"sts:AssumeRole""#,
                "Invalid effect: allow",
            ),
            (
                r#""Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole""#,
                "Allow with NotPrincipal is not allowed.",
            ),
            (
                r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":"x""#,
                "Principal must be a JSON object.",
            ),
            (
                r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Aws":"*"}"#,
                "Syntax errors in policy.",
            ),
            (
                r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Condition":{"Same":{"a":"b"}}"#,
                "Syntax errors in policy.",
            ),
        ] {
            assert_eq!(statement(text), expected, "{text}");
        }
        assert_eq!(
            message(r#"{"Statement":[]}"#),
            "Could not parse the policy: Statement is empty!"
        );
        assert_eq!(
            message(r#"{"Version":"2020-01-01","Statement":[]}"#),
            "The policy must contain a valid version string"
        );
        let one = r#"{"Sid":"a","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;
        assert_eq!(
            message(&format!(r#"{{"Statement":[{one},{one}]}}"#)),
            "The Statement Ids in the policy are not unique"
        );
    }

    #[test]
    fn principals_have_to_be_well_formed() {
        for good in [
            r#""*""#,
            r#"{"AWS":"*"}"#,
            r#"{"AWS":"111122223333"}"#,
            r#"{"AWS":"arn:aws:iam::111122223333:root"}"#,
            r#"{"AWS":["arn:aws:iam::111122223333:user/a/b","arn:aws:iam::111122223333:role/r"]}"#,
            r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/R/S"}"#,
            r#"{"AWS":"arn:aws:sts::111122223333:federated-user/N"}"#,
            r#"{"Service":"ec2.amazonaws.com"}"#,
            r#"{"Federated":"accounts.google.com"}"#,
            r#"{"Federated":"arn:aws:iam::111122223333:saml-provider/X"}"#,
        ] {
            assert_eq!(principal(good), "", "{good}");
        }
        for (kind, shown, bad) in [
            ("AWS", "AWS", "arn:aws:iam::111122223333:user/*"),
            ("AWS", "AWS", "arn:aws:iam::111122223333:group/g"),
            ("AWS", "AWS", "11112222333"),
            ("AWS", "AWS", "arn:aws:iam::111122223333:user/"),
            ("AWS", "AWS", "AIDAEXAMPLEEXAMPLE12"),
            ("AWS", "AWS", ""),
            ("Service", "SERVICE", "*"),
            ("Service", "SERVICE", "ec2"),
            ("Federated", "FEDERATED", "example.com"),
            ("Federated", "FEDERATED", "*"),
        ] {
            assert_eq!(
                principal(&format!(r#"{{"{kind}":"{bad}"}}"#)),
                format!(r#"Invalid principal in policy: "{shown}":"{bad}""#)
            );
        }
    }
}
