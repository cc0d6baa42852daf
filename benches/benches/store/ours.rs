//! The store, writing what CreateUser writes.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use claviger_model::{AccountId, Clock, Rng, Secret, Timestamp};
use claviger_store::{
    CommitError, Database, Entries, Event, Index, Options, Record, Resource, Scope, Store,
};
use rand_core::SeedableRng as _;
use serde_json::json;

use crate::Commits;

static USERS_BY_NAME: Index = Index::unique("user_by_name");

/// A user as the server keeps one that was just made.
#[derive(serde::Serialize, serde::Deserialize)]
struct User {
    account: AccountId,
    id: String,
    name: String,
    path: String,
    created: Timestamp,
    tags: Vec<(String, String)>,
    boundary: Option<String>,
    inline: Vec<String>,
    attached: Vec<String>,
    groups: Vec<String>,
    login_profile: Option<String>,
    access_keys: Vec<String>,
    mfa_devices: Vec<String>,
    security_epoch: u64,
}

impl Record for User {
    const KIND: &'static str = "user";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn entries(&self, out: &mut Entries) {
        out.unique(&USERS_BY_NAME, self.name.as_bytes());
    }
}

/// The machine's clock: a bench needs no other.
struct Now;

impl Clock for Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench is a binary and reads the clock itself"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::from_micros(since.map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        }))
    }
}

/// The store.
pub(crate) struct Ours {
    store: Store,
    account: AccountId,
}

impl Ours {
    pub(crate) async fn open(folder: &Path) -> Result<Self> {
        let rng = Rng::new(rand_chacha::ChaCha20Rng::from_seed([42; 32]));
        let options = Options::new(
            Database::Sqlite(folder.to_owned()),
            Secret::new([7; 32]),
            Arc::new(Now),
            Arc::new(rng),
        );
        Ok(Self {
            store: Store::open(options).await?,
            account: AccountId::from_number(123_456_789_012).context("an account id")?,
        })
    }

    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.store.close().await?)
    }
}

impl Commits for Ours {
    async fn commit(&self, number: usize) -> Result<()> {
        let scope = Scope::Account(self.account);
        let name = format!("user-{number}");
        let now = Now.now();
        loop {
            let mut unit = self.store.unit(&[scope]).await?;
            if unit
                .find::<User>(scope, &USERS_BY_NAME, name.as_bytes())
                .await?
                .is_some()
            {
                bail!("{name} is there already");
            }
            unit.limit(scope, &USERS_BY_NAME, b"", 1_000_000);
            unit.label("CreateUser", now);
            let id = format!("AIDA{number:017}");
            unit.event(event(self.account, number, &name, &id, now));
            unit.put(User {
                account: self.account,
                id,
                name: name.clone(),
                path: "/".to_owned(),
                created: now,
                tags: Vec::new(),
                boundary: None,
                inline: Vec::new(),
                attached: Vec::new(),
                groups: Vec::new(),
                login_profile: None,
                access_keys: Vec::new(),
                mfa_devices: Vec::new(),
                security_epoch: 0,
            });
            match unit.commit().await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => bail!("{error:?}"),
            }
        }
    }
}

/// The event of such a call, in the shape of a CloudTrail record.
fn event(account: AccountId, number: usize, name: &str, id: &str, now: Timestamp) -> Event {
    let event_id = format!("00000000-0000-4000-8000-{number:012}");
    let arn = format!("arn:aws:iam::{account}:user/{name}");
    let body = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDACKCEVSQ6C2EXAMPLE",
            "arn": format!("arn:aws:iam::{account}:user/administrator"),
            "accountId": account.to_string(),
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "administrator",
        },
        "eventTime": now.to_string(),
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0 exe/x86_64.debian.12 prompt/off command/iam.create-user",
        "requestParameters": {"userName": name},
        "responseElements": {"user": {"path": "/", "userName": name, "userId": id, "arn": arn, "createDate": now.to_string()}},
        "requestID": event_id,
        "eventID": event_id,
        "readOnly": false,
        "resources": [{"ARN": arn, "accountId": account.to_string()}],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account.to_string(),
        "eventCategory": "Management",
    });
    let resource = |name: &str| Resource {
        kind: "AWS::IAM::User".to_owned(),
        name: name.to_owned(),
    };
    Event {
        id: event_id,
        time: now,
        scope: Scope::Account(account),
        name: "CreateUser".to_owned(),
        source: "iam.amazonaws.com".to_owned(),
        username: Some("administrator".to_owned()),
        access_key_id: Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
        read_only: false,
        resources: vec![resource(name), resource(&arn)],
        body,
    }
}
