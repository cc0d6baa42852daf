//! CSV (RFC 4180): read, and written so that a spreadsheet runs nothing of it.

/// The records of a text.
pub(super) fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let (mut quoted, mut is_empty) = (false, true);
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        is_empty = false;
        match next {
            '"' if quoted => {
                if rest.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    quoted = false;
                }
            }
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && rest.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
                is_empty = true;
            }
            other => field.push(other),
        }
    }
    if !is_empty {
        record.push(field);
        records.push(record);
    }
    records
}

/// The same records, where no field begins as a formula does: an apostrophe before it makes it a text to every spreadsheet
/// (OWASP, "CSV Injection").
pub(super) fn for_spreadsheets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for record in records(text) {
        for (column, field) in record.iter().enumerate() {
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
        let read = records("a,b\r\n\"x, \"\"y\"\"\",\"1\n2\"\n,\n");
        assert_eq!(
            read,
            [vec!["a", "b"], vec!["x, \"y\"", "1\n2"], vec!["", ""]]
        );
        assert_eq!(records("a"), [["a"]]);
        assert!(records("").is_empty());
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
