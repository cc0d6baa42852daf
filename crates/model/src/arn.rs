//! Amazon resource names of IAM and STS (IAM user guide, "IAM identifiers", "IAM ARNs").

use crate::account_id::AccountId;
use crate::scalar::Constraint::{MaxLength, MinLength};
use crate::text_scalar;

text_scalar! {
    /// A resource name: 20 to 2048 characters. What it names is not checked here; see [`Arn::parts`].
    Arn, [MaxLength(2048), MinLength(20)], |_| true
}

/// The six parts of a resource name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// `iam`, `s3`, …
    pub service: &'a str,
    /// Empty for IAM.
    pub region: &'a str,
    /// Twelve digits, `aws` for AWS-managed policies, or empty.
    pub account: &'a str,
    /// All the rest, colons included.
    pub resource: &'a str,
}

/// Splits a text into the parts of a resource name, or `None` where it has fewer than six or does not begin `arn:`.
#[must_use]
pub fn split(text: &str) -> Option<Parts<'_>> {
    let mut parts = text.splitn(6, ':');
    if parts.next() != Some("arn") {
        return None;
    }
    Some(Parts {
        partition: parts.next()?,
        service: parts.next()?,
        region: parts.next()?,
        account: parts.next()?,
        resource: parts.next()?,
    })
}

impl Arn {
    /// The six parts, or `None` where the text is no resource name at all.
    #[must_use]
    pub fn parts(&self) -> Option<Parts<'_>> {
        split(self.as_str())
    }

    fn iam(account: AccountId, kind: &str, path: &str, name: &str) -> Self {
        let account = account.text();
        let parts = ["arn:aws:iam::", account.as_str(), ":", kind, path, name];
        Self(parts.concat().into())
    }

    /// The account's root user.
    #[must_use]
    pub fn root(account: AccountId) -> Self {
        Self::iam(account, "root", "", "")
    }

    /// A user. `path` begins and ends with a slash.
    #[must_use]
    pub fn user(account: AccountId, path: &str, name: &str) -> Self {
        Self::iam(account, "user", path, name)
    }

    /// A group.
    #[must_use]
    pub fn group(account: AccountId, path: &str, name: &str) -> Self {
        Self::iam(account, "group", path, name)
    }

    /// A role.
    #[must_use]
    pub fn role(account: AccountId, path: &str, name: &str) -> Self {
        Self::iam(account, "role", path, name)
    }

    /// A customer-managed policy.
    #[must_use]
    pub fn policy(account: AccountId, path: &str, name: &str) -> Self {
        Self::iam(account, "policy", path, name)
    }

    /// An AWS-managed policy: the account part is the word `aws`.
    #[must_use]
    pub fn aws_managed_policy(path: &str, name: &str) -> Self {
        Self(format!("arn:aws:iam::aws:policy{path}{name}").into())
    }

    /// A virtual MFA device, whose serial number it is too.
    #[must_use]
    pub fn mfa(account: AccountId, path: &str, name: &str) -> Self {
        Self::iam(account, "mfa", path, name)
    }

    /// A FIDO security key or passkey, whose serial number it is too. `user` is its holder's name when it was registered,
    /// `None` for root; `name` is the device's name with the suffix that makes it unique.
    #[must_use]
    pub fn security_key(account: AccountId, user: Option<&str>, name: &str) -> Self {
        match user {
            Some(user) => Self::iam(account, "u2f/user/", user, &format!("/{name}")),
            None => Self::iam(account, "u2f/root-account/", "", name),
        }
    }

    /// A server certificate.
    #[must_use]
    pub fn server_certificate(account: AccountId, path: &str, name: &str) -> Self {
        Self::iam(account, "server-certificate", path, name)
    }

    /// A host whose logins are decided here. `name` is in lower case.
    #[must_use]
    pub fn ssh_host(account: AccountId, name: &str) -> Self {
        Self(format!("arn:aws:ssh::{account}:host/{name}").into())
    }

    /// Whoever works on the server's own host, by the number of that user of the operating system.
    #[must_use]
    pub fn host_operator(account: AccountId, uid: u32) -> Self {
        Self::iam(account, "host-operator/", "", &uid.to_string())
    }

    /// The session of a role. The role's path does not appear in it.
    #[must_use]
    pub fn assumed_role(account: AccountId, role: &str, session: &str) -> Self {
        Self(format!("arn:aws:sts::{account}:assumed-role/{role}/{session}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_part_keeps_its_colons() {
        let parts = split("arn:aws:s3:::bucket/a:b").expect("six parts");
        assert_eq!(parts.resource, "bucket/a:b");
        assert_eq!(parts.account, "");
        for bad in ["", "arn", "arn:aws:iam::123456789012", "urn:aws:iam::1:x"] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_path_stands_between_type_and_name() {
        let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
        assert_eq!(
            Arn::user(account, "/a/b/", "x").as_str(),
            "arn:aws:iam::123456789012:user/a/b/x"
        );
        assert_eq!(
            Arn::assumed_role(account, "R", "s").as_str(),
            "arn:aws:sts::123456789012:assumed-role/R/s"
        );
    }
}
