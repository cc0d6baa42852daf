//! CSV (RFC 4180): read, and written so that a spreadsheet runs nothing of it.

use std::borrow::Cow;

/// A line of a text. A report has tens of thousands, of which a page shows fifty: nothing is copied before it is asked for.
#[derive(Clone, Copy)]
pub(super) struct Record<'t>(&'t str);

impl<'t> Record<'t> {
    /// The fields in their order.
    pub(super) fn fields(self) -> impl Iterator<Item = Cow<'t, str>> {
        let mut rest = Some(self.0);
        let is_plain = !self.0.contains('"');
        std::iter::from_fn(move || {
            let text = rest?;
            let (field, next) = match text.split_once(',') {
                Some((field, next)) if is_plain => (field, Some(next)),
                _ => cut(text, ','),
            };
            rest = next;
            Some(bare(field))
        })
    }

    /// The field of this column; empty where there is none.
    pub(super) fn field(self, column: usize) -> Cow<'t, str> {
        self.fields().nth(column).unwrap_or_default()
    }
}

/// The records of a text.
pub(super) fn records(text: &str) -> impl Iterator<Item = Record<'_>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let (line, next) = cut(rest.filter(|rest| !rest.is_empty())?, '\n');
        rest = next;
        Some(Record(line.strip_suffix('\r').unwrap_or(line)))
    })
}

/// What stands before the first separator that is not between quotation marks, and what follows it. Those come in pairs, also
/// where two stand for one.
fn cut(text: &str, separator: char) -> (&str, Option<&str>) {
    let (mut counted, mut odd) = (0, false);
    for (at, _) in text.match_indices(separator) {
        let more = text.get(counted..at).unwrap_or_default();
        odd ^= more.matches('"').count() % 2 == 1;
        counted = at;
        if !odd {
            let (before, after) = text.split_at(at);
            return (before, after.strip_prefix(separator));
        }
    }
    (text, None)
}

/// A field without its quotation marks.
fn bare(field: &str) -> Cow<'_, str> {
    let quoted = field.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    match quoted {
        Some(text) => Cow::Owned(text.replace("\"\"", "\"")),
        None => Cow::Borrowed(field),
    }
}

/// The same records, where no field begins as a formula does: an apostrophe before it makes it a text to every spreadsheet
/// (OWASP, "CSV Injection").
pub(super) fn for_spreadsheets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for record in records(text) {
        for (column, field) in record.fields().enumerate() {
            if column > 0 {
                out.push(',');
            }
            let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let needs_quotes = field.contains([',', '"', '\n', '\r']);
            if needs_quotes {
                out.push('"');
            }
            if is_formula {
                out.push('\'');
            }
            out.push_str(&field.replace('"', "\"\""));
            if needs_quotes {
                out.push('"');
            }
        }
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_hold_commas_quotes_and_lines() {
        let read =
            |text| -> Vec<Vec<_>> { records(text).map(|it| it.fields().collect()).collect() };
        assert_eq!(
            read("a,b\r\n\"x, \"\"y\"\"\",\"1\n2\"\n,\n"),
            [vec!["a", "b"], vec!["x, \"y\"", "1\n2"], vec!["", ""]]
        );
        assert_eq!(read("a"), [["a"]]);
        assert_eq!(read("\"\"\"\",\"\"\n"), [["\"", ""]]);
        assert!(read("").is_empty());
    }

    #[test]
    fn what_is_no_csv_is_read_to_its_end_all_the_same() {
        for text in ["\"", "a\"b,\n", "\"a\nb,c", "\n\n", "\r", "\"é\",\"\n"] {
            let bytes: usize = records(text)
                .flat_map(Record::fields)
                .map(|it| it.len())
                .sum();
            assert!(bytes <= text.len(), "{text:?}");
        }
        assert_eq!(records("a,b").next().map(|it| it.field(7)), Some("".into()));
    }

    #[test]
    fn no_field_begins_as_a_formula_does() {
        // AC-43
        for first in ["=", "+", "-", "@", "\t"] {
            let written = for_spreadsheets(&format!("{first}cmd,x\n"));
            assert_eq!(written, format!("'{first}cmd,x\r\n"));
        }
        assert_eq!(for_spreadsheets("\"\rx\"\n"), "\"'\rx\"\r\n");
        assert_eq!(for_spreadsheets("\"=a,b\",c\n"), "\"'=a,b\",c\r\n");
        assert_eq!(for_spreadsheets("a=b,N/A\n"), "a=b,N/A\r\n");
    }
}
