//! The server without a network: the true router over a true store, with a clock that tests set and chance that they
//! seed, and actors who sign their requests.
//!
//! Set-up goes through operations, never past them.

pub mod authenticator;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use claviger_iam::context::{Door, Origin, Outcome};
use claviger_iam::first_account::Wanted;
use claviger_iam::password::hasher::{Cost, Hasher};
use claviger_iam::quota::Quotas;
use claviger_iam::spec::COMMON_FAULTS;
use claviger_iam::webauthn::RelyingParty;
use claviger_iam::{Admitted, Fault, Iam, RequestFacts, Settings, operation};
use claviger_model::{AccountId, Clock, Code, Rng, Scalar, Secret, Timestamp};
use claviger_shape::{Dialect, Encoder as _, Json, JsonEncoder, Part, render};
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::sign::Signer;
use claviger_store::testing::TestDatabase;
use claviger_store::{Options, Store};
use http::Request;
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tower_service::Service;

/// The account that every test starts with.
pub const ACCOUNT: &str = "123456789012";
/// Its root user's e-mail address.
pub const ROOT_EMAIL: &str = "root@example.com";
/// Where people reach the server.
pub const ADDRESS: &str = "https://iam.example.com";
/// The password of every account's root user.
pub const ROOT_PASSWORD: &str = "Root-Horse-1";
/// Where test requests come from.
pub const SOURCE_IP: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// A clock that stands still until it is moved.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    /// Moves the clock forward (back, if negative).
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

/// How an app is made.
#[derive(Clone)]
pub struct Setup {
    /// How many of what there may be.
    pub quotas: Quotas,
    /// What a password hash costs.
    pub password_cost: Cost,
    /// Where people reach it.
    pub address: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            quotas: Quotas::default(),
            password_cost: Cost {
                memory_kib: 64,
                passes: 1,
            },
            address: ADDRESS,
        }
    }
}

/// A server.
#[derive(Clone)]
pub struct TestApp(Arc<Inner>);

struct Inner {
    iam: Iam,
    router: Router,
    ground: Ground,
    requests: AtomicU64,
    root: (String, String),
}

/// What a server stands on, and stands on again after a restart.
#[derive(Clone)]
struct Ground {
    database: Arc<TestDatabase>,
    clock: Arc<TestClock>,
    rng: Arc<Rng>,
    setup: Setup,
}

impl Ground {
    async fn start(&self) -> Iam {
        let options = Options::new(
            self.database.database(),
            Secret::new([7; 32]),
            self.clock.clone(),
            self.rng.clone(),
        );
        let store = Store::open(options).await.expect("the store opens");
        let settings = Settings {
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            quotas: self.setup.quotas,
            hasher: Hasher::new(self.setup.password_cost, 2),
            product: String::from("Claviger"),
            relying_party: RelyingParty::of(self.setup.address, "Claviger").ok(),
        };
        Iam::new(store, settings).await.expect("the domain starts")
    }
}

impl TestApp {
    /// A server on SQLite.
    pub async fn sqlite() -> Self {
        Self::on_sqlite(Setup::default()).await
    }

    /// A server on PostgreSQL.
    pub async fn postgres() -> Self {
        Self::on_postgres(Setup::default()).await
    }

    /// A server on SQLite, made in this way.
    pub async fn on_sqlite(setup: Setup) -> Self {
        Self::new(TestDatabase::sqlite().expect("a directory"), setup).await
    }

    /// A server on PostgreSQL, made in this way.
    pub async fn on_postgres(setup: Setup) -> Self {
        Self::new(TestDatabase::postgres().await.expect("a database"), setup).await
    }

