//! Access keys for a user, and the page that shows a secret once.

use askama::Template;
use claviger_iam::operation::access_keys::CreateAccessKey;

use super::{HERE, address_of, be_fresh_for, user_of};
use crate::answer::{Answer, page, page_again};
use crate::credentials::once::Once;
use crate::credentials::whose::Whose;
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
    let plain = vec![("Access key ID", key.access_key_id.as_str().to_owned())];
    Once::new(
        &visit,
        &Whose::user(&name),
        "The new access key",
        plain,
        "Secret access key",
        key.secret_access_key,
    )
    .for_aws_cli(&visit)
    .answer(&visit, "accessKeys.csv")
}
