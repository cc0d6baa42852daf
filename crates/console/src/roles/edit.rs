//! Making a role, and saying who may take one on.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::policy_checks::DocumentKind;
use claviger_iam::operation::roles::{CreateRole, UpdateAssumeRolePolicy};
use claviger_model::Arn;
use claviger_model::name::RoleName;

use super::role::get;
use super::{address, wanted};
use crate::answer::{Answer, go, page, page_again};
use crate::documents::editor::Editor;
use crate::documents::tidy;
use crate::door::Visit;
use crate::field::{read, read_filled, seconds};
use crate::policies::edit::tags;
use crate::view::{Frame, encode, fault_text};

#[derive(Template)]
#[template(path = "role_new.html")]
struct New {
    frame: Frame,
    error: Option<String>,
    name: String,
    description: String,
    minutes: String,
    tags: String,
    editor: Editor,
}

#[derive(Template)]
#[template(path = "role_trust.html")]
struct Trust {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    editor: Editor,
}

/// What a new role begins as: whoever in the account is allowed to may take it on.
fn blank(visit: &Visit) -> String {
    let root = Arn::root(visit.at.principal().account);
    let statement =
        format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{root}"}},"Action":"sts:AssumeRole"}}"#);
    tidy(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#
    ))
}

fn editor(visit: &Visit, text: &str) -> Editor {
    let limit = visit.asked.iam().settings().quotas.assume_role_policy_size;
    Editor::new("Trust policy, in JSON", DocumentKind::Trust, text, limit)
}

fn new(visit: &Visit, editor: Editor, error: Option<String>) -> New {
    let form = &visit.asked.form;
    New {
        frame: Frame::of(visit, "Create a role", "roles"),
        error,
        name: form.text("name").to_owned(),
        description: form.text("description").to_owned(),
        minutes: form.filled("minutes").unwrap_or("60").to_owned(),
        tags: form.text("tags").to_owned(),
        editor,
    }
}

/// The page to make one.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let editor = editor(&visit, &blank(&visit));
    page(&new(&visit, editor, None))
}

/// Checks the trust policy, or makes the role.
pub(crate) async fn create(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let editor = editor(&visit, form.get("document").unwrap_or_default());
    if form.text("do") == "check" {
        return page(&new(&visit, editor.checked(&visit).await, None));
    }
    match make(&visit).await {
        Ok(name) => go(&format!("{}&done=role-made", address(name.as_str()))),
        Err(fault) => {
            let editor = editor.after(&visit, &fault).await;
            page_again(&new(&visit, editor, Some(fault_text(&fault))))
        }
    }
}

async fn make(visit: &Visit) -> Result<RoleName, Fault> {
    let form = &visit.asked.form;
    let role_name: RoleName = read(form.text("name"), "The name")?;
    let create = CreateRole {
        path: None,
        role_name: role_name.clone(),
        assume_role_policy_document: read(
            form.get("document").unwrap_or_default(),
            "The trust policy",
        )?,
        description: read_filled(form.filled("description"), "The description")?,
        max_session_duration: Some(read(
            &seconds(form.text("minutes")),
            "The longest session, in seconds,",
        )?),
        permissions_boundary: None,
        tags: tags(form.text("tags"))?,
    };
    visit.call(&create).await?;
    Ok(role_name)
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
