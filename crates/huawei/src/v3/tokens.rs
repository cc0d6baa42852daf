//! Tokens (Identity API v3, "Authentication and token management"; Identity and Access Management API reference, "Token
//! Management"): issued, shown, ended.

use claviger_iam::caller::Who;
use claviger_iam::context::{Origin, Outcome, RequestFacts};
use claviger_iam::identity_token::{Method, TokenScope};
use claviger_iam::operation::caller_details::GetCallerDetails;
use claviger_iam::operation::sessions::AssumeRole;
use claviger_iam::operation::tokens::{
    ReissueToken, RevokeOwnToken, RevokeToken, TokenText, ValidateToken,
};
use claviger_iam::session::SessionPrincipal;
use claviger_iam::signin::{PasswordAttempt, Refusal, SignInName};
use claviger_iam::{Admitted, Fault};
use claviger_model::{Arn, Code, Scalar as _, Secret};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::proofs::{Asks, Named, Proof, Scope, Totp};
use super::{catalog, domains};
use crate::error::Error;
use crate::reply::Reply;
use crate::{Door, ids, signed, times};

/// Where they are.
pub(crate) const PATH: &str = "/v3/auth/tokens";
/// The header that a token comes in, and goes out in.
const SUBJECT: HeaderName = HeaderName::from_static("x-subject-token");

/// Answers a request for, or about, a token.
pub(crate) async fn answer(
    door: &Door,
    parts: &Parts,
    body: &[u8],
    origin: &Origin,
    outcome: &mut Outcome,
) -> Result<Reply, Error> {
    let facts = signed::facts(&door.iam, parts, origin);
    let told = Told {
        door,
        facts: &facts,
        with_catalog: !has_flag(parts.uri.query().unwrap_or_default(), "nocatalog"),
    };
    match parts.method.as_str() {
        "POST" => told.issue(parts, body, outcome).await,
        "GET" => told.show(parts, body, origin, outcome).await,
        "HEAD" => {
            told.show(parts, body, origin, outcome).await?;
            Ok(Reply::empty(StatusCode::OK))
        }
        "DELETE" => told.end(parts, body, origin, outcome).await,
        _ => Err(Error::no_such_method()),
    }
}

/// Whether the query has this name, with whatever value.
fn has_flag(query: &str, name: &str) -> bool {
    query
        .split('&')
        .any(|pair| pair.split_once('=').map_or(pair, |(name, _)| name) == name)
}

struct Told<'a> {
    door: &'a Door,
    facts: &'a RequestFacts,
    with_catalog: bool,
}

