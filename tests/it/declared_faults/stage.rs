//! Where scenarios are played: one server with small quotas, and for each scenario an account of its own.

use claviger_iam::operation;
use claviger_iam::quota::Quotas;
use claviger_iam::spec::Service;
use claviger_it::authenticator::{Answer, SoftKey};
use claviger_it::{Actor, Reply, Setup, TestApp, totp};
use claviger_model::{AccountId, Code};
use claviger_store::{Scope, Sequence};

use super::credentials;
use super::notation::{self, Call, Caller, Scenario};
use super::overtaken;

/// A server on which every quota is soon reached.
pub(super) fn narrow() -> Setup {
    Setup {
        quotas: Quotas {
            users: 3,
            groups: 2,
            roles: 1,
            policies: 2,
            server_certificates: 2,
            groups_per_user: 1,
            attached_policies_per_user: 1,
            attached_policies_per_group: 1,
            attached_policies_per_role: 1,
            user_policy_size: 200,
            group_policy_size: 200,
            role_policy_size: 200,
            assume_role_policy_size: 200,
            mfa_devices_per_user: 1,
            ssh_public_keys_per_user: 1,
            service_credentials_per_service: 1,
            ..Quotas::default()
        },
        ..Setup::default()
    }
}

const RFC_6238_SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// The values that a scenario may name.
pub(super) struct Values<'s> {
    account: String,
    of_file: &'s [(&'static str, &'static str)],
    app: TestApp,
    answers: Vec<Reply>,
    /// The code that was sent last.
    sent_code: Option<String>,
}

