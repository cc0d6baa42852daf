//! Conditions: one key under one operator (IAM user guide, "Condition operators", "Multivalued context keys").

use crate::arn::{ArnPattern, ArnText};
use crate::facts::{Facts, Found, Value};
use crate::fold;
use crate::json::{Json, Node, Position};
use crate::operator::{Family, Operator, Quantifier};
use crate::pattern::{Pattern, Steps, Syntax, Variable};
use crate::recorder::Truth;
use crate::text::Buffer;
use crate::value::date::Instant;
use crate::value::ip::Network;
use crate::value::number::Decimal;

/// One key of one operator in a Condition block.
#[derive(Debug, Clone)]
pub struct Condition {
    operator_text: Box<str>,
    /// `None`: not understood.
    operator: Option<Operator>,
    key: Box<str>,
    folded: Box<str>,
    tests: Box<[Test]>,
    /// Some value is not understood: where the others do not decide, nothing is sure.
    unsure: bool,
    position: Position,
}

#[derive(Debug, Clone)]
enum Test {
    Text(Pattern),
    Number(Box<str>),
    Date(Instant),
    Bool(bool),
    Binary(Box<str>),
    Ip(Network),
    Arn(ArnPattern),
    Null(bool),
}

impl Condition {
    /// The operator as written.
    #[must_use]
    pub fn operator(&self) -> &str {
        &self.operator_text
    }

    /// The key as written.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where the key stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn compile(
        operator: &str,
        key: &str,
        position: Position,
        node: &Node,
        variables: bool,
        uncertain_variables: bool,
    ) -> Self {
        let parsed = Operator::parse(operator);
        let nodes = node.one_or_many();
        let mut tests = Vec::with_capacity(nodes.len());
        let mut unsure = nodes.is_empty();
        if let Some(parsed) = parsed {
            for node in nodes {
                let text = scalar_text(node);
                let test = text
                    .filter(|text| !(uncertain_variables && text.contains("${")))
                    .and_then(|text| Test::parse(parsed.family, text, variables));
                match test {
                    Some(test) => tests.push(test),
                    None => unsure = true,
                }
            }
        }
        Self {
            operator_text: operator.into(),
            operator: parsed,
            key: key.into(),
            folded: fold::fold(key),
            tests: tests.into(),
            unsure: unsure || parsed.is_none(),
            position,
        }
    }

    /// A stand-in for an operator whose block is no object or is unknown and empty.
    pub(crate) fn unreadable(operator: &str, position: Position) -> Self {
        Self {
            operator_text: operator.into(),
            operator: None,
            key: "".into(),
            folded: "".into(),
            tests: Box::default(),
            unsure: true,
            position,
        }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.tests
            .iter()
            .flat_map(|test| {
                let (text, arn) = match test {
                    Test::Text(pattern) => (Some(pattern), None),
                    Test::Arn(pattern) => (None, Some(pattern)),
                    _ => (None, None),
                };
                text.into_iter()
                    .chain(arn.into_iter().flat_map(ArnPattern::patterns))
            })
            .flat_map(Pattern::variables)
    }

    /// Whether the key is in the request, and whether the condition holds.
    pub(crate) fn evaluate<F: Facts + ?Sized>(
        &self,
        facts: &F,
        steps: &mut Steps,
    ) -> (bool, Truth) {
        steps.take(4);
        let Some(operator) = self.operator else {
            return (true, Truth::Unsure);
        };
        let found = facts.find(&self.folded);
        let absent = found.is_absent();
        if operator.family == Family::Null {
            let fits = self
                .tests
                .iter()
                .any(|test| matches!(test, Test::Null(wanted) if *wanted == absent));
            return (!absent, self.or_unsure(fits));
        }
        let truth = match found {
            _ if absent => Truth::from(
                operator.if_exists
                    || match operator.quantifier {
                        Some(Quantifier::All) => true,
                        Some(Quantifier::Any) => false,
                        None => operator.negated,
                    },
            ),
            Found::Absent => Truth::Unsure,
            Found::One(value) => self.one(operator, value, facts, steps),
            Found::Many(values) => {
                let all = operator.quantifier == Some(Quantifier::All);
                let only = values.value(1).is_none();
                let mut result = Truth::from(all);
                let mut at = 0;
                while let Some(value) = values.value(at) {
                    at += 1;
                    let truth = if operator.quantifier.is_some() {
                        if all && only {
                            self.one(operator, value, facts, steps)
                        } else {
                            self.value(value, operator.family, facts, steps)
                                .negated_if(operator.negated)
                        }
                    } else {
                        self.value(value, operator.family, facts, steps)
                    };
                    result = if all {
                        result.and(truth)
                    } else {
                        result.or(truth)
                    };
                    if steps.exhausted() {
                        break;
                    }
                }
                // Without a set operator the negation is of the whole: no value may match.
                result.negated_if(operator.negated && operator.quantifier.is_none())
            }
        };
        (!absent, truth)
    }

    fn one<F: Facts + ?Sized>(
        &self,
        operator: Operator,
        value: Value<'_>,
        facts: &F,
        steps: &mut Steps,
    ) -> Truth {
        // An empty text counts as an empty set (IAM user guide, "Set operators for multivalued context keys").
        if operator.quantifier == Some(Quantifier::All) && value == Value::Text("") {
            return Truth::True;
        }
        self.value(value, operator.family, facts, steps)
            .negated_if(operator.negated)
    }

    /// Whether any value of the policy fits this value of the request.
    fn value<F: Facts + ?Sized>(
        &self,
        value: Value<'_>,
        family: Family,
        facts: &F,
        steps: &mut Steps,
    ) -> Truth {
        let mut buffer = Buffer::new();
        let fits = match family {
            Family::Number(comparison) => {
                let value = match value {
                    Value::Text(text) => Decimal::parse(text),
                    value @ Value::Number(_) => Decimal::parse(buffer.write(value)),
                    _ => None,
                };
                value.is_some_and(|value| {
                    self.any(steps, |test, _| match test {
                        Test::Number(text) => Decimal::parse(text)
                            .is_some_and(|wanted| comparison.holds(value.compare(&wanted))),
                        _ => false,
                    })
                })
            }
            Family::Date(comparison) => {
                let value = match value {
                    Value::Text(text) => Instant::parse(text),
                    Value::Time(at) => Some(Instant::from(at)),
                    Value::Number(seconds) => Some(Instant::from_seconds(seconds)),
                    _ => None,
                };
                value.is_some_and(|value| {
                    self.any(steps, |test, _| {
                        matches!(test, Test::Date(wanted) if comparison.holds(value.cmp(wanted)))
                    })
                })
            }
            Family::Bool => {
                let value = match value {
                    Value::Bool(truth) => Some(truth),
                    Value::Text(text) => boolean(text),
                    _ => None,
                };
                value.is_some_and(|value| {
                    self.any(
                        steps,
                        |test, _| matches!(test, Test::Bool(wanted) if *wanted == value),
                    )
                })
            }
            Family::Ip => {
                let value = match value {
                    Value::Ip(address) => Some(address.to_canonical()),
                    Value::Text(text) => text.parse().ok(),
                    _ => None,
                };
                value.is_some_and(|value| {
                    self.any(
                        steps,
                        |test, _| matches!(test, Test::Ip(network) if network.contains(value)),
                    )
                })
            }
            Family::Text | Family::TextLike | Family::TextIgnoreCase => {
                let text = plain(value, &mut buffer);
                let ignore_case = family == Family::TextIgnoreCase;
                self.any(steps, |test, steps| match test {
                    Test::Text(pattern) if ignore_case => {
                        pattern.matches_folded(text, facts, steps)
                    }
                    Test::Text(pattern) => pattern.matches(text, facts, steps),
                    _ => false,
                })
            }
            Family::Arn => ArnText::split(plain(value, &mut buffer)).is_some_and(|arn| {
                self.any(steps, |test, steps| match test {
                    Test::Arn(pattern) => pattern.matches(&arn, facts, steps),
                    _ => false,
                })
            }),
            Family::Binary => {
                let text = plain(value, &mut buffer);
                self.any(
                    steps,
                    |test, _| matches!(test, Test::Binary(wanted) if **wanted == *text),
                )
            }
            Family::Null => false,
        };
        self.or_unsure(fits)
    }

    fn any(&self, steps: &mut Steps, mut fits: impl FnMut(&Test, &mut Steps) -> bool) -> bool {
        self.tests
            .iter()
            .any(|test| steps.take(1) && fits(test, steps))
    }

    const fn or_unsure(&self, fits: bool) -> Truth {
        match (fits, self.unsure) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unsure,
            (false, false) => Truth::False,
        }
    }
}

