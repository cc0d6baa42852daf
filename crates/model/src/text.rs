//! Character classes that AWS's patterns are made of. `\w` in them is ASCII.

/// `[\w+=,.@-]`: what names of users, groups, roles and policies are made of (IAM user guide, "IAM and AWS STS quotas").
#[must_use]
pub fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

/// `[\w+=,.@-]+`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char)
}

/// `[\w]+`.
#[must_use]
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `[\u0009\u000A\u000D\u0020-\u00FF]+`: policy documents, passwords, PEM bodies.
#[must_use]
pub fn is_latin_document(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'))
}

/// `[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`: descriptions of roles.
#[must_use]
pub fn is_printable_latin(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}'))
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`: keys and values of tags.
#[must_use]
pub fn is_tag_text(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
            || c.is_alphanumeric()
            || is_separator(c)
    })
}

/// Unicode category Z (separators): spaces, the line and the paragraph separator.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// The form in which names are compared: names are unique without regard to case (IAM user guide, "IAM identifiers").
///
/// Names are ASCII by their pattern, so folding is ASCII folding; anything else is left as it is and stays distinct.
#[must_use]
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}
