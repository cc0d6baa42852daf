//! JSON: the bodies that doors read, and the answers of AWS's JSON protocols.

use std::fmt::{self, Write};

use claviger_model::Timestamp;
use claviger_model::scalar::Kind;
use serde_json::Value;
use serde_json::value::Map;
use zeroize::Zeroize;

use crate::{Encoder, Part, Pieces, Shape, Source};

mod read;

/// A JSON body, zeroed when dropped.
pub struct Json(Value);

/// Why a text is no JSON that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// It nests deeper than [`Json::DEPTH`].
    TooDeep,
    /// It has more values than [`Json::VALUES`].
    TooMany,
    /// An object has two members of this name, so that two readers could disagree about its value.
    Duplicate(String),
    /// It is no JSON text (RFC 8259); line and column, from 1, tell where it stops being one.
    Malformed {
        /// The line.
        line: usize,
        /// The column, in bytes.
        column: usize,
    },
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => f.write_str("the JSON text nests too deeply"),
            Self::TooMany => f.write_str("the JSON text has too many values"),
            Self::Duplicate(name) => write!(f, "the JSON text repeats the member `{name}`"),
            Self::Malformed { line, column } => {
                write!(f, "malformed JSON at line {line}, column {column}")
            }
        }
    }
}

impl std::error::Error for JsonError {}

impl Json {
    /// How deep arrays and objects may nest; the outermost is 1.
    pub const DEPTH: usize = 64;
    /// How many elements of arrays and members of objects there may be, at all depths together: in memory a value takes
    /// many times the two bytes that it can be written in.
    pub const VALUES: usize = 10_000;

    /// Reads a body. The size is the caller's to limit.
    ///
    /// # Errors
    /// See [`JsonError`].
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        read::read(body).map(Self)
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The body as what a [`Shape`] is decoded from.
    #[must_use]
    pub fn source(&self) -> Source<'_> {
        Source::json(&self.0)
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Values may be secrets.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json")
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(elements) => elements.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Writes JSON into a string as AWS's JSON protocols want it: wire names, instants as seconds since the epoch, blobs
/// base64, policy documents plain (Smithy 2.0, "AWS JSON 1.1 protocol").
#[derive(Debug)]
pub struct JsonEncoder<'a> {
    to: &'a mut String,
    in_key: bool,
}

impl<'a> JsonEncoder<'a> {
    /// Appends to `to`.
    pub fn new(to: &'a mut String) -> Self {
        Self { to, in_key: false }
    }

    /// Writes `value` as an object.
    pub fn object<T: Shape>(&mut self, value: &T) {
        self.open(Part::Structure);
        value.encode(self);
        self.close(Part::Structure);
    }

    fn separate(&mut self) {
        // A text that ends in a brace is followed by its quotation mark, so this brace is markup.
        if !self.to.ends_with(['{', '[']) {
            self.to.push(',');
        }
    }
}

impl Encoder for JsonEncoder<'_> {
    fn open(&mut self, part: Part) {
        match part {
            Part::Structure | Part::Map => self.to.push('{'),
            Part::List => self.to.push('['),
            Part::Member(name) => {
                self.separate();
                self.to.push('"');
                escape_json(name.wire, self.to);
                self.to.push_str("\":");
            }
            Part::Element | Part::Entry => self.separate(),
            Part::Key => self.in_key = true,
            Part::Value => self.to.push(':'),
        }
    }

    fn close(&mut self, part: Part) {
        match part {
            Part::Structure | Part::Map => self.to.push('}'),
            Part::List => self.to.push(']'),
            Part::Key => self.in_key = false,
            Part::Member(_) | Part::Element | Part::Entry | Part::Value => {}
        }
    }

    fn scalar(&mut self, kind: Kind, _secret: bool, write: &Pieces<'_>) {
        match kind {
            Kind::Integer | Kind::Boolean if !self.in_key => {
                write(&mut |piece| self.to.push_str(piece));
            }
            Kind::Instant if !self.in_key => {
                let start = self.to.len();
                write(&mut |piece| self.to.push_str(piece));
                let at = self.to.get(start..).and_then(Timestamp::parse_extended);
                self.to.truncate(start);
                match at {
                    // Writing to a string does not fail.
                    Some(at) => drop(write!(self.to, "{}", at.seconds())),
                    None => self.to.push_str("null"),
                }
            }
            _ => {
                self.to.push('"');
                write(&mut |piece| escape_json(piece, self.to));
                self.to.push('"');
            }
        }
    }
}

/// Appends `text` as the inside of a JSON string (RFC 8259, section 7).
fn escape_json(text: &str, to: &mut String) {
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\0'..='\u{1f}' => {
                to.push_str("\\u00");
                let code = u32::from(character);
                to.extend(char::from_digit(code >> 4, 16));
                to.extend(char::from_digit(code & 15, 16));
            }
            other => to.push(other),
        }
    }
}
