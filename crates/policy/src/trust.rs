//! Trust policies, written: one principal that may take on a role, and on which conditions. Whatever the parts are, the
//! document says nothing else.

use std::fmt::Write as _;

use claviger_model::{AccountId, Arn};

/// Whom a role trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted<'t> {
    /// An account: whoever in it is allowed to.
    Account(AccountId),
    /// One user or role.
    Entity(&'t Arn),
    /// A service, by its name, such as `ec2.amazonaws.com`.
    Service(&'t str),
}

/// What a trust policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy<'t> {
    /// Who may take on the role.
    pub trusted: Trusted<'t>,
    /// What has to come with the request: the external ID, character by character.
    pub external_id: Option<&'t str>,
    /// Whether a second factor must have been proved.
    pub demands_mfa: bool,
}

/// Why a document would not say what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// What is to be an entity names no single user or role.
    #[error("it names no single user or role")]
    Entity,
    /// What is to be a service has no name of one.
    #[error("a service is named by letters, digits, dots, hyphens and underscores")]
    Service,
}

impl<'t> TrustPolicy<'t> {
    /// Trusts somebody without conditions.
    #[must_use]
    pub fn of(trusted: Trusted<'t>) -> Self {
        Self {
            trusted,
            external_id: None,
            demands_mfa: false,
        }
    }

