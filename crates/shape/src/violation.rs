//! What a request breaks, as data: each front door words it.

use claviger_model::Constraint;

use crate::Path;

/// Whose rules a violation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The value at the path itself.
    Member,
    /// The elements of the list at the path. The constraints are **all** that an element must satisfy, because AWS
    /// names them all, whichever is broken.
    Elements,
    /// The keys of the map at the path; constraints as for elements.
    Keys,
    /// The values of the map at the path; constraints as for elements.
    Values,
}

/// What stood at the path.
#[derive(Clone, PartialEq, Eq)]
pub enum Given {
    /// Nothing.
    Absent,
    /// Something that is not shown: a secret, or a structure.
    Withheld,
    /// This text; for a list of texts, `[a, b]`.
    Text(String),
}

/// Values are the caller's, possibly long and possibly private, so that only their size is printed.
impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Withheld => f.write_str("Withheld"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
        }
    }
}

/// One value and the rules that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where the value stands: `userName`, `tags.1.member.key`.
    pub path: String,
    /// What was given. Never a secret.
    pub given: Given,
    /// The broken rules; see [`Subject`] for lists and maps. Never empty.
    pub constraints: Vec<Constraint>,
    /// Whose rules they are.
    pub subject: Subject,
}

/// Every violation of one request, in the order in which the fields are declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// How many are kept. A request made of nothing but mistakes must not grow into an answer many times its size.
    pub const MOST: usize = 200;

    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one, unless [`Violations::MOST`] are there already.
    pub fn push(&mut self, violation: Violation) {
        if self.0.len() < Self::MOST {
            self.0.push(violation);
        }
    }

    /// Adds one about the value at `at`.
    pub fn add(&mut self, at: &Path<'_>, given: Given, constraints: Vec<Constraint>) {
        self.push(Violation {
            path: at.to_string(),
            given,
            constraints,
            subject: Subject::Member,
        });
    }

    /// Whether the request breaks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many values break rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The violations in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
