//! Signing certificates of users and of root: upload, list, switch off and on, delete; and by an operation of this server's
//! own, create.

use claviger_model::name::ExistingUserName;
use claviger_model::{CertificateId, Code, Secret, Timestamp};
use claviger_pki::{Certificate, KeyKind};
use claviger_shape::{HIDDEN, Shape};
use claviger_store::Record;

use super::page::{PageEnd, Paged};
use super::shapes::CertificateBody;
use super::users::check_on_owner;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::index::SIGNING_CERTIFICATES;
use crate::entity::signing_certificate::{SigningCertificate, SigningCertificates};
use crate::entity::{Account, Status, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::unraised::NO_QUOTA;
use crate::spec::{Access, ResourceType, Spec};

mod creation;

pub use creation::{CreateSigningCertificate, CreateSigningCertificateOutput};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateSigningCertificate>(),
    entry::<UploadSigningCertificate>(),
    entry::<ListSigningCertificates>(),
    entry::<UpdateSigningCertificate>(),
    entry::<DeleteSigningCertificate>(),
];

/// The owner, who must be there, with the certificates to read or to change.
async fn found(
    cx: &mut Cx<'_>,
    name: Option<&ExistingUserName>,
) -> Result<(Owner, SigningCertificates), Fault> {
    let owner = lookup::owner(cx, name).await?;
    let certificates = match &owner {
        Owner::User(user) => user.signing_certificates.clone(),
        Owner::Root(account) => account.root.signing_certificates.clone(),
        Owner::Missing(name) => return Err(lookup::missing_user(name)),
    };
    Ok((owner, certificates))
}

/// Writes the certificates back: the whole record, so that its revision holds the limit under races.
fn put(cx: &mut Cx<'_>, owner: &Owner, certificates: SigningCertificates) {
    match owner {
        Owner::User(user) => {
            let mut user: User = User::clone(user);
            user.signing_certificates = certificates;
            cx.unit.put(user);
        }
        Owner::Root(account) => {
            let mut account: Account = Account::clone(account);
            account.root.signing_certificates = certificates;
            cx.unit.put(account);
        }
        Owner::Missing(_) => {}
    }
}

/// Root has no name.
fn name_of(owner: &Owner) -> Option<String> {
    match owner {
        Owner::User(user) => Some(user.name.as_str().to_owned()),
        Owner::Missing(name) => Some(name.clone()),
        Owner::Root(_) => None,
    }
}

/// Bytes that hold no private key: 256 bits take 43 characters at least.
const KEYLESS_BYTES: usize = 32;

/// Reads a certificate that is good for checking signatures at this time.
fn read(body: &str, now: Timestamp) -> Result<Certificate, Fault> {
    let certificate = Certificate::parse(body).map_err(|error| {
        // COMPAT: AWS says what it could not read (recorded 2026).
        // SECURITY: what may hold a private key is not repeated: messages are kept where the key must not be.
        let shown = if body.len() <= KEYLESS_BYTES {
            body
        } else {
            HIDDEN
        };
        Fault::new(
            Code::MalformedCertificate,
            format!("Certificate {shown} is malformed."),
        )
        .because(error)
    })?;
    let (begin, end) = certificate.validity();
    if now.seconds() > end {
        return Err(Fault::new(
            Code::MalformedCertificate,
            "The certificate has expired.",
        ));
    }
    if now.seconds() < begin {
        return Err(Fault::new(
            Code::InvalidCertificate,
            "The certificate is not valid yet.",
        ));
    }
    match certificate.key_kind() {
        KeyKind::Rsa(2_048..) | KeyKind::P256 | KeyKind::P384 => Ok(certificate),
        KeyKind::Rsa(_) | KeyKind::Ed25519 | KeyKind::Other => Err(Fault::new(
            Code::InvalidCertificate,
            "The certificate's key must be RSA of 2048 bits or more, or on the curve P-256 or P-384.",
        )),
    }
}

