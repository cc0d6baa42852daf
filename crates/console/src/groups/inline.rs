//! A policy of a group's own.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::inline_policies::{GetGroupPolicy, PutGroupPolicy};
use claviger_model::Code;
use claviger_model::name::GroupName;
use claviger_policy::lint::Grammar;

use super::{address, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::documents::{Editor, tidy};
use crate::door::Visit;
use crate::field::read;
use crate::policies::edit::{BLANK, editor_after};
use crate::view::{Frame, encode, fault_text};

#[derive(Template)]
#[template(path = "group_inline.html")]
struct Inline {
    frame: Frame,
    error: Option<String>,
    group: String,
    encoded: String,
    /// The policy that is edited; `None` for a new one.
    policy: Option<String>,
    /// The same, in a query.
    policy_encoded: String,
    typed_name: String,
    editor: Editor,
}

fn editor(visit: &Visit, text: &str) -> Editor {
    let limit = visit.asked.iam().settings().quotas.group_policy_size;
    Editor::new("Policy document, in JSON", text, limit)
}

fn inline(visit: &Visit, group: &GroupName, editor: Editor, error: Option<String>) -> Inline {
    let policy = visit.asked.query.filled("policy").map(str::to_owned);
    let title = match &policy {
        Some(policy) => format!("Edit {policy}"),
        None => format!("Add an inline policy to {group}"),
    };
    Inline {
        frame: Frame::of(visit, title, "groups"),
        error,
        group: group.as_str().to_owned(),
        encoded: encode(group.as_str()),
        policy_encoded: encode(policy.as_deref().unwrap_or_default()),
        policy,
        typed_name: visit.asked.form.text("policy-name").to_owned(),
        editor,
    }
}

/// The page to write or edit one.
pub(crate) async fn show(visit: Visit) -> Answer {
    let group = wanted(&visit)?;
    let text = match visit.asked.query.filled("policy") {
        None => BLANK.to_owned(),
        Some(policy) => {
            let get = GetGroupPolicy {
                group_name: group.clone(),
                policy_name: read(policy, "The policy").map_err(|_| Failure::Missing)?,
            };
            tidy(&visit.call(&get).await?.policy_document.0)
        }
    };
    let editor = editor(&visit, &text);
    page(&inline(&visit, &group, editor, None))
}

/// Checks the document, or saves it.
pub(crate) async fn save(visit: Visit) -> Answer {
    let group = wanted(&visit)?;
    let form = &visit.asked.form;
    let editor = editor(&visit, form.get("document").unwrap_or_default());
    if form.text("do") == "check" {
        let editor = editor.checked(Grammar::Identity);
        return page(&inline(&visit, &group, editor, None));
    }
    match put(&visit, &group).await {
        Ok(()) => go(&format!("{}&done=inline-saved", address(group.as_str()))),
        Err(fault) => {
            let editor = editor_after(editor, &fault);
            page_again(&inline(&visit, &group, editor, Some(fault_text(&fault))))
        }
    }
}

async fn put(visit: &Visit, group: &GroupName) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let edited = visit.asked.query.filled("policy");
    let name = edited.unwrap_or(form.text("policy-name"));
    let put = PutGroupPolicy {
        group_name: group.clone(),
        policy_name: read(name, "The name")?,
        policy_document: read(form.get("document").unwrap_or_default(), "The document")?,
    };
    if edited.is_none() {
        // Saving replaces. Who adds a policy does not mean to replace one.
        let get = GetGroupPolicy {
            group_name: group.clone(),
            policy_name: put.policy_name.clone(),
        };
        match visit.call(&get).await {
            Ok(_) => {
                return Err(Fault::exists(format!(
                    "The group has a policy {name} already. Choose another name, or edit that one."
                )));
            }
            Err(fault) if matches!(fault.code(), Code::NoSuchEntity | Code::AccessDenied) => {}
            Err(fault) => return Err(fault),
        }
    }
    visit.call(&put).await.map(drop)
}
