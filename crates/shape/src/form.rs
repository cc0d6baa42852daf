//! Forms: `name=value&…` as a query string or a body (WHATWG URL Standard, `application/x-www-form-urlencoded`).
//!
//! A form is parsed once; what verifies the request and what runs it see the same first value of each name. Texts
//! that need no decoding are borrowed, the others are zeroed when the form is dropped.

use std::borrow::Cow;
use std::cmp::Ordering;

use zeroize::{Zeroize, Zeroizing};

use crate::Source;

/// How large a form may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most parameters, of query and body together, repeated ones counted too.
    pub parameters: usize,
    /// The most bytes, of query and body together, as they came.
    pub bytes: usize,
}

impl Limits {
    /// 1,000 parameters and 1 MiB.
    pub const DEFAULT: Self = Self {
        parameters: 1_000,
        bytes: 1 << 20,
    };
}

/// Why a text is no form that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormError {
    /// There are more bytes than [`Limits::bytes`].
    TooLarge,
    /// There are more parameters than [`Limits::parameters`].
    TooManyParameters,
    /// A name or value is no UTF-8.
    NotUtf8,
    /// A `%` is not followed by two hexadecimal digits.
    BadEscape,
    /// The query and the body both have this name, so that two readers could disagree about its value.
    InBoth(String),
}

impl std::fmt::Display for FormError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the form is too large"),
            Self::TooManyParameters => f.write_str("the form has too many parameters"),
            Self::NotUtf8 => f.write_str("the form is not UTF-8"),
            Self::BadEscape => f.write_str("the form has a broken percent-escape"),
            Self::InBoth(name) => {
                write!(f, "query and body both have the parameter `{name}`")
            }
        }
    }
}

impl std::error::Error for FormError {}

/// The parameters of a request.
pub struct Form<'a> {
    /// Sorted by name bytewise; each name once.
    entries: Vec<Entry<'a>>,
}

/// One parameter, decoded.
pub(crate) struct Entry<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    in_body: bool,
}

impl<'a> Form<'a> {
    /// Reads a query string (without its `?`) and a body. Either may be empty.
    ///
    /// # Errors
    /// See [`FormError`].
    pub fn parse(query: &'a str, body: &'a [u8], limits: Limits) -> Result<Self, FormError> {
        if query.len().saturating_add(body.len()) > limits.bytes {
            return Err(FormError::TooLarge);
        }
        let body = std::str::from_utf8(body).map_err(|_| FormError::NotUtf8)?;
        // Counted before anything is decoded or allocated.
        let pieces = pieces(query).count() + pieces(body).count();
        if pieces > limits.parameters {
            return Err(FormError::TooManyParameters);
        }
        let mut form = Self {
            entries: Vec::with_capacity(pieces),
        };
        for (text, in_body) in [(query, false), (body, true)] {
            for piece in self::pieces(text) {
                let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
                let name = decode(name)?;
                let value = decode(value)?;
                form.entries.push(Entry {
                    name,
                    value,
                    in_body,
                });
            }
        }
        // The sort is stable: of equal names the first on the wire comes first.
        form.entries.sort_by(|a, b| a.name.cmp(&b.name));
        for pair in form.entries.windows(2) {
            if let [first, second] = pair
                && first.name == second.name
                && first.in_body != second.in_body
            {
                return Err(FormError::InBoth(first.name.clone().into_owned()));
            }
        }
        form.entries.dedup_by(|later, earlier| {
            let repeated = later.name == earlier.name;
            if repeated {
                later.zeroize();
            }
            repeated
        });
        Ok(form)
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.part().get(name)
    }

    /// Names and values in bytewise order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|entry| (&*entry.name, &*entry.value))
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The form as what a [`Shape`](crate::Shape) is decoded from.
    #[must_use]
    pub fn source(&self) -> Source<'_> {
        Source::form(self.part())
    }

    fn part(&self) -> FormPart<'_> {
        FormPart {
            text: None,
            entries: &self.entries,
            depth: 0,
        }
    }
}

impl Entry<'_> {
    fn zeroize(&mut self) {
        for text in [&mut self.name, &mut self.value] {
            if let Cow::Owned(text) = text {
                text.zeroize();
            }
        }
    }
}

impl Drop for Form<'_> {
    fn drop(&mut self) {
        self.entries.iter_mut().for_each(Entry::zeroize);
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set()
            .entries(self.entries.iter().map(|entry| &entry.name))
            .finish()
    }
}

/// The parameters that share a prefix, and the value of the one that is the prefix itself.
#[derive(Clone, Copy)]
pub(crate) struct FormPart<'a> {
    text: Option<&'a str>,
    entries: &'a [Entry<'a>],
    /// Length of the common prefix in bytes, its last dot included.
    depth: usize,
}

