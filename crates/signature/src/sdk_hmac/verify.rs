//! The verdicts: scope, time, signature.

use claviger_model::Timestamp;

use super::present::Presented;
use super::{SdkError, TERMINATOR};
use crate::claim::{Claim, Refusal, Terms};
use crate::credential::{Scheme, Scope};
use crate::digest;
use crate::key::SigningKey;

/// How far the time of a request may lie from the server's, either way, in seconds.
pub const CLOCK_WINDOW_SECONDS: i64 = 900;

impl Presented<'_> {
    /// Holds the scope against the service, where the dialect has one: its date must be that of the request's own time,
    /// its service this one, its last part `sdk_request`. The region is free. In the second dialect region and service may be
    /// empty, as its client leaves them.
    ///
    /// # Errors
    ///
    /// [`SdkError::Scope`].
    pub fn check_scope(&self, service: &str) -> Result<(), SdkError> {
        let scope = self.scope();
        if scope.scheme == Scheme::SdkAccess {
            return Ok(());
        }
        let is_open = scope.scheme == Scheme::SdkCredential;
        let region = scope.region.as_bytes();
        let region_is_sane = (is_open || !region.is_empty())
            && region.len() <= 64
            && region
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let service_is_this = scope.service == service || is_open && scope.service.is_empty();
        let terminator = if is_open { TERMINATOR } else { "" };
        let day = self.stamp().get(..8).unwrap_or_default();
        if region_is_sane && service_is_this && self.terminator() == terminator && scope.date == day
        {
            Ok(())
        } else {
            Err(SdkError::Scope)
        }
    }

    /// Holds the request's time against the server's, from which it may be [`CLOCK_WINDOW_SECONDS`] off either way.
    ///
    /// # Errors
    ///
    /// [`SdkError::Expired`], [`SdkError::NotYetCurrent`].
    pub fn check_time(&self, now: Timestamp) -> Result<(), SdkError> {
        let signed_at = self.timestamp();
        // Whole seconds on both sides, since that is what the texts show.
        let age = now.whole_seconds().seconds_since(signed_at);
        if age > CLOCK_WINDOW_SECONDS {
            return Err(SdkError::Expired { signed_at, now });
        }
        if age < -CLOCK_WINDOW_SECONDS {
            return Err(SdkError::NotYetCurrent { signed_at, now });
        }
        Ok(())
    }

    /// The verdict: scope, time, and the signature over method, path, query, signed headers and the body as it is, compared
    /// in constant time. The key must be that of [`access_key_id`](Self::access_key_id) for [`scope`](Self::scope).
    ///
    /// # Errors
    ///
    /// Those of [`check_scope`](Self::check_scope) and [`check_time`](Self::check_time); [`SdkError::Payload`] where a
    /// declared hash is not the body's; [`SdkError::Mismatch`] where the signature is another.
    pub fn verify(&self, key: &SigningKey, terms: &Terms<'_>) -> Result<(), SdkError> {
        self.check_scope(terms.service)?;
        self.check_time(terms.now)?;
        let payload = self.payload();
        if let Some(declared) = self.declared_payload()
            && declared != payload.as_slice()
        {
            return Err(SdkError::Payload);
        }
        let expected = self.signature_under(key, &payload)?;
        if digest::equal(&expected, self.signature().as_bytes()) {
            Ok(())
        } else {
            Err(SdkError::Mismatch)
        }
    }
}

impl Claim for Presented<'_> {
    fn access_key_id(&self) -> &str {
        self.access_key_id()
    }

    fn session_token(&self) -> Option<&str> {
        self.session_token()
    }

    fn scope(&self) -> Scope<'_> {
        self.scope()
    }

    fn check_scope(&self, service: &str) -> Result<(), Refusal> {
        self.check_scope(service).map_err(Refusal::from)
    }

    fn verify(&self, key: &SigningKey, terms: &Terms<'_>) -> Result<(), Refusal> {
        self.verify(key, terms).map_err(Refusal::from)
    }
}
