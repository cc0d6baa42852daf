//! The JSON 1.1 protocol, in which CloudTrail's event look-up speaks.

use axum::response::Response;
use bytes::Bytes;
use claviger_iam::context::{Origin, Outcome};
use claviger_iam::operation::{Answer, Entry};
use claviger_iam::{Fault, Iam, Service};
use claviger_model::Code;
use claviger_shape::{Dialect, Encoder, Json, JsonEncoder, Part, render};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::signed;

/// What `X-Amz-Target` begins with, and the service it means. The long form is the one that SDKs send.
const TARGETS: &[(&str, Service)] = &[
    (
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.",
        Service::CloudTrail,
    ),
    ("CloudTrail_20131101.", Service::CloudTrail),
];

pub(crate) async fn handle(iam: &Iam, parts: &Parts, body: &[u8], origin: &Origin) -> Response {
    let mut outcome = Outcome::default();
    let result = run(iam, parts, body, origin, &mut outcome).await;
    let mut answer = match result {
        Ok(answer) => {
            let mut text = String::with_capacity(1_024);
            let mut encoder = JsonEncoder::new(&mut text);
            encoder.open(Part::Structure);
            answer.encode(&mut encoder);
            encoder.close(Part::Structure);
            respond(StatusCode::OK, text)
        }
        Err(fault) => {
            outcome.code = Some(fault.code());
            if let Some(cause) = fault.cause() {
                tracing::error!(request_id = %origin.request_id, %cause, "the request failed");
            }
            fault_json(&fault)
        }
    };
    answer.extensions_mut().insert(outcome);
    answer
}

async fn run(
    iam: &Iam,
    parts: &Parts,
    body: &[u8],
    origin: &Origin,
    outcome: &mut Outcome,
) -> Result<Box<dyn Answer>, Fault> {
    let entry = find(iam, parts)?;
    outcome.operation = Some(entry.spec.name);
    let (admitted, facts) =
        signed::authenticate(iam, parts, body, entry.spec.service, 0, origin).await?;
    outcome.caller = Some(admitted.arn().clone());
    let body = if body.is_empty() { b"{}" } else { body };
    let json = Json::parse(body).map_err(|error| {
        Fault::new(
            Code::ValidationError,
            format!("The body cannot be read: {error}."),
        )
    })?;
    if !json.value().is_object() {
        return Err(Fault::new(
            Code::ValidationError,
            "The body must be a JSON object.",
        ));
    }
    let input = (entry.decode)(json.source()).map_err(|violations| {
        let (code, message) = render(&violations, Dialect::STS);
        message.map_or_else(|| Fault::bare(code), |message| Fault::new(code, message))
    })?;
    iam.perform(entry, &*input, admitted, &facts).await
}

fn find(iam: &Iam, parts: &Parts) -> Result<&'static Entry, Fault> {
    let mut targets = parts.headers.get_all("x-amz-target").iter();
    let target = targets
        .next()
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if targets.next().is_some() {
        return Err(unknown());
    }
    TARGETS
        .iter()
        .find_map(|(prefix, service)| {
            let name = target.strip_prefix(prefix)?;
            iam.registry().find(*service, name)
        })
        .ok_or_else(unknown)
}

fn unknown() -> Fault {
    Fault::new(
        Code::UnknownOperation,
        "The operation that X-Amz-Target names is not one of this server.",
    )
}

fn fault_json(fault: &Fault) -> Response {
    let code = fault.code();
    let mut body = serde_json::Map::new();
    body.insert("__type".into(), code.as_str().into());
    if let Some(message) = fault.message() {
        body.insert("message".into(), message.into());
    }
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(status, serde_json::Value::Object(body).to_string())
}

fn respond(status: StatusCode, text: String) -> Response {
    let mut answer = Response::new(axum::body::Body::from(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.1"),
    );
    answer
}
