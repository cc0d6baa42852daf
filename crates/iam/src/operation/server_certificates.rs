//! Server certificates: upload, tell, list, rename and move, delete.

use claviger_model::name::{EntityPath, PathPrefix, ServerCertificateName};
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{Arn, Code, IdKind, Secret, Timestamp, UniqueId, text, text_scalar};
use claviger_shape::Shape;
use claviger_store::Record;
use zeroize::Zeroize;

use super::page::{PageEnd, Paged};
use super::shapes::{CertificateBody, TagShape, tags_in, tags_out};
use super::users::list_by_path;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::index::{SERVER_CERTIFICATES_BY_NAME, WHOLE};
use crate::entity::server_certificate::PRIVATE_KEY;
use crate::entity::{ServerCertificate, TagRules, Tags};
use crate::fault::Fault;
use crate::lookup;
use crate::spec::unraised::NO_QUOTA;
use crate::spec::{Access, ResourceType, Spec};

mod upload;

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<UploadServerCertificate>(),
    entry::<GetServerCertificate>(),
    entry::<ListServerCertificates>(),
    entry::<UpdateServerCertificate>(),
    entry::<DeleteServerCertificate>(),
];

text_scalar! {
    in Box<str>;
    /// The certificates above one, in PEM: 1 to 2,097,152 characters of Latin-1. The size of a request allows fewer.
    CertificateChain,
    [MaxLength(2_097_152), MinLength(1), Pattern(r"[\u0009\u000A\u000D\u0020-\u00FF]+")],
    text::is_latin_document
}
text_scalar! {
    in Box<str>;
    /// A private key in PEM: 1 to 16,384 characters of Latin-1.
    PrivateKeyBody,
    [MaxLength(16_384), MinLength(1), Pattern(r"[\u0009\u000A\u000D\u0020-\u00FF]+")],
    text::is_latin_document
}

