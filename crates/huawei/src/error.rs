//! Refusals, in one body that all clients read: Huawei's SDKs take `error_code` and `error_msg` from its top, Keystone's
//! clients take `error.message`.

use axum::response::Response;
use claviger_iam::Fault;
use claviger_iam::entity::user_access::Shut;
use claviger_model::Code;
use http::StatusCode;
use serde_json::json;

use crate::reply::in_json;

/// Which of the APIs a path belongs to: they name the same refusals differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `/v3`, `/v3.0`.
    V3,
    /// `/v5`.
    V5,
}

impl Family {
    /// The API of a path.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/v5") {
            Self::V5
        } else {
            Self::V3
        }
    }
}

/// A refusal.
#[derive(Debug)]
pub(crate) struct Error {
    status: StatusCode,
    code: &'static str,
    message: String,
    fault: Option<Fault>,
}

/// What signature and token failures are called at the gateway in front of every API.
const UNAUTHENTICATED: &str = "APIGW.0301";
/// What the gateway calls an API that it does not know.
const NO_SUCH_API: &str = "APIGW.0101";

impl Error {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            fault: None,
        }
    }

    /// Nothing is at this path.
    pub(crate) fn no_such_api() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            NO_SUCH_API,
            "The API does not exist or is not served here.",
        )
    }

    /// Something is at this path, but not for this method.
    pub(crate) fn no_such_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            NO_SUCH_API,
            "The method is not served at this path.",
        )
    }

    /// The API is documented to do this, and this server does not.
    pub(crate) fn not_built(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "IAM.0007",
            format!("{what} is not served here."),
        )
    }

    /// 400 under a code.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A parameter of the request is wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::bad("IAM.0007", message)
    }

    /// The marker is none that a list answered.
    pub(crate) fn marker() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PAP5.0010",
            "The marker is not one that this list has answered.",
        )
    }

    /// There is none of this kind that goes by this id.
    pub(crate) fn no_such(kind: &str, id: &str) -> Self {
        let shown: String = id.chars().take(64).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "IAM.0004",
            format!("Could not find {kind}: {shown}."),
        )
    }

    /// The fault, where what is missing can only be the one of this kind that was asked for by this id.
    pub(crate) fn of(fault: Fault, kind: &str, id: &str) -> Self {
        if fault.code() == Code::NoSuchEntity {
            Self::no_such(kind, id).because(fault)
        } else {
            fault.into()
        }
    }

    /// The same refusal with the fault that it tells of.
    pub(crate) fn because(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// 409 under a code of users' own.
    pub(crate) fn taken(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 401 under a code.
    pub(crate) fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// A token that its bearer is refused for.
    pub(crate) fn of_token(fault: Fault) -> Self {
        match fault.code() {
            _ if fault.shut().is_some() => fault.into(),
            Code::InvalidClientTokenId => Self::token().because(fault),
            Code::ExpiredToken => {
                Self::unauthorized("IAM.0066", "The token has expired. Ask for a new one.")
                    .because(fault)
            }
            _ => fault.into(),
        }
    }

    /// What it is called.
    #[cfg(test)]
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// The caller may not do this.
    pub(crate) fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "IAM.0002",
            "You are not authorized to perform the requested action.",
        )
    }

    /// Something is there already.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::taken("IAM.0005", message)
    }

    /// Nothing says who sent the request.
    pub(crate) fn anonymous() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "IAM.0001",
            "The request you have made requires authentication.",
        )
    }

    /// The token is none of this server's, or was ended.
    pub(crate) fn token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "IAM.0067",
            "The token is invalid.",
        )
    }

    /// The credential is good, and its user is kept out.
    fn shut_out(why: Shut) -> Self {
        let (code, message) = match why {
            Shut::Disabled => ("IAM.0080", "The user is disabled."),
            Shut::ConsoleOnly => ("IAM.0081", "The user may only use the console."),
            Shut::ProgrammaticOnly => ("IAM.0082", "The user may not use the console."),
        };
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// The account or project that the request names is not that of its key.
    pub(crate) fn elsewhere(header: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "IAM.0002",
            format!("{header} does not belong to the account of the access key."),
        )
    }

    /// A failure that nobody foresaw.
    pub(crate) fn unexpected() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "IAM.0006",
            "An unexpected error prevented the server from fulfilling your request.",
        )
    }

    /// The body could not be taken in.
    pub(crate) fn of_body(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::PAYLOAD_TOO_LARGE => ("IAM.1101", "The request body is too large."),
            StatusCode::SERVICE_UNAVAILABLE => ("IAM.0006", "The server is busy. Try again."),
            _ => ("IAM.0011", "The request body is invalid."),
        };
        Self::new(status, code, message)
    }

    /// The same refusal as this API names it.
    pub(crate) fn in_family(mut self, family: Family) -> Self {
        let is_denial = self
            .fault
            .as_ref()
            .is_some_and(|fault| fault.code() == Code::AccessDenied);
        if is_denial && family == Family::V5 {
            self.code = "PAP5.0001";
        }
        let is_no_policy = self
            .fault
            .as_ref()
            .is_some_and(|fault| fault.code() == Code::MalformedPolicyDocument);
        if is_no_policy && family == Family::V5 {
            self.code = "PAP5.0011";
        }
        self
    }

    /// The fault behind it.
    pub(crate) fn fault_code(&self) -> Option<Code> {
        self.fault.as_ref().map(Fault::code)
    }

    /// What lies behind it, for the log.
    pub(crate) fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.fault.as_ref().and_then(|fault| fault.cause())
    }

    /// The answer.
    pub(crate) fn respond(&self, request_id: &str) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let body = json!({
            "error": {
                "code": self.status.as_u16(),
                "message": self.message,
                "title": title,
            },
            "error_code": self.code,
            "error_msg": self.message,
            "request_id": request_id,
        });
        in_json(self.status, &body, request_id)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let text = || fault.message().unwrap_or_default().to_owned();
        let status = |code: Code| {
            StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        };
        let mut error = match fault.code() {
            _ if fault.shut().is_some() => {
                fault.shut().map_or_else(Self::unexpected, Self::shut_out)
            }
            Code::MissingAuthenticationToken => Self::anonymous(),
            Code::IncompleteSignature
            | Code::SignatureDoesNotMatch
            | Code::MalformedQueryString
            | Code::InvalidClientTokenId
            | Code::ExpiredToken => Self::new(
                StatusCode::UNAUTHORIZED,
                UNAUTHENTICATED,
                format!("Incorrect IAM authentication information: {}", text()),
            ),
            // SECURITY: whom a request was about stays untold. Who asks by an id would else learn from a denial
            // whether somebody goes by it, and under which name.
            Code::AccessDenied => Self::denied(),
            // SECURITY: its message has a name, of which whoever asked by an id was told nothing.
            Code::NoSuchEntity => Self::new(
                StatusCode::NOT_FOUND,
                "IAM.0004",
                "Could not find what the request is about.",
            ),
            Code::InvalidAuthenticationCode => Self::bad("IAM.1061", text()),
            Code::PasswordPolicyViolation => Self::bad("1118", text()),
            Code::LoginProtectionInUse => Self::bad("IAM.1062", text()),
            Code::Throttling => Self::new(StatusCode::TOO_MANY_REQUESTS, "IAM.0012", text()),
            code => match code.status() {
                409 => Self::new(StatusCode::CONFLICT, "IAM.0005", text()),
                403 => Self::new(StatusCode::FORBIDDEN, "IAM.0002", text()),
                413 => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "IAM.1101", text()),
                500.. => Self::new(status(code), "IAM.0006", text()),
                _ => Self::new(status(code), "IAM.0007", text()),
            },
        };
        error.fault = Some(fault);
        error
    }
}