impl Told<'_> {
    async fn issue(
        &self,
        parts: &Parts,
        body: &[u8],
        outcome: &mut Outcome,
    ) -> Result<Reply, Error> {
        let asks = Asks::read(body)?;
        let for_project = matches!(asks.scope, Scope::Project(_));
        let (token, totp) = match asks.proof {
            Proof::Password {
                named,
                password,
                totp,
            } => {
                outcome.operation = Some("IssueToken");
                let token = self
                    .by_password(&named, &password, totp.as_ref(), for_project)
                    .await?;
                (token, totp)
            }
            Proof::Token(shown) => {
                outcome.operation = Some("ReissueToken");
                let admitted = self.bearer(shown.expose()).await?;
                let operation = ReissueToken {
                    project: Some(for_project),
                };
                let issued = self.door.iam.call(&operation, admitted, self.facts);
                (issued.await?.token, None)
            }
            Proof::AssumeRole { agency, domain } => {
                outcome.operation = Some("AssumeRole");
                let shown = header(parts, "x-auth-token").ok_or_else(Error::anonymous)?;
                let admitted = self.bearer(shown).await?;
                let token = self.by_role(admitted, &agency, &domain, for_project);
                (token.await?, None)
            }
        };
        let admitted = self.bearer(token.expose()).await?;
        let account = admitted.caller().account();
        outcome.caller = Some(admitted.arn().clone());
        let own_id = own_id(&admitted);
        let (body, name) = self.described(admitted).await?;
        let domain = body.domain;
        let is_there = match &asks.scope {
            Scope::Default => true,
            Scope::Domain(called) => *called == ids::domain(account) || *called == domain,
            Scope::Project(called) => {
                *called == ids::project(account) || *called == *self.door.project
            }
        };
        // Neither is an oracle: the password was right.
        if !is_there || totp.is_some_and(|totp| !totp.is_of(&own_id, &name)) {
            return Err(Error::unauthorized(
                "IAM.0001",
                "The user has no access to what the token is asked for.",
            ));
        }
        Ok(Reply::created(body.token).header(SUBJECT, in_header(token.expose())?))
    }

    async fn by_password(
        &self,
        named: &Named,
        password: &Secret<String>,
        totp: Option<&Totp>,
        for_project: bool,
    ) -> Result<Secret<String>, Error> {
        let name = match named {
            Named::Id(id) => SignInName::ById(id),
            Named::Root(account) => SignInName::RootOf { account },
            Named::InDomain { domain, name } => SignInName::InDomain {
                account: domain,
                name,
            },
            // It must take as long as the name of somebody who is there.
            Named::Nobody => SignInName::InDomain {
                account: "-",
                name: "-",
            },
        };
        let attempt = PasswordAttempt {
            name,
            password,
            known_browser: None,
        };
        let code = totp.map(|totp| &totp.code);
        let issued = self
            .door
            .iam
            .token_by_password(&attempt, code, for_project, self.facts)
            .await;
        issued.map(|issued| issued.token).map_err(refused)
    }

    async fn by_role(
        &self,
        admitted: Admitted,
        agency: &str,
        domain: &str,
        for_project: bool,
    ) -> Result<Secret<String>, Error> {
        let denied = || Error::from(Fault::denied("The agency cannot be assumed."));
        let by = admitted.caller().clone();
        let own = by.account();
        // Accounts are found by their numbers alone here: another account's alias is its own affair.
        let account = if domain == own.to_string() {
            own
        } else {
            claviger_model::AccountId::parse(domain).map_err(|_| denied())?
        };
        let arn = Arn::parse(&format!("arn:aws:iam::{account}:role/{agency}"));
        let session = format!("token-{}", own_id(&admitted));
        let operation = AssumeRole {
            role_arn: arn.map_err(|_| denied())?,
            role_session_name: claviger_model::Scalar::parse(&session).map_err(|_| denied())?,
            policy_arns: Vec::new(),
            policy: None,
            duration_seconds: None,
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            external_id: None,
            serial_number: None,
            token_code: None,
            source_identity: None,
            provided_contexts: Vec::new(),
            minimum_session_token_size: None,
        };
        let iam = &self.door.iam;
        let assumed = iam.call(&operation, admitted, self.facts).await?;
        let scope = if for_project {
            TokenScope::Project
        } else {
            TokenScope::Domain
        };
        Ok(iam.token_of_role(&assumed.credentials.session_token, &by, scope)?)
    }

    /// `GET /v3/auth/tokens`.
    async fn show(
        &self,
        parts: &Parts,
        body: &[u8],
        origin: &Origin,
        outcome: &mut Outcome,
    ) -> Result<Reply, Error> {
        outcome.operation = Some("ValidateToken");
        let (asking, subject, text) = self.subject(parts, body, origin, outcome).await?;
        if let Some(asking) = asking {
            let operation = ValidateToken {
                subject_token: token_text(text)?,
            };
            self.door.iam.call(&operation, asking, self.facts).await?;
        }
        let (described, _) = self.described(subject).await?;
        Ok(Reply::ok(described.token).header(SUBJECT, in_header(text)?))
    }

    /// `DELETE /v3/auth/tokens`.
    async fn end(
        &self,
        parts: &Parts,
        body: &[u8],
        origin: &Origin,
        outcome: &mut Outcome,
    ) -> Result<Reply, Error> {
        outcome.operation = Some("RevokeToken");
        let (asking, subject, text) = self.subject(parts, body, origin, outcome).await?;
        let iam = &self.door.iam;
        match asking {
            None => iam.call(&RevokeOwnToken {}, subject, self.facts).await?,
            Some(asking) => {
                let operation = RevokeToken {
                    subject_token: token_text(text)?,
                };
                iam.call(&operation, asking, self.facts).await?
            }
        };
        Ok(Reply::done())
    }

    /// Whom a token is of that a request is about; and who asks, where that is somebody else.
    async fn subject<'p>(
        &self,
        parts: &'p Parts,
        body: &[u8],
        origin: &Origin,
        outcome: &mut Outcome,
    ) -> Result<(Option<Admitted>, Admitted, &'p str), Error> {
        let service = claviger_iam::Service::Iam;
        let (asking, _) =
            signed::authenticate(&self.door.iam, parts, body, service, origin).await?;
        outcome.caller = Some(asking.arn().clone());
        let missing = || Error::no_such("token", "");
        let text = header(parts, "x-subject-token").ok_or_else(missing)?;
        let subject = self.door.iam.authenticate_token(text, self.facts).await;
        let subject = subject.map_err(|fault| match fault.code() {
            Code::InvalidClientTokenId | Code::ExpiredToken => missing(),
            _ => fault.into(),
        })?;
        let is_own = subject.caller().who() == asking.caller().who();
        if subject.caller().account() != asking.caller().account() {
            return Err(missing());
        }
        Ok(((!is_own).then_some(asking), subject, text))
    }

    async fn bearer(&self, token: &str) -> Result<Admitted, Error> {
        let admitted = self.door.iam.authenticate_token(token, self.facts).await;
        admitted.map_err(Error::of_token)
    }

    /// A token as its bearer is told, with the bearer's name.
    async fn described(&self, admitted: Admitted) -> Result<(Described, String), Error> {
        let caller = admitted.caller().clone();
        let own_id = own_id(&admitted);
        let (Some(terms), Some(session)) = (caller.token(), caller.session()) else {
            return Err(Fault::service("a bearer without a token").into());
        };
        let details = self
            .door
            .iam
            .call(&GetCallerDetails {}, admitted, self.facts)
            .await?;
        let account = caller.account();
        let domain_name = details.account_name.clone();
        let domain = domains::short(&details);
        let own_name = details.name.as_deref().unwrap_or(&domain_name);
        let name = match caller.who() {
            Who::Role { .. } => format!("{domain_name}/{own_name}"),
            _ => own_name.to_owned(),
        };
        let expires = details.password_expiration.map(times::precise);
        let methods: Vec<&str> = terms.methods.iter().copied().map(Method::as_str).collect();
        let mut token = json!({
            "methods": methods,
            "issued_at": times::precise(session.issued),
            "expires_at": times::precise(session.expires),
            "user": {
                "id": own_id,
                "name": name,
                "domain": domain,
                "password_expires_at": expires.unwrap_or_default(),
            },
            "roles": [],
        });
        let mut add = |name: &str, value: Value| {
            if let Some(members) = token.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        match terms.scope {
            TokenScope::Domain => add("domain", domain),
            TokenScope::Project => add(
                "project",
                json!({ "id": ids::project(account), "name": &*self.door.project, "domain": domain }),
            ),
        }
        if let Some(proved) = session.mfa {
            add("mfa_authn_at", Value::from(times::precise(proved)));
        }
        if let Some(by) = &terms.assumed_by {
            add("assumed_by", json!({ "user": { "id": principal_id(by) } }));
        }
        if self.with_catalog {
            add(
                "catalog",
                catalog::written(&self.door.address, &self.door.project),
            );
        }
        Ok((
            Described {
                token: json!({ "token": token }),
                domain: domain_name,
            },
            name,
        ))
    }
}

