//! Deleting users: what goes along is told first, and removed one operation after the other.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::ProtectionMethod;
use claviger_iam::operation::groups::{ListGroupsForUser, RemoveUserFromGroup};
use claviger_iam::operation::inline_policies::ListUserPolicies;
use claviger_iam::operation::service_specific_credentials::ListServiceSpecificCredentials;
use claviger_iam::operation::signing_certificates::ListSigningCertificates;
use claviger_iam::operation::ssh_public_keys::ListSSHPublicKeys;
use claviger_iam::operation::users::{DeleteUser, GetUser};
use claviger_model::name::ExistingUserName;
use claviger_model::{Code, Timestamp};

use super::credentials::profile;
use super::pick::{named, query_of};
use super::{HERE, address_of, name_of, removal, short, whole};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::attachments::Holder;
use crate::credentials::whose::Whose;
use crate::credentials::{devices, keys_of};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, When, fault_text};

/// Users that are deleted at once at the most.
const MOST: usize = 100;

/// Seconds that are lately: a month's job has run in them.
const LATELY: i64 = 31 * 86_400;

/// What hangs on a user: things of one kind.
struct Along {
    /// The kind, as [`removal::run`] knows it, or `attached` or `group`.
    kind: &'static str,
    label: &'static str,
    /// What the operations call them.
    ids: Vec<String>,
    /// How lately they were used.
    used: Option<When>,
    used_at: Option<Timestamp>,
}

/// A user who is to be deleted.
struct Going {
    name: ExistingUserName,
    signed_in: Option<When>,
    /// Whether it was used lately, by password or key.
    in_use: bool,
    along: Vec<Along>,
}

#[derive(Template)]
#[template(path = "users/delete.html")]
struct Delete {
    frame: Frame,
    error: Option<String>,
    going: Vec<Going>,
    /// What has to be typed.
    word: String,
    typed: String,
    action: String,
    back: String,
}

/// What hangs on a user, in the order in which it is removed: first what lets somebody act, then what allows it. What may
/// not be seen is left out; the deletion will tell.
async fn along(visit: &Visit, name: &ExistingUserName) -> Result<Vec<Along>, Fault> {
    let now = visit.asked.facts.now;
    let of = |kind, label, ids: Result<Vec<String>, Fault>| Along {
        kind,
        label,
        ids: ids.unwrap_or_default(),
        used: None,
        used_at: None,
    };
    let has_password = profile(visit, name).await.ok().flatten().is_some();
    let keys = keys_of(visit, Some(name.clone())).await.unwrap_or_default();
    let key_used = keys.iter().filter_map(|key| key.used_at).max();
    let devices = devices(visit, Some(name.clone())).await;
    let all = vec![
        of(
            "password",
            "The password",
            Ok(has_password
                .then(|| name.as_str().to_owned())
                .into_iter()
                .collect()),
        ),
        Along {
            used: key_used.map(|at| When::of(at, now)),
            used_at: key_used,
            ..of(
                "key",
                "Access keys",
                Ok(keys.into_iter().map(|key| key.id).collect()),
            )
        },
        of(
            "certificate",
            "Signing certificates",
            certificates(visit, name).await,
        ),
        of("ssh", "SSH public keys", ssh_keys(visit, name).await),
        of(
            "service",
            "Service-specific credentials",
            service(visit, name).await,
        ),
        of(
            "protection",
            "Login protection",
            protection(visit, name).await,
        ),
        of(
            "device",
            "MFA devices",
            devices.map(|all| all.into_iter().map(|device| device.serial).collect()),
        ),
        of("inline", "Inline policies", inline(visit, name).await),
        of(
            "attached",
            "Attached policies, which stay",
            attached(visit, name).await,
        ),
        of("group", "Memberships of groups", groups(visit, name).await),
    ];
    Ok(all.into_iter().filter(|one| !one.ids.is_empty()).collect())
}

/// Login protection that holds the last device.
async fn protection(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let held = super::security::protection(visit, name).await?;
    let held = held.filter(|held| held.method == ProtectionMethod::VirtualMfa);
    Ok(held.map(|_| name.as_str().to_owned()).into_iter().collect())
}

async fn certificates(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let list = ListSigningCertificates {
        user_name: Some(name.clone()),
        page: whole(),
    };
    let listed = visit.call(&list).await?.certificates;
    Ok(listed
        .iter()
        .map(|one| one.certificate_id.as_str().to_owned())
        .collect())
}

async fn ssh_keys(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let list = ListSSHPublicKeys {
        user_name: Some(short(name)?),
        page: whole(),
    };
    let listed = visit.call(&list).await?.ssh_public_keys;
    Ok(listed
        .iter()
        .map(|one| one.ssh_public_key_id.as_str().to_owned())
        .collect())
}

async fn service(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let list = ListServiceSpecificCredentials {
        user_name: Some(short(name)?),
        service_name: None,
        all_users: None,
        page: whole(),
    };
    let listed = visit.call(&list).await?.service_specific_credentials;
    Ok(listed
        .iter()
        .map(|one| one.service_specific_credential_id.as_str().to_owned())
        .collect())
}

