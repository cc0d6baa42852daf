//! Issuing challenges and using them up.

use claviger_model::{AccountId, Rng, Timestamp};
use claviger_store::{Depends, Scope, Unit};

use super::assertion::CeremonyError;
use super::refusal::Refusal;
use crate::entity::FidoChallenge;
use crate::entity::fido_challenge::{Ceremony, groups_of};
use crate::entity::index::FIDO_CHALLENGES;
use crate::entity::mfa_device::Who;
use crate::fault::Fault;

/// Bytes of a challenge (Web Authentication, 13.4.3, asks for 16).
pub(crate) const CHALLENGE_BYTES: usize = 32;
/// Challenges of one user and ceremony that may wait for a response: one for each window that somebody has open.
const MOST_OF_USER: usize = 8;
/// Challenges of nobody in particular that may wait in each of their groups.
const MOST_OF_GROUP: usize = 64;

/// Issues a challenge for one ceremony, in this unit's commit. Those of the same user whose time is over go with it; where
/// too many wait, the oldest do, so that who begins again and again fills nothing and is never shut out.
///
/// # Errors
/// `ServiceUnavailable`.
pub(crate) async fn issue(
    unit: &mut Unit,
    account: AccountId,
    rng: &Rng,
    now: Timestamp,
    ceremony: Ceremony,
) -> Result<[u8; CHALLENGE_BYTES], Fault> {
    let challenge: [u8; CHALLENGE_BYTES] = rng.bytes();
    let most = if ceremony.who().is_some() {
        MOST_OF_USER
    } else {
        MOST_OF_GROUP
    };
    let new = FidoChallenge {
        account,
        id: FidoChallenge::id_of(&challenge),
        ceremony,
        issued: now,
    };
    let scope = Scope::Account(account);
    let waiting = unit
        .page::<FidoChallenge>(
            scope,
            &FIDO_CHALLENGES,
            &new.group(),
            b"",
            None,
            most + 1,
            Depends::Group,
        )
        .await
        .map_err(Fault::unavailable)?;
    let mut left = waiting.items.len();
    for (_, old) in &waiting.items {
        if old.has_expired(now) || left >= most {
            unit.delete::<FidoChallenge>(scope, &old.id);
            left -= 1;
        }
    }
    unit.put(new);
    Ok(challenge)
}

/// Finds a challenge that was issued for this ceremony, and uses it up in this unit's commit: of two who answer one
/// challenge at once, one commits and the other finds it gone.
///
/// # Errors
/// There is none, its time is over, or it is for something else; `ServiceUnavailable`.
pub(crate) async fn redeem(
    unit: &mut Unit,
    account: AccountId,
    now: Timestamp,
    challenge: &[u8],
    ceremony: &Ceremony,
) -> Result<(), CeremonyError> {
    let scope = Scope::Account(account);
    let id = FidoChallenge::id_of(challenge);
    let found = unit
        .get::<FidoChallenge>(scope, &id)
        .await
        .map_err(Fault::unavailable)?
        .ok_or(Refusal::UnknownChallenge)?;
    if found.ceremony != *ceremony {
        return Err(Refusal::ChallengeOfAnother.into());
    }
    if found.has_expired(now) {
        return Err(Refusal::ExpiredChallenge.into());
    }
    unit.delete::<FidoChallenge>(scope, &id);
    Ok(())
}

/// Takes back every challenge that waits for this user's response, in this unit's commit.
///
/// # Errors
/// `ServiceUnavailable`.
pub(crate) async fn withdraw(unit: &mut Unit, account: AccountId, who: &Who) -> Result<(), Fault> {
    let scope = Scope::Account(account);
    for group in groups_of(who) {
        let waiting = unit
            .page::<FidoChallenge>(
                scope,
                &FIDO_CHALLENGES,
                &group,
                b"",
                None,
                MOST_OF_USER + 1,
                Depends::Group,
            )
            .await
            .map_err(Fault::unavailable)?;
        for (_, old) in &waiting.items {
            unit.delete::<FidoChallenge>(scope, &old.id);
        }
    }
    Ok(())
}
