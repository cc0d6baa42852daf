//! Texts with wildcards and variables: resources, condition values, action names.
//!
//! A pattern is cut at its stars into chunks. The first chunk must begin the text, the last must end it, and each one
//! between is looked for from where its predecessor ended; nothing is ever tried twice but a chunk with question marks or
//! variables, and those attempts are counted ([`Steps`]). Substituted values are literal: a star inside one is a star.

use crate::facts::{Facts, Found, Value};
use crate::fold;
use crate::text::Buffer;

/// The work that a decision may still do.
#[derive(Debug)]
pub(crate) struct Steps {
    left: u64,
}

impl Steps {
    pub(crate) const fn new(left: u64) -> Self {
        Self { left }
    }

    /// Takes `count` steps. Once they are used up the whole decision fails closed, whatever this answers.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> bool {
        self.left = self
            .left
            .saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        self.left > 0
    }

    pub(crate) const fn exhausted(&self) -> bool {
        self.left == 0
    }
}

/// A variable: `${key}` or `${key, 'default'}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// As written.
    pub(crate) key: Box<str>,
    pub(crate) folded: Box<str>,
    pub(crate) default: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(Box<str>),
    /// `?`: exactly one character.
    One,
    Variable(Variable),
}

/// What a text in a policy may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) wildcards: bool,
    pub(crate) variables: bool,
}

/// A compiled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `*`.
    Any,
    Exact(Box<str>),
    /// A literal and a star.
    Prefix(Box<str>),
    /// Chunks with a star between each two of them.
    Chunks {
        chunks: Box<[Box<[Part]>]>,
        variables: bool,
    },
}

/// The text begins a variable that does not end, or has a form that policies do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotUnderstood;

impl Pattern {
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Self, NotUnderstood> {
        let mut chunks: Vec<Box<[Part]>> = Vec::new();
        let mut parts: Vec<Part> = Vec::new();
        let mut literal = String::new();
        let mut variables = false;
        let mut starred = false;
        let mut rest = text;
        let flush = |literal: &mut String, parts: &mut Vec<Part>| {
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(literal).into()));
            }
        };
        while let Some(c) = rest.chars().next() {
            if syntax.variables && rest.starts_with("${") {
                let (piece, after) = piece(rest)?;
                match piece {
                    Piece::Literal(c) => literal.push(c),
                    Piece::Variable(variable) => {
                        flush(&mut literal, &mut parts);
                        parts.push(Part::Variable(variable));
                        variables = true;
                    }
                }
                rest = after;
                starred = false;
                continue;
            }
            match c {
                '*' if syntax.wildcards => {
                    if !starred {
                        flush(&mut literal, &mut parts);
                        chunks.push(std::mem::take(&mut parts).into());
                    }
                    starred = true;
                }
                '?' if syntax.wildcards => {
                    flush(&mut literal, &mut parts);
                    parts.push(Part::One);
                    starred = false;
                }
                c => {
                    literal.push(c);
                    starred = false;
                }
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        flush(&mut literal, &mut parts);
        chunks.push(parts.into());
        Ok(Self::simplest(chunks, variables))
    }

    fn simplest(chunks: Vec<Box<[Part]>>, variables: bool) -> Self {
        match chunks.as_slice() {
            [only] => match &**only {
                [] => return Self::Exact("".into()),
                [Part::Literal(text)] => return Self::Exact(text.clone()),
                _ => {}
            },
            [first, last] if last.is_empty() => match &**first {
                [] => return Self::Any,
                [Part::Literal(text)] => return Self::Prefix(text.clone()),
                _ => {}
            },
            _ => {}
        }
        Self::Chunks {
            chunks: chunks.into(),
            variables,
        }
    }

    /// The variables, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let chunks: &[Box<[Part]>] = match self {
            Self::Chunks {
                chunks,
                variables: true,
            } => chunks,
            _ => &[],
        };
        chunks
            .iter()
            .flat_map(|parts| parts.iter())
            .filter_map(|part| match part {
                Part::Variable(variable) => Some(variable),
                _ => None,
            })
    }

    /// The first variable that the facts give no single value and the policy no default.
    pub(crate) fn unresolved<'p, F: Facts + ?Sized>(&'p self, facts: &F) -> Option<&'p Variable> {
        self.variables()
            .find(|variable| match facts.find(&variable.folded) {
                Found::One(_) => false,
                found if found.is_absent() => variable.default.is_none(),
                _ => true,
            })
    }

    /// The literal text that every match begins with.
    pub(crate) fn literal_prefix(&self) -> &str {
        match self {
            Self::Any => "",
            Self::Exact(text) | Self::Prefix(text) => text,
            Self::Chunks { chunks, .. } => match chunks.first().and_then(|parts| parts.first()) {
                Some(Part::Literal(text)) => text,
                _ => "",
            },
        }
    }

    /// Whether the whole of `text` fits, with regard to case. A variable without a value fits nothing.
    pub(crate) fn matches<F: Facts + ?Sized>(
        &self,
        text: &str,
        facts: &F,
        steps: &mut Steps,
    ) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => **exact == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Chunks { chunks, variables } => {
                if *variables && self.unresolved(facts).is_some() {
                    return false;
                }
                chunks_match(chunks, text, facts, steps)
            }
        }
    }

    /// Whether the whole of `text` fits without regard to case. The pattern has no wildcards.
    pub(crate) fn matches_folded<F: Facts + ?Sized>(
        &self,
        text: &str,
        facts: &F,
        steps: &mut Steps,
    ) -> bool {
        match self {
            Self::Exact(exact) => {
                steps.take(text.len());
                fold::same(exact, text)
            }
            Self::Chunks { chunks, .. } => {
                let [only] = &**chunks else { return false };
                if self.unresolved(facts).is_some() {
                    return false;
                }
                strip_folded(only, text, facts, steps) == Some("")
            }
            Self::Any | Self::Prefix(_) => false,
        }
    }
}

