//! What a document allows and denies, as pages tell it: a row for each service, which opens to its actions.

use claviger_iam::operation::policy_checks::{
    DocumentKind, DocumentSummary, SummaryEffect, SummaryPart, SummaryService,
};

use super::editor::check;
use crate::door::Visit;
use crate::view::fault_text;

/// The actions of one access level.
pub(crate) struct Actions {
    pub(crate) level: String,
    pub(crate) names: Vec<String>,
}

/// What one statement says of a service.
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) all_but: bool,
    pub(crate) actions: Vec<Actions>,
    pub(crate) resources: Vec<String>,
    pub(crate) all_but_resources: bool,
    pub(crate) conditions: Vec<String>,
}

/// What a document says of a service.
pub(crate) struct Row {
    pub(crate) service: String,
    /// Whether it is about every service.
    pub(crate) every: bool,
    /// The levels of which it has every action, and those of which it has some.
    pub(crate) full: String,
    pub(crate) limited: String,
    /// What is said in place of levels.
    pub(crate) reach: &'static str,
    pub(crate) resource: String,
    pub(crate) condition: String,
    pub(crate) parts: Vec<Part>,
}

/// What is denied, or what is allowed.
pub(crate) struct Group {
    pub(crate) denied: bool,
    pub(crate) rows: Vec<Row>,
}

/// What a document allows and denies.
#[derive(Default)]
pub(crate) struct Granted {
    /// Why it cannot be told.
    pub(crate) refused: Option<String>,
    pub(crate) groups: Vec<Group>,
    /// What nobody knows here.
    pub(crate) unrecognized: Vec<String>,
}

impl Granted {
    /// What this summary says.
    pub(crate) fn of(summary: DocumentSummary) -> Self {
        let is_denied = |service: &SummaryService| service.effect == SummaryEffect::Deny;
        let (denied, allowed): (Vec<_>, Vec<_>) = summary.services.into_iter().partition(is_denied);
        let group = |denied, services: Vec<SummaryService>| Group {
            denied,
            rows: services.into_iter().map(row).collect(),
        };
        let groups = [group(true, denied), group(false, allowed)];
        Self {
            refused: None,
            groups: (groups.into_iter())
                .filter(|group| !group.rows.is_empty())
                .collect(),
            unrecognized: (summary.unrecognized.into_iter())
                .map(|one| format!("{} (statement {})", one.text, one.statement))
                .collect(),
        }
    }

    /// What a document that is saved says.
    pub(crate) async fn by(visit: &Visit, document: &str) -> Self {
        let refused = |said: String| Self {
            refused: Some(said),
            ..Self::default()
        };
        match check(visit, document, DocumentKind::Identity).await {
            Ok(found) => found.summary.map_or_else(
                || {
                    refused(String::from(
                        "The document cannot be read. It denies everything.",
                    ))
                },
                Self::of,
            ),
            Err(fault) => refused(fault_text(&fault)),
        }
    }
}

fn row(service: SummaryService) -> Row {
    let levels = |full: bool| {
        let levels = service.levels.iter().filter(|level| level.is_full == full);
        let names: Vec<&str> = levels.map(|level| level.name.as_str()).collect();
        names.join(", ")
    };
    let every = service.service == "*";
    let all_but = |part: &SummaryPart| part.all_but_actions;
    Row {
        every,
        full: levels(true),
        limited: levels(false),
        reach: match (every, service.parts.iter().all(all_but)) {
            (true, true) => "Everything but some",
            (true, false) => "Everything",
            (false, _) => "Not known here",
        },
        resource: same(&service.parts, resources),
        condition: same(&service.parts, |part| match part.conditions.as_slice() {
            [] => String::from("None"),
            [one] => one.clone(),
            several => format!("{} conditions", several.len()),
        }),
        parts: service.parts.into_iter().map(part).collect(),
        service: if every {
            String::from("All services")
        } else {
            service.service
        },
    }
}

/// What each part says of something, if all say the same.
fn same(parts: &[SummaryPart], say: impl Fn(&SummaryPart) -> String) -> String {
    let mut said = parts.iter().map(say);
    let first = said.next().unwrap_or_default();
    if said.all(|other| other == first) {
        first
    } else {
        String::from("Differs by statement")
    }
}

fn resources(part: &SummaryPart) -> String {
    let all_but = if part.all_but_resources {
        "All but "
    } else {
        ""
    };
    match part.resources.as_slice() {
        [] => String::from("What it stands on"),
        [all] if all == "*" && !part.all_but_resources => String::from("All resources"),
        [one] => format!("{all_but}{one}"),
        several => format!("{all_but}{} resources", several.len()),
    }
}

fn part(part: SummaryPart) -> Part {
    let mut actions: Vec<Actions> = Vec::new();
    for action in part.actions {
        let level = action.level.unwrap_or_default();
        match actions.iter_mut().find(|held| held.level == level) {
            Some(held) => held.names.push(action.name),
            None => actions.push(Actions {
                level,
                names: vec![action.name],
            }),
        }
    }
    Part {
        title: match part.sid.filter(|sid| !sid.is_empty()) {
            Some(sid) => format!("Statement {}, {sid}", part.statement),
            None => format!("Statement {}", part.statement),
        },
        all_but: part.all_but_actions,
        actions,
        resources: part.resources,
        all_but_resources: part.all_but_resources,
        conditions: part.conditions,
    }
}

#[cfg(test)]
mod tests {
    use claviger_iam::operation::policy_checks::SummaryAction;

    use super::*;

    fn said(resources: &[&str], conditions: &[&str]) -> SummaryPart {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        SummaryPart {
            statement: 1,
            sid: None,
            actions: vec![SummaryAction {
                name: String::from("s3:Get*"),
                level: None,
            }],
            all_but_actions: false,
            resources: owned(resources),
            all_but_resources: false,
            conditions: owned(conditions),
        }
    }

    #[test]
    fn a_row_tells_what_its_statements_agree_in() {
        let of = |parts: Vec<SummaryPart>| {
            let row = row(SummaryService {
                effect: SummaryEffect::Allow,
                service: String::from("s3"),
                levels: Vec::new(),
                parts,
            });
            (row.resource, row.condition)
        };
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(of(vec![said(&["*"], &[])]), pair("All resources", "None"));
        assert_eq!(
            of(vec![said(&["a", "b"], &["x"]), said(&["a", "b"], &[])]),
            pair("2 resources", "Differs by statement")
        );
    }
}
