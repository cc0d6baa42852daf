//! What actions there are: for the reference, for editors, and for telling what a policy grants.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use claviger_policy::summary::{Catalogue, KnownAction};

use super::{Access, Grant, ResourceType};
use crate::operation::{self, host_logins};

/// What is known of an action.
#[derive(Debug)]
pub struct ActionFacts {
    /// How it is classed.
    pub access: Access,
    /// The types of resources that it is authorized on; none for the account as a whole.
    pub resources: &'static [ResourceType],
    /// The condition keys that it sets besides the global ones.
    pub keys: &'static [&'static str],
    /// Whether a policy must allow it.
    pub needs_permission: bool,
}

/// The access levels, in the order in which they are told.
const LEVELS: [Access; 5] = [
    Access::List,
    Access::Read,
    Access::Write,
    Access::Tagging,
    Access::Permissions,
];

/// The services of which every action is in the table.
const WHOLE: &[&str] = &["iam", "sts"];

static TABLE: LazyLock<BTreeMap<String, ActionFacts>> = LazyLock::new(|| {
    let mut table: BTreeMap<String, ActionFacts> = operation::all()
        .filter(|entry| entry.spec.governed_by.is_none())
        .map(|entry| {
            let spec = &entry.spec;
            let facts = ActionFacts {
                access: spec.access,
                resources: spec.resources,
                keys: spec.keys,
                needs_permission: spec.grant == Grant::Policy,
            };
            (spec.action(), facts)
        })
        .collect();
    // No operation: what a user must be allowed for a host to be told the keys.
    let login = ActionFacts {
        access: Access::Write,
        resources: &[ResourceType::Host],
        keys: &[host_logins::LOGIN_NAME],
        needs_permission: true,
    };
    table.insert(host_logins::LOGIN.to_owned(), login);
    table
});

static KNOWN: LazyLock<Vec<KnownAction<'static>>> = LazyLock::new(|| {
    let known = TABLE.iter().map(|(name, facts)| KnownAction {
        name,
        level: facts.access.as_str(),
        counts: facts.needs_permission,
    });
    let mut known: Vec<KnownAction<'static>> = known.collect();
    // From looking to changing, as people read access levels.
    known.sort_by_key(|action| {
        LEVELS
            .iter()
            .position(|level| level.as_str() == action.level)
    });
    known
});

/// Every action that policies can speak of, by name.
pub fn actions() -> impl Iterator<Item = (&'static str, &'static ActionFacts)> {
    TABLE.iter().map(|(name, facts)| (name.as_str(), facts))
}

/// The same, for summaries.
pub(crate) fn catalogue() -> Catalogue<'static> {
    Catalogue {
        actions: &KNOWN,
        whole: WHOLE,
    }
}
