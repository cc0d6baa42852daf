//! What a document allows and denies, told by service: the access levels, the resources and the conditions (IAM user guide,
//! "Policy summary").
//!
//! Which actions there are is for the caller to say. Of a service that nobody knows, the actions stand here as the
//! document has them.

use std::collections::HashSet;

use crate::action::ActionPattern;
use crate::condition::scalar_text;
use crate::json::{self, MAX_DEPTH, Member, Node};
use crate::lint::statement_nodes;
use crate::pattern::Steps;
use crate::policy::{Effect, ParsePolicyError, Policy, Statement};
use crate::recorder::Truth;

/// Actions that are named one by one at the most; patterns beyond stand as they are, so that a short text cannot make a
/// long answer.
const MOST_ACTIONS: usize = 4_000;

/// An action that is known.
#[derive(Debug, Clone)]
pub struct KnownAction<'a> {
    /// `iam:CreateUser`.
    pub name: &'a str,
    /// How it is classed: `Write`.
    pub level: &'a str,
    /// Whether it is part of what "all of a level" means: not what needs no permission.
    pub counts: bool,
}

/// The actions that are known.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue<'a> {
    /// Each of them once.
    pub actions: &'a [KnownAction<'a>],
    /// The services of which every action is among them.
    pub whole: &'a [&'a str],
}

/// What a document allows and denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// By effect and service: what is denied first, each in the order of the document.
    pub services: Vec<Service>,
    /// What nobody knows here.
    pub unrecognized: Vec<Unrecognized>,
}

/// What a document says of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// What its actions begin with, or `*` for those of every service.
    pub name: String,
    /// The levels of which it has actions; none for a service that is not known.
    pub levels: Vec<Level>,
    /// What each statement says of it.
    pub parts: Vec<Part>,
}

/// An access level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its name: `Read`.
    pub name: String,
    /// Whether every action of it is there.
    pub is_full: bool,
}

/// What one statement says of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The place of the statement, counted from 1.
    pub statement: usize,
    /// Its Sid.
    pub sid: Option<String>,
    /// The actions, or those that are left out.
    pub actions: Vec<Named>,
    /// Whether it is about every action but these (NotAction).
    pub all_but_actions: bool,
    /// The resources, or those that are left out; none where the statement is about what it stands on.
    pub resources: Vec<String>,
    /// Whether it is about every resource but these (NotResource).
    pub all_but_resources: bool,
    /// The conditions, all of which must hold: `Bool aws:SecureTransport: true`.
    pub conditions: Vec<String>,
}

/// An action of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The action, or the pattern where nobody knows what it stands for.
    pub name: String,
    /// Its level, where that is known.
    pub level: Option<String>,
}

/// Something that nobody knows here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecognized {
    /// The place of its statement, counted from 1.
    pub statement: usize,
    /// As the document has it.
    pub text: String,
}

/// Tells what a document allows and denies.
///
/// # Errors
/// Where it cannot be read at all (see [`Policy::compile`]).
pub fn summarize(document: &str, known: Catalogue<'_>) -> Result<Summary, ParsePolicyError> {
    let policy = Policy::compile(document)?;
    let root = json::parse(document, MAX_DEPTH)?;
    let mut writer = Writer {
        known,
        services: Vec::new(),
        unrecognized: Vec::new(),
        room: MOST_ACTIONS,
    };
    let statements = statement_nodes(&root).iter().zip(policy.statements());
    for (place, (node, statement)) in statements.enumerate() {
        writer.statement(place + 1, node.as_object().unwrap_or_default(), statement);
    }
    let mut services = writer.services;
    for service in &mut services {
        service.levels = levels(service, known);
    }
    services.sort_by_key(|service| service.effect == Effect::Allow);
    Ok(Summary {
        services,
        unrecognized: writer.unrecognized,
    })
}

struct Writer<'a> {
    known: Catalogue<'a>,
    services: Vec<Service>,
    unrecognized: Vec<Unrecognized>,
    room: usize,
}

