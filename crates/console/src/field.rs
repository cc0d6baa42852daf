//! Fields of forms, read as values with rules, and what a person is told whose field breaks one.

use claviger_iam::Fault;
use claviger_iam::operation::page::{PageEnd, Paged};
use claviger_model::scalar::{Constraint, Expected};
use claviger_model::{Code, Scalar};

use crate::view::asking;

/// Reads a value. `label` is what the field is called on the page.
pub(crate) fn read<T: Scalar>(text: &str, label: &str) -> Result<T, Fault> {
    T::parse(text).map_err(|broken| Fault::new(Code::InvalidInput, sentence(label, text, &broken)))
}

/// Reads a value that may be left out.
pub(crate) fn read_filled<T: Scalar>(text: Option<&str>, label: &str) -> Result<Option<T>, Fault> {
    text.map(|text| read(text, label)).transpose()
}

/// Writes a value as it was read.
pub(crate) fn written<T: Scalar>(value: &T) -> String {
    let mut text = String::new();
    value.write(&mut |part| text.push_str(part));
    text
}

fn sentence(label: &str, text: &str, broken: &[Constraint]) -> String {
    if text.is_empty() {
        return format!("{label} is missing.");
    }
    match broken.first() {
        Some(Constraint::MinLength(least)) => {
            format!("{label} must have at least {least} characters.")
        }
        Some(Constraint::MaxLength(most)) => {
            format!("{label} may have {most} characters at the most.")
        }
        Some(Constraint::MinValue(least)) => format!("{label} must be at least {least}."),
        Some(Constraint::MaxValue(most)) => format!("{label} may be {most} at the most."),
        Some(Constraint::Sentence(rule)) => format!("{label} is not valid. {rule}"),
        Some(Constraint::Malformed(Expected::Integer)) => {
            format!("{label} must be a whole number.")
        }
        _ => format!("{label} is not valid."),
    }
}

/// Seconds of so many minutes, as a text; what is no number stays as it is, and is refused as what it was typed as.
pub(crate) fn seconds(minutes: &str) -> String {
    minutes.parse::<i32>().map_or_else(
        |_| minutes.to_owned(),
        |minutes| minutes.saturating_mul(60).to_string(),
    )
}

/// The page of a list after this marker, with so many rows at the most.
pub(crate) fn paged(marker: Option<&str>, rows: i32) -> Result<Paged, Fault> {
    Ok(Paged {
        marker: read_filled(marker, "The marker in the address")?,
        max_items: Scalar::parse(&rows.to_string()).ok(),
    })
}

/// The address of the next page of a list, if more follow. `list` is the address of the first, with its query.
pub(crate) fn next(list: &str, end: &PageEnd) -> Option<String> {
    let marker = end.marker.as_deref()?;
    Some(asking(list, &[("marker", marker)]))
}

#[cfg(test)]
mod tests {
    use claviger_model::name::GroupName;
    use claviger_model::scalar::Bounded;

    use super::*;

    #[test]
    fn a_broken_field_is_named_with_its_rule() {
        let said = |fault: Fault| fault.message().map(str::to_owned);
        let name = |text: &str| said(read::<GroupName>(text, "The name").expect_err("refused"));
        assert_eq!(name("").as_deref(), Some("The name is missing."));
        assert_eq!(
            name("a b").as_deref(),
            Some(
                "The name is not valid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
            )
        );
        let number =
            |text: &str| said(read::<Bounded<6, 128>>(text, "The length").expect_err("refused"));
        assert_eq!(
            number("5").as_deref(),
            Some("The length must be at least 6.")
        );
        assert_eq!(
            number("x").as_deref(),
            Some("The length must be a whole number.")
        );
    }

    #[test]
    fn the_next_page_keeps_what_the_list_was_asked() {
        let end = PageEnd {
            is_truncated: true,
            marker: Some(String::from("a+b")),
        };
        assert_eq!(
            next("/console/policies?type=own", &end).as_deref(),
            Some("/console/policies?type=own&marker=a%2Bb")
        );
        assert_eq!(next("/console/groups", &PageEnd::default()), None);
    }
}
