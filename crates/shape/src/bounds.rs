//! Bounds of lists and maps, in a value that a program has put together. What a request brings is held to them as it is
//! read; scalars hold their own rules wherever they come from.

use claviger_model::scalar::Kind;

use crate::violation::Violation;
use crate::wire::beyond;
use crate::{Encoder, Field, Given, Part, Pieces, Shape, Subject, Type, Violations};

/// Holds a value to the bounds of its lists and maps.
///
/// # Errors
/// Every list and map that has too many elements or too few.
pub fn check_bounds<T: Shape>(value: &T) -> Result<(), Violations> {
    let mut bounds = Bounds {
        open: vec![Open::Structure(T::FIELDS)],
        path: Vec::new(),
        coming: None,
        violations: Violations::new(),
    };
    value.encode(&mut bounds);
    if bounds.violations.is_empty() {
        Ok(())
    } else {
        Err(bounds.violations)
    }
}

/// What is open.
enum Open {
    Structure(&'static [Field]),
    /// A list or a map.
    Many {
        element: &'static Type,
        count: usize,
        min: u32,
        max: u32,
        /// Whether none at all stands for a member that was left out.
        optional: bool,
    },
}

struct Bounds {
    /// Outermost first.
    open: Vec<Open>,
    /// The names and positions that lead to what is open.
    path: Vec<String>,
    /// What the next part holds, and whether it may be left out.
    coming: Option<(&'static Type, bool)>,
    violations: Violations,
}

impl Bounds {
    fn enter(&mut self) {
        let Some((holds, optional)) = self.coming.take() else {
            return;
        };
        let (element, min, max) = match holds {
            Type::Structure { fields, .. } => return self.open.push(Open::Structure(fields)),
            Type::List { element, min, max } => (*element, *min, *max),
            Type::Map {
                value, min, max, ..
            } => (*value, *min, *max),
            Type::Scalar { .. } => return,
        };
        self.open.push(Open::Many {
            element,
            count: 0,
            min,
            max,
            optional,
        });
    }

    fn leave(&mut self) {
        let Some(Open::Many {
            count,
            min,
            max,
            optional,
            ..
        }) = self.open.pop()
        else {
            return;
        };
        let left_out = optional && count == 0;
        if let Some(bound) = beyond(count, min, max).filter(|_| !left_out) {
            self.violations.push(Violation {
                path: self.path.join("."),
                given: Given::Withheld,
                constraints: vec![bound],
                subject: Subject::Member,
            });
        }
    }
}

impl Encoder for Bounds {
    fn open(&mut self, part: Part) {
        match part {
            Part::Member(name) => {
                self.path.push(name.camel.to_owned());
                if let Some(Open::Structure(fields)) = self.open.last() {
                    let field = fields.iter().find(|field| field.name == name);
                    self.coming = field.map(|field| (&field.holds, !field.required));
                }
            }
            Part::Element | Part::Entry => {
                if let Some(Open::Many { element, count, .. }) = self.open.last_mut() {
                    *count += 1;
                    let what = if part == Part::Entry {
                        "value"
                    } else {
                        "member"
                    };
                    self.path.push(format!("{count}.{what}"));
                    self.coming = Some((element, false));
                }
            }
            Part::Structure | Part::List | Part::Map => self.enter(),
            Part::Key | Part::Value => {}
        }
    }

    fn close(&mut self, part: Part) {
        match part {
            Part::Member(_) | Part::Element | Part::Entry => {
                self.path.pop();
            }
            Part::Structure | Part::List | Part::Map => self.leave(),
            Part::Key | Part::Value => {}
        }
    }

    fn scalar(&mut self, _: Kind, _: bool, _: &Pieces<'_>) {}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Something within a list.
    #[derive(Shape)]
    struct Inner {
        /// Three at the most.
        #[shape(max = 3)]
        names: Vec<String>,
    }

    /// What others are flattened into.
    #[derive(Shape)]
    struct Flat {
        /// Two at the least, unless left out.
        #[shape(min = 2)]
        pairs: BTreeMap<String, String>,
    }

    /// A request.
    #[derive(Shape)]
    struct Outer {
        /// One at the least.
        #[shape(required, min = 1, max = 2)]
        inners: Vec<Inner>,
        /// Flattened.
        #[shape(flatten)]
        flat: Flat,
    }

    fn broken(names: &[usize], pairs: usize) -> Vec<String> {
        let outer = Outer {
            inners: names
                .iter()
                .map(|&count| Inner {
                    names: vec![String::from("a"); count],
                })
                .collect(),
            flat: Flat {
                pairs: (0..pairs)
                    .map(|key| (key.to_string(), String::new()))
                    .collect(),
            },
        };
        check_bounds(&outer).map_or_else(
            |violations| violations.iter().map(|found| found.path.clone()).collect(),
            |()| Vec::new(),
        )
    }

    #[test]
    fn a_list_or_map_beyond_its_bounds_is_named_with_its_place() {
        assert_eq!(broken(&[0, 3], 0), Vec::<String>::new());
        assert_eq!(broken(&[3, 4], 2), ["inners.2.member.names"]);
        assert_eq!(broken(&[], 1), ["inners", "pairs"]);
        assert_eq!(broken(&[1, 1, 9], 3), ["inners.3.member.names", "inners"]);
    }
}
