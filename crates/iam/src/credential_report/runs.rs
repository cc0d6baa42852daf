//! The making of reports on this node: one of an account at a time, few of all accounts, and who is told of which.
//!
//! Whoever asks gets a report that was begun after the asking, as long as it is made in `PATIENCE`. Those who ask while
//! one is being made wait for it and share the next. What takes longer goes on by itself: who asked is told that it has
//! begun, and whoever asks first once it is there is told so instead of getting another, so that asking until it is
//! there comes to an end. That holds for `NOTICE`: who comes later, or was there before the report was begun, does not ask
//! for that one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use claviger_model::AccountId;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::fault::Fault;
use crate::iam::Iam;

/// How long a request waits for its report. Clients give up after a minute or so.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a report that took its time is told of. Who waits for one asks every few seconds.
const NOTICE: Duration = Duration::from_secs(300);
/// Reports made at once.
const AT_ONCE: usize = 2;

/// How far a report has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// This request has begun it.
    Started,
    /// Another one has.
    InProgress,
    /// It is there.
    Complete,
}

/// The reports that are being made.
pub struct Runs {
    shared: Arc<Mutex<Shared>>,
    turns: Semaphore,
}

#[derive(Default)]
struct Shared {
    /// How many have begun, of all accounts.
    begun: u64,
    accounts: HashMap<AccountId, State>,
}

/// What is known of an account of which a report is being made, or was and nobody has been told.
enum State {
    Runs {
        number: u64,
        end: watch::Receiver<Option<bool>>,
        /// Whether somebody went away who is to be told when it is there.
        owed: bool,
    },
    /// It is there since then, and whoever is to be told has not asked.
    Untold { number: u64, since: Instant },
}

/// A report that is being made, until this is dropped.
pub struct Running {
    shared: Arc<Mutex<Shared>>,
    account: AccountId,
    end: watch::Sender<Option<bool>>,
    well: bool,
}

/// Where a request stands.
enum Place {
    /// Somebody asked for a report that has been finished since.
    Told,
    /// One is being made; it is this one.
    Waits(u64, watch::Receiver<Option<bool>>),
    /// This request is to make it.
    Makes(Running),
}

impl Runs {
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// Whether a report of the account is being made on this node.
    #[must_use]
    pub fn is_running(&self, account: AccountId) -> bool {
        let shared = self.shared.lock();
        let state = shared.accounts.get(&account);
        matches!(state, Some(State::Runs { .. }))
    }

    /// Notes that a report of the account is being made, unless one is already.
    #[must_use]
    pub fn begin(&self, account: AccountId) -> Option<Running> {
        // A notice is left to whoever it is for.
        match self.enter(account, u64::MAX) {
            Place::Makes(running) => Some(running),
            Place::Told | Place::Waits(..) => None,
        }
    }

    /// Where a request stands that is to be told of a report of this number or a later one.
    fn enter(&self, account: AccountId, least: u64) -> Place {
        let mut shared = self.shared.lock();
        let mut owed = false;
        match shared.accounts.get(&account) {
            Some(State::Runs { number, end, .. }) => return Place::Waits(*number, end.clone()),
            Some(State::Untold { number, since }) if since.elapsed() < NOTICE => {
                if *number >= least {
                    shared.accounts.remove(&account);
                    return Place::Told;
                }
                // Whoever is to be told is told of the one that is made now.
                owed = true;
            }
            Some(State::Untold { .. }) | None => {}
        }
        let number = shared.begun;
        let (sender, end) = watch::channel(None);
        shared.begun += 1;
        shared
            .accounts
            .insert(account, State::Runs { number, end, owed });
        Place::Makes(Running {
            shared: Arc::clone(&self.shared),
            account,
            end: sender,
            well: false,
        })
    }

    /// Remembers that somebody is to be told when the report is there that is being made.
    fn owe(&self, account: AccountId) {
        let mut shared = self.shared.lock();
        if let Some(State::Runs { owed, .. }) = shared.accounts.get_mut(&account) {
            *owed = true;
        }
    }
}

impl Running {
    /// Ends it; dropped without, it has failed.
    fn end(mut self, well: bool) {
        self.well = well;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        {
            let mut shared = self.shared.lock();
            if let Some(State::Runs { number, owed, .. }) = shared.accounts.remove(&self.account)
                && owed
                && self.well
            {
                let since = Instant::now();
                shared
                    .accounts
                    .insert(self.account, State::Untold { number, since });
            }
        }
        self.end.send_replace(Some(self.well));
    }
}

