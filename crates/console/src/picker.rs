//! Choosing from long lists: a search whose hits are ticked, and what was ticked before a new search stays ticked.

use claviger_iam::Fault;
use claviger_iam::operation::groups::ListGroups;
use claviger_iam::operation::managed_policies::PolicyScope;
use claviger_iam::operation::users::{GetUser, ListUsers};
use claviger_model::{Code, text};

use crate::door::Visit;
use crate::field::{paged, read};
use crate::policies;
use crate::view::fault_text;

/// Something to tick.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) ticked: bool,
}

/// A list to choose from.
pub(crate) struct Picker {
    /// What its boxes are called in the form.
    pub(crate) field: &'static str,
    /// Whether it is one alone.
    pub(crate) single: bool,
    /// What is chosen: `policies`, `groups` or `users`.
    pub(crate) what: &'static str,
    /// What the field of its search is called in the form.
    pub(crate) search_field: String,
    pub(crate) search: String,
    /// What was ticked, then what the search found.
    pub(crate) choices: Vec<Choice>,
    pub(crate) more: bool,
    /// Why there is nothing to choose from.
    pub(crate) refused: Option<String>,
}

/// Hits that are shown at the most.
const MOST_HITS: usize = 50;
/// Users that a search looks at in one go.
const SEARCHED: i32 = 1_000;
/// Users that a search looks at at the most. A whole name is always found.
const MOST_SEARCHED: usize = 10_000;

impl Picker {
    fn new(visit: &Visit, field: &'static str, what: &'static str) -> Self {
        let search_field = format!("find-{field}");
        Self {
            field,
            single: false,
            what,
            search: visit.asked.form.text(&search_field).to_owned(),
            search_field,
            choices: Vec::new(),
            more: false,
            refused: None,
        }
    }

    /// What is ticked comes first, then what was found and is not ticked yet.
    fn fill(
        &mut self,
        ticked: impl Iterator<Item = Choice>,
        found: Result<(Vec<Choice>, bool), Fault>,
    ) {
        for choice in ticked {
            if !self.choices.iter().any(|one| one.value == choice.value) {
                self.choices.push(choice);
            }
        }
        match found {
            Ok((found, more)) => {
                let fresh = found.into_iter().filter(|choice| {
                    let is_ticked = |one: &Choice| one.value == choice.value;
                    !self.choices.iter().any(is_ticked)
                });
                let fresh: Vec<Choice> = fresh.collect();
                self.choices.extend(fresh);
                self.more = more;
            }
            Err(fault) => self.refused = Some(fault_text(&fault)),
        }
    }

    /// Policies but for those named, by the form's `field`. Those of the account come first.
    pub(crate) async fn policies(visit: &Visit, field: &'static str, but: &[String]) -> Self {
        let mut picker = Self::new(visit, field, "policies");
        let most = MOST_HITS + but.len();
        let found = policies::search(visit, PolicyScope::All, &picker.search, most).await;
        let found = found.map(|(found, more)| {
            let choices = found.into_iter().map(|policy| Choice {
                value: policy.arn.as_str().to_owned(),
                name: policy.policy_name,
                about: policies::kind(policy.arn.as_str()).to_owned(),
                ticked: false,
            });
            let others = choices.filter(|choice| !but.contains(&choice.value));
            (others.collect(), more)
        });
        let ticked = visit.asked.form.all(field).map(|arn| Choice {
            value: arn.to_owned(),
            name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            about: policies::kind(arn).to_owned(),
            ticked: true,
        });
        picker.fill(ticked, found);
        picker
    }

    /// One policy as a permissions boundary, by the form's `boundary`.
    pub(crate) async fn boundary(visit: &Visit) -> Self {
        Self {
            single: true,
            what: "boundaries",
            ..Self::policies(visit, "boundary", &[]).await
        }
    }

    /// Groups but for those named, by the form's `group` and `find-group`.
    pub(crate) async fn groups(visit: &Visit, but: &[String]) -> Self {
        let mut picker = Self::new(visit, "group", "groups");
        let found = groups(visit, &picker.search, but).await;
        let ticked = visit.asked.form.all("group").map(|name| Choice {
            value: name.to_owned(),
            name: name.to_owned(),
            about: String::new(),
            ticked: true,
        });
        picker.fill(ticked, found);
        picker
    }

    /// Users, by the form's `member` and `find-member`.
    pub(crate) async fn users(visit: &Visit) -> Self {
        let mut picker = Self::new(visit, "member", "users");
        let found = users(visit, &picker.search).await.map(|(names, more)| {
            let choices = names.into_iter().map(|name| Choice {
                value: name.clone(),
                name,
                about: String::new(),
                ticked: false,
            });
            (choices.collect(), more)
        });
        let ticked = visit.asked.form.all("member").map(|name| Choice {
            value: name.to_owned(),
            name: name.to_owned(),
            about: String::new(),
            ticked: true,
        });
        picker.fill(ticked, found);
        picker
    }
}

/// The groups, but for those named, whose name holds what is searched for, and whether there are more.
async fn groups(visit: &Visit, wanted: &str, but: &[String]) -> Result<(Vec<Choice>, bool), Fault> {
    let folded = text::fold(wanted);
    let (mut marker, mut choices) = (None::<String>, Vec::new());
    loop {
        let list = ListGroups {
            path_prefix: None,
            page: paged(marker.as_deref(), SEARCHED)?,
        };
        let read = visit.call(&list).await?;
        for group in read.groups {
            if but.contains(&group.group_name) || !text::fold(&group.group_name).contains(&folded) {
                continue;
            }
            if choices.len() == MOST_HITS {
                return Ok((choices, true));
            }
            choices.push(Choice {
                about: Some(group.path.as_str())
                    .filter(|path| *path != "/")
                    .unwrap_or_default()
                    .to_owned(),
                value: group.group_name.clone(),
                name: group.group_name,
                ticked: false,
            });
        }
        marker = read.end.marker;
        if marker.is_none() {
            return Ok((choices, false));
        }
    }
}

/// The names of the users whose name holds what is searched for, and whether there are more.
async fn users(visit: &Visit, wanted: &str) -> Result<(Vec<String>, bool), Fault> {
    let mut names = Vec::new();
    if !wanted.is_empty()
        && let Ok(name) = read(wanted, "The name")
    {
        match visit
            .call(&GetUser {
                user_name: Some(name),
            })
            .await
        {
            Ok(found) => names.extend(found.user.user_name),
            Err(fault) if matches!(fault.code(), Code::NoSuchEntity | Code::AccessDenied) => {}
            Err(fault) => return Err(fault),
        }
    }
    let folded = wanted.to_lowercase();
    let (mut marker, mut seen) = (None::<String>, 0);
    let rows = if wanted.is_empty() { 50 } else { SEARCHED };
    loop {
        let list = ListUsers {
            path_prefix: None,
            page: paged(marker.as_deref(), rows)?,
        };
        let read = visit.call(&list).await?;
        seen += read.users.len();
        for name in read.users.into_iter().filter_map(|user| user.user_name) {
            if !name.to_lowercase().contains(&folded) || names.contains(&name) {
                continue;
            }
            if names.len() == MOST_HITS {
                return Ok((names, true));
            }
            names.push(name);
        }
        marker = read.end.marker;
        if marker.is_none() {
            return Ok((names, false));
        }
        if names.len() == MOST_HITS || seen >= MOST_SEARCHED {
            return Ok((names, true));
        }
    }
}
