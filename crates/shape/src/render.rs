//! Violations in AWS's words (IAM and STS API references, "Common Errors"; wording recorded 2026).

use std::fmt::Write;

use claviger_model::scalar::Expected;
use claviger_model::{Code, Constraint};

use crate::violation::Violation;
use crate::wire::is_framed;
use crate::{Given, Subject, Violations};

/// How a service words its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// `Value 'given' at 'field'` rather than `Value at 'field'`.
    pub echo_values: bool,
    /// `Member must satisfy enum value set: [A, B]` rather than without the list.
    pub enum_list: bool,
}

impl Dialect {
    /// AWS IAM since 2026.
    pub const IAM: Self = Self {
        echo_values: false,
        enum_list: false,
    };
    /// AWS STS.
    pub const STS: Self = Self {
        echo_values: true,
        enum_list: true,
    };
}

/// The refusal as AWS IAM words it; see [`render`].
#[must_use]
pub fn render_iam(violations: &Violations) -> (Code, Option<String>) {
    render(violations, Dialect::IAM)
}

/// The refusal as AWS STS words it; see [`render`].
#[must_use]
pub fn render_sts(violations: &Violations) -> (Code, Option<String>) {
    render(violations, Dialect::STS)
}

/// The refusal of a request. `None` in place of a message means that the answer has no message at all.
///
/// What cannot be decoded comes first (`MalformedInput`), then everything that has a place in the counted frame
/// (`2 validation errors detected: …; …`), and a whole sentence only when there is nothing else.
#[must_use]
pub fn render(violations: &Violations, dialect: Dialect) -> (Code, Option<String>) {
    for violation in violations {
        for constraint in &violation.constraints {
            if let Constraint::Malformed(expected) = constraint {
                return (Code::MalformedInput, malformed(*expected, &violation.given));
            }
        }
    }
    let mut count = 0usize;
    let mut items = String::new();
    for violation in violations {
        let framed: Vec<&Constraint> = violation
            .constraints
            .iter()
            .filter(|rule| is_framed(rule))
            .collect();
        if framed.is_empty() {
            continue;
        }
        if violation.subject == Subject::Member {
            for constraint in framed {
                count += 1;
                frame(&mut items, violation, dialect);
                tail(&mut items, constraint, dialect);
            }
        } else {
            count += 1;
            frame(&mut items, violation, dialect);
            items.push_str(match violation.subject {
                Subject::Member | Subject::Elements => "Member must satisfy constraint: [",
                Subject::Keys => "Map keys must satisfy constraint: [",
                Subject::Values => "Map value must satisfy constraint: [",
            });
            for (position, constraint) in framed.into_iter().enumerate() {
                if position > 0 {
                    items.push_str(", ");
                }
                tail(&mut items, constraint, dialect);
            }
            items.push(']');
        }
    }
    if count > 0 {
        let plural = if count == 1 { "" } else { "s" };
        let message = format!("{count} validation error{plural} detected: {items}");
        return (Code::ValidationError, Some(message));
    }
    let sentence = violations.iter().find_map(|violation| {
        violation
            .constraints
            .iter()
            .find_map(|constraint| match constraint {
                Constraint::Sentence(sentence) => Some((&violation.path, sentence)),
                _ => None,
            })
    });
    let message = sentence
        .map(|(path, sentence)| format!("The specified value for {path} is invalid. {sentence}"));
    (Code::ValidationError, message)
}

fn malformed(expected: Expected, given: &Given) -> Option<String> {
    match (expected, given) {
        (Expected::Integer, Given::Text(text)) if text.is_empty() => {
            Some("missing value for decimal type".to_owned())
        }
        _ => None,
    }
}

fn frame(to: &mut String, violation: &Violation, dialect: Dialect) {
    if !to.is_empty() {
        to.push_str("; ");
    }
    to.push_str("Value ");
    if dialect.echo_values {
        match &violation.given {
            Given::Absent => to.push_str("null "),
            Given::Withheld => {}
            Given::Text(text) => {
                to.push('\'');
                to.push_str(text);
                to.push_str("' ");
            }
        }
    }
    to.push_str("at '");
    to.push_str(&violation.path);
    to.push_str("' failed to satisfy constraint: ");
}

fn tail(to: &mut String, constraint: &Constraint, dialect: Dialect) {
    // Writing to a string does not fail.
    let _ = match constraint {
        Constraint::NotNull => to.write_str("Member must not be null"),
        Constraint::MinLength(least) => write!(
            to,
            "Member must have length greater than or equal to {least}"
        ),
        Constraint::MaxLength(most) => {
            write!(to, "Member must have length less than or equal to {most}")
        }
        Constraint::MinValue(least) => write!(
            to,
            "Member must have value greater than or equal to {least}"
        ),
        Constraint::MaxValue(most) => {
            write!(to, "Member must have value less than or equal to {most}")
        }
        Constraint::Pattern(pattern) => write!(
            to,
            "Member must satisfy regular expression pattern: {pattern}"
        ),
        Constraint::Enum(values) if dialect.enum_list => write!(
            to,
            "Member must satisfy enum value set: [{}]",
            values.join(", ")
        ),
        Constraint::Enum(_) => to.write_str("Member must satisfy enum value set"),
        Constraint::Sentence(_) | Constraint::Malformed(_) => Ok(()),
    };
}
