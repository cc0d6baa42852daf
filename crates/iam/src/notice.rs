//! Notices: whoever holds a credential is told when it was made, changed or removed (OWASP ASVS 5.0, 6.3.7).
//!
//! They are read off the records that a commit changes, so that no operation can forget one, and leave with that commit.

use claviger_model::{AccountId, Arn, EmailAddress, Scalar as _, Timestamp};
use claviger_store::{Message, Scope};

use crate::context::RequestFacts;
use crate::cx::Cx;
use crate::entity::account::Root;
use crate::entity::contact::Contacts;
use crate::entity::credential::{PasswordHash, Status};
use crate::entity::password_link::PasswordLink;
use crate::entity::recovery_codes::RecoveryCodes;
use crate::entity::signing_certificate::SigningCertificates;
use crate::entity::user::AssignedMfaDevice;
use crate::entity::{AccessKey, Account, KeyBounds, LoginProtection, User};
use crate::fault::Fault;
use crate::first_account::drawn_email;
use crate::principal::Principal;
use crate::spec::Spec;

/// The channel of the outbox that notices go to. Who delivers them finds the holder's address.
pub const CHANNEL: &str = "notice";

/// Something that proves who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The password to sign in with.
    Password,
    /// A long-term access key.
    AccessKey,
    /// An MFA device in the holder's hands.
    MfaDevice,
    /// An SSH public key.
    SshPublicKey,
    /// A signing certificate.
    SigningCertificate,
    /// A credential for a service that cannot verify signatures.
    ServiceSpecificCredential,
    /// The codes that stand in for a device that was lost. One that is used is a change.
    RecoveryCodes,
    /// An e-mail address at which the holder is reached.
    EmailAddress,
    /// A mobile number at which the holder is reached.
    MobileNumber,
    /// What a sign-in asks for besides the password.
    LoginProtection,
    /// A link that was sent to set a password by. One that is used or withdrawn is removed.
    PasswordLink,
    /// A session of the console, in a browser that nobody has signed in with before.
    ConsoleSignIn,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Made,
    /// Its status, its secret or its bounds are others.
    Changed,
    /// It is gone.
    Removed,
}

/// Whom a notice is for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// A user, by the unique id and by the name of the moment.
    User {
        /// `AIDA…`.
        id: String,
        /// The name.
        name: String,
    },
    /// The owner of the account.
    Root,
}

/// What the holder of a credential is told. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Notice {
    /// Whom it is for.
    pub holder: Holder,
    /// The account.
    pub account: AccountId,
    /// The address that it goes to, as it was when this happened; absent where the holder has none. Whoever takes an
    /// address away from a holder does so under its eyes: the old one is told too.
    #[serde(default)]
    pub to: Option<EmailAddress>,
    /// What kind of credential.
    pub credential: Credential,
    /// What the credential is called; a password has no name.
    pub id: Option<String>,
    /// What became of it.
    pub change: Change,
    /// The operation that did it.
    pub operation: String,
    /// The resource name of who did it.
    pub by: String,
    /// From where.
    pub source_ip: String,
    /// When.
    pub at: Timestamp,
}

/// A credential as far as a change of it is told.
#[derive(PartialEq)]
struct Held<'h> {
    credential: Credential,
    id: Option<&'h str>,
    status: Option<Status>,
    secret: Option<&'h PasswordHash>,
    bounds: Option<&'h KeyBounds>,
    /// Whether it must be replaced at the next sign-in.
    reset: bool,
    codes: Option<&'h RecoveryCodes>,
    protection: Option<&'h LoginProtection>,
    link: Option<&'h PasswordLink>,
}

impl<'h> Held<'h> {
    fn named(credential: Credential, id: &'h str, status: Option<Status>) -> Self {
        Self {
            credential,
            id: Some(id),
            status,
            secret: None,
            bounds: None,
            reset: false,
            codes: None,
            protection: None,
            link: None,
        }
    }

    fn access_key(key: &'h AccessKey) -> Self {
        Self {
            bounds: key.bounds.as_deref(),
            ..Self::named(Credential::AccessKey, key.id.as_str(), Some(key.status))
        }
    }

    fn password(secret: &'h PasswordHash, reset: bool) -> Self {
        Self {
            credential: Credential::Password,
            id: None,
            status: None,
            secret: Some(secret),
            bounds: None,
            reset,
            codes: None,
            protection: None,
            link: None,
        }
    }

