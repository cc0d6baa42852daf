//! How far this node has learned of other nodes' commits, where several share a PostgreSQL database.
//!
//! The rule that keeps the cache true: whatever it holds of an account is as new as the head known here, or newer. A
//! unit that starts asks for the heads as they are now; everyone who waits shares one query, but only one that started
//! after they asked (the read index of consensus systems). What has changed between the head known and the head found
//! is forgotten before the new head is noted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::cache::{Cache, Name};
use crate::db::postgres::Link;
use crate::db::writer::apply;
use crate::db::{Row, statement};
use crate::error::StoreError;
use crate::plan::{Moved, Plan};
use crate::sql;

/// Beyond so many changes at once an account is forgotten whole.
const MANY: i64 = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    sequence: i64,
    epoch: i64,
    /// When the query started that last found it.
    asked: Instant,
}

struct Waiter {
    accounts: Vec<i64>,
    answer: oneshot::Sender<Result<(), String>>,
}

/// The heads known, and those who wait to know more.
pub(crate) struct Heads {
    cache: Arc<Cache>,
    /// A unit may start on heads of this age; `None` when it must learn each time.
    age: Option<Duration>,
    known: Mutex<HashMap<i64, Head>>,
    waiting: Mutex<Vec<Waiter>>,
    bell: Notify,
}

impl Heads {
    pub(crate) fn new(cache: Arc<Cache>, age: Option<Duration>) -> Self {
        Self {
            cache,
            age,
            known: Mutex::new(HashMap::new()),
            waiting: Mutex::new(Vec::new()),
            bell: Notify::new(),
        }
    }

