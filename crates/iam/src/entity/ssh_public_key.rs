//! SSH public keys of users.

use claviger_model::{Code, SshPublicKeyId, Timestamp};

use super::credential::Status;
use crate::fault::Fault;

/// An SSH public key.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SshPublicKey {
    /// `APKA…`.
    pub id: SshPublicKeyId,
    /// Whether it is good for use.
    pub status: Status,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// The key in `ssh-rsa` format, without its comment: two keys are one where this is.
    pub openssh: String,
    /// What stood behind the key.
    pub comment: Option<String>,
}

impl SshPublicKey {
    /// The line that was uploaded.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.comment {
            Some(comment) => [&self.openssh, " ", comment].concat(),
            None => self.openssh.clone(),
        }
    }
}

/// The SSH public keys of one user, in the order in which they were uploaded.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SshPublicKeys(Vec<SshPublicKey>);

impl SshPublicKeys {
    /// Oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, SshPublicKey> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of this id.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these.
    pub fn get(&self, id: &SshPublicKeyId) -> Result<&SshPublicKey, Fault> {
        let mut keys = self.0.iter();
        keys.find(|key| key.id == *id)
            .ok_or_else(|| missing_key(id))
    }

    /// Adds a key. Inactive keys count.
    ///
    /// # Errors
    /// `DuplicateSSHPublicKey`, `LimitExceeded`.
    pub fn add(&mut self, key: SshPublicKey, limit: u64) -> Result<(), Fault> {
        if self.0.iter().any(|other| other.openssh == key.openssh) {
            return Err(Fault::new(
                Code::DuplicateSshPublicKey,
                "The SSH public key is already associated with the specified user.",
            ));
        }
        if self.0.len() as u64 >= limit {
            return Err(Fault::quota("SSHPublicKeysPerUser", limit));
        }
        self.0.push(key);
        Ok(())
    }

    /// Sets a key's status.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these.
    pub fn set_status(&mut self, id: &SshPublicKeyId, status: Status) -> Result<(), Fault> {
        let mut keys = self.0.iter_mut();
        let key = keys.find(|key| key.id == *id);
        key.ok_or_else(|| missing_key(id))?.status = status;
        Ok(())
    }

    /// Removes a key.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these.
    pub fn remove(&mut self, id: &SshPublicKeyId) -> Result<(), Fault> {
        let before = self.0.len();
        self.0.retain(|key| key.id != *id);
        if self.0.len() == before {
            return Err(missing_key(id));
        }
        Ok(())
    }
}

fn missing_key(id: &SshPublicKeyId) -> Fault {
    Fault::missing(format!("The Public Key with id {id} cannot be found."))
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar;

    use super::*;

    fn key(number: u8) -> SshPublicKey {
        SshPublicKey {
            id: SshPublicKeyId::parse(&format!("APKA{number:016}")).expect("an id"),
            status: Status::Active,
            uploaded: Timestamp::EPOCH,
            openssh: format!("ssh-rsa {number}"),
            comment: None,
        }
    }

    #[test]
    fn a_key_is_known_again_whatever_its_comment_says() {
        let mut keys = SshPublicKeys::default();
        keys.add(key(1), 5).expect("the first");
        let again = SshPublicKey {
            id: key(2).id,
            comment: Some(String::from("another")),
            ..key(1)
        };
        let fault = keys.add(again, 5).expect_err("a duplicate");
        assert_eq!(fault.code(), Code::DuplicateSshPublicKey);
        assert_eq!(keys.iter().count(), 1);
    }

    #[test]
    fn an_inactive_key_counts_and_a_removed_one_does_not() {
        let mut keys = SshPublicKeys::default();
        keys.add(key(1), 1).expect("the first");
        keys.set_status(&key(1).id, Status::Inactive)
            .expect("it is there");
        let fault = keys.add(key(2), 1).expect_err("too many");
        assert_eq!(fault.code(), Code::LimitExceeded);
        keys.remove(&key(1).id).expect("it is there");
        keys.add(key(2), 1).expect("room again");
        assert!(keys.get(&key(1).id).is_err());
        assert!(keys.remove(&key(1).id).is_err());
    }
}