    /// A server on this database.
    pub async fn new(database: TestDatabase, setup: Setup) -> Self {
        let ground = Ground {
            database: Arc::new(database),
            // 2026-01-02T03:04:05Z
            clock: Arc::new(TestClock(AtomicI64::new(1_767_323_045_000_000))),
            rng: Arc::new(Rng::new(ChaCha20Rng::from_seed([42; 32]))),
            setup,
        };
        let iam = ground.start().await;
        let created = iam
            .create_first_account(Wanted {
                id: Some(AccountId::parse(ACCOUNT).expect("twelve digits")),
                root_email: Some(ROOT_EMAIL.to_owned()),
                root_password: Some(Secret::new(ROOT_PASSWORD.to_owned())),
                ..Wanted::default()
            })
            .await
            .expect("the first account is made")
            .expect("the store was empty");
        let secret = created.root_secret_access_key.expect("it was drawn");
        Self(Arc::new(Inner {
            router: claviger_aws::router(iam.clone()),
            iam,
            ground,
            requests: AtomicU64::new(0),
            root: (
                created.root_access_key_id.to_string(),
                secret.expose().clone(),
            ),
        }))
    }

    /// Stops the server. It answers from now on, as one whose store is away.
    pub async fn stop(&self) {
        self.0.iam.flush().await;
        let store = self.0.iam.store().clone();
        store.close().await.expect("the store closes");
    }

    /// The same server started again, once it has been stopped: nothing is in its memory.
    pub async fn start_again(&self) -> Self {
        self.start_again_at(self.0.ground.setup.password_cost).await
    }

    /// The same server started again, with password hashes that cost this from now on.
    pub async fn start_again_at(&self, password_cost: Cost) -> Self {
        let mut ground = self.0.ground.clone();
        ground.setup.password_cost = password_cost;
        let iam = ground.start().await;
        Self(Arc::new(Inner {
            router: claviger_aws::router(iam.clone()),
            iam,
            ground,
            requests: AtomicU64::new(self.0.requests.load(Ordering::SeqCst)),
            root: self.0.root.clone(),
        }))
    }

    /// What the server keeps its data in.
    pub fn database(&self) -> &TestDatabase {
        &self.0.ground.database
    }

    /// Somebody of another server of the same data, at this one.
    pub fn welcome(&self, actor: &Actor) -> Actor {
        Actor {
            app: self.clone(),
            key: actor.key.clone(),
            source_ip: actor.source_ip,
        }
    }

    /// The rules themselves, for what no request can do yet.
    pub fn iam(&self) -> &Iam {
        &self.0.iam
    }

    /// The clock.
    pub fn clock(&self) -> &TestClock {
        &self.0.ground.clock
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.0.ground.clock.now()
    }

    /// The owner of the account.
    pub fn root(&self) -> Actor {
        Actor {
            app: self.clone(),
            key: Some(Key {
                id: self.0.root.0.clone(),
                secret: self.0.root.1.clone(),
                token: None,
            }),
            source_ip: SOURCE_IP,
        }
    }

    /// Somebody who does not sign.
    pub fn anonymous(&self) -> Actor {
        Actor {
            app: self.clone(),
            key: None,
            source_ip: SOURCE_IP,
        }
    }

    /// Makes a user with an access key, and answers as that user.
    pub async fn user(&self, name: &str) -> Actor {
        let root = self.root();
        root.call("CreateUser", &[("UserName", name)]).await.ok();
        let reply = root
            .call("CreateAccessKey", &[("UserName", name)])
            .await
            .ok();
        self.actor(
            &reply.text("AccessKeyId"),
            &reply.text("SecretAccessKey"),
            None,
        )
    }

    /// Makes a user who may do what this policy says.
    pub async fn user_with(&self, name: &str, policy: &str) -> Actor {
        let user = self.user(name).await;
        self.root()
            .call(
                "PutUserPolicy",
                &[
                    ("UserName", name),
                    ("PolicyName", "test"),
                    ("PolicyDocument", policy),
                ],
            )
            .await
            .ok();
        user
    }