// SECURITY: a private key is pasted into the wrong place now and then. What may hold one is treated as one.
impl Zeroize for CertificateChain {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Zeroize for PrivateKeyBody {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// The check on a certificate that may or may not be there.
///
/// # Errors
/// `ServiceUnavailable`.
pub async fn check_on(cx: &mut Cx<'_>, name: &ServerCertificateName) -> Result<Check, Fault> {
    let account = cx.account();
    let check = match lookup::find_server_certificate(cx, name).await? {
        Some(found) => Check::on(account, &found.arn()).tagged(&found.tags),
        None => Check::on(
            account,
            &Arn::server_certificate(account, "/", name.as_str()),
        ),
    };
    // Shown as it was asked for: path and stored case would tell that there is such a certificate.
    Ok(check.shown(format!("server certificate {name}")))
}

/// A server certificate without its body, its chain and its private key.
#[derive(Shape)]
pub struct ServerCertificateMetadata {
    /// Where the certificate lies.
    pub path: EntityPath,
    /// The certificate's name.
    pub server_certificate_name: ServerCertificateName,
    /// `ASCA…`.
    pub server_certificate_id: UniqueId,
    /// The certificate's resource name.
    pub arn: Arn,
    /// When it was uploaded.
    pub upload_date: Timestamp,
    /// When it ends to be valid.
    pub expiration: Timestamp,
}

impl From<&ServerCertificate> for ServerCertificateMetadata {
    fn from(certificate: &ServerCertificate) -> Self {
        Self {
            path: certificate.path.clone(),
            server_certificate_name: certificate.name.clone(),
            server_certificate_id: certificate.id.clone(),
            arn: certificate.arn(),
            upload_date: certificate.uploaded,
            expiration: certificate.expires,
        }
    }
}

/// A server certificate.
#[derive(Shape)]
#[shape(name = "ServerCertificate")]
pub struct ServerCertificateShape {
    /// What it is called.
    pub server_certificate_metadata: ServerCertificateMetadata,
    /// The certificate in PEM.
    pub certificate_body: String,
    /// The certificates above it in PEM, the nearest first.
    pub certificate_chain: Option<String>,
    /// Its tags.
    pub tags: Vec<TagShape>,
}

/// Uploads a certificate with its private key, which is told to nobody afterwards.
#[derive(Shape)]
pub struct UploadServerCertificate {
    /// Where the certificate is to lie; `/` when left out.
    pub path: Option<EntityPath>,
    /// The certificate's name, unique in the account without regard to case.
    pub server_certificate_name: ServerCertificateName,
    /// The certificate in PEM.
    pub certificate_body: Secret<CertificateBody>,
    /// The private key in PEM, not encrypted: RSA of 2,048 to 4,096 bits, P-256 or P-384.
    pub private_key: Secret<PrivateKeyBody>,
    /// The certificates above it in PEM, the nearest first: ten at the most.
    pub certificate_chain: Option<Secret<CertificateChain>>,
    /// Up to fifty tags.
    #[shape(max = 50)]
    pub tags: Vec<TagShape>,
}

/// The answer of [`UploadServerCertificate`].
#[derive(Shape)]
pub struct UploadServerCertificateOutput {
    /// The new certificate.
    pub server_certificate_metadata: ServerCertificateMetadata,
    /// Its tags, sorted by key; left out where there are none.
    pub tags: Option<Vec<TagShape>>,
}

impl Operation for UploadServerCertificate {
    const SPEC: Spec = Spec::iam("UploadServerCertificate", Access::Write)
        .on(&[ResourceType::ServerCertificate])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"])
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::InvalidInput,
            Code::KeyPairMismatch,
            Code::LimitExceeded,
            Code::MalformedCertificate,
            Code::ServiceFailure,
        ]);
    type Output = UploadServerCertificateOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let path = self.path.as_ref().map_or("/", EntityPath::as_str);
        let name = self.server_certificate_name.as_str();
        let check = Check::on(
            cx.account(),
            &Arn::server_certificate(cx.account(), path, name),
        );
        let mut target = Target::of(check.clone());
        if !self.tags.is_empty() {
            target = target.and(check.also("iam:TagServerCertificate"));
        }
        target.parameters.tags = tags_in(&self.tags);
        Ok(target)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let tags = Tags::new(tags_in(&self.tags), TagRules::FoldCase)?;
        let name = &self.server_certificate_name;
        if lookup::find_server_certificate(cx, name).await?.is_some() {
            return Err(lookup::taken_server_certificate(name));
        }
        let body = self.certificate_body.expose().as_str();
        let key = self.private_key.expose().as_str();
        let chain = self.certificate_chain.as_ref();
        let chain = chain.map(|chain| chain.expose().as_str());
        let checked = upload::check(body, key, chain, cx.now())?;
        let id = cx.new_id(IdKind::ServerCertificate);
        let scope = cx.scope();
        let private_key = cx
            .unit
            .seal(
                scope,
                ServerCertificate::KIND,
                id.as_str(),
                PRIVATE_KEY,
                checked.key.as_bytes(),
            )
            .await
            .map_err(Fault::unavailable)?;
        let certificate = ServerCertificate {
            account: cx.account(),
            id,
            name: name.clone(),
            path: self.path.clone().unwrap_or_else(EntityPath::root),
            uploaded: cx.now(),
            expires: checked.expires,
            body: checked.body,
            chain: checked.chain,
            private_key,
            tags,
        };
        let sorted = certificate.tags.sorted();
        let output = UploadServerCertificateOutput {
            server_certificate_metadata: ServerCertificateMetadata::from(&certificate),
            tags: (!sorted.is_empty()).then(|| sorted.into_iter().map(TagShape::from).collect()),
        };
        cx.unit.limit(
            scope,
            &SERVER_CERTIFICATES_BY_NAME,
            WHOLE,
            cx.iam().settings().quotas.server_certificates,
        );
        cx.unit.put(certificate);
        Ok(output)
    }
}

/// Tells a server certificate with its body and its chain, but never its private key.
#[derive(Shape)]
pub struct GetServerCertificate {
    /// The certificate.
    pub server_certificate_name: ServerCertificateName,
}

/// The answer of [`GetServerCertificate`].
#[derive(Shape)]
pub struct GetServerCertificateOutput {
    /// The certificate.
    pub server_certificate: ServerCertificateShape,
}

impl Operation for GetServerCertificate {
    const SPEC: Spec = Spec::iam("GetServerCertificate", Access::Read)
        .on(&[ResourceType::ServerCertificate])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = GetServerCertificateOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on(cx, &self.server_certificate_name).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let certificate = lookup::server_certificate(cx, &self.server_certificate_name).await?;
        Ok(GetServerCertificateOutput {
            server_certificate: ServerCertificateShape {
                server_certificate_metadata: ServerCertificateMetadata::from(&**certificate),
                certificate_body: certificate.body.clone(),
                certificate_chain: certificate.chain.clone(),
                tags: tags_out(&certificate.tags),
            },
        })
    }
}