fn chunks_match<F: Facts + ?Sized>(
    chunks: &[Box<[Part]>],
    text: &str,
    facts: &F,
    steps: &mut Steps,
) -> bool {
    let Some((first, others)) = chunks.split_first() else {
        return false;
    };
    let Some(mut rest) = strip_front(first, text, facts, steps) else {
        return false;
    };
    let Some((last, between)) = others.split_last() else {
        return rest.is_empty();
    };
    let Some(until_last) = strip_back(last, rest, facts, steps) else {
        return false;
    };
    rest = until_last;
    for chunk in between {
        match find(chunk, rest, facts, steps) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What follows the leftmost occurrence of `chunk`.
fn find<'t, F: Facts + ?Sized>(
    chunk: &[Part],
    text: &'t str,
    facts: &F,
    steps: &mut Steps,
) -> Option<&'t str> {
    if let [Part::Literal(literal)] = chunk {
        let Some((before, after)) = text.split_once(&**literal) else {
            steps.take(text.len());
            return None;
        };
        steps.take(before.len() + literal.len());
        return Some(after);
    }
    let mut rest = text;
    loop {
        if !steps.take(1) {
            return None;
        }
        if let Some(after) = strip_front(chunk, rest, facts, steps) {
            return Some(after);
        }
        let mut chars = rest.chars();
        chars.next()?;
        rest = chars.as_str();
    }
}

fn strip_front<'t, F: Facts + ?Sized>(
    parts: &[Part],
    text: &'t str,
    facts: &F,
    steps: &mut Steps,
) -> Option<&'t str> {
    let mut rest = text;
    for part in parts {
        steps.take(1);
        rest = match part {
            Part::Literal(literal) => rest.strip_prefix(&**literal)?,
            Part::One => {
                let mut chars = rest.chars();
                chars.next()?;
                chars.as_str()
            }
            Part::Variable(variable) => {
                let mut buffer = Buffer::new();
                let value = value_of(variable, facts, &mut buffer)?;
                steps.take(value.len() + 8);
                rest.strip_prefix(value)?
            }
        };
    }
    Some(rest)
}

