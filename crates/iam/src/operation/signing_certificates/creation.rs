//! Making a signing certificate with its key, which is told once and kept nowhere. An operation of this server's own: on AWS
//! the console does this.

use claviger_model::name::ExistingUserName;
use claviger_model::scalar::Bounded;
use claviger_model::{Code, Secret, Timestamp};
use claviger_pki::{Certificate, self_signed};
use claviger_shape::Shape;

use super::{SigningCertificateShape, found, keep, name_of};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::lookup::Owner;
use crate::operation::Operation;
use crate::operation::users::check_on_owner;
use crate::spec::{Access, ResourceType, Spec};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days that a certificate is good for where the request does not say.
const VALIDITY_DAYS: i32 = 365;
/// Seconds that its time begins early by: clocks of services differ.
const EARLY: i64 = 300;

/// Makes a private key on the curve P-256 and a signing certificate for it, for a user or for the caller. The key is told
/// this once. An operation of this server's own, allowed by `iam:UploadSigningCertificate`.
#[derive(Shape)]
pub struct CreateSigningCertificate {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// For how many days the certificate is good, 1 to 3,650; 365 when left out.
    pub validity_days: Option<Bounded<1, 3_650>>,
}

/// The answer of [`CreateSigningCertificate`].
#[derive(Shape)]
pub struct CreateSigningCertificateOutput {
    /// The certificate.
    pub certificate: SigningCertificateShape,
    /// The private key in PEM, as PKCS#8. This is the only time it is told.
    pub private_key: Secret<String>,
}

impl Operation for CreateSigningCertificate {
    const SPEC: Spec = Spec::iam("CreateSigningCertificate", Access::Write)
        .governed_by("UploadSigningCertificate")
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::LimitExceeded, Code::NoSuchEntity]);
    type Output = CreateSigningCertificateOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (owner, certificates) = found(cx, self.user_name.as_ref()).await?;
        let days = self.validity_days.map_or(VALIDITY_DAYS, Bounded::get);
        let end = cx.now().plus_seconds(i64::from(days) * DAY);
        let begin = cx.now().plus_seconds(-EARLY);
        let made = self_signed::make(&subject(&owner), second(begin), second(end))
            .map_err(Fault::service)?;
        let read = Certificate::parse(&made.certificate).map_err(Fault::service)?;
        let kept = read.to_pem();
        let certificate = keep(cx, &owner, certificates, &read, kept).await?;
        Ok(CreateSigningCertificateOutput {
            certificate,
            private_key: Secret::new(made.private_key.as_str().to_owned()),
        })
    }
}

/// Whom the certificate names: the user, or the account for root.
fn subject(owner: &Owner) -> String {
    match owner {
        Owner::Root(account) => account.id.to_string(),
        Owner::User(_) | Owner::Missing(_) => name_of(owner).unwrap_or_default(),
    }
}

fn second(at: Timestamp) -> u64 {
    u64::try_from(at.seconds()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_key_is_hidden_in_audit_events() {
        let fields = CreateSigningCertificateOutput::FIELDS.iter();
        let secrets: Vec<_> = fields
            .filter(|field| field.secret())
            .map(|field| field.name.wire)
            .collect();
        assert_eq!(secrets, ["PrivateKey"]);
    }
}
