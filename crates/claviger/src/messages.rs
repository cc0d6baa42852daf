//! Delivering messages: what the outbox holds leaves here, by SMTP, by a webhook for SMS, or into files where the
//! configuration names neither.
//!
//! A message that is due is leased, so that of several nodes one tries it. It is forgotten once it was taken, or was refused
//! for good; else it is due again later, for as long as the configuration says. A process that dies after the other side has
//! taken a message and before that is written down sends it again: under the same id, with the same contents.

mod files;
mod guard;
mod letter;
mod outcome;
mod smtp;
mod webhook;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claviger_iam::Iam;
use claviger_iam::dispatch::{Dispatch, EMAIL, SMS};
use claviger_iam::entity::contact::Address;
use claviger_iam::notice::{CHANNEL as NOTICE, Notice};
use claviger_model::Timestamp;
use claviger_store::{Delivery, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use files::Files;
pub(crate) use letter::{Letter, Sender};
pub(crate) use outcome::Outcome;
use smtp::Session;
pub(crate) use smtp::{Relay, Security};
pub(crate) use webhook::{Answered, Template, Webhook, signing_secret};
pub(crate) use words::Language;

/// How often the outbox is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// Messages taken at once. Small, so that one slow way does not hold what others could deliver.
const BATCH: usize = 8;
/// How long what is under way gets to finish when the server stops. What is cut off goes again, under its id.
const DRAIN: Duration = Duration::from_secs(15);

/// How messages leave.
pub(crate) struct Ways {
    /// E-mail; into files where there is none.
    pub(crate) relay: Option<Relay>,
    /// Text messages; into files where there is none.
    pub(crate) webhook: Option<Webhook>,
    /// Where files go.
    pub(crate) outbox: PathBuf,
    pub(crate) sender: Sender,
    /// For how long a message is tried.
    pub(crate) retry_seconds: i64,
}

/// The running delivery.
pub(crate) struct Deliverer {
    stop: Arc<Stop>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Stop {
    asked: AtomicBool,
    wake: Notify,
}

impl Deliverer {
    /// Finishes what is under way, hands the rest back, and ends.
    pub(crate) async fn finish(self) {
        self.stop.asked.store(true, Ordering::SeqCst);
        self.stop.wake.notify_one();
        let abort = self.task.abort_handle();
        if tokio::time::timeout(DRAIN, self.task).await.is_err() {
            abort.abort();
            tracing::warn!(
                "a message that was under way did not leave in time; it is tried again, under the same id"
            );
        }
    }
}

/// Starts delivering.
pub(crate) fn start(ways: Ways, iam: Iam) -> Deliverer {
    if ways.relay.is_none() {
        tracing::warn!(
            outbox = %ways.outbox.display(),
            "no mail server is configured (CLAVIGER_SMTP_URL): messages are written to files"
        );
    }
    let stop = Arc::new(Stop::default());
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        let post = Post {
            files: Files::new(ways.outbox.clone()),
            ways,
            iam,
            stop: stopped,
        };
        loop {
            match post.round().await {
                // There may be more.
                Ok(BATCH..) => {}
                Ok(_) => drop(tokio::time::timeout(INTERVAL, post.stop.wake.notified()).await),
                Err(error) => {
                    tracing::error!(%error, "the outbox could not be read or written; trying again");
                    drop(tokio::time::timeout(INTERVAL, post.stop.wake.notified()).await);
                }
            }
            if post.stop.asked.load(Ordering::SeqCst) {
                return;
            }
        }
    });
    Deliverer { stop, task }
}

/// A message as far as its way.
enum Sorted {
    Letter {
        letter: Box<Letter>,
        to: Option<String>,
        /// Where it is a text message: the number, as networks know it.
        number: Option<String>,
    },
    /// What is worth nothing any more.
    Late,
    /// Nothing that this version knows.
    Unknown(String),
}

struct Post {
    ways: Ways,
    files: Files,
    iam: Iam,
    stop: Arc<Stop>,
}

