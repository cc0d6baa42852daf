//! Making signatures, for tests and for load programs.

use claviger_model::{Secret, Timestamp};

use super::{SdkError, TERMINATOR, algorithm, signs_query_as_body, string_to_sign, style, writing};
use crate::canonical::Canonical;
use crate::credential::{Scheme, Scope};
use crate::digest;
use crate::query;
use crate::request::HttpRequest;
use crate::signed_headers::{names, sorted};

/// The dialect to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect<'a> {
    /// `SDK-HMAC-SHA256 Access=…`.
    Access,
    /// `SDK-HMAC-SHA256 Credential=…/sdk_request`. Its client leaves both texts empty.
    Credential {
        /// The region of the scope.
        region: &'a str,
        /// The service of the scope.
        service: &'a str,
    },
    /// `V11-HMAC-SHA256 Credential=…`.
    Derived {
        /// The region of the scope, or `globe`.
        region: &'a str,
        /// The service of the scope.
        service: &'a str,
    },
}

/// Somebody who signs requests: the credentials, and the dialect.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The access key id.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret: &'a Secret<String>,
    /// The security token of temporary credentials.
    pub session_token: Option<&'a Secret<String>>,
    /// The dialect.
    pub dialect: Dialect<'a>,
}

impl Signer<'_> {
    /// Signs a request: returns the headers to add to it, the names in lower case. They are `x-sdk-date` (unless the
    /// request has it already), `x-security-token` where there is a token, and `authorization`. Every header that the
    /// request has is signed, and the token is where the dialect signs it.
    ///
    /// # Errors
    ///
    /// [`SdkError`] where the request cannot be put in canonical form: a header that is there twice, an ambiguous path or
    /// query. No `host` is no error here: who signs may want to see it refused.
    pub fn headers(
        &self,
        request: &HttpRequest<'_>,
        at: Timestamp,
    ) -> Result<Vec<(&'static str, String)>, SdkError> {
        let stamp = at.basic();
        let date = stamp.get(..8).unwrap_or_default();
        let scope = match self.dialect {
            Dialect::Access => Scope {
                scheme: Scheme::SdkAccess,
                date: "",
                region: "",
                service: "",
            },
            Dialect::Credential { region, service } => Scope {
                scheme: Scheme::SdkCredential,
                date,
                region,
                service,
            },
            Dialect::Derived { region, service } => Scope {
                scheme: Scheme::V11,
                date,
                region,
                service,
            },
        };
        let scheme = scope.scheme;
        let mut added = Vec::with_capacity(3);
        if request
            .headers
            .iter()
            .all(|(name, _)| *name != "x-sdk-date")
        {
            added.push(("x-sdk-date", stamp.clone()));
        }
        let token = self
            .session_token
            .map(|token| ("x-security-token", token.expose().clone()));
        let signs_token = scheme != Scheme::SdkCredential;
        if signs_token {
            added.extend(token.clone());
        }
        let headers = sorted(
            request
                .headers
                .iter()
                .copied()
                .chain(added.iter().map(|(name, value)| (*name, value.as_bytes()))),
        )?;
        let writing = writing(scheme);
        let signed_headers = names(&headers);
        let (query, payload) = if signs_query_as_body(scheme, request.method, request.body) {
            let form = query::form(request.query, writing.plus)?;
            (String::new(), digest::hash_hex(form.as_bytes()))
        } else {
            let query = query::canonical(request.query, &[], writing)?;
            (query, digest::hash_hex(request.body))
        };
        let hash = Canonical {
            method: request.method,
            path: request.path,
            query: &query,
            headers: headers.iter().copied(),
            signed_headers: &signed_headers,
            payload: &payload,
            style: style(scheme),
        }
        .hash()?;
        let (key, credential, text) = match scheme {
            Scheme::SdkAccess | Scheme::SigV4 => ("Access", "", String::new()),
            Scheme::SdkCredential => {
                let text = format!("{date}/{}/{}/{TERMINATOR}", scope.region, scope.service);
                ("Credential", "/", text)
            }
            Scheme::V11 => {
                let text = format!("{date}/{}/{}", scope.region, scope.service);
                ("Credential", "/", text)
            }
        };
        let signing_key = scope.derive(self.access_key_id, self.secret);
        let signature = string_to_sign::sign(&signing_key, scheme, &stamp, &text, &hash);
        let authorization = format!(
            "{} {key}={}{credential}{text}, SignedHeaders={signed_headers}, Signature={}",
            algorithm(scheme),
            self.access_key_id,
            digest::text(&signature),
        );
        if !signs_token {
            added.extend(token);
        }
        added.push(("authorization", authorization));
        Ok(added)
    }
}
