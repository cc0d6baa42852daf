//! A request that tests build, sign, bend and present.

use claviger_model::{Secret, Timestamp};
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::sign::Signer;
use claviger_signature::sigv4::{SignatureError, SigningKey, Terms, present};

use crate::literal;

pub(crate) const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub(crate) const STAMP: &str = "20260102T030405Z";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn at(stamp: &str) -> Timestamp {
    Timestamp::parse_basic(stamp).unwrap()
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// A call as the AWS CLI makes it, not signed yet.
pub(crate) fn post() -> Call {
    Call {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: b"Action=ListUsers&Version=2010-05-08".to_vec(),
    }
    .header("host", "iam.amazonaws.com")
    .header(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )
}

/// The presigned call of EKS's token, not signed yet.
pub(crate) fn get_caller_identity() -> Call {
    Call {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: "Action=GetCallerIdentity&Version=2011-06-15".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    }
    .header("host", "sts.us-east-1.amazonaws.com")
    .header("x-k8s-aws-id", "demo")
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| present != name);
        self
    }

    /// The value of the first such header, to be bent.
    pub(crate) fn value(&mut self, name: &str) -> &mut Vec<u8> {
        let found = self.headers.iter_mut().find(|(present, _)| present == name);
        &mut found.unwrap().1
    }

    /// Replaces a text in a header.
    pub(crate) fn bend(mut self, name: &str, from: &str, to: &str) -> Self {
        let value = self.value(name);
        let text = String::from_utf8(value.clone()).unwrap();
        assert!(text.contains(from), "nothing to bend in {text}");
        *value = text.replace(from, to).into_bytes();
        self
    }

    /// Replaces a text in the query.
    pub(crate) fn bend_query(mut self, from: &str, to: &str) -> Self {
        assert!(
            self.query.contains(from),
            "nothing to bend in {}",
            self.query
        );
        self.query = self.query.replace(from, to);
        self
    }

    pub(crate) fn view<R>(&self, look: impl FnOnce(&HttpRequest<'_>) -> R) -> R {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        look(&HttpRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        })
    }

    /// Signs all headers for a service with the literal signer.
    pub(crate) fn signed_for(self, service: &str, stamp: &str) -> Self {
        let call = self.header("x-amz-date", stamp);
        let names: Vec<String> = call.headers.iter().map(|(name, _)| name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        call.signed_over(&names, service, stamp)
    }

    /// Signs the named headers, which are put in order, and nothing else.
    pub(crate) fn signed_over(self, names: &[&str], service: &str, stamp: &str) -> Self {
        let scope = format!("{}/{REGION}/{service}/aws4_request", &stamp[..8]);
        let authorization = literal::authorization(&self, names, KEY_ID, SECRET, stamp, &scope);
        self.header("authorization", &authorization)
    }

    /// Signs all headers for IAM at the usual time.
    pub(crate) fn signed(self) -> Self {
        self.signed_for("iam", STAMP)
    }

    /// Presigns for STS at the usual time.
    pub(crate) fn presigned(mut self, expires_seconds: i64) -> Self {
        let secret = Secret::new(SECRET.to_owned());
        let signer = Signer {
            access_key_id: KEY_ID,
            secret: &secret,
            session_token: None,
            region: REGION,
            service: "sts",
        };
        self.query = self
            .view(|request| signer.presigned_query(request, at(STAMP), expires_seconds))
            .unwrap();
        self
    }

    pub(crate) fn verdict_with(
        &self,
        secret: &str,
        terms: &Terms<'_>,
    ) -> Result<(), SignatureError> {
        self.view(|request| {
            let presented = present(request)?;
            let scope = presented.scope();
            let secret = Secret::new(secret.to_owned());
            let key = SigningKey::derive(&secret, scope.date, scope.region, scope.service);
            presented.verify(&key, terms)
        })
    }

    /// What a door of this service says at this time, the key being the usual one.
    pub(crate) fn verdict_at(&self, service: &str, now: &str) -> Result<(), SignatureError> {
        let terms = Terms {
            service,
            now: at(now),
            presigned_at_least_seconds: 0,
        };
        self.verdict_with(SECRET, &terms)
    }

    /// What IAM says at the time of the signature.
    pub(crate) fn verdict(&self) -> Result<(), SignatureError> {
        self.verdict_at("iam", STAMP)
    }

    /// What is said before any key is looked up.
    pub(crate) fn refused_before_lookup(&self) -> SignatureError {
        self.view(|request| present(request).map(|_| ()).unwrap_err())
    }
}
