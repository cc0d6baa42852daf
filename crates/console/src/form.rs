//! Forms and queries: `application/x-www-form-urlencoded`, decoded once (WHATWG URL, section 5).

use claviger_model::Secret;
use percent_encoding::percent_decode;
use zeroize::Zeroize;

/// Fields of one form at the most.
const MAX_FIELDS: usize = 1_000;

/// The fields of a form, in their order. They may be secrets, so they are zeroed when they are dropped and never printed.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Drop for Form {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Form {
    /// Reads a body or a query; `None` for what is no text, or has too many fields.
    pub(crate) fn read(encoded: &[u8]) -> Option<Self> {
        let mut fields = Self::default();
        for pair in encoded
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            if fields.0.len() == MAX_FIELDS {
                return None;
            }
            let mut parts = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(parts.next().unwrap_or_default())?;
            let value = decode(parts.next().unwrap_or_default())?;
            fields.0.push((name, value));
        }
        Some(fields)
    }

    /// The first field of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every field of this name, without blanks around it.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.trim())
    }

    /// The field of this name without blanks around it; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    /// The field of this name, if something was filled in.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// A secret, exactly as it was typed.
    pub(crate) fn secret(&self, name: &str) -> Secret<String> {
        Secret::new(self.get(name).unwrap_or_default().to_owned())
    }

    /// Whether a box is ticked.
    pub(crate) fn ticked(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

fn decode(encoded: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    let decoded = percent_decode(&spaced).collect::<Vec<u8>>();
    String::from_utf8(decoded)
        .ok()
        // A text area sends CRLF for every line.
        .map(|text| text.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_decoded_once() {
        let form = Form::read(b"name=a%2Bb+c&empty=&flag&name=second&two=1%250A").expect("a form");
        assert_eq!(form.get("name"), Some("a+b c"));
        assert_eq!(form.get("two"), Some("1%0A"));
        assert_eq!(form.filled("empty"), None);
        assert!(form.ticked("flag") && !form.ticked("other"));
        assert_eq!(form.all("name").collect::<Vec<_>>(), ["a+b c", "second"]);
        assert_eq!(form.all("empty").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_secret_keeps_its_blanks_and_a_text_does_not() {
        let form = Form::read(b"password=+x+&name=+x+").expect("a form");
        assert_eq!(form.secret("password").expose(), " x ");
        assert_eq!(form.text("name"), "x");
    }

    #[test]
    fn what_is_no_text_or_too_long_is_no_form() {
        assert!(Form::read(b"a=%ff").is_none());
        assert!(Form::read("a=1&".repeat(1_001).as_bytes()).is_none());
    }
}
