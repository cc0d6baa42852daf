//! Service-specific credentials: create, list, reset, switch off and on, delete; and verify, for the services behind this
//! server.

use std::sync::Arc;

use claviger_model::name::UserName;
use claviger_model::scalar::Bounded;
use claviger_model::{Code, IdKind, Scalar, Secret};
use claviger_shape::Shape;
use claviger_store::{Depends, Record, Stored};

use super::page::{PageEnd, Paged};
use super::users::{check_on, check_on_owner};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::credential::PasswordHash;
use crate::entity::index::{SERVICE_CREDENTIALS, SERVICE_USERS};
use crate::entity::service_credential::{
    Service, ServiceCredential, ServiceSpecificCredentialId, credential_of_key, service_user_key,
    service_user_name,
};
use crate::entity::{Status, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::principal::Being;
use crate::service_secret;
use crate::spec::unraised::Unraised;
use crate::spec::{Access, ResourceType, Spec};

mod shapes;
mod verify;

pub use shapes::{ServiceSpecificCredential, ServiceSpecificCredentialMetadata};
pub use verify::{VerifyServiceSpecificCredential, VerifyServiceSpecificCredentialOutput};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateServiceSpecificCredential>(),
    entry::<ListServiceSpecificCredentials>(),
    entry::<ResetServiceSpecificCredential>(),
    entry::<UpdateServiceSpecificCredential>(),
    entry::<DeleteServiceSpecificCredential>(),
    entry::<VerifyServiceSpecificCredential>(),
];

/// Recorded from AWS, 2025, against its own reference.
const NO_SUCH_SERVICE: Unraised = (
    Code::NotSupportedService,
    "a service without such credentials is a `NoSuchEntity`, as AWS answers",
);

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Names that are tried for a new credential. Two are in use, unless users were renamed.
const NAMES: u32 = 1_000;

const SERVICE_NAME: &str = "iam:servicespecificcredentialservicename";
const AGE_DAYS: &str = "iam:servicespecificcredentialagedays";

/// The user named, or the caller where none is. Root has no such credentials.
async fn user_of(cx: &mut Cx<'_>, name: Option<&UserName>) -> Result<Arc<Stored<User>>, Fault> {
    match lookup::owner(cx, name.map(UserName::existing).as_ref()).await? {
        Owner::User(user) => Ok(user),
        Owner::Missing(name) => Err(lookup::missing_user(&name)),
        Owner::Root(_) => Err(needs_user_name()),
    }
}

fn needs_user_name() -> Fault {
    Fault::invalid("Must specify userName when calling with non-User credentials")
}

async fn target_of(cx: &mut Cx<'_>, name: Option<&UserName>) -> Result<Target, Fault> {
    if name.is_none() && matches!(cx.principal().await?.being, Being::Root(_)) {
        return Err(needs_user_name());
    }
    Ok(Target::of(
        check_on_owner(cx, name.map(UserName::existing).as_ref()).await?,
    ))
}

/// The target of a change to a credential: its user, and its service where both are there.
async fn target_of_change(
    cx: &mut Cx<'_>,
    name: Option<&UserName>,
    id: &ServiceSpecificCredentialId,
) -> Result<Target, Fault> {
    let target = target_of(cx, name).await?;
    let owner = lookup::owner(cx, name.map(UserName::existing).as_ref()).await?;
    let Owner::User(user) = owner else {
        return Ok(target);
    };
    Ok(match user.service_credentials.get(id) {
        Ok(credential) => target.with(SERVICE_NAME, Fact::text(&credential.service)),
        Err(_) => target,
    })
}