fn plain<'v>(value: Value<'v>, buffer: &'v mut Buffer) -> &'v str {
    match value {
        Value::Text(text) => text,
        value => buffer.write(value),
    }
}

/// The text of a JSON string, boolean or number: as condition values they are the same.
pub(crate) fn scalar_text(node: &Node) -> Option<&str> {
    match &node.value {
        Json::Text(text) | Json::Number(text) => Some(text),
        Json::Bool(true) => Some("true"),
        Json::Bool(false) => Some("false"),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// `true` or `false` in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

impl Test {
    fn parse(family: Family, text: &str, variables: bool) -> Option<Self> {
        let text_pattern = |wildcards| {
            Pattern::parse(
                text,
                Syntax {
                    wildcards,
                    variables,
                },
            )
            .ok()
            .map(Self::Text)
        };
        match family {
            Family::Text | Family::TextIgnoreCase => text_pattern(false),
            Family::TextLike => text_pattern(true),
            Family::Number(_) => Decimal::parse(text).map(|_| Self::Number(text.into())),
            Family::Date(_) => Instant::parse(text).map(Self::Date),
            Family::Bool => boolean(text).map(Self::Bool),
            Family::Null => boolean(text).map(Self::Null),
            Family::Binary => Some(Self::Binary(text.into())),
            Family::Ip => Network::parse(text).map(Self::Ip),
            Family::Arn => ArnPattern::parse_condition(text, variables)
                .ok()
                .map(Self::Arn),
        }
    }
}

/// Whether a policy value makes sense under an operator.
pub(crate) fn understands(operator: Operator, text: &str) -> bool {
    Test::parse(operator.family, text, true).is_some()
}
