//! The XML of the AWS Query protocol (Smithy 2.0, "AWS Query protocol").

use claviger_model::scalar::Kind;

use crate::{Encoder, Part, Pieces, Shape};

/// Writes XML into a string. Lists are `<member>` elements, maps `<entry><key/><value/></entry>`, instants whole
/// seconds ending in `Z`, blobs base64, policy documents percent-encoded.
#[derive(Debug)]
pub struct XmlEncoder<'a> {
    to: &'a mut String,
    /// Where the text ended when the last start tag was written.
    opened: usize,
}

impl<'a> XmlEncoder<'a> {
    /// Appends to `to`.
    pub fn new(to: &'a mut String) -> Self {
        Self { to, opened: 0 }
    }

    /// Writes `value` as the element `name`, which is written as it stands.
    pub fn element<T: Shape>(&mut self, name: &str, value: &T) {
        self.start(name);
        value.encode(self);
        self.end(name);
    }

    fn start(&mut self, name: &str) {
        self.to.push('<');
        self.to.push_str(name);
        self.to.push('>');
        self.opened = self.to.len();
    }

    fn end(&mut self, name: &str) {
        if self.to.len() == self.opened && self.to.ends_with('>') {
            self.to.pop();
            self.to.push_str("/>");
        } else {
            self.to.push_str("</");
            self.to.push_str(name);
            self.to.push('>');
        }
    }
}

fn tag(part: Part) -> Option<&'static str> {
    match part {
        Part::Structure | Part::List | Part::Map => None,
        Part::Member(name) => Some(name.wire),
        Part::Element => Some("member"),
        Part::Entry => Some("entry"),
        Part::Key => Some("key"),
        Part::Value => Some("value"),
    }
}

impl Encoder for XmlEncoder<'_> {
    fn open(&mut self, part: Part) {
        if let Some(name) = tag(part) {
            self.start(name);
        }
    }

    fn close(&mut self, part: Part) {
        if let Some(name) = tag(part) {
            self.end(name);
        }
    }

    fn scalar(&mut self, kind: Kind, _secret: bool, write: &Pieces<'_>) {
        match kind {
            Kind::Document => write(&mut |piece| percent_encode(piece, self.to)),
            _ => write(&mut |piece| escape_xml(piece, self.to)),
        }
    }
}

/// Appends `text` as the content of an element.
///
/// A carriage return is written as `&#xD;`, which a parser would otherwise turn into a line feed. Characters that
/// XML 1.0 cannot hold at all (section 2.2) become U+FFFD: one of them would make the whole answer unreadable.
pub fn escape_xml(text: &str, to: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        to.push_str(plain);
        let mut characters = from.chars();
        if let Some(character) = characters.next() {
            to.push_str(match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '\r' => "&#xD;",
                _ => "\u{fffd}",
            });
        }
        rest = characters.as_str();
    }
    to.push_str(rest);
}

fn needs_escape(character: char) -> bool {
    matches!(
        character,
        '&' | '<' | '>' | '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// RFC 3986: everything but unreserved characters is escaped.
fn percent_encode(text: &str, to: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    to.reserve(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            to.push('%');
            to.extend(DIGITS.get(usize::from(byte >> 4)));
            to.extend(DIGITS.get(usize::from(byte & 15)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut to = String::new();
        escape_xml(text, &mut to);
        to
    }

    #[test]
    fn markup_and_carriage_returns_are_escaped() {
        assert_eq!(escaped("a<b>&\"c\"'"), "a&lt;b&gt;&amp;\"c\"'");
        assert_eq!(escaped("one\r\ntwo\t"), "one&#xD;\ntwo\t");
        assert_eq!(escaped("]]>"), "]]&gt;");
    }

    #[test]
    fn what_xml_cannot_hold_does_not_break_the_answer() {
        assert_eq!(escaped("a\0b\u{1b}\u{ffff}"), "a\u{fffd}b\u{fffd}\u{fffd}");
        assert_eq!(escaped("é\u{85}😀"), "é\u{85}😀");
    }

    #[test]
    fn a_document_is_percent_encoded_by_rfc_3986() {
        let mut to = String::new();
        percent_encode("{\"a\": \"é~*\"}", &mut to);
        assert_eq!(to, "%7B%22a%22%3A%20%22%C3%A9~%2A%22%7D");
    }
}
