//! What authentication asks of a signed request, whichever scheme signed it.

use claviger_model::{Code, Timestamp};

use crate::credential::Scope;
use crate::key::SigningKey;

/// What a door demands of a request.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The service that the scope must name: `iam`, `sts`.
    pub service: &'a str,
    /// The server's time, the one reading of the clock that the request gets.
    pub now: Timestamp,
    /// A presigned request is honoured for this many seconds even if its `X-Amz-Expires` is smaller. 0 almost
    /// everywhere; 900 for `GetCallerIdentity`, whose presigned form AWS STS honours for a quarter of an hour whatever it
    /// says. Where a scheme has no presigned form, it means nothing.
    pub presigned_at_least_seconds: i64,
}

/// Why a claim does not hold: the fault's code, and the message for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The fault code. It never depends on the secret or on whether the key exists.
    pub code: Code,
    /// The message. It may tell back parts of what the client sent, so a log should carry the code in its place.
    pub message: String,
}

/// A request that says whose key signed it. **Nothing of it is true** before [`Claim::verify`] says so.
pub trait Claim: Sync {
    /// The access key id that the request names; any text, perhaps empty.
    fn access_key_id(&self) -> &str;

    /// The session token that came along. It is a credential: log it nowhere.
    fn session_token(&self) -> Option<&str>;

    /// What the key has to be derived for, [`Scope::derive`].
    fn scope(&self) -> Scope<'_>;

    /// Holds the scope against the service.
    ///
    /// # Errors
    ///
    /// Where the key that the request names is not one for this service, or not one for its own day.
    fn check_scope(&self, service: &str) -> Result<(), Refusal>;

    /// The verdict under the key of [`Claim::scope`]: scope, time, body and signature.
    ///
    /// # Errors
    ///
    /// Where any of them is wrong.
    fn verify(&self, key: &SigningKey, terms: &Terms<'_>) -> Result<(), Refusal>;
}
