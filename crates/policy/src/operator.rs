//! Names of condition operators (IAM user guide, "Condition operators").

use std::cmp::Ordering;

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    Text,
    TextIgnoreCase,
    TextLike,
    Number(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether a request value that stands thus to the policy value fits.
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// How an operator treats several values of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Quantifier {
    All,
    Any,
}

/// An operator taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Operator {
    pub(crate) family: Family,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
    pub(crate) quantifier: Option<Quantifier>,
}

impl Operator {
    /// Reads `[ForAllValues:|ForAnyValue:]Name[IfExists]`, with regard to case; `None` where there is no such operator.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (quantifier, name) = match text.split_once(':') {
            Some(("ForAllValues", name)) => (Some(Quantifier::All), name),
            Some(("ForAnyValue", name)) => (Some(Quantifier::Any), name),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (family, negated) = family(name)?;
        if family == Family::Null && (if_exists || quantifier.is_some()) {
            return None;
        }
        Some(Self {
            family,
            negated,
            if_exists,
            quantifier,
        })
    }
}

fn family(name: &str) -> Option<(Family, bool)> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    Some(match name {
        "StringEquals" => (Family::Text, false),
        "StringNotEquals" => (Family::Text, true),
        "StringEqualsIgnoreCase" => (Family::TextIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Family::TextIgnoreCase, true),
        "StringLike" => (Family::TextLike, false),
        "StringNotLike" => (Family::TextLike, true),
        "NumericEquals" => (Family::Number(Equal), false),
        "NumericNotEquals" => (Family::Number(Equal), true),
        "NumericLessThan" => (Family::Number(Less), false),
        "NumericLessThanEquals" => (Family::Number(LessOrEqual), false),
        "NumericGreaterThan" => (Family::Number(Greater), false),
        "NumericGreaterThanEquals" => (Family::Number(GreaterOrEqual), false),
        "DateEquals" => (Family::Date(Equal), false),
        "DateNotEquals" => (Family::Date(Equal), true),
        "DateLessThan" => (Family::Date(Less), false),
        "DateLessThanEquals" => (Family::Date(LessOrEqual), false),
        "DateGreaterThan" => (Family::Date(Greater), false),
        "DateGreaterThanEquals" => (Family::Date(GreaterOrEqual), false),
        "Bool" => (Family::Bool, false),
        "BinaryEquals" => (Family::Binary, false),
        "IpAddress" => (Family::Ip, false),
        "NotIpAddress" => (Family::Ip, true),
        "ArnEquals" | "ArnLike" => (Family::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Family::Arn, true),
        "Null" => (Family::Null, false),
        _ => return None,
    })
}

/// All base names, for tests, advice and completion.
pub const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_its_prefixes_and_its_suffix_but_null() {
        for name in OPERATORS {
            let base = Operator::parse(name).expect("an operator");
            assert!(!base.if_exists && base.quantifier.is_none());
            let full = Operator::parse(&format!("ForAnyValue:{name}IfExists"));
            assert_eq!(full.is_some(), *name != "Null", "{name}");
        }
        for bad in [
            "",
            "stringEquals",
            "StringEqual",
            "ForAnyValue::StringEquals",
            "ForSome:StringEquals",
            "forallvalues:StringEquals",
            "NullIfExists",
            "BoolNotEquals",
            "StringEqualsIfExistsIfExists",
        ] {
            assert_eq!(Operator::parse(bad), None, "{bad}");
        }
    }
}