impl Writer<'_> {
    fn statement(&mut self, place: usize, members: &[Member], statement: &Statement) {
        if statement.is_inert() {
            self.unrecognized.push(Unrecognized {
                statement: place,
                text: String::from("An Allow that never applies: not all of it is understood"),
            });
            return;
        }
        let negated = json::member(members, "NotAction");
        let patterns = texts(negated.or_else(|| json::member(members, "Action")));
        let left_out = json::member(members, "NotResource");
        let about = Part {
            statement: place,
            sid: statement.sid().map(str::to_owned),
            actions: Vec::new(),
            all_but_actions: negated.is_some(),
            resources: texts(left_out.or_else(|| json::member(members, "Resource"))),
            all_but_resources: left_out.is_some(),
            conditions: conditions(members),
        };
        if negated.is_some() {
            let part = Part {
                actions: patterns.into_iter().map(unknown).collect(),
                ..about
            };
            self.service(statement.effect(), "*").parts.push(part);
            return;
        }
        let mut parts: Vec<(String, Part, HashSet<String>)> = Vec::new();
        for text in patterns {
            let name = if text == "*" {
                "*"
            } else {
                text.split_once(':').map_or("", |(service, _)| service)
            };
            let name = name.to_ascii_lowercase();
            let Some(actions) = self.actions(&name, &text) else {
                self.unrecognized.push(Unrecognized {
                    statement: place,
                    text,
                });
                continue;
            };
            let at = match parts.iter().position(|(held, ..)| *held == name) {
                Some(at) => at,
                None => {
                    parts.push((name, about.clone(), HashSet::new()));
                    parts.len() - 1
                }
            };
            if let Some((_, part, seen)) = parts.get_mut(at) {
                let new = actions.into_iter();
                part.actions
                    .extend(new.filter(|action| seen.insert(action.name.clone())));
            }
        }
        for (name, part, _) in parts {
            self.service(statement.effect(), &name).parts.push(part);
        }
    }

    /// The actions that a pattern stands for; none where it is no pattern, or stands for nothing that there is.
    fn actions(&mut self, service: &str, text: &str) -> Option<Vec<Named>> {
        let pattern = ActionPattern::parse(text);
        match pattern {
            ActionPattern::Any => return Some(vec![unknown(text.to_owned())]),
            ActionPattern::Unsure | ActionPattern::WildService(_) => return None,
            ActionPattern::Name(_) => {}
        }
        let is_whole = self.known.whole.contains(&service);
        let mut steps = Steps::new(1 << 20);
        let named: Vec<Named> = (self.known.actions.iter())
            .filter(|action| of_service(action.name, service))
            .filter(|action| {
                pattern.matches(&action.name.to_ascii_lowercase(), &mut steps) == Truth::True
            })
            .map(|action| Named {
                name: action.name.to_owned(),
                level: Some(action.level.to_owned()),
            })
            .collect();
        if named.is_empty() {
            return (!is_whole).then(|| vec![unknown(text.to_owned())]);
        }
        // A wildcard stands for more than is known, where not all is.
        let is_all = is_whole || !text.contains(['*', '?']);
        if !is_all || named.len() > self.room {
            return Some(vec![unknown(text.to_owned())]);
        }
        self.room -= named.len();
        Some(named)
    }

    fn service(&mut self, effect: Effect, name: &str) -> &mut Service {
        let is_it = |service: &Service| service.effect == effect && service.name == name;
        let at = match self.services.iter().position(is_it) {
            Some(at) => at,
            None => {
                self.services.push(Service {
                    effect,
                    name: name.to_owned(),
                    levels: Vec::new(),
                    parts: Vec::new(),
                });
                self.services.len() - 1
            }
        };
        // INVARIANT: the place was found, or is that of what was just put there.
        #[expect(clippy::indexing_slicing, reason = "the place is one of the list's")]
        &mut self.services[at]
    }
}

fn of_service(action: &str, service: &str) -> bool {
    action
        .split_once(':')
        .is_some_and(|(prefix, _)| prefix == service)
}

fn unknown(name: String) -> Named {
    Named { name, level: None }
}

/// The levels of a service's actions, each with whether all of it is there.
fn levels(service: &Service, known: Catalogue<'_>) -> Vec<Level> {
    let named: HashSet<&str> = (service.parts.iter())
        .filter(|part| !part.all_but_actions)
        .flat_map(|part| &part.actions)
        .filter(|action| action.level.is_some())
        .map(|action| action.name.as_str())
        .collect();
    let is_whole = known.whole.contains(&service.name.as_str());
    let mut levels: Vec<Level> = Vec::new();
    for action in known.actions {
        if !of_service(action.name, &service.name) {
            continue;
        }
        let is_named = named.contains(action.name);
        let is_missing = !is_named && action.counts;
        match levels.iter_mut().find(|level| level.name == action.level) {
            Some(level) => level.is_full &= !is_missing,
            None => levels.push(Level {
                name: action.level.to_owned(),
                is_full: is_whole && !is_missing,
            }),
        }
    }
    let has = |level: &Level| {
        let mut actions = service.parts.iter().flat_map(|part| &part.actions);
        actions.any(|action| action.level.as_ref() == Some(&level.name))
    };
    levels.retain(has);
    levels
}

fn texts(node: Option<&Node>) -> Vec<String> {
    node.map(Node::one_or_many)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_text)
        .map(str::to_owned)
        .collect()
}