/// What one round has found out about the ways.
struct Round<'r> {
    line: Line<'r>,
    /// Why the webhook takes nothing.
    webhook_away: Option<String>,
}

/// The connection to the relay in one round.
enum Line<'r> {
    Unopened,
    Open(Box<Session<'r>>),
    Away(String),
}

impl Post {
    fn now(&self) -> Timestamp {
        self.iam.settings().clock.now()
    }

    /// Seconds that a batch is this node's: as long as its slowest way could take, and a little.
    fn lease(&self) -> u32 {
        let ways = &self.ways;
        let letter = ways.relay.as_ref().map(|relay| 3 * relay.timeout);
        let text = ways.webhook.as_ref().map(|webhook| webhook.timeout);
        let slowest = letter.max(text).unwrap_or_default();
        let each = u32::try_from(slowest.as_secs()).unwrap_or(u32::MAX);
        each.saturating_mul(BATCH as u32).saturating_add(60)
    }

    /// Tries what is due; how many messages that were.
    async fn round(&self) -> Result<usize, StoreError> {
        let store = self.iam.store();
        let due = store.due(self.now(), self.lease(), BATCH).await?;
        let count = due.len();
        let mut round = Round {
            line: Line::Unopened,
            webhook_away: None,
        };
        for delivery in due {
            if self.stop.asked.load(Ordering::SeqCst) {
                // Untried: whoever looks next has it.
                store.defer(&delivery, self.now()).await?;
                continue;
            }
            let (at, outcome) = self.attempt(&delivery, &mut round).await?;
            self.settle(&delivery, at, outcome).await?;
        }
        if let Line::Open(session) = round.line {
            session.close().await;
        }
        Ok(count)
    }

