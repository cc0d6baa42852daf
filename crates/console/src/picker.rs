//! Choosing from long lists: a search whose hits are ticked, and what was ticked before a new search stays ticked.

use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::PolicyScope;
use claviger_iam::operation::shapes::GroupShape;
use claviger_iam::operation::users::{GetUser, ListUsers};
use claviger_model::{Code, text};

use crate::door::Visit;
use crate::field::{paged, read};
use crate::groups::all;
use crate::listing::gather;
use crate::policies;
use crate::view::fault_text;

/// Something to tick.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) ticked: bool,
}

impl Choice {
    /// Something that is known by its name alone, not ticked.
    fn named(name: &str) -> Self {
        Self {
            value: name.to_owned(),
            name: name.to_owned(),
            about: String::new(),
            ticked: false,
        }
    }

    /// A policy, not ticked.
    fn policy(arn: &str) -> Self {
        Self {
            value: arn.to_owned(),
            name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            about: policies::kind(arn).to_owned(),
            ticked: false,
        }
    }
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

    /// What is ticked comes first, then what was found and is not ticked yet. `of` makes a choice of a value in the form.
    fn fill(
        &mut self,
        visit: &Visit,
        of: impl Fn(&str) -> Choice,
        found: Result<(Vec<Choice>, bool), Fault>,
    ) {
        for value in visit.asked.form.all(self.field) {
            if !self.choices.iter().any(|one| one.value == value) {
                let choice = of(value);
                self.choices.push(Choice {
                    ticked: true,
                    ..choice
                });
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
            let choices = found
                .iter()
                .map(|policy| Choice::policy(policy.arn.as_str()));
            let others = choices.filter(|choice| !but.contains(&choice.value));
            (others.collect(), more)
        });
        picker.fill(visit, Choice::policy, found);
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
        picker.fill(visit, Choice::named, found);
        picker
    }

    /// Users, by the form's `member` and `find-member`.
    pub(crate) async fn users(visit: &Visit) -> Self {
        let mut picker = Self::new(visit, "member", "users");
        let found = users(visit, &picker.search).await.map(|(names, more)| {
            let choices = names.iter().map(|name| Choice::named(name));
            (choices.collect(), more)
        });
        picker.fill(visit, Choice::named, found);
        picker
    }
}

/// The groups, but for those named, whose name holds what is searched for, and whether there are more.
async fn groups(visit: &Visit, wanted: &str, but: &[String]) -> Result<(Vec<Choice>, bool), Fault> {
    let folded = text::fold(wanted);
    let fits = |group: &GroupShape| {
        !but.contains(&group.group_name) && text::fold(&group.group_name).contains(&folded)
    };
    let (found, more) = gather(visit, &all()?, MOST_HITS, fits).await?;
    let choices = found.into_iter().map(|group| Choice {
        about: match group.path.as_str() {
            "/" => String::new(),
            path => path.to_owned(),
        },
        ..Choice::named(&group.group_name)
    });
    Ok((choices.collect(), more))
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
