//! Whom a role trusts: a trust policy from the fields of a form, and what one says, in a few words.

use claviger_iam::Fault;
use claviger_iam::operation::roles::GetRole;
use claviger_iam::operation::sessions::ExternalId;
use claviger_iam::operation::users::GetUser;
use claviger_model::{AccountId, Arn, Code, Scalar as _};
use claviger_policy::{Policy, PrincipalType};
use serde_json::{Map, Value, json};

use crate::documents::tidy;
use crate::door::Visit;
use crate::field::read;

/// What kind of thing may take on a role, as the form says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An account: whoever in it is allowed to.
    Account,
    /// One user or role of this account.
    Entity,
    /// A service.
    Service,
    /// What the document says.
    Custom,
}

impl Kind {
    /// The one that is chosen; an account where nothing is.
    pub(crate) fn chosen(visit: &Visit) -> Self {
        match visit.asked.form.text("trusts") {
            "entity" => Self::Entity,
            "service" => Self::Service,
            "custom" => Self::Custom,
            _ => Self::Account,
        }
    }

    /// What it is called in the form.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Entity => "entity",
            Self::Service => "service",
            Self::Custom => "custom",
        }
    }
}

/// The trust policy that the form asks for.
pub(crate) async fn document(visit: &Visit) -> Result<String, Fault> {
    let form = &visit.asked.form;
    let wrong = |said: &str| Fault::new(Code::InvalidInput, said);
    Ok(match Kind::chosen(visit) {
        Kind::Custom => form.get("document").unwrap_or_default().to_owned(),
        Kind::Account => {
            let account = AccountId::parse(&form.text("account").replace(['-', ' '], ""))
                .map_err(|_| wrong("The account ID is not valid. It has 12 digits."))?;
            let mut conditions = Map::new();
            if let Some(id) = form.filled("external-id") {
                let id: ExternalId = read(id, "The external ID")?;
                let equal = json!({ "sts:ExternalId": id.as_str() });
                conditions.insert("StringEquals".into(), equal);
            }
            if form.ticked("mfa") {
                conditions.insert(
                    "Bool".into(),
                    json!({ "aws:MultiFactorAuthPresent": "true" }),
                );
            }
            written("AWS", Arn::root(account).as_str(), conditions)
        }
        Kind::Entity => {
            let name = form.text("entity");
            let arn = match form.text("entity-kind") {
                "role" => {
                    let role_name = read(name, "The name of the role")?;
                    visit.call(&GetRole { role_name }).await?.role.arn
                }
                _ => {
                    let user_name = Some(read(name, "The name of the user")?);
                    visit.call(&GetUser { user_name }).await?.user.arn
                }
            };
            written("AWS", arn.as_str(), Map::new())
        }
        Kind::Service => {
            let service = form
                .filled("service")
                .ok_or_else(|| wrong("The service is missing."))?;
            written("Service", service, Map::new())
        }
    })
}

/// A document that lets one principal take on the role.
fn written(kind: &str, principal: &str, conditions: Map<String, Value>) -> String {
    // Written piece by piece, since the order is what people read.
    let quoted = |text: &str| Value::from(text).to_string();
    let mut statement = format!(
        r#""Effect":"Allow","Principal":{{{}:{}}},"Action":"sts:AssumeRole""#,
        quoted(kind),
        quoted(principal)
    );
    if !conditions.is_empty() {
        statement.push_str(",\"Condition\":");
        statement.push_str(&Value::from(conditions).to_string());
    }
    tidy(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#
    ))
}

/// Whom a trust policy names, in a few words each.
pub(crate) fn named(document: &str) -> Vec<String> {
    let Ok(policy) = Policy::compile(document) else {
        return Vec::new();
    };
    let mut all: Vec<String> = Vec::new();
    for (_, principal) in policy.principals() {
        let text = &*principal.text;
        let said = match principal.kind {
            PrincipalType::Everyone => String::from("Everybody"),
            PrincipalType::Aws if text == "*" => String::from("Everybody"),
            PrincipalType::Aws => match claviger_model::arn::split(text) {
                Some(arn) if arn.resource == "root" => format!("Account {}", arn.account),
                Some(arn) => arn.resource.to_owned(),
                None => text.to_owned(),
            },
            PrincipalType::Service | PrincipalType::Federated | PrincipalType::CanonicalUser => {
                text.to_owned()
            }
        };
        if !all.contains(&said) {
            all.push(said);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use claviger_policy::validate_trust;

    use super::*;

    #[test]
    fn a_written_document_is_a_trust_policy_whatever_was_typed() {
        let mut conditions = Map::new();
        conditions.insert(
            "StringEquals".into(),
            json!({ "sts:ExternalId": "a\"}],{" }),
        );
        conditions.insert(
            "Bool".into(),
            json!({ "aws:MultiFactorAuthPresent": "true" }),
        );
        let document = written("AWS", "arn:aws:iam::123456789012:root", conditions);
        assert_eq!(validate_trust(&document), Ok(()));
        let read: Value = serde_json::from_str(&document).expect("JSON");
        let condition = &read["Statement"][0]["Condition"];
        assert_eq!(condition["StringEquals"]["sts:ExternalId"], "a\"}],{");
        assert_eq!(condition["Bool"]["aws:MultiFactorAuthPresent"], "true");
        let odd = written("Service", "ec2\",\"AWS\":\"*", Map::new());
        let read: Value = serde_json::from_str(&odd).expect("JSON");
        let principal = read["Statement"][0]["Principal"].as_object().expect("one");
        assert_eq!(principal.len(), 1);
    }

    #[test]
    fn whom_a_document_trusts_is_told_once_each() {
        let named = |principal: &str| {
            named(&format!(
                r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
            ))
        };
        assert_eq!(
            named(
                r#"{"AWS":["arn:aws:iam::123456789012:root","arn:aws:iam::123456789012:user/a/b"],"Service":"ec2.amazonaws.com"}"#
            ),
            ["Account 123456789012", "user/a/b", "ec2.amazonaws.com"]
        );
        assert_eq!(named(r#""*""#), ["Everybody"]);
        assert!(super::named("[]").is_empty());
    }
}
