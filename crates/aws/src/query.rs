//! The Query protocol: parameters in, XML out.

use axum::response::Response;
use bytes::Bytes;
use claviger_iam::context::{Origin, Outcome};
use claviger_iam::operation::{Answer, Entry};
use claviger_iam::{Fault, Iam, Service};
use claviger_intake::body::MAX_BYTES;
use claviger_model::Code;
use claviger_model::code::Blame;
use claviger_shape::{Dialect, Form, FormError, Limits, XmlEncoder, escape_xml, render};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::{plain, signed, streamed};

/// The namespace of a fault that belongs to no service, because no operation was found.
const FAULT_NAMESPACE: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";
/// AWS STS honours a presigned `GetCallerIdentity` this long, whatever life it names.
const CALLER_IDENTITY_SECONDS: i64 = 900;

/// A request that was answered: what goes into the log, and the answer.
pub(crate) async fn handle(iam: &Iam, parts: &Parts, body: &[u8], origin: &Origin) -> Response {
    let mut outcome = Outcome::default();
    let query = parts.uri.query().unwrap_or_default();
    // Only a form is a form: a body of another kind has no parameters.
    let form_body = if is_form(parts) { body } else { &[] };
    let limits = Limits {
        bytes: MAX_BYTES,
        ..Limits::DEFAULT
    };
    let mut answer = match Form::parse(query, form_body, limits) {
        Err(FormError::TooLarge) => plain(StatusCode::PAYLOAD_TOO_LARGE),
        Err(error) => {
            let fault = form_fault(&error);
            outcome.code = Some(fault.code());
            fault_xml(&fault, None, &origin.request_id)
        }
        Ok(form) => match find(iam, &form) {
            Err(fault) => {
                outcome.code = Some(fault.code());
                fault_xml(&fault, None, &origin.request_id)
            }
            Ok(entry) => {
                outcome.operation = Some(entry.spec.name);
                match run(iam, entry, parts, body, &form, origin, &mut outcome).await {
                    Ok(mut answer) => answer_xml(entry, &mut *answer, &origin.request_id),
                    Err(fault) => {
                        outcome.code = Some(fault.code());
                        if let Some(cause) = fault.cause() {
                            tracing::error!(request_id = %origin.request_id, operation = entry.spec.name, %cause, "the request failed");
                        }
                        fault_xml(&fault, Some(entry.spec.service), &origin.request_id)
                    }
                }
            }
        },
    };
    answer.extensions_mut().insert(outcome);
    answer
}

async fn run(
    iam: &Iam,
    entry: &'static Entry,
    parts: &Parts,
    body: &[u8],
    form: &Form<'_>,
    origin: &Origin,
    outcome: &mut Outcome,
) -> Result<Box<dyn Answer>, Fault> {
    let service = entry.spec.service;
    let grace = if entry.spec.name == "GetCallerIdentity" {
        CALLER_IDENTITY_SECONDS
    } else {
        0
    };
    let (admitted, facts) = signed::authenticate(iam, parts, body, service, grace, origin).await?;
    outcome.caller = Some(admitted.arn().clone());
    let input = (entry.decode)(form.source()).map_err(|violations| {
        let dialect = match service {
            Service::Sts => Dialect::STS,
            Service::Iam | Service::CloudTrail | Service::Host | Service::SignIn => Dialect::IAM,
        };
        let (code, message) = render(&violations, dialect);
        message.map_or_else(|| Fault::bare(code), |message| Fault::new(code, message))
    })?;
    iam.perform(entry, &*input, admitted, &facts).await
}

/// The operation that a form names.
fn find(iam: &Iam, form: &Form<'_>) -> Result<&'static Entry, Fault> {
    let Some(action) = form.get("Action").filter(|action| !action.is_empty()) else {
        return Err(Fault::new(
            Code::MissingAction,
            "The request must name an operation in the parameter Action.",
        ));
    };
    let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
    [Service::Iam, Service::Sts]
        .into_iter()
        .find(|service| service.version() == version)
        .and_then(|service| iam.registry().find(service, action))
        .ok_or_else(|| {
            Fault::new(
                Code::InvalidAction,
                format!("Could not find operation {action} for version {version}"),
            )
        })
}

fn is_form(parts: &Parts) -> bool {
    match parts.headers.get(http::header::CONTENT_TYPE) {
        None => true,
        Some(value) => value.to_str().is_ok_and(|text| {
            let kind = text.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        }),
    }
}

fn form_fault(error: &FormError) -> Fault {
    match error {
        FormError::InBoth(name) => Fault::new(
            Code::InvalidParameterCombination,
            format!(
                "The parameter {name} stands in both the query string and the body. Send it once."
            ),
        ),
        FormError::TooManyParameters => Fault::new(
            Code::InvalidQueryParameter,
            format!(
                "The request has more than {} parameters.",
                Limits::DEFAULT.parameters
            ),
        ),
        FormError::TooLarge | FormError::NotUtf8 | FormError::BadEscape => Fault::new(
            Code::MalformedQueryString,
            "The query string or form contains a syntax error: parameters must be percent-encoded UTF-8.",
        ),
    }
}

/// The namespace of a service's answers.
fn push_namespace(xml: &mut String, service: Option<Service>) {
    match service {
        Some(service) => {
            for part in [
                "https://",
                service.event_source(),
                "/doc/",
                service.version(),
                "/",
            ] {
                xml.push_str(part);
            }
        }
        None => xml.push_str(FAULT_NAMESPACE),
    }
}

fn answer_xml(entry: &Entry, answer: &mut dyn Answer, request_id: &str) -> Response {
    let name = entry.spec.name;
    let mut xml = String::with_capacity(1_024);
    xml.push('<');
    xml.push_str(name);
    xml.push_str("Response xmlns=\"");
    push_namespace(&mut xml, Some(entry.spec.service));
    xml.push_str("\">");
    if !answer.is_empty() {
        xml.push('<');
        xml.push_str(name);
        xml.push_str("Result>");
        answer.encode(&mut XmlEncoder::new(&mut xml));
        xml.push_str("</");
        xml.push_str(name);
        xml.push_str("Result>");
    }
    xml.push_str("<ResponseMetadata><RequestId>");
    xml.push_str(request_id);
    xml.push_str("</RequestId></ResponseMetadata></");
    xml.push_str(name);
    xml.push_str("Response>");
    match answer.attachment() {
        None => respond(StatusCode::OK, Bytes::from(xml)),
        Some(attachment) => respond(StatusCode::OK, streamed::body(xml, attachment, request_id)),
    }
}

fn fault_xml(fault: &Fault, service: Option<Service>, request_id: &str) -> Response {
    let code = fault.code();
    let mut xml = String::with_capacity(512);
    xml.push_str("<ErrorResponse xmlns=\"");
    push_namespace(&mut xml, service);
    xml.push_str("\"><Error><Type>");
    xml.push_str(match code.blame() {
        Blame::Sender => "Sender",
        Blame::Receiver => "Receiver",
    });
    xml.push_str("</Type><Code>");
    xml.push_str(code.as_str());
    xml.push_str("</Code>");
    if let Some(message) = fault.message() {
        xml.push_str("<Message>");
        escape_xml(message, &mut xml);
        xml.push_str("</Message>");
    }
    xml.push_str("</Error><RequestId>");
    xml.push_str(request_id);
    xml.push_str("</RequestId></ErrorResponse>");
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(status, Bytes::from(xml))
}

fn respond(status: StatusCode, xml: impl Into<axum::body::Body>) -> Response {
    let mut answer = Response::new(xml.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/xml"),
    );
    answer
}
