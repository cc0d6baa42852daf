//! Saying who may take a role on.

use askama::Template;
use claviger_iam::operation::roles::UpdateAssumeRolePolicy;
use claviger_model::name::RoleName;

use super::role::get;
use super::{address, editor, wanted};
use crate::answer::{Answer, go, page, page_again};
use crate::documents::editor::Editor;
use crate::documents::tidy;
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, encode, fault_text};

#[derive(Template)]
#[template(path = "role_trust.html")]
struct Trust {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    editor: Editor,
}

fn trust(visit: &Visit, name: &RoleName, editor: Editor, error: Option<String>) -> Trust {
    Trust {
        frame: Frame::of(visit, format!("Trust policy of {name}"), "roles"),
        error,
        name: name.as_str().to_owned(),
        encoded: encode(name.as_str()),
        editor,
    }
}

/// The page to say who may take a role on.
pub(crate) async fn show_trust(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    let document = get(&visit, &name).await?.assume_role_policy_document;
    let text = document.map(|document| document.0).unwrap_or_default();
    let editor = editor(&visit, &tidy(&text));
    page(&trust(&visit, &name, editor, None))
}

/// Checks the trust policy, or saves it.
pub(crate) async fn save_trust(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    let form = &visit.asked.form;
    let text = form.get("document").unwrap_or_default();
    let editor = editor(&visit, text);
    if form.text("do") == "check" {
        return page(&trust(&visit, &name, editor.checked(&visit).await, None));
    }
    let saved = async {
        let update = UpdateAssumeRolePolicy {
            role_name: name.clone(),
            policy_document: read(text, "The trust policy")?,
        };
        visit.call(&update).await
    };
    match saved.await {
        Ok(_) => go(&format!("{}&done=role-trust", address(name.as_str()))),
        Err(fault) => {
            let editor = editor.after(&visit, &fault).await;
            page_again(&trust(&visit, &name, editor, Some(fault_text(&fault))))
        }
    }
}
