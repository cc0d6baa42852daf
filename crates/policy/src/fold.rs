//! Letter case, where policies ignore it: names of condition keys, and the operators that end in `IgnoreCase`.
//!
//! One character folds to one character, and nothing outside ASCII folds into ASCII: the Kelvin sign is no `k` and a
//! dotted capital I is no `i`, so that no look-alike slips through a comparison.

/// The folded form of one character.
#[must_use]
pub(crate) fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) if !one.is_ascii() => one,
        _ => c,
    }
}

/// The folded form of a condition key, as [`crate::Facts::find`] receives it.
#[must_use]
pub fn fold(text: &str) -> Box<str> {
    text.chars().map(fold_char).collect::<String>().into()
}

/// Whether `text` folds to `folded`, without building the folded form.
#[must_use]
pub fn folds_to(text: &str, folded: &str) -> bool {
    text.len() == folded.len() && text.eq_ignore_ascii_case(folded)
        || text.chars().map(fold_char).eq(folded.chars())
}

/// Whether two texts are equal without regard to case.
#[must_use]
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.chars().map(fold_char).eq(other.chars().map(fold_char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_outside_ascii_fold_among_themselves_only() {
        assert!(same("GRÜN", "grün"));
        assert!(folds_to(
            "aws:PrincipalTag/Ünit",
            &fold("AWS:principaltag/üNIT")
        ));
        for (one, other) in [
            ("\u{212a}ey", "key"),
            ("\u{130}d", "id"),
            ("ſ", "s"),
            ("ﬀ", "ff"),
        ] {
            assert!(!same(one, other), "{one} is not {other}");
            assert!(!folds_to(one, other), "{one} is not {other}");
        }
    }

    #[test]
    fn every_character_folds_to_itself_when_folded() {
        for c in ('\0'..='\u{ffff}').chain('\u{10400}'..='\u{1044f}') {
            assert_eq!(fold_char(fold_char(c)), fold_char(c), "{c:?}");
        }
    }
}