fn conditions(members: &[Member]) -> Vec<String> {
    let operators = json::member(members, "Condition")
        .and_then(Node::as_object)
        .unwrap_or_default();
    let mut out = Vec::new();
    for operator in operators {
        for key in operator.node.as_object().unwrap_or_default() {
            let values: Vec<&str> = (key.node.one_or_many().iter())
                .filter_map(scalar_text)
                .collect();
            out.push(format!(
                "{} {}: {}",
                operator.name,
                key.name,
                values.join(", ")
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Catalogue<'static> = Catalogue {
        actions: &[
            action("iam:ListUsers", "List", true),
            action("iam:ListRoles", "List", true),
            action("iam:GetUser", "Read", true),
            action("iam:WhoAmI", "Read", false),
            action("iam:CreateUser", "Write", true),
            action("trail:LookUp", "Read", true),
        ],
        whole: &["iam"],
    };

    const fn action(name: &'static str, level: &'static str, counts: bool) -> KnownAction<'static> {
        KnownAction {
            name,
            level,
            counts,
        }
    }

    fn of(statements: &str) -> Summary {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        summarize(&document, KNOWN).expect("a policy")
    }

    fn shown(summary: &Summary) -> Vec<String> {
        let level = |level: &Level| {
            let reach = if level.is_full { "full" } else { "limited" };
            format!("{} {reach}", level.name)
        };
        (summary.services.iter())
            .map(|service| {
                let levels: Vec<String> = service.levels.iter().map(level).collect();
                let actions: Vec<&str> = (service.parts.iter())
                    .flat_map(|part| &part.actions)
                    .map(|action| action.name.as_str())
                    .collect();
                format!(
                    "{:?} {} [{}] {}",
                    service.effect,
                    service.name,
                    levels.join(", "),
                    actions.join(" ")
                )
            })
            .collect()
    }

    #[test]
    fn a_level_is_full_when_each_of_its_actions_that_needs_permission_is_there() {
        let summary = of(
            r#"{"Effect":"Allow","Action":["iam:list*","iam:GetUser","IAM:GetUser"],"Resource":"*"},
            {"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}"#,
        );
        assert_eq!(
            shown(&summary),
            [
                "Allow iam [List full, Read full] iam:ListUsers iam:ListRoles iam:GetUser",
                "Allow s3 [] s3:Get*",
            ]
        );
        let some = of(r#"{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}"#);
        assert_eq!(shown(&some), ["Allow iam [List limited] iam:ListUsers"]);
    }

    #[test]
    fn what_is_denied_stands_apart_and_first() {
        let summary = of(r#"{"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Deny","Action":"iam:CreateUser","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":["false"]}}}"#);
        assert_eq!(
            shown(&summary),
            ["Deny iam [Write full] iam:CreateUser", "Allow * [] *"]
        );
        let part = &summary.services[0].parts[0];
        assert_eq!(part.conditions, ["Bool aws:SecureTransport: false"]);
        assert_eq!(
            (part.statement, &part.resources[..]),
            (2, &["*".to_owned()][..])
        );
    }

    #[test]
    fn what_is_left_out_is_told_as_left_out() {
        let summary =
            of(r#"{"Effect":"Deny","NotAction":["iam:GetUser"],"NotResource":"arn:aws:s3:::b"}"#);
        assert_eq!(shown(&summary), ["Deny * [] iam:GetUser"]);
        let part = &summary.services[0].parts[0];
        assert!(part.all_but_actions && part.all_but_resources);
    }

    #[test]
    fn nobody_guesses_what_is_not_known() {
        let summary = of(
            r#"{"Effect":"Allow","Action":["iam:Fly","trail:Look*","trail:LookUp","noservice","i*:Get"],"Resource":"*"}"#,
        );
        assert_eq!(
            shown(&summary),
            ["Allow trail [Read limited] trail:Look* trail:LookUp"]
        );
        let texts: Vec<&str> = (summary.unrecognized.iter())
            .map(|one| one.text.as_str())
            .collect();
        assert_eq!(texts, ["iam:Fly", "noservice", "i*:Get"]);
    }

    #[test]
    fn an_allow_that_never_applies_grants_nothing_in_a_summary() {
        let summary = of(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*","Unless":"x"}"#);
        assert!(summary.services.is_empty());
        assert_eq!(summary.unrecognized.len(), 1);
        assert!(summarize("{", KNOWN).is_err());
    }

    #[test]
    fn a_short_text_makes_no_long_answer() {
        let one = r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#;
        let summary = of(&vec![one; 2_000].join(","));
        let actions: usize = summary.services[0]
            .parts
            .iter()
            .map(|part| part.actions.len())
            .sum();
        assert!(actions <= MOST_ACTIONS + 2_000, "{actions}");
    }
}
