//! Writing an inline policy of a user's.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::inline_policies::{GetUserPolicy, PutUserPolicy};
use claviger_iam::operation::policy_checks::DocumentKind;
use claviger_model::name::ExistingUserName;

use super::{HERE, address_of, user_of};
use crate::answer::{Answer, go, page, page_again};
use crate::documents::editor::Editor;
use crate::documents::tidy;
use crate::door::Visit;
use crate::field::read;
use crate::policies::edit::{BLANK, LABEL};
use crate::view::{Frame, fault_text};

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
    editor: Editor,
}

impl Inline {
    fn new(visit: &Visit, user: &str, name: &str, editor: Editor) -> Self {
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
            editor,
        }
    }
}

fn editor(visit: &Visit, text: &str) -> Editor {
    let limit = visit.asked.iam().settings().quotas.user_policy_size;
    Editor::new(LABEL, DocumentKind::Identity, text, limit)
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let user = user_of(&visit)?;
    let name = visit.asked.query.text("policy");
    let document = if name.is_empty() {
        BLANK.to_owned()
    } else {
        let get = GetUserPolicy {
            user_name: user.clone(),
            policy_name: read(name, "The name of a policy")?,
        };
        tidy(&visit.call(&get).await?.policy_document.0)
    };
    let editor = editor(&visit, &document);
    page(&Inline::new(&visit, user.as_str(), name, editor))
}

/// Checks the document, or saves it.
pub(crate) async fn save(visit: Visit) -> Answer {
    let user = user_of(&visit)?;
    let form = &visit.asked.form;
    let editor = editor(&visit, form.get("document").unwrap_or_default());
    let name = form.text("policy");
    if form.text("do") == "check" {
        let editor = editor.checked(&visit).await;
        return page(&Inline::new(&visit, user.as_str(), name, editor));
    }
    match run(&visit, &user).await {
        Ok(()) => go(&format!(
            "{}?tab=permissions&done=inline-saved",
            address_of(user.as_str())
        )),
        Err(fault) => {
            let editor = editor.after(&visit, &fault).await;
            let mut again = Inline::new(&visit, user.as_str(), name, editor);
            again.error = Some(fault_text(&fault));
            page_again(&again)
        }
    }
}

async fn run(visit: &Visit, user: &ExistingUserName) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let put = PutUserPolicy {
        user_name: user.clone(),
        policy_name: read(form.text("policy"), "The name of a policy")?,
        policy_document: read(form.get("document").unwrap_or_default(), "The document")?,
    };
    visit.call(&put).await.map(drop)
}
