//! Writing an inline policy of a user's.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::inline_policies::{GetUserPolicy, PutUserPolicy};
use claviger_iam::operation::shapes::PolicyDocument;
use claviger_model::name::ExistingUserName;
use claviger_model::{Code, Scalar as _};

use super::{HERE, address_of, typed, user_of};
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::view::{Frame, fault_text};

/// What a new policy begins with.
const SKETCH: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [],
      "Resource": "*"
    }
  ]
}"#;

#[derive(Template)]
#[template(path = "users/inline.html")]
struct Inline {
    frame: Frame,
    error: Option<String>,
    user: String,
    address: String,
    /// Whether it is there already.
    old: bool,
    name: String,
    document: String,
}

impl Inline {
    fn new(visit: &Visit, user: &str, name: &str, document: String) -> Self {
        let old = visit.asked.query.ticked("policy");
        let title = if old {
            "Edit an inline policy"
        } else {
            "Create an inline policy"
        };
        Self {
            frame: Frame::of(visit, title, HERE),
            error: None,
            address: address_of(user),
            user: user.to_owned(),
            old,
            name: name.to_owned(),
            document,
        }
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let user = user_of(&visit)?;
    let name = visit.asked.query.text("policy");
    let document = if name.is_empty() {
        SKETCH.to_owned()
    } else {
        let get = GetUserPolicy {
            user_name: user.clone(),
            policy_name: typed(name, "the name of a policy")?,
        };
        visit.call(&get).await?.policy_document.0
    };
    page(&Inline::new(&visit, user.as_str(), name, document))
}

/// Saves it.
pub(crate) async fn save(visit: Visit) -> Answer {
    let user = user_of(&visit)?;
    match run(&visit, &user).await {
        Ok(()) => go(&format!(
            "{}?tab=permissions&done=inline-saved",
            address_of(user.as_str())
        )),
        Err(fault) => {
            let form = &visit.asked.form;
            let document = form.text("document").to_owned();
            let mut again = Inline::new(&visit, user.as_str(), form.text("policy"), document);
            again.error = Some(fault_text(&fault));
            page_again(&again)
        }
    }
}

async fn run(visit: &Visit, user: &ExistingUserName) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let put = PutUserPolicy {
        user_name: user.clone(),
        policy_name: typed(
            form.text("policy"),
            "the name of a policy: letters, digits and _+=,.@-",
        )?,
        policy_document: PolicyDocument::parse(form.text("document"))
            .map_err(|_| Fault::new(Code::InvalidInput, "This cannot be a policy: it is empty, too long, or holds characters that none may hold."))?,
    };
    visit.call(&put).await.map(drop)
}
