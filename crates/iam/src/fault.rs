//! Faults: what goes wrong in an operation, told to the caller and to the operator in separate fields.

use claviger_model::Code;
use claviger_store::{CommitError, StoreError};

use crate::entity::user_access::Shut;

/// The refusal of a request.
///
/// The message is for the caller. The cause is for the log and is never sent.
#[derive(Debug)]
pub struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    message: Option<String>,
    unconfirmed: bool,
    shut: Option<Shut>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault with a message for the caller.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: Some(message.into()),
            unconfirmed: false,
            shut: None,
            cause: None,
        }))
    }

    /// A fault that AWS answers without a `Message` element.
    #[must_use]
    pub fn bare(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            message: None,
            unconfirmed: false,
            shut: None,
            cause: None,
        }))
    }

    /// The same fault with what lies behind it, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// 404 `NoSuchEntity`.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::NoSuchEntity, message)
    }

    /// 409 `EntityAlreadyExists`.
    pub fn exists(message: impl Into<String>) -> Self {
        Self::new(Code::EntityAlreadyExists, message)
    }

    /// 409 `DeleteConflict`.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::DeleteConflict, message)
    }

    /// 409 `LimitExceeded`, in the words in which AWS names a quota.
    #[must_use]
    pub fn quota(name: &str, limit: u64) -> Self {
        Self::new(
            Code::LimitExceeded,
            format!("Cannot exceed quota for {name}: {limit}"),
        )
    }

    /// 400 `ValidationError`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::ValidationError, message)
    }

    /// 403 `AccessDenied`.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Code::AccessDenied, message)
    }

    /// 400 `MalformedPolicyDocument`.
    pub fn malformed_policy(message: impl Into<String>) -> Self {
        Self::new(Code::MalformedPolicyDocument, message)
    }

    /// 403 `AccessDenied` to somebody at the console who must confirm first to be there, and then may try again.
    #[must_use]
    pub fn unconfirmed() -> Self {
        let mut fault = Self::denied("Confirm that it is you before you change how you sign in.");
        fault.0.unconfirmed = true;
        fault
    }

    /// 403 `InvalidClientTokenId` to whoever holds a good credential of a user to whom this way in is closed. A door that has
    /// words for it may say why; in these it looks like a credential that is not good.
    #[must_use]
    pub(crate) fn shut_out(why: Shut) -> Self {
        let mut fault = Self::new(Code::InvalidClientTokenId, crate::caller::GONE);
        fault.0.shut = Some(why);
        fault
    }

    /// 500 `ServiceFailure`: something failed that is not the caller's doing. What it was goes to the log alone.
    pub fn service(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            Code::ServiceFailure,
            "The request processing has failed because of an unknown error, exception or failure.",
        )
        .because(cause)
    }

    /// 503 `ServiceUnavailable`: the store cannot answer or is overloaded; clients try again. Where it has answered, and
    /// what it holds cannot be read, no other try would help: that is 500 `ServiceFailure`.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        if is_lasting(&*cause) {
            return Self::service(cause);
        }
        Self::new(
            Code::ServiceUnavailable,
            "The request has failed due to a temporary failure of the server. Try again.",
        )
        .because(cause)
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Whether a fresh proof of being there is all that was missing.
    #[must_use]
    pub fn is_unconfirmed(&self) -> bool {
        self.0.unconfirmed
    }

    /// Why the user is kept out whose credential is good in itself, where that is the reason.
    #[must_use]
    pub fn shut(&self) -> Option<Shut> {
        self.0.shut
    }

    /// What the caller is told, if anything.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// What the log is told.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.0.cause.as_deref()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.code)?;
        if let Some(message) = &self.0.message {
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Whether the store would say the same the next time.
fn is_lasting(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let error = match cause.downcast_ref::<CommitError>() {
        Some(CommitError::Failed(error)) => Some(error),
        _ => cause.downcast_ref::<StoreError>(),
    };
    match error {
        Some(
            StoreError::Corrupt(_)
            | StoreError::Sealed
            | StoreError::Unsupported(_)
            | StoreError::Unwritable(_),
        ) => true,
        Some(StoreError::Closed | StoreError::Unavailable(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_cannot_read_is_a_failure_and_a_store_that_is_away_is_not() {
        let corrupt = || StoreError::Corrupt(String::from("a record"));
        for lasting in [
            Fault::unavailable(corrupt()),
            Fault::unavailable(CommitError::Failed(corrupt())),
            Fault::unavailable(StoreError::Sealed),
        ] {
            assert_eq!(lasting.code(), Code::ServiceFailure);
            assert!(lasting.cause().is_some());
        }
        for passing in [
            Fault::unavailable(StoreError::Closed),
            Fault::unavailable(CommitError::Busy),
            Fault::unavailable(CommitError::Failed(StoreError::Closed)),
        ] {
            assert_eq!(passing.code(), Code::ServiceUnavailable);
        }
    }
}
