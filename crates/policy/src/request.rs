//! The request to be decided: who, what, on what, under which facts.

use std::fmt;

use crate::facts::Facts;

/// The longest action name that a request may carry, in bytes. The API reference allows 128.
pub const MAX_ACTION_BYTES: usize = 128;

/// An action as a request names it, such as `s3:GetObject`: one service, one colon, one name, no wildcard.
#[derive(Clone, Copy)]
pub struct Action<'a> {
    text: &'a str,
    folded: [u8; MAX_ACTION_BYTES],
}

impl<'a> Action<'a> {
    /// Reads an action, or answers `None` where the text is none: anything but ASCII letters, digits and `-._` on
    /// either side of one colon, or longer than [`MAX_ACTION_BYTES`].
    #[must_use]
    pub fn new(text: &'a str) -> Option<Self> {
        let (service, name) = text.split_once(':')?;
        let well_formed = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        };
        if !well_formed(service) || !well_formed(name) {
            return None;
        }
        let mut folded = [0; MAX_ACTION_BYTES];
        folded
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        folded.make_ascii_lowercase();
        Some(Self { text, folded })
    }

    /// The action as the request wrote it.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// In lower case: actions ignore case.
    pub(crate) fn folded(&self) -> &str {
        self.folded
            .get(..self.text.len())
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl fmt::Debug for Action<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// What a request acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The resource name, or `*` for an action without resource-level permissions.
    pub arn: &'a str,
    /// The account that owns the resource; `None` = the caller's own (as with `*`).
    pub account: Option<&'a str>,
}

/// The kinds of callers (IAM user guide, "AWS JSON policy elements: Principal").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// The root user of an account: allowed what nothing denies.
    Account,
    /// An IAM user, with its keys, its password or a session of `GetSessionToken`.
    User,
    /// A role itself, where no session is known.
    Role,
    /// A session of a role.
    AssumedRole,
    /// A session of `GetFederationToken`.
    FederatedUser,
    /// A service; its name stands in [`Principal::arn`].
    Service,
    /// Somebody vouched for by an identity provider, whose ARN or host name stands in [`Principal::arn`].
    Federated,
    /// Nobody in particular.
    Anonymous,
}

/// The caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal<'a> {
    /// What the caller is.
    pub kind: PrincipalKind,
    /// The caller's ARN: user, role, session (`arn:aws:sts::…:assumed-role/ROLE/SESSION`), federated session, or
    /// `…:root`; the name of a service or identity provider; empty for an anonymous caller.
    pub arn: &'a str,
    /// Twelve digits, or `None` for services, federated and anonymous callers.
    pub account: Option<&'a str>,
    /// The unique id of the user or the role (`AIDA…`, `AROA…`), where it is known: a policy that was saved with an
    /// id in place of a deleted principal's ARN is matched by it alone.
    pub unique_id: Option<&'a str>,
    /// The ARN behind a session: the role of an assumed-role session (with its path), the user that called
    /// `GetFederationToken`. A session matches its role without this too, by account and role name.
    pub issuer: Option<&'a str>,
}

impl<'a> Principal<'a> {
    /// An anonymous caller.
    pub const ANONYMOUS: Self = Self {
        kind: PrincipalKind::Anonymous,
        arn: "",
        account: None,
        unique_id: None,
        issuer: None,
    };

    /// A caller of this kind, ARN and account.
    #[must_use]
    pub const fn new(kind: PrincipalKind, arn: &'a str, account: Option<&'a str>) -> Self {
        Self {
            kind,
            arn,
            account,
            unique_id: None,
            issuer: None,
        }
    }
}

/// One question: may `principal` do `action` on `resource`, given `facts`?
pub struct Request<'a, F: Facts + ?Sized> {
    /// The caller.
    pub principal: Principal<'a>,
    /// The action.
    pub action: Action<'a>,
    /// The resource.
    pub resource: Resource<'a>,
    /// The request context.
    pub facts: &'a F,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_one_service_and_one_name() {
        let action = Action::new("S3:GetObject").expect("an action");
        assert_eq!(action.as_str(), "S3:GetObject");
        assert_eq!(action.folded(), "s3:getobject");
        for bad in [
            "",
            "*",
            "s3",
            "s3:",
            ":Get",
            "s3:*",
            "s3:Get?",
            "s3:a:b",
            "s3:Get Object",
            "s3:GetO\u{212a}",
        ] {
            assert!(Action::new(bad).is_none(), "{bad}");
        }
        assert!(Action::new(&format!("s3:{}", "a".repeat(200))).is_none());
    }
}