/// A signing certificate.
#[derive(Shape)]
#[shape(name = "SigningCertificate")]
pub struct SigningCertificateShape {
    /// The user it belongs to; root has no name.
    pub user_name: Option<String>,
    /// What requests call the certificate by.
    pub certificate_id: CertificateId,
    /// The certificate in PEM, in lines of 64 characters.
    pub certificate_body: String,
    /// Whether it is good for use.
    pub status: Status,
    /// When it was uploaded.
    pub upload_date: Timestamp,
}

impl SigningCertificateShape {
    fn of(owner: &Owner, certificate: &SigningCertificate) -> Self {
        Self {
            user_name: name_of(owner),
            certificate_id: certificate.id.clone(),
            certificate_body: certificate.body.clone(),
            status: certificate.status,
            upload_date: certificate.uploaded,
        }
    }
}

/// Adds a certificate to the owner's. No two users of an account have the same.
async fn keep(
    cx: &mut Cx<'_>,
    owner: &Owner,
    mut certificates: SigningCertificates,
    read: &Certificate,
    body: String,
) -> Result<SigningCertificateShape, Fault> {
    let digest = read.digest();
    let scope = cx.scope();
    let holder = cx
        .unit
        .target(scope, &SIGNING_CERTIFICATES, &digest)
        .await
        .map_err(Fault::unavailable)?;
    if holder.is_some() {
        return Err(Fault::new(
            Code::DuplicateCertificate,
            "The same certificate is already associated with an IAM user in the account.",
        ));
    }
    let certificate = SigningCertificate {
        id: CertificateId::generate(cx.rng()),
        status: Status::Active,
        uploaded: cx.now(),
        body,
        digest,
    };
    let shape = SigningCertificateShape::of(owner, &certificate);
    let limit = cx.iam().settings().quotas.signing_certificates_per_user;
    certificates.add(certificate, limit)?;
    put(cx, owner, certificates);
    Ok(shape)
}

/// Uploads a signing certificate of a user, or of the caller. No two users of an account have the same.
#[derive(Shape)]
pub struct UploadSigningCertificate {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The certificate in PEM.
    pub certificate_body: Secret<CertificateBody>,
}

/// The answer of [`UploadSigningCertificate`].
#[derive(Shape)]
pub struct UploadSigningCertificateOutput {
    /// The certificate.
    pub certificate: SigningCertificateShape,
}

impl Operation for UploadSigningCertificate {
    const SPEC: Spec = Spec::iam("UploadSigningCertificate", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::ConcurrentModification,
            Code::DuplicateCertificate,
            Code::InvalidCertificate,
            Code::LimitExceeded,
            Code::MalformedCertificate,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[(
            Code::EntityAlreadyExists,
            "a certificate that is there already is a `DuplicateCertificate`",
        )]);
    type Output = UploadSigningCertificateOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (owner, certificates) = found(cx, self.user_name.as_ref()).await?;
        let body = self.certificate_body.expose().as_str();
        let read = read(body, cx.now())?;
        // Written anew: white space that a text is filled up with would be in every version of the record. The end of the
        // last line stays as it came.
        let mut kept = read.to_pem();
        if body.ends_with('\n') {
            kept.push('\n');
        }
        let certificate = keep(cx, &owner, certificates, &read, kept).await?;
        Ok(UploadSigningCertificateOutput { certificate })
    }
}

