//! A small estate to test with: users, groups, policies.

use std::sync::Arc;

use claviger_model::{AccountId, Rng, Timestamp};
use claviger_store::testing::{SetClock, TestDatabase};
use claviger_store::{CommitError, Entries, Event, Index, Record, Resource, Scope, Sealed, Store};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// Names of one account, without regard to case.
pub(crate) static USER_BY_NAME: Index = Index::unique("user_by_name");
/// Users by path.
pub(crate) static USER_BY_PATH: Index = Index::ordered("user_by_path");
/// Users of a group.
pub(crate) static MEMBER: Index = Index::ordered("member");
/// Users with a policy.
pub(crate) static ATTACHED: Index = Index::ordered("attached");
/// Access keys of all accounts.
pub(crate) static ACCESS_KEY: Index = Index::unique("access_key").global();
/// Accounts' users by name, across accounts.
pub(crate) static EVERYBODY: Index = Index::ordered("everybody").global();

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) account: AccountId,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) groups: Vec<String>,
    pub(crate) policies: Vec<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) note: String,
    pub(crate) secret: Option<Sealed>,
    pub(crate) public: bool,
}

impl Record for User {
    const KIND: &'static str = "user";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        self.account.into()
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn entries(&self, out: &mut Entries) {
        let folded = self.name.to_lowercase();
        out.unique(&USER_BY_NAME, folded.as_bytes());
        out.ordered(&USER_BY_PATH, b"", format!("{}{folded}", self.path));
        for group in &self.groups {
            out.ordered(&MEMBER, group.as_bytes(), folded.as_bytes());
        }
        for policy in &self.policies {
            out.ordered(&ATTACHED, policy.as_bytes(), folded.as_bytes());
        }
        for key in &self.keys {
            out.unique(&ACCESS_KEY, key.as_bytes());
        }
        if self.public {
            out.ordered(&EVERYBODY, b"", folded.as_bytes());
        }
    }
}

macro_rules! plain {
    ($name:ident, $kind:literal) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $name {
            pub(crate) account: AccountId,
            pub(crate) id: String,
        }

        impl Record for $name {
            const KIND: &'static str = $kind;
            const FORMAT: u32 = 1;

            fn scope(&self) -> Scope {
                self.account.into()
            }

            fn id(&self) -> &str {
                &self.id
            }

            fn entries(&self, _: &mut Entries) {}
        }
    };
}

plain!(Group, "group");
plain!(Policy, "policy");

pub(crate) fn account(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

pub(crate) fn user(number: u64, id: &str, name: &str) -> User {
    User {
        account: account(number),
        id: id.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        groups: Vec::new(),
        policies: Vec::new(),
        keys: Vec::new(),
        note: String::new(),
        secret: None,
        public: false,
    }
}

pub(crate) fn scope(number: u64) -> Scope {
    account(number).into()
}

/// A store in a fresh database, and what it was opened with.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) store: Store,
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}

pub(crate) fn rng(seed: u8) -> Arc<Rng> {
    Arc::new(Rng::new(ChaCha20Rng::from_seed([seed; 32])))
}

impl World {
    pub(crate) async fn new(database: TestDatabase) -> Self {
        let clock = Arc::new(SetClock::at(now()));
        let store = database
            .open(Arc::clone(&clock) as _, rng(1))
            .await
            .unwrap();
        Self {
            database,
            clock,
            store,
        }
    }

    /// Another store on the same database: another node, or the same one after a restart.
    pub(crate) async fn again(&self, seed: u8) -> Store {
        self.database
            .open(Arc::clone(&self.clock) as _, rng(seed))
            .await
            .unwrap()
    }

    /// Puts a record and commits.
    pub(crate) async fn add(&self, record: impl Record) {
        let mut unit = self.store.unit(&[record.scope()]).await.unwrap();
        unit.put(record);
        unit.commit().await.unwrap();
    }

    /// Nothing contradicts anything.
    pub(crate) async fn is_sound(&self) {
        assert_eq!(self.store.verify().await.unwrap(), Vec::<String>::new());
    }
}

/// Runs an operation again until it no longer conflicts; gives how often it ran.
pub(crate) async fn persist<F, T>(mut operation: impl FnMut() -> F) -> Result<T, CommitError>
where
    F: Future<Output = Result<T, CommitError>>,
{
    for _ in 0..10_000 {
        match operation().await {
            Err(CommitError::Conflict) => {}
            other => return other,
        }
    }
    panic!("an operation conflicted ten thousand times");
}

/// How many rounds a race goes.
pub(crate) fn rounds() -> usize {
    std::env::var("CLAVIGER_RACE_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(50)
}

pub(crate) fn event(number: u64, id: &str, seconds: i64, name: &str, username: &str) -> Event {
    Event {
        id: id.to_owned(),
        time: now().plus_seconds(seconds),
        scope: scope(number),
        name: name.to_owned(),
        source: "iam.amazonaws.com".to_owned(),
        username: Some(username.to_owned()),
        access_key_id: None,
        read_only: name.starts_with("Get"),
        resources: vec![Resource {
            kind: "AWS::IAM::User".to_owned(),
            name: format!("{username}-thing"),
        }],
        body: serde_json::json!({ "eventName": name }),
    }
}

/// The same case on both engines.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        $(mod $case {
            use claviger_store::testing::TestDatabase;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_sqlite() {
                super::$case(TestDatabase::sqlite().unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_postgres() {
                super::$case(TestDatabase::postgres().await.unwrap()).await;
            }
        })+
    };
}
pub(crate) use on_both;
