//! What is known of the SSH public keys of a user besides what AWS's operations tell. An operation of this server's own.

use claviger_model::name::ExistingUserName;
use claviger_model::{Code, SshPublicKeyId, Timestamp};
use claviger_pki::RsaPublicKey;
use claviger_shape::Shape;

use super::host_logins::offered_mark;
use super::users::check_on_owner;
use super::{Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::Status;
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<ListSSHPublicKeyDetails>()];

/// An SSH public key with the last login that it was offered for.
#[derive(Shape)]
pub struct SSHPublicKeyDetails {
    /// `APKA…`.
    #[shape(name = "SSHPublicKeyId")]
    pub ssh_public_key_id: SshPublicKeyId,
    /// What `ssh-keygen -l` shows of it.
    pub fingerprint: String,
    /// Whether it is good for use.
    pub status: Status,
    /// When it was uploaded.
    pub upload_date: Timestamp,
    /// When a client last offered it for a login that was allowed; left out where none has, or the host does not tell.
    pub last_offered_date: Option<Timestamp>,
    /// The host that it was then offered to.
    pub last_offered_host: Option<String>,
}

/// Lists the SSH public keys of a user, or of the caller, with the login that each was last offered for. An operation of
/// this server's own, allowed by `iam:ListSSHPublicKeys`.
#[derive(Shape)]
pub struct ListSSHPublicKeyDetails {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`ListSSHPublicKeyDetails`].
#[derive(Shape)]
pub struct ListSSHPublicKeyDetailsOutput {
    /// The keys, in the order of upload: all of them, since a user has few.
    #[shape(name = "SSHPublicKeys")]
    pub ssh_public_keys: Vec<SSHPublicKeyDetails>,
}

impl Operation for ListSSHPublicKeyDetails {
    const SPEC: Spec = Spec::iam("ListSSHPublicKeyDetails", Access::List)
        .governed_by("ListSSHPublicKeys")
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = ListSSHPublicKeyDetailsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = match lookup::owner(cx, self.user_name.as_ref()).await? {
            Owner::User(user) => user,
            Owner::Missing(name) => return Err(lookup::missing_user(&name)),
            // Root has none.
            Owner::Root(_) => {
                return Ok(ListSSHPublicKeyDetailsOutput {
                    ssh_public_keys: Vec::new(),
                });
            }
        };
        let marks: Vec<_> = user
            .ssh_public_keys
            .iter()
            .map(|key| offered_mark(cx.scope(), &key.id))
            .collect();
        let offered = cx.iam().store().marks_of(&marks).await;
        let offered = offered.map_err(Fault::unavailable)?;
        let ssh_public_keys = user
            .ssh_public_keys
            .iter()
            .zip(offered)
            .map(|(key, offered)| {
                let (parsed, _) = RsaPublicKey::parse(&key.openssh).map_err(Fault::service)?;
                Ok(SSHPublicKeyDetails {
                    ssh_public_key_id: key.id.clone(),
                    fingerprint: parsed.sha256_fingerprint(),
                    status: key.status,
                    upload_date: key.uploaded,
                    last_offered_date: offered
                        .as_ref()
                        .map(|mark| Timestamp::from_micros(mark.value)),
                    last_offered_host: offered.map(|mark| mark.detail),
                })
            })
            .collect::<Result<_, Fault>>()?;
        Ok(ListSSHPublicKeyDetailsOutput { ssh_public_keys })
    }
}
