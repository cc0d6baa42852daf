//! Advice on conditions.

use super::Findings;
use crate::condition::{Condition, scalar_text, understands};
use crate::fold;
use crate::json::{self, Member, Node, Position};
use crate::operator::{Family, Operator, Quantifier};
use crate::policy::{Effect, Statement};

/// Keys that carry several values.
const MULTIVALUED: &[&str] = &[
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "sts:transitivetagkeys",
];

/// Global keys (IAM user guide, "AWS global condition context keys"); those that end in a slash take a tag key.
pub const GLOBAL_KEYS: &[&str] = &[
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:CurrentTime",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalTag/",
    "aws:PrincipalType",
    "aws:referer",
    "aws:RequestedRegion",
    "aws:RequestTag/",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:ResourceTag/",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:userid",
    "aws:username",
    "aws:ViaAWSService",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:VpcSourceIp",
];

fn is_known_global(folded: &str) -> bool {
    GLOBAL_KEYS.iter().any(|known| {
        let known = known.to_ascii_lowercase();
        known == folded
            || (known.ends_with('/') && folded.len() > known.len() && folded.starts_with(&known))
    })
}

pub(super) fn condition_level(
    condition: &Condition,
    statement: &Statement,
    findings: &mut Findings,
) {
    let at = condition.position();
    let Some(operator) = Operator::parse(condition.operator()) else {
        findings.error(
            "unknown-operator",
            at,
            format!(
                "there is no condition operator `{}`: an Allow never applies, a Deny always does",
                condition.operator()
            ),
        );
        return;
    };
    let key = fold::fold(condition.key());
    let allow = statement.effect() == Effect::Allow;
    if key.starts_with("aws:") && !is_known_global(&key) {
        findings.warn(
            "unknown-global-key",
            at,
            format!("there is no global condition key `{}`", condition.key()),
        );
    }
    let guarded = statement
        .conditions()
        .iter()
        .any(|other| other.operator() == "Null" && fold::folds_to(other.key(), &key));
    if allow && operator.quantifier == Some(Quantifier::All) && !guarded {
        findings.warn(
            "for-all-values-without-null",
            at,
            (
                format!(
                    "ForAllValues is true of a request without `{}`",
                    condition.key()
                ),
                format!("add \"Null\": {{\"{}\": \"false\"}}", condition.key()),
            ),
        );
    }
    let multivalued = MULTIVALUED.contains(&&*key);
    if multivalued && operator.quantifier.is_none() && operator.family != Family::Null {
        findings.warn(
            "multivalued-without-set-operator",
            at,
            (
                format!("`{}` has several values", condition.key()),
                "say ForAllValues: or ForAnyValue:",
            ),
        );
    }
    if key.starts_with("aws:")
        && is_known_global(&key)
        && !multivalued
        && operator.quantifier.is_some()
    {
        findings.warn(
            "set-operator-on-single-value",
            at,
            format!(
                "`{}` has one value: {} is not needed, and ForAllValues is true without it",
                condition.key(),
                condition.operator()
            ),
        );
    }
    let mfa = matches!(
        &*key,
        "aws:multifactorauthpresent" | "aws:multifactorauthage"
    );
    if !allow && mfa && operator.family == Family::Bool && !operator.if_exists {
        findings.warn(
            "deny-mfa-without-if-exists",
            at,
            (
                "calls with long-term keys do not carry this key, so this Deny never hits them",
                "use BoolIfExists",
            ),
        );
    }
    if !allow && operator.if_exists && operator.negated {
        findings.advise(
            "deny-if-exists",
            at,
            "this Deny also hits every request without the key",
        );
    }
    if allow && operator.negated && operator.quantifier.is_none() {
        findings.advise(
            "allow-negated",
            at,
            format!(
                "a negated operator is true of a request without `{}`",
                condition.key()
            ),
        );
    }
}

pub(super) fn condition_values(members: &[Member], findings: &mut Findings) {
    for block in json::member(members, "Condition")
        .and_then(Node::as_object)
        .unwrap_or_default()
    {
        let Some(operator) = Operator::parse(&block.name) else {
            continue;
        };
        for key in block.node.as_object().unwrap_or_default() {
            for node in key.node.one_or_many() {
                let Some(text) = scalar_text(node) else {
                    continue;
                };
                value(operator, &block.name, text, node.start, findings);
            }
        }
    }
}

fn value(operator: Operator, name: &str, text: &str, at: Position, findings: &mut Findings) {
    let variables = matches!(
        operator.family,
        Family::Text | Family::TextIgnoreCase | Family::TextLike | Family::Arn
    );
    if !variables && text.contains("${") {
        findings.error(
            "variable-out-of-place",
            at,
            "variables work in string and ARN operators only",
        );
        return;
    }
    if !understands(operator, text) {
        let (code, what) = match operator.family {
            Family::Number(_) => ("invalid-number", "no decimal number"),
            Family::Date(_) => ("invalid-date", "no date: write 2026-01-02T03:04:05Z"),
            Family::Ip => (
                "invalid-address",
                "no address or network: write 192.0.2.0/24",
            ),
            Family::Bool | Family::Null => ("invalid-boolean", "neither true nor false"),
            Family::Arn => ("invalid-arn", "no ARN of six parts"),
            _ => ("invalid-variable", "no text with well-formed variables"),
        };
        findings.error(
            code,
            at,
            format!("`{text}` is {what}: an Allow never applies by it, a Deny always does"),
        );
    }
    let exact = matches!(operator.family, Family::Text | Family::TextIgnoreCase);
    if exact
        && text
            .replace("${*}", "")
            .replace("${?}", "")
            .contains(['*', '?'])
    {
        let like = if operator.negated {
            "StringNotLike"
        } else {
            "StringLike"
        };
        findings.warn(
            "wildcard-is-literal",
            at,
            (
                format!("{name} takes `*` and `?` literally"),
                format!("{like} knows wildcards"),
            ),
        );
    }
}
