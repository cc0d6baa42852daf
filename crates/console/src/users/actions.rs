//! What the buttons of a user's tabs do at once: what can be undone as easily.

use claviger_iam::Fault;
use claviger_iam::operation::console_sessions::{EndConsoleSession, EndConsoleSessions};
use claviger_iam::operation::groups::RemoveUserFromGroup;
use claviger_iam::operation::shapes::TagShape;
use claviger_iam::operation::sign_in_settings::SetUserMFADemand;
use claviger_iam::operation::tagging::{TagUser, UntagUser};
use claviger_model::name::ExistingUserName;
use claviger_model::tag::{TagKey, TagValue};
use claviger_model::text;

use super::access;
use super::detail::{Tab, shown, tags};
use super::{address_of, be_fresh_for, user_of};
use crate::answer::{Answer, go};
use crate::attachments::{self, Holder, Way};
use crate::credentials::whose::Whose;
use crate::credentials::{kinds, services};
use crate::door::Visit;
use crate::field::read;
use crate::form::Form;
use crate::view::fault_text;

/// Does what a button says.
pub(crate) async fn act(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    let tab = Tab::of(&visit);
    if tab == Tab::Credentials {
        be_fresh_for(&visit, name.as_str())?;
    }
    if visit.asked.form.text("do") == "service-reset" {
        return match services::reset(&visit, &Whose::user(&name)).await {
            Ok(answer) => answer,
            Err(fault) => shown(&visit, tab, Some(fault_text(&fault))).await,
        };
    }
    if visit.asked.form.text("do") == "detach" {
        return match attachments::run(&visit, Holder::User(name.as_str()), Way::Detach).await {
            Ok(answer) => answer,
            Err(said) => shown(&visit, tab, Some(said)).await,
        };
    }
    match run(&visit, &name).await {
        Ok(done) => go(&format!(
            "{}?tab={}&done={done}",
            address_of(name.as_str()),
            tab.word()
        )),
        Err(fault) => shown(&visit, tab, Some(fault_text(&fault))).await,
    }
}

async fn run(visit: &Visit, name: &ExistingUserName) -> Result<&'static str, Fault> {
    let form = &visit.asked.form;
    match form.text("do") {
        "leave" => {
            let remove = RemoveUserFromGroup {
                group_name: read(form.text("group"), "The group")?,
                user_name: name.clone(),
            };
            visit.call(&remove).await.map(|_| "group-left")
        }
        "tags" => save_tags(visit, name).await.map(|()| "tags-saved"),
        "end-session" => {
            let end = EndConsoleSession {
                user_name: Some(name.clone()),
                session_id: read(form.text("session"), "The session")?,
            };
            visit.call(&end).await.map(|_| "session-ended")
        }
        "end-sessions" => {
            let end = EndConsoleSessions {
                user_name: Some(name.clone()),
            };
            visit.call(&end).await.map(|_| "user-sessions-ended")
        }
        "demand-on" => demand(visit, name, true).await.map(|()| "demand-on"),
        "demand-off" => demand(visit, name, false).await.map(|()| "demand-off"),
        "user-on" => access::switch(visit, name, true).await,
        "user-off" => access::switch(visit, name, false).await,
        "access-mode" => access::save_mode(visit, name).await,
        "description" => access::save_description(visit, name).await,
        _ => kinds::set(visit, &Whose::user(name)).await,
    }
}

async fn demand(visit: &Visit, name: &ExistingUserName, demand_mfa: bool) -> Result<(), Fault> {
    let set = SetUserMFADemand {
        user_name: name.clone(),
        demand_mfa,
    };
    visit.call(&set).await.map(drop)
}

/// The tags that a form holds: rows of a key and a value, those without a key left out.
pub(super) fn tags_of(form: &Form) -> impl Iterator<Item = (&str, &str)> {
    form.all("key")
        .zip(form.all("value"))
        .filter(|(key, _)| !key.is_empty())
}

/// The same as operations take them.
pub(super) fn typed_tags(form: &Form) -> Result<Vec<TagShape>, Fault> {
    tags_of(form)
        .map(|(key, value)| {
            Ok(TagShape {
                key: read::<TagKey>(key, "The key of a tag")?,
                value: read::<TagValue>(value, "The value of a tag")?,
            })
        })
        .collect()
}

/// Makes the tags those of the form: what changed is set, and what is not there any more is removed.
async fn save_tags(visit: &Visit, name: &ExistingUserName) -> Result<(), Fault> {
    let wanted = typed_tags(&visit.asked.form)?;
    let before = tags(visit, name).await?;
    let gone = before
        .iter()
        .filter(|old| {
            let key = text::fold(&old.key);
            !wanted.iter().any(|tag| tag.key.folded() == key)
        })
        .map(|old| read(&old.key, "The key of a tag"))
        .collect::<Result<Vec<TagKey>, Fault>>()?;
    let changed: Vec<TagShape> = wanted
        .into_iter()
        .filter(|tag| {
            !before
                .iter()
                .any(|old| old.key == tag.key.as_str() && old.value == tag.value.as_str())
        })
        .collect();
    // First what is new: where that is refused, nothing has been lost.
    if !changed.is_empty() {
        let set = TagUser {
            user_name: name.clone(),
            tags: changed,
        };
        visit.call(&set).await?;
    }
    if !gone.is_empty() {
        let remove = UntagUser {
            user_name: name.clone(),
            tag_keys: gone,
        };
        visit.call(&remove).await?;
    }
    Ok(())
}