impl Values<'_> {
    /// A text with its values put in.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            let end = after
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            filled.push_str(before);
            filled.push_str(&self.value(name));
            rest = after;
        }
        filled + rest
    }

    fn value(&self, name: &str) -> String {
        if let Some((_, value)) = self.of_file.iter().find(|(known, _)| *known == name) {
            return self.fill(value);
        }
        if let Some(times) = name.strip_prefix('x').and_then(|times| times.parse().ok()) {
            return "x".repeat(times);
        }
        if let Some(text) = credentials::text(name) {
            return text.to_owned();
        }
        match name {
            // A dollar sign that stands for itself: a policy variable follows it.
            "" => String::from("$"),
            "account" => self.account.clone(),
            "rootpassword" => String::from(claviger_it::ROOT_PASSWORD),
            // The head and the tail of a policy of one statement, which allows.
            "open" => String::from(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","#),
            "close" => String::from("}}"),
            "allow" => self.fill(r#"$open"Action":"*","Resource":"*"$close"#),
            "trust" => {
                self.fill(r#"$open"Action":"sts:AssumeRole","Principal":{"AWS":"$account"}$close"#)
            }
            // Tags: a request may bring fifty.
            "fifty" => (1..=50)
                .map(|n| format!("t{n}:"))
                .collect::<Vec<_>>()
                .join(","),
            "fiftykeys" => (1..=50)
                .map(|n| format!("t{n}"))
                .collect::<Vec<_>>()
                .join(","),
            // What the device shows that was made last: before, and now.
            "before" => self.shown(-30),
            "now" => self.shown(0),
            // What the one security key of this account answers to the options that were last told.
            "keyanswers" => {
                let key = SoftKey::of_id(format!("the key of {}", self.account).into_bytes());
                Answer::to(&self.told("CreationOptions"), &key).registration()
            }
            // The first recovery code that was told last.
            "firstcode" => self.told("member"),
            "sentcode" => self.sent_code.clone().expect("a code was sent"),
            // What a device of hardware shows that has the seed of RFC 6238, appendix B.
            "hardwarebefore" => totp(RFC_6238_SEED, self.app.now().plus_seconds(-30)),
            "hardwarenow" => totp(RFC_6238_SEED, self.app.now()),
            name if name.starts_with(|c: char| c.is_ascii_uppercase()) => self.told(name),
            name => panic!("no value is called {name}"),
        }
    }

    /// The code that the device shows which was made last, so many seconds from now.
    fn shown(&self, seconds: i64) -> String {
        let seed = data_encoding::BASE64
            .decode(self.told("Base32StringSeed").as_bytes())
            .expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        totp(&seed, self.app.now().plus_seconds(seconds))
    }

    fn told(&self, element: &str) -> String {
        let mut answers = self.answers.iter().rev();
        answers
            .find_map(|answer| answer.find(element))
            .unwrap_or_else(|| panic!("no answer has <{element}>"))
    }
}

/// Plays a scenario in an account of this number, and says what is not as it should be.
pub(super) async fn play(app: &TestApp, number: u64, scenario: &Scenario) -> Result<(), String> {
    let account = AccountId::from_number(100_000_000_000 + number).expect("twelve digits");
    let root = app.another_account(account.to_string().as_str()).await;
    let mut values = Values {
        account: account.to_string(),
        of_file: &scenario.values,
        app: app.clone(),
        answers: Vec::new(),
        sent_code: None,
    };
    let (last, before) = scenario.calls.split_last().ok_or("there is no call")?;
    for text in before {
        if let Some(seconds) = text.strip_prefix("wait ") {
            app.clock().advance(seconds.parse().expect("seconds"));
            continue;
        }
        if text.contains("$sentcode") {
            let codes = crate::contacts::codes(app).await;
            values.sent_code = codes.last().map(|(_, code)| code.clone());
        }
        let reply = run(&values, app, &root, text).await;
        if reply.status != 200 {
            return Err(format!("{text} was to succeed: {}", reply.body));
        }
        values.answers.push(reply);
    }
    let (by, operation, rest) = notation::split(last);
    if operation != scenario.operation {
        return Err(format!("the last call is not of {}", scenario.operation));
    }
    let (code, message) = if scenario.code == Code::ConcurrentModification {
        let call = Call {
            by,
            operation: operation.to_owned(),
            parameters: notation::parameters(rest, |text| values.fill(text)),
        };
        overtaken::always(app, &root, &call).await
    } else {
        // A report is being made for as long as this is held.
        let making = (scenario.code == Code::ReportInProgress)
            .then(|| app.iam().credential_reports().begin(account))
            .flatten();
        let scope = Scope::Account(account);
        let commits = commits(app, scope).await;
        let reply = run(&values, app, &root, last).await;
        if self::commits(app, scope).await != commits {
            return Err(String::from("the refused call changed something"));
        }
        if reply.status != scenario.code.status() {
            return Err(format!("the status is {}: {}", reply.status, reply.body));
        }
        drop(making);
        fault(&reply)
    };
    if code.as_deref() != Some(scenario.code.as_str()) {
        return Err(format!(
            "expected {}, got {code:?}: {message:?}",
            scenario.code
        ));
    }
    if scenario.message == Some(notation::SILENT) {
        return message.map_or(Ok(()), |said| {
            Err(format!("expected no message, got {said}"))
        });
    }
    let expected = scenario.message.map(|text| values.fill(text));
    if expected.is_some() && expected != message {
        return Err(format!(
            "expected the message\n{expected:?}, got\n{message:?}"
        ));
    }
    Ok(())
}

/// How many changes the account has seen.
async fn commits(app: &TestApp, scope: Scope) -> usize {
    let store = app.iam().store();
    let changes = store.changes(scope, Sequence::START, 1_000).await;
    changes.expect("the changes").len()
}

async fn run(values: &Values<'_>, app: &TestApp, root: &Actor, text: &str) -> Reply {
    let (by, operation, rest) = notation::split(text);
    let actor = match by {
        Caller::Root => root.clone(),
        Caller::User => {
            let mut keys = values.answers.iter().rev();
            let key = keys.find(|answer| {
                answer.find("SecretAccessKey").is_some() && answer.find("SessionToken").is_none()
            });
            let key = key.expect("an access key was made");
            app.actor(&key.text("AccessKeyId"), &key.text("SecretAccessKey"), None)
        }
        Caller::Session => {
            let mut sessions = values.answers.iter().rev();
            let session = sessions.find(|answer| answer.find("SessionToken").is_some());
            root.with_credentials_of(session.expect("a session was issued"))
        }
    };
    let mut entries = operation::all();
    let entry = entries
        .find(|entry| entry.spec.name == operation)
        .unwrap_or_else(|| panic!("there is no operation {operation}"));
    if entry.spec.service == Service::CloudTrail {
        let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        return actor.post("cloudtrail", rest.to_owned(), &headers).await;
    }
    let parameters = notation::parameters(rest, |text| values.fill(text));
    let borrowed: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    match entry.spec.service {
        Service::Sts => actor.sts(operation, &borrowed).await,
        _ => actor.call(operation, &borrowed).await,
    }
}

/// The code and the message of a refusal, whichever format it has.
fn fault(reply: &Reply) -> (Option<String>, Option<String>) {
    if reply.find("Code").is_some() {
        return (reply.find("Code"), reply.find("Message"));
    }
    let json: serde_json::Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
    (text("__type"), text("message").or_else(|| text("Message")))
}