fn strip_back<'t, F: Facts + ?Sized>(
    parts: &[Part],
    text: &'t str,
    facts: &F,
    steps: &mut Steps,
) -> Option<&'t str> {
    let mut rest = text;
    for part in parts.iter().rev() {
        steps.take(1);
        rest = match part {
            Part::Literal(literal) => rest.strip_suffix(&**literal)?,
            Part::One => {
                let mut chars = rest.chars();
                chars.next_back()?;
                chars.as_str()
            }
            Part::Variable(variable) => {
                let mut buffer = Buffer::new();
                let value = value_of(variable, facts, &mut buffer)?;
                steps.take(value.len() + 8);
                rest.strip_suffix(value)?
            }
        };
    }
    Some(rest)
}

fn strip_folded<'t, F: Facts + ?Sized>(
    parts: &[Part],
    text: &'t str,
    facts: &F,
    steps: &mut Steps,
) -> Option<&'t str> {
    fn strip<'t>(text: &'t str, literal: &str, steps: &mut Steps) -> Option<&'t str> {
        steps.take(literal.len());
        let mut chars = text.chars();
        for wanted in literal.chars() {
            if fold::fold_char(chars.next()?) != fold::fold_char(wanted) {
                return None;
            }
        }
        Some(chars.as_str())
    }
    let mut rest = text;
    for part in parts {
        rest = match part {
            Part::Literal(literal) => strip(rest, literal, steps)?,
            Part::One => return None,
            Part::Variable(variable) => {
                let mut buffer = Buffer::new();
                strip(rest, value_of(variable, facts, &mut buffer)?, steps)?
            }
        };
    }
    Some(rest)
}

/// The text that stands for a variable. The default counts only where the key is absent, not where it has no single value.
fn value_of<'v, F: Facts + ?Sized>(
    variable: &'v Variable,
    facts: &'v F,
    buffer: &'v mut Buffer,
) -> Option<&'v str> {
    match facts.find(&variable.folded) {
        Found::One(Value::Text(text)) => Some(text),
        Found::One(value) => Some(buffer.write(value)),
        found if found.is_absent() => variable.default.as_deref(),
        _ => None,
    }
}

enum Piece {
    Literal(char),
    Variable(Variable),
}

/// Reads what begins with `${`, and answers the rest of the text.
fn piece(text: &str) -> Result<(Piece, &str), NotUnderstood> {
    let body = text.strip_prefix("${").ok_or(NotUnderstood)?;
    for c in ['*', '?', '$'] {
        if let Some(after) = body
            .strip_prefix(c)
            .and_then(|after| after.strip_prefix('}'))
        {
            return Ok((Piece::Literal(c), after));
        }
    }
    let end = body
        .find(['}', ',', '\'', '{', '$', '*', '?'])
        .ok_or(NotUnderstood)?;
    let (key, after) = body.split_at_checked(end).ok_or(NotUnderstood)?;
    let key = key.trim_matches(' ');
    if key.is_empty() {
        return Err(NotUnderstood);
    }
    let variable = |default: Option<&str>| {
        Piece::Variable(Variable {
            key: key.into(),
            folded: fold::fold(key),
            default: default.map(Into::into),
        })
    };
    if let Some(after) = after.strip_prefix('}') {
        return Ok((variable(None), after));
    }
    let quoted = after
        .strip_prefix(',')
        .and_then(|after| after.trim_start_matches(' ').strip_prefix('\''))
        .ok_or(NotUnderstood)?;
    let (default, after) = quoted.split_once('\'').ok_or(NotUnderstood)?;
    let after = after
        .trim_start_matches(' ')
        .strip_prefix('}')
        .ok_or(NotUnderstood)?;
    Ok((variable(Some(default)), after))
}

