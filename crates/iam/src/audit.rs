//! Audit: every change, every credential issued and every denial, in the shape of a CloudTrail record (AWS CloudTrail
//! user guide, "CloudTrail record contents").
//!
//! A change's event is part of the change's commit. Credentials issued are logged durably before they are handed out.
//! Denials go to a bounded queue that is written in batches; when it is full, denials of the same principal, action and
//! source are counted together instead of being lost. Those that strangers can set off are counted as they come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use claviger_model::{Clock, Timestamp};
use claviger_store::{Event, Resource, Scope, Store};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use self::repeats::{Repeats, counted};
use crate::authorize::Target;
use crate::caller::Caller;
use crate::context::RequestFacts;
use crate::fault::Fault;
use crate::principal::{Being, Principal};
use crate::spec::Spec;

mod repeats;

/// What an event tells of.
pub(crate) struct Occurrence<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) caller: &'a Caller,
    pub(crate) principal: &'a Principal,
    pub(crate) request: &'a RequestFacts,
    pub(crate) target: &'a Target,
    pub(crate) parameters: Value,
    pub(crate) response: Value,
    pub(crate) fault: Option<&'a Fault>,
}

impl Occurrence<'_> {
    /// The event.
    pub(crate) fn event(self, id: String) -> Event {
        let resources = self.resources();
        let time = self.request.now;
        let mut body = json!({
            "eventVersion": "1.11",
            "userIdentity": identity(self.caller, self.principal),
            "eventTime": time.to_string(),
            "eventSource": self.spec.service.event_source(),
            "eventName": self.spec.name,
            "awsRegion": self.request.region,
            "sourceIPAddress": self.request.source_ip.to_string(),
            "userAgent": self.request.bounded_user_agent(),
            "requestParameters": elements(self.parameters),
            "responseElements": elements(self.response),
            "requestID": self.request.id,
            "eventID": id,
            "readOnly": self.spec.access.is_read_only(),
            "resources": self.target.checks.iter().filter(|check| &*check.resource != "*").map(|check| json!({
                "ARN": check.resource,
                "accountId": check.account_text(),
            })).collect::<Vec<_>>(),
            "eventType": event_type(self.principal),
            "managementEvent": true,
            "recipientAccountId": self.principal.account_text.as_str(),
            "eventCategory": "Management",
        });
        if let (Some(fault), Some(members)) = (self.fault, body.as_object_mut()) {
            members.insert("errorCode".into(), json!(fault.code().as_str()));
            members.insert("errorMessage".into(), json!(fault.message()));
        }
        Event {
            id,
            time,
            scope: Scope::Account(self.caller.account()),
            name: self.spec.name.to_owned(),
            source: self.spec.service.event_source().to_owned(),
            username: Some(display_name(self.principal)),
            access_key_id: self.caller.access_key_id().map(|id| id.as_str().to_owned()),
            read_only: self.spec.access.is_read_only(),
            resources,
            body,
        }
    }

    /// The resources under which the event is found: each by its resource name and by its last name.
    fn resources(&self) -> Vec<Resource> {
        let mut resources: Vec<Resource> = Vec::new();
        for check in &self.target.checks {
            let Some(parts) = claviger_model::arn::split(&check.resource) else {
                continue;
            };
            let kind = resource_kind(parts.resource);
            let name = parts.resource.rsplit('/').next().unwrap_or(parts.resource);
            for name in [name, &*check.resource] {
                let resource = Resource {
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                };
                if !resources.contains(&resource) {
                    resources.push(resource);
                }
            }
        }
        resources
    }
}

fn resource_kind(resource: &str) -> &'static str {
    match resource.split('/').next() {
        Some("user" | "root") => "AWS::IAM::User",
        Some("group") => "AWS::IAM::Group",
        Some("role") => "AWS::IAM::Role",
        Some("policy") => "AWS::IAM::Policy",
        Some("mfa") => "AWS::IAM::MfaDevice",
        Some("server-certificate") => "AWS::IAM::ServerCertificate",
        _ => "AWS::IAM::Resource",
    }
}

