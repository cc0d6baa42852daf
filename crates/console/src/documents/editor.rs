//! A document in an editor: its size, and what there is to say about it.

use claviger_iam::Fault;
use claviger_iam::operation::policy_checks::{
    CheckPolicyDocument, CheckPolicyDocumentOutput, DocumentKind, FindingSeverity,
};
use claviger_model::Code;

use super::granted::Granted;
use super::{Line, Remark};
use crate::assets;
use crate::door::Visit;
use crate::field::read;
use crate::view::fault_text;

/// A document in an editor, with what was said about it.
pub(crate) struct Editor {
    pub(crate) label: &'static str,
    pub(crate) text: String,
    /// Characters without white space, which is how AWS counts.
    pub(crate) size: usize,
    pub(crate) limit: u64,
    /// What a check found; `None` before one was asked for.
    pub(crate) checked: Option<Vec<Line>>,
    pub(crate) summary: String,
    pub(crate) has_errors: bool,
    /// What the document allows and denies, once it was checked and can be saved.
    pub(crate) granted: Option<Granted>,
    kind: DocumentKind,
}

impl Editor {
    /// An editor of this document.
    pub(crate) fn new(label: &'static str, kind: DocumentKind, text: &str, limit: u64) -> Self {
        Self {
            label,
            text: text.to_owned(),
            size: claviger_policy::counted_size(text),
            limit,
            checked: None,
            summary: String::new(),
            has_errors: false,
            granted: None,
            kind,
        }
    }

    /// What the document is meant for, as the check is told it.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind.as_str()
    }

    /// Where the script finds what can be completed.
    pub(crate) fn words(&self) -> String {
        assets::address("words.json")
    }

    /// The same, with what there is to say about the document.
    pub(crate) async fn checked(mut self, visit: &Visit) -> Self {
        match check(visit, &self.text, self.kind).await {
            Ok(found) => self.tell(found),
            Err(fault) => {
                self.has_errors = true;
                self.summary = format!("It was not checked. {}", fault_text(&fault));
                self.checked = Some(Vec::new());
            }
        }
        self
    }

    /// An editor after a document was refused: with what is wrong beside its lines, where the document is.
    pub(crate) async fn after(self, visit: &Visit, fault: &Fault) -> Self {
        match fault.code() {
            Code::MalformedPolicyDocument => self.checked(visit).await,
            _ => self,
        }
    }

    fn tell(&mut self, found: CheckPolicyDocumentOutput) {
        let mut shown: Vec<Line> = (self.text.split('\n'))
            .map(|text| Line {
                text: text.to_owned(),
                remarks: Vec::new(),
            })
            .collect();
        self.summary = summary(&found);
        self.has_errors = count(&found, FindingSeverity::Error) > 0;
        for finding in found.findings {
            let (word, class) = mark(finding.severity);
            let place = usize::try_from(finding.line).unwrap_or(1);
            let last = shown.len();
            // The end of a text that breaks off lies behind its last line.
            if let Some(line) = shown.get_mut(place.clamp(1, last) - 1) {
                line.remarks.push(Remark {
                    word,
                    class,
                    text: sentence(finding.message, finding.advice),
                });
            }
        }
        self.checked = Some(shown);
        // What cannot be saved allows nothing.
        let summary = found.summary.filter(|_| !self.has_errors);
        self.granted = summary.map(Granted::of);
    }
}

/// Asks what there is to say about a document.
pub(crate) async fn check(
    visit: &Visit,
    document: &str,
    kind: DocumentKind,
) -> Result<CheckPolicyDocumentOutput, Fault> {
    let check = CheckPolicyDocument {
        policy_document: read(document, "The document")?,
        policy_type: kind,
    };
    visit.call(&check).await
}

/// How a finding is marked: its word, and the class.
pub(super) fn mark(severity: FindingSeverity) -> (&'static str, &'static str) {
    match severity {
        FindingSeverity::Error => ("Error", "bad"),
        FindingSeverity::Warning => ("Warning", "warn"),
        FindingSeverity::Suggestion => ("Suggestion", ""),
    }
}

/// What a finding says, as a sentence of its own.
pub(super) fn sentence(message: String, advice: Option<String>) -> String {
    let said = match advice {
        Some(advice) => format!("{message}: {advice}."),
        None => format!("{message}."),
    };
    let mut letters = said.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let ended = first.unwrap_or_default() + letters.as_str();
    ended
        .strip_suffix("..")
        .map_or(ended.clone(), |text| format!("{text}."))
}

fn count(found: &CheckPolicyDocumentOutput, severity: FindingSeverity) -> usize {
    let is_one = |finding: &&_| {
        let finding: &claviger_iam::operation::policy_checks::DocumentFinding = finding;
        finding.severity == severity
    };
    found.findings.iter().filter(is_one).count()
}

/// What was found, in a sentence.
pub(super) fn summary(found: &CheckPolicyDocumentOutput) -> String {
    if found.findings.is_empty() {
        return String::from("Nothing was found. The document can be saved.");
    }
    format!(
        "{}, {}, {}.",
        counted(count(found, FindingSeverity::Error), "error", "errors"),
        counted(
            count(found, FindingSeverity::Warning),
            "warning",
            "warnings"
        ),
        counted(
            count(found, FindingSeverity::Suggestion),
            "suggestion",
            "suggestions"
        )
    )
}

fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use claviger_iam::operation::policy_checks::DocumentFinding;

    use super::*;

    fn finding(line: i32) -> DocumentFinding {
        DocumentFinding {
            severity: FindingSeverity::Error,
            code: String::from("malformed"),
            message: String::from("`}` cannot stand here"),
            advice: Some(String::from("take the comma away")),
            line,
            column: 1,
        }
    }

    #[test]
    fn a_remark_stands_at_its_line_and_what_lies_behind_the_last_at_the_last() {
        let mut editor = Editor::new("Policy", DocumentKind::Identity, "{\n,\n}", 6_144);
        editor.tell(CheckPolicyDocumentOutput {
            findings: vec![finding(2), finding(9)],
            size: 3,
            summary: None,
        });
        assert!(editor.has_errors);
        assert_eq!(editor.summary, "2 errors, no warnings, no suggestions.");
        let lines = editor.checked.expect("it was checked");
        let remarks: Vec<usize> = lines.iter().map(|line| line.remarks.len()).collect();
        assert_eq!(remarks, [0, 1, 1]);
        assert_eq!(
            lines[1].remarks[0].text,
            "`}` cannot stand here: take the comma away."
        );
    }

    #[test]
    fn a_finding_is_told_as_a_sentence() {
        let said = |message: &str| sentence(message.to_owned(), None);
        assert_eq!(said("this is no JSON"), "This is no JSON.");
        assert_eq!(said("Syntax errors in policy."), "Syntax errors in policy.");
    }
}
