//! Which passwords an account accepts (IAM user guide, "Setting an account password policy for IAM users").

use claviger_model::Code;

use crate::entity::PasswordRules;
use crate::entity::account::PasswordPolicy;
use crate::entity::password_rules::Owner;
use crate::fault::Fault;

/// The symbols that count as such.
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";
/// The least length where the account has no policy of its own.
const DEFAULT_MINIMUM_LENGTH: usize = 8;
/// Of upper case, lower case, digits and symbols, so many are needed where the account has no policy of its own.
const DEFAULT_CLASSES: usize = 3;

/// The policy of an account that made one without naming any rule.
pub const EMPTY_POLICY: PasswordPolicy = PasswordPolicy {
    minimum_length: 6,
    require_symbols: false,
    require_numbers: false,
    require_uppercase: false,
    require_lowercase: false,
    allow_users_to_change: None,
    max_age_days: None,
    reuse_prevention: None,
    hard_expiry: None,
    more: PasswordRules::NONE,
};

/// What a policy begins with that is made by setting one rule: what is in force without one.
pub const FIRST_POLICY: PasswordPolicy = PasswordPolicy {
    minimum_length: 8,
    more: PasswordRules {
        kinds: 3,
        ..PasswordRules::NONE
    },
    ..EMPTY_POLICY
};

/// The kinds of characters in a password.
struct Classes {
    upper: bool,
    lower: bool,
    digit: bool,
    symbol: bool,
}

impl Classes {
    fn of(password: &str) -> Self {
        Self {
            upper: password.bytes().any(|b| b.is_ascii_uppercase()),
            lower: password.bytes().any(|b| b.is_ascii_lowercase()),
            digit: password.bytes().any(|b| b.is_ascii_digit()),
            symbol: password.chars().any(|c| SYMBOLS.contains(c)),
        }
    }

    fn count(&self) -> usize {
        [self.upper, self.lower, self.digit, self.symbol]
            .into_iter()
            .filter(|&present| present)
            .count()
    }
}

/// Refuses a password that the account's rules do not accept. `context` are words that may not be the password: the
/// account's alias, number and e-mail address; `owner` is the user whose it is to be, where it is a user's.
///
/// # Errors
/// `PasswordPolicyViolation`. The message names no part of the password.
pub fn check(
    password: &str,
    policy: Option<&PasswordPolicy>,
    context: &[&str],
    owner: Option<Owner<'_>>,
) -> Result<(), Fault> {
    let length = password.chars().count();
    let classes = Classes::of(password);
    let acceptable = match policy {
        Some(policy) => {
            length >= usize::try_from(policy.minimum_length).unwrap_or(usize::MAX)
                && (classes.symbol || !policy.require_symbols)
                && (classes.digit || !policy.require_numbers)
                && (classes.upper || !policy.require_uppercase)
                && (classes.lower || !policy.require_lowercase)
                && owner.is_none_or(|owner| policy.more.accept(password, owner))
        }
        None => {
            length >= DEFAULT_MINIMUM_LENGTH
                && classes.count() >= DEFAULT_CLASSES
                && !context
                    .iter()
                    .any(|word| word.eq_ignore_ascii_case(password))
        }
    };
    if acceptable {
        Ok(())
    } else {
        Err(Fault::new(
            Code::PasswordPolicyViolation,
            "Password does not conform to the account password policy.",
        ))
    }
}

/// The fault for a change that its owner asks for too early.
#[must_use]
pub fn too_young() -> Fault {
    Fault::new(
        Code::PasswordPolicyViolation,
        "The password was changed a short time ago. The account's rules let you change it again later.",
    )
}

/// The fault for a password that was used before.
#[must_use]
pub fn reused() -> Fault {
    Fault::new(
        Code::PasswordPolicyViolation,
        "Policy constraint violation with password reuse prevention during password change.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_policy_eight_characters_of_three_kinds_are_needed() {
        assert!(check("abc123", None, &[], None).is_err());
        assert!(check("abcdefgh1", None, &[], None).is_err());
        assert!(check("Abcdefg1", None, &[], None).is_ok());
        assert!(check("abcdef1!", None, &[], None).is_ok());
        assert!(check("Ops@Example.org", None, &["ops@example.org"], None).is_err());
    }

    #[test]
    fn a_policy_without_rules_asks_for_six_characters() {
        assert!(check("aaaaaa", Some(&EMPTY_POLICY), &[], None).is_ok());
        assert!(check("aaaaa", Some(&EMPTY_POLICY), &[], None).is_err());
    }

    #[test]
    fn each_required_kind_is_asked_for() {
        let all = PasswordPolicy {
            minimum_length: 8,
            require_symbols: true,
            require_numbers: true,
            require_uppercase: true,
            require_lowercase: true,
            ..EMPTY_POLICY
        };
        assert!(check("Abcdef1!", Some(&all), &[], None).is_ok());
        for missing in ["abcdef1!", "ABCDEF1!", "Abcdefg!", "Abcdefg1", "Abcd1!"] {
            assert!(check(missing, Some(&all), &[], None).is_err(), "{missing}");
        }
        // A character that is neither ASCII letter nor digit nor one of the named symbols is no symbol.
        assert!(check("Abcdef1é", Some(&all), &[], None).is_err());
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(check("éééééé", Some(&EMPTY_POLICY), &[], None).is_ok());
        assert!(check("ééé", Some(&EMPTY_POLICY), &[], None).is_err());
    }
}
