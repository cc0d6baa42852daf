//! Running an operation for the host's operator: its name and JSON in, JSON out. The socket and the commands that run
//! without a server come through here.

use claviger_iam::operation::Answer;
use claviger_iam::{Fault, Iam};
use claviger_model::{AccountId, Code};
use claviger_shape::{Dialect, Encoder as _, Json, JsonEncoder, Part, render};
use http::StatusCode;
use zeroize::Zeroizing;

/// What is to be done.
pub(crate) struct Call {
    /// The operation.
    pub(crate) operation: String,
    /// The account it is about; the only one there is, when left out.
    pub(crate) account: Option<AccountId>,
    /// What made the call, for the audit trail.
    pub(crate) command: String,
    /// The operation's input, a JSON object.
    pub(crate) input: Zeroizing<Vec<u8>>,
}

/// What came of it.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// A JSON object: the operation's answer, or `__type` and `message` of a refusal.
    pub(crate) body: Zeroizing<String>,
}

/// Runs an operation for a user of the operating system, who must have been found to be allowed to.
pub(super) async fn answer(iam: &Iam, uid: u32, call: &Call) -> Reply {
    let request = iam.request_on_host(&call.command);
    let result = run(iam, uid, call, &request).await;
    let code = result.as_ref().err().map(Fault::code);
    tracing::info!(
        request_id = &*request.id,
        uid,
        operation = call.operation,
        code = code.map(Code::as_str),
        "host request"
    );
    match result {
        Ok(answer) => {
            // Growing would leave copies of the beginning behind, which may be a secret.
            let mut body = Zeroizing::new(String::with_capacity(64 << 10));
            let mut encoder = JsonEncoder::new(&mut body);
            encoder.open(Part::Structure);
            answer.encode(&mut encoder);
            encoder.close(Part::Structure);
            Reply {
                status: StatusCode::OK,
                body,
            }
        }
        Err(fault) => {
            if let Some(cause) = fault.cause() {
                tracing::error!(request_id = &*request.id, %cause, "the request failed");
            }
            let body = serde_json::json!({
                "__type": fault.code().as_str(),
                "message": fault.message().unwrap_or_default(),
            });
            Reply {
                status: StatusCode::from_u16(fault.code().status())
                    .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                body: Zeroizing::new(body.to_string()),
            }
        }
    }
}

async fn run(
    iam: &Iam,
    uid: u32,
    call: &Call,
    request: &claviger_iam::RequestFacts,
) -> Result<Box<dyn Answer>, Fault> {
    let entry = iam
        .registry()
        .find_on_host(&call.operation)
        .ok_or_else(|| {
            Fault::new(
                Code::UnknownOperation,
                "There is no such operation on the host.",
            )
        })?;
    let json = Json::parse(&call.input)
        .ok()
        .filter(|json| json.value().is_object())
        .ok_or_else(|| Fault::invalid("The input must be a JSON object."))?;
    let input = (entry.decode)(json.source()).map_err(|violations| {
        let (code, message) = render(&violations, Dialect::IAM);
        message.map_or_else(|| Fault::bare(code), |message| Fault::new(code, message))
    })?;
    let admitted = iam.admit_on_host(call.account, uid).await?;
    iam.perform(entry, &*input, admitted, request).await
}
