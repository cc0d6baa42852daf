//! The tags of one entity, with the rules that differ from kind to kind.

use claviger_model::{Code, Tag, TagKey};

use crate::fault::Fault;

/// Most tags that one entity may carry.
const MAX_TAGS: usize = 50;

/// Whether two keys that differ in case alone are one: on users, roles and devices they are, on managed policies not
/// (recorded from AWS, 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagRules {
    /// Keys are compared without regard to case.
    FoldCase,
    /// Keys are compared as they are.
    ExactCase,
}

impl TagRules {
    fn same(self, a: &TagKey, b: &TagKey) -> bool {
        match self {
            Self::FoldCase => a.folded() == b.folded(),
            Self::ExactCase => a == b,
        }
    }

    /// Refuses a request that names a key twice, or one that is reserved.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub fn check(self, tags: &[Tag]) -> Result<(), Fault> {
        for (place, tag) in tags.iter().enumerate() {
            if tag.key.is_reserved() {
                return Err(Fault::new(
                    Code::InvalidInput,
                    format!("Tag keys must not begin with aws:, as `{}` does.", tag.key),
                ));
            }
            if tags
                .iter()
                .skip(place + 1)
                .any(|later| self.same(&tag.key, &later.key))
            {
                return Err(Fault::new(
                    Code::InvalidInput,
                    match self {
                        Self::FoldCase => {
                            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
                        }
                        Self::ExactCase => "Duplicate tag keys found.",
                    },
                ));
            }
        }
        Ok(())
    }
}

/// The tags of one entity, in the order in which they were first set.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The tags of an entity that is being made.
    ///
    /// # Errors
    /// `InvalidInput` for a key given twice or reserved, `LimitExceeded` for more than fifty.
    pub fn new(tags: Vec<Tag>, rules: TagRules) -> Result<Self, Fault> {
        let mut all = Self::default();
        all.set(tags, rules)?;
        Ok(all)
    }

    /// In stored order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    /// Sorted by key, as lists of tags are answered.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Tag> {
        let mut tags: Vec<&Tag> = self.0.iter().collect();
        tags.sort_by(|a, b| a.key.cmp(&b.key));
        tags
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key, compared without regard to case, as condition keys are.
    #[must_use]
    pub fn get_folded(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|tag| {
                tag.key.as_str().eq_ignore_ascii_case(key) || tag.key.folded() == key.to_lowercase()
            })
            .map(|tag| tag.value.as_str())
    }

    /// Sets tags; a key that is there gets the new value.
    ///
    /// # Errors
    /// `InvalidInput` for a key given twice or reserved, `LimitExceeded` for more than fifty in all. Nothing is changed then.
    pub fn set(&mut self, tags: Vec<Tag>, rules: TagRules) -> Result<(), Fault> {
        rules.check(&tags)?;
        let mut all = self.0.clone();
        for tag in tags {
            match all.iter_mut().find(|old| rules.same(&old.key, &tag.key)) {
                Some(old) => *old = tag,
                None => all.push(tag),
            }
        }
        if all.len() > MAX_TAGS {
            return Err(Fault::new(
                Code::LimitExceeded,
                "The number of tags has reached the maximum limit.",
            ));
        }
        self.0 = all;
        Ok(())
    }

    /// Removes tags; a key that is not there is passed over.
    pub fn remove(&mut self, keys: &[TagKey], rules: TagRules) {
        self.0
            .retain(|tag| !keys.iter().any(|key| rules.same(&tag.key, key)));
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::{Scalar, TagValue};

    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: TagKey::parse(key).expect("a key"),
            value: TagValue::parse(value).expect("a value"),
        }
    }

    #[test]
    fn a_key_in_another_case_is_the_same_key_on_a_user_and_another_on_a_policy() {
        let twice = vec![tag("Team", "a"), tag("team", "b")];
        let fault = Tags::new(twice.clone(), TagRules::FoldCase).expect_err("a duplicate");
        assert_eq!(
            fault.message(),
            Some("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        );
        assert!(Tags::new(twice, TagRules::ExactCase).is_ok());
    }

    #[test]
    fn setting_an_existing_key_overwrites_it() {
        let mut tags = Tags::new(vec![tag("Team", "a")], TagRules::FoldCase).expect("one tag");
        tags.set(vec![tag("TEAM", "b")], TagRules::FoldCase)
            .expect("one tag");
        assert_eq!(tags.iter().count(), 1);
        assert_eq!(tags.get_folded("team"), Some("b"));
    }

    #[test]
    fn the_fifty_first_tag_is_refused_and_nothing_changes() {
        let many = (0..50).map(|n| tag(&format!("k{n}"), "v")).collect();
        let mut tags = Tags::new(many, TagRules::FoldCase).expect("fifty tags");
        let fault = tags
            .set(vec![tag("k50", "v")], TagRules::FoldCase)
            .expect_err("too many");
        assert_eq!(fault.code(), Code::LimitExceeded);
        assert_eq!(tags.iter().count(), 50);
    }

    #[test]
    fn reserved_keys_are_refused_in_any_case() {
        assert!(Tags::new(vec![tag("AWS:x", "v")], TagRules::FoldCase).is_err());
    }
}
