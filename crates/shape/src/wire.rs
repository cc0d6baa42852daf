//! What the derive's output is made of. Nobody else needs it.
//!
//! The derive turns the type of a field into a [`Presence`] of a [`Content`]: `Option<Vec<TagKey>>` becomes
//! `Optional<List<One<TagKey>, 0, 50, false>>`. All reading and writing is here, in ordinary functions.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use claviger_model::scalar::{Constraint, Expected, Scalar};

use crate::violation::Violation;
use crate::{Encoder, Field, Given, Name, Part, Path, Source, Subject, Type, Violations};

/// What stands at the ends of types: every [`Scalar`], and every struct that derives [`Shape`](crate::Shape).
pub trait Value: Sized {
    /// What it is.
    const TYPE: Type;

    /// Reads it; adds violations and returns `None` if it cannot.
    fn read(from: &Source<'_>, at: &Path<'_>, violations: &mut Violations) -> Option<Self>;

    /// Writes it.
    fn write(&self, to: &mut dyn Encoder);
}

impl<T: Scalar> Value for T {
    const TYPE: Type = Type::Scalar {
        kind: T::KIND,
        rules: T::RULES,
        secret: T::SECRET,
    };

    fn read(from: &Source<'_>, at: &Path<'_>, violations: &mut Violations) -> Option<Self> {
        let broken = match from.text(T::KIND) {
            None => {
                violations.add(at, Given::Absent, vec![Constraint::NotNull]);
                return None;
            }
            Some(Err(expected)) => vec![Constraint::Malformed(expected)],
            Some(Ok(text)) => match T::parse(&text) {
                Ok(value) => return Some(value),
                Err(broken) => broken,
            },
        };
        violations.add(at, from.given(&Self::TYPE), broken);
        None
    }

    fn write(&self, to: &mut dyn Encoder) {
        to.scalar(T::KIND, T::SECRET, &|piece| Scalar::write(self, piece));
    }
}

/// What a field holds when it is there.
pub trait Content {
    /// The Rust value.
    type Value;
    /// What it is.
    const TYPE: Type;

    /// Reads it; adds violations and returns `None` if it cannot.
    fn read(from: &Source<'_>, at: &Path<'_>, violations: &mut Violations) -> Option<Self::Value>;

    /// Writes it.
    fn write(value: &Self::Value, to: &mut dyn Encoder);
}

/// One [`Value`].
#[derive(Debug)]
pub struct One<T>(PhantomData<T>);

impl<T: Value> Content for One<T> {
    type Value = T;
    const TYPE: Type = T::TYPE;

    fn read(from: &Source<'_>, at: &Path<'_>, violations: &mut Violations) -> Option<T> {
        T::read(from, at, violations)
    }

    fn write(value: &T, to: &mut dyn Encoder) {
        value.write(to);
    }
}

/// A list of `MIN` to `MAX` elements. In a `SPARSE` one an element may be absent as far as its refusal tells.
#[derive(Debug)]
pub struct List<C, const MIN: u32, const MAX: u32, const SPARSE: bool>(PhantomData<C>);

impl<C: Content, const MIN: u32, const MAX: u32, const SPARSE: bool> Content
    for List<C, MIN, MAX, SPARSE>
{
    type Value = Vec<C::Value>;
    const TYPE: Type = Type::List {
        element: &C::TYPE,
        min: MIN,
        max: MAX,
    };

    fn read(from: &Source<'_>, at: &Path<'_>, violations: &mut Violations) -> Option<Self::Value> {
        let Some(elements) = from.elements() else {
            let malformed = vec![Constraint::Malformed(Expected::List)];
            violations.add(at, Given::Withheld, malformed);
            return None;
        };
        if let Some(bound) = beyond(elements.len(), MIN, MAX) {
            violations.add(at, from.given(&Self::TYPE), vec![bound]);
            return None;
        }
        let mut values = Vec::with_capacity(elements.len());
        let mut broken = Violations::new();
        for (position, element) in elements.iter().enumerate() {
            values.extend(C::read(element, &at.element(position + 1), &mut broken));
        }
        if broken.is_empty() {
            return Some(values);
        }
        let subject = C::TYPE.is_scalar().then_some(Subject::Elements);
        report(
            &broken,
            subject,
            (&C::TYPE, !SPARSE),
            || from.given(&Self::TYPE),
            at,
            violations,
        );
        None
    }

    fn write(values: &Self::Value, to: &mut dyn Encoder) {
        to.open(Part::List);
        for value in values {
            to.open(Part::Element);
            C::write(value, to);
            to.close(Part::Element);
        }
        to.close(Part::List);
    }
}

/// A map of `MIN` to `MAX` entries. Of a repeated key the first value holds.
#[derive(Debug)]
pub struct Map<K, C, const MIN: u32, const MAX: u32>(PhantomData<(K, C)>);

