//! Challenges of FIDO ceremonies, from when they are issued until a response comes or their time is over.

use claviger_model::{AccountId, Timestamp};
use claviger_store::{Entries, Record, Scope};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::index::FIDO_CHALLENGES;
use super::mfa_device::Who;

/// Seconds that a response may take.
pub const LIFETIME_SECONDS: i64 = 300;

/// What a challenge was issued for. A response to it is good for that and for nothing else.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ceremony {
    /// Registering a device of this user.
    Registration(Who),
    /// Proving possession of a device.
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

impl Ceremony {
    /// Whom the challenge was issued to; `None` where that is found out by the response.
    #[must_use]
    pub fn who(&self) -> Option<&Who> {
        match self {
            Self::Registration(who) => Some(who),
            Self::Assertion(_, who) => who.as_ref(),
        }
    }

    /// The group of [`FIDO_CHALLENGES`] in which challenges are counted: one for registrations and one for assertions of
    /// each user. Those of nobody in particular stand in sixteen, so that those who sign in at once seldom meet.
    fn group(&self, id: &str) -> Vec<u8> {
        let kind = match self {
            Self::Registration(_) => "registration",
            Self::Assertion(..) => "assertion",
        };
        let whose = match self.who() {
            Some(Who::User(id)) => id.as_str(),
            Some(Who::Root) => "root",
            None => id.get(..1).unwrap_or_default(),
        };
        [kind, "/", whose].concat().into_bytes()
    }
}

/// The groups of [`FIDO_CHALLENGES`] in which the challenges of a user stand.
#[must_use]
pub fn groups_of(who: &Who) -> [Vec<u8>; 2] {
    [
        Ceremony::Registration(who.clone()).group(""),
        Ceremony::Assertion(Purpose::SignIn, Some(who.clone())).group(""),
    ]
}

/// A challenge that waits for its response.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct FidoChallenge {
    /// The account in which it was issued.
    pub account: AccountId,
    /// The challenge's digest: who reads the store must not find challenges there.
    pub id: String,
    /// What it was issued for.
    pub ceremony: Ceremony,
    /// When it was issued.
    pub issued: Timestamp,
}

impl FidoChallenge {
    /// The id of a challenge.
    #[must_use]
    pub fn id_of(challenge: &[u8]) -> String {
        HEXLOWER.encode(&Sha256::digest(challenge))
    }

    /// The group of [`FIDO_CHALLENGES`] in which it stands.
    #[must_use]
    pub fn group(&self) -> Vec<u8> {
        self.ceremony.group(&self.id)
    }

    /// Whether its time is over.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        // A clock that was set back makes a challenge no older; it must not make it live longer either.
        !(0..LIFETIME_SECONDS).contains(&now.seconds_since(self.issued))
    }
}

impl Record for FidoChallenge {
    const KIND: &'static str = "fido_challenge";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn entries(&self, out: &mut Entries) {
        out.ordered(
            &FIDO_CHALLENGES,
            self.group(),
            self.issued.micros().to_be_bytes().as_slice(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(ceremony: Ceremony, issued: i64) -> FidoChallenge {
        FidoChallenge {
            account: AccountId::from_number(123_456_789_012).expect("twelve digits"),
            id: FidoChallenge::id_of(b"challenge"),
            ceremony,
            issued: Timestamp::from_seconds(issued),
        }
    }

    #[test]
    fn a_challenge_lives_for_five_minutes_and_not_before_it_was_issued() {
        let one = challenge(Ceremony::Registration(Who::Root), 1_000);
        for (now, expired) in [
            (999, true),
            (1_000, false),
            (1_299, false),
            (1_300, true),
            (9_000, true),
        ] {
            assert_eq!(
                one.has_expired(Timestamp::from_seconds(now)),
                expired,
                "{now}"
            );
        }
    }

    #[test]
    fn registrations_and_assertions_are_counted_apart_and_by_user() {
        let groups = [
            Ceremony::Registration(Who::Root),
            Ceremony::Assertion(Purpose::SignIn, Some(Who::Root)),
            Ceremony::Assertion(Purpose::SignIn, None),
        ]
        .map(|ceremony| challenge(ceremony, 0).group());
        assert_eq!(groups[..2], groups_of(&Who::Root));
        assert!(!groups[..2].contains(&groups[2]));
    }
}
