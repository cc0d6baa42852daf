//! Huawei's SDK-HMAC-SHA256 in its dialects.

mod abuse;
mod laws;
mod literal;
mod vectors;

use claviger_model::Secret;
use claviger_signature::Terms;
use claviger_signature::sdk_hmac::{SdkError, present};

use crate::call::{Call, STAMP, at};

pub(crate) const KEY_ID: &str = "CLAVIGEREXAMPLEAK000";
pub(crate) const SECRET: &str = "claviger/example+secret0123456789ABCDEF0";

/// The dialects, as tests name them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spoken {
    Access,
    Credential,
    Derived,
}

pub(crate) const ALL: [Spoken; 3] = [Spoken::Access, Spoken::Credential, Spoken::Derived];

/// A call as Huawei's SDK makes it, not signed yet.
pub(crate) fn post() -> Call {
    Call {
        method: "POST".to_owned(),
        path: "/v5/users".to_owned(),
        query: "limit=10&marker=a%20b".to_owned(),
        headers: Vec::new(),
        body: br#"{"name": "alice"}"#.to_vec(),
    }
    .header("host", "iam.claviger.test")
    .header("content-type", "application/json")
    .header("x-domain-id", "d1")
}

impl Call {
    /// Signs all headers with the literal signer at the usual time.
    pub(crate) fn sdk_signed(self, spoken: Spoken) -> Self {
        self.sdk_signed_at(spoken, STAMP)
    }

    pub(crate) fn sdk_signed_at(self, spoken: Spoken, stamp: &str) -> Self {
        let call = self.header("x-sdk-date", stamp);
        let names: Vec<String> = call.headers.iter().map(|(name, _)| name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        call.sdk_signed_over(spoken, &names, stamp)
    }

    /// Signs the named headers, which are put in order, and nothing else.
    pub(crate) fn sdk_signed_over(self, spoken: Spoken, names: &[&str], stamp: &str) -> Self {
        let authorization = literal::authorization(&self, spoken, names, KEY_ID, SECRET, stamp);
        self.header("authorization", &authorization)
    }

    pub(crate) fn sdk_verdict_with(
        &self,
        secret: &str,
        service: &str,
        now: &str,
    ) -> Result<(), SdkError> {
        self.view(|request| {
            let presented = present(request)?;
            let secret = Secret::new(secret.to_owned());
            let key = presented.scope().derive(presented.access_key_id(), &secret);
            let terms = Terms {
                service,
                now: at(now),
                presigned_at_least_seconds: 0,
            };
            presented.verify(&key, &terms)
        })
    }

    /// What IAM says at the time of the signature.
    pub(crate) fn sdk_verdict(&self) -> Result<(), SdkError> {
        self.sdk_verdict_with(SECRET, "iam", STAMP)
    }

    /// What is said before any key is looked up.
    pub(crate) fn sdk_refused(&self) -> SdkError {
        self.view(|request| present(request).map(|_| ()).unwrap_err())
    }
}
