//! The columns of the list of users: which there are, which a person wants to see, and what the list is put in order by.

use claviger_iam::operation::user_details::{SortOrder, UserSortKey};

use crate::cookies::Cookie;
use crate::door::Visit;

/// A column besides the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Path,
    Groups,
    Activity,
    Mfa,
    Console,
    PasswordAge,
    SignedIn,
    Keys,
    KeyAge,
    KeyUsed,
    Created,
    Certificates,
    Id,
    Arn,
}

impl Column {
    pub(super) const ALL: [Self; 14] = [
        Self::Path,
        Self::Groups,
        Self::Activity,
        Self::Mfa,
        Self::Console,
        Self::PasswordAge,
        Self::SignedIn,
        Self::Keys,
        Self::KeyAge,
        Self::KeyUsed,
        Self::Created,
        Self::Certificates,
        Self::Id,
        Self::Arn,
    ];
    /// What is shown to who has chosen nothing.
    const USUAL: [Self; 6] = [
        Self::Groups,
        Self::Activity,
        Self::Mfa,
        Self::Console,
        Self::PasswordAge,
        Self::Keys,
    ];

    /// Its word in the cookie and in the form.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Groups => "groups",
            Self::Activity => "activity",
            Self::Mfa => "mfa",
            Self::Console => "console",
            Self::PasswordAge => "password",
            Self::SignedIn => "signed-in",
            Self::Keys => "keys",
            Self::KeyAge => "key",
            Self::KeyUsed => "key-used",
            Self::Created => "created",
            Self::Certificates => "certificates",
            Self::Id => "id",
            Self::Arn => "arn",
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Path => "Path",
            Self::Groups => "Groups",
            Self::Activity => "Last activity",
            Self::Mfa => "MFA",
            Self::Console => "Console access",
            Self::PasswordAge => "Password age",
            Self::SignedIn => "Last sign-in",
            Self::Keys => "Access keys",
            Self::KeyAge => "Active key age",
            Self::KeyUsed => "Key last used",
            Self::Created => "Created",
            Self::Certificates => "Signing certificates",
            Self::Id => "User ID",
            Self::Arn => "ARN",
        }
    }

    /// What the whole list can be put in order by.
    const fn sort_key(self) -> Option<UserSortKey> {
        match self {
            Self::Activity => Some(UserSortKey::LastActivity),
            Self::PasswordAge => Some(UserSortKey::PasswordChanged),
            Self::KeyAge => Some(UserSortKey::OldestActiveKey),
            Self::Created => Some(UserSortKey::CreateDate),
            _ => None,
        }
    }

    /// Whether it shows an age, which grows the earlier something was.
    const fn is_age(self) -> bool {
        matches!(self, Self::PasswordAge | Self::KeyAge)
    }

    /// Those that a person has chosen.
    pub(super) fn chosen(visit: &Visit) -> Vec<Self> {
        let Some(words) = visit.asked.cookie(Cookie::Columns) else {
            return Self::USUAL.to_vec();
        };
        Self::of_words(words.split('.'))
    }

    /// Those that words name, in their own order.
    pub(super) fn of_words<'w>(words: impl Iterator<Item = &'w str>) -> Vec<Self> {
        let words: Vec<&str> = words.collect();
        let named = |column: &Self| words.contains(&column.word());
        Self::ALL.into_iter().filter(named).collect()
    }

    /// What the cookie keeps of them.
    pub(super) fn kept(columns: &[Self]) -> String {
        let words: Vec<&str> = columns.iter().map(|column| column.word()).collect();
        words.join(".")
    }
}

/// What the list is put in order by: a column, or the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Order {
    pub(super) column: Option<Column>,
    /// Whether the greatest comes first: the last name, the greatest age, the latest moment.
    pub(super) down: bool,
}

impl Order {
    /// By name, from A to Z.
    pub(super) const USUAL: Self = Self {
        column: None,
        down: false,
    };

    /// The order that an address asks for, such as `created` or `-created`.
    pub(super) fn of(word: &str) -> Self {
        let (word, down) = match word.strip_prefix('-') {
            Some(word) => (word, true),
            None => (word, false),
        };
        let column = Column::ALL
            .into_iter()
            .find(|column| column.word() == word && column.sort_key().is_some());
        match (column, word) {
            (None, "name") => Self { column, down },
            (None, _) => Self::USUAL,
            (column, _) => Self { column, down },
        }
    }

    /// Its word in addresses.
    pub(super) fn word(self) -> String {
        let word = self.column.map_or("name", Column::word);
        format!("{}{word}", if self.down { "-" } else { "" })
    }

    /// What the operation calls it.
    pub(super) fn asked(self) -> (UserSortKey, SortOrder) {
        let key = self.column.and_then(Column::sort_key);
        // The greatest age is the earliest moment.
        let turned = self.column.is_some_and(Column::is_age);
        let order = match self.down != turned {
            true => SortOrder::Descending,
            false => SortOrder::Ascending,
        };
        (key.unwrap_or(UserSortKey::UserName), order)
    }

    /// The order that the heading of a column leads to, if the list can be put in order by it: by names upwards first, by
    /// all else downwards, and the other way round where the list is in that order already.
    pub(super) fn towards(self, column: Option<Column>) -> Option<Self> {
        if column.is_some_and(|column| column.sort_key().is_none()) {
            return None;
        }
        let down = if self.column == column {
            !self.down
        } else {
            column.is_some()
        };
        Some(Self { column, down })
    }

    /// What the heading of a column tells, in the words of `aria-sort`.
    pub(super) fn told(self, column: Option<Column>) -> Option<&'static str> {
        (self.column == column).then_some(if self.down { "descending" } else { "ascending" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_own_order_and_what_is_no_column_is_left_out() {
        let chosen = Column::of_words("arn.nonsense.path.arn".split('.'));
        assert_eq!(chosen, [Column::Path, Column::Arn]);
        assert_eq!(Column::kept(&chosen), "path.arn");
        assert_eq!(Column::of_words("".split('.')), []);
    }

    #[test]
    fn the_greatest_age_is_the_earliest_moment() {
        let asked = |word| Order::of(word).asked();
        assert_eq!(asked(""), (UserSortKey::UserName, SortOrder::Ascending));
        assert_eq!(
            asked("-name"),
            (UserSortKey::UserName, SortOrder::Descending)
        );
        assert_eq!(
            asked("-password"),
            (UserSortKey::PasswordChanged, SortOrder::Ascending)
        );
        assert_eq!(
            asked("-created"),
            (UserSortKey::CreateDate, SortOrder::Descending)
        );
        assert_eq!(
            Order::of("-arn"),
            Order::USUAL,
            "nothing is put in order by that"
        );
    }

    #[test]
    fn a_heading_leads_to_the_other_way_round_where_it_rules_already() {
        let by = |word| Order::of(word);
        let next = |order: Order, column| order.towards(column).map(Order::word);
        assert_eq!(next(by(""), None).as_deref(), Some("-name"));
        assert_eq!(next(by(""), Some(Column::KeyAge)).as_deref(), Some("-key"));
        assert_eq!(
            next(by("-key"), Some(Column::KeyAge)).as_deref(),
            Some("key")
        );
        assert_eq!(next(by("-key"), Some(Column::Arn)), None);
    }
}