    /// Runs an operation as the operator of the server's own host, whose user of the operating system is 1000.
    ///
    /// # Errors
    /// The operation's faults, which must be declared.
    pub async fn on_host(
        &self,
        operation: &str,
        account: Option<&str>,
        input: &serde_json::Value,
    ) -> Result<serde_json::Value, Fault> {
        let iam = self.iam();
        let entry = iam.registry().find_on_host(operation);
        let entry = entry.unwrap_or_else(|| panic!("no operation {operation} on the host"));
        let result = async {
            let json = Json::parse(input.to_string().as_bytes()).expect("JSON");
            let input = (entry.decode)(json.source()).map_err(|violations| {
                Fault::invalid(render(&violations, Dialect::IAM).0.as_str())
            })?;
            let account = account.map(|id| AccountId::parse(id).expect("twelve digits"));
            let admitted = iam.admit_on_host(account, 1_000).await?;
            let request = iam.request_on_host("test");
            iam.perform(entry, &*input, admitted, &request).await
        };
        let answer = match result.await {
            Ok(answer) => answer,
            Err(fault) => {
                let code = fault.code();
                assert!(
                    entry.spec.may_answer(code)
                        || code == Code::NoSuchEntity
                        || code == Code::InvalidInput,
                    "{operation} answered {code}"
                );
                return Err(fault);
            }
        };
        let mut text = String::new();
        let mut encoder = JsonEncoder::new(&mut text);
        encoder.open(Part::Structure);
        answer.encode(&mut encoder);
        encoder.close(Part::Structure);
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    /// Another account on the same server, with its root.
    pub async fn another_account(&self, id: &str) -> Actor {
        let wanted = Wanted {
            id: Some(AccountId::parse(id).expect("twelve digits")),
            root_password: Some(Secret::new(ROOT_PASSWORD.to_owned())),
            ..Wanted::default()
        };
        let created = self
            .0
            .iam
            .create_account(wanted, false)
            .await
            .expect("an account");
        let secret = created.root_secret_access_key.expect("it was drawn");
        self.actor(created.root_access_key_id.as_str(), secret.expose(), None)
    }

    /// Whoever holds this key.
    pub fn actor(&self, id: &str, secret: &str, token: Option<&str>) -> Actor {
        Actor {
            app: self.clone(),
            key: Some(Key {
                id: id.to_owned(),
                secret: secret.to_owned(),
                token: token.map(str::to_owned),
            }),
            source_ip: SOURCE_IP,
        }
    }

    /// Sends a request as it stands.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        self.send_from(SOURCE_IP, request).await
    }

    /// Sends a request as it stands from this address.
    pub async fn send_from(&self, source_ip: IpAddr, mut request: Request<Body>) -> Reply {
        let number = self.0.requests.fetch_add(1, Ordering::SeqCst);
        request.extensions_mut().insert(Origin {
            request_id: format!("00000000-0000-4000-8000-{number:012x}").into(),
            source_ip,
            secure_transport: true,
        });
        let mut router = self.0.router.clone();
        let answer = router.call(request).await.expect("a router does not fail");
        let (parts, body) = answer.into_parts();
        if let Some(outcome) = parts.extensions.get::<Outcome>() {
            check_declared(outcome);
        }
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Reply {
            status: parts.status.as_u16(),
            body: String::from_utf8(bytes.to_vec()).expect("text"),
        }
    }
}

/// Fails the test where an operation answers a fault that it does not declare: clients could not know it. Where no operation
/// was found, only a common one will do.
fn check_declared(outcome: &Outcome) {
    let Some(code) = outcome.code else { return };
    let known = match outcome.operation {
        Some(name) => operation::all()
            .filter(|entry| entry.spec.name == name)
            .any(|entry| entry.spec.may_answer(code)),
        None => COMMON_FAULTS.contains(&code),
    };
    let name = outcome.operation.unwrap_or("a request for no operation");
    assert!(
        known,
        "{name} answered {code}, which it does not declare and which is not among `COMMON_FAULTS`"
    );
}