/// Lists the server certificates of the account, or those below a path.
#[derive(Shape)]
pub struct ListServerCertificates {
    /// Only certificates whose path begins with this; all when left out.
    pub path_prefix: Option<PathPrefix>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListServerCertificates`].
#[derive(Shape)]
pub struct ListServerCertificatesOutput {
    /// The certificates, by name without regard to case.
    pub server_certificate_metadata_list: Vec<ServerCertificateMetadata>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListServerCertificates {
    const SPEC: Spec =
        Spec::iam("ListServerCertificates", Access::List).faults(&[Code::ServiceFailure]);
    type Output = ListServerCertificatesOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let prefix = self.path_prefix.as_ref().map_or("/", PathPrefix::as_str);
        let shown = Arn::server_certificate(cx.account(), prefix, "");
        Ok(Target::of(Check::on_account().shown(shown.as_str())))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (certificates, end) = list_by_path::<ServerCertificate>(
            cx,
            &SERVER_CERTIFICATES_BY_NAME,
            self.path_prefix.as_ref(),
            &self.page,
            |certificate| certificate.path.as_str(),
        )
        .await?;
        Ok(ListServerCertificatesOutput {
            server_certificate_metadata_list: certificates
                .iter()
                .map(|certificate| ServerCertificateMetadata::from(&***certificate))
                .collect(),
            end,
        })
    }
}

/// Renames a server certificate or moves it to another path. Its id, its private key and its tags stay.
#[derive(Shape)]
pub struct UpdateServerCertificate {
    /// The certificate.
    pub server_certificate_name: ServerCertificateName,
    /// Where the certificate is to lie; as before when left out.
    pub new_path: Option<EntityPath>,
    /// What the certificate is to be called; as before when left out.
    pub new_server_certificate_name: Option<ServerCertificateName>,
}

impl Operation for UpdateServerCertificate {
    const SPEC: Spec = Spec::iam("UpdateServerCertificate", Access::Write)
        .on(&[ResourceType::ServerCertificate])
        .faults(&[
            Code::EntityAlreadyExists,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let old = check_on(cx, &self.server_certificate_name).await?;
        let found = lookup::find_server_certificate(cx, &self.server_certificate_name).await?;
        let (path, name) = match &found {
            Some(certificate) => (certificate.path.as_str(), certificate.name.as_str()),
            None => ("/", self.server_certificate_name.as_str()),
        };
        let path = self.new_path.as_ref().map_or(path, EntityPath::as_str);
        let new_name = self.new_server_certificate_name.as_ref();
        let name = new_name.map_or(name, ServerCertificateName::as_str);
        let arn = Arn::server_certificate(cx.account(), path, name);
        let mut new = Check::on(cx.account(), &arn);
        new.tags.clone_from(&old.tags);
        Ok(Target::of(old).and(new))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let found = lookup::server_certificate(cx, &self.server_certificate_name).await?;
        if let Some(new) = &self.new_server_certificate_name {
            // The certificate's own name in another case is not taken.
            let taken = lookup::find_server_certificate(cx, new).await?;
            if taken.is_some_and(|other| other.id != found.id) {
                return Err(lookup::taken_server_certificate(new));
            }
        }
        let mut certificate = ServerCertificate::clone(&found);
        if let Some(name) = &self.new_server_certificate_name {
            certificate.name = name.clone();
        }
        if let Some(path) = &self.new_path {
            certificate.path = path.clone();
        }
        cx.unit.put(certificate);
        Ok(Empty {})
    }
}

/// Deletes a server certificate with its private key.
#[derive(Shape)]
pub struct DeleteServerCertificate {
    /// The certificate.
    pub server_certificate_name: ServerCertificateName,
}

impl Operation for DeleteServerCertificate {
    const SPEC: Spec = Spec::iam("DeleteServerCertificate", Access::Write)
        .on(&[ResourceType::ServerCertificate])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[
            NO_QUOTA,
            (
                Code::DeleteConflict,
                "this server does not know who uses a certificate",
            ),
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on(cx, &self.server_certificate_name).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let certificate = lookup::server_certificate(cx, &self.server_certificate_name).await?;
        let scope = cx.scope();
        let id = certificate.id.as_str();
        cx.unit.delete::<ServerCertificate>(scope, id);
        // The private key is unreadable from now on, in history too.
        cx.unit.drop_key(scope, ServerCertificate::KIND, id);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_key_is_hidden_in_audit_events_and_no_answer_has_it() {
        let fields = UploadServerCertificate::FIELDS.iter().filter(|field| {
            matches!(
                field.name.wire,
                "PrivateKey" | "CertificateBody" | "CertificateChain"
            )
        });
        assert_eq!(fields.clone().count(), 3);
        for field in fields {
            assert!(field.secret());
        }
        for entry in OPERATIONS {
            assert!(
                entry
                    .output
                    .iter()
                    .all(|field| field.name.wire != "PrivateKey")
            );
        }
    }
}
