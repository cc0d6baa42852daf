//! Challenges: each tells, sealed, what it was issued for, so that issuing one writes nothing and nobody's challenge can
//! push out another's. That it was used up is written once somebody has answered it well.

use claviger_model::{AccountId, Rng, Timestamp};
use claviger_store::{Bucket, Ring, Scope, Store};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::relying_party::RelyingParty;
use crate::entity::mfa_device::Who;
use crate::fault::Fault;

/// Seconds that a response may take.
pub(super) const LIFETIME_SECONDS: i64 = 300;
/// Seconds for which it is kept in mind that a challenge was used: as long as it is good, and an hour more, by which the
/// clocks of nodes may differ.
const REMEMBERED_SECONDS: u32 = 3_900;
/// The kind of bucket that holds the one ticket of a challenge; its id is the challenge's digest.
const USED: &str = "fido_challenge_used";
/// What challenges are sealed for: nothing sealed for another purpose opens as one.
const SEALED_FOR: &[u8] = b"claviger fido challenge 1";
/// Bytes of chance in a challenge (Web Authentication, 13.4.3, asks for 16); the seal adds 24 more.
const CHANCE: usize = 16;
/// Longer ones are not opened.
const MOST_BYTES: usize = 1_024;

/// What a challenge was issued for. A response to it is good for that and for nothing else.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ceremony {
    /// Registering a device of this user.
    Registration(Who),
    /// Proving possession of a device; of whose, the response tells where nobody is named.
    Assertion(Purpose, Option<Who>),
}

/// What possession of a device is proved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To do something for which having signed in is not enough.
    Reauthentication,
}

/// What stands in a challenge.
#[derive(serde::Serialize, serde::Deserialize)]
struct Content {
    ceremony: Ceremony,
    account: AccountId,
    party: String,
    issued: Timestamp,
    chance: String,
}

/// A challenge that was issued here for what it is brought back for, and whose time is not over.
#[derive(Debug)]
pub(crate) struct Open {
    used: Bucket,
}

/// Issues a challenge.
///
/// # Errors
/// It cannot be written.
pub(crate) fn issue(
    ring: &Ring,
    rng: &Rng,
    party: &RelyingParty,
    account: AccountId,
    ceremony: Ceremony,
    now: Timestamp,
) -> Result<Vec<u8>, Fault> {
    let content = Content {
        ceremony,
        account,
        party: party.id().to_owned(),
        issued: now,
        chance: BASE64URL_NOPAD.encode(&rng.bytes::<CHANCE>()),
    };
    let plain = serde_json::to_vec(&content).map_err(Fault::service)?;
    Ok(ring.seal(SEALED_FOR, &plain))
}

/// Opens a challenge that came back. It reads and writes nothing.
///
/// # Errors
/// It was not issued here, its time is over, or it is for something else.
pub(crate) fn open(
    ring: &Ring,
    party: &RelyingParty,
    account: AccountId,
    ceremony: &Ceremony,
    challenge: &[u8],
    now: Timestamp,
) -> Result<Open, Refusal> {
    if challenge.len() > MOST_BYTES {
        return Err(Refusal::UnknownChallenge);
    }
    let plain = ring.open(SEALED_FOR, challenge);
    let plain = plain.ok_or(Refusal::UnknownChallenge)?;
    let content: Content =
        serde_json::from_slice(plain.expose()).map_err(|_| Refusal::UnknownChallenge)?;
    if content.ceremony != *ceremony || content.account != account || content.party != party.id() {
        return Err(Refusal::ChallengeOfAnother);
    }
    // A clock that was set back makes a challenge no older; it must not make it live longer either.
    if !(0..LIFETIME_SECONDS).contains(&now.seconds_since(content.issued)) {
        return Err(Refusal::ExpiredChallenge);
    }
    let digest = HEXLOWER.encode(&Sha256::digest(challenge));
    Ok(Open {
        used: Bucket::new(Scope::Account(account), USED, digest),
    })
}

impl Open {
    /// Whether it was used up.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub(crate) async fn is_used(&self, store: &Store, now: Timestamp) -> Result<bool, Fault> {
        let tickets = store.tickets(&self.used, now).await;
        Ok(tickets.map_err(Fault::unavailable)?.is_some())
    }

    /// Uses it up, whatever follows: of those who bring good answers to one challenge, one is told that it was the first.
    ///
    /// # Errors
    /// `ServiceUnavailable`: treat it as used.
    pub(crate) async fn use_up(&self, store: &Store, now: Timestamp) -> Result<bool, Fault> {
        store
            .take(&self.used, 1, REMEMBERED_SECONDS, now)
            .await
            .map_err(Fault::unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_fits_into_what_is_opened() {
        let longest = Content {
            ceremony: Ceremony::Assertion(Purpose::Reauthentication, Some(Who::Root)),
            account: AccountId::from_number(123_456_789_012).expect("twelve digits"),
            // A name of the domain name system has 253 characters at the most.
            party: "a".repeat(253),
            issued: Timestamp::from_seconds(i64::from(u32::MAX)),
            chance: BASE64URL_NOPAD.encode(&[255; CHANCE]),
        };
        let plain = serde_json::to_vec(&longest).expect("JSON");
        // A user's id, the key's number, the nonce and the tag come to it.
        assert!(plain.len() + 64 + 4 + 24 + 16 < MOST_BYTES);
    }

    #[test]
    fn what_was_used_is_remembered_for_longer_than_it_is_good() {
        assert!(i64::from(REMEMBERED_SECONDS) > LIFETIME_SECONDS);
    }
}
