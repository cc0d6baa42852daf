//! Logins to hosts by SSH: whose keys a host may take for a login. An operation of this server's own.
//!
//! Two permissions meet here. The caller, which is the host, may ask for keys (`iam:ListHostSSHPublicKeys`); the user whose
//! keys they are may log in (`ssh:Login`), on the host as the resource. The second is decided for the user by the same
//! evaluator that decides everything: an explicit deny wins, and the permissions boundary counts. What the user would
//! bring to a request of its own (address, second factor, encryption) is not known here and so is absent.

use std::sync::Arc;

use claviger_model::name::UserName;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{Arn, Code, SshPublicKeyId, text_scalar};
use claviger_pki::RsaPublicKey;
use claviger_policy::{Action, Decision, Layer, Request, Resource, ResourceRule, Silent, decide};
use claviger_shape::Shape;
use claviger_store::{MarkKey, Scope, Stored};

use super::{Entry, Operation, entry};
use crate::authorize::{Bearing, Check, Target};
use crate::context::{Fact, facts_of_user};
use crate::cx::Cx;
use crate::entity::ssh_public_key::SshPublicKey;
use crate::entity::{Status, User};
use crate::fault::Fault;
use crate::spec::{Access, ResourceType, Spec};
use crate::{lookup, principal};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<ListHostSSHPublicKeys>()];

/// The action that a user's policies must allow.
pub const LOGIN: &str = "ssh:Login";
/// The condition key that holds the login name.
pub const LOGIN_NAME: &str = "ssh:LoginName";

