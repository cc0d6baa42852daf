//! Where in a request a value stands.

/// The way from the request to a value, kept on the stack and written out only for a violation.
#[derive(Debug, Clone, Copy)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Root,
    Member(&'static str),
    Element(usize),
    Value(usize),
}

impl<'p> Path<'p> {
    /// The request itself.
    pub const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    /// A member of the structure that stands here, by its lower-camel name.
    #[must_use]
    pub const fn member(&'p self, camel: &'static str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Member(camel),
        }
    }

    /// An element of the list that stands here; the first is 1.
    #[must_use]
    pub const fn element(&'p self, position: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Element(position),
        }
    }

    /// The value of an entry of the map that stands here; the first is 1.
    #[must_use]
    pub const fn value(&'p self, position: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Value(position),
        }
    }
}

/// As AWS writes it: `userName`, `tags.1.member.key`.
impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.step, Step::Root) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Member(camel) => f.write_str(camel),
            Step::Element(position) => write!(f, "{position}.member"),
            Step::Value(position) => write!(f, "{position}.value"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_aws_writes_it() {
        let tags = Path::ROOT.member("tags");
        let first = tags.element(1);
        assert_eq!(first.member("key").to_string(), "tags.1.member.key");
        assert_eq!(Path::ROOT.member("userName").to_string(), "userName");
    }
}
