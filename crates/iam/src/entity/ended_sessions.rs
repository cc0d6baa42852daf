//! Sessions that were ended one by one, before their time. They are self-contained, so that what ends one is kept with its
//! principal, which every request reads anyway.

use claviger_model::{AccessKeyId, Timestamp};

/// How many are kept of one principal. Ending one more ends every session of the principal.
const MOST: usize = 256;

/// A session that was ended, until it would have ended by itself.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Ended {
    /// What the session is called.
    id: AccessKeyId,
    /// When it would have ended.
    expires: Timestamp,
}

/// The sessions of a principal that were ended one by one.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct EndedSessions(Vec<Ended>);

impl EndedSessions {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one was ended.
    #[must_use]
    pub fn holds(&self, id: &AccessKeyId) -> bool {
        self.0.iter().any(|ended| ended.id == *id)
    }

    /// Whether one more would end them all.
    #[must_use]
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.0.iter().filter(|ended| now < ended.expires).count() >= MOST
    }

    /// Ends one. Those whose time is over are forgotten; where there are too many all the same, `epoch`, which every session
    /// of the principal must have, is raised, and ends them all: none that was ended may come back.
    pub fn end(&mut self, id: AccessKeyId, expires: Timestamp, epoch: &mut u64, now: Timestamp) {
        self.0.retain(|ended| now < ended.expires && ended.id != id);
        if self.0.len() < MOST {
            self.0.push(Ended { id, expires });
        } else {
            self.0.clear();
            *epoch += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::{AccountId, Rng};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn what_was_ended_stays_ended_until_its_time_is_over_and_however_many_there_are() {
        let rng = Rng::new(ChaCha20Rng::from_seed([3; 32]));
        let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
        let draw = || AccessKeyId::generate_temporary(account, &rng);
        let now = Timestamp::from_seconds(1_767_323_045);
        let (mut ended, mut epoch) = (EndedSessions::default(), 7);
        let short = draw();
        ended.end(short.clone(), now.plus_seconds(10), &mut epoch, now);
        assert!(ended.holds(&short) && !ended.holds(&draw()));
        for _ in 1..MOST {
            ended.end(draw(), now.plus_seconds(1_000), &mut epoch, now);
        }
        assert!(ended.holds(&short) && epoch == 7 && ended.is_full(now));
        assert!(!ended.is_full(now.plus_seconds(10)));
        // One more: those whose time is over give way first.
        let mut later = (ended.clone(), epoch);
        later.0.end(
            draw(),
            now.plus_seconds(1_000),
            &mut later.1,
            now.plus_seconds(10),
        );
        assert!(later.1 == 7 && !later.0.holds(&short));
        // Else all sessions end.
        ended.end(draw(), now.plus_seconds(1_000), &mut epoch, now);
        assert!(epoch == 8 && ended.is_empty());
    }
}
