//! Verifying a service-specific credential, for a service behind this server.

use claviger_model::name::UserName;
use claviger_model::scalar::Constraint::MaxLength;
use claviger_model::{Arn, Code, Secret, Timestamp, text_scalar};
use claviger_shape::Shape;
use claviger_store::{Bucket, Record};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::SERVICE_NAME;
use crate::authorize::{Check, Target};
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::index::SERVICE_USERS;
use crate::entity::service_credential::{
    Service, ServiceCredential, ServiceSpecificCredentialId, service_user_key,
};
use crate::entity::{Status, User};
use crate::fault::Fault;
use crate::operation::Operation;
use crate::service_secret;
use crate::spec::{Access, Spec};

/// The kind of the buckets that bound how often a wrong secret may be tried; the id is a digest of service and name.
const TRIES_BUCKET: &str = "service_credential";
/// Wrong tries in one window, as at a password.
const TRIES: u32 = 10;
/// Seconds that a window lasts.
const TRIES_WINDOW: u32 = 300;

/// What the sealed hash of no credential is bound to.
const DECOY: &[u8] = b"claviger decoy of a service-specific credential";

text_scalar! {
    /// A user name as a client gave it to a service: up to 200 characters, more than any credential has.
    ServiceUserName, [MaxLength(200)], |_| true
}

/// Tells a service whose credential it was shown, if it is good now. An operation of this server's own: on AWS only its own
/// services can ask. Nobody learns whether a name or its secret was wrong.
#[derive(Shape)]
pub struct VerifyServiceSpecificCredential {
    /// The service that asks, which is the one that the credential must be for.
    pub service_name: String,
    /// What the service was told as the user name. It comes with the password.
    pub service_user_name: Option<ServiceUserName>,
    /// What the service was told as the password.
    pub service_password: Option<Secret<String>>,
    /// What the service was told as the key, which names the user itself.
    pub service_credential_secret: Option<Secret<String>>,
}

/// The answer of [`VerifyServiceSpecificCredential`].
#[derive(Shape)]
pub struct VerifyServiceSpecificCredentialOutput {
    /// The user whose credential it is.
    pub user_name: UserName,
    /// The user's unique id.
    pub user_id: String,
    /// The user's resource name.
    pub arn: Arn,
    /// The credential.
    pub service_specific_credential_id: ServiceSpecificCredentialId,
    /// When its time is over, if ever.
    pub expiration_date: Option<Timestamp>,
}

/// What is said whatever was wrong.
fn wrong() -> Fault {
    Fault::new(
        Code::InvalidCredential,
        "The service-specific credential is not valid.",
    )
}

impl VerifyServiceSpecificCredential {
    /// The name and the secret, however they came.
    fn shown(&self, service: Service) -> Result<(String, &Secret<String>), Fault> {
        match (
            &self.service_user_name,
            &self.service_password,
            &self.service_credential_secret,
        ) {
            (Some(name), Some(password), None) => Ok((name.as_str().to_owned(), password)),
            // A key that names nobody is nobody's.
            (None, None, Some(key)) => Ok((
                service_secret::name_in(service, key).unwrap_or_default(),
                key,
            )),
            _ => Err(Fault::new(
                Code::InvalidParameterCombination,
                "Give either ServiceUserName and ServicePassword, or ServiceCredentialSecret.",
            )),
        }
    }
}

/// Whether the secret is the credential's.
///
/// SECURITY: how long this takes must not tell whether there is a credential of the name. Where there is none, a hash that
/// no secret has is sealed, which costs what opening one does, and both ways go on to [`service_secret::check`]. What is
/// left is whether the user's record and data key had to be read or were in the cache.
async fn is_right(
    cx: &Cx<'_>,
    found: Option<(&User, &ServiceCredential)>,
    secret: &Secret<String>,
) -> Result<bool, Fault> {
    let Some((user, credential)) = found else {
        let sealed = cx.iam().tokens().seal(DECOY, service_secret::NO_HASH);
        std::hint::black_box(sealed);
        return Ok(service_secret::check(None, secret));
    };
    let kept = cx
        .iam()
        .store()
        .unseal(
            user.scope(),
            User::KIND,
            user.id.as_str(),
            &credential.secret.field,
            &credential.secret.sealed,
        )
        .await
        .map_err(Fault::unavailable)?;
    let kept = (credential.id.as_str(), kept.expose().as_slice());
    Ok(service_secret::check(Some(kept), secret))
}