/// Lists the signing certificates of a user, or of the caller.
#[derive(Shape)]
pub struct ListSigningCertificates {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListSigningCertificates`].
#[derive(Shape)]
pub struct ListSigningCertificatesOutput {
    /// The certificates, oldest first.
    pub certificates: Vec<SigningCertificateShape>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListSigningCertificates {
    const SPEC: Spec = Spec::iam("ListSigningCertificates", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = ListSigningCertificatesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (owner, certificates) = found(cx, self.user_name.as_ref()).await?;
        let mut shapes: Vec<SigningCertificateShape> = certificates
            .iter()
            .map(|certificate| SigningCertificateShape::of(&owner, certificate))
            .collect();
        let order = |shape: &SigningCertificateShape| {
            let mut order = shape.upload_date.micros().to_be_bytes().to_vec();
            order.extend_from_slice(shape.certificate_id.as_str().as_bytes());
            order
        };
        shapes.sort_by_key(order);
        let whose = match &owner {
            Owner::User(user) => Record::id(&***user).to_owned(),
            Owner::Root(_) | Owner::Missing(_) => ACCOUNT_RECORD.to_owned(),
        };
        let list = [b"signing_certificates/", whose.as_bytes()].concat();
        let (certificates, end) = self.page.of_list(cx, &list, shapes, order)?;
        Ok(ListSigningCertificatesOutput { certificates, end })
    }
}

/// Switches a signing certificate off or on.
#[derive(Shape)]
pub struct UpdateSigningCertificate {
    /// The user whose certificate it is; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The certificate.
    pub certificate_id: CertificateId,
    /// `Active` or `Inactive`.
    pub status: Status,
}

impl Operation for UpdateSigningCertificate {
    const SPEC: Spec = Spec::iam("UpdateSigningCertificate", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        if self.status == Status::Expired {
            return Err(Fault::new(
                Code::InvalidInput,
                "The status of a signing certificate can be set to Active or Inactive.",
            ));
        }
        let (owner, mut certificates) = found(cx, self.user_name.as_ref()).await?;
        certificates.set_status(&self.certificate_id, self.status)?;
        put(cx, &owner, certificates);
        Ok(Empty {})
    }
}

/// Deletes a signing certificate.
#[derive(Shape)]
pub struct DeleteSigningCertificate {
    /// The user whose certificate it is; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The certificate.
    pub certificate_id: CertificateId,
}

impl Operation for DeleteSigningCertificate {
    const SPEC: Spec = Spec::iam("DeleteSigningCertificate", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::ConcurrentModification,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (owner, mut certificates) = found(cx, self.user_name.as_ref()).await?;
        certificates.remove(&self.certificate_id)?;
        put(cx, &owner, certificates);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_must_be_valid_now_and_its_key_good() {
        const DAY: Timestamp = Timestamp::from_seconds(1_767_323_045);
        let code = |body: &str, now| read(body, now).err().map(|fault| fault.code());
        let good = include_str!("../../../../tests/credentials/leaf.pem");
        assert_eq!(code(good, DAY), None);
        for body in [
            include_str!("../../../../tests/credentials/p256.pem"),
            include_str!("../../../../tests/credentials/p384.pem"),
        ] {
            assert_eq!(code(body, DAY), None);
        }
        for (body, expected) in [
            ("invalid", Code::MalformedCertificate),
            (
                include_str!("../../../../tests/credentials/expired.pem"),
                Code::MalformedCertificate,
            ),
            (
                include_str!("../../../../tests/credentials/future.pem"),
                Code::InvalidCertificate,
            ),
            (
                include_str!("../../../../tests/credentials/small.pem"),
                Code::InvalidCertificate,
            ),
            (
                include_str!("../../../../tests/credentials/p521.pem"),
                Code::InvalidCertificate,
            ),
        ] {
            assert_eq!(code(body, DAY), Some(expected));
        }
        let key = include_str!("../../../../tests/credentials/p256.key");
        let bare = key.lines().nth(1).expect("a line of the key");
        for text in [key, bare, &key.replace("PRIVATE KEY", "CERTIFICATE")] {
            let fault = read(text, DAY).err().expect("no certificate");
            assert_eq!(
                fault.message(),
                Some("Certificate HIDDEN_DUE_TO_SECURITY_REASONS is malformed.")
            );
        }
        // The last second of a certificate belongs to it (RFC 5280, 4.1.2.5).
        let (begin, end) = Certificate::parse(good).expect("a certificate").validity();
        for (second, expected) in [
            (begin - 1, Some(Code::InvalidCertificate)),
            (begin, None),
            (end, None),
            (end + 1, Some(Code::MalformedCertificate)),
        ] {
            assert_eq!(code(good, Timestamp::from_seconds(second)), expected);
        }
    }
}
