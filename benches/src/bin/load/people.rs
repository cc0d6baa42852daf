//! A server with people in it, made through its API.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use claviger_model::Secret;
use tempfile::TempDir;

use crate::Plan;
use crate::client::{Client, well};
use crate::process::Process;
use crate::sign::Key;

/// The account of every server that is started here.
pub(crate) const ACCOUNT: &str = "123456789012";
/// Requests that are signed ahead; signatures are good for five minutes.
const CHUNK: usize = 10_000;
/// Connections while people are made: the more wait, the more share a sync.
const MAKERS: usize = 64;

/// What each user may do: ask for themselves, and change their password.
const OWN: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Own", "Effect": "Allow",
    "Action": ["iam:GetUser", "iam:SimulatePrincipalPolicy", "iam:ChangePassword"],
    "Resource": "arn:aws:iam::*:user/${aws:username}"}]}"#;
const EVERYTHING: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}"#;

/// A user with a key.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) key: Key,
}

impl Person {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:user/{}", self.name)
    }

    /// The call for oneself.
    pub(crate) fn get_user(&self) -> Result<Vec<u8>> {
        self.key.iam("GetUser", &[("UserName", &self.name)])
    }
}

/// A server, its folder, its owner.
pub(crate) struct Home {
    folder: TempDir,
    program: PathBuf,
    settings: BTreeMap<&'static str, String>,
    process: Option<Process>,
    pub(crate) root: Key,
    pub(crate) people: Vec<Person>,
}

impl Home {
    /// A server with an empty store.
    pub(crate) async fn empty(plan: &Plan) -> Result<Self> {
        let root = Key {
            id: "AKIAQCLAVIGERLOADTST".to_owned(),
            secret: Secret::new("load/program+secret/0123456789abcdefghij".to_owned()),
        };
        let mut settings = BTreeMap::from([
            ("CLAVIGER_ACCOUNT_ID", ACCOUNT.to_owned()),
            ("CLAVIGER_ROOT_EMAIL", "root@example.com".to_owned()),
            ("CLAVIGER_ROOT_ACCESS_KEY_ID", root.id.clone()),
            (
                "CLAVIGER_ROOT_SECRET_ACCESS_KEY",
                root.secret.expose().clone(),
            ),
            ("CLAVIGER_QUOTA_USERS", "1000000".to_owned()),
        ]);
        if let Some(log) = &plan.log {
            settings.insert("CLAVIGER_LOG", log.clone());
        }
        let mut home = Self {
            folder: tempfile::tempdir()?,
            program: plan.server.clone(),
            settings,
            process: None,
            root,
            people: Vec::new(),
        };
        home.start().await?;
        Ok(home)
    }

    /// A server with so many users, each with a key, all in a group that lets them ask for themselves.
    pub(crate) async fn with_users(plan: &Plan, count: usize) -> Result<Self> {
        let mut home = Self::empty(plan).await?;
        let mut client = home.client(MAKERS).await?;
        let root = home.root.clone();
        let arn = "arn:aws:iam::aws:policy/AmazonEC2FullAccess";
        let group = ("GroupName", "people");
        client.all(vec![root.iam("CreateGroup", &[group])?]).await?;
        let own = [group, ("PolicyName", "own"), ("PolicyDocument", OWN)];
        client.all(vec![root.iam("PutGroupPolicy", &own)?]).await?;
        client
            .all(vec![
                root.iam("AttachGroupPolicy", &[group, ("PolicyArn", arn)])?,
            ])
            .await?;
        let names: Vec<String> = (0..count)
            .map(|number| format!("person-{number:05}"))
            .collect();
        home.make_users(&names).await?;
        for names in names.chunks(CHUNK) {
            let join = |name: &String| root.iam("AddUserToGroup", &[group, ("UserName", name)]);
            client
                .all(names.iter().map(join).collect::<Result<_>>()?)
                .await?;
            let keys = home.make_keys(&mut client, names).await?;
            home.people
                .extend(names.iter().zip(keys).map(|(name, key)| Person {
                    name: name.clone(),
                    key,
                }));
        }
        Ok(home)
    }

    /// Makes users of these names.
    pub(crate) async fn make_users(&self, names: &[String]) -> Result<()> {
        let mut client = self.client(MAKERS).await?;
        for names in names.chunks(CHUNK) {
            let create = |name: &String| self.root.iam("CreateUser", &[("UserName", name)]);
            client
                .all(names.iter().map(create).collect::<Result<_>>()?)
                .await?;
        }
        Ok(())
    }

    /// Makes a user who may do everything in IAM.
    pub(crate) async fn make_administrator(&self) -> Result<Key> {
        let names = [String::from("administrator")];
        self.make_users(&names).await?;
        let mut client = self.client(1).await?;
        let [name] = &names;
        let policy = [
            ("UserName", name.as_str()),
            ("PolicyName", "all"),
            ("PolicyDocument", EVERYTHING),
        ];
        client
            .all(vec![self.root.iam("PutUserPolicy", &policy)?])
            .await?;
        let keys = self.make_keys(&mut client, &names).await?;
        keys.into_iter().next().context("the administrator's key")
    }

    async fn make_keys(&self, client: &mut Client, names: &[String]) -> Result<Vec<Key>> {
        let create = |name: &String| self.root.iam("CreateAccessKey", &[("UserName", name)]);
        let requests = names.iter().map(create).collect::<Result<_>>()?;
        client
            .each(requests, |answer| {
                well(answer)?;
                Ok(Key {
                    id: answer.text("AccessKeyId").context("a key id")?,
                    secret: Secret::new(answer.text("SecretAccessKey").context("a secret")?),
                })
            })
            .await
    }

    /// Starts the server, which must not be running, and waits until it listens.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let data = self.folder.path().join("data");
        let mut process = Process::server(&self.program, &data, &self.settings)?;
        process.ready().await?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops the server in order.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        match self.process.take() {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }

    /// The server as it runs.
    pub(crate) fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("the server runs")
    }

    /// New connections to the server.
    pub(crate) async fn client(&self, connections: usize) -> Result<Client> {
        Client::open(self.process()?.address, connections).await
    }
}