impl Operation for VerifyServiceSpecificCredential {
    const SPEC: Spec = Spec::iam("VerifyServiceSpecificCredential", Access::Read)
        .keys(&["iam:ServiceSpecificCredentialServiceName"])
        .faults(&[Code::InvalidCredential, Code::NoSuchEntity])
        .issuing();
    type Output = VerifyServiceSpecificCredentialOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        // On everything, so that permission for a user does not tell whether there is one.
        Ok(Target::of(Check::on_account()).with(SERVICE_NAME, Fact::text(&self.service_name)))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let service = Service::find(&self.service_name)?;
        let (name, secret) = self.shown(service)?;
        let key = service_user_key(service.name, &name);
        let bucket = Bucket::new(
            cx.scope(),
            TRIES_BUCKET,
            HEXLOWER.encode(&Sha256::digest(&key)),
        );
        let store = cx.iam().store();
        let scope = cx.scope();
        let user = cx
            .unit
            .find::<User>(scope, &SERVICE_USERS, &key)
            .await
            .map_err(Fault::unavailable)?;
        let found = user.as_ref().and_then(|user| {
            let credential = user.service_credentials.known_as(service.name, &name)?;
            Some((&***user, credential))
        });
        let right = is_right(cx, found, secret).await?;
        if let Some((user, credential)) = found
            && right
            && credential.status_at(cx.now()) == Status::Active
            && user.access.shut_to_requests().is_none()
        {
            return Ok(VerifyServiceSpecificCredentialOutput {
                user_name: user.name.clone(),
                user_id: user.id.as_str().to_owned(),
                arn: user.arn(),
                service_specific_credential_id: credential.id.clone(),
                expiration_date: credential.expires,
            });
        }
        // SECURITY: whoever is told that a secret is wrong has paid for it, however many ask at once. What is right costs
        // no ticket, and is told also when there is none left: a secret of 256 bits is not guessed, and a stranger with
        // wrong ones must not shut its owner out.
        let ticket = store
            .take(&bucket, TRIES, TRIES_WINDOW, cx.now())
            .await
            .map_err(Fault::unavailable)?;
        Err(if ticket {
            wrong()
        } else {
            Fault::new(Code::Throttling, "Rate exceeded")
        })
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar;

    use super::*;

    #[test]
    fn names_that_differ_in_case_share_a_bucket() {
        let key = |name: &str| service_user_key("codecommit.amazonaws.com", name);
        assert_eq!(key("Jane-at-1"), key("jane-at-1"));
    }

    #[test]
    fn a_name_goes_with_a_password_and_a_key_stands_alone() {
        let service = Service::find("bedrock.amazonaws.com").expect("a service");
        let secret = || Some(Secret::new(String::from("s")));
        let name = || Some(String::from("jane-at-1"));
        for (service_user_name, service_password, service_credential_secret, good) in [
            (name(), secret(), None, true),
            (None, None, secret(), true),
            (name(), None, None, false),
            (None, secret(), None, false),
            (name(), secret(), secret(), false),
            (name(), None, secret(), false),
            (None, None, None, false),
        ] {
            let input = VerifyServiceSpecificCredential {
                service_name: service.name.to_owned(),
                service_user_name: service_user_name
                    .map(|name| ServiceUserName::parse(&name).expect("short")),
                service_password,
                service_credential_secret,
            };
            assert_eq!(input.shown(service).is_ok(), good);
        }
    }
}
