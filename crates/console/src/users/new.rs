//! Making a user: who it is, whether it signs in here, and what it may do; then a look at it all, and the making.

mod review;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::groups::ListGroupsForUser;
use claviger_iam::operation::inline_policies::{GetUserPolicy, ListUserPolicies, PutUserPolicy};
use claviger_iam::operation::policy_attachments::ListAttachedUserPolicies;
use claviger_iam::operation::shapes::PolicyDocument;
use claviger_iam::operation::users::{CreateUser, DeleteUser, GetUser};
use claviger_model::name::{EntityPath, ExistingUserName, UserName};
use claviger_model::{Arn, Code, Scalar as _};

use self::review::Review;
use super::actions::typed_tags;
use super::console_access::{Choice, Made, choose, create};
use super::first_sign_in::Outlook;
use super::pick::join_one;
use super::{HERE, address_of, short, whole};
use crate::answer::{Answer, page, page_again};
use crate::attachments::Holder;
use crate::door::Visit;
use crate::field::read;
use crate::picker::Picker;
use crate::settings::alias::sign_in_address;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "users/new.html")]
struct NewUser {
    frame: Frame,
    error: Option<String>,
    name: String,
    path: String,
    console: bool,
    choice: Choice,
    like: String,
    tags: Vec<(String, String)>,
    groups: Picker,
    policies: Picker,
    bounded: bool,
    boundary: Picker,
}

impl NewUser {
    /// The page with what was typed, if anything was.
    async fn new(visit: &Visit, error: Option<String>) -> Self {
        let form = &visit.asked.form;
        let fresh = !form.ticked("name");
        let mut tags: Vec<(String, String)> = form
            .all("key")
            .zip(form.all("value"))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .filter(|(key, value)| !key.is_empty() || !value.is_empty())
            .collect();
        let empty = if tags.is_empty() { 2 } else { 1 };
        tags.extend((0..empty).map(|_| (String::new(), String::new())));
        Self {
            frame: Frame::of(visit, "Create a user", HERE),
            error,
            name: form.text("name").to_owned(),
            path: form.filled("path").unwrap_or("/").to_owned(),
            console: fresh || form.ticked("console"),
            choice: if fresh {
                Choice::NEW
            } else {
                Choice::of(visit)
            },
            like: form.text("like").to_owned(),
            tags,
            groups: Picker::groups(visit, &[]).await,
            policies: Picker::policies(visit, "policy", &[]).await,
            bounded: form.ticked("bounded"),
            boundary: Picker::boundary(visit).await,
        }
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&NewUser::new(&visit, None).await)
}

/// Shows what would be made, makes it, or looks for groups and policies.
pub(crate) async fn make(visit: Visit) -> Answer {
    let refused = match visit.asked.form.text("do") {
        "review" => match Review::new(&visit).await {
            Ok(review) => return page(&review),
            Err(fault) => fault,
        },
        "create" => match run(&visit).await {
            Ok(made) => return page(&made),
            Err(fault) => {
                // What can be mended there, such as a weak password, is asked again on the page that it was typed on.
                if let Ok(mut review) = Review::new(&visit).await {
                    review.error = Some(fault_text(&fault));
                    return page_again(&review);
                }
                fault
            }
        },
        _ => return page(&NewUser::new(&visit, None).await),
    };
    page_again(&NewUser::new(&visit, Some(fault_text(&refused))).await)
}

/// Who is to be copied, with everything that is to be given; looked up before anything is made.
#[derive(Default)]
struct Rights {
    groups: Vec<String>,
    policies: Vec<String>,
    inline: Vec<(String, String)>,
    boundary: Option<Arn>,
}

async fn rights(visit: &Visit) -> Result<Rights, Fault> {
    let form = &visit.asked.form;
    let mut rights = Rights::default();
    if let Some(like) = form.filled("like") {
        rights = rights_of(visit, &read(like, "The user name")?).await?;
    }
    for (field, held) in [
        ("group", &mut rights.groups),
        ("policy", &mut rights.policies),
    ] {
        for value in form.all(field) {
            if !held.iter().any(|held| held == value) {
                held.push(value.to_owned());
            }
        }
    }
    if form.ticked("bounded") {
        let boundary = form.filled("boundary").ok_or_else(|| {
            Fault::new(
                Code::InvalidInput,
                "Choose the policy that bounds the user.",
            )
        })?;
        rights.boundary = Some(read(boundary, "The ARN of a policy")?);
    }
    Ok(rights)
}

