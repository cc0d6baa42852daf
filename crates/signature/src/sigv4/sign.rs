//! Making signatures: for tests, for load programs, and for calls of our own.

use claviger_model::{Secret, Timestamp};

use super::string_to_sign::{self, STYLE};
use super::{ALGORITHM, QUERY, SIGNATURE, SignatureError, TERMINATOR};
use crate::canonical::Canonical;
use crate::digest::{self, Hex};
use crate::key::SigningKey;
use crate::query;
use crate::request::HttpRequest;
use crate::signed_headers::{names, sorted};

/// Somebody who signs requests: the credentials, and what they are signed for.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The access key id.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret: &'a Secret<String>,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a Secret<String>>,
    /// The region of the scope.
    pub region: &'a str,
    /// The service of the scope.
    pub service: &'a str,
}

impl Signer<'_> {
    /// Signs a request in its headers: returns the headers to add to it, the names in lower case. They are `x-amz-date`
    /// (unless the request has it already), `x-amz-security-token` where there is a token, and `authorization`. Every
    /// header that the request has is signed.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] where the request cannot be put in canonical form: a header that is there twice, an ambiguous
    /// path or query. No `host` is no error here: who signs may want to see it refused.
    pub fn headers(
        &self,
        request: &HttpRequest<'_>,
        at: Timestamp,
    ) -> Result<Vec<(&'static str, String)>, SignatureError> {
        let stamp = at.basic();
        let mut added = Vec::with_capacity(3);
        if request
            .headers
            .iter()
            .all(|(name, _)| *name != "x-amz-date")
        {
            added.push(("x-amz-date", stamp.clone()));
        }
        if let Some(token) = self.session_token {
            added.push(("x-amz-security-token", token.expose().clone()));
        }
        let headers = sorted(
            request
                .headers
                .iter()
                .copied()
                .chain(added.iter().map(|(name, value)| (*name, value.as_bytes()))),
        )?;
        let query = query::canonical(request.query, &[], QUERY)?;
        let signed_headers = names(&headers);
        let signature = self.sign(request, &query, &headers, &signed_headers, &stamp)?;
        let authorization = format!(
            "{ALGORITHM} Credential={}, SignedHeaders={signed_headers}, Signature={}",
            self.credential(&stamp),
            digest::text(&signature),
        );
        added.push(("authorization", authorization));
        Ok(added)
    }

    /// Signs a request in its query: returns the whole query to send in place of the one it has. `expires_seconds` is
    /// written as it is, in or out of bounds. Every header that the request has is signed and must be sent with it.
    ///
    /// # Errors
    ///
    /// As [`Signer::headers`].
    pub fn presigned_query(
        &self,
        request: &HttpRequest<'_>,
        at: Timestamp,
        expires_seconds: i64,
    ) -> Result<String, SignatureError> {
        let stamp = at.basic();
        let headers = sorted(request.headers.iter().copied())?;
        let signed_headers = names(&headers);
        let (credential, expires) = (self.credential(&stamp), expires_seconds.to_string());
        let mut parameters = vec![
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", credential.as_str()),
            ("X-Amz-Date", &stamp),
            ("X-Amz-Expires", &expires),
            ("X-Amz-SignedHeaders", &signed_headers),
        ];
        if let Some(token) = self.session_token {
            parameters.push(("X-Amz-Security-Token", token.expose()));
        }
        let mut query = query::canonical(request.query, &parameters, QUERY)?;
        let signature = self.sign(request, &query, &headers, &signed_headers, &stamp)?;
        query.push('&');
        query.push_str(SIGNATURE);
        query.push('=');
        query.push_str(&digest::text(&signature));
        Ok(query)
    }

    fn scope(&self, stamp: &str) -> String {
        let (date, region, service) = (date(stamp), self.region, self.service);
        format!("{date}/{region}/{service}/{TERMINATOR}")
    }

    fn credential(&self, stamp: &str) -> String {
        format!("{}/{}", self.access_key_id, self.scope(stamp))
    }

    fn sign(
        &self,
        request: &HttpRequest<'_>,
        query: &str,
        headers: &[(&str, &[u8])],
        signed_headers: &str,
        stamp: &str,
    ) -> Result<Hex, SignatureError> {
        let hash = Canonical {
            method: request.method,
            path: request.path,
            query,
            headers: headers.iter().copied(),
            signed_headers,
            payload: &digest::hash_hex(request.body),
            style: STYLE,
        }
        .hash()?;
        let date = date(stamp);
        let key = SigningKey::derive(self.secret, date, self.region, self.service);
        Ok(string_to_sign::sign(&key, stamp, &self.scope(stamp), &hash))
    }
}

fn date(stamp: &str) -> &str {
    stamp.get(..8).unwrap_or_default()
}
