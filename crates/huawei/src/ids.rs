//! The ids of this API: 32 hexadecimal digits, made of the ids that the entities have, so that nothing has to be looked up
//! either way. Their first byte says of what they are, their last four are a check.

use claviger_model::{AccountId, IdKind, Scalar as _, UniqueId};
use sha2::{Digest, Sha256};

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Domain = 0xd0,
    Project = 0x9a,
    Root = 0x40,
    User = 0x5e,
    Group = 0x67,
    Role = 0xa6,
    Policy = 0xb0,
}

/// The alphabet of unique ids, five bits a letter.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of a unique id behind its prefix.
const LETTERS: usize = 17;

/// The id of an account.
pub(crate) fn domain(account: AccountId) -> String {
    written(Kind::Domain, u128::from(account.number()))
}

/// The id of an account's one project.
pub(crate) fn project(account: AccountId) -> String {
    written(Kind::Project, u128::from(account.number()))
}

/// The id of an account's root user.
pub(crate) fn root(account: AccountId) -> String {
    written(Kind::Root, u128::from(account.number()))
}

/// The id of a user, `None` where the unique id is not a user's.
pub(crate) fn user(unique: &str) -> Option<String> {
    Some(written(Kind::User, digits(unique, IdKind::User)?))
}

/// The id of a group, `None` where the unique id is not a group's.
pub(crate) fn group(unique: &str) -> Option<String> {
    Some(written(Kind::Group, digits(unique, IdKind::Group)?))
}

/// The id of a role, which is an agency here; `None` where the unique id is not a role's.
pub(crate) fn agency(unique: &str) -> Option<String> {
    Some(written(Kind::Role, digits(unique, IdKind::Role)?))
}

/// The id of a managed policy, AWS's as well; `None` where the unique id is not a policy's.
pub(crate) fn policy(unique: &str) -> Option<String> {
    Some(written(
        Kind::Policy,
        digits(unique, IdKind::ManagedPolicy)?,
    ))
}

/// The account behind a domain's id, `None` where it is none.
pub(crate) fn to_domain(id: &str) -> Option<AccountId> {
    to_account(Kind::Domain, id)
}

/// The account behind the id of its root user, `None` where it is none.
pub(crate) fn to_root(id: &str) -> Option<AccountId> {
    to_account(Kind::Root, id)
}

fn to_account(kind: Kind, id: &str) -> Option<AccountId> {
    AccountId::from_number(u64::try_from(payload(kind, id)?).ok()?)
}

/// The unique id behind a user's id, `None` where it is none.
pub(crate) fn to_user(id: &str) -> Option<UniqueId> {
    read(Kind::User, IdKind::User, id)
}

/// The unique id behind a group's id, `None` where it is none.
pub(crate) fn to_group(id: &str) -> Option<UniqueId> {
    read(Kind::Group, IdKind::Group, id)
}

/// The unique id behind an agency's id, `None` where it is none.
pub(crate) fn to_agency(id: &str) -> Option<UniqueId> {
    read(Kind::Role, IdKind::Role, id)
}

/// The unique id behind a policy's id, `None` where it is none.
pub(crate) fn to_policy(id: &str) -> Option<UniqueId> {
    read(Kind::Policy, IdKind::ManagedPolicy, id)
}

/// What an id of this kind holds between what it is of and its check.
fn payload(kind: Kind, id: &str) -> Option<u128> {
    let is_lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if id.len() != 32 || !id.bytes().all(is_lower) {
        return None;
    }
    let value = u128::from_str_radix(id, 16).ok()?;
    let payload = (value >> 32) & ((1 << 88) - 1);
    (written(kind, payload) == id).then_some(payload)
}

fn read(kind: Kind, unique: IdKind, id: &str) -> Option<UniqueId> {
    let payload = payload(kind, id)?;
    if payload >> (5 * LETTERS) != 0 {
        return None;
    }
    let mut text = String::with_capacity(unique.length());
    text.push_str(unique.prefix());
    for place in (0..LETTERS).rev() {
        let letter = usize::try_from((payload >> (5 * place)) & 31).ok()?;
        text.push(ALPHABET.get(letter).copied().map(char::from)?);
    }
    UniqueId::parse(&text).ok()
}