impl<K: Scalar + Ord, C: Content, const MIN: u32, const MAX: u32> Content for Map<K, C, MIN, MAX> {
    type Value = BTreeMap<K, C::Value>;
    const TYPE: Type = Type::Map {
        key: &<K as Value>::TYPE,
        value: &C::TYPE,
        min: MIN,
        max: MAX,
    };

    fn read(from: &Source<'_>, at: &Path<'_>, violations: &mut Violations) -> Option<Self::Value> {
        let Some(entries) = from.entries() else {
            let malformed = vec![Constraint::Malformed(Expected::Map)];
            violations.add(at, Given::Withheld, malformed);
            return None;
        };
        if let Some(bound) = beyond(entries.len(), MIN, MAX) {
            violations.add(at, Given::Withheld, vec![bound]);
            return None;
        }
        let mut values = BTreeMap::new();
        let mut bad_keys = Violations::new();
        let mut bad_values = Violations::new();
        for (position, (key, value)) in entries.iter().enumerate() {
            let here = at.value(position + 1);
            let key = read_key::<K>(*key, at, &mut bad_keys);
            let value = C::read(value, &here, &mut bad_values);
            if let (Some(key), Some(value)) = (key, value) {
                values.entry(key).or_insert(value);
            }
        }
        if bad_keys.is_empty() && bad_values.is_empty() {
            return Some(values);
        }
        let withheld = || Given::Withheld;
        let keys = (&<K as Value>::TYPE, true);
        report(
            &bad_keys,
            Some(Subject::Keys),
            keys,
            withheld,
            at,
            violations,
        );
        let subject = C::TYPE.is_scalar().then_some(Subject::Values);
        let of_values = (&C::TYPE, true);
        report(&bad_values, subject, of_values, withheld, at, violations);
        None
    }

    fn write(values: &Self::Value, to: &mut dyn Encoder) {
        to.open(Part::Map);
        for (key, value) in values {
            to.open(Part::Entry);
            to.open(Part::Key);
            Value::write(key, to);
            to.close(Part::Key);
            to.open(Part::Value);
            C::write(value, to);
            to.close(Part::Value);
            to.close(Part::Entry);
        }
        to.close(Part::Map);
    }
}

fn read_key<K: Scalar>(key: Option<&str>, at: &Path<'_>, violations: &mut Violations) -> Option<K> {
    let broken = match key.map(K::parse) {
        Some(Ok(key)) => return Some(key),
        Some(Err(broken)) => broken,
        None => vec![Constraint::NotNull],
    };
    violations.add(at, Given::Withheld, broken);
    None
}

/// The bound that a number of elements breaks.
pub(crate) fn beyond(count: usize, min: u32, max: u32) -> Option<Constraint> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if count > max {
        Some(Constraint::MaxLength(max))
    } else if count < min {
        Some(Constraint::MinLength(min))
    } else {
        None
    }
}

/// Passes on what the elements of a list or map broke.
///
/// Structures say where they are broken. For scalars AWS names the list once with every constraint of an element
/// (recorded 2026, `UntagPolicy` with a bad key).
fn report(
    broken: &Violations,
    scalars: Option<Subject>,
    (element, never_null): (&Type, bool),
    given: impl Fn() -> Given,
    at: &Path<'_>,
    violations: &mut Violations,
) {
    let Some(subject) = scalars else {
        broken
            .iter()
            .for_each(|violation| violations.push(violation.clone()));
        return;
    };
    if broken.is_empty() {
        return;
    }
    let rules = match element {
        Type::Scalar { rules, .. } => *rules,
        Type::List { .. } | Type::Map { .. } | Type::Structure { .. } => &[],
    };
    let every = || {
        broken
            .iter()
            .flat_map(|violation| &violation.constraints)
            .copied()
    };
    let (constraints, subject) = match every().find(|rule| !is_framed(rule)) {
        // A malformed text is told before all else, a sentence only alone; neither has a place in the list.
        Some(malformed @ Constraint::Malformed(_)) => (vec![malformed], Subject::Member),
        Some(sentence) if !every().any(|rule| is_framed(&rule)) => {
            (vec![sentence], Subject::Member)
        }
        _ => {
            // A missing element breaks no rule but this one.
            let never_null = never_null || !rules.iter().any(is_framed);
            let not_null = never_null.then_some(Constraint::NotNull);
            let framed = rules.iter().copied().filter(is_framed);
            (framed.chain(not_null).collect(), subject)
        }
    };
    violations.push(Violation {
        path: at.to_string(),
        given: given(),
        constraints,
        subject,
    });
}

/// Whether a constraint is told in the frame `Value at '…' failed to satisfy constraint: …`.
pub(crate) fn is_framed(constraint: &Constraint) -> bool {
    !matches!(
        constraint,
        Constraint::Sentence(_) | Constraint::Malformed(_)
    )
}

