//! The verdicts: scope, time, signature.

use super::present::Presented;
use super::{SignatureError, TERMINATOR};
use crate::claim::{Claim, Refusal, Terms};
use crate::credential::Scope;
use crate::digest;
use crate::key::SigningKey;
use claviger_model::Timestamp;

/// How far the time of a header-signed request may lie from the server's, either way, in seconds; and how far ahead
/// that of a presigned one may be.
pub const CLOCK_WINDOW_SECONDS: i64 = 300;

impl Presented<'_> {
    /// Holds the scope against the service: the region must be there (which one is free), the service must be this one,
    /// the last part `aws4_request`, and the date that of the request's own time.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Scope`] with AWS's sentence for each part that is wrong.
    pub fn check_scope(&self, service: &str) -> Result<(), SignatureError> {
        let scope = self.scope();
        let stamp = self.stamp();
        let day = stamp.get(..8).unwrap_or_default();
        let region_is_sane = !scope.region.is_empty()
            && scope.region.len() <= 64
            && scope
                .region
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if region_is_sane
            && scope.service == service
            && self.terminator() == TERMINATOR
            && scope.date == day
        {
            return Ok(());
        }
        let mut text = String::new();
        if !region_is_sane {
            text.push_str("Credential should be scoped to a valid region. ");
        }
        if scope.service != service {
            text.push_str("Credential should be scoped to correct service: '");
            text.push_str(service);
            text.push_str("'. ");
        }
        if self.terminator() != TERMINATOR {
            text.push_str("Credential should be scoped with a valid terminator: '");
            text.push_str(TERMINATOR);
            text.push_str("', not '");
            text.push_str(self.terminator());
            text.push_str("'.");
        }
        if scope.date != day {
            if text.ends_with('.') {
                text.push(' ');
            }
            text.push_str(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '",
            );
            text.push_str(scope.date);
            text.push_str("' != '");
            text.push_str(day);
            text.push_str("', from '");
            text.push_str(stamp);
            text.push_str("'.");
        }
        Err(SignatureError::Scope { text: text.into() })
    }

    /// Holds the request's time against the server's. A header-signed request may be [`CLOCK_WINDOW_SECONDS`] off either
    /// way; a presigned one is good from that much before its time until its life is over.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Expired`], [`SignatureError::NotYetCurrent`].
    pub fn check_time(
        &self,
        now: Timestamp,
        presigned_at_least_seconds: i64,
    ) -> Result<(), SignatureError> {
        let signed_at = self.timestamp();
        let window_seconds = self
            .lifetime_seconds()
            .map_or(CLOCK_WINDOW_SECONDS, |life| {
                life.max(presigned_at_least_seconds)
            });
        // Whole seconds on both sides, since that is what the texts show.
        let age = now.whole_seconds().seconds_since(signed_at);
        if age > window_seconds {
            return Err(SignatureError::Expired {
                signed_at,
                now,
                window_seconds,
            });
        }
        if age < -CLOCK_WINDOW_SECONDS {
            return Err(SignatureError::NotYetCurrent {
                signed_at,
                now,
                window_seconds: CLOCK_WINDOW_SECONDS,
            });
        }
        Ok(())
    }

    /// The verdict: scope, time, and the signature over method, path, query, signed headers and the body as it is,
    /// compared in constant time. The key must be that of [`access_key_id`](Self::access_key_id) for
    /// [`scope`](Self::scope).
    ///
    /// # Errors
    ///
    /// Those of [`check_scope`](Self::check_scope) and [`check_time`](Self::check_time);
    /// [`SignatureError::Payload`] where a declared hash is not the body's; [`SignatureError::Mismatch`] where the
    /// signature is another.
    pub fn verify(&self, key: &SigningKey, terms: &Terms<'_>) -> Result<(), SignatureError> {
        self.check_scope(terms.service)?;
        self.check_time(terms.now, terms.presigned_at_least_seconds)?;
        let payload = digest::hash_hex(self.request().body);
        if let Some(declared) = self.declared_payload()
            && declared != payload.as_slice()
        {
            return Err(SignatureError::Payload);
        }
        let expected = self.signature_under(key, &payload)?;
        if digest::equal(&expected, self.signature().as_bytes()) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
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
