//! Access keys, one's own and those of a user: made and shown once, described, bounded, put out of use, deleted.

pub(crate) mod bounds;
pub(crate) mod rotation;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::Status;
use claviger_iam::operation::access_keys::{AccessKeyShape, CreateAccessKey, UpdateAccessKey};
use claviger_iam::operation::shapes::TagShape;
use claviger_iam::operation::tagging::{TagUser, UntagUser};
use claviger_model::{AccessKeyId, Code, Scalar as _, Secret};

use crate::answer::{Answer, Failure, download, go, page, page_again};
use crate::credentials::whose::Whose;
use crate::credentials::{Key, keys_of};
use crate::door::Visit;
use crate::field::read;
use crate::users::detail::tags;
use crate::view::{Frame, encode, fault_text};

#[derive(Template)]
#[template(path = "key_new.html")]
struct NewKey {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    description: String,
}

#[derive(Template)]
#[template(path = "key_made.html")]
struct Made {
    frame: Frame,
    id: String,
    secret: Secret<String>,
    root: bool,
    endpoint: String,
    /// What did not go well beside it.
    warning: Option<String>,
    /// Where to go on.
    on: String,
}

#[derive(Template)]
#[template(path = "key.html")]
struct OneKey {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    address: String,
    key: Key,
    /// The bounds, as they stand in the form.
    bounds: bounds::Typed,
}

impl NewKey {
    fn of(visit: &Visit, whose: &Whose, error: Option<String>) -> Self {
        let title = whose.titled("Create an access key");
        Self {
            frame: Frame::of(visit, title, whose.here()),
            whose: whose.clone(),
            error,
            description: visit.asked.form.text("description").to_owned(),
        }
    }
}

/// The page of a key.
fn address(whose: &Whose, id: &str) -> String {
    format!("{}/keys/{}", whose.base(), encode(id))
}

/// The keys with what they are for: as on AWS, the value of the holder's tag that is named as the key. Who may not see tags
/// sees no descriptions.
pub(crate) async fn described(visit: &Visit, whose: &Whose) -> Result<Vec<Key>, Fault> {
    let mut keys = keys_of(visit, whose.name()).await?;
    let Some(name) = whose.name().filter(|_| !keys.is_empty()) else {
        return Ok(keys);
    };
    let tags = tags(visit, &name).await.unwrap_or_default();
    for key in &mut keys {
        let tag = tags
            .iter()
            .find(|tag| tag.key.eq_ignore_ascii_case(&key.id));
        key.description = tag.map_or_else(String::new, |tag| tag.value.clone());
    }
    Ok(keys)
}

/// Sets what a key is for; an empty text takes it away.
async fn describe(visit: &Visit, whose: &Whose, id: &str, text: &str) -> Result<(), Fault> {
    let user_name = whose.existing()?;
    let key = read(id, "The ID")?;
    if text.is_empty() {
        let untag = UntagUser {
            user_name,
            tag_keys: vec![key],
        };
        return visit.call(&untag).await.map(drop);
    }
    let value = read(text, "The description")?;
    let tag = TagUser {
        user_name,
        tags: vec![TagShape { key, value }],
    };
    visit.call(&tag).await.map(drop)
}

/// Takes the description of a key away that is gone. Who may not leaves it behind, as AWS does.
pub(crate) async fn forget(visit: &Visit, whose: &Whose, id: &str) {
    let Some(name) = whose.name() else { return };
    let tags = tags(visit, &name).await.unwrap_or_default();
    if tags.iter().any(|tag| tag.key.eq_ignore_ascii_case(id)) {
        drop(describe(visit, whose, id, "").await);
    }
}

/// The page before a key is made.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    page(&NewKey::of(&visit, &whose, None))
}

/// Makes one, and shows its secret this once: on a page, or as the file that AWS's tools import.
pub(crate) async fn create(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    let create = CreateAccessKey {
        user_name: whose.name(),
    };
    let key = match visit.call(&create).await {
        Ok(made) => made.access_key,
        Err(fault) => return page_again(&NewKey::of(&visit, &whose, Some(fault_text(&fault)))),
    };
    let description = visit.asked.form.text("description");
    let described = if description.is_empty() {
        Ok(())
    } else {
        describe(&visit, &whose, key.access_key_id.as_str(), description).await
    };
    // The key is there, and its secret is lost unless it is shown now.
    let warning = described.err().map(|fault| {
        format!(
            "The key has been made, but not its description. {}",
            fault_text(&fault)
        )
    });
    made(&visit, &whose, key, warning, whose.list())
}