/// What another user has by its groups, policies and boundary.
async fn rights_of(visit: &Visit, like: &ExistingUserName) -> Result<Rights, Fault> {
    let user = GetUser {
        user_name: Some(like.clone()),
    };
    let boundary = visit.call(&user).await?.user.permissions_boundary;
    let groups = ListGroupsForUser {
        user_name: like.clone(),
        page: whole(),
    };
    let attached = ListAttachedUserPolicies {
        user_name: short(like)?,
        path_prefix: None,
        page: whole(),
    };
    let list = ListUserPolicies {
        user_name: like.clone(),
        page: whole(),
    };
    let mut inline = Vec::new();
    for policy_name in visit.call(&list).await?.policy_names {
        let get = GetUserPolicy {
            user_name: like.clone(),
            policy_name: policy_name.clone(),
        };
        let got = visit.call(&get).await?;
        inline.push((policy_name.as_str().to_owned(), got.policy_document.0));
    }
    let groups = visit.call(&groups).await?.groups;
    let attached = visit.call(&attached).await?.attached_policies;
    Ok(Rights {
        groups: groups.into_iter().map(|group| group.group_name).collect(),
        policies: attached
            .into_iter()
            .map(|policy| policy.policy_arn.as_str().to_owned())
            .collect(),
        inline,
        boundary: boundary.map(|boundary| boundary.permissions_boundary_arn),
    })
}

async fn run(visit: &Visit) -> Result<Made, Fault> {
    let form = &visit.asked.form;
    let name: UserName = read(form.text("name"), "The user name")?;
    let path: EntityPath = read(form.filled("path").unwrap_or("/"), "The path")?;
    let tags = typed_tags(form)?;
    let rights = rights(visit).await?;
    let choice = Choice::of(visit);
    let chosen = if form.ticked("console") {
        Some(choose(visit, &choice).await?)
    } else {
        None
    };
    // The boundary goes in at once, so that the user is never without it.
    let make = CreateUser {
        path: Some(path.clone()),
        user_name: name.clone(),
        permissions_boundary: rights.boundary.clone(),
        tags,
    };
    visit.call(&make).await?;
    let user = name.existing();
    let console = chosen.is_some();
    let mut password = None;
    if let Some(chosen) = chosen {
        if let Err(fault) = create(visit, &user, chosen.password, choice.reset).await {
            return Err(undo(visit, &user, fault).await);
        }
        password = chosen.drawn;
    }
    let mut faults = give(visit, &user, &rights).await;
    let mut notes = Vec::new();
    if console && choice.reset {
        let boundary = rights.boundary.as_ref();
        let outlook = Outlook::of(visit, name.as_str(), &path, boundary).await;
        let (done, undone) = outlook.prepare(visit, &user).await;
        notes = done;
        faults.extend(undone);
    }
    Ok(Made {
        frame: Frame::of(visit, format!("{name} has been created"), HERE),
        sign_in_address: match console {
            true => Some(sign_in_address(visit).await),
            false => None,
        },
        password,
        reset: choice.reset,
        notes,
        faults,
        back: address_of(name.as_str()),
        name: name.as_str().to_owned(),
    })
}

/// Takes a user back whose password was refused, so that the form can be sent again.
async fn undo(visit: &Visit, user: &ExistingUserName, fault: Fault) -> Fault {
    let delete = DeleteUser {
        user_name: user.clone(),
    };
    match visit.call(&delete).await {
        Ok(_) => fault,
        Err(_) => Fault::new(
            fault.code(),
            format!(
                "The user {user} has been created, but has no password and no permissions: {}",
                fault_text(&fault)
            ),
        ),
    }
}

/// Gives what was chosen: what could not be given, and why.
async fn give(visit: &Visit, user: &ExistingUserName, rights: &Rights) -> Vec<String> {
    let mut faults = Vec::new();
    let mut note = |what: String, done: Result<(), Fault>| {
        if let Err(fault) = done {
            faults.push(format!("{what}: {}", fault_text(&fault)));
        }
    };
    for group in &rights.groups {
        let done = join_one(visit, user.as_str(), group).await;
        note(format!("Not added to the group {group}"), done);
    }
    for arn in &rights.policies {
        let done = Holder::User(user.as_str()).attach(visit, arn).await;
        note(format!("Not attached: {arn}"), done);
    }
    for (policy, document) in &rights.inline {
        let done = copy(visit, user, policy, document).await;
        note(format!("Not copied: the inline policy {policy}"), done);
    }
    faults
}

async fn copy(
    visit: &Visit,
    user: &ExistingUserName,
    policy: &str,
    document: &str,
) -> Result<(), Fault> {
    let put = PutUserPolicy {
        user_name: user.clone(),
        policy_name: read(policy, "The name of a policy")?,
        policy_document: PolicyDocument::parse(document)
            .map_err(|_| Fault::new(Code::InvalidInput, "It cannot be read."))?,
    };
    visit.call(&put).await.map(drop)
}
