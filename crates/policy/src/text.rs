//! The text of typed values, written on the stack.

use std::fmt::Write;

use crate::facts::Value;

/// Longer than every number, instant and address.
const CAPACITY: usize = 64;

/// A text of at most 64 bytes that lives on the stack.
pub(crate) struct Buffer {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; CAPACITY],
            len: 0,
        }
    }

    /// The text of `value`; [`Value::Text`] is copied and had better be used directly.
    pub(crate) fn write(&mut self, value: Value<'_>) -> &str {
        self.len = 0;
        let written = match value {
            Value::Text(text) => self.write_str(text),
            Value::Bool(truth) => self.write_str(if truth { "true" } else { "false" }),
            Value::Number(number) => write!(self, "{number}"),
            Value::Time(at) => write!(self, "{at}"),
            Value::Ip(address) => write!(self, "{}", address.to_canonical()),
        };
        // INVARIANT: typed values are shorter than the buffer; a text that is not yields nothing that could match.
        if written.is_err() {
            self.len = 0;
        }
        self.bytes
            .get(..self.len)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes
            .get_mut(self.len..end)
            .ok_or(std::fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use claviger_model::Timestamp;

    #[test]
    fn typed_values_have_the_text_that_policies_compare() {
        let mut buffer = Buffer::new();
        for (value, text) in [
            (Value::Bool(true), "true"),
            (Value::Number(i64::MIN), "-9223372036854775808"),
            (
                Value::Time(Timestamp::from_seconds(0)),
                "1970-01-01T00:00:00Z",
            ),
            (
                Value::Ip("2001:DB8:0::1".parse().expect("address")),
                "2001:db8::1",
            ),
            (
                Value::Ip("::ffff:192.0.2.1".parse().expect("address")),
                "192.0.2.1",
            ),
        ] {
            assert_eq!(buffer.write(value), text);
        }
    }
}
