//! Service-specific credentials: a name and a secret that a service asks for which cannot verify signatures.

use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{AccountId, Timestamp, UniqueId, text, text_scalar};
use claviger_store::Entries;

use super::credential::{PasswordHash, Status};
use super::index::{SERVICE_CREDENTIALS, SERVICE_USERS};
use crate::fault::Fault;

text_scalar! {
    /// The id of a service-specific credential: `ACCA…`.
    ServiceSpecificCredentialId, [MaxLength(128), MinLength(20), Pattern(r"[\w]+")], text::is_word
}

/// A service that takes credentials of its own, and what they look like there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The service, as requests name it.
    pub name: &'static str,
    /// What its keys begin with; it takes a user name with a password where this is absent.
    pub key_prefix: Option<&'static str>,
}

/// Every such service (IAM user guide, "API keys for AWS services", and the guides of the two that take passwords).
pub const SERVICES: &[Service] = &[
    Service {
        name: "codecommit.amazonaws.com",
        key_prefix: None,
    },
    Service {
        name: "cassandra.amazonaws.com",
        key_prefix: None,
    },
    Service {
        name: "bedrock.amazonaws.com",
        key_prefix: Some("ABSK"),
    },
    Service {
        name: "logs.amazonaws.com",
        key_prefix: Some("ACWL"),
    },
];

impl Service {
    /// The service of this name.
    ///
    /// # Errors
    /// `NoSuchEntity` (recorded from AWS, 2025).
    pub fn find(name: &str) -> Result<Self, Fault> {
        let mut all = SERVICES.iter();
        all.find(|service| service.name == name)
            .copied()
            .ok_or_else(|| {
                Fault::missing(format!(
                    "No such service {name} is supported for Service Specific Credentials"
                ))
            })
    }
}

/// A service-specific credential.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ServiceCredential {
    /// `ACCA…`.
    pub id: ServiceSpecificCredentialId,
    /// The service that it is for.
    pub service: String,
    /// What the service knows the user by. Renaming the user does not change it.
    pub name: String,
    /// Whether it is good for use, its time apart.
    pub status: Status,
    /// When it was made.
    pub created: Timestamp,
    /// When its time is over, if ever.
    pub expires: Option<Timestamp>,
    /// The secret, hashed and sealed. It is 256 bits of chance, so that a fast hash keeps it.
    pub secret: PasswordHash,
}

impl ServiceCredential {
    /// Whether it is good for use now.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> Status {
        match self.expires {
            Some(expires) if expires <= now => Status::Expired,
            _ => self.status,
        }
    }
}

/// The service-specific credentials of one user, oldest first.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ServiceCredentials(Vec<ServiceCredential>);

impl ServiceCredentials {
    /// Oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, ServiceCredential> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The credential of this id.
    ///
    /// # Errors
    /// `NoSuchEntity` if it is not one of these.
    pub fn get(&self, id: &ServiceSpecificCredentialId) -> Result<&ServiceCredential, Fault> {
        let mut all = self.0.iter();
        all.find(|credential| credential.id == *id)
            .ok_or_else(|| missing(id))
    }

    /// The credential that the service knows by this name, to the letter.
    #[must_use]
    pub fn known_as(&self, service: &str, name: &str) -> Option<&ServiceCredential> {
        let mut all = self.0.iter();
        all.find(|credential| credential.service == service && credential.name == name)
    }

