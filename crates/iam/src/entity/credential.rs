//! Credentials that users and root have alike: login profiles and access keys.

use claviger_model::{AccessKeyId, Timestamp, enum_scalar};
use claviger_store::Sealed;

use crate::fault::Fault;

enum_scalar! {
    /// Whether a credential is good for use.
    Status {
        /// It is.
        Active = "Active",
        /// It is kept, but refused.
        Inactive = "Inactive",
        /// Its time is over. Answered by AWS for some credentials, never set.
        Expired = "Expired",
    }
}

/// A long-term access key.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: AccessKeyId,
    /// Whether it is good for use.
    pub status: Status,
    /// When it was made.
    pub created: Timestamp,
    /// The secret, sealed: request signatures need it in the clear.
    pub secret: Sealed,
}

/// The access keys of one user or of root, oldest first.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct AccessKeys(Vec<AccessKey>);

impl AccessKeys {
    /// Oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, AccessKey> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&AccessKey> {
        self.0.iter().find(|key| key.id.as_str() == id)
    }

    /// Refuses one key more than there may be. Inactive keys count.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub fn check_room(&self, limit: u64) -> Result<(), Fault> {
        if self.0.len() as u64 >= limit {
            return Err(Fault::quota("AccessKeysPerUser", limit));
        }
        Ok(())
    }

    /// Adds a key.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub fn add(&mut self, key: AccessKey, limit: u64) -> Result<(), Fault> {
        self.check_room(limit)?;
        self.0.push(key);
        Ok(())
    }

    /// Sets a key's status.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these.
    pub fn set_status(&mut self, id: &AccessKeyId, status: Status) -> Result<(), Fault> {
        let key = self
            .0
            .iter_mut()
            .find(|key| key.id == *id)
            .ok_or_else(|| missing_key(id))?;
        key.status = status;
        Ok(())
    }

    /// Removes a key.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these.
    pub fn remove(&mut self, id: &AccessKeyId) -> Result<(), Fault> {
        let before = self.0.len();
        self.0.retain(|key| key.id != *id);
        if self.0.len() == before {
            return Err(missing_key(id));
        }
        Ok(())
    }
}

fn missing_key(id: &AccessKeyId) -> Fault {
    Fault::missing(format!("The Access Key with id {id} cannot be found."))
}

/// A password to sign in with, and those before it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct LoginProfile {
    /// When the profile was made. Changing the password does not change it.
    pub created: Timestamp,
    /// When the password was last set: its age counts from here.
    pub changed: Timestamp,
    /// Whether the user must set a new password at the next sign-in.
    pub reset_required: bool,
    /// The password, hashed and sealed.
    pub password: PasswordHash,
    /// Earlier passwords, newest first, at most [`MAX_HISTORY`].
    pub history: Vec<PasswordHash>,
}

/// How many earlier passwords are kept: reuse prevention reaches back 24, the current one included.
pub const MAX_HISTORY: usize = 24;

/// A hashed password, in PHC string format inside the seal, so that its parameters come with it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PasswordHash {
    /// The field that the hash is sealed as: one of its own, so that it opens from the history as it did before.
    pub field: String,
    /// The PHC string, sealed.
    pub sealed: Sealed,
}

impl PasswordHash {
    /// A field that no other hash is sealed as.
    #[must_use]
    pub fn new_field(rng: &claviger_model::Rng) -> String {
        format!("password/{}", rng.uuid())
    }
}

impl LoginProfile {
    /// Sets a new password; the old one goes to the history.
    pub fn set_password(&mut self, password: PasswordHash, now: Timestamp) {
        let old = std::mem::replace(&mut self.password, password);
        self.history.insert(0, old);
        self.history.truncate(MAX_HISTORY);
        self.changed = now;
    }
}
