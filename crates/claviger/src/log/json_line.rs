//! A line of the log as JSON. Written straight into the line's buffer: a request's line is a part of what every request
//! costs, and the general serializer took twice as long for it.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// One object a line: `timestamp`, `level`, and the event's fields, `message` among them.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        to.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut to)?;
        to.write_str("\",\"level\":\"")?;
        to.write_str(event.metadata().level().as_str())?;
        to.write_char('"')?;
        let mut fields = Fields {
            to: &mut to,
            result: Ok(()),
        };
        event.record(&mut fields);
        fields.result?;
        to.write_str("}\n")
    }
}

/// Writes fields; after the first failure, nothing more.
struct Fields<'a, W> {
    to: &'a mut W,
    result: fmt::Result,
}

impl<W: Write> Fields<'_, W> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = (|| {
                self.to.write_str(",\"")?;
                Escaped(self.to).write_str(field.name())?;
                self.to.write_str("\":")?;
                value(self.to)
            })();
        }
    }
}

impl<W: Write> Visit for Fields<'_, W> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, |to| {
            to.write_char('"')?;
            Escaped(to).write_str(value)?;
            to.write_char('"')
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, |to| {
            to.write_char('"')?;
            write!(Escaped(to), "{value:?}")?;
            to.write_char('"')
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, |to| write!(to, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |to| write!(to, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |to| write!(to, "{value}"));
    }
}

/// Writes the inside of a JSON string (RFC 8259, section 7).
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((plain, special, after)) = special(rest) {
            self.0.write_str(plain)?;
            match special {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                control => write!(self.0, "\\u{control:04x}")?,
            }
            rest = after;
        }
        self.0.write_str(rest)
    }
}

/// The first character that cannot stand in a JSON string as it is, with what comes before and after it.
fn special(text: &str) -> Option<(&str, u8, &str)> {
    let is_special = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    let at = text.as_bytes().iter().position(is_special)?;
    // All of them are ASCII, so both cuts fall between characters.
    let (plain, rest) = text.split_at_checked(at)?;
    let (special, after) = rest.split_at_checked(1)?;
    Some((plain, *special.as_bytes().first()?, after))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_one_object_whatever_stands_in_its_fields() {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer({
                let kept = kept.clone();
                move || kept.clone()
            })
            .event_format(JsonLine)
            .finish();
        let hostile = "a\"b\\c\nd\u{1}\u{7f}é\u{2028}, \"level\":\"ERROR\"";
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(
                path = hostile,
                shown = %hostile,
                debug = ?Some(hostile),
                status = 200_u16,
                before = -5,
                ratio = 0.5,
                good = true,
                absent = None::<&str>,
                "said \"so\""
            );
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "said \"so\"");
        assert_eq!(line["path"], hostile);
        assert_eq!(line["shown"], hostile);
        assert_eq!(line["debug"], format!("{:?}", Some(hostile)));
        assert_eq!(line["status"], 200);
        assert_eq!(line["before"], -5);
        assert_eq!(line["ratio"], "0.5");
        assert_eq!(line["good"], true);
        assert!(line.get("absent").is_none());
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
}
