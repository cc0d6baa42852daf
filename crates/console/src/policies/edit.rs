//! Making a policy, and a new version of one.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::{CreatePolicy, CreatePolicyVersion};
use claviger_iam::operation::policy_checks::DocumentKind;
use claviger_iam::operation::shapes::TagShape;
use claviger_model::Arn;

use super::address;
use super::policy::{Version, document, get, versions, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::documents::editor::{Editor, check};
use crate::documents::tidy;
use crate::door::Visit;
use crate::field::{read, read_filled};
use crate::view::{Frame, encode, fault_text};

/// What a new policy begins as.
pub(crate) const BLANK: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "",
      "Effect": "Allow",
      "Action": [],
      "Resource": []
    }
  ]
}"#;

/// What the document is called.
pub(crate) const LABEL: &str = "Policy document, in JSON";

#[derive(Template)]
#[template(path = "policy_new.html")]
struct New {
    frame: Frame,
    error: Option<String>,
    name: String,
    description: String,
    tags: String,
    editor: Editor,
}

#[derive(Template)]
#[template(path = "policy_edit.html")]
struct Edit {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    editor: Editor,
    as_default: bool,
    /// Versions that may be taken away, where there are as many as there may be.
    in_the_way: Vec<Version>,
}

fn editor(visit: &Visit, text: &str) -> Editor {
    let limit = visit.asked.iam().settings().quotas.policy_size;
    Editor::new(LABEL, DocumentKind::Identity, text, limit)
}

fn new(visit: &Visit, editor: Editor, error: Option<String>) -> New {
    let form = &visit.asked.form;
    New {
        frame: Frame::of(visit, "Create a policy", "policies"),
        error,
        name: form.text("name").to_owned(),
        description: form.text("description").to_owned(),
        tags: form.text("tags").to_owned(),
        editor,
    }
}

/// The page to make one.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let editor = editor(&visit, BLANK);
    page(&new(&visit, editor, None))
}

/// Checks the document, or makes the policy.
pub(crate) async fn create(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let editor = editor(&visit, form.get("document").unwrap_or_default());
    if form.text("do") == "check" {
        return page(&new(&visit, editor.checked(&visit).await, None));
    }
    match make(&visit).await {
        Ok(arn) => go(&format!("{}&done=policy-made", address(arn.as_str()))),
        Err(fault) => {
            let editor = editor.after(&visit, &fault).await;
            page_again(&new(&visit, editor, Some(fault_text(&fault))))
        }
    }
}

async fn make(visit: &Visit) -> Result<Arn, Fault> {
    let form = &visit.asked.form;
    let create = CreatePolicy {
        policy_name: read(form.text("name"), "The name")?,
        path: None,
        policy_document: read(form.get("document").unwrap_or_default(), "The document")?,
        description: read_filled(form.filled("description"), "The description")?,
        tags: tags(form.text("tags"))?,
    };
    Ok(visit.call(&create).await?.policy.arn)
}

/// Tags as they are typed: `key = value`, one a line.
pub(crate) fn tags(typed: &str) -> Result<Vec<TagShape>, Fault> {
    typed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            Ok(TagShape {
                key: read(key.trim(), "The key of a tag")?,
                value: read(value.trim(), "The value of a tag")?,
            })
        })
        .collect()
}

async fn edit(
    visit: &Visit,
    arn: &Arn,
    editor: Option<Editor>,
    error: Option<String>,
) -> Result<Edit, Failure> {
    let policy = get(visit, arn).await?;
    let shown = policy.default_version_id.as_str();
    let most = visit.asked.iam().settings().quotas.versions_per_policy;
    let mut versions = versions(visit, arn, shown).await.unwrap_or_default();
    let is_full = u64::try_from(versions.len()).is_ok_and(|count| count >= most);
    versions.retain(|version| is_full && !version.in_force);
    let form = &visit.asked.form;
    Ok(Edit {
        frame: Frame::of(visit, format!("Edit {}", policy.policy_name), "policies"),
        error,
        encoded: encode(arn.as_str()),
        as_default: form.get("document").is_none() || form.ticked("default"),
        in_the_way: versions,
        editor: match editor {
            Some(editor) => editor,
            None => self::editor(visit, &tidy(&document(visit, arn, shown).await?)),
        },
        name: policy.policy_name,
    })
}

/// The page to edit one.
pub(crate) async fn show(visit: Visit) -> Answer {
    let arn = wanted(&visit)?;
    page(&edit(&visit, &arn, None, None).await?)
}

/// Checks the document, or makes a new version of it.
pub(crate) async fn save(visit: Visit) -> Answer {
    let arn = wanted(&visit)?;
    let form = &visit.asked.form;
    let editor = editor(&visit, form.get("document").unwrap_or_default());
    if form.text("do") == "check" {
        let editor = editor.checked(&visit).await;
        return page(&edit(&visit, &arn, Some(editor), None).await?);
    }
    match add(&visit, &arn).await {
        Ok(()) => go(&format!("{}&done=policy-version", address(arn.as_str()))),
        Err(fault) => {
            let editor = editor.after(&visit, &fault).await;
            let said = Some(fault_text(&fault));
            page_again(&edit(&visit, &arn, Some(editor), said).await?)
        }
    }
}

async fn add(visit: &Visit, arn: &Arn) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let create = CreatePolicyVersion {
        policy_arn: arn.clone(),
        policy_document: read(form.get("document").unwrap_or_default(), "The document")?,
        set_as_default: Some(form.ticked("default")),
    };
    if let Some(version) = form.filled("instead") {
        // What would be refused for itself must not cost a version.
        let document = create.policy_document.as_str();
        let found = check(visit, document, DocumentKind::Identity).await?;
        if let Some(error) = found.findings.iter().find(|one| one.code == "malformed") {
            return Err(Fault::malformed_policy(&error.message));
        }
        let delete = claviger_iam::operation::managed_policies::DeletePolicyVersion {
            policy_arn: arn.clone(),
            version_id: read(version, "The version")?,
        };
        visit.call(&delete).await?;
    }
    visit.call(&create).await.map(drop)
}