/// An object without members says nothing, and CloudTrail writes `null` for it; one that is too large is left out and
/// says so.
fn elements(value: Value) -> Value {
    match &value {
        Value::Object(members) if members.is_empty() => Value::Null,
        _ if size(&value) > ELEMENTS => json!({ "omitted": true, "reason": "larger than 100 KB" }),
        _ => value,
    }
}

/// The bytes that a value takes, roughly, without writing it out.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + 2,
        Value::Object(members) => {
            members
                .iter()
                .map(|(name, value)| name.len() + size(value) + 4)
                .sum::<usize>()
                + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// What is done on the host came through no API (AWS CloudTrail user guide, "CloudTrail record contents", `eventType`).
fn event_type(principal: &Principal) -> &'static str {
    match principal.being {
        Being::Host(_) => "AwsServiceEvent",
        Being::Root(_) | Being::User(_) | Being::Role(_) => "AwsApiCall",
    }
}

/// Who acted, as look-ups name them.
pub(crate) fn display_name(principal: &Principal) -> String {
    match &principal.being {
        Being::Root(_) => String::from("root"),
        Being::User(user) => user.name.as_str().to_owned(),
        Being::Role(_) => principal
            .arn
            .as_str()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        Being::Host(_) => String::from(HOST_OPERATOR),
    }
}

/// Who did what was done on the host, as look-ups name them.
const HOST_OPERATOR: &str = "host-operator";

/// Who acted, as events tell it.
pub(crate) fn identity(caller: &Caller, principal: &Principal) -> Value {
    let mut identity = json!({
        "type": match principal.being {
            Being::Root(_) => "Root",
            Being::User(_) => "IAMUser",
            Being::Role(_) => "AssumedRole",
            Being::Host(_) => "HostOperator",
        },
        "principalId": principal.user_id,
        "arn": principal.arn.as_str(),
        "accountId": principal.account_text.as_str(),
    });
    let Some(members) = identity.as_object_mut() else {
        return identity;
    };
    if let Some(id) = caller.access_key_id() {
        members.insert("accessKeyId".into(), json!(id.as_str()));
    }
    if let Being::User(user) = &principal.being {
        members.insert("userName".into(), json!(user.name.as_str()));
    }
    if let Some(session) = caller.session() {
        let mut context = json!({
            "attributes": {
                "creationDate": session.issued.to_string(),
                "mfaAuthenticated": if caller.mfa().is_some() { "true" } else { "false" },
            },
        });
        if let (Being::Role(role), Some(context)) = (&principal.being, context.as_object_mut()) {
            context.insert(
                "sessionIssuer".into(),
                json!({
                    "type": "Role",
                    "principalId": role.id.as_str(),
                    "arn": role.arn().as_str(),
                    "accountId": principal.account_text.as_str(),
                    "userName": role.name.as_str(),
                }),
            );
            if let Some(source) = &session.source_identity {
                context.insert("sourceIdentity".into(), json!(source));
            }
        }
        members.insert("sessionContext".into(), context);
    }
    identity
}

/// Events that wait to be written.
const QUEUE: usize = 4_096;
/// Bytes of events that wait to be written, roughly.
const QUEUE_BYTES: usize = 16 << 20;
/// How long a denial may wait for company.
const LINGER: Duration = Duration::from_millis(50);
/// Bytes of parameters, and of an answer, that an event keeps (AWS CloudTrail user guide, "CloudTrail record contents":
/// 100 KB each).
const ELEMENTS: usize = 100_000;

/// Where events go that no commit carries.
pub(crate) struct Journal(Arc<Shared>);

struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    state: Mutex<Queue>,
    wake: Notify,
    /// Held while a batch is written, so that a flush also waits for what another has taken and not written yet.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Event>,
    /// What `waiting` takes, roughly.
    bytes: usize,
    /// What came while the queue was full, counted by account, principal, action and source.
    overflow: HashMap<Repetition, (Event, u64)>,
    /// What came while the overflow was full too.
    lost: u64,
    /// What strangers set off again and again.
    repeats: Repeats,
}

/// What denials have in common that are counted together.
#[derive(PartialEq, Eq, Hash)]
struct Repetition {
    scope: Scope,
    principal: String,
    action: String,
    source: String,
}