/// Shows the secret of a new key, or sends it as a file where the form asked for one. `on` is where to go on.
fn made(
    visit: &Visit,
    whose: &Whose,
    key: AccessKeyShape,
    warning: Option<String>,
    on: String,
) -> Answer {
    let id = key.access_key_id.as_str();
    if visit.asked.form.text("as") == "csv" {
        return file(id, &key.secret_access_key, whose.is_root());
    }
    page(&Made {
        frame: Frame::of(visit, whose.titled("The new access key"), whose.here()),
        id: id.to_owned(),
        secret: key.secret_access_key,
        root: whose.is_root(),
        endpoint: visit.asked.door.site.address.clone(),
        warning,
        on,
    })
}

/// The file that AWS's tools import.
fn file(id: &str, secret: &Secret<String>, of_root: bool) -> Answer {
    let text = format!(
        "Access key ID,Secret access key\r\n{id},{}\r\n",
        secret.expose()
    );
    let name = match of_root {
        true => "rootkey.csv",
        false => "accessKeys.csv",
    };
    download(name, "text/csv; charset=utf-8", text)
}

/// Gives the key that a page has just shown as a file. The page sends it back: it is kept nowhere.
pub(crate) async fn take(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let secret = form.secret("secret");
    // Nothing else is a secret, and nothing else may stand in the file.
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if !secret.expose().bytes().all(is_base64) {
        return Err(Failure::Missing);
    }
    let id = key_id(form.text("id")).map_err(Failure::from)?;
    file(id.as_str(), &secret, form.text("of") == "root")
}

async fn one(visit: &Visit, whose: &Whose, error: Option<String>) -> Result<OneKey, Failure> {
    let id = visit.asked.param("id");
    let key = described(visit, whose)
        .await?
        .into_iter()
        .find(|key| key.id == id)
        .ok_or(Failure::Missing)?;
    let failed = error.is_some();
    Ok(OneKey {
        frame: Frame::of(visit, whose.titled("Access key"), whose.here()),
        whose: whose.clone(),
        error,
        address: address(whose, id),
        bounds: bounds::Typed::of(visit, &key, failed),
        key,
    })
}

/// The page of one key.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&one(&visit, &Whose::of(&visit)?, None).await?)
}

/// Describes or bounds a key, or puts it out of use or back into use.
pub(crate) async fn change(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    let form = &visit.asked.form;
    let id = visit.asked.param("id");
    let stays = |done: &str| go(&format!("{}?done={done}", address(&whose, id)));
    let changed = match form.text("do") {
        "describe" => describe(&visit, &whose, id, form.text("description"))
            .await
            .map(|()| stays("key-described")),
        "bound" => bounds::set(&visit, &whose, id)
            .await
            .map(|()| stays("key-bounded")),
        _ => run(&visit, &whose, id).await.map(|done| whose.done(done)),
    };
    match changed {
        Ok(answer) => answer,
        Err(fault) => page_again(&one(&visit, &whose, Some(fault_text(&fault))).await?),
    }
}

/// Puts a key out of use or back into use.
///
/// # Errors
/// As `UpdateAccessKey`.
pub(crate) async fn set_status(
    visit: &Visit,
    whose: &Whose,
    id: &str,
    status: Status,
) -> Result<(), Fault> {
    let update = UpdateAccessKey {
        user_name: whose.name(),
        access_key_id: key_id(id)?,
        status,
    };
    visit.call(&update).await.map(drop)
}

fn key_id(id: &str) -> Result<AccessKeyId, Fault> {
    AccessKeyId::parse(id)
        .map_err(|_| Fault::new(Code::NoSuchEntity, "There is no such access key."))
}

/// Does to a key what the form's button says. The answer is the word of the notice.
async fn run(visit: &Visit, whose: &Whose, id: &str) -> Result<&'static str, Fault> {
    let (status, done) = match visit.asked.form.text("do") {
        "deactivate" => (Status::Inactive, "key-off"),
        "activate" => (Status::Active, "key-on"),
        _ => return Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    };
    set_status(visit, whose, id, status).await?;
    Ok(done)
}