/// Hashes and seals a secret of a user's credential.
async fn sealed(
    cx: &mut Cx<'_>,
    user: &User,
    id: &ServiceSpecificCredentialId,
    secret: &Secret<String>,
) -> Result<PasswordHash, Fault> {
    let field = format!("service_credential/{}", cx.rng().uuid());
    let hash = service_secret::hash(id.as_str(), secret);
    let sealed = cx
        .unit
        .seal(
            user.scope(),
            User::KIND,
            user.id.as_str(),
            &field,
            hash.expose().as_bytes(),
        )
        .await
        .map_err(Fault::unavailable)?;
    Ok(PasswordHash { field, sealed })
}

/// The first name that nobody has at the service.
async fn free_name(cx: &mut Cx<'_>, user: &User, service: Service) -> Result<String, Fault> {
    let scope = cx.scope();
    for number in 0..NAMES {
        let name = service_user_name(user.name.as_str(), number, user.account);
        let key = service_user_key(service.name, &name);
        let taken = cx
            .unit
            .find::<User>(scope, &SERVICE_USERS, &key)
            .await
            .map_err(Fault::unavailable)?;
        if taken.is_none() {
            return Ok(name);
        }
    }
    Err(Fault::quota("ServiceUserNames", u64::from(NAMES)))
}

/// Creates a credential for a service that cannot verify signatures: a user name and a password, or a key. The secret is
/// told this once.
#[derive(Shape)]
pub struct CreateServiceSpecificCredential {
    /// The user.
    pub user_name: UserName,
    /// The service: `codecommit.amazonaws.com` or `cassandra.amazonaws.com`, which take passwords;
    /// `bedrock.amazonaws.com` or `logs.amazonaws.com`, which take keys.
    pub service_name: String,
    /// After how many days a key's time is over, 1 to 36,600; never when left out. Passwords know no such time.
    pub credential_age_days: Option<Bounded<1, 36_600>>,
}

/// The answer of [`CreateServiceSpecificCredential`].
#[derive(Shape)]
pub struct CreateServiceSpecificCredentialOutput {
    /// The new credential with its secret.
    pub service_specific_credential: ServiceSpecificCredential,
}

impl Operation for CreateServiceSpecificCredential {
    const SPEC: Spec = Spec::iam("CreateServiceSpecificCredential", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .keys(&[
            "iam:ServiceSpecificCredentialAgeDays",
            "iam:ServiceSpecificCredentialServiceName",
        ])
        .faults(&[Code::LimitExceeded, Code::NoSuchEntity])
        .unraised(&[NO_SUCH_SERVICE]);
    type Output = CreateServiceSpecificCredentialOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let mut target = Target::of(check_on(cx, self.user_name.as_str()).await?)
            .with(SERVICE_NAME, Fact::text(&self.service_name));
        if let Some(days) = &self.credential_age_days {
            target = target.with(AGE_DAYS, Fact::text(days.get().to_string()));
        }
        Ok(target)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let service = Service::find(&self.service_name)?;
        if self.credential_age_days.is_some() && service.key_prefix.is_none() {
            return Err(Fault::invalid(
                "CredentialAgeDays is only valid for services that support long-term API keys.",
            ));
        }
        let limit = cx.iam().settings().quotas.service_credentials_per_service;
        user.service_credentials.check_room(service, limit)?;
        let name = free_name(cx, &user, service).await?;
        let secret = service_secret::draw(service, &name, cx.rng());
        let id = ServiceSpecificCredentialId::from(cx.new_id(IdKind::ServiceSpecificCredential));
        let credential = ServiceCredential {
            secret: sealed(cx, &user, &id, &secret).await?,
            id,
            service: service.name.to_owned(),
            name,
            status: Status::Active,
            created: cx.now(),
            expires: self
                .credential_age_days
                .as_ref()
                .map(|days| cx.now().plus_seconds(i64::from(days.get()) * DAY)),
        };
        let shape = ServiceSpecificCredential::of(&user, &credential, secret, cx.now());
        let mut user: User = User::clone(&user);
        user.service_credentials.add(credential);
        cx.unit.put(user);
        Ok(CreateServiceSpecificCredentialOutput {
            service_specific_credential: shape,
        })
    }
}

