//! What a field is: the table that documentation, conformance tests and the console read.

use claviger_model::Constraint;
use claviger_model::scalar::Kind;

/// The two names of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The name on the wire, such as `UserName`.
    pub wire: &'static str,
    /// The name in violations and in audit records: the wire name with a lower-case first letter, such as `userName`
    /// (and `mFADevices` for `MFADevices`, as AWS has it).
    pub camel: &'static str,
}

/// One field of a [`Shape`](crate::Shape).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its names.
    pub name: Name,
    /// Its doc comment.
    pub doc: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What it holds.
    pub holds: Type,
}

impl Field {
    /// Whether the field holds a secret, itself or in its elements. Secrets inside a structure are that structure's.
    #[must_use]
    pub const fn secret(&self) -> bool {
        self.holds.secret()
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A single value.
    Scalar {
        /// What its text stands for.
        kind: Kind,
        /// The rules that its text must satisfy.
        rules: &'static [Constraint],
        /// Whether it must never be seen.
        secret: bool,
    },
    /// A list, `X.member.N` in a form.
    List {
        /// What the elements are.
        element: &'static Type,
        /// The least number of elements.
        min: u32,
        /// The greatest number of elements; `u32::MAX` for no bound.
        max: u32,
    },
    /// A map, `X.entry.N.key` and `X.entry.N.value` in a form.
    Map {
        /// What the keys are.
        key: &'static Type,
        /// What the values are.
        value: &'static Type,
        /// The least number of entries.
        min: u32,
        /// The greatest number of entries; `u32::MAX` for no bound.
        max: u32,
    },
    /// A structure.
    Structure {
        /// Its name.
        name: &'static str,
        /// Its doc comment.
        doc: &'static str,
        /// Its fields.
        fields: &'static [Field],
    },
}

impl Type {
    /// Whether this is a secret value, or a list or map of them.
    #[must_use]
    pub const fn secret(&self) -> bool {
        match self {
            Self::Scalar { secret, .. } => *secret,
            Self::List { element, .. } => element.secret(),
            Self::Map { key, value, .. } => key.secret() || value.secret(),
            Self::Structure { .. } => false,
        }
    }

    /// Whether this is a single value.
    #[must_use]
    pub const fn is_scalar(&self) -> bool {
        matches!(self, Self::Scalar { .. })
    }
}
