//! Shapes written as forms, as an SDK would write them.

use claviger_model::scalar::Kind;
use claviger_shape::{Encoder, Part, Pieces, Shape};

/// The form that `value` is decoded from.
pub(crate) fn form<T: Shape>(value: &T) -> String {
    let mut encoder = FormEncoder {
        to: String::new(),
        name: Vec::new(),
        counts: Vec::new(),
    };
    value.encode(&mut encoder);
    encoder.to
}

struct FormEncoder {
    to: String,
    name: Vec<String>,
    /// How many elements each open list or map has so far.
    counts: Vec<usize>,
}

impl FormEncoder {
    fn parameter(&mut self, value: &str) {
        if !self.to.is_empty() {
            self.to.push('&');
        }
        self.to.push_str(&escaped(&self.name.join(".")));
        self.to.push('=');
        self.to.push_str(&escaped(value));
    }

    fn next(&mut self, label: &str) {
        let count = self.counts.last_mut().unwrap();
        *count += 1;
        let count = *count;
        self.name.push(format!("{label}.{count}"));
    }
}

impl Encoder for FormEncoder {
    fn open(&mut self, part: Part) {
        match part {
            Part::Structure => {}
            Part::Member(name) => self.name.push(name.wire.to_owned()),
            Part::List | Part::Map => self.counts.push(0),
            Part::Element => self.next("member"),
            Part::Entry => self.next("entry"),
            Part::Key => self.name.push("key".to_owned()),
            Part::Value => self.name.push("value".to_owned()),
        }
    }

    fn close(&mut self, part: Part) {
        match part {
            Part::Structure => {}
            Part::List | Part::Map => {
                if self.counts.pop() == Some(0) {
                    self.parameter("");
                }
            }
            _ => drop(self.name.pop()),
        }
    }

    fn scalar(&mut self, _kind: Kind, _secret: bool, write: &Pieces<'_>) {
        let mut text = String::new();
        write(&mut |piece| text.push_str(piece));
        self.parameter(&text);
    }
}

/// Escapes what must be, and some of what need not be.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'a'..=b'y' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02x}"),
        })
        .collect()
}
