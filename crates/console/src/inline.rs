//! A policy of a group's or role's own.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::inline_policies::{
    GetGroupPolicy, GetRolePolicy, PutGroupPolicy, PutRolePolicy,
};
use claviger_iam::operation::policy_checks::DocumentKind;
use claviger_iam::operation::shapes::PolicyDocument;
use claviger_model::Code;
use claviger_model::name::{GroupName, PolicyName, RoleName};

use crate::answer::{Answer, Failure, go, page, page_again};
use crate::documents::editor::Editor;
use crate::documents::tidy;
use crate::door::Visit;
use crate::field::read;
use crate::policies::edit::{BLANK, LABEL};
use crate::view::{Frame, encode, fault_text};
use crate::{groups, roles};

/// Whose policy it is.
enum Holder {
    Group(GroupName),
    Role(RoleName),
}

impl Holder {
    /// The one that the address names.
    fn wanted(visit: &Visit) -> Result<Self, Failure> {
        if visit.asked.path.starts_with("/console/role/") {
            roles::wanted(visit).map(Self::Role)
        } else {
            groups::wanted(visit).map(Self::Group)
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Group(name) => name.as_str(),
            Self::Role(name) => name.as_str(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "group",
            Self::Role(_) => "role",
        }
    }

    /// The page of it.
    fn address(&self) -> String {
        match self {
            Self::Group(name) => groups::address(name.as_str()),
            Self::Role(name) => roles::address(name.as_str()),
        }
    }

    async fn get(&self, visit: &Visit, policy_name: PolicyName) -> Result<String, Fault> {
        let document = match self {
            Self::Group(name) => {
                let get = GetGroupPolicy {
                    group_name: name.clone(),
                    policy_name,
                };
                visit.call(&get).await?.policy_document
            }
            Self::Role(name) => {
                let get = GetRolePolicy {
                    role_name: name.clone(),
                    policy_name,
                };
                visit.call(&get).await?.policy_document
            }
        };
        Ok(document.0)
    }

    async fn put(
        &self,
        visit: &Visit,
        policy_name: PolicyName,
        policy_document: PolicyDocument,
    ) -> Result<(), Fault> {
        match self {
            Self::Group(name) => {
                let put = PutGroupPolicy {
                    group_name: name.clone(),
                    policy_name,
                    policy_document,
                };
                visit.call(&put).await.map(drop)
            }
            Self::Role(name) => {
                let put = PutRolePolicy {
                    role_name: name.clone(),
                    policy_name,
                    policy_document,
                };
                visit.call(&put).await.map(drop)
            }
        }
    }
}

#[derive(Template)]
#[template(path = "inline.html")]
struct Inline {
    frame: Frame,
    error: Option<String>,
    holder: String,
    /// `group` or `role`.
    kind: &'static str,
    encoded: String,
    /// The policy that is edited; `None` for a new one.
    policy: Option<String>,
    /// The same, in a query.
    policy_encoded: String,
    typed_name: String,
    editor: Editor,
}

fn editor(visit: &Visit, holder: &Holder, text: &str) -> Editor {
    let quotas = &visit.asked.iam().settings().quotas;
    let limit = match holder {
        Holder::Group(_) => quotas.group_policy_size,
        Holder::Role(_) => quotas.role_policy_size,
    };
    Editor::new(LABEL, DocumentKind::Identity, text, limit)
}

fn inline(visit: &Visit, holder: &Holder, editor: Editor, error: Option<String>) -> Inline {
    let policy = visit.asked.query.filled("policy").map(str::to_owned);
    let name = holder.name();
    let title = match &policy {
        Some(policy) => format!("Edit {policy}"),
        None => format!("Add an inline policy to {name}"),
    };
    let here = match holder {
        Holder::Group(_) => "groups",
        Holder::Role(_) => "roles",
    };
    Inline {
        frame: Frame::of(visit, title, here),
        error,
        holder: name.to_owned(),
        kind: holder.kind(),
        encoded: encode(name),
        policy_encoded: encode(policy.as_deref().unwrap_or_default()),
        policy,
        typed_name: visit.asked.form.text("policy-name").to_owned(),
        editor,
    }
}

/// The page to write or edit one.
pub(crate) async fn show(visit: Visit) -> Answer {
    let holder = Holder::wanted(&visit)?;
    let text = match visit.asked.query.filled("policy") {
        None => BLANK.to_owned(),
        Some(policy) => {
            let policy = read(policy, "The policy").map_err(|_| Failure::Missing)?;
            tidy(&holder.get(&visit, policy).await?)
        }
    };
    let editor = editor(&visit, &holder, &text);
    page(&inline(&visit, &holder, editor, None))
}

/// Checks the document, or saves it.
pub(crate) async fn save(visit: Visit) -> Answer {
    let holder = Holder::wanted(&visit)?;
    let form = &visit.asked.form;
    let editor = editor(&visit, &holder, form.get("document").unwrap_or_default());
    if form.text("do") == "check" {
        let editor = editor.checked(&visit).await;
        return page(&inline(&visit, &holder, editor, None));
    }
    match put(&visit, &holder).await {
        Ok(()) => go(&format!("{}&done=inline-saved", holder.address())),
        Err(fault) => {
            let editor = editor.after(&visit, &fault).await;
            page_again(&inline(&visit, &holder, editor, Some(fault_text(&fault))))
        }
    }
}

async fn put(visit: &Visit, holder: &Holder) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let edited = visit.asked.query.filled("policy");
    let name = edited.unwrap_or(form.text("policy-name"));
    let policy: PolicyName = read(name, "The name")?;
    let document = read(form.get("document").unwrap_or_default(), "The document")?;
    if edited.is_none() {
        // Saving replaces. Who adds a policy does not mean to replace one.
        match holder.get(visit, policy.clone()).await {
            Ok(_) => {
                return Err(Fault::exists(format!(
                    "The {} has a policy {name} already. Choose another name, or edit that one.",
                    holder.kind()
                )));
            }
            Err(fault) if matches!(fault.code(), Code::NoSuchEntity | Code::AccessDenied) => {}
            Err(fault) => return Err(fault),
        }
    }
    holder.put(visit, policy, document).await
}