text_scalar! {
    /// The name of a host: 1 to 253 letters, digits, dots, hyphens and underscores (RFC 1123, with the underscores that
    /// are met in practice). Case does not count.
    HostName, [MaxLength(253), MinLength(1), Pattern("[A-Za-z0-9._-]+")],
    |text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The kind of the marks that tell when an SSH public key was last offered for a login, and to which host. The id is the
/// key's.
const SSH_KEY_OFFERED: &str = "ssh_key_offered";

/// The mark of this key.
pub(super) fn offered_mark(scope: Scope, key: &SshPublicKeyId) -> MarkKey {
    MarkKey::new(scope, SSH_KEY_OFFERED, key.as_str())
}

text_scalar! {
    /// The fingerprint of a key as `ssh-keygen -l` shows it: `SHA256:` and 43 characters of base64.
    Fingerprint, [MaxLength(50), MinLength(50), Pattern("SHA256:[A-Za-z0-9+/]{43}")],
    |text| text.strip_prefix("SHA256:").is_some_and(|digest| {
        digest.len() == 43
            && digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
    })
}

text_scalar! {
    /// The name of a user of a host: 1 to 64 visible characters of ASCII.
    LoginName, [MaxLength(64), MinLength(1), Pattern(r"[\u0021-\u007E]+")],
    |text| text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An SSH public key by which a user may log in to a host.
#[derive(Shape)]
pub struct HostSSHPublicKey {
    /// `APKA…`.
    #[shape(name = "SSHPublicKeyId")]
    pub ssh_public_key_id: SshPublicKeyId,
    /// The key: `ssh-rsa` and its base64, without a comment.
    #[shape(name = "SSHPublicKeyBody")]
    pub ssh_public_key_body: String,
}

/// Tells a host the active SSH public keys of a user who may log in to it. The user's policies must allow `ssh:Login` on
/// the host, whose resource name is `arn:aws:ssh::<account>:host/<name>`; the condition key `ssh:LoginName` holds the name
/// that the user logs in under. An operation of this server's own.
#[derive(Shape)]
pub struct ListHostSSHPublicKeys {
    /// The host. Its name is taken in lower case.
    pub host_name: HostName,
    /// The user. The case of the name counts.
    pub user_name: UserName,
    /// The name that the user logs in under; the user's own when left out.
    pub login_name: Option<LoginName>,
    /// The key that the client offers: no other is told, and this one is marked as offered. All are told when it is left out.
    #[shape(name = "SSHPublicKeyFingerprint")]
    pub ssh_public_key_fingerprint: Option<Fingerprint>,
}

/// The answer of [`ListHostSSHPublicKeys`].
#[derive(Shape)]
pub struct ListHostSSHPublicKeysOutput {
    /// The keys, oldest first.
    #[shape(name = "SSHPublicKeys")]
    pub ssh_public_keys: Vec<HostSSHPublicKey>,
}

impl ListHostSSHPublicKeys {
    fn host(&self, cx: &Cx<'_>) -> Arn {
        Arn::ssh_host(cx.account(), &self.host_name.as_str().to_ascii_lowercase())
    }

    fn login_name(&self) -> &str {
        self.login_name
            .as_ref()
            .map_or(self.user_name.as_str(), LoginName::as_str)
    }

    /// Whether the key is the one that the client offers, as far as the host says which that is.
    fn asks_for(&self, key: &SshPublicKey) -> Result<bool, Fault> {
        let Some(offered) = &self.ssh_public_key_fingerprint else {
            return Ok(true);
        };
        let (parsed, _) = RsaPublicKey::parse(&key.openssh).map_err(Fault::service)?;
        Ok(parsed.sha256_fingerprint() == offered.as_str())
    }

    /// Whether the user's policies allow the login.
    async fn decide(&self, cx: &mut Cx<'_>, user: &Arc<Stored<User>>) -> Result<Decision, Fault> {
        let scope = cx.scope();
        let identity = principal::of_user(&mut cx.unit, user).await?;
        let boundary = principal::boundary(&mut cx.unit, scope, user.boundary.as_ref()).await?;
        let bearing = Bearing::new(&identity, boundary.as_ref(), None);
        let account = user.account.text();
        let mut facts = facts_of_user(user);
        facts.insert(LOGIN_NAME, self.login_name());
        facts.insert("aws:CurrentTime", cx.now());
        facts.insert("aws:EpochTime", cx.now().seconds());
        facts.insert("aws:ResourceAccount", account.as_str());
        let action = Action::new(LOGIN).ok_or_else(|| Fault::service("the login is no action"))?;
        let host = self.host(cx);
        Ok(decide(
            &Request {
                principal: claviger_policy::Principal {
                    kind: claviger_policy::PrincipalKind::User,
                    arn: user.arn().as_str(),
                    account: Some(account.as_str()),
                    unique_id: Some(user.id.as_str()),
                    issuer: None,
                },
                action,
                resource: Resource {
                    arn: host.as_str(),
                    account: Some(account.as_str()),
                },
                facts: &facts,
            },
            &bearing.layers(None, ResourceRule::Ordinary, None),
            &mut Silent,
        ))
    }
}

/// What is said of a user who may not log in.
fn refused(user: &User, host: &Arn, decision: Decision) -> Fault {
    let policy = match decision.layer() {
        Some(Layer::Boundary) => "permissions boundary",
        _ => "identity-based policy",
    };
    let reason = if decision.is_explicit_deny() {
        format!("with an explicit deny in the user's {policy}")
    } else {
        format!("because no {policy} of the user allows the {LOGIN} action")
    };
    Fault::denied(format!(
        "User: {} is not authorized to perform: {LOGIN} on resource: {host} {reason}",
        user.arn()
    ))
}

/// What is said of a user to whom every way in is closed but the console, or that one too.
fn shut_out(user: &User, host: &Arn) -> Fault {
    Fault::denied(format!(
        "User: {} is not authorized to perform: {LOGIN} on resource: {host} because the user is disabled or may only use \
         the console",
        user.arn()
    ))
}

impl Operation for ListHostSSHPublicKeys {
    const SPEC: Spec = Spec::iam("ListHostSSHPublicKeys", Access::List)
        .on(&[ResourceType::Host])
        .keys(&[LOGIN_NAME])
        .faults(&[Code::NoSuchEntity])
        .also_on_host()
        .by_strangers();
    type Output = ListHostSSHPublicKeysOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on(cx.account(), &self.host(cx)))
            .with("ssh:loginname", Fact::text(self.login_name())))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let name = self.user_name.as_str();
        let user = lookup::user(cx, name).await?;
        // SECURITY: a host tells login names apart by case, and who is asked for must be who logs in.
        if user.name.as_str() != name {
            return Err(lookup::missing_user(name));
        }
        if user.access.shut_to_requests().is_some() {
            return Err(shut_out(&user, &self.host(cx)));
        }
        let decision = self.decide(cx, &user).await?;
        if !decision.is_allow() {
            return Err(refused(&user, &self.host(cx), decision));
        }
        let active = user
            .ssh_public_keys
            .iter()
            .filter(|key| key.status == Status::Active);
        let mut ssh_public_keys = Vec::new();
        for key in active {
            if !self.asks_for(key)? {
                continue;
            }
            if self.ssh_public_key_fingerprint.is_some() {
                let mark = offered_mark(cx.scope(), &key.id);
                let host = self.host_name.as_str().to_ascii_lowercase();
                cx.iam().store().touch(mark, cx.now().micros(), &host);
            }
            ssh_public_keys.push(HostSSHPublicKey {
                ssh_public_key_id: key.id.clone(),
                ssh_public_key_body: key.openssh.clone(),
            });
        }
        Ok(ListHostSSHPublicKeysOutput { ssh_public_keys })
    }
}