#[derive(Clone)]
struct Key {
    id: String,
    secret: String,
    token: Option<String>,
}

/// Somebody who makes requests.
#[derive(Clone)]
pub struct Actor {
    app: TestApp,
    key: Option<Key>,
    source_ip: IpAddr,
}

/// Unreserved characters stay as they are (RFC 3986).
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A form of these parameters.
pub fn form(parameters: &[(&str, &str)]) -> String {
    parameters
        .iter()
        .map(|(name, value)| {
            format!(
                "{}={}",
                utf8_percent_encode(name, FORM),
                utf8_percent_encode(value, FORM)
            )
        })
        .collect::<Vec<_>>()
        .join("&")
}

impl Actor {
    /// The id of the actor's access key.
    pub fn access_key_id(&self) -> &str {
        &self.key.as_ref().expect("an actor with a key").id
    }

    /// The same actor at this address.
    pub fn at(&self, source_ip: &str) -> Actor {
        Actor {
            source_ip: source_ip.parse().expect("an address"),
            ..self.clone()
        }
    }

    /// The same actor with the credentials that an STS answer holds.
    pub fn with_credentials_of(&self, reply: &Reply) -> Actor {
        self.app.actor(
            &reply.text("AccessKeyId"),
            &reply.text("SecretAccessKey"),
            Some(&reply.text("SessionToken")),
        )
    }

    /// Runs an IAM operation.
    pub async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Reply {
        self.query("iam", "2010-05-08", action, parameters).await
    }

    /// Runs an STS operation.
    pub async fn sts(&self, action: &str, parameters: &[(&str, &str)]) -> Reply {
        self.query("sts", "2011-06-15", action, parameters).await
    }

    /// Looks events up.
    pub async fn lookup_events(&self, input: &serde_json::Value) -> serde_json::Value {
        let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
        let reply = self
            .post(
                "cloudtrail",
                input.to_string(),
                &[
                    ("content-type", "application/x-amz-json-1.1"),
                    ("x-amz-target", target),
                ],
            )
            .await;
        serde_json::from_str(&reply.body).expect("JSON")
    }

    async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Reply {
        let mut all = vec![("Action", action), ("Version", version)];
        all.extend_from_slice(parameters);
        self.post(
            service,
            form(&all),
            &[(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )],
        )
        .await
    }

    /// Posts a signed body with these headers.
    pub async fn post(&self, service: &str, body: String, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().method("POST").uri("/");
        for (name, value) in self.signed(service, &body, headers) {
            request = request.header(name, value);
        }
        self.app
            .send_from(
                self.source_ip,
                request.body(Body::from(body)).expect("a request"),
            )
            .await
    }

