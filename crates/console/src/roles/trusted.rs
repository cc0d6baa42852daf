//! Whom a role trusts: a trust policy from the fields of a form, and what one says, in a few words.

use claviger_iam::Fault;
use claviger_iam::operation::roles::GetRole;
use claviger_iam::operation::sessions::ExternalId;
use claviger_iam::operation::users::GetUser;
use claviger_model::{AccountId, Code, Scalar as _};
use claviger_policy::trust::{TrustPolicy, Trusted};
use claviger_policy::{Policy, PrincipalType};

use crate::documents::tidy;
use crate::door::Visit;
use crate::field::{read, read_filled};

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
            let id: Option<ExternalId> =
                read_filled(form.filled("external-id"), "The external ID")?;
            written(&TrustPolicy {
                trusted: Trusted::Account(account),
                external_id: id.as_ref().map(ExternalId::as_str),
                demands_mfa: form.ticked("mfa"),
            })?
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
            written(&TrustPolicy::of(Trusted::Entity(&arn)))?
        }
        Kind::Service => {
            let service = form
                .filled("service")
                .ok_or_else(|| wrong("The service is missing."))?;
            written(&TrustPolicy::of(Trusted::Service(service)))?
        }
    })
}

/// The document, as people read it.
///
/// # Errors
/// `InvalidInput` where it would not say what was meant.
pub(super) fn written(policy: &TrustPolicy<'_>) -> Result<String, Fault> {
    let document = policy.document().map_err(|unwritable| {
        Fault::new(
            Code::InvalidInput,
            format!("The role cannot trust that: {unwritable}."),
        )
    })?;
    Ok(tidy(&document))
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
    use super::*;

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
