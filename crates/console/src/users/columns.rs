//! The columns of the list of users: which there are, which a person wants to see, and what the list is put in order by.

use claviger_iam::operation::user_details::{SortOrder, UserSortKey};

use crate::cookies::Cookie;
use crate::door::Visit;
use crate::order::{Key, Order};

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
pub(super) type By = Option<Column>;

impl Key for By {
    const USUAL: Self = None;

    fn word(self) -> Option<&'static str> {
        match self {
            None => Some("name"),
            Some(column) => column.sort_key().map(|_| column.word()),
        }
    }

    fn of(word: &str) -> Option<Self> {
        let named = [None].into_iter().chain(Column::ALL.map(Some));
        named.into_iter().find(|by| by.word() == Some(word))
    }

    fn falls(self) -> bool {
        self.is_some()
    }
}

/// What the operation calls an order.
pub(super) fn asked(order: Order<By>) -> (UserSortKey, SortOrder) {
    let key = order.key.and_then(Column::sort_key);
    // The greatest age is the earliest moment.
    let turned = order.key.is_some_and(Column::is_age);
    let way = match order.down != turned {
        true => SortOrder::Descending,
        false => SortOrder::Ascending,
    };
    (key.unwrap_or(UserSortKey::UserName), way)
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
        let asked = |word| asked(Order::of(word));
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
            Order::<By>::of("-arn"),
            Order::USUAL,
            "nothing is put in order by that"
        );
    }

    #[test]
    fn a_heading_leads_by_names_upwards_first_and_by_all_else_downwards() {
        let next = |word, column| Order::<By>::of(word).towards(column).map(Order::word);
        assert_eq!(next("", None).as_deref(), Some("-name"));
        assert_eq!(next("-name", None).as_deref(), Some(""));
        assert_eq!(next("", Some(Column::KeyAge)).as_deref(), Some("-key"));
        assert_eq!(next("-key", Some(Column::Arn)), None);
    }
}
