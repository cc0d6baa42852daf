//! The own access keys: made and shown once, put out of use, deleted.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::Status;
use claviger_iam::operation::access_keys::{CreateAccessKey, DeleteAccessKey, UpdateAccessKey};
use claviger_model::{AccessKeyId, Code, Scalar as _, Secret};

use crate::answer::{Answer, Failure, download, go, page, page_again};
use crate::credentials::{Key, keys};
use crate::door::Visit;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "key_new.html")]
struct New {
    frame: Frame,
    error: Option<String>,
    root: bool,
}

#[derive(Template)]
#[template(path = "key_made.html")]
struct Made {
    frame: Frame,
    id: String,
    secret: Secret<String>,
    endpoint: String,
}

#[derive(Template)]
#[template(path = "key.html")]
struct OneKey {
    frame: Frame,
    error: Option<String>,
    key: Key,
}

fn new(visit: &Visit, error: Option<String>) -> New {
    New {
        frame: Frame::of(visit, "Create an access key", "credentials"),
        error,
        root: visit.user_name().is_none(),
    }
}

/// The page before a key is made.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    page(&new(&visit, None))
}

/// Makes one, and shows its secret this once: on a page, or as the file that AWS's tools import.
pub(crate) async fn create(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    match visit.call(&CreateAccessKey { user_name: None }).await {
        Ok(made) => {
            let key = made.access_key;
            if visit.asked.form.text("as") == "csv" {
                let text = format!(
                    "Access key ID,Secret access key\r\n{},{}\r\n",
                    key.access_key_id.as_str(),
                    key.secret_access_key.expose()
                );
                return download("accessKeys.csv", "text/csv; charset=utf-8", text);
            }
            page(&Made {
                frame: Frame::of(&visit, "Your new access key", "credentials"),
                id: key.access_key_id.as_str().to_owned(),
                secret: key.secret_access_key,
                endpoint: visit.asked.door.site.address.clone(),
            })
        }
        Err(fault) => page_again(&new(&visit, Some(fault_text(&fault)))),
    }
}

async fn one(visit: &Visit, error: Option<String>) -> Result<OneKey, Failure> {
    let id = visit.asked.param("id");
    let key = keys(visit)
        .await?
        .into_iter()
        .find(|key| key.id == id)
        .ok_or(Failure::Missing)?;
    Ok(OneKey {
        frame: Frame::of(visit, format!("Access key {id}"), "credentials"),
        error,
        key,
    })
}

/// The page of one key.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&one(&visit, None).await?)
}

/// Puts a key out of use, back into use, or deletes it.
pub(crate) async fn change(visit: Visit) -> Answer {
    visit.must_be_fresh()?;
    match run(&visit).await {
        Ok(done) => go(&format!("/console/credentials?done={done}")),
        Err(fault) => page_again(&one(&visit, Some(fault_text(&fault))).await?),
    }
}

async fn run(visit: &Visit) -> Result<&'static str, Fault> {
    let id = || {
        AccessKeyId::parse(visit.asked.param("id"))
            .map_err(|_| Fault::new(Code::NoSuchEntity, "There is no such access key."))
    };
    let status = |status| async move {
        let update = UpdateAccessKey {
            user_name: None,
            access_key_id: id()?,
            status,
        };
        visit.call(&update).await.map(drop)
    };
    match visit.asked.form.text("do") {
        "deactivate" => status(Status::Inactive).await.map(|()| "key-off"),
        "activate" => status(Status::Active).await.map(|()| "key-on"),
        "delete" => {
            let delete = DeleteAccessKey {
                user_name: None,
                access_key_id: id()?,
            };
            visit.call(&delete).await.map(|_| "key-deleted")
        }
        _ => Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    }
}