/// A token as its bearer is told.
struct Described {
    token: Value,
    /// What the bearer's account is called.
    domain: String,
}

fn own_id(admitted: &Admitted) -> String {
    match admitted.caller().who() {
        Who::Root(account) => ids::root(*account),
        Who::User { id, .. } => ids::user(id.as_str()).unwrap_or_default(),
        Who::Role { id, .. } => ids::agency(id.as_str()).unwrap_or_default(),
        Who::Host { account, .. } => ids::domain(*account),
    }
}

fn principal_id(principal: &SessionPrincipal) -> String {
    match principal {
        SessionPrincipal::Root(account) => ids::root(*account),
        SessionPrincipal::User { id, .. } => ids::user(id.as_str()).unwrap_or_default(),
        SessionPrincipal::Role { id, .. } => ids::agency(id.as_str()).unwrap_or_default(),
    }
}

/// A refused sign-in as these clients know it.
fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Wrong | Refusal::Over => Error::unauthorized(
            "IAM.0062",
            "The user name, the password or the verification code is incorrect.",
        ),
        Refusal::TooMany => Error::unauthorized("IAM.0061", "The user is locked. Try again later."),
        Refusal::HardExpired => Error::unauthorized("IAM.0001", "The password has expired."),
        Refusal::Unable(why) => Error::unauthorized("IAM.0001", why),
        Refusal::Fault(fault) if fault.code() == Code::AccessDenied && fault.shut().is_none() => {
            Error::unauthorized("IAM.0001", fault.message().unwrap_or_default().to_owned())
                .because(fault)
        }
        Refusal::Fault(fault) => fault.into(),
    }
}

fn header<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    parts.headers.get(name)?.to_str().ok()
}

fn in_header(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(token).map_err(Fault::service)?;
    value.set_sensitive(true);
    Ok(value)
}

fn token_text(token: &str) -> Result<Secret<TokenText>, Error> {
    TokenText::parse(token)
        .map(Secret::new)
        .map_err(|_| Error::no_such("token", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_there_with_or_without_a_value() {
        for query in ["nocatalog", "nocatalog=", "a=b&nocatalog=1"] {
            assert!(has_flag(query, "nocatalog"), "{query}");
        }
        for query in ["", "nocatalogs", "a=nocatalog"] {
            assert!(!has_flag(query, "nocatalog"), "{query}");
        }
    }
}
