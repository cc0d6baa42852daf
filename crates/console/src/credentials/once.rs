//! The page that shows a secret once, and the file that holds the same.

use askama::Template;
use claviger_model::Secret;

use super::whose::Whose;
use crate::answer::{Answer, download, page};
use crate::door::Visit;
use crate::view::Frame;

/// Something with a secret that is shown this once.
#[derive(Template)]
#[template(path = "credentials/once.html")]
pub(crate) struct Once {
    frame: Frame,
    whose: Whose,
    /// What is no secret.
    plain: Vec<(&'static str, String)>,
    label: &'static str,
    secret: Secret<String>,
}

impl Once {
    /// What was made.
    pub(crate) fn new(
        visit: &Visit,
        whose: &Whose,
        title: &str,
        plain: Vec<(&'static str, String)>,
        label: &'static str,
        secret: Secret<String>,
    ) -> Self {
        Self {
            frame: Frame::of(visit, whose.titled(title), whose.here()),
            whose: whose.clone(),
            plain,
            label,
            secret,
        }
    }

    /// The answer: a page, or a file where the form asked for one.
    pub(crate) fn answer(self, visit: &Visit, file: &'static str) -> Answer {
        if visit.asked.form.text("as") == "csv" {
            return download(file, "text/csv; charset=utf-8", self.csv());
        }
        page(&self)
    }

    /// A line of labels and a line of what they stand for (RFC 4180).
    fn csv(&self) -> String {
        let labels = self.plain.iter().map(|(label, _)| *label);
        let labels: Vec<&str> = labels.chain([self.label]).collect();
        let values = self.plain.iter().map(|(_, value)| quoted(value));
        let values: Vec<String> = values.chain([quoted(self.secret.expose())]).collect();
        format!("{}\r\n{}\r\n", labels.join(","), values.join(","))
    }
}

/// A field of a file, in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_needs_to_be() {
        assert_eq!(quoted("AKIA/+=x"), "AKIA/+=x");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
