//! Access keys for a user, and the page that shows a secret once.

use askama::Template;
use claviger_iam::operation::access_keys::CreateAccessKey;
use claviger_iam::operation::service_specific_credentials::ServiceSpecificCredential;
use claviger_model::Secret;

use super::{HERE, address_of, be_fresh_for, user_of};
use crate::answer::{Answer, download, page, page_again};
use crate::door::Visit;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "users/key_new.html")]
struct NewKey {
    frame: Frame,
    error: Option<String>,
    name: String,
    address: String,
}

impl NewKey {
    fn new(visit: &Visit, name: &str, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, format!("Create an access key for {name}"), HERE),
            error,
            address: address_of(name),
            name: name.to_owned(),
        }
    }
}

/// A secret that is shown this once.
#[derive(Template)]
#[template(path = "users/once.html")]
pub(super) struct Once {
    frame: Frame,
    /// What is no secret.
    plain: Vec<(&'static str, String)>,
    label: &'static str,
    secret: Secret<String>,
    /// Whether it goes into a file that the AWS CLI reads.
    endpoint: Option<String>,
    back: String,
}

impl Once {
    /// For a service-specific credential.
    pub(super) fn credential(visit: &Visit, name: &str, made: ServiceSpecificCredential) -> Self {
        let mut plain = vec![("Service", made.service_name)];
        plain.extend(made.service_user_name.map(|user| ("User name", user)));
        plain.extend(made.service_credential_alias.map(|alias| ("Name", alias)));
        let (label, secret) = match (made.service_password, made.service_credential_secret) {
            (Some(password), _) => ("Password", password),
            (None, secret) => ("Key", secret.unwrap_or_else(|| Secret::new(String::new()))),
        };
        Self {
            frame: Frame::of(visit, format!("A new secret for {name}"), HERE),
            plain,
            label,
            secret,
            endpoint: None,
            back: format!("{}?tab=credentials", address_of(name)),
        }
    }
}

/// The page before a key is made.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    page(&NewKey::new(&visit, name.as_str(), None))
}

/// Makes one, and shows its secret this once: on a page, or as the file that AWS's tools import.
pub(crate) async fn create(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    let create = CreateAccessKey {
        user_name: Some(name.clone()),
    };
    let key = match visit.call(&create).await {
        Ok(made) => made.access_key,
        Err(fault) => {
            return page_again(&NewKey::new(
                &visit,
                name.as_str(),
                Some(fault_text(&fault)),
            ));
        }
    };
    if visit.asked.form.text("as") == "csv" {
        let text = format!(
            "Access key ID,Secret access key\r\n{},{}\r\n",
            key.access_key_id.as_str(),
            key.secret_access_key.expose()
        );
        return download("accessKeys.csv", "text/csv; charset=utf-8", text);
    }
    page(&Once {
        frame: Frame::of(&visit, format!("The new access key of {name}"), HERE),
        plain: vec![("Access key ID", key.access_key_id.as_str().to_owned())],
        label: "Secret access key",
        secret: key.secret_access_key,
        endpoint: Some(visit.asked.door.site.address.clone()),
        back: format!("{}?tab=credentials", address_of(name.as_str())),
    })
}
