//! The delivery of text messages, over a true store and a webhook that does what a test asks for.

use std::collections::VecDeque;
use std::sync::atomic::AtomicI64;

use claviger_iam::Settings;
use claviger_iam::dispatch::{CodeNote, Says};
use claviger_iam::password::hasher::{Cost, Hasher};
use claviger_iam::quota::Quotas;
use claviger_model::{Clock, MobileNumber, Secret};
use claviger_store::{Database, Message, Options, Scope, Store};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// A webhook: answers in turn, the last one for ever, and keeps what it was asked.
struct Hook {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hook {
    async fn answering(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        let mut answers: VecDeque<String> = answers.iter().map(|a| (*a).to_owned()).collect();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                let mut buffer = [0; 4_096];
                // The body is one JSON object, and the last that comes.
                while !request.ends_with(b"}") {
                    match stream.read(&mut buffer).await.unwrap() {
                        0 => break,
                        n => request.extend_from_slice(&buffer[..n]),
                    }
                }
                kept.lock().push(String::from_utf8(request).unwrap());
                let answer = match answers.len() {
                    1 => answers[0].clone(),
                    _ => answers.pop_front().unwrap(),
                };
                if answer == "silence" {
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_secs(60)).await;
                        drop(stream);
                    });
                    continue;
                }
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

fn answer(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")
}

struct Ground {
    clock: Arc<TestClock>,
    store: Store,
    iam: Iam,
    folder: tempfile::TempDir,
}

impl Ground {
    async fn new() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_767_323_045)));
        let rng = Arc::new(crate::chance::system());
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new(
            Database::Sqlite(folder.path().join("store")),
            Secret::new([7; 32]),
            clock.clone(),
            rng.clone(),
        );
        std::fs::create_dir(folder.path().join("store")).unwrap();
        let store = Store::open(options).await.unwrap();
        let settings = Settings {
            clock: clock.clone(),
            rng,
            quotas: Quotas::default(),
            hasher: Hasher::new(
                Cost {
                    memory_kib: 8,
                    passes: 1,
                },
                1,
            ),
            product: String::from("Claviger"),
            relying_party: None,
        };
        let iam = Iam::new(store.clone(), settings).await.unwrap();
        Self {
            clock,
            store,
            iam,
            folder,
        }
    }

    fn post(&self, hook: Option<&Hook>, allow_private: bool) -> Post {
        let webhook = hook.map(|hook| Webhook {
            host: String::from("localhost"),
            port: hook.port,
            secure: false,
            target: Secret::new(String::from("/send?token=canary-token")),
            authority: format!("localhost:{}", hook.port),
            method: http::Method::POST,
            headers: Vec::new(),
            body: Template::parse(r#"{"to":"{to}","text":"{text}"}"#).unwrap(),
            secret: signing_secret("canary-signing-secret"),
            ca: None,
            allow_private,
            timeout: Duration::from_secs(1),
        });
        Post {
            files: Files::new(self.folder.path().join("outbox")),
            ways: Ways {
                relay: None,
                webhook,
                outbox: self.folder.path().join("outbox"),
                sender: Sender {
                    product: "Claviger",
                    address: String::from("https://iam.example.com"),
                    language: Language::English,
                },
                retry_seconds: 3_600,
            },
            iam: self.iam.clone(),
            stop: Arc::default(),
        }
    }

    async fn commit(&self, id: &str, code: &str) {
        let mut unit = self.store.unit(&[Scope::Global]).await.unwrap();
        let now = self.clock.now();
        let dispatch = Dispatch {
            to: Address::Mobile(MobileNumber::new("49", "30123456").unwrap()),
            at: now,
            until: now.plus_seconds(10_000_000),
            says: Says::Code(CodeNote {
                code: Secret::new(code.to_owned()),
                minutes: 10,
                account: String::from("acme"),
                user: None,
            }),
        };
        unit.message(Message {
            id: id.to_owned(),
            scope: Scope::Global,
            channel: SMS.to_owned(),
            body: serde_json::to_value(dispatch).unwrap(),
        });
        unit.commit().await.unwrap();
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn counts(&self) -> (u64, u64, u64) {
        let counts = self.iam.messages().counts();
        (counts.delivered, counts.failed, counts.given_up)
    }
}

fn body(request: &str) -> &str {
    request.split("\r\n\r\n").nth(1).unwrap()
}

fn header<'r>(request: &'r str, name: &str) -> &'r str {
    let found = request
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name}: {request}"))
}

#[tokio::test]
async fn what_was_not_acknowledged_goes_again_the_same_under_its_id() {
    let ground = Ground::new().await;
    let answers = [
        answer("503 Not Now"),
        String::from("nonsense"),
        String::from("silence"),
        answer("200 OK"),
    ];
    let hook = Hook::answering(&answers.each_ref().map(String::as_str)).await;
    let post = ground.post(Some(&hook), true);
    ground.commit("an-id", "123456").await;
    for _ in 0..4 {
        assert_eq!(post.round().await.unwrap(), 1);
        assert_eq!(post.round().await.unwrap(), 0, "not due yet");
        ground.pass(120);
    }
    assert_eq!(post.round().await.unwrap(), 0, "delivered");
    let asked = hook.asked();
    assert_eq!(asked.len(), 4);
    for request in &asked {
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(body(request)).unwrap(),
            serde_json::json!({
                "to": "+4930123456",
                "text": "123456 is your code for Claviger. It is good for 10 minutes.",
            })
        );
        assert_eq!(header(request, "webhook-id"), "an-id");
        assert_eq!(header(request, "idempotency-key"), "an-id");
        assert!(header(request, "webhook-signature").starts_with("v1,"));
    }
    assert_eq!(ground.counts(), (1, 3, 0));
}

