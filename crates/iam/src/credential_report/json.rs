//! The report's lines as JSON, made of its CSV while it is sent: an array of one object a line, each with a member for every
//! column and the text that stands there.

/// Turns the report's CSV, however it is cut into pieces, into JSON.
#[derive(Debug, Default)]
pub(crate) struct Converter {
    /// The names of the columns, written as JSON. Empty until the first line has been read.
    columns: Vec<String>,
    /// The fields of the line that is being read.
    fields: Vec<Vec<u8>>,
    field: Vec<u8>,
    quoting: Quoting,
    lines: u64,
}

/// Where the reader stands in a field.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Outside quotation marks.
    #[default]
    Plain,
    /// Between quotation marks.
    Quoted,
    /// Behind a quotation mark that ends the quoted text, unless another follows.
    MaybeEnd,
}

impl Converter {
    /// Reads a piece and writes what can be told so far.
    pub(crate) fn push(&mut self, piece: &[u8], to: &mut Vec<u8>) {
        for &byte in piece {
            match (self.quoting, byte) {
                (Quoting::Plain, b'"') if self.field.is_empty() => self.quoting = Quoting::Quoted,
                (Quoting::Quoted, b'"') => self.quoting = Quoting::MaybeEnd,
                (Quoting::MaybeEnd, b'"') => {
                    self.quoting = Quoting::Quoted;
                    self.field.push(byte);
                }
                (Quoting::Plain | Quoting::MaybeEnd, b',') => self.end_field(),
                (Quoting::Plain | Quoting::MaybeEnd, b'\n') => {
                    self.end_field();
                    self.end_line(to);
                }
                (_, byte) => self.field.push(byte),
            }
        }
    }

    /// Writes the last line, which ends in nothing, and the end of the array.
    pub(crate) fn finish(&mut self, to: &mut Vec<u8>) {
        self.end_field();
        self.end_line(to);
        to.extend_from_slice(b"\n]\n");
    }

    fn end_field(&mut self) {
        self.quoting = Quoting::Plain;
        self.fields.push(std::mem::take(&mut self.field));
    }

    fn end_line(&mut self, to: &mut Vec<u8>) {
        if self.columns.is_empty() {
            self.columns = self.fields.drain(..).map(|name| text(&name)).collect();
            to.push(b'[');
            return;
        }
        to.extend_from_slice(if self.lines == 0 { b"\n{" } else { b",\n{" });
        self.lines += 1;
        for (at, (column, value)) in self.columns.iter().zip(self.fields.drain(..)).enumerate() {
            if at > 0 {
                to.push(b',');
            }
            to.extend_from_slice(column.as_bytes());
            to.push(b':');
            to.extend_from_slice(text(&value).as_bytes());
        }
        to.push(b'}');
    }
}

/// A JSON string. The report is UTF-8, as it was written.
fn text(bytes: &[u8]) -> String {
    serde_json::Value::from(String::from_utf8_lossy(bytes)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(csv: &str, cut: usize) -> String {
        let mut converter = Converter::default();
        let mut json = Vec::new();
        for piece in csv.as_bytes().chunks(cut) {
            converter.push(piece, &mut json);
        }
        converter.finish(&mut json);
        String::from_utf8(json).expect("UTF-8")
    }

    #[test]
    fn what_is_quoted_comes_back_as_it_was_wherever_the_text_is_cut() {
        let csv = "user,arn\nmüller,N/A\n\"a,b\",\"/a\"\"b\"\"/\"\n\"\"\"\",\"x\ny\"";
        let expected = "[\n{\"user\":\"müller\",\"arn\":\"N/A\"},\n{\"user\":\"a,b\",\"arn\":\"/a\\\"b\\\"/\"},\n{\"user\":\"\\\"\",\"arn\":\"x\\ny\"}\n]\n";
        for cut in 1..=csv.len() {
            assert_eq!(converted(csv, cut), expected, "cut every {cut} bytes");
        }
    }

    #[test]
    fn a_report_of_nobody_is_an_empty_array() {
        assert_eq!(converted("user,arn", 3), "[\n]\n");
    }
}
