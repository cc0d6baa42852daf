//! Every index of the domain: what can be found without knowing its id.
//!
//! Keys are bytes and are ordered as bytes. Entries point at unique ids, so that a rename touches only the record that is
//! renamed.

use claviger_store::Index;

/// Account number → account. One for all accounts.
pub static ACCOUNTS: Index = Index::unique("accounts").global();
/// The one key [`FIRST`] → the account that was made when the store was empty.
pub static FIRST_ACCOUNT: Index = Index::unique("first_account").global();
/// Access key id → the user or account that owns it. One for all accounts.
pub static ACCESS_KEYS: Index = Index::unique("access_keys").global();
/// Account alias → account. One for all accounts.
pub static ALIASES: Index = Index::unique("aliases").global();
/// E-mail address of a root user → account. One for all accounts.
pub static ROOT_EMAILS: Index = Index::unique("root_emails").global();
/// E-mail address → the user or account that has it. One for all accounts.
pub static EMAILS: Index = Index::unique("emails").global();
/// Mobile number → the user or account that has it. One for all accounts.
pub static MOBILES: Index = Index::unique("mobiles").global();

/// Digest of what stands in a link that sets a password → the user whom it was sent to. One for all accounts: the link names none.
pub static PASSWORD_LINKS: Index = Index::unique("password_links").global();

/// Folded user name → user, in the order in which lists are given.
pub static USERS_BY_NAME: Index = Index::unique("users_by_name");
/// Folded group name → group.
pub static GROUPS_BY_NAME: Index = Index::unique("groups_by_name");
/// Folded role name → role.
pub static ROLES_BY_NAME: Index = Index::unique("roles_by_name");
/// Folded name of a customer-managed policy → policy.
pub static POLICIES_BY_NAME: Index = Index::unique("policies_by_name");
/// One entry for every version of every customer-managed policy: its span is the count that the quota speaks of.
pub static POLICY_VERSIONS: Index = Index::ordered("policy_versions");
/// Folded name of each user whose login protection was ever set → user.
pub static LOGIN_PROTECTIONS: Index = Index::ordered("login_protections");
/// Group id → folded user name → the users in it.
pub static GROUP_MEMBERS: Index = Index::ordered("group_members");
/// Policy id → kind and name of the users, groups and roles it is attached to.
pub static ATTACHMENTS: Index = Index::ordered("attachments");
/// Policy id → kind and name of the users and roles whose permissions boundary it is.
pub static BOUNDARIES: Index = Index::ordered("boundaries");
/// Folded name of a server certificate → server certificate.
pub static SERVER_CERTIFICATES_BY_NAME: Index = Index::unique("server_certificates_by_name");
/// SHA-256 digest of a signing certificate → the user or account that has it.
pub static SIGNING_CERTIFICATES: Index = Index::unique("signing_certificates");
/// Service, zero byte, folded service user name → the user whose service-specific credential is known so.
pub static SERVICE_USERS: Index = Index::unique("service_users");
/// Service → folded user name, zero byte, id of a service-specific credential → its user.
pub static SERVICE_CREDENTIALS: Index = Index::ordered("service_credentials");
/// Folded serial number → virtual MFA device.
pub static MFA_BY_SERIAL: Index = Index::unique("mfa_by_serial");
/// Folded serial number → hardware MFA device.
pub static HARDWARE_MFA_BY_SERIAL: Index = Index::unique("hardware_mfa_by_serial");
/// Digest of a token → the console session that it opens. One for all accounts: the cookie names none.
pub static CONSOLE_SESSIONS: Index = Index::unique("console_sessions").global();
/// User → the console sessions of the user, the oldest first.
pub static CONSOLE_SESSIONS_OF: Index = Index::ordered("console_sessions_of");
/// Console sessions by when they end at the latest, the earliest first.
pub static CONSOLE_SESSIONS_BY_END: Index = Index::ordered("console_sessions_by_end");
/// SHA-256 digest of a credential id → the FIDO device that has it. One for all accounts: the relying party is the server.
pub static FIDO_CREDENTIALS: Index = Index::unique("fido_credentials").global();
/// Folded serial number → FIDO device.
pub static FIDO_BY_SERIAL: Index = Index::unique("fido_by_serial");
/// `assigned`, `unassigned` or `hardware_assigned` → serial number → MFA device.
pub static MFA_BY_STATUS: Index = Index::ordered("mfa_by_status");

/// The one key of [`FIRST_ACCOUNT`]: two nodes that start on one empty store make one account.
pub const FIRST: &[u8] = b"first";

/// The group of an ordered index that has only one.
pub const WHOLE: &[u8] = b"";

/// The kind of entity that a policy hangs on: the first byte of a key in [`ATTACHMENTS`] and [`BOUNDARIES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderKind {
    /// A group.
    Group,
    /// A role.
    Role,
    /// A user.
    User,
}

impl HolderKind {
    /// The byte that keys of this kind begin with.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Group => b'g',
            Self::Role => b'r',
            Self::User => b'u',
        }
    }

    /// The kind that a key names.
    #[must_use]
    pub fn of(key: &[u8]) -> Option<Self> {
        match key.first()? {
            b'g' => Some(Self::Group),
            b'r' => Some(Self::Role),
            b'u' => Some(Self::User),
            _ => None,
        }
    }

    /// The key of a holder: kind and folded name.
    #[must_use]
    pub fn key(self, name: &str) -> Vec<u8> {
        let mut key = vec![self.byte()];
        key.extend_from_slice(claviger_model::text::fold(name).as_bytes());
        key
    }
}