/// Has a report of the account made.
///
/// # Errors
/// Those of making it.
pub(crate) async fn wanted(iam: &Iam, account: AccountId) -> Result<Stage, Fault> {
    let mut began = false;
    match tokio::time::timeout(PATIENCE, made(iam, account, &mut began)).await {
        Ok(result) => result.map(|()| Stage::Complete),
        Err(_) => {
            iam.credential_reports().owe(account);
            Ok(if began {
                Stage::Started
            } else {
                Stage::InProgress
            })
        }
    }
}

/// Waits until there is a report that was begun after this was called.
async fn made(iam: &Iam, account: AccountId, began: &mut bool) -> Result<(), Fault> {
    let runs = iam.credential_reports();
    let asked = runs.shared.lock().begun;
    // What is there when somebody asks is what was asked for before. What comes while somebody waits may have been begun
    // before the change that it is to show.
    let mut least = 0;
    loop {
        let place = runs.enter(account, least);
        least = asked;
        match place {
            Place::Told => return Ok(()),
            Place::Waits(number, mut end) => {
                let ended = end.wait_for(Option::is_some).await;
                let well = ended.is_ok_and(|well| *well == Some(true));
                if well && number >= asked {
                    return Ok(());
                }
            }
            Place::Makes(running) => {
                *began = true;
                let iam = iam.clone();
                // Its own task: it goes on when the client goes away, and is there for whoever asks again.
                let task = tokio::spawn(async move {
                    let turns = &iam.credential_reports().turns;
                    let _turn = turns.acquire().await.map_err(Fault::service)?;
                    let result = super::make(&iam, account).await;
                    running.end(result.is_ok());
                    result
                });
                return task.await.map_err(Fault::service)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        AccountId::from_number(123_456_789_012).expect("twelve digits")
    }

    #[test]
    fn one_report_of_an_account_is_made_at_a_time() {
        let runs = Runs::new();
        let other = AccountId::from_number(1).expect("a number");
        let running = runs.begin(account()).expect("nothing runs");
        assert!(runs.is_running(account()));
        assert!(runs.begin(account()).is_none());
        assert!(runs.begin(other).is_some());
        assert!(!runs.is_running(other));
        drop(running);
        assert!(!runs.is_running(account()));
        assert!(runs.shared.lock().accounts.is_empty(), "nothing is kept");
    }

    #[test]
    fn a_report_that_took_too_long_is_told_of_once() {
        let runs = Runs::new();
        let running = runs.begin(account()).expect("nothing runs");
        runs.owe(account());
        running.end(true);
        assert!(matches!(runs.enter(account(), 0), Place::Told));
        assert!(matches!(runs.enter(account(), 0), Place::Makes(_)));
    }

    #[test]
    fn a_notice_is_not_for_whoever_asked_before_the_report_was_begun() {
        let runs = Runs::new();
        let running = runs.begin(account()).expect("nothing runs");
        let asked = runs.shared.lock().begun;
        runs.owe(account());
        running.end(true);
        let Place::Makes(running) = runs.enter(account(), asked) else {
            panic!("a report is made anew");
        };
        running.end(true);
        assert!(matches!(runs.enter(account(), 0), Place::Told), "the other");
    }

    #[test]
    fn a_notice_is_good_for_a_while_alone() {
        let runs = Runs::new();
        let of = |since| State::Untold { number: 0, since };
        let now = Instant::now();
        let old = now.checked_sub(NOTICE).expect("the machine runs longer");
        runs.shared.lock().accounts.insert(account(), of(now));
        assert!(matches!(runs.enter(account(), 0), Place::Told));
        runs.shared.lock().accounts.insert(account(), of(old));
        assert!(matches!(runs.enter(account(), 0), Place::Makes(_)));
    }

    #[test]
    fn nobody_is_told_of_a_report_that_failed_as_patience_ended() {
        let runs = Runs::new();
        let running = runs.begin(account()).expect("nothing runs");
        running.end(false);
        runs.owe(account());
        assert!(matches!(runs.enter(account(), 0), Place::Makes(_)));
    }

    #[test]
    fn a_report_that_could_not_be_made_is_told_to_nobody() {
        let runs = Runs::new();
        let running = runs.begin(account()).expect("nothing runs");
        runs.owe(account());
        running.end(false);
        assert!(matches!(runs.enter(account(), 0), Place::Makes(_)));
    }

    #[tokio::test]
    async fn those_who_wait_learn_how_it_ended() {
        let runs = Runs::new();
        for well in [true, false] {
            let running = runs.begin(account()).expect("nothing runs");
            let Place::Waits(_, mut ends) = runs.enter(account(), 0) else {
                panic!("it runs");
            };
            running.end(well);
            let ended = *ends.wait_for(Option::is_some).await.expect("an end");
            assert_eq!(ended, Some(well));
        }
    }
}
