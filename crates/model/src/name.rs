//! Names and paths of entities, with the lengths and alphabets of the IAM user guide, "IAM and AWS STS quotas".

use crate::scalar::Constraint::{MaxLength, MinLength, Pattern, Sentence};
use crate::text;
use crate::text_scalar;

/// What AWS says of a name outside its alphabet (recorded 2026).
const NAME_SENTENCE: &str =
    "It must contain only alphanumeric characters and/or the following: +=,.@_-";
/// What AWS says of a path that is none (recorded 2026).
const PATH_SENTENCE: &str =
    "It must begin and end with / and contain only alphanumeric characters and/or / characters.";
/// What AWS says of a path prefix that is none (recorded 2026).
const PREFIX_SENTENCE: &str = "It must begin with the / character and contain only alphanumeric characters and/or / characters.";

text_scalar! {
    /// The name of a user to be made: 1 to 64 characters of `[\w+=,.@-]`.
    UserName, [MaxLength(64), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// The name of a user who should exist. AWS takes up to 128 characters here, more than a name can have.
    ExistingUserName, [MaxLength(128), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// The name of a group: 1 to 128 characters.
    GroupName, [MaxLength(128), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// The name of a role: 1 to 64 characters.
    RoleName, [MaxLength(64), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// The name of a managed or an inline policy: 1 to 128 characters.
    PolicyName, [MaxLength(128), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// The name of a virtual MFA device. The ARN it becomes part of is limited to 256 characters, so the name is to 226.
    VirtualMfaDeviceName, [MaxLength(226), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// What somebody calls an MFA device of theirs: 1 to 64 letters, digits, spaces and `_.:/=+-@`.
    MfaDeviceName, [MaxLength(64), MinLength(1), Pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")],
    |text| !text.trim().is_empty() && text::is_tag_text(text)
}
text_scalar! {
    /// The name of a FIDO security key or passkey. The ARN it becomes part of is limited to 256 characters, and the user's
    /// name and a suffix stand there too.
    SecurityKeyName, [MaxLength(64), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// The name of a server certificate: 1 to 128 characters.
    ServerCertificateName, [MaxLength(128), MinLength(1), Sentence(NAME_SENTENCE)], text::is_name
}
text_scalar! {
    /// The path of a user, group, role or device: `/`, or printable ASCII between slashes; 1 to 512 characters.
    EntityPath, [MaxLength(512), MinLength(1), Sentence(PATH_SENTENCE)], is_entity_path
}
text_scalar! {
    /// The beginning of a path: `/` and printable ASCII. Compared as plain text.
    PathPrefix, [MaxLength(512), MinLength(1), Sentence(PREFIX_SENTENCE)],
    |text| text.starts_with('/') && text.chars().all(|c| matches!(c, '\u{21}'..='\u{7f}'))
}
text_scalar! {
    /// The path of a managed policy, also where lists ask for a prefix: `((/[A-Za-z0-9.,+@=_-]+)*)/`.
    PolicyPath, [MaxLength(512), MinLength(1), Sentence(PATH_SENTENCE)], is_policy_path
}
text_scalar! {
    /// The serial number of an MFA device: the ARN of a virtual one, the vendor's serial of another.
    SerialNumber, [MaxLength(256), MinLength(9), Pattern(r"[\w+=/:,.@-]+")],
    |text| !text.is_empty() && text.chars().all(|c| text::is_name_char(c) || matches!(c, '/' | ':'))
}
text_scalar! {
    /// The number of a policy version, such as `v2`.
    PolicyVersionId, [Pattern(r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?")], is_policy_version_id
}
text_scalar! {
    /// The alias of an account: 3 to 63 lower-case letters, digits and single hyphens.
    AccountAlias,
    [MaxLength(63), MinLength(3), Pattern("^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$")], is_account_alias
}

impl UserName {
    /// The same name where an existing user is meant.
    #[must_use]
    pub fn existing(&self) -> ExistingUserName {
        ExistingUserName(self.as_str().into())
    }
}

impl EntityPath {
    /// The path of everything that was made without one.
    #[must_use]
    pub fn root() -> Self {
        Self("/".into())
    }
}

impl PolicyPath {
    /// The path of every policy that was made without one.
    #[must_use]
    pub fn root() -> Self {
        Self("/".into())
    }
}

impl PolicyVersionId {
    /// The name of the `number`th version.
    #[must_use]
    pub fn of(number: u32) -> Self {
        Self(format!("v{number}").into())
    }

    /// The number, or `None` where the text carries a suffix or is too large to be a version of ours.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.as_str().strip_prefix('v')?.parse().ok()
    }
}

fn is_entity_path(text: &str) -> bool {
    text == "/"
        || (text.len() > 2
            && text.starts_with('/')
            && text.ends_with('/')
            && text.chars().all(|c| matches!(c, '\u{21}'..='\u{7e}')))
}

fn is_policy_path(text: &str) -> bool {
    text.starts_with('/')
        && text.ends_with('/')
        && !text.contains("//")
        && text.chars().all(|c| c == '/' || text::is_name_char(c))
}

fn is_policy_version_id(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else {
        return false;
    };
    let (number, suffix) = rest.split_once('.').map_or((rest, ""), |(n, s)| (n, s));
    !number.is_empty()
        && !number.starts_with('0')
        && number.chars().all(|c| c.is_ascii_digit())
        && suffix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_account_alias(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;

    #[test]
    fn a_user_name_keeps_to_its_alphabet_and_length() {
        assert!(UserName::parse("alice+ops=eu,1.@_-").is_ok());
        assert_eq!(
            UserName::parse("alice smith"),
            Err(vec![Sentence(NAME_SENTENCE)])
        );
        assert_eq!(UserName::parse(&"a".repeat(65)), Err(vec![MaxLength(64)]));
        assert!(UserName::parse("").is_err());
        for look_alike in ["аlice", "alice\u{200b}", "alice ", "ａlice"] {
            assert!(UserName::parse(look_alike).is_err(), "{look_alike:?}");
        }
    }

    #[test]
    fn a_path_begins_and_ends_with_a_slash_and_may_hold_two_in_a_row() {
        for good in ["/", "/a/", "/a//b/", "/division_abc/subdivision_xyz/"] {
            assert!(EntityPath::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/a", "a/", "//", "/a b/"] {
            assert!(EntityPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_policy_path_has_no_empty_part() {
        for good in ["/", "/a/", "/a/b/"] {
            assert!(PolicyPath::parse(good).is_ok(), "{good}");
        }
        for bad in ["//", "/a//b/", "/a", "a/", "/a!/"] {
            assert!(PolicyPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_version_id_counts_from_one() {
        assert_eq!(
            PolicyVersionId::parse("v12").ok().and_then(|v| v.number()),
            Some(12)
        );
        assert!(PolicyVersionId::parse("v1.a-b").is_ok());
        for bad in ["v0", "v01", "1", "v", "v1.!", "V1"] {
            assert!(PolicyVersionId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_alias_has_no_double_or_outer_hyphen() {
        for good in ["abc", "a-b-c", "123"] {
            assert!(AccountAlias::parse(good).is_ok(), "{good}");
        }
        for bad in ["ab", "-ab", "ab-", "a--b", "Abc", "a_b"] {
            assert!(AccountAlias::parse(bad).is_err(), "{bad}");
        }
    }
}
