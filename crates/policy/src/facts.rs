//! The facts of a request: what condition keys and policy variables stand for.
//!
//! A policy asks for a fact by the folded name of its key; nothing is formatted or allocated unless one does. Keys
//! ignore case, the tag-key part included (IAM user guide, "Condition"); values do not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use claviger_model::Timestamp;

use crate::fold;

/// One value of a condition key, typed as the server knows it. Where an operator wants text, the text is written on
/// the stack: `true`, `42`, `2026-01-02T03:04:05Z`, `2001:db8::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Text as the request carries it.
    Text(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// An instant: `aws:CurrentTime`, `aws:TokenIssueTime`. (`aws:EpochTime` is a [`Value::Number`] of seconds.)
    Time(Timestamp),
    /// An address. An IPv4 address that arrives mapped into IPv6 (`::ffff:192.0.2.1`) counts as the IPv4 address.
    Ip(IpAddr),
}

/// The values of a multivalued key, asked for one at a time so that nothing must be gathered first.
pub trait Values {
    /// The value at this place, counted from 0; `None` past the last.
    fn value(&self, at: usize) -> Option<Value<'_>>;
}

impl<T: AsRef<str>> Values for Vec<T> {
    fn value(&self, at: usize) -> Option<Value<'_>> {
        self.get(at).map(|text| Value::Text(text.as_ref()))
    }
}

impl<T: AsRef<str>> Values for Box<[T]> {
    fn value(&self, at: usize) -> Option<Value<'_>> {
        self.get(at).map(|text| Value::Text(text.as_ref()))
    }
}

impl<T: AsRef<str>> Values for Arc<[T]> {
    fn value(&self, at: usize) -> Option<Value<'_>> {
        self.get(at).map(|text| Value::Text(text.as_ref()))
    }
}

impl<T: AsRef<str>> Values for &[T] {
    fn value(&self, at: usize) -> Option<Value<'_>> {
        self.get(at).map(|text| Value::Text(text.as_ref()))
    }
}

/// What a request knows under a key.
#[derive(Clone, Copy)]
pub enum Found<'a> {
    /// The key is not part of the request.
    Absent,
    /// A single-valued key. Only these can stand in a policy variable.
    One(Value<'a>),
    /// A multivalued key, such as `aws:TagKeys`. Without any value it counts as absent.
    Many(&'a dyn Values),
}

impl<'a> Found<'a> {
    /// A single-valued key with this text.
    #[must_use]
    pub const fn text(text: &'a str) -> Self {
        Self::One(Value::Text(text))
    }

    /// A single-valued key with this text, or an absent one.
    #[must_use]
    pub const fn optional(text: Option<&'a str>) -> Self {
        match text {
            Some(text) => Self::text(text),
            None => Self::Absent,
        }
    }

    /// Whether the request carries no value under the key.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::One(_) => false,
            Self::Many(values) => values.value(0).is_none(),
        }
    }
}

/// Where a decision looks up the facts of the request. It adds, overrides and infers nothing of its own: what this
/// does not tell, the request does not have, the present time and `aws:PrincipalArn` included.
pub trait Facts {
    /// What the request knows under `key`, which comes folded as [`fold::fold`] folds (`aws:principaltag/team`). Compare the
    /// tag-key part of stored tags with [`fold::folds_to`].
    fn find(&self, key: &str) -> Found<'_>;
}

impl<F: Facts + ?Sized> Facts for &F {
    fn find(&self, key: &str) -> Found<'_> {
        (**self).find(key)
    }
}

/// Knows nothing: for patterns that have no variables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoFacts;

impl Facts for NoFacts {
    fn find(&self, _: &str) -> Found<'_> {
        Found::Absent
    }
}

/// A value that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedValue {
    /// Text.
    Text(Box<str>),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// An instant.
    Time(Timestamp),
    /// An address.
    Ip(IpAddr),
}

impl OwnedValue {
    fn borrow(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(*number),
            Self::Time(at) => Value::Time(*at),
            Self::Ip(address) => Value::Ip(*address),
        }
    }
}

impl From<&str> for OwnedValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for OwnedValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for OwnedValue {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for OwnedValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Timestamp> for OwnedValue {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<IpAddr> for OwnedValue {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    One(OwnedValue),
    Many(List),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct List(Vec<OwnedValue>);

impl Values for List {
    fn value(&self, at: usize) -> Option<Value<'_>> {
        self.0.get(at).map(OwnedValue::borrow)
    }
}

/// A request context that owns its facts: for the simulator, the command line and tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    entries: BTreeMap<Box<str>, Entry>,
}

impl Context {
    /// A context without facts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a single-valued key. Answers whether the key, in any case, was set before (and is now replaced).
    pub fn insert(&mut self, key: &str, value: impl Into<OwnedValue>) -> bool {
        self.entries
            .insert(fold::fold(key), Entry::One(value.into()))
            .is_some()
    }

    /// Sets a multivalued key; with no values it counts as absent. Answers as [`Self::insert`] does.
    pub fn insert_list<V: Into<OwnedValue>>(
        &mut self,
        key: &str,
        values: impl IntoIterator<Item = V>,
    ) -> bool {
        let list = List(values.into_iter().map(Into::into).collect());
        self.entries
            .insert(fold::fold(key), Entry::Many(list))
            .is_some()
    }
}

impl Facts for Context {
    fn find(&self, key: &str) -> Found<'_> {
        match self.entries.get(key) {
            None => Found::Absent,
            Some(Entry::One(value)) => Found::One(value.borrow()),
            Some(Entry::Many(list)) => Found::Many(list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_08_a_key_is_found_whatever_its_case() {
        let mut context = Context::new();
        assert!(!context.insert("aws:ResourceTag/TagKey1", "v"));
        assert!(context.insert("AWS:resourcetag/TAGKEY1", "w"));
        let Found::One(Value::Text(text)) = context.find("aws:resourcetag/tagkey1") else {
            panic!("the key is there");
        };
        assert_eq!(text, "w");
    }

    #[test]
    fn a_list_without_values_is_absent() {
        let mut context = Context::new();
        context.insert_list("aws:TagKeys", Vec::<String>::new());
        assert!(context.find("aws:tagkeys").is_absent());
        context.insert_list("aws:TagKeys", ["a"]);
        assert!(!context.find("aws:tagkeys").is_absent());
    }
}