    /// Returns once the cache holds nothing of these accounts that is older than this call.
    pub(crate) async fn learn(&self, accounts: &[i64]) -> Result<(), StoreError> {
        if let Some(age) = self.age {
            let known = self.known.lock();
            let fresh = |account| {
                known
                    .get(account)
                    .is_some_and(|head: &Head| head.asked.elapsed() <= age)
            };
            if accounts.iter().all(fresh) {
                return Ok(());
            }
        }
        let (answer, told) = oneshot::channel();
        self.waiting.lock().push(Waiter {
            accounts: accounts.to_vec(),
            answer,
        });
        self.bell.notify_one();
        match told.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(StoreError::Unavailable(message.into())),
            Err(_) => Err(StoreError::Closed),
        }
    }

    /// Serves those who wait, for ever.
    pub(crate) async fn serve(&self, link: &Link) {
        loop {
            self.bell.notified().await;
            let waiters = std::mem::take(&mut *self.waiting.lock());
            if waiters.is_empty() {
                continue;
            }
            let mut accounts: Vec<i64> = waiters
                .iter()
                .flat_map(|waiter| &waiter.accounts)
                .copied()
                .collect();
            accounts.sort_unstable();
            accounts.dedup();
            let result = self
                .ask(link, &accounts)
                .await
                .map_err(|error| error.to_string());
            for waiter in waiters {
                drop(waiter.answer.send(result.clone()));
            }
        }
    }

    async fn ask(&self, link: &Link, accounts: &[i64]) -> Result<(), StoreError> {
        let asked = Instant::now();
        // Noted before the query: a commit of this node may raise a head while the query is under way, and what the
        // query then finds is not a step back.
        let before: HashMap<i64, Head> = {
            let known = self.known.lock();
            accounts
                .iter()
                .filter_map(|account| known.get(account).map(|head| (*account, *head)))
                .collect()
        };
        let found = found_heads(link, accounts).await?;
        let mut behind = Vec::new();
        for &account in accounts {
            match (before.get(&account), found.get(&account).copied()) {
                (Some(head), Some((sequence, epoch)))
                    if head.epoch == epoch && head.sequence <= sequence =>
                {
                    if head.sequence == sequence {
                        self.note(account, sequence, epoch, asked);
                    } else {
                        behind.push((account, head.sequence, sequence, epoch));
                    }
                }
                // A head that has gone back, or a new epoch: the database is another one than it was.
                (Some(_), found) => {
                    let mut known = self.known.lock();
                    self.cache.forget_account(account);
                    known.remove(&account);
                    if let Some((sequence, epoch)) = found {
                        known.insert(
                            account,
                            Head {
                                sequence,
                                epoch,
                                asked,
                            },
                        );
                    }
                }
                // Nothing is cached of an account whose head is not known, and what is on its way shall not be.
                (None, Some((sequence, epoch))) => {
                    self.cache.stir();
                    self.note(account, sequence, epoch, asked);
                }
                // An account that does not exist; to keep its name would let strangers fill the memory.
                (None, None) => {}
            }
        }
        self.catch_up(link, &behind, asked).await
    }

    async fn catch_up(
        &self,
        link: &Link,
        behind: &[(i64, i64, i64, i64)],
        asked: Instant,
    ) -> Result<(), StoreError> {
        if behind.is_empty() {
            return Ok(());
        }
        let questions: Vec<_> = behind
            .iter()
            .map(|(account, from, to, _)| statement!(sql::CHANGED, *account, *from, *to, MANY + 1))
            .collect();
        let answers = link.many(&questions).await?;
        for ((account, _, to, epoch), changes) in behind.iter().zip(answers) {
            if i64::try_from(changes.len()).unwrap_or(i64::MAX) > MANY {
                self.cache.forget_account(*account);
            } else {
                for change in &changes {
                    self.forget(*account, change)?;
                }
            }
            self.note(*account, *to, *epoch, asked);
        }
        Ok(())
    }

    fn forget(&self, account: i64, change: &Row) -> Result<(), StoreError> {
        let (sequence, kind, id) = (change.int(0)?, change.text(1)?, change.string(2)?);
        self.cache.forget(Name::record(account, kind, id), sequence);
        // Whoever destroys a record's data key writes or deletes the record too.
        self.cache.forget(Name::key(account, kind, id), i64::MAX);
        Ok(())
    }

    fn note(&self, account: i64, sequence: i64, epoch: i64, asked: Instant) {
        let mut known = self.known.lock();
        let head = known.entry(account).or_insert(Head {
            sequence,
            epoch,
            asked,
        });
        head.asked = head.asked.max(asked);
        if sequence >= head.sequence {
            head.sequence = sequence;
            head.epoch = epoch;
        }
    }

    /// Whether what is read of the account may be cached: only what is known can be forgotten in time.
    pub(crate) fn knows(&self, account: i64) -> bool {
        self.known.lock().contains_key(&account)
    }

    /// Brings this node's own commit into the cache. Other nodes' commits may lie between the head known and this one:
    /// they stay to be learned, so the head moves only if nothing does.
    pub(crate) fn apply(&self, plan: &Plan, moved: &Moved) {
        let mut known = self.known.lock();
        let mut news = Moved::new();
        for &(account, sequence) in moved {
            match known.get_mut(&account) {
                Some(head) if head.sequence < sequence => {
                    if head.sequence + 1 == sequence {
                        head.sequence = sequence;
                    }
                    news.push((account, sequence));
                }
                // Learned already, or an account that is to be learned of first.
                _ => {}
            }
        }
        apply(&self.cache, plan, &news);
        // What is not cached has a holder still, who may look at the revision.
        for write in &plan.writes {
            if let (Some(kept), Some((_, sequence))) = (
                &write.kept,
                moved.iter().find(|(account, _)| *account == write.account),
            ) {
                kept.settle(*sequence);
            }
        }
    }
}

async fn found_heads(
    link: &Link,
    accounts: &[i64],
) -> Result<HashMap<i64, (i64, i64)>, StoreError> {
    let (sql, width) = if accounts.len() <= 4 {
        (sql::HEADS_4, 4)
    } else {
        (sql::HEADS_32, 32)
    };
    let questions: Vec<_> = accounts
        .chunks(width)
        .map(|chunk| {
            let mut question = statement!(sql);
            question
                .values
                .extend(chunk.iter().map(|account| (*account).into()));
            // No account has this number.
            question.values.resize(width, i64::MIN.into());
            question
        })
        .collect();
    let mut found = HashMap::new();
    for row in link.many(&questions).await?.iter().flatten() {
        found.insert(row.int(0)?, (row.int(1)?, row.int(2)?));
    }
    Ok(found)
}