impl Repetition {
    fn of(event: &Event) -> Self {
        let text = |pointer: &str| {
            event
                .body
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            scope: event.scope,
            principal: text("/userIdentity/arn"),
            action: event.name.clone(),
            source: text("/sourceIPAddress"),
        }
    }
}

impl Queue {
    fn take_in(&mut self, event: Event) {
        let bytes = size(&event.body);
        if self.waiting.len() < QUEUE && self.bytes + bytes <= QUEUE_BYTES {
            self.bytes += bytes;
            self.waiting.push(event);
            return;
        }
        let repetition = Repetition::of(&event);
        if let Some((_, count)) = self.overflow.get_mut(&repetition) {
            *count += 1;
        } else if self.overflow.len() < QUEUE / 4 {
            let mut event = event;
            // Which one stands for all is chance, so that its parameters would mislead.
            if let Some(members) = event.body.as_object_mut() {
                members.insert("requestParameters".into(), Value::Null);
            }
            self.overflow.insert(repetition, (event, 1));
        } else {
            self.lost += 1;
        }
    }
}

impl Journal {
    /// Starts writing.
    pub(crate) fn start(store: Store, clock: Arc<dyn Clock>) -> Self {
        let shared = Arc::new(Shared {
            store,
            clock,
            state: Mutex::new(Queue::default()),
            wake: Notify::new(),
            writing: tokio::sync::Mutex::new(()),
        });
        let worker = Arc::downgrade(&shared);
        tokio::spawn(async move {
            loop {
                let Some(shared) = worker.upgrade() else {
                    return;
                };
                shared.end_repeats(shared.clock.now());
                shared.write_waiting().await;
                let woken = tokio::time::timeout(Duration::from_secs(1), shared.wake.notified());
                if woken.await.is_ok() {
                    tokio::time::sleep(LINGER).await;
                }
            }
        });
        Self(shared)
    }

    /// Takes a denial into the queue.
    pub(crate) fn denied(&self, event: Event) {
        self.0.state.lock().take_in(event);
        self.0.wake.notify_one();
    }

    /// Takes a denial into the queue that whoever likes can have repeated.
    pub(crate) fn denied_to_strangers(&self, event: Event) {
        let mut queue = self.0.state.lock();
        for event in queue.repeats.take_in(event) {
            queue.take_in(event);
        }
        drop(queue);
        self.0.wake.notify_one();
    }

    /// Writes an event and waits until it is durable.
    ///
    /// # Errors
    /// `ServiceUnavailable`: what cannot be recorded must not happen.
    pub(crate) async fn issued(&self, event: Event) -> Result<(), Fault> {
        self.0
            .store
            .log(vec![event])
            .await
            .map_err(Fault::unavailable)
    }

    /// Writes all that waits.
    pub(crate) async fn flush(&self) {
        self.0.end_repeats(Timestamp::from_micros(i64::MAX));
        self.0.write_waiting().await;
    }
}

impl Shared {
    /// What strangers set off in windows that are over by now waits to be written.
    fn end_repeats(&self, now: Timestamp) {
        let mut queue = self.state.lock();
        for event in queue.repeats.ended(now) {
            queue.take_in(event);
        }
    }

    async fn write_waiting(&self) {
        let _turn = self.writing.lock().await;
        let (mut events, overflow, lost) = {
            let mut queue = self.state.lock();
            queue.bytes = 0;
            (
                std::mem::take(&mut queue.waiting),
                std::mem::take(&mut queue.overflow),
                std::mem::take(&mut queue.lost),
            )
        };
        if lost > 0 {
            tracing::error!(lost, "more denials came than could be counted");
        }
        for (_, (event, count)) in overflow {
            events.push(counted(event, count));
        }
        if events.is_empty() {
            return;
        }
        let count = events.len();
        if let Err(error) = self.store.log(events.clone()).await {
            tracing::error!(%error, count, "denials could not be recorded; they will be tried again");
            // They go back to where they came from, within the same bounds.
            let mut queue = self.state.lock();
            for event in events {
                queue.take_in(event);
            }
        }
    }
}
