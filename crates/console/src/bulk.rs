//! The same done to several things that were ticked in a list: a page that tells what will happen to each, and one that tells
//! of each whether it did, and why not.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::Status;
use claviger_iam::operation::access_keys::UpdateAccessKey;
use claviger_iam::operation::login_profiles::DeleteLoginProfile;
use claviger_iam::operation::sign_in_settings::SetUserMFADemand;
use claviger_iam::operation::users::GetUser;
use claviger_model::name::ExistingUserName;

use crate::answer::{Answer, Failure, page, page_again};
use crate::credentials::keys_of;
use crate::door::Visit;
use crate::field::read;
use crate::outcomes::{Outcome, name_of, said};
use crate::users::be_fresh_for;
use crate::view::{Frame, When, fault_text};
use crate::{groups, outcomes, policies, roles};

/// Things that are done at once at the most.
const MOST: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    KeysOff,
    DemandMfa,
    ConsoleOff,
    DeleteGroups,
    DeletePolicies,
    DeleteRoles,
}

/// What can be done.
struct Action {
    kind: Kind,
    /// Its word in addresses.
    word: &'static str,
    title: &'static str,
    /// What happens then.
    effect: &'static str,
    button: &'static str,
    /// The part of the console, which is also the name of its list.
    here: &'static str,
}

static ACTIONS: &[Action] = &[
    Action {
        kind: Kind::KeysOff,
        word: "keys-off",
        title: "Deactivate access keys",
        effect: "Requests that are signed with them are refused. They can be activated again, one by one.",
        button: "Deactivate access keys",
        here: "users",
    },
    Action {
        kind: Kind::DemandMfa,
        word: "demand-mfa",
        title: "Demand a second factor",
        effect: "From the next sign-in on. Who has no device is asked to assign one, and can do nothing else until then.",
        button: "Demand a second factor",
        here: "users",
    },
    Action {
        kind: Kind::ConsoleOff,
        word: "console-off",
        title: "Disable console access",
        effect: "The passwords are deleted and the sessions end. Access keys go on working.",
        button: "Disable console access",
        here: "users",
    },
    Action {
        kind: Kind::DeleteGroups,
        word: "delete-groups",
        title: "Delete user groups",
        effect: "They cannot be brought back. Their members and the policies attached to them stay.",
        button: "Delete groups",
        here: "groups",
    },
    Action {
        kind: Kind::DeletePolicies,
        word: "delete-policies",
        title: "Delete policies",
        effect: "They cannot be brought back. What they are attached to loses what they allow, and what they deny is no longer denied.",
        button: "Delete policies",
        here: "policies",
    },
    Action {
        kind: Kind::DeleteRoles,
        word: "delete-roles",
        title: "Delete roles",
        effect: "They cannot be brought back. What still takes them on stops working, and sessions that are open end.",
        button: "Delete roles",
        here: "roles",
    },
];

impl Action {
    /// Whether a word has to be typed first.
    fn asks(&self) -> bool {
        matches!(
            self.kind,
            Kind::DeleteGroups | Kind::DeletePolicies | Kind::DeleteRoles
        )
    }

    fn list(&self) -> String {
        format!("/console/{}", self.here)
    }
}

/// Something that was ticked.
struct Item {
    /// What the operations call it.
    id: String,
    name: String,
    /// What will happen to it, as far as that may be known.
    told: Vec<String>,
}

#[derive(Template)]
#[template(path = "bulk.html")]
struct Asking {
    frame: Frame,
    error: Option<String>,
    action: &'static Action,
    items: Vec<Item>,
}

/// What is asked for, and to what it is to be done.
fn asked(visit: &Visit, by: &crate::form::Form) -> Result<(&'static Action, Vec<String>), Failure> {
    let word = by.text("do");
    let action = ACTIONS
        .iter()
        .find(|action| action.word == word)
        .ok_or(Failure::Missing)?;
    let mut ids: Vec<String> = Vec::new();
    for id in by.all("item").take(MOST) {
        if !id.is_empty() && !ids.iter().any(|one| one == id) {
            ids.push(id.to_owned());
        }
    }
    if matches!(action.kind, Kind::KeysOff | Kind::ConsoleOff) {
        for name in &ids {
            be_fresh_for(visit, name)?;
        }
    }
    Ok((action, ids))
}