/// Where `${…}` at the beginning of `text` ends, in bytes; colons within are no ends of ARN parts.
pub(crate) fn variable_len(text: &str) -> Option<usize> {
    let (_, after) = piece(text).ok()?;
    Some(text.len() - after.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Context;

    const ALL: Syntax = Syntax {
        wildcards: true,
        variables: true,
    };

    fn fits(pattern: &str, text: &str) -> bool {
        let mut facts = Context::new();
        facts.insert("aws:username", "al*ce");
        facts.insert("n", 42);
        facts.insert_list("many", ["x"]);
        facts.insert("empty", "");
        Pattern::parse(pattern, ALL).expect("a pattern").matches(
            text,
            &facts,
            &mut Steps::new(1_000_000),
        )
    }

    #[test]
    fn trap_11_a_star_is_any_run_and_a_question_mark_one_character() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "a/b:c"),
            ("", ""),
            ("a*", "a"),
            ("a*c", "ac"),
            ("a*c", "abcbc"),
            ("*b*", "abc"),
            ("**", "x"),
            ("a?c", "aéc"),
            ("?*?", "ab"),
            ("*a*b*c*", "xxaxxbxxc"),
            ("*?a?*", "xxay"),
            ("a.c+(d)[e]", "a.c+(d)[e]"),
            ("x*ab", "xabab"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", "A"),
            ("a?c", "ac"),
            ("?*?", "a"),
            ("a*a", "a"),
            ("ab*bc", "abc"),
            ("a.c", "abc"),
            ("*a*b", "ba"),
            ("?", ""),
            ("*?é", "é"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn trap_19_a_star_inside_a_value_is_a_star() {
        assert!(fits("u/${aws:username}", "u/al*ce"));
        assert!(!fits("u/${aws:username}", "u/alice"));
        assert!(fits("*${AWS:UserName}*", "xal*cey"));
        assert!(fits("${n}?", "421"));
    }

    #[test]
    fn trap_16_a_default_stands_in_for_an_absent_key_only() {
        assert!(fits("${no, 'x:}y'}", "x:}y"));
        assert!(fits("${ no ,'*' }z", "*z"));
        assert!(!fits("${no, '*'}z", "az"));
        assert!(fits("a${empty, 'x'}b", "ab"));
        assert!(!fits("a${empty, 'x'}b", "axb"));
        assert!(!fits("${many, 'x'}", "x"));
    }

    #[test]
    fn trap_14_a_variable_without_a_value_matches_nothing() {
        assert!(!fits("a${no}", "a${no}"));
        assert!(!fits("a${no}", "a"));
        assert!(!fits("*${no}*", "a"));
        assert!(!fits("${many}", "x"));
    }

    #[test]
    fn trap_10_escapes_are_the_characters_themselves() {
        assert!(fits("a${*}b${?}c${$}", "a*b?c$"));
        assert!(!fits("a${*}b", "axb"));
        let exact = Syntax {
            wildcards: false,
            variables: true,
        };
        assert_eq!(
            Pattern::parse("a*${*}?${?}", exact),
            Ok(Pattern::Exact("a**??".into()))
        );
    }

    #[test]
    fn what_is_no_variable_is_not_understood() {
        for bad in [
            "${", "${}", "${a", "${a,}", "${a,'}", "${a,'x'", "${a 'x'}", "${a,x}", "${a${b}}",
            "${*a}", "${ }",
        ] {
            assert_eq!(Pattern::parse(bad, ALL), Err(NotUnderstood), "{bad}");
        }
        let old = Syntax {
            wildcards: true,
            variables: false,
        };
        assert_eq!(Pattern::parse("${a", old), Ok(Pattern::Exact("${a".into())));
    }

    #[test]
    fn ac_15_wildcard_bombs_cost_their_length() {
        let text = "a".repeat(2_000);
        let facts = Context::new();
        for (pattern, bound) in [
            (format!("{}b", "*a".repeat(1_000)), 20_000),
            (format!("{}b*", "*a".repeat(900)), 20_000),
            ("*".repeat(2_000), 10),
            (format!("*{}b*", "a".repeat(999)), 20_000),
        ] {
            let mut steps = Steps::new(1_000_000);
            let pattern = Pattern::parse(&pattern, ALL).expect("a pattern");
            pattern.matches(&text, &facts, &mut steps);
            assert!(
                1_000_000 - steps.left <= bound,
                "{}",
                1_000_000 - steps.left
            );
        }
        let bomb = Pattern::parse(&format!("*{}b*", "?a".repeat(900)), ALL).expect("a pattern");
        let mut steps = Steps::new(100_000);
        assert!(!bomb.matches(&text, &facts, &mut steps));
        assert!(steps.exhausted());
    }
}
