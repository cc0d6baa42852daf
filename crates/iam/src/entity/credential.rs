//! Credentials that users and root have alike: login profiles and access keys.

use std::sync::Arc;

use claviger_model::{AccessKeyId, Code, Timestamp, enum_scalar};
use claviger_store::Sealed;

use super::key_bounds::KeyBounds;
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

enum_scalar! {
    /// Where an access key stands between its making and its end.
    Stage {
        /// It is good for use, until further notice or until it expires.
        Active = "Active",
        /// It is good for use until it expires: another key takes its place.
        Retiring = "Retiring",
        /// It is kept, but refused.
        Inactive = "Inactive",
        /// Its time is over. It can be deleted, and nothing else.
        Expired = "Expired",
    }
}

/// A long-term access key.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: AccessKeyId,
    /// Whether it is good for use, its time apart.
    pub status: Status,
    /// When it was made.
    pub created: Timestamp,
    /// The secret, sealed: request signatures need it in the clear.
    pub secret: Sealed,
    /// Until when and from where it is good, where that was ever bounded. Records from before there were bounds have none.
    /// Shared with the principals that are kept in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Arc<KeyBounds>>,
}

impl AccessKey {
    /// Whether it is good for use now.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> Status {
        match &self.bounds {
            Some(bounds) if bounds.has_ended(now) => Status::Expired,
            _ => self.status,
        }
    }

    /// Where it stands now.
    #[must_use]
    pub fn stage_at(&self, now: Timestamp) -> Stage {
        match self.status_at(now) {
            Status::Expired => Stage::Expired,
            Status::Inactive => Stage::Inactive,
            Status::Active if self.is_retiring() => Stage::Retiring,
            Status::Active => Stage::Active,
        }
    }

    /// Whether it gives way to another key.
    #[must_use]
    pub fn is_retiring(&self) -> bool {
        let bounds = self.bounds.as_ref();
        bounds.is_some_and(|bounds| bounds.retiring.is_some())
    }

    /// The bounds of a key that takes the place of this one: its networks, and `expires`, or as much time as this one was
    /// given.
    #[must_use]
    pub fn successor_bounds(&self, expires: Option<Timestamp>, now: Timestamp) -> KeyBounds {
        let bounds = self.bounds.as_deref().cloned().unwrap_or_default();
        let lifetime = bounds
            .expires
            .map(|expires| expires.seconds_since(self.created.whole_seconds()));
        let same_time = lifetime.map(|seconds| {
            let until = now.whole_seconds().plus_seconds(seconds);
            until.min(LATEST_EXPIRY)
        });
        KeyBounds {
            retiring: None,
            expires: expires.or(same_time),
            sources: bounds.sources,
        }
    }

    /// Puts these bounds in the place of those that there are; bounds that bound nothing are none.
    fn set_bounds(&mut self, bounds: KeyBounds) {
        self.bounds = (bounds != KeyBounds::default()).then(|| Arc::new(bounds));
    }
}