/// Lists the service-specific credentials of a user, or of the caller, or those of all users for a service. Secrets are left
/// out.
#[derive(Shape)]
pub struct ListServiceSpecificCredentials {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
    /// Only those for this service; all when left out.
    pub service_name: Option<String>,
    /// Whether those of all users are wanted. A service must be named then, and no user.
    pub all_users: Option<bool>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListServiceSpecificCredentials`].
#[derive(Shape)]
pub struct ListServiceSpecificCredentialsOutput {
    /// The credentials: of one user, oldest first; of all, by the user's name without regard to case.
    pub service_specific_credentials: Vec<ServiceSpecificCredentialMetadata>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl ListServiceSpecificCredentials {
    async fn of_all(
        &self,
        cx: &mut Cx<'_>,
        service: Service,
    ) -> Result<ListServiceSpecificCredentialsOutput, Fault> {
        let list = [b"service_credentials/all/", service.name.as_bytes()].concat();
        let after = self.page.after(cx, &list)?;
        let scope = cx.scope();
        let read = cx
            .unit
            .page::<User>(
                scope,
                &SERVICE_CREDENTIALS,
                service.name.as_bytes(),
                b"",
                after.as_deref(),
                self.page.limit(),
                Depends::Nothing,
            )
            .await
            .map_err(Fault::unavailable)?;
        let last = read.items.last().map(|(key, _)| key.clone());
        let service_specific_credentials = read
            .items
            .iter()
            .filter_map(|(key, user)| {
                let id = ServiceSpecificCredentialId::parse(credential_of_key(key)?).ok()?;
                let credential = user.service_credentials.get(&id).ok()?;
                Some(ServiceSpecificCredentialMetadata::of(
                    user,
                    credential,
                    cx.now(),
                ))
            })
            .collect();
        Ok(ListServiceSpecificCredentialsOutput {
            service_specific_credentials,
            end: PageEnd::new(cx, &list, read.more, last.as_deref()),
        })
    }
}

impl Operation for ListServiceSpecificCredentials {
    const SPEC: Spec = Spec::iam("ListServiceSpecificCredentials", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity])
        .unraised(&[NO_SUCH_SERVICE]);
    type Output = ListServiceSpecificCredentialsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        if self.all_users == Some(true) {
            let every = claviger_model::Arn::user(cx.account(), "/", "");
            return Ok(Target::of(Check::on(cx.account(), &every)));
        }
        target_of(cx, self.user_name.as_ref()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let service = self.service_name.as_deref().map(Service::find);
        if self.all_users == Some(true) {
            if self.user_name.is_some() {
                return Err(Fault::invalid(
                    "AllUsers cannot be specified together with UserName.",
                ));
            }
            let service = service
                .ok_or_else(|| Fault::invalid("ServiceName must be specified with AllUsers."))??;
            return self.of_all(cx, service).await;
        }
        let user = user_of(cx, self.user_name.as_ref()).await?;
        let service = service.transpose()?;
        let mut credentials: Vec<ServiceSpecificCredentialMetadata> = user
            .service_credentials
            .iter()
            .filter(|credential| service.is_none_or(|service| credential.service == service.name))
            .map(|credential| ServiceSpecificCredentialMetadata::of(&user, credential, cx.now()))
            .collect();
        let order = |credential: &ServiceSpecificCredentialMetadata| {
            let mut order = credential.create_date.micros().to_be_bytes().to_vec();
            order.extend_from_slice(
                credential
                    .service_specific_credential_id
                    .as_str()
                    .as_bytes(),
            );
            order
        };
        credentials.sort_by_key(order);
        let service = service.map_or("", |service| service.name);
        let list = ["service_credentials/", user.id.as_str(), "/", service].concat();
        let (service_specific_credentials, end) =
            self.page.of_list(cx, list.as_bytes(), credentials, order)?;
        Ok(ListServiceSpecificCredentialsOutput {
            service_specific_credentials,
            end,
        })
    }
}

/// Draws another secret for a service-specific credential. The old one is no longer good from this instant on; the new one
/// is told this once.
#[derive(Shape)]
pub struct ResetServiceSpecificCredential {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
    /// The credential.
    pub service_specific_credential_id: ServiceSpecificCredentialId,
}

/// The answer of [`ResetServiceSpecificCredential`].
#[derive(Shape)]
pub struct ResetServiceSpecificCredentialOutput {
    /// The credential with its new secret.
    pub service_specific_credential: ServiceSpecificCredential,
}

impl Operation for ResetServiceSpecificCredential {
    const SPEC: Spec = Spec::iam("ResetServiceSpecificCredential", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .keys(&["iam:ServiceSpecificCredentialServiceName"])
        .faults(&[Code::NoSuchEntity]);
    type Output = ResetServiceSpecificCredentialOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let id = &self.service_specific_credential_id;
        target_of_change(cx, self.user_name.as_ref(), id).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_of(cx, self.user_name.as_ref()).await?;
        let id = &self.service_specific_credential_id;
        let credential = user.service_credentials.get(id)?;
        let service = Service::find(&credential.service)?;
        let secret = service_secret::draw(service, &credential.name, cx.rng());
        let hash = sealed(cx, &user, id, &secret).await?;
        let shape = ServiceSpecificCredential::of(&user, credential, secret, cx.now());
        let mut user: User = User::clone(&user);
        user.service_credentials.set_secret(id, hash)?;
        cx.unit.put(user);
        Ok(ResetServiceSpecificCredentialOutput {
            service_specific_credential: shape,
        })
    }
}

/// Switches a service-specific credential off or on.
#[derive(Shape)]
pub struct UpdateServiceSpecificCredential {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
    /// The credential.
    pub service_specific_credential_id: ServiceSpecificCredentialId,
    /// `Active` or `Inactive`.
    pub status: Status,
}

impl Operation for UpdateServiceSpecificCredential {
    const SPEC: Spec = Spec::iam("UpdateServiceSpecificCredential", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .keys(&["iam:ServiceSpecificCredentialServiceName"])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let id = &self.service_specific_credential_id;
        target_of_change(cx, self.user_name.as_ref(), id).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_of(cx, self.user_name.as_ref()).await?;
        let mut user: User = User::clone(&user);
        let now = cx.now();
        user.service_credentials.set_status(
            &self.service_specific_credential_id,
            self.status,
            now,
        )?;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Deletes a service-specific credential.
#[derive(Shape)]
pub struct DeleteServiceSpecificCredential {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
    /// The credential.
    pub service_specific_credential_id: ServiceSpecificCredentialId,
}

impl Operation for DeleteServiceSpecificCredential {
    const SPEC: Spec = Spec::iam("DeleteServiceSpecificCredential", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .keys(&["iam:ServiceSpecificCredentialServiceName"])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let id = &self.service_specific_credential_id;
        target_of_change(cx, self.user_name.as_ref(), id).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_of(cx, self.user_name.as_ref()).await?;
        let mut user: User = User::clone(&user);
        user.service_credentials
            .remove(&self.service_specific_credential_id)?;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_in_audit_events() {
        let secrets = |fields: &[claviger_shape::Field]| -> Vec<&'static str> {
            fields
                .iter()
                .filter(|field| field.secret())
                .map(|field| field.name.wire)
                .collect()
        };
        assert_eq!(
            secrets(ServiceSpecificCredential::FIELDS),
            ["ServicePassword", "ServiceCredentialSecret"]
        );
        assert_eq!(
            secrets(VerifyServiceSpecificCredential::FIELDS),
            ["ServicePassword", "ServiceCredentialSecret"]
        );
        assert!(secrets(ServiceSpecificCredentialMetadata::FIELDS).is_empty());
    }
}