fn written(kind: Kind, payload: u128) -> String {
    let value = (kind as u128) << 120 | payload << 32;
    let digest = Sha256::digest(value.to_be_bytes());
    let check = digest
        .iter()
        .take(4)
        .fold(0, |check, &byte| check << 8 | u128::from(byte));
    format!("{:032x}", value | check)
}

/// The letters behind the prefix, as a number.
fn digits(unique: &str, kind: IdKind) -> Option<u128> {
    let letters = unique.strip_prefix(kind.prefix())?;
    if letters.len() != LETTERS {
        return None;
    }
    letters.bytes().try_fold(0, |value, letter| {
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        Some(value << 5 | u128::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use claviger_model::Rng;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    proptest! {
        #[test]
        fn every_user_id_leads_back_to_its_user(seed in any::<[u8; 32]>(), number in 0u64..1_000_000_000_000) {
            let rng = Rng::new(ChaCha20Rng::from_seed(seed));
            let account = AccountId::from_number(number).expect("twelve digits");
            let unique = UniqueId::generate(IdKind::User, account, &rng);
            let id = user(unique.as_str()).expect("a user's");
            prop_assert_eq!(id.len(), 32);
            prop_assert_eq!(to_user(&id), Some(unique));
        }

        #[test]
        fn another_digit_is_no_id(seed in any::<[u8; 32]>(), place in 0usize..32, digit in "[0-9a-f]") {
            let rng = Rng::new(ChaCha20Rng::from_seed(seed));
            let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
            let unique = UniqueId::generate(IdKind::User, account, &rng);
            let mut id = user(unique.as_str()).expect("a user's");
            let old = id.clone();
            id.replace_range(place..=place, &digit);
            prop_assert!(id == old || to_user(&id).is_none());
        }
    }

    #[test]
    fn an_id_of_one_kind_is_none_of_another() {
        let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
        assert_ne!(domain(account), project(account));
        assert_eq!(to_user(&domain(account)), None);
        assert_eq!(user("AROAABCDEFGHIJKLMNOPQ"), None);
        assert_eq!(agency("AIDAABCDEFGHIJKLMNOPQ"), None);
        assert_ne!(domain(account), root(account));
        assert_eq!(to_user(&root(account)), None);
        let role = agency("AROAABCDEFGHIJKLMNOPQ").expect("a role's");
        assert_eq!(to_user(&role), None);
        assert_eq!(
            to_agency(&role).as_ref().map(UniqueId::as_str),
            Some("AROAABCDEFGHIJKLMNOPQ")
        );
        let both = group("AGPAABCDEFGHIJKLMNOPQ").expect("a group's");
        assert_eq!(
            to_group(&both).as_ref().map(UniqueId::as_str),
            Some("AGPAABCDEFGHIJKLMNOPQ")
        );
        assert_eq!((to_policy(&both), to_agency(&both)), (None, None));
        let both = policy("ANPAABCDEFGHIJKLMNOPQ").expect("a policy's");
        assert_eq!(
            to_policy(&both).as_ref().map(UniqueId::as_str),
            Some("ANPAABCDEFGHIJKLMNOPQ")
        );
        assert_eq!(to_group(&both), None);
        let id = user("AIDAABCDEFGHIJKLMNOPQ").expect("a user's");
        for bad in [
            "",
            "a",
            &id.to_uppercase(),
            &format!("{id}0"),
            &id.replacen(char::is_alphanumeric, "", 1),
        ] {
            assert_eq!(to_user(bad), None, "{bad}");
        }
        for bad in [
            "AIDA",
            "AIDAABCDEFGHIJKLMNOP1",
            "AIDAABCDEFGHIJKLMNOPQR",
            "123456789012",
        ] {
            assert_eq!(user(bad), None, "{bad}");
        }
    }
}
