//! A user: who it is, and tabs for permissions, groups, tags and security credentials. Each tab is an address, and each of
//! its sections stands by itself, so that one that is not allowed hides no other.

use askama::Template;
use axum::response::Response;
use claviger_iam::Fault;
use claviger_iam::operation::groups::ListGroupsForUser;
use claviger_iam::operation::inline_policies::{
    GetUserPolicy, ListGroupPolicies, ListUserPolicies,
};
use claviger_iam::operation::tagging::ListUserTags;
use claviger_iam::operation::users::GetUser;
use claviger_model::Code;
use claviger_model::name::{ExistingUserName, GroupName};

use super::credentials::Credentials;
use super::security::Settings;
use super::{HERE, address_of, user_of, whole};
use crate::answer::{Answer, Failure, page, page_again};
use crate::attachments::{Attached, Holder};
use crate::credentials::Section;
use crate::documents::{Line, lines};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, When, encode};

/// Who a page is about.
pub(super) struct Facts {
    pub(super) name: ExistingUserName,
    pub(super) address: String,
    pub(super) arn: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: When,
    pub(super) signed_in: Option<When>,
    /// The resource name of the policy that bounds the user.
    pub(super) boundary: Option<String>,
}

impl Facts {
    /// Looks the user of the address up.
    ///
    /// # Errors
    /// [`Failure::Missing`] where there is none; whatever refuses to tell.
    pub(super) async fn load(visit: &Visit) -> Result<Self, Failure> {
        let now = visit.asked.facts.now;
        let get = GetUser {
            user_name: Some(user_of(visit)?),
        };
        let user = match visit.call(&get).await {
            Ok(got) => got.user,
            Err(fault) if fault.code() == Code::NoSuchEntity => return Err(Failure::Missing),
            Err(fault) => return Err(fault.into()),
        };
        let name = super::name_of(&user);
        Ok(Self {
            address: address_of(name),
            name: read(name, "The user name")?,
            arn: user.arn.as_str().to_owned(),
            id: user.user_id,
            path: user.path.as_str().to_owned(),
            created: When::of(user.create_date, now),
            signed_in: user.password_last_used.map(|at| When::of(at, now)),
            boundary: user
                .permissions_boundary
                .map(|boundary| boundary.permissions_boundary_arn.as_str().to_owned()),
        })
    }
}

/// A tab.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Permissions,
    Groups,
    Tags,
    Credentials,
    Security,
}

impl Tab {
    pub(super) const ALL: [Self; 5] = [
        Self::Permissions,
        Self::Groups,
        Self::Tags,
        Self::Credentials,
        Self::Security,
    ];

    /// Its word in addresses.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Permissions => "permissions",
            Self::Groups => "groups",
            Self::Tags => "tags",
            Self::Credentials => "credentials",
            Self::Security => "security",
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Permissions => "Permissions",
            Self::Groups => "Groups",
            Self::Tags => "Tags",
            Self::Credentials => "Security credentials",
            Self::Security => "Security settings",
        }
    }

    /// The tab that an address asks for.
    pub(super) fn of(visit: &Visit) -> Self {
        let asked = visit.asked.query.text("tab");
        Self::ALL
            .into_iter()
            .find(|tab| tab.word() == asked)
            .unwrap_or(Self::Permissions)
    }
}

/// What stands above every tab.
pub(super) struct Head {
    pub(super) user: Facts,
    pub(super) tab: Tab,
    pub(super) error: Option<String>,
}

/// An inline policy.
struct Inline {
    name: String,
    query: String,
    /// What it says, where that may be seen.
    document: Option<Vec<Line>>,
}

/// What a group gives.
struct Given {
    group: String,
    policies: Section<String>,
}

#[derive(Template)]
#[template(path = "users/permissions.html")]
struct Permissions {
    frame: Frame,
    head: Head,
    attached: Section<Attached>,
    inline: Section<Inline>,
    given: Section<Given>,
}

/// A group that the user is in.
struct Membership {
    name: String,
    path: String,
    created: When,
}

#[derive(Template)]
#[template(path = "users/groups.html")]
struct Groups {
    frame: Frame,
    head: Head,
    groups: Section<Membership>,
}

/// A tag, as it stands in the form.
pub(crate) struct TagRow {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(Template)]
#[template(path = "users/tags.html")]
struct Tags {
    frame: Frame,
    head: Head,
    tags: Section<TagRow>,
}