#[tokio::test]
async fn what_a_dead_node_had_goes_again_once_its_lease_has_ended() {
    let ground = Ground::new().await;
    let hook = Hook::answering(&[&answer("200 OK")]).await;
    let post = ground.post(Some(&hook), true);
    ground.commit("an-id", "123456").await;
    let dead = ground
        .store
        .due(ground.clock.now(), 60, BATCH)
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(post.round().await.unwrap(), 0);
    ground.pass(61);
    assert_eq!(post.round().await.unwrap(), 1);
    assert_eq!(hook.asked().len(), 1);
    assert!(hook.asked()[0].contains("123456"));
}

#[tokio::test]
async fn of_several_nodes_one_sends_each_message() {
    let ground = Ground::new().await;
    let hook = Hook::answering(&[&answer("200 OK")]).await;
    for number in 0..20 {
        ground.commit(&format!("id-{number}"), "123456").await;
    }
    let nodes: Vec<Post> = (0..4).map(|_| ground.post(Some(&hook), true)).collect();
    let deliver = |post: Post| async move { while post.round().await.unwrap() > 0 {} };
    let tasks: Vec<_> = nodes
        .into_iter()
        .map(|post| tokio::spawn(deliver(post)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let asked = hook.asked();
    let mut ids: Vec<&str> = asked
        .iter()
        .map(|request| header(request, "webhook-id"))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((asked.len(), ids.len()), (20, 20));
}

#[tokio::test]
async fn what_is_refused_is_given_up_and_what_leads_elsewhere_is_not_followed() {
    let ground = Ground::new().await;
    let refusing = Hook::answering(&[&answer("422 No Such Number")]).await;
    ground.commit("refused", "123456").await;
    ground.post(Some(&refusing), true).round().await.unwrap();
    assert_eq!(ground.counts(), (0, 0, 1));

    let elsewhere = Hook::answering(&[&answer("200 OK")]).await;
    let leading = format!(
        "HTTP/1.1 307 Elsewhere\r\nlocation: http://localhost:{}/\r\ncontent-length: 0\r\n\r\n",
        elsewhere.port
    );
    let leading = Hook::answering(&[&leading]).await;
    ground.commit("led", "123456").await;
    ground.post(Some(&leading), true).round().await.unwrap();
    assert_eq!(ground.counts(), (0, 1, 1));
    assert_eq!((leading.asked().len(), elsewhere.asked().len()), (1, 0));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_and_the_next_message_is_not_tried_in_vain() {
    let ground = Ground::new().await;
    let endless = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n{}",
        "x".repeat(100_000)
    );
    let hook = Hook::answering(&[&endless]).await;
    ground.commit("one", "123456").await;
    ground.commit("two", "123456").await;
    ground.post(Some(&hook), true).round().await.unwrap();
    assert_eq!(ground.counts(), (0, 2, 0));
    assert_eq!(hook.asked().len(), 1);
}

#[tokio::test]
async fn ac_45_a_webhook_at_an_address_of_ones_own_is_asked_nothing_unless_allowed() {
    let ground = Ground::new().await;
    let hook = Hook::answering(&[&answer("200 OK")]).await;
    ground.commit("an-id", "123456").await;
    ground.post(Some(&hook), false).round().await.unwrap();
    assert_eq!(ground.counts(), (0, 1, 0));
    assert_eq!(hook.asked().len(), 0);
}

#[tokio::test]
async fn what_fails_for_too_long_is_given_up_after_one_more_try() {
    let ground = Ground::new().await;
    let hook = Hook::answering(&[&answer("503 Not Now")]).await;
    let post = ground.post(Some(&hook), true);
    ground.commit("an-id", "123456").await;
    ground.pass(1_000_000);
    post.round().await.unwrap();
    assert_eq!(ground.counts(), (0, 1, 0), "the first try");
    ground.pass(60);
    post.round().await.unwrap();
    assert_eq!(ground.counts(), (0, 1, 1));
}

#[tokio::test]
async fn without_a_webhook_text_messages_are_files() {
    let ground = Ground::new().await;
    ground.commit("an-id", "123456").await;
    ground.post(None, false).round().await.unwrap();
    let path = ground
        .folder
        .path()
        .join("outbox/20260102T030405Z-an-id.json");
    let message: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = message["text"].as_str().unwrap();
    assert!(text.starts_with("123456 is your code"), "{text}");
    assert_eq!(ground.counts(), (1, 0, 0));
}

#[tokio::test]
async fn when_the_server_stops_what_was_not_tried_is_anybodys() {
    let ground = Ground::new().await;
    let hook = Hook::answering(&[&answer("200 OK")]).await;
    ground.commit("an-id", "123456").await;
    let stopping = ground.post(Some(&hook), true);
    stopping.stop.asked.store(true, Ordering::SeqCst);
    stopping.round().await.unwrap();
    assert_eq!(hook.asked().len(), 0);
    ground.post(Some(&hook), true).round().await.unwrap();
    assert_eq!(hook.asked().len(), 1);
}
