//! Giving a user another name, or another path.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::users::UpdateUser;
use claviger_model::name::{ExistingUserName, UserName};

use super::detail::Facts;
use super::{HERE, address_of};
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "users/rename.html")]
struct Rename {
    frame: Frame,
    error: Option<String>,
    user: Facts,
    name: String,
    path: String,
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let user = Facts::load(&visit).await?;
    page(&Rename {
        frame: Frame::of(&visit, format!("Rename {}", user.name), HERE),
        error: None,
        name: user.name.as_str().to_owned(),
        path: user.path.clone(),
        user,
    })
}

/// Renames.
pub(crate) async fn rename(visit: Visit) -> Answer {
    let user = Facts::load(&visit).await?;
    match run(&visit, &user).await {
        Ok(name) => go(&format!("{}?done=user-renamed", address_of(name.as_str()))),
        Err(fault) => {
            let form = &visit.asked.form;
            page_again(&Rename {
                frame: Frame::of(&visit, format!("Rename {}", user.name), HERE),
                error: Some(fault_text(&fault)),
                name: form.text("name").to_owned(),
                path: form.text("path").to_owned(),
                user,
            })
        }
    }
}

async fn run(visit: &Visit, user: &Facts) -> Result<ExistingUserName, Fault> {
    let form = &visit.asked.form;
    let new: UserName = read(form.text("name"), "The user name")?;
    let path = form.text("path");
    let update = UpdateUser {
        user_name: user.name.clone(),
        new_user_name: (new.as_str() != user.name.as_str()).then(|| new.clone()),
        new_path: (path != user.path)
            .then(|| read(path, "The path"))
            .transpose()?,
    };
    visit.call(&update).await?;
    Ok(new.existing())
}
