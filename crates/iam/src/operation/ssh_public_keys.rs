//! SSH public keys of users: upload, read in either encoding, list, switch off and on, delete.

use claviger_model::name::UserName;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{Code, Secret, SshPublicKeyId, Timestamp, enum_scalar, text, text_scalar};
use claviger_pki::ssh::COMMENT_CHARACTERS;
use claviger_pki::{PublicKeyError, RsaPublicKey};
use claviger_shape::Shape;
use zeroize::Zeroize;

use super::page::{PageEnd, Paged};
use super::users::{check_on, check_on_owner};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::ssh_public_key::SshPublicKey;
use crate::entity::{Status, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<UploadSSHPublicKey>(),
    entry::<GetSSHPublicKey>(),
    entry::<ListSSHPublicKeys>(),
    entry::<UpdateSSHPublicKey>(),
    entry::<DeleteSSHPublicKey>(),
];

text_scalar! {
    in Box<str>;
    /// A public key as a request brings it: 1 to 16,384 characters of Latin-1.
    SshPublicKeyBody,
    [MaxLength(16_384), MinLength(1), Pattern(r"[\u0009\u000A\u000D\u0020-\u00FF]+")],
    text::is_latin_document
}

// SECURITY: a private key is pasted into the wrong place now and then. What may hold one is treated as one.
impl Zeroize for SshPublicKeyBody {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

enum_scalar! {
    /// How a public key is written.
    Encoding {
        /// A line that begins with `ssh-rsa`.
        Ssh = "SSH",
        /// PEM, with the algorithm of the key.
        Pem = "PEM",
    }
}

/// An SSH public key.
#[derive(Shape)]
#[shape(name = "SSHPublicKey")]
pub struct SshPublicKeyShape {
    /// The user.
    pub user_name: UserName,
    /// `APKA…`.
    #[shape(name = "SSHPublicKeyId")]
    pub ssh_public_key_id: SshPublicKeyId,
    /// The MD5 fingerprint: sixteen bytes in hexadecimal, with colons between.
    pub fingerprint: String,
    /// The key.
    #[shape(name = "SSHPublicKeyBody")]
    pub ssh_public_key_body: String,
    /// Whether it is good for use.
    pub status: Status,
    /// When it was uploaded.
    pub upload_date: Timestamp,
}

impl SshPublicKeyShape {
    fn of(user: &User, key: &SshPublicKey, encoding: Encoding) -> Result<Self, Fault> {
        let (parsed, _) = RsaPublicKey::parse(&key.openssh).map_err(Fault::service)?;
        Ok(Self {
            user_name: user.name.clone(),
            ssh_public_key_id: key.id.clone(),
            fingerprint: parsed.md5_fingerprint(),
            ssh_public_key_body: match encoding {
                Encoding::Ssh => key.line(),
                Encoding::Pem => parsed.to_pem().map_err(|error| {
                    Fault::service(format!("a stored key cannot be written: {error}"))
                })?,
            },
            status: key.status,
            upload_date: key.uploaded,
        })
    }
}

/// What is said of a text that is no public key to take.
fn refused(error: PublicKeyError) -> Fault {
    match error {
        PublicKeyError::Unrecognized => Fault::new(
            Code::UnrecognizedPublicKeyEncoding,
            "The public key encoding is not recognized. The key must be in ssh-rsa format or in PEM format.",
        ),
        PublicKeyError::Malformed => {
            Fault::new(Code::InvalidPublicKey, "The public key is malformed.")
        }
        PublicKeyError::Size(bits) => Fault::new(
            Code::InvalidPublicKey,
            format!(
                "The public key has {bits} bits. An RSA key must have at least 2048 and at most 16384."
            ),
        ),
        PublicKeyError::Comment => Fault::new(
            Code::InvalidPublicKey,
            format!("The comment of the public key has more than {COMMENT_CHARACTERS} characters."),
        ),
    }
}

/// Uploads an SSH public key for a user. It is an RSA key of 2,048 to 16,384 bits.
#[derive(Shape)]
pub struct UploadSSHPublicKey {
    /// The user.
    pub user_name: UserName,
    /// The key: a line that begins with `ssh-rsa`, or PEM with or without the algorithm of the key.
    #[shape(name = "SSHPublicKeyBody")]
    pub ssh_public_key_body: Secret<SshPublicKeyBody>,
}

/// The answer of [`UploadSSHPublicKey`].
#[derive(Shape)]
pub struct UploadSSHPublicKeyOutput {
    /// The key.
    #[shape(name = "SSHPublicKey")]
    pub ssh_public_key: SshPublicKeyShape,
}

impl Operation for UploadSSHPublicKey {
    const SPEC: Spec = Spec::iam("UploadSSHPublicKey", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::DuplicateSshPublicKey,
            Code::InvalidPublicKey,
            Code::LimitExceeded,
            Code::NoSuchEntity,
            Code::UnrecognizedPublicKeyEncoding,
        ]);
    type Output = UploadSSHPublicKeyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let (parsed, comment) =
            RsaPublicKey::parse(self.ssh_public_key_body.expose().as_str()).map_err(refused)?;
        let key = SshPublicKey {
            id: SshPublicKeyId::generate(cx.account(), cx.rng()),
            status: Status::Active,
            uploaded: cx.now(),
            openssh: parsed.to_openssh(),
            comment: comment.map(str::to_owned),
        };
        let mut ssh_public_key = SshPublicKeyShape::of(&user, &key, Encoding::Ssh)?;
        ssh_public_key.ssh_public_key_body = self.ssh_public_key_body.expose().as_str().to_owned();
        let mut user: User = User::clone(&user);
        let limit = cx.iam().settings().quotas.ssh_public_keys_per_user;
        user.ssh_public_keys.add(key, limit)?;
        cx.unit.put(user);
        Ok(UploadSSHPublicKeyOutput { ssh_public_key })
    }
}