async fn inline(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let list = ListUserPolicies {
        user_name: name.clone(),
        page: whole(),
    };
    let listed = visit.call(&list).await?.policy_names;
    Ok(listed.iter().map(|one| one.as_str().to_owned()).collect())
}

async fn attached(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let attached = Holder::User(name.as_str()).attached(visit).await?;
    Ok(attached.into_iter().map(|policy| policy.arn).collect())
}

async fn groups(visit: &Visit, name: &ExistingUserName) -> Result<Vec<String>, Fault> {
    let list = ListGroupsForUser {
        user_name: name.clone(),
        page: whole(),
    };
    let listed = visit.call(&list).await?.groups;
    Ok(listed.into_iter().map(|group| group.group_name).collect())
}

async fn going(visit: &Visit, name: &str) -> Result<Option<Going>, Failure> {
    let get = GetUser {
        user_name: Some(read(name, "The user name")?),
    };
    let user = match visit.call(&get).await {
        Ok(got) => got.user,
        Err(fault) if fault.code() == Code::NoSuchEntity => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    let name: ExistingUserName = read(name_of(&user), "The user name")?;
    let along = along(visit, &name).await?;
    let key_used = along.iter().filter_map(|one| one.used_at).max();
    let used = user.password_last_used.max(key_used);
    let now = visit.asked.facts.now;
    Ok(Some(Going {
        in_use: used.is_some_and(|at| now.seconds_since(at) < LATELY),
        along,
        signed_in: user
            .password_last_used
            .map(|at| When::of(at, visit.asked.facts.now)),
        name,
    }))
}

impl Delete {
    /// The page over those of these users who are there.
    async fn new(visit: &Visit, names: &[String], error: Option<String>) -> Result<Self, Failure> {
        let mut all = Vec::new();
        for name in names.iter().take(MOST) {
            all.extend(going(visit, name).await?);
        }
        let many = visit.asked.param("name").is_empty();
        let (title, word, action, back) = match all.as_slice() {
            [] => return Err(Failure::Missing),
            [one] if !many => {
                let address = address_of(one.name.as_str());
                (
                    format!("Delete {}", one.name),
                    one.name.as_str().to_owned(),
                    format!("{address}/delete"),
                    address,
                )
            }
            all => (
                match all.len() {
                    1 => String::from("Delete 1 user"),
                    count => format!("Delete {count} users"),
                },
                String::from("delete"),
                format!("/console/users/~delete?{}", query_of(names)),
                String::from("/console/users"),
            ),
        };
        Ok(Self {
            frame: Frame::of(visit, title, HERE),
            error,
            typed: visit.asked.form.text("confirm").to_owned(),
            going: all,
            word,
            action,
            back,
        })
    }
}

/// The users that the address names: one in its path, or several in its query.
fn asked_for(visit: &Visit) -> Result<Vec<String>, Failure> {
    match visit.asked.param("name") {
        "" => named(visit),
        name => Ok(vec![name.to_owned()]),
    }
}

/// The page that asks.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&Delete::new(&visit, &asked_for(&visit)?, None).await?)
}

/// Deletes.
pub(crate) async fn delete(visit: Visit) -> Answer {
    let names = asked_for(&visit)?;
    let asked = Delete::new(&visit, &names, None).await?;
    if asked.typed != asked.word {
        return page_again(&Delete {
            error: Some(format!("Type {} to go on.", asked.word)),
            ..asked
        });
    }
    for user in asked.going {
        if let Err(error) = remove(&visit, &user).await {
            return page_again(&Delete::new(&visit, &names, Some(error)).await?);
        }
    }
    go("/console/users?done=users-deleted")
}

/// Removes a user with everything that hangs on it.
///
/// # Errors
/// What to say of the step that failed.
async fn remove(visit: &Visit, user: &Going) -> Result<(), String> {
    for along in &user.along {
        for id in &along.ids {
            remove_one(visit, &user.name, along.kind, id)
                .await
                .map_err(|fault| {
                    format!(
                        "{}: {id} could not be removed from {}. What was removed before it is gone, the rest is still there. {}",
                        along.label,
                        user.name,
                        fault_text(&fault)
                    )
                })?;
        }
    }
    let delete = DeleteUser {
        user_name: user.name.clone(),
    };
    visit
        .call(&delete)
        .await
        .map(drop)
        .map_err(|fault| format!("{} could not be deleted. {}", user.name, fault_text(&fault)))
}

async fn remove_one(
    visit: &Visit,
    name: &ExistingUserName,
    kind: &str,
    id: &str,
) -> Result<(), Fault> {
    match kind {
        "attached" => Holder::User(name.as_str()).detach(visit, id).await,
        "group" => {
            let remove = RemoveUserFromGroup {
                group_name: read(id, "The group")?,
                user_name: name.clone(),
            };
            visit.call(&remove).await.map(drop)
        }
        kind => removal::run(visit, &Whose::user(name), kind, id).await,
    }
}