/// The last second of the year 9999, the last that a date of four digits tells.
const LATEST_EXPIRY: Timestamp = Timestamp::from_seconds(253_402_300_799);

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
    /// `NoSuchEntity` if the key is not one of these; `InvalidInput` if its time is over.
    pub fn set_status(
        &mut self,
        id: &AccessKeyId,
        status: Status,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.unexpired(id, now)?.status = status;
        Ok(())
    }

    /// The bounds of a key, to change.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these; `InvalidInput` if its time is over.
    pub fn bounds(&mut self, id: &AccessKeyId, now: Timestamp) -> Result<KeyBounds, Fault> {
        let key = self.unexpired(id, now)?;
        Ok(key.bounds.as_deref().cloned().unwrap_or_default())
    }

    /// Sets a key's bounds, in the place of those that it has.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these; `InvalidInput` if its time is over.
    pub fn set_bounds(
        &mut self,
        id: &AccessKeyId,
        bounds: KeyBounds,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.unexpired(id, now)?.set_bounds(bounds);
        Ok(())
    }

    /// The key that another is to take the place of.
    ///
    /// # Errors
    /// `NoSuchEntity` if the key is not one of these; `InvalidInput` if it is not good for use, or retiring already.
    pub fn rotatable(&self, id: &AccessKeyId, now: Timestamp) -> Result<&AccessKey, Fault> {
        let key = self.get(id.as_str()).ok_or_else(|| missing_key(id))?;
        let why = match key.stage_at(now) {
            Stage::Active => return Ok(key),
            Stage::Retiring => "is retiring already",
            Stage::Inactive => "is inactive",
            Stage::Expired => "has expired",
        };
        Err(Fault::new(
            Code::InvalidInput,
            format!("The Access Key with id {id} {why} and cannot be rotated."),
        ))
    }

    /// Has a key retire from now on and expire at `expires`, or when it was to expire anyway if that is earlier; answers which
    /// it is.
    ///
    /// # Errors
    /// As [`AccessKeys::rotatable`].
    pub fn retire(
        &mut self,
        id: &AccessKeyId,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<Timestamp, Fault> {
        self.rotatable(id, now)?;
        let key = self.get_mut(id)?;
        let bounds = key.bounds.as_deref().cloned().unwrap_or_default();
        let earlier = bounds.expires.map_or(expires, |set| set.min(expires));
        key.set_bounds(KeyBounds {
            retiring: Some(now),
            expires: Some(earlier),
            ..bounds
        });
        Ok(earlier)
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

impl AccessKeys {
    fn get_mut(&mut self, id: &AccessKeyId) -> Result<&mut AccessKey, Fault> {
        let mut all = self.0.iter_mut();
        all.find(|key| key.id == *id).ok_or_else(|| missing_key(id))
    }

    /// The key, to change. One whose time is over is not changed any more: it would come back to life.
    fn unexpired(&mut self, id: &AccessKeyId, now: Timestamp) -> Result<&mut AccessKey, Fault> {
        let key = self.get_mut(id)?;
        if key.status_at(now) == Status::Expired {
            return Err(Fault::new(
                Code::InvalidInput,
                format!("The Access Key with id {id} has expired. Delete it and create another."),
            ));
        }
        Ok(key)
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
    /// Whether it was drawn and sent, and has not been changed since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated: bool,
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
        self.generated = false;
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar;

    use super::*;
    use crate::entity::SourceNetwork;

    const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);

    fn key(number: u8) -> AccessKey {
        let text = format!(
            r#"{{"id":"AKIAIOSFODNN7EXAMPL{number}","status":"Active","created":0,"secret":""}}"#
        );
        serde_json::from_str(&text).expect("a record from before there were bounds")
    }

    fn held(count: u8) -> AccessKeys {
        AccessKeys((1..=count).map(key).collect())
    }

    fn stage(keys: &AccessKeys, number: u8, seconds: i64) -> Stage {
        keys.get(key(number).id.as_str())
            .expect("it is there")
            .stage_at(NOW.plus_seconds(seconds))
    }

    fn expiring(seconds: i64) -> KeyBounds {
        KeyBounds {
            expires: Some(NOW.plus_seconds(seconds)),
            ..KeyBounds::default()
        }
    }

    #[test]
    fn a_key_without_bounds_is_stored_as_it_was_before_there_were_any() {
        let text = serde_json::to_value(key(1)).expect("JSON");
        assert!(text.get("bounds").is_none(), "{text}");
    }

    #[test]
    fn a_retiring_key_is_active_until_it_expires() {
        let mut keys = held(1);
        let id = key(1).id;
        let expires = keys.retire(&id, NOW.plus_seconds(60), NOW).expect("active");
        assert_eq!(expires, NOW.plus_seconds(60));
        assert_eq!(stage(&keys, 1, 59), Stage::Retiring);
        let retiring = keys.get(id.as_str()).expect("it is there");
        assert_eq!(retiring.status_at(NOW.plus_seconds(59)), Status::Active);
        assert_eq!(retiring.status_at(NOW.plus_seconds(60)), Status::Expired);
        assert_eq!(stage(&keys, 1, 60), Stage::Expired);
    }

    #[test]
    fn only_an_active_key_can_be_rotated() {
        let id = key(1).id;
        let refused = |keys: &AccessKeys, seconds: i64| {
            let fault = keys
                .rotatable(&id, NOW.plus_seconds(seconds))
                .expect_err("refused");
            assert_eq!(fault.code(), Code::InvalidInput);
            fault.message().unwrap_or_default().to_owned()
        };
        let mut keys = held(1);
        keys.retire(&id, NOW.plus_seconds(60), NOW).expect("active");
        assert!(refused(&keys, 1).contains("is retiring already"));
        assert!(refused(&keys, 60).contains("has expired"));
        let mut keys = held(1);
        keys.set_status(&id, Status::Inactive, NOW).expect("active");
        assert!(refused(&keys, 0).contains("is inactive"));
        let unknown = held(1)
            .rotatable(&key(2).id, NOW)
            .expect_err("unknown")
            .code();
        assert_eq!(unknown, Code::NoSuchEntity);
    }

    #[test]
    fn retiring_never_puts_an_expiry_off_and_keeps_the_networks() {
        let mut keys = held(1);
        let id = key(1).id;
        let sources = vec![SourceNetwork::parse("192.0.2.0/24").expect("a network")];
        let bounds = KeyBounds {
            sources: sources.clone(),
            ..expiring(30)
        };
        keys.set_bounds(&id, bounds, NOW).expect("active");
        let expires = keys.retire(&id, NOW.plus_seconds(60), NOW).expect("active");
        assert_eq!(expires, NOW.plus_seconds(30));
        let kept = keys.get(id.as_str()).and_then(|key| key.bounds.clone());
        assert_eq!(kept.expect("bounds").sources, sources);
    }

    #[test]
    fn a_successor_has_the_networks_and_as_much_time() {
        let sources = vec![SourceNetwork::parse("192.0.2.0/24").expect("a network")];
        let created = Timestamp::from_micros(NOW.micros() + 900_000);
        let mut old = AccessKey { created, ..key(1) };
        let later = NOW.plus_seconds(1_000);
        assert_eq!(old.successor_bounds(None, later), KeyBounds::default());
        old.set_bounds(KeyBounds {
            retiring: Some(NOW),
            sources: sources.clone(),
            ..expiring(1)
        });
        // As much as was given, also where it was less than a second, and never no time at all.
        let expected = |expires| KeyBounds {
            retiring: None,
            expires: Some(expires),
            sources: sources.clone(),
        };
        let same = later.plus_seconds(1);
        assert_eq!(old.successor_bounds(None, later), expected(same));
        let asked = later.plus_seconds(7);
        assert_eq!(old.successor_bounds(Some(asked), later), expected(asked));
        old.set_bounds(expiring(LATEST_EXPIRY.seconds() - NOW.seconds()));
        let last = old.successor_bounds(None, later).expires;
        assert_eq!(last, Some(LATEST_EXPIRY));
    }

    #[test]
    fn a_key_that_has_expired_can_be_removed_and_nothing_else() {
        let mut keys = held(1);
        let id = key(1).id;
        keys.set_bounds(&id, expiring(60), NOW).expect("active");
        let later = NOW.plus_seconds(60);
        for status in [Status::Active, Status::Inactive] {
            let fault = keys.set_status(&id, status, later).expect_err("expired");
            assert_eq!(fault.code(), Code::InvalidInput);
        }
        let fault = keys.set_bounds(&id, KeyBounds::default(), later);
        assert_eq!(fault.expect_err("expired").code(), Code::InvalidInput);
        assert!(keys.retire(&id, later.plus_seconds(60), later).is_err());
        keys.remove(&id).expect("it is there");
        assert!(keys.is_empty());
    }

    #[test]
    fn bounds_that_bound_nothing_are_none() {
        let mut keys = held(1);
        let id = key(1).id;
        keys.retire(&id, NOW.plus_seconds(60), NOW).expect("active");
        keys.set_bounds(&id, KeyBounds::default(), NOW)
            .expect("not expired");
        let key = keys.get(id.as_str()).expect("it is there");
        assert!(key.bounds.is_none());
        assert_eq!(stage(&keys, 1, 60), Stage::Active);
    }

    #[test]
    fn expired_and_inactive_keys_count() {
        let mut keys = held(2);
        keys.set_bounds(&key(1).id, expiring(-1), NOW)
            .expect("active");
        keys.set_status(&key(2).id, Status::Inactive, NOW)
            .expect("active");
        assert_eq!(stage(&keys, 1, 0), Stage::Expired);
        assert_eq!(
            keys.add(key(3), 2).expect_err("no room").code(),
            Code::LimitExceeded
        );
        keys.add(key(3), 3).expect("room");
    }
}