    /// Tries one message; when what it tells of was, and what became of it.
    async fn attempt<'p>(
        &'p self,
        delivery: &Delivery,
        round: &mut Round<'p>,
    ) -> Result<(Timestamp, Outcome), StoreError> {
        match self.sort(delivery) {
            Sorted::Letter { letter, to, number } => {
                let outcome = match (&self.ways.relay, to.as_deref()) {
                    (Some(relay), Some(to)) if number.is_none() => {
                        by_relay(relay, &mut round.line, &letter, to).await
                    }
                    (_, to) => match (&self.ways.webhook, &number) {
                        (Some(webhook), Some(number)) => {
                            self.by_webhook(webhook, round, &letter, number).await
                        }
                        _ => self.to_file(&letter, to),
                    },
                };
                Ok((letter.at, outcome))
            }
            Sorted::Late => Ok((
                self.now(),
                Outcome::Refused(String::from("it came too late to be worth anything")),
            )),
            Sorted::Unknown(why) => Ok((self.now(), Outcome::Later(why))),
        }
    }

    fn sort(&self, delivery: &Delivery) -> Sorted {
        let message = &delivery.message;
        let sender = &self.ways.sender;
        let (letter, to, number) = match &*message.channel {
            NOTICE => match serde_json::from_value::<Notice>(message.body.clone()) {
                Ok(notice) => (
                    Letter::of(&message.id, &notice, sender),
                    notice.to.map(|to| to.as_str().to_owned()),
                    None,
                ),
                Err(error) => return Sorted::Unknown(format!("it cannot be read: {error}")),
            },
            EMAIL | SMS => match serde_json::from_value::<Dispatch>(message.body.clone()) {
                Ok(dispatch) if dispatch.until < self.now() => return Sorted::Late,
                Ok(dispatch) => (
                    Letter::dispatched(&message.id, &dispatch, sender),
                    Some(dispatch.to.as_str().to_owned()),
                    match dispatch.to {
                        Address::Mobile(number) => Some(number.e164()),
                        Address::Email(_) => None,
                    },
                ),
                // SECURITY: the error could tell what stands there.
                Err(_) => return Sorted::Unknown(String::from("it cannot be read")),
            },
            other => {
                return Sorted::Unknown(format!(
                    "this version knows no channel `{}`",
                    other.escape_debug()
                ));
            }
        };
        match letter {
            Ok(letter) => Sorted::Letter {
                letter: Box::new(letter),
                to,
                number,
            },
            Err(error) => Sorted::Unknown(format!("it cannot be written: {error}")),
        }
    }

    async fn by_webhook(
        &self,
        webhook: &Webhook,
        round: &mut Round<'_>,
        letter: &Letter,
        number: &str,
    ) -> Outcome {
        if let Some(why) = &round.webhook_away {
            return Outcome::Away(why.clone());
        }
        let sent = webhook.send(&letter.id, number, &letter.said, self.now());
        let outcome = sent.await.outcome;
        if let Outcome::Away(why) = &outcome {
            round.webhook_away = Some(why.clone());
        }
        outcome
    }

    fn to_file(&self, letter: &Letter, to: Option<&str>) -> Outcome {
        match self.files.write(letter.at, &letter.id, &letter.json(to)) {
            Ok(path) => Outcome::Taken(format!("written to {}", path.display())),
            Err(error) => Outcome::Later(format!(
                "{} cannot be written to: {error}",
                self.ways.outbox.display()
            )),
        }
    }

    /// Writes down what became of a try.
    async fn settle(
        &self,
        delivery: &Delivery,
        at: Timestamp,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let (store, tally) = (self.iam.store(), self.iam.messages());
        let (id, channel) = (&*delivery.message.id, &*delivery.message.channel);
        let attempts = delivery.attempts;
        let now = self.now();
        match outcome {
            Outcome::Taken(answer) => {
                store.delivered(delivery).await?;
                tally.delivered();
                tracing::info!(id, channel, attempts, answer, "a message was delivered");
            }
            Outcome::Refused(why) => {
                store.delivered(delivery).await?;
                tally.given_up();
                tracing::error!(
                    id,
                    channel,
                    attempts,
                    why,
                    "a message was refused for good and is given up"
                );
            }
            // A message gets a second try however late the first one came.
            Outcome::Later(why) | Outcome::Away(why)
                if attempts > 1 && now.seconds_since(at) > self.ways.retry_seconds =>
            {
                store.delivered(delivery).await?;
                tally.given_up();
                tracing::error!(
                    id,
                    channel,
                    attempts,
                    why,
                    "a message could not be delivered for too long and is given up"
                );
            }
            Outcome::Later(why) | Outcome::Away(why) => {
                let next = outcome::next_try(now, attempts, &self.iam.settings().rng);
                store.defer(delivery, next).await?;
                tally.failed();
                tracing::warn!(id, channel, attempts, why, next = %next, "a message could not be delivered; it is tried again");
            }
        }
        Ok(())
    }
}

async fn by_relay<'r>(relay: &'r Relay, line: &mut Line<'r>, letter: &Letter, to: &str) -> Outcome {
    if matches!(line, Line::Unopened) {
        *line = match relay.open().await {
            Ok(session) => Line::Open(Box::new(session)),
            Err(why) => Line::Away(why),
        };
    }
    let session = match line {
        Line::Open(session) => session,
        Line::Away(why) => return Outcome::Away(why.clone()),
        Line::Unopened => return Outcome::Away(String::from("there is no connection")),
    };
    let outcome = session.send(letter, to).await;
    match &outcome {
        Outcome::Taken(_) => {}
        Outcome::Away(why) => *line = Line::Away(why.clone()),
        Outcome::Later(_) | Outcome::Refused(_) => {
            if !session.reset().await {
                *line = Line::Unopened;
            }
        }
    }
    outcome
}

/// What a text message says that only shows that text messages arrive.
pub(crate) fn test_text(from: &Sender) -> String {
    from.language.test(from.product, &from.address).1
}

/// Sends one letter by the relay, as a message of the outbox would go.
pub(crate) async fn send_one(relay: &Relay, letter: &Letter, to: &str) -> Outcome {
    let mut line = Line::Unopened;
    let outcome = by_relay(relay, &mut line, letter, to).await;
    if let Line::Open(session) = line {
        session.close().await;
    }
    outcome
}

#[cfg(test)]
mod tests;
