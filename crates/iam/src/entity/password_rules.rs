//! Rules for passwords that AWS's password policy has none of. They are Huawei Cloud's (API reference, "Modifying the
//! Password Policy"), and hold at every door.

use claviger_model::Timestamp;

use super::contact::Contacts;

/// What a password may not be, or hold: what is known of its owner.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// The user's name.
    pub name: &'a str,
    /// Where the user is reached.
    pub contacts: &'a Contacts,
}

/// Rules besides those of AWS. None of them is in force where nobody set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct PasswordRules {
    /// Of upper case, lower case, digits and other visible characters, so many are needed.
    pub kinds: u8,
    /// How often the same character may stand in a row; any number where it is zero.
    pub longest_run: u8,
    /// Minutes for which a password stays before its owner may change it.
    pub minimum_age_minutes: u16,
    /// Whether it may not be the user's name, nor that backwards.
    pub not_the_name: bool,
    /// Whether it may not hold the user's e-mail address or mobile number.
    pub not_the_contacts: bool,
}

impl PasswordRules {
    /// No rule.
    pub const NONE: Self = Self {
        kinds: 0,
        longest_run: 0,
        minimum_age_minutes: 0,
        not_the_name: false,
        not_the_contacts: false,
    };

    /// Whether there is no rule.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether a password is good by these rules.
    #[must_use]
    pub fn accept(&self, password: &str, owner: Owner<'_>) -> bool {
        (self.kinds < 2 || kinds(password) >= self.kinds)
            && (self.longest_run == 0 || longest_run(password) <= usize::from(self.longest_run))
            && !(self.not_the_name && is_name(password, owner.name))
            && !(self.not_the_contacts && holds_contact(password, owner.contacts))
    }

    /// Until when the owner of a password that was set then may not change it.
    #[must_use]
    pub fn unchangeable_until(&self, changed: Timestamp) -> Timestamp {
        changed.plus_seconds(60 * i64::from(self.minimum_age_minutes))
    }
}

/// How many kinds of characters are in it. The fourth is every visible sign of ASCII that is neither letter nor digit, and
/// the blank.
fn kinds(password: &str) -> u8 {
    let kinds: [fn(u8) -> bool; 4] = [
        |byte| byte.is_ascii_uppercase(),
        |byte| byte.is_ascii_lowercase(),
        |byte| byte.is_ascii_digit(),
        |byte| byte == b' ' || byte.is_ascii_punctuation(),
    ];
    kinds
        .into_iter()
        .map(|kind| u8::from(password.bytes().any(kind)))
        .sum()
}

/// How often the same character stands in a row at the most.
fn longest_run(password: &str) -> usize {
    let (mut longest, mut run, mut before) = (0, 0, None);
    for character in password.chars() {
        run = if before == Some(character) {
            run + 1
        } else {
            1
        };
        before = Some(character);
        longest = longest.max(run);
    }
    longest
}

fn is_name(password: &str, name: &str) -> bool {
    let password = password.to_lowercase();
    let name = name.to_lowercase();
    password == name || password.chars().eq(name.chars().rev())
}

fn holds_contact(password: &str, contacts: &Contacts) -> bool {
    let password = password.to_lowercase();
    let email = contacts.email.as_ref();
    let mobile = contacts.mobile.as_ref();
    email.is_some_and(|held| password.contains(&held.address.as_str().to_lowercase()))
        || mobile.is_some_and(|held| password.contains(held.address.national()))
}

#[cfg(test)]
mod tests {
    use claviger_model::{EmailAddress, MobileNumber, Scalar as _};

    use super::*;
    use crate::entity::contact::Address;

    fn accepts(rules: PasswordRules, password: &str) -> bool {
        let mut contacts = Contacts::default();
        let email = EmailAddress::parse("Jane@Example.com").expect("an address");
        let mobile = MobileNumber::parse("+49-15112345678").expect("a number");
        contacts.set(Address::Email(email), Timestamp::from_seconds(0));
        contacts.set(Address::Mobile(mobile), Timestamp::from_seconds(0));
        let owner = Owner {
            name: "A12345",
            contacts: &contacts,
        };
        rules.accept(password, owner)
    }

    #[test]
    fn kinds_are_counted_and_the_blank_is_a_sign() {
        for (password, count) in [
            ("aaaa", 1),
            ("aB", 2),
            ("aB1", 3),
            ("aB1 ", 4),
            ("~1", 2),
            ("é", 0),
        ] {
            assert_eq!(kinds(password), count, "{password}");
        }
        let rules = PasswordRules {
            kinds: 3,
            ..PasswordRules::NONE
        };
        assert!(!accepts(rules, "abc123") && accepts(rules, "abc123,"));
    }

    #[test]
    fn a_run_is_as_long_as_it_may_be_and_no_longer() {
        let rules = |longest_run| PasswordRules {
            longest_run,
            ..PasswordRules::NONE
        };
        assert!(accepts(rules(0), "aaaaaa"));
        assert!(accepts(rules(1), "abab") && !accepts(rules(1), "abba"));
        assert!(accepts(rules(2), "aabbaa") && !accepts(rules(2), "abbba"));
        assert!(!accepts(rules(1), "éé"));
    }

    #[test]
    fn the_name_is_refused_either_way_round_and_in_any_case() {
        let rules = PasswordRules {
            not_the_name: true,
            ..PasswordRules::NONE
        };
        for refused in ["A12345", "a12345", "54321A", "54321a"] {
            assert!(!accepts(rules, refused), "{refused}");
            assert!(accepts(PasswordRules::NONE, refused));
        }
        assert!(accepts(rules, "a123456"));
    }

    #[test]
    fn contacts_are_refused_wherever_they_stand() {
        let rules = PasswordRules {
            not_the_contacts: true,
            ..PasswordRules::NONE
        };
        for refused in ["jane@example.COM", "x-JANE@example.com-1", "Aa15112345678!"] {
            assert!(!accepts(rules, refused), "{refused}");
            assert!(accepts(PasswordRules::NONE, refused));
        }
        assert!(accepts(rules, "jane@example.org"));
    }
}