/// Whether and how a field may be absent.
pub trait Presence {
    /// The Rust value.
    type Value;
    /// What it holds.
    const TYPE: Type;
    /// Whether a request without it is refused.
    const REQUIRED: bool;

    /// Reads what is there.
    fn read(
        from: Option<Source<'_>>,
        at: &Path<'_>,
        violations: &mut Violations,
    ) -> Option<Self::Value>;

    /// Writes it, unless it is left out.
    fn write(value: &Self::Value, name: Name, to: &mut dyn Encoder);
}

/// Must be there.
#[derive(Debug)]
pub struct Required<C>(PhantomData<C>);

impl<C: Content> Presence for Required<C> {
    type Value = C::Value;
    const TYPE: Type = C::TYPE;
    const REQUIRED: bool = true;

    fn read(
        from: Option<Source<'_>>,
        at: &Path<'_>,
        violations: &mut Violations,
    ) -> Option<Self::Value> {
        let Some(from) = from else {
            violations.add(at, Given::Absent, vec![Constraint::NotNull]);
            return None;
        };
        C::read(&from, at, violations)
    }

    fn write(value: &Self::Value, name: Name, to: &mut dyn Encoder) {
        to.open(Part::Member(name));
        C::write(value, to);
        to.close(Part::Member(name));
    }
}

/// May be absent.
#[derive(Debug)]
pub struct Optional<C>(PhantomData<C>);

impl<C: Content> Presence for Optional<C> {
    type Value = Option<C::Value>;
    const TYPE: Type = C::TYPE;
    const REQUIRED: bool = false;

    fn read(
        from: Option<Source<'_>>,
        at: &Path<'_>,
        violations: &mut Violations,
    ) -> Option<Self::Value> {
        match from {
            None => Some(None),
            Some(from) => C::read(&from, at, violations).map(Some),
        }
    }

    fn write(value: &Self::Value, name: Name, to: &mut dyn Encoder) {
        if let Some(value) = value {
            Required::<C>::write(value, name, to);
        }
    }
}

/// Absent is empty: a list or map that need not be there. It is always written.
#[derive(Debug)]
pub struct OrEmpty<C>(PhantomData<C>);

impl<C: Content<Value: Default>> Presence for OrEmpty<C> {
    type Value = C::Value;
    const TYPE: Type = C::TYPE;
    const REQUIRED: bool = false;

    fn read(
        from: Option<Source<'_>>,
        at: &Path<'_>,
        violations: &mut Violations,
    ) -> Option<Self::Value> {
        match from {
            None => Some(C::Value::default()),
            Some(from) => C::read(&from, at, violations),
        }
    }

    fn write(value: &Self::Value, name: Name, to: &mut dyn Encoder) {
        Required::<C>::write(value, name, to);
    }
}

/// Reads the member `name` of the structure at `at`.
pub fn read<P: Presence>(
    from: &Source<'_>,
    name: Name,
    at: &Path<'_>,
    violations: &mut Violations,
) -> Option<P::Value> {
    let at = at.member(name.camel);
    P::read(from.member(name.wire, &P::TYPE), &at, violations)
}

/// Writes the member `name`.
pub fn write<P: Presence>(value: &P::Value, name: Name, to: &mut dyn Encoder) {
    P::write(value, name, to);
}

/// The row of a field.
#[must_use]
pub const fn field<P: Presence>(name: Name, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        required: P::REQUIRED,
        holds: P::TYPE,
    }
}

/// Reads a nested structure.
pub fn read_structure<S: crate::Shape>(
    from: &Source<'_>,
    at: &Path<'_>,
    violations: &mut Violations,
) -> Option<S> {
    if from.is_absent() {
        violations.add(at, Given::Absent, vec![Constraint::NotNull]);
        return None;
    }
    if !from.is_structure() {
        let malformed = vec![Constraint::Malformed(Expected::Structure)];
        violations.add(at, Given::Withheld, malformed);
        return None;
    }
    S::decode(from, at, violations)
}

/// Writes a nested structure.
pub fn write_structure<S: crate::Shape>(value: &S, to: &mut dyn Encoder) {
    to.open(Part::Structure);
    value.encode(to);
    to.close(Part::Structure);
}

/// Joins the tables of a struct and of those flattened into it. `N` is the sum of their lengths.
#[must_use]
#[expect(
    clippy::indexing_slicing,
    reason = "runs at compile time, where an index out of bounds is a compile error"
)]
pub const fn join<const N: usize>(tables: &[&[Field]]) -> [Field; N] {
    const NONE: Field = Field {
        name: Name {
            wire: "",
            camel: "",
        },
        doc: "",
        required: false,
        holds: Type::Structure {
            name: "",
            doc: "",
            fields: &[],
        },
    };
    let mut all = [NONE; N];
    let mut at = 0;
    let mut table = 0;
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            all[at] = tables[table][row];
            at += 1;
            row += 1;
        }
        table += 1;
    }
    all
}