async fn asking(
    visit: &Visit,
    action: &'static Action,
    ids: Vec<String>,
    error: Option<String>,
) -> Asking {
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        items.push(Item {
            told: told(visit, action.kind, &id)
                .await
                .unwrap_or_else(|fault| vec![fault_text(&fault)]),
            name: name_of(&id),
            id,
        });
    }
    Asking {
        frame: Frame::of(visit, action.title, action.here),
        error,
        action,
        items,
    }
}

/// The page that tells what will happen.
pub(crate) async fn show(visit: Visit) -> Answer {
    let (action, ids) = asked(&visit, &visit.asked.query)?;
    page(&asking(&visit, action, ids, None).await)
}

/// Does it to each, and tells what became of each.
pub(crate) async fn act(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let (action, ids) = asked(&visit, form)?;
    if action.asks() && form.text("confirm") != "delete" {
        let error = Some(String::from("Type delete to go on."));
        return page_again(&asking(&visit, action, ids, error).await);
    }
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in ids {
        outcomes.push(Outcome::of(&id, run(&visit, action.kind, &id).await));
    }
    let frame = Frame::of(&visit, action.title, action.here);
    outcomes::told(frame, outcomes, action.list(), "Back to the list")
}

/// What will happen to something.
async fn told(visit: &Visit, kind: Kind, id: &str) -> Result<Vec<String>, Fault> {
    match kind {
        Kind::KeysOff => {
            let keys = keys_of(visit, Some(read(id, "The user")?)).await?;
            let active: Vec<String> = keys
                .into_iter()
                .filter(|key| key.active)
                .map(|key| match key.used {
                    Some(used) => format!("{}, last used {}", key.id, used.ago),
                    None => format!("{}, never used", key.id),
                })
                .collect();
            Ok(if active.is_empty() {
                vec![String::from("No key is active: nothing happens.")]
            } else {
                active
            })
        }
        Kind::DemandMfa => Ok(Vec::new()),
        Kind::ConsoleOff => {
            let get = GetUser {
                user_name: Some(read(id, "The user")?),
            };
            let used = visit.call(&get).await?.user.password_last_used;
            let now = visit.asked.facts.now;
            Ok(vec![used.map_or_else(
                || String::from("Has not signed in yet."),
                |at| format!("Last signed in {}.", When::of(at, now).ago),
            )])
        }
        Kind::DeleteGroups => groups::delete::told(visit, &read(id, "The group")?).await,
        Kind::DeletePolicies => policies::delete::told(visit, &read(id, "The policy")?).await,
        Kind::DeleteRoles => roles::delete::told(visit, &read(id, "The role")?).await,
    }
}

/// Does it to one.
///
/// # Errors
/// What to say of why it could not be done.
async fn run(visit: &Visit, kind: Kind, id: &str) -> Result<(), String> {
    match kind {
        Kind::KeysOff => {
            let name: ExistingUserName = read(id, "The user").map_err(said)?;
            let keys = keys_of(visit, Some(name.clone())).await.map_err(said)?;
            for key in keys.into_iter().filter(|key| key.active) {
                let update = UpdateAccessKey {
                    user_name: Some(name.clone()),
                    access_key_id: read(&key.id, "The access key").map_err(said)?,
                    status: Status::Inactive,
                };
                let done = visit.call(&update).await;
                done.map_err(|fault| format!("{}: {}", key.id, fault_text(&fault)))?;
            }
            Ok(())
        }
        Kind::DemandMfa => {
            let set = SetUserMFADemand {
                user_name: read(id, "The user").map_err(said)?,
                demand_mfa: true,
            };
            visit.call(&set).await.map(drop).map_err(said)
        }
        Kind::ConsoleOff => {
            let delete = DeleteLoginProfile {
                user_name: Some(read(id, "The user").map_err(said)?),
            };
            visit.call(&delete).await.map(drop).map_err(said)
        }
        Kind::DeleteGroups => {
            let name = read(id, "The group").map_err(said)?;
            groups::delete::all(visit, &name).await
        }
        Kind::DeletePolicies => {
            let arn = read(id, "The policy").map_err(said)?;
            policies::delete::all(visit, &arn).await
        }
        Kind::DeleteRoles => {
            let name = read(id, "The role").map_err(said)?;
            roles::delete::all(visit, &name).await
        }
    }
}
