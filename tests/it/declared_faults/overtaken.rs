//! A call that somebody always overtakes: whenever it is about to commit, something that it has read has been changed.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use claviger_iam::Fault;
use claviger_iam::authorize::Target;
use claviger_iam::context::{Door, RequestFacts};
use claviger_iam::cx::Cx;
use claviger_iam::operation::{Answer, Erased};
use claviger_iam::spec::Service;
use claviger_it::{Actor, SOURCE_IP, TestApp, form};
use claviger_shape::{Form, Limits};
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::present;

use super::notation::Call;

/// Who makes the call, and is changed all the time.
const CALLER: &str = "overtaken";
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// An operation with its input, which does not commit in time.
struct Slow {
    inner: Box<dyn Erased>,
    rival: Actor,
    turns: AtomicUsize,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

impl Erased for Slow {
    fn target<'a>(&'a self, cx: &'a mut Cx<'_>) -> Boxed<'a, Target> {
        self.inner.target(cx)
    }

    fn run<'a>(&'a self, cx: &'a mut Cx<'_>) -> Boxed<'a, Box<dyn Answer>> {
        Box::pin(async move {
            let answer = self.inner.run(cx).await?;
            // Every operation has read its caller.
            let turn = self.turns.fetch_add(1, Ordering::SeqCst).to_string();
            let tag = [
                ("UserName", CALLER),
                ("Tags.member.1.Key", "turn"),
                ("Tags.member.1.Value", &turn),
            ];
            self.rival.call("TagUser", &tag).await.ok();
            Ok(answer)
        })
    }

    fn masked(&self) -> serde_json::Value {
        self.inner.masked()
    }
}

/// Makes a call of IAM that is overtaken as often as it is tried, and answers the fault's code and message.
pub(super) async fn always(
    app: &TestApp,
    root: &Actor,
    call: &Call,
) -> (Option<String>, Option<String>) {
    let caller = make_caller(app, root).await;
    let iam = app.iam();
    let entry = iam
        .registry()
        .find(Service::Iam, &call.operation)
        .expect("an operation of IAM");
    let parameters: Vec<(&str, &str)> = call
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let body = form(&parameters);
    let headers = caller.signed("iam", &body, &[]);
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let request = HttpRequest {
        method: "POST",
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    let facts = RequestFacts {
        id: "overtaken".into(),
        source_ip: SOURCE_IP,
        user_agent: None,
        referer: None,
        secure_transport: true,
        region: "us-east-1".into(),
        door: Door::Aws,
        now: app.now(),
    };
    let presented = present(&request).expect("a signature");
    let admitted = iam
        .authenticate(&presented, Service::Iam, 0, &facts)
        .await
        .expect("a caller");
    let form = Form::parse("", body.as_bytes(), Limits::DEFAULT).expect("a form");
    let input = Slow {
        inner: (entry.decode)(form.source()).expect("an input"),
        rival: root.clone(),
        turns: AtomicUsize::new(0),
    };
    match iam.perform(entry, &input, admitted, &facts).await {
        Ok(_) => (None, None),
        Err(fault) => (
            Some(fault.code().to_string()),
            fault.message().map(str::to_owned),
        ),
    }
}

async fn make_caller(app: &TestApp, root: &Actor) -> Actor {
    let user = ("UserName", CALLER);
    root.call("CreateUser", &[user]).await.ok();
    let policy = [user, ("PolicyName", "all"), ("PolicyDocument", ALLOW)];
    root.call("PutUserPolicy", &policy).await.ok();
    let key = root.call("CreateAccessKey", &[user]).await.ok();
    app.actor(&key.text("AccessKeyId"), &key.text("SecretAccessKey"), None)
}