    fn recovery(codes: &'h RecoveryCodes) -> Self {
        Self {
            credential: Credential::RecoveryCodes,
            id: None,
            status: None,
            secret: None,
            bounds: None,
            reset: false,
            codes: Some(codes),
            protection: None,
            link: None,
        }
    }

    fn protection(protection: &'h LoginProtection) -> Self {
        Self {
            credential: Credential::LoginProtection,
            id: None,
            status: None,
            secret: None,
            bounds: None,
            reset: false,
            codes: None,
            protection: Some(protection),
            link: None,
        }
    }

    fn link(link: &'h PasswordLink) -> Self {
        Self {
            credential: Credential::PasswordLink,
            id: None,
            status: None,
            secret: None,
            bounds: None,
            reset: false,
            codes: None,
            protection: None,
            link: Some(link),
        }
    }

    fn is(&self, other: &Self) -> bool {
        (self.credential, self.id) == (other.credential, other.id)
    }
}

fn of_certificates(certificates: &SigningCertificates) -> impl Iterator<Item = Held<'_>> {
    certificates.iter().map(|certificate| {
        Held::named(
            Credential::SigningCertificate,
            certificate.id.as_str(),
            Some(certificate.status),
        )
    })
}

fn of_contacts(contacts: &Contacts) -> impl Iterator<Item = Held<'_>> {
    let email = contacts
        .email
        .as_ref()
        .map(|email| Held::named(Credential::EmailAddress, email.address.as_str(), None));
    let mobile = contacts
        .mobile
        .as_ref()
        .map(|mobile| Held::named(Credential::MobileNumber, mobile.address.as_str(), None));
    email.into_iter().chain(mobile)
}

fn of_devices(devices: &[AssignedMfaDevice]) -> impl Iterator<Item = Held<'_>> {
    devices
        .iter()
        .map(|device| Held::named(Credential::MfaDevice, device.serial.as_str(), None))
}

fn of_user(user: &User) -> Vec<Held<'_>> {
    let password = user
        .login_profile
        .as_ref()
        .map(|profile| Held::password(&profile.password, profile.reset_required));
    let keys = user.access_keys.iter().map(Held::access_key);
    let ssh = user
        .ssh_public_keys
        .iter()
        .map(|key| Held::named(Credential::SshPublicKey, key.id.as_str(), Some(key.status)));
    let of_services = user.service_credentials.iter().map(|credential| Held {
        secret: Some(&credential.secret),
        ..Held::named(
            Credential::ServiceSpecificCredential,
            credential.id.as_str(),
            Some(credential.status),
        )
    });
    password
        .into_iter()
        .chain(keys)
        .chain(ssh)
        .chain(of_services)
        .chain(of_certificates(&user.signing_certificates))
        .chain(of_devices(&user.mfa_devices))
        .chain(user.recovery_codes.as_ref().map(Held::recovery))
        .chain(of_contacts(&user.contacts))
        .chain(user.login_protection.as_ref().map(Held::protection))
        .chain(user.password_link.as_ref().map(Held::link))
        .collect()
}

fn of_root(root: &Root) -> Vec<Held<'_>> {
    let password = root
        .password
        .as_ref()
        .map(|password| Held::password(password, false));
    let keys = root.access_keys.iter().map(Held::access_key);
    password
        .into_iter()
        .chain(keys)
        .chain(of_certificates(&root.signing_certificates))
        .chain(of_devices(&root.mfa_devices))
        .chain(root.recovery_codes.as_ref().map(Held::recovery))
        .chain(of_contacts(&root.contacts))
        .collect()
}

/// What became of each credential that is not as it was.
fn changes(before: &[Held<'_>], after: &[Held<'_>]) -> Vec<(Credential, Option<String>, Change)> {
    let told = |held: &Held<'_>, change| (held.credential, held.id.map(str::to_owned), change);
    let removed = before
        .iter()
        .filter(|old| !after.iter().any(|new| new.is(old)))
        .map(|old| told(old, Change::Removed));
    let made_or_changed =
        after
            .iter()
            .filter_map(|new| match before.iter().find(|old| old.is(new)) {
                None => Some(told(new, Change::Made)),
                Some(old) if old != new => Some(told(new, Change::Changed)),
                Some(_) => None,
            });
    removed.chain(made_or_changed).collect()
}

/// Where a notice goes: to each address that the holder had before and has after.
#[derive(Clone, Default)]
struct Addresses(Vec<EmailAddress>);

impl Addresses {
    fn and(mut self, address: Option<EmailAddress>) -> Self {
        let new = address.filter(|new| self.0.iter().all(|old| old.key() != new.key()));
        self.0.extend(new);
        self
    }

