//! What a value is read from: a part of a form, or a JSON value.

use claviger_model::Timestamp;
use claviger_model::scalar::{Expected, Kind};
use serde_json::Value as JsonValue;
use std::borrow::Cow;

use crate::form::FormPart;
use crate::{Given, Type};

/// What a value is read from. The same declaration is decoded from either.
#[derive(Clone, Copy)]
pub struct Source<'a>(Node<'a>);

#[derive(Clone, Copy)]
enum Node<'a> {
    Form(FormPart<'a>),
    Json(&'a JsonValue),
}

/// Values may be secrets, so that none is printed.
impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Node::Form(_) => "Source(form)",
            Node::Json(_) => "Source(JSON)",
        })
    }
}

impl<'a> Source<'a> {
    pub(crate) fn form(part: FormPart<'a>) -> Self {
        Self(Node::Form(part))
    }

    /// A JSON value. Unknown members of it are ignored, as unknown parameters of a form are.
    #[must_use]
    pub fn json(value: &'a JsonValue) -> Self {
        Self(Node::Json(value))
    }

    /// The member of this name, if it is there: in a form a scalar needs a value of its own, a list, map or structure
    /// may stand in its members alone. JSON's `null` is absent.
    pub(crate) fn member(&self, name: &str, holds: &Type) -> Option<Self> {
        match self.0 {
            Node::Form(part) if holds.is_scalar() => part.scalar(name).map(Self::form),
            Node::Form(part) => {
                let member = part.member(name);
                (member.text().is_some() || member.has_members())
                    .then_some(Self(Node::Form(member)))
            }
            Node::Json(value) => value
                .get(name)
                .filter(|member| !member.is_null())
                .map(|member| Self(Node::Json(member))),
        }
    }

    /// The text of a single value, `None` if there is none.
    pub(crate) fn text(&self, kind: Kind) -> Option<Result<Cow<'a, str>, Expected>> {
        match self.0 {
            Node::Form(part) => part.text().map(|text| Ok(Cow::Borrowed(text))),
            Node::Json(JsonValue::Null) => None,
            Node::Json(value) => Some(json_text(value, kind)),
        }
    }

    /// Whether this can be a structure.
    pub(crate) fn is_structure(&self) -> bool {
        match self.0 {
            Node::Form(part) => part.text().is_none_or(str::is_empty),
            Node::Json(value) => value.is_object(),
        }
    }

    /// The elements of a list in their order; `None` if this is no list.
    pub(crate) fn elements(&self) -> Option<Vec<Self>> {
        match self.0 {
            Node::Form(part) => numbered(part, "member"),
            Node::Json(value) => Some(
                value
                    .as_array()?
                    .iter()
                    .map(|value| Self(Node::Json(value)))
                    .collect(),
            ),
        }
    }

    /// The keys and values of a map; `None` if this is no map. The key is absent where a form left it out.
    pub(crate) fn entries(&self) -> Option<Vec<MapEntry<'a>>> {
        match self.0 {
            Node::Form(part) => Some(
                numbered(part, "entry")?
                    .into_iter()
                    .map(|entry| {
                        let Node::Form(part) = entry.0 else {
                            return (None, entry);
                        };
                        (part.get("key"), Self(Node::Form(part.member("value"))))
                    })
                    .collect(),
            ),
            Node::Json(value) => Some(
                value
                    .as_object()?
                    .iter()
                    .map(|(key, value)| (Some(&**key), Self(Node::Json(value))))
                    .collect(),
            ),
        }
    }

    /// Whether nothing at all stands here.
    pub(crate) fn is_absent(&self) -> bool {
        match self.0 {
            Node::Form(part) => part.text().is_none() && !part.has_members(),
            Node::Json(value) => value.is_null(),
        }
    }

    /// What a refusal may show of this.
    pub(crate) fn given(&self, holds: &Type) -> Given {
        match holds {
            _ if holds.secret() => Given::Withheld,
            Type::Scalar { kind, .. } => match self.text(*kind) {
                None => Given::Absent,
                Some(Ok(text)) => Given::Text(text.into_owned()),
                Some(Err(_)) => Given::Withheld,
            },
            Type::List { element, .. } if element.is_scalar() => {
                let texts: Vec<String> = self
                    .elements()
                    .unwrap_or_default()
                    .iter()
                    .map(|part| match part.given(element) {
                        Given::Text(text) => text,
                        Given::Absent | Given::Withheld => String::from("null"),
                    })
                    .collect();
                Given::Text(format!("[{}]", texts.join(", ")))
            }
            Type::List { .. } | Type::Map { .. } | Type::Structure { .. } => Given::Withheld,
        }
    }
}

/// A key, where there is one, and the value that goes with it.
pub(crate) type MapEntry<'a> = (Option<&'a str>, Source<'a>);

/// SECURITY: whatever stands below a list must be one of its elements. A misspelt element that was silently left out
/// could be the session policy that narrows a role.
fn numbered<'a>(part: FormPart<'a>, label: &str) -> Option<Vec<Source<'a>>> {
    // SDKs send an empty list as `Tags=`.
    if part.text().is_some_and(|text| !text.is_empty()) {
        return None;
    }
    let below = part.member(label);
    if below.text().is_some() || !below.is_all_of(&part) {
        return None;
    }
    Some(below.numbered()?.into_iter().map(Source::form).collect())
}

fn json_text(value: &JsonValue, kind: Kind) -> Result<Cow<'_, str>, Expected> {
    match (kind, value) {
        (Kind::Text | Kind::Blob | Kind::Document | Kind::Instant, JsonValue::String(text)) => {
            Ok(Cow::Borrowed(text))
        }
        (Kind::Integer, JsonValue::Number(number)) if !number.is_f64() => {
            Ok(Cow::Owned(number.to_string()))
        }
        (Kind::Boolean, JsonValue::Bool(true)) => Ok(Cow::Borrowed("true")),
        (Kind::Boolean, JsonValue::Bool(false)) => Ok(Cow::Borrowed("false")),
        (Kind::Instant, JsonValue::Number(seconds)) => seconds
            .as_f64()
            .and_then(instant)
            .map(Cow::Owned)
            .ok_or(Expected::Timestamp),
        (Kind::Integer, _) => Err(Expected::Integer),
        (Kind::Boolean, _) => Err(Expected::Boolean),
        (Kind::Instant, _) => Err(Expected::Timestamp),
        (Kind::Blob, _) => Err(Expected::Blob),
        (Kind::Text | Kind::Document, _) => Err(Expected::Text),
    }
}

/// The text of an instant given in seconds since the epoch, to the microsecond.
fn instant(seconds: f64) -> Option<String> {
    // The years 0 to 9999: outside them there is no text.
    if !(-62_167_219_200.0..253_402_300_800.0).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range above lies well inside an i64 of microseconds"
    )]
    let micros = (seconds * 1e6).round() as i64;
    let at = Timestamp::from_micros(micros);
    let whole = at.to_string();
    let whole = whole.strip_suffix('Z')?;
    Some(format!("{whole}.{:06}Z", micros.rem_euclid(1_000_000)))
}
