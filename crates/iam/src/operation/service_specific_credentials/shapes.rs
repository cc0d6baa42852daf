//! What answers tell of a service-specific credential.

use claviger_model::{Secret, Timestamp};
use claviger_shape::Shape;

use crate::entity::service_credential::{Service, ServiceCredential, ServiceSpecificCredentialId};
use crate::entity::{Status, User};

/// A service-specific credential with its secret.
#[derive(Shape)]
pub struct ServiceSpecificCredential {
    /// When it was made.
    pub create_date: Timestamp,
    /// When its time is over, if ever.
    pub expiration_date: Option<Timestamp>,
    /// The service that it is for.
    pub service_name: String,
    /// What the service knows the user by, where it takes a user name and a password.
    pub service_user_name: Option<String>,
    /// The password. This is the only time it is told.
    pub service_password: Option<Secret<String>>,
    /// What the service knows the user by, where it takes a key.
    pub service_credential_alias: Option<String>,
    /// The key. This is the only time it is told.
    pub service_credential_secret: Option<Secret<String>>,
    /// `ACCA…`.
    pub service_specific_credential_id: ServiceSpecificCredentialId,
    /// The user who has it.
    pub user_name: String,
    /// Whether it is good for use.
    pub status: Status,
}

/// A service-specific credential without its secret.
#[derive(Shape)]
pub struct ServiceSpecificCredentialMetadata {
    /// The user who has it.
    pub user_name: String,
    /// Whether it is good for use.
    pub status: Status,
    /// What the service knows the user by, where it takes a user name and a password.
    pub service_user_name: Option<String>,
    /// What the service knows the user by, where it takes a key.
    pub service_credential_alias: Option<String>,
    /// When it was made.
    pub create_date: Timestamp,
    /// When its time is over, if ever.
    pub expiration_date: Option<Timestamp>,
    /// `ACCA…`.
    pub service_specific_credential_id: ServiceSpecificCredentialId,
    /// The service that it is for.
    pub service_name: String,
}

/// The name as a user name, or as an alias: a service takes either passwords or keys.
fn named(credential: &ServiceCredential) -> (Option<String>, Option<String>) {
    let takes_keys =
        Service::find(&credential.service).is_ok_and(|service| service.key_prefix.is_some());
    let name = Some(credential.name.clone());
    if takes_keys {
        (None, name)
    } else {
        (name, None)
    }
}

impl ServiceSpecificCredential {
    pub(super) fn of(
        user: &User,
        credential: &ServiceCredential,
        secret: Secret<String>,
        now: Timestamp,
    ) -> Self {
        let (service_user_name, service_credential_alias) = named(credential);
        let (password, key) = match service_user_name {
            Some(_) => (Some(secret), None),
            None => (None, Some(secret)),
        };
        Self {
            create_date: credential.created,
            expiration_date: credential.expires,
            service_name: credential.service.clone(),
            service_user_name,
            service_password: password,
            service_credential_alias,
            service_credential_secret: key,
            service_specific_credential_id: credential.id.clone(),
            user_name: user.name.as_str().to_owned(),
            status: credential.status_at(now),
        }
    }
}

impl ServiceSpecificCredentialMetadata {
    pub(super) fn of(user: &User, credential: &ServiceCredential, now: Timestamp) -> Self {
        let (service_user_name, service_credential_alias) = named(credential);
        Self {
            user_name: user.name.as_str().to_owned(),
            status: credential.status_at(now),
            service_user_name,
            service_credential_alias,
            create_date: credential.created,
            expiration_date: credential.expires,
            service_specific_credential_id: credential.id.clone(),
            service_name: credential.service.clone(),
        }
    }
}