impl<'a> FormPart<'a> {
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.text
    }

    /// Whether there are parameters below this one.
    pub(crate) fn has_members(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Whether `self`, a member of `whole`, holds all that stands below it.
    pub(crate) fn is_all_of(&self, whole: &Self) -> bool {
        self.entries.len() == whole.entries.len()
    }

    /// The value of `prefix.name`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.rest(self.depth).cmp(name.as_bytes()))
            .ok()?;
        self.entries.get(at).map(|entry| &*entry.value)
    }

    /// `prefix.name` alone, if it has a value.
    pub(crate) fn scalar(&self, name: &str) -> Option<Self> {
        self.get(name).map(|text| Self {
            text: Some(text),
            entries: &[],
            depth: 0,
        })
    }

    /// `prefix.name` with all that begins with `prefix.name.`.
    pub(crate) fn member(&self, name: &str) -> Self {
        let bytes = name.as_bytes();
        let from = self
            .entries
            .partition_point(|entry| against_dotted(entry.rest(self.depth), bytes).is_lt());
        let tail = self.entries.get(from..).unwrap_or_default();
        let count =
            tail.partition_point(|entry| against_dotted(entry.rest(self.depth), bytes).is_eq());
        Self {
            text: self.get(name),
            entries: tail.get(..count).unwrap_or_default(),
            depth: self.depth + bytes.len() + 1,
        }
    }

    /// The numbered parts below this one, in the order of their numbers, gaps closed; `None` if a name below this one
    /// does not begin with a whole number from 1, written without leading zeros.
    ///
    /// Costs what the parameters cost: a number is never used as an index.
    pub(crate) fn numbered(&self) -> Option<Vec<Self>> {
        let mut found: Vec<(u64, Self)> = Vec::new();
        let mut left = self.entries;
        while let Some(entry) = left.first() {
            let rest = entry.rest(self.depth);
            let digits = rest
                .iter()
                .position(|byte| *byte == b'.')
                .unwrap_or(rest.len());
            let label = rest.get(..digits)?;
            let number = number(label)?;
            // `1`, then `1.…`, then `10`: a dot sorts before every digit. What sorts between is no number and ends
            // the group, to be refused in its turn.
            let count = left
                .iter()
                .take_while(|entry| {
                    let rest = entry.rest(self.depth);
                    rest == label || against_dotted(rest, label).is_eq()
                })
                .count();
            let (group, after) = left.split_at_checked(count)?;
            let (text, entries) = if digits == rest.len() {
                (Some(&*entry.value), group.get(1..)?)
            } else {
                (None, group)
            };
            found.push((
                number,
                Self {
                    text,
                    entries,
                    depth: self.depth + digits + 1,
                },
            ));
            left = after;
        }
        found.sort_unstable_by_key(|(number, _)| *number);
        Some(found.into_iter().map(|(_, part)| part).collect())
    }
}

impl Entry<'_> {
    fn rest(&self, depth: usize) -> &[u8] {
        self.name.as_bytes().get(depth..).unwrap_or_default()
    }
}

/// How `rest` stands to the names that begin with `name` and a dot: before, among, or after them.
fn against_dotted(rest: &[u8], name: &[u8]) -> Ordering {
    let shared = rest.len().min(name.len());
    rest.get(..shared)
        .cmp(&name.get(..shared))
        .then_with(|| rest.get(name.len()).cmp(&Some(&b'.')))
}

fn number(label: &[u8]) -> Option<u64> {
    if label.first().is_none_or(|digit| *digit == b'0') {
        return None;
    }
    label.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split('&').filter(|piece| !piece.is_empty())
}

fn decode(text: &str) -> Result<Cow<'_, str>, FormError> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    // Decoding never makes a text longer, so this buffer does not move and leaves no copy of a secret behind.
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = bytes.next().and_then(hexadecimal);
                let low = bytes.next().and_then(hexadecimal);
                match (high, low) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(FormError::BadEscape),
                }
            }
            other => other,
        });
    }
    String::from_utf8(std::mem::take(&mut *decoded))
        .map(Cow::Owned)
        .map_err(|error| {
            error.into_bytes().zeroize();
            FormError::NotUtf8
        })
}

fn hexadecimal(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_decoding_is_borrowed_and_the_rest_is_wiped() {
        let body = b"Password=hunter%32&Plain=plain";
        let mut form = Form::parse("", body, Limits::DEFAULT).expect("a form");
        let owned = |form: &Form<'_>| {
            form.entries
                .iter()
                .filter(|entry| matches!(entry.value, Cow::Owned(_)))
                .map(|entry| entry.value.clone().into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(owned(&form), ["hunter2"]);
        form.entries.iter_mut().for_each(Entry::zeroize);
        assert_eq!(owned(&form), [""]);
        assert_eq!(form.get("Plain"), Some("plain"));
    }

    #[test]
    fn a_part_holds_what_begins_with_its_name_and_a_dot() {
        let body = b"A=0&A-x=1&A.=2&A.b=3&A.b.c=4&A.bc=5&A/=6&Ab=7&A.c=8";
        let form = Form::parse("", body, Limits::DEFAULT).expect("a form");
        let a = form.part().member("A");
        assert_eq!(a.text(), Some("0"));
        assert_eq!(a.entries.len(), 5);
        assert_eq!(a.get("b"), Some("3"));
        assert_eq!(a.member("b").get("c"), Some("4"));
        assert_eq!(a.member("b").entries.len(), 1);
        assert!(!form.part().member("B").has_members());
    }
}
