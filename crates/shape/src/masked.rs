//! What audit records show of a request or an answer.

use claviger_model::scalar::Kind;
use serde_json::Value;
use serde_json::value::Map;

use crate::{Encoder, Part, Pieces, Shape};

/// What stands in place of a secret, as in CloudTrail's records.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The longest text shown whole, in Unicode scalar values.
const LONGEST: usize = 2_048;

/// Builds the value that stands as `requestParameters` or `responseElements` in an audit record: lower-camel names,
/// secrets hidden, long texts cut with a note, empty lists and maps left out.
#[derive(Debug, Default)]
pub struct MaskedJson {
    /// What is open, outermost first; on top of it, between the closing of a value and of what holds it, that value.
    stack: Vec<Value>,
}

impl MaskedJson {
    /// The masked form of `value`.
    #[must_use]
    pub fn of<T: Shape>(value: &T) -> Value {
        let mut masked = Self::default();
        masked.open(Part::Structure);
        value.encode(&mut masked);
        masked.close(Part::Structure);
        masked.stack.pop().unwrap_or_default()
    }

    fn insert(&mut self, name: String, value: Value) {
        if let Some(Value::Object(members)) = self.stack.last_mut() {
            members.insert(name, value);
        }
    }
}

impl Encoder for MaskedJson {
    fn open(&mut self, part: Part) {
        match part {
            Part::Structure | Part::Map => self.stack.push(Value::Object(Map::new())),
            Part::List => self.stack.push(Value::Array(Vec::new())),
            Part::Member(_) | Part::Element | Part::Entry | Part::Key | Part::Value => {}
        }
    }

    fn close(&mut self, part: Part) {
        match part {
            Part::Member(name) => {
                let value = self.stack.pop().unwrap_or_default();
                let empty = match &value {
                    Value::Array(elements) => elements.is_empty(),
                    Value::Object(members) => members.is_empty(),
                    _ => false,
                };
                if !empty {
                    self.insert(name.camel.to_owned(), value);
                }
            }
            Part::Element => {
                let value = self.stack.pop().unwrap_or_default();
                if let Some(Value::Array(elements)) = self.stack.last_mut() {
                    elements.push(value);
                }
            }
            Part::Entry => {
                let value = self.stack.pop().unwrap_or_default();
                let key = match self.stack.pop().unwrap_or_default() {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                self.insert(key, value);
            }
            Part::Structure | Part::List | Part::Map | Part::Key | Part::Value => {}
        }
    }

    fn scalar(&mut self, kind: Kind, secret: bool, write: &Pieces<'_>) {
        if secret {
            self.stack.push(Value::from(HIDDEN));
            return;
        }
        let mut text = String::new();
        let mut length = 0usize;
        write(&mut |piece| {
            let left = LONGEST.saturating_sub(length);
            text.extend(piece.chars().take(left));
            length = length.saturating_add(piece.chars().count());
        });
        if length > LONGEST {
            text.push_str(&format!("… [{LONGEST} of {length} characters]"));
        }
        self.stack.push(match kind {
            Kind::Integer => text
                .parse::<i64>()
                .map_or_else(|_| Value::from(text), Value::from),
            Kind::Boolean => Value::from(text == "true"),
            Kind::Text | Kind::Instant | Kind::Blob | Kind::Document => Value::from(text),
        });
    }
}