async fn inline(visit: &Visit, name: &ExistingUserName) -> Result<Vec<Inline>, Fault> {
    let list = ListUserPolicies {
        user_name: name.clone(),
        page: whole(),
    };
    let mut rows = Vec::new();
    for policy_name in visit.call(&list).await?.policy_names {
        let get = GetUserPolicy {
            user_name: name.clone(),
            policy_name: policy_name.clone(),
        };
        rows.push(Inline {
            query: encode(policy_name.as_str()),
            name: policy_name.as_str().to_owned(),
            document: (visit.call(&get).await.ok()).map(|got| lines(&got.policy_document.0)),
        });
    }
    Ok(rows)
}

async fn given(visit: &Visit, name: &ExistingUserName) -> Result<Vec<Given>, Fault> {
    let list = ListGroupsForUser {
        user_name: name.clone(),
        page: whole(),
    };
    let mut rows = Vec::new();
    for group in visit.call(&list).await?.groups {
        rows.push(Given {
            policies: Section::of(policies_of(visit, &group.group_name).await),
            group: group.group_name,
        });
    }
    Ok(rows)
}

async fn policies_of(visit: &Visit, group: &str) -> Result<Vec<String>, Fault> {
    let group_name: GroupName = read(group, "The group name")?;
    let attached = Holder::Group(group).attached(visit).await?;
    let mut names: Vec<String> = attached.into_iter().map(|policy| policy.name).collect();
    let inline = ListGroupPolicies {
        group_name,
        page: whole(),
    };
    let inline = visit.call(&inline).await?.policy_names;
    names.extend(inline.iter().map(|name| format!("{name} (inline)")));
    Ok(names)
}

async fn memberships(visit: &Visit, name: &ExistingUserName) -> Result<Vec<Membership>, Fault> {
    let now = visit.asked.facts.now;
    let list = ListGroupsForUser {
        user_name: name.clone(),
        page: whole(),
    };
    let groups = visit.call(&list).await?.groups;
    Ok(groups
        .into_iter()
        .map(|group| Membership {
            path: group.path.as_str().to_owned(),
            created: When::of(group.create_date, now),
            name: group.group_name,
        })
        .collect())
}

pub(crate) async fn tags(visit: &Visit, name: &ExistingUserName) -> Result<Vec<TagRow>, Fault> {
    let list = ListUserTags {
        user_name: name.clone(),
        page: whole(),
    };
    let tags = visit.call(&list).await?.tags;
    Ok(tags
        .into_iter()
        .map(|tag| TagRow {
            key: tag.key.as_str().to_owned(),
            value: tag.value.as_str().to_owned(),
        })
        .collect())
}

/// The tags of a form that comes back, as they were typed.
fn typed_tags(visit: &Visit) -> Vec<TagRow> {
    super::actions::tags_of(&visit.asked.form)
        .map(|(key, value)| TagRow {
            key: key.to_owned(),
            value: value.to_owned(),
        })
        .collect()
}

/// The page with a tab, and with what went wrong there.
///
/// # Errors
/// As [`Facts::load`].
pub(super) async fn shown(visit: &Visit, tab: Tab, error: Option<String>) -> Answer {
    let failed = error.is_some();
    let user = Facts::load(visit).await?;
    let name = user.name.clone();
    let frame = Frame::of(visit, name.as_str(), HERE);
    let head = Head { user, tab, error };
    match tab {
        Tab::Permissions => answered(
            failed,
            &Permissions {
                frame,
                head,
                attached: Section::of(Holder::User(name.as_str()).attached(visit).await),
                inline: Section::of(inline(visit, &name).await),
                given: Section::of(given(visit, &name).await),
            },
        ),
        Tab::Groups => answered(
            failed,
            &Groups {
                frame,
                head,
                groups: Section::of(memberships(visit, &name).await),
            },
        ),
        Tab::Tags => answered(
            failed,
            &Tags {
                frame,
                head,
                tags: if failed {
                    Section::Rows(typed_tags(visit))
                } else {
                    Section::of(tags(visit, &name).await)
                },
            },
        ),
        Tab::Credentials => {
            let credentials = Credentials::new(visit, frame, head).await;
            answered(failed, &credentials)
        }
        Tab::Security => answered(failed, &Settings::new(visit, frame, head).await),
    }
}

fn answered(failed: bool, template: &impl Template) -> Result<Response, Failure> {
    if failed {
        page_again(template)
    } else {
        page(template)
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    shown(&visit, Tab::of(&visit), None).await
}