    fn or_none(self) -> Vec<Option<EmailAddress>> {
        if self.0.is_empty() {
            vec![None]
        } else {
            self.0.into_iter().map(Some).collect()
        }
    }
}

fn user_address(user: &User) -> Option<EmailAddress> {
    let email = user.contacts.email.as_ref()?;
    Some(email.address.clone())
}

/// Root's, unless it was made up and nobody reads what is sent there.
fn root_address(account: &Account) -> Option<EmailAddress> {
    let email = &account.root.email;
    let is_read = *email != drawn_email(account.id);
    is_read.then(|| EmailAddress::parse(email).ok()).flatten()
}

/// What the holder is told of a sign-in with a browser that is new; nothing where nobody could be told.
///
/// # Errors
/// It cannot be written.
pub(crate) fn of_sign_in(
    id: String,
    account: &Account,
    user: Option<&User>,
    request: &RequestFacts,
) -> Result<Option<Message>, Fault> {
    let (holder, to, by) = match user {
        Some(user) => {
            let holder = Holder::User {
                id: user.id.as_str().to_owned(),
                name: user.name.as_str().to_owned(),
            };
            (holder, user_address(user), user.arn())
        }
        None => (Holder::Root, root_address(account), Arn::root(account.id)),
    };
    if to.is_none() {
        return Ok(None);
    }
    let notice = Notice {
        holder,
        account: account.id,
        to,
        credential: Credential::ConsoleSignIn,
        id: request.bounded_user_agent(),
        change: Change::Made,
        operation: String::from("ConsoleLogin"),
        by: by.as_str().to_owned(),
        source_ip: request.source_ip.to_string(),
        at: request.now,
    };
    Ok(Some(Message {
        id,
        scope: Scope::Account(account.id),
        channel: CHANNEL.to_owned(),
        body: serde_json::to_value(notice).map_err(Fault::service)?,
    }))
}

/// Sends a notice, with the commit, of every credential that the operation makes, changes or removes.
pub(crate) fn send(cx: &mut Cx<'_>, spec: &Spec, principal: &Principal) -> Result<(), Fault> {
    let mut found: Vec<(Holder, Addresses, _)> = Vec::new();
    for user in cx.unit.written::<User>().map_err(Fault::unavailable)? {
        let Some(who) = user.after.as_ref().or(user.before.as_ref()) else {
            continue;
        };
        let holder = Holder::User {
            id: who.id.as_str().to_owned(),
            name: who.name.as_str().to_owned(),
        };
        let addresses = Addresses::default()
            .and(user.before.as_ref().and_then(|user| user_address(user)))
            .and(user.after.as_ref().and_then(|user| user_address(user)));
        let before = user.before.as_deref().map(|user| of_user(user));
        let after = user.after.as_deref().map(|user| of_user(user));
        let changes = changes(&before.unwrap_or_default(), &after.unwrap_or_default());
        found.extend(
            changes
                .into_iter()
                .map(|change| (holder.clone(), addresses.clone(), change)),
        );
    }
    for account in cx.unit.written::<Account>().map_err(Fault::unavailable)? {
        let addresses = Addresses::default()
            .and(
                account
                    .before
                    .as_ref()
                    .and_then(|account| root_address(account)),
            )
            .and(
                account
                    .after
                    .as_ref()
                    .and_then(|account| root_address(account)),
            );
        let before = account
            .before
            .as_deref()
            .map(|account| of_root(&account.root));
        let after = account
            .after
            .as_deref()
            .map(|account| of_root(&account.root));
        let changes = changes(&before.unwrap_or_default(), &after.unwrap_or_default());
        found.extend(
            changes
                .into_iter()
                .map(|change| (Holder::Root, addresses.clone(), change)),
        );
    }
    for (holder, addresses, (credential, id, change)) in found {
        for to in addresses.or_none() {
            let notice = Notice {
                holder: holder.clone(),
                account: cx.account(),
                to,
                credential,
                id: id.clone(),
                change,
                operation: spec.name.to_owned(),
                by: principal.arn.as_str().to_owned(),
                source_ip: cx.request.source_ip.to_string(),
                at: cx.now(),
            };
            let message = Message {
                id: cx.rng().uuid(),
                scope: cx.scope(),
                channel: CHANNEL.to_owned(),
                body: serde_json::to_value(notice).map_err(Fault::service)?,
            };
            cx.message(message);
        }
    }
    Ok(())
}