    /// Refuses one more than there may be for a service. Inactive and expired ones count.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub fn check_room(&self, service: Service, limit: u64) -> Result<(), Fault> {
        let all = self.0.iter();
        let held = all.filter(|credential| credential.service == service.name);
        if held.count() as u64 >= limit {
            return Err(Fault::quota("ServiceSpecificCredentialsPerUser", limit));
        }
        Ok(())
    }

    /// Adds one for which there is room.
    pub fn add(&mut self, credential: ServiceCredential) {
        self.0.push(credential);
    }

    /// Sets the status.
    ///
    /// # Errors
    /// `NoSuchEntity`; `ValidationError` for one whose time is over, and for the status that says so.
    pub fn set_status(
        &mut self,
        id: &ServiceSpecificCredentialId,
        status: Status,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let credential = self.get_mut(id)?;
        if status == Status::Expired {
            return Err(Fault::invalid(
                "The status of a service-specific credential can be set to Active or Inactive.",
            ));
        }
        if credential.status_at(now) == Status::Expired {
            return Err(Fault::invalid(
                "The status of an expired service-specific credential cannot be changed.",
            ));
        }
        credential.status = status;
        Ok(())
    }

    /// Puts another secret in the place of the one that there is.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub fn set_secret(
        &mut self,
        id: &ServiceSpecificCredentialId,
        secret: PasswordHash,
    ) -> Result<(), Fault> {
        self.get_mut(id)?.secret = secret;
        Ok(())
    }

    /// Removes one.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub fn remove(&mut self, id: &ServiceSpecificCredentialId) -> Result<(), Fault> {
        self.get(id)?;
        self.0.retain(|credential| credential.id != *id);
        Ok(())
    }

    fn get_mut(
        &mut self,
        id: &ServiceSpecificCredentialId,
    ) -> Result<&mut ServiceCredential, Fault> {
        let mut all = self.0.iter_mut();
        all.find(|credential| credential.id == *id)
            .ok_or_else(|| missing(id))
    }

    /// Names the index entries of a user who has these.
    pub(super) fn entries(&self, user: &str, out: &mut Entries) {
        for credential in &self.0 {
            out.unique(
                &SERVICE_USERS,
                service_user_key(&credential.service, &credential.name),
            );
            let mut key = text::fold(user).into_bytes();
            key.push(0);
            key.extend_from_slice(credential.id.as_str().as_bytes());
            out.ordered(&SERVICE_CREDENTIALS, credential.service.as_bytes(), key);
        }
    }
}

fn missing(id: &ServiceSpecificCredentialId) -> Fault {
    Fault::missing(format!("No such credential {id} exists"))
}

/// The key of [`SERVICE_USERS`].
#[must_use]
pub fn service_user_key(service: &str, name: &str) -> Vec<u8> {
    [service.as_bytes(), b"\0", text::fold(name).as_bytes()].concat()
}

/// The id of the credential that a key of [`SERVICE_CREDENTIALS`] names.
#[must_use]
pub fn credential_of_key(key: &[u8]) -> Option<&str> {
    let id = key.split(|byte| *byte == 0).nth(1)?;
    std::str::from_utf8(id).ok()
}

/// What a service is to know a user by: the name with the account, and before it a number from the second on.
#[must_use]
pub fn service_user_name(user: &str, number: u32, account: AccountId) -> String {
    match number {
        0 => format!("{user}-at-{account}"),
        number => format!("{user}+{number}-at-{account}"),
    }
}

impl From<UniqueId> for ServiceSpecificCredentialId {
    fn from(id: UniqueId) -> Self {
        Self(id.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::{Code, Scalar};

    use super::*;

    #[test]
    fn a_service_without_such_credentials_is_not_found() {
        assert!(Service::find("codecommit.amazonaws.com").is_ok());
        for name in ["", "lambda.amazonaws.com", "CodeCommit.amazonaws.com"] {
            let fault = Service::find(name).expect_err("none");
            assert_eq!(fault.code(), Code::NoSuchEntity);
            assert_eq!(
                fault.message(),
                Some(
                    format!("No such service {name} is supported for Service Specific Credentials")
                        .as_str()
                )
            );
        }
    }

    #[test]
    fn the_first_name_has_no_number() {
        let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
        let names = [0, 1, 12].map(|number| service_user_name("jane", number, account));
        assert_eq!(
            names,
            [
                "jane-at-123456789012",
                "jane+1-at-123456789012",
                "jane+12-at-123456789012"
            ]
        );
    }

    #[test]
    fn an_id_keeps_to_its_alphabet_and_length() {
        assert!(ServiceSpecificCredentialId::parse("ACCA12345678901234567").is_ok());
        assert_eq!(
            ServiceSpecificCredentialId::parse("ACCA1234567890123456!"),
            Err(vec![Pattern(r"[\w]+")])
        );
        assert_eq!(
            ServiceSpecificCredentialId::parse("ACCA"),
            Err(vec![MinLength(20)])
        );
    }

    #[test]
    fn a_key_of_the_index_names_its_credential() {
        assert_eq!(credential_of_key(b"alice\0ACCA1\0AIDA1"), Some("ACCA1"));
        assert_eq!(credential_of_key(b"alice"), None);
    }
}