/// Tells an SSH public key of a user, in either encoding.
#[derive(Shape)]
pub struct GetSSHPublicKey {
    /// The user.
    pub user_name: UserName,
    /// The key.
    #[shape(name = "SSHPublicKeyId")]
    pub ssh_public_key_id: SshPublicKeyId,
    /// `SSH` for a line that begins with `ssh-rsa`, `PEM` for PEM.
    pub encoding: Encoding,
}

/// The answer of [`GetSSHPublicKey`].
#[derive(Shape)]
pub struct GetSSHPublicKeyOutput {
    /// The key.
    #[shape(name = "SSHPublicKey")]
    pub ssh_public_key: SshPublicKeyShape,
}

impl Operation for GetSSHPublicKey {
    const SPEC: Spec = Spec::iam("GetSSHPublicKey", Access::Read)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity])
        .unraised(&[(
            Code::UnrecognizedPublicKeyEncoding,
            "an encoding that is neither `SSH` nor `PEM` is a `ValidationError`",
        )]);
    type Output = GetSSHPublicKeyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let key = user.ssh_public_keys.get(&self.ssh_public_key_id)?;
        Ok(GetSSHPublicKeyOutput {
            ssh_public_key: SshPublicKeyShape::of(&user, key, self.encoding)?,
        })
    }
}

/// An SSH public key without the key itself.
#[derive(Shape)]
pub struct SSHPublicKeyMetadata {
    /// The user.
    pub user_name: UserName,
    /// `APKA…`.
    #[shape(name = "SSHPublicKeyId")]
    pub ssh_public_key_id: SshPublicKeyId,
    /// Whether it is good for use.
    pub status: Status,
    /// When it was uploaded.
    pub upload_date: Timestamp,
}

