//! What a list is put in order by, and the headings that lead to another order.

use claviger_model::{Timestamp, text};

/// What a list can be put in order by.
pub(crate) trait Key: Copy + PartialEq {
    /// What it is in order by where nobody asks for another.
    const USUAL: Self;

    /// Its word in addresses; none of what the list cannot be asked to be put in order by.
    fn word(self) -> Option<&'static str>;

    /// What has this word.
    fn of(word: &str) -> Option<Self>;

    /// Whether the greatest is what is looked for first.
    fn falls(self) -> bool;
}

/// By what a list is in order, and which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Order<K> {
    pub(crate) key: K,
    /// Whether the greatest comes first: the last name, the greatest age, the latest moment.
    pub(crate) down: bool,
}

/// The heading of a column.
pub(crate) struct Heading {
    pub(crate) label: &'static str,
    /// Where the list is in the order of this column.
    pub(crate) link: Option<String>,
    /// In which order it is, in the words of `aria-sort`.
    pub(crate) order: Option<&'static str>,
}

impl<K: Key> Order<K> {
    /// Where nobody asks for another.
    pub(crate) const USUAL: Self = Self {
        key: K::USUAL,
        down: false,
    };

    /// The order that an address asks for, such as `created` or `-created`.
    pub(crate) fn of(word: &str) -> Self {
        let (word, down) = match word.strip_prefix('-') {
            Some(word) => (word, true),
            None => (word, false),
        };
        K::of(word).map_or(Self::USUAL, |key| Self { key, down })
    }

    /// Its word in addresses; empty for the usual one.
    pub(crate) fn word(self) -> String {
        match self.key.word() {
            Some(word) if self != Self::USUAL => {
                format!("{}{word}", if self.down { "-" } else { "" })
            }
            _ => String::new(),
        }
    }

    /// The order that the heading of a column leads to, if the list can be put in order by it; the other way round where it
    /// is in that order already.
    pub(crate) fn towards(self, key: K) -> Option<Self> {
        key.word()?;
        let down = if self.key == key {
            !self.down
        } else {
            key.falls()
        };
        Some(Self { key, down })
    }

    /// What the heading of a column tells, in the words of `aria-sort`.
    pub(crate) fn told(self, key: K) -> Option<&'static str> {
        (self.key == key).then_some(if self.down { "descending" } else { "ascending" })
    }

    /// The heading of a column. `list` is the address of the list in an order.
    pub(crate) fn heading(
        self,
        key: K,
        label: &'static str,
        list: impl FnOnce(Self) -> String,
    ) -> Heading {
        Heading {
            label,
            link: self.towards(key).map(list),
            order: self.told(key),
        }
    }
}

/// What a list can be put in order by of whose rows no more is told at once than names and when they were made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plain {
    Name,
    Created,
}

impl Plain {
    /// Where something stands.
    pub(crate) fn place(self, name: &str, created: Timestamp) -> (i64, String) {
        let at = match self {
            Self::Name => 0,
            Self::Created => created.micros(),
        };
        (at, text::fold(name))
    }
}

impl Key for Plain {
    const USUAL: Self = Self::Name;

    fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::Name => "name",
            Self::Created => "created",
        })
    }

    fn of(word: &str) -> Option<Self> {
        let keys = [Self::Name, Self::Created];
        keys.into_iter().find(|key| key.word() == Some(word))
    }

    fn falls(self) -> bool {
        self == Self::Created
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_leads_to_the_other_way_round_where_it_rules_already() {
        let next = |word, key| Order::of(word).towards(key).map(Order::word);
        assert_eq!(next("", Plain::Created).as_deref(), Some("-created"));
        assert_eq!(next("-created", Plain::Created).as_deref(), Some("created"));
        assert_eq!(next("", Plain::Name).as_deref(), Some("-name"));
        assert_eq!(next("created", Plain::Name).as_deref(), Some(""));
    }

    #[test]
    fn what_is_no_order_is_the_usual_one_and_is_told_as_it_is() {
        for word in ["", "-", "own", "-nothing", "name "] {
            assert_eq!(Order::<Plain>::of(word), Order::USUAL, "{word}");
        }
        assert_eq!(Order::of("-name").told(Plain::Name), Some("descending"));
        assert_eq!(Order::of("").told(Plain::Name), Some("ascending"));
        assert_eq!(Order::of("").told(Plain::Created), None);
    }
}