    /// The document, on one line.
    ///
    /// # Errors
    /// The principal is no single one.
    pub fn document(&self) -> Result<String, Unwritable> {
        let (kind, principal) = match &self.trusted {
            Trusted::Account(account) => ("AWS", Arn::root(*account).as_str().to_owned()),
            Trusted::Entity(arn) if is_one(arn) => ("AWS", arn.as_str().to_owned()),
            Trusted::Entity(_) => return Err(Unwritable::Entity),
            Trusted::Service(name) if is_service(name) => ("Service", (*name).to_owned()),
            Trusted::Service(_) => return Err(Unwritable::Service),
        };
        // Piece by piece, since the order is what people read.
        let mut conditions = Vec::new();
        if let Some(id) = self.external_id {
            // A dollar sign would begin a variable.
            let literal = quoted(&id.replace('$', "${$}"));
            conditions.push(format!(r#""StringEquals":{{"sts:ExternalId":{literal}}}"#));
        }
        if self.demands_mfa {
            conditions.push(String::from(
                r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#,
            ));
        }
        let mut statement = format!(
            r#""Effect":"Allow","Principal":{{"{kind}":{}}},"Action":"sts:AssumeRole""#,
            quoted(&principal)
        );
        if !conditions.is_empty() {
            // INVARIANT: a text takes whatever is written to it.
            let _ = write!(statement, r#","Condition":{{{}}}"#, conditions.join(","));
        }
        Ok(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#
        ))
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether a resource name is that of one user or role: paths may hold wildcards, which as principals are no longer names.
fn is_one(arn: &Arn) -> bool {
    let named = arn.parts().is_some_and(|parts| {
        let kind = ["user/", "role/"].map(|kind| parts.resource.strip_prefix(kind));
        let name = kind.into_iter().flatten().next();
        parts.service == "iam"
            && parts.account.len() == 12
            && parts.account.bytes().all(|byte| byte.is_ascii_digit())
            && name.is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
    });
    named && !arn.as_str().contains(['*', '?'])
}

fn is_service(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar as _;
    use serde_json::Value;

    use super::*;
    use crate::{
        Action, Context, Decision, Layers, Policy, PolicyRef, Principal, PrincipalKind,
        PrincipalType, Request, Resource, ResourceRule, Silent, decide, validate_trust,
    };

    const ACCOUNT: &str = "111122223333";

    fn account() -> AccountId {
        AccountId::parse(ACCOUNT).expect("twelve digits")
    }

    fn arn(text: &str) -> Arn {
        Arn::parse(text).expect("a resource name")
    }

    /// Whether a user of the account who brings this external ID may take on the role.
    fn lets_in(document: &str, external_id: Option<&str>, mfa: bool) -> bool {
        let policy = Policy::compile(document).expect("a policy");
        let everything =
            Policy::compile(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)
                .expect("a policy");
        let mut facts = Context::new();
        facts.insert("aws:username", "alice");
        facts.insert("aws:MultiFactorAuthPresent", mfa);
        if let Some(id) = external_id {
            facts.insert("sts:ExternalId", id);
        }
        let caller = format!("arn:aws:iam::{ACCOUNT}:user/alice");
        let request = Request {
            principal: Principal::new(PrincipalKind::User, &caller, Some(ACCOUNT)),
            action: Action::new("sts:AssumeRole").expect("an action"),
            resource: Resource {
                arn: "arn:aws:iam::111122223333:role/r",
                account: Some(ACCOUNT),
            },
            facts: &facts,
        };
        let identity = [PolicyRef::from(&everything)];
        let layers = Layers {
            identity: &identity,
            resource: Some(PolicyRef::from(&policy)),
            resource_rule: ResourceRule::Trust,
            ..Layers::default()
        };
        decide(&request, &layers, &mut Silent) == Decision::Allow
    }

    fn with_id(id: &str) -> String {
        let policy = TrustPolicy {
            external_id: Some(id),
            ..TrustPolicy::of(Trusted::Account(account()))
        };
        policy.document().expect("a document")
    }

    #[test]
    fn an_external_id_is_compared_as_it_was_typed_whatever_is_in_it() {
        for id in [
            "plain",
            "*",
            "?????",
            "${aws:username}",
            "$",
            "${*}",
            "${$}",
            "a\"}],\"x\":{\"",
            "\\",
            "\\u0061lice",
            "line\nbreak\t\u{0}",
            "é\u{202e}",
        ] {
            let document = with_id(id);
            assert_eq!(validate_trust(&document), Ok(()), "{id:?}");
            assert!(lets_in(&document, Some(id), false), "{id:?}");
            for other in ["alice", "other", "", "${aws:username"] {
                assert!(!lets_in(&document, Some(other), false), "{id:?} {other}");
            }
            assert!(!lets_in(&document, None, true), "{id:?}");
            let read: Value = serde_json::from_str(&document).expect("JSON");
            let statement = read["Statement"].as_array().expect("a list");
            assert_eq!(statement.len(), 1, "{id:?}");
            assert_eq!(statement[0].as_object().expect("a map").len(), 4, "{id:?}");
            let condition = statement[0]["Condition"].as_object().expect("a map");
            assert_eq!(condition.len(), 1, "{id:?}");
        }
    }

    #[test]
    fn a_second_factor_that_is_demanded_is_demanded_besides() {
        let policy = TrustPolicy {
            trusted: Trusted::Account(account()),
            external_id: Some("id"),
            demands_mfa: true,
        };
        let document = policy.document().expect("a document");
        assert!(lets_in(&document, Some("id"), true));
        assert!(!lets_in(&document, Some("id"), false));
        assert!(!lets_in(&document, Some("other"), true));
    }

    #[test]
    fn an_account_is_itself_and_no_other() {
        let zeros = AccountId::parse("000000000001").expect("twelve digits");
        let document = TrustPolicy::of(Trusted::Account(zeros)).document();
        assert_eq!(
            document.as_deref(),
            Ok(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000001:root"},"Action":"sts:AssumeRole"}]}"#
            )
        );
        assert!(!lets_in(&document.expect("a document"), None, true));
    }

    #[test]
    fn an_entity_is_one_user_or_role() {
        for one in [
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:iam::111122223333:role/a/b/r",
            "arn:aws:iam::111122223333:user/\"quoted\"/alice",
        ] {
            let document = TrustPolicy::of(Trusted::Entity(&arn(one))).document();
            let document = document.expect("a document");
            let policy = Policy::compile(&document).expect("a policy");
            let named: Vec<_> = policy.principals().map(|(_, it)| it.text.clone()).collect();
            assert_eq!(named, [Box::from(one)]);
        }
        for other in [
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user/a*/alice",
            "arn:aws:iam::111122223333:role/?",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:user/a/",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::*:role/r",
            "arn:aws:iam::11112222333:role/r",
            "arn:aws:sts::111122223333:assumed-role/r/s",
        ] {
            let arn = arn(other);
            let policy = TrustPolicy::of(Trusted::Entity(&arn));
            assert_eq!(policy.document(), Err(Unwritable::Entity), "{other}");
        }
    }

    #[test]
    fn a_service_is_one_name() {
        let document = TrustPolicy::of(Trusted::Service("ec2.amazonaws.com")).document();
        let policy = Policy::compile(&document.expect("a document")).expect("a policy");
        let kinds: Vec<_> = policy.principals().map(|(_, it)| it.kind).collect();
        assert_eq!(kinds, [PrincipalType::Service]);
        for other in ["", "*", "ec2.*", "a b", "ec2\",\"AWS\":\"*", "ec2,s3", "é"] {
            let policy = TrustPolicy::of(Trusted::Service(other));
            assert_eq!(policy.document(), Err(Unwritable::Service), "{other}");
        }
    }
}