/// Lists the SSH public keys of a user, or of the caller, without the keys themselves.
#[derive(Shape)]
pub struct ListSSHPublicKeys {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListSSHPublicKeys`].
#[derive(Shape)]
pub struct ListSSHPublicKeysOutput {
    /// The keys, oldest first.
    #[shape(name = "SSHPublicKeys")]
    pub ssh_public_keys: Vec<SSHPublicKeyMetadata>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListSSHPublicKeys {
    const SPEC: Spec = Spec::iam("ListSSHPublicKeys", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = ListSSHPublicKeysOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let name = self.user_name.as_ref().map(UserName::existing);
        Ok(Target::of(check_on_owner(cx, name.as_ref()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let name = self.user_name.as_ref().map(UserName::existing);
        let user = match lookup::owner(cx, name.as_ref()).await? {
            Owner::User(user) => user,
            Owner::Missing(name) => return Err(lookup::missing_user(&name)),
            // Root has no SSH keys, and no name that any could be listed under.
            Owner::Root(_) => {
                return Err(Fault::invalid(
                    "Must specify userName when calling with non-User credentials",
                ));
            }
        };
        let mut keys: Vec<SSHPublicKeyMetadata> = user
            .ssh_public_keys
            .iter()
            .map(|key| SSHPublicKeyMetadata {
                user_name: user.name.clone(),
                ssh_public_key_id: key.id.clone(),
                status: key.status,
                upload_date: key.uploaded,
            })
            .collect();
        let order = |key: &SSHPublicKeyMetadata| {
            let mut order = key.upload_date.micros().to_be_bytes().to_vec();
            order.extend_from_slice(key.ssh_public_key_id.as_str().as_bytes());
            order
        };
        keys.sort_by_key(order);
        let list = [b"ssh_public_keys/", user.id.as_str().as_bytes()].concat();
        let (ssh_public_keys, end) = self.page.of_list(cx, &list, keys, order)?;
        Ok(ListSSHPublicKeysOutput {
            ssh_public_keys,
            end,
        })
    }
}

/// Switches an SSH public key off or on.
#[derive(Shape)]
pub struct UpdateSSHPublicKey {
    /// The user.
    pub user_name: UserName,
    /// The key.
    #[shape(name = "SSHPublicKeyId")]
    pub ssh_public_key_id: SshPublicKeyId,
    /// `Active` or `Inactive`.
    pub status: Status,
}

impl Operation for UpdateSSHPublicKey {
    const SPEC: Spec = Spec::iam("UpdateSSHPublicKey", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        if self.status == Status::Expired {
            return Err(Fault::new(
                Code::InvalidInput,
                "The status of an SSH public key can be set to Active or Inactive.",
            ));
        }
        let mut user = User::clone(&**lookup::user(cx, self.user_name.as_str()).await?);
        user.ssh_public_keys
            .set_status(&self.ssh_public_key_id, self.status)?;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Deletes an SSH public key.
#[derive(Shape)]
pub struct DeleteSSHPublicKey {
    /// The user.
    pub user_name: UserName,
    /// The key.
    #[shape(name = "SSHPublicKeyId")]
    pub ssh_public_key_id: SshPublicKeyId,
}

impl Operation for DeleteSSHPublicKey {
    const SPEC: Spec = Spec::iam("DeleteSSHPublicKey", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut user = User::clone(&**lookup::user(cx, self.user_name.as_str()).await?);
        user.ssh_public_keys.remove(&self.ssh_public_key_id)?;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_key_is_told_by_the_code() {
        for (error, code) in [
            (
                PublicKeyError::Unrecognized,
                Code::UnrecognizedPublicKeyEncoding,
            ),
            (PublicKeyError::Malformed, Code::InvalidPublicKey),
            (PublicKeyError::Size(1_024), Code::InvalidPublicKey),
            (PublicKeyError::Comment, Code::InvalidPublicKey),
        ] {
            assert_eq!(refused(error).code(), code);
        }
    }
}
