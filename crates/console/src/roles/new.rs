//! Making a role: who may take it on, what it allows, and what bounds it.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::roles::CreateRole;
use claviger_model::Code;
use claviger_model::name::RoleName;
use claviger_policy::trust::{TrustPolicy, Trusted};

use super::boundary::{self, Offer};
use super::role::page_with_error;
use super::trusted::{self, Kind};
use super::{address, editor};
use crate::answer::{Answer, go, page, page_again};
use crate::attachments::{self, Holder};
use crate::documents::editor::Editor;
use crate::door::Visit;
use crate::field::{read, read_filled, seconds};
use crate::picker::Picker;
use crate::policies::edit::tags;
use crate::view::{Frame, fault_text};

/// Services that often take on roles.
const SERVICES: &[&str] = &[
    "cloudformation.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "s3.amazonaws.com",
];

#[derive(Template)]
#[template(path = "role_new.html")]
struct New {
    frame: Frame,
    error: Option<String>,
    kind: &'static str,
    account: String,
    external_id: String,
    mfa: bool,
    entity: String,
    entity_kind: String,
    service: String,
    services: &'static [&'static str],
    editor: Editor,
    policies: Picker,
    boundary: Offer,
    name: String,
    description: String,
    minutes: String,
    tags: String,
}

/// What a document of one's own begins as: whoever in the account is allowed to may take the role on.
fn blank(visit: &Visit) -> Result<String, Fault> {
    let account = Trusted::Account(visit.at.principal().account);
    trusted::written(&TrustPolicy::of(account))
}

async fn new(visit: &Visit, editor: Editor, error: Option<String>) -> New {
    let form = &visit.asked.form;
    let own = visit.at.principal().account.to_string();
    New {
        frame: Frame::of(visit, "Create a role", "roles"),
        error,
        kind: Kind::chosen(visit).word(),
        account: form.filled("account").map_or(own, str::to_owned),
        external_id: form.text("external-id").to_owned(),
        mfa: form.ticked("mfa"),
        entity: form.text("entity").to_owned(),
        entity_kind: form.text("entity-kind").to_owned(),
        service: form.text("service").to_owned(),
        services: SERVICES,
        editor,
        policies: Picker::policies(visit, "policy", &[]).await,
        boundary: boundary::offer(visit, form.text("boundary")).await,
        name: form.text("name").to_owned(),
        description: form.text("description").to_owned(),
        minutes: form.filled("minutes").unwrap_or("60").to_owned(),
        tags: form.text("tags").to_owned(),
    }
}

/// The page to make one.
pub(crate) async fn show(visit: Visit) -> Answer {
    let editor = editor(&visit, &blank(&visit)?);
    page(&new(&visit, editor, None).await)
}

/// Searches policies to tick, checks the trust policy, or makes the role.
pub(crate) async fn create(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let editor = editor(&visit, form.get("document").unwrap_or_default());
    match form.text("do") {
        "make" => {}
        "check" => return page(&new(&visit, editor.checked(&visit).await, None).await),
        _ => return page(&new(&visit, editor, None).await),
    }
    let name = match make(&visit).await {
        Ok(name) => name,
        Err(fault) => {
            let is_custom = Kind::chosen(&visit) == Kind::Custom;
            let editor = match fault.code() {
                Code::MalformedPolicyDocument if is_custom => editor.checked(&visit).await,
                _ => editor,
            };
            return page_again(&new(&visit, editor, Some(fault_text(&fault))).await);
        }
    };
    match attachments::to_new(&visit, Holder::Role(name.as_str())).await {
        Ok(()) => go(&format!("{}&done=role-made", address(name.as_str()))),
        // The role is there: its own page is where to go on.
        Err(said) => {
            page_with_error(&visit, &name, format!("The role has been created. {said}")).await
        }
    }
}

async fn make(visit: &Visit) -> Result<RoleName, Fault> {
    let form = &visit.asked.form;
    let role_name: RoleName = read(form.text("name"), "The name")?;
    let document = trusted::document(visit).await?;
    let create = CreateRole {
        path: None,
        role_name: role_name.clone(),
        assume_role_policy_document: read(&document, "The trust policy")?,
        description: read_filled(form.filled("description"), "The description")?,
        max_session_duration: Some(read(
            &seconds(form.text("minutes")),
            "The longest session, in seconds,",
        )?),
        permissions_boundary: boundary::typed(visit, form.text("boundary"))?,
        tags: tags(form.text("tags"))?,
    };
    visit.call(&create).await?;
    Ok(role_name)
}