    /// The actor as a door has it that has authenticated a request and not yet run an operation.
    pub async fn admitted(&self) -> (Admitted, RequestFacts) {
        let signed = self.signed("iam", "", &[]);
        let headers: Vec<(&str, &[u8])> = signed
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let request = HttpRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: b"",
        };
        let presented = claviger_signature::sigv4::present(&request).expect("a signature");
        let facts = RequestFacts {
            id: "test".into(),
            source_ip: self.source_ip,
            user_agent: None,
            referer: None,
            secure_transport: true,
            region: Cow::Borrowed("us-east-1"),
            door: Door::Aws,
            now: self.app.now(),
        };
        let admitted = self
            .app
            .iam()
            .authenticate(&presented, claviger_iam::Service::Iam, 0, &facts)
            .await
            .expect("an actor who is let in");
        (admitted, facts)
    }

    /// The headers of a body that the actor posts: these, the host, and what the signature adds.
    pub fn signed(
        &self,
        service: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = vec![("host".into(), "localhost:8040".into())];
        all.extend(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let Some(key) = &self.key else {
            return all;
        };
        let borrowed: Vec<(&str, &[u8])> = all
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_bytes()))
            .collect();
        let request = HttpRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &borrowed,
            body: body.as_bytes(),
        };
        let token = key.token.clone().map(Secret::new);
        let secret = Secret::new(key.secret.clone());
        let added = Signer {
            access_key_id: &key.id,
            secret: &secret,
            session_token: token.as_ref(),
            region: "us-east-1",
            service,
        }
        .headers(&request, self.app.now())
        .expect("a request that can be signed");
        all.extend(
            added
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        all
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The same reply, which must be a success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// Checks that this is a refusal with this code, and answers its message.
    #[track_caller]
    pub fn refused(&self, code: &str) -> String {
        assert!(
            self.status >= 400,
            "expected {code}, got {}: {}",
            self.status,
            self.body
        );
        assert_eq!(self.find("Code").as_deref(), Some(code), "{}", self.body);
        let known = claviger_model::Code::ALL
            .iter()
            .find(|known| known.as_str() == code)
            .expect("a code of the closed list");
        assert_eq!(self.status, known.status(), "{}", self.body);
        self.find("Message").unwrap_or_default()
    }

    /// The text of every element of this name.
    pub fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut texts = Vec::new();
        let mut rest = self.body.as_str();
        while let Some(at) = rest.find(&open) {
            rest = &rest[at + open.len()..];
            let Some(end) = rest.find(&close) else { break };
            texts.push(
                rest[..end]
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&#xD;", "\r")
                    .replace("&amp;", "&"),
            );
            rest = &rest[end + close.len()..];
        }
        texts
    }

    /// The text of the first element of this name, if there is one.
    pub fn find(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }

    /// The text of the first element of this name.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        self.find(name)
            .unwrap_or_else(|| panic!("no <{name}> in {}", self.body))
    }

    /// The policy document in the first element of this name, decoded.
    #[track_caller]
    pub fn document(&self, name: &str) -> String {
        percent_encoding::percent_decode_str(&self.text(name))
            .decode_utf8()
            .expect("UTF-8")
            .into_owned()
    }
}

/// The code of a TOTP device (RFC 6238) whose seed is this Base32 text, at this instant.
pub fn totp(base32_seed: &str, at: Timestamp) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let seed = data_encoding::BASE32_NOPAD
        .decode(base32_seed.as_bytes())
        .expect("Base32");
    let counter = u64::try_from(at.seconds() / 30).expect("after 1970");
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&seed).expect("any length");
    mac.update(&counter.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes(digest[offset..offset + 4].try_into().expect("four bytes"))
        & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Runs a story on SQLite and on PostgreSQL: `on_both_engines! { async fn name(app) { … } }`, or `(app with setup)`.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident $(with $setup:expr)?) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every story needs all of its module")]
            use super::*;

            async fn story($app: $crate::TestApp) $body

            fn setup() -> $crate::Setup {
                #[allow(unused_mut, unused_assignments, reason = "most stories are content with the default")]
                let mut setup = $crate::Setup::default();
                $(setup = $setup;)?
                setup
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                Box::pin(story($crate::TestApp::on_sqlite(setup()).await)).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                Box::pin(story($crate::TestApp::on_postgres(setup()).await)).await;
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(operation: &'static str, code: Code) {
        check_declared(&Outcome {
            operation: Some(operation),
            caller: None,
            code: Some(code),
        });
    }

    #[test]
    fn a_declared_fault_and_a_common_one_pass() {
        answered("GetUser", Code::NoSuchEntity);
        answered("GetUser", Code::Throttling);
    }

    #[test]
    #[should_panic(expected = "GetUser answered DeleteConflict")]
    fn a_fault_that_is_not_declared_fails_the_test() {
        answered("GetUser", Code::DeleteConflict);
    }

    #[test]
    #[should_panic(expected = "DeleteUser answered LimitExceeded")]
    fn a_fault_that_is_said_not_to_happen_fails_the_test() {
        answered("DeleteUser", Code::LimitExceeded);
    }
}
