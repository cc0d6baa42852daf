//! Finding the statements of a policy that could be about an action, without looking at the others.
//!
//! Every action pattern begins with literal text (its service at least). The index holds those beginnings in order, each
//! with a link to the longest other one that begins it. One binary search finds the last beginning that is not after the
//! action; the beginnings of the action are that one or among those that its links lead to.

use crate::action::ActionPattern;
use crate::pattern::Steps;
use crate::policy::{Effect, Statement};
use crate::recorder::Truth;

const NONE: u32 = u32::MAX;

/// From a folded action to the statements that could be about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActionIndex {
    beginnings: Box<[Beginning]>,
    claims: Box<[Claim]>,
    /// Statements that must always be asked: NotAction, `*`, and what is not understood.
    always: Box<[u32]>,
}

#[derive(Debug, Clone)]
struct Beginning {
    text: Box<str>,
    parent: u32,
    first_claim: u32,
    last_claim: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    statement: u32,
    pattern: u32,
}

impl ActionIndex {
    pub(crate) fn build(statements: &[Statement]) -> Self {
        let mut always = Vec::new();
        let mut pairs: Vec<(&str, Claim)> = Vec::new();
        for (at, statement) in statements.iter().enumerate() {
            if statement.is_inert() {
                continue;
            }
            let at = u32::try_from(at).unwrap_or(NONE);
            let from = pairs.len();
            let mut plain = !statement.actions.negated && !statement.actions.unsure;
            for (place, pattern) in statement.actions.patterns.iter().enumerate() {
                match pattern {
                    ActionPattern::Name(pattern) => pairs.push((
                        pattern.literal_prefix(),
                        Claim {
                            statement: at,
                            pattern: u32::try_from(place).unwrap_or(NONE),
                        },
                    )),
                    _ => plain = false,
                }
            }
            if !plain {
                pairs.truncate(from);
                always.push(at);
            }
        }
        pairs.sort_unstable();
        let mut beginnings: Vec<Beginning> = Vec::new();
        let mut open: Vec<u32> = Vec::new();
        let mut claims = Vec::with_capacity(pairs.len());
        for (text, claim) in pairs {
            let end = u32::try_from(claims.len() + 1).unwrap_or(NONE);
            claims.push(claim);
            if let Some(last) = beginnings.last_mut()
                && &*last.text == text
            {
                last.last_claim = end;
                continue;
            }
            while let Some(&top) = open.last() {
                let begins = usize::try_from(top)
                    .ok()
                    .and_then(|top| beginnings.get(top))
                    .is_some_and(|beginning| text.starts_with(&*beginning.text));
                if begins {
                    break;
                }
                open.pop();
            }
            let place = u32::try_from(beginnings.len()).unwrap_or(NONE);
            beginnings.push(Beginning {
                text: text.into(),
                parent: open.last().copied().unwrap_or(NONE),
                first_claim: end - 1,
                last_claim: end,
            });
            open.push(place);
        }
        Self {
            beginnings: beginnings.into(),
            claims: claims.into(),
            always: always.into(),
        }
    }

    /// Calls `ask` for each statement that could be about the action, with whether it surely is, until `ask` answers `false`.
    pub(crate) fn candidates(
        &self,
        action: &str,
        statements: &[Statement],
        effect: Option<Effect>,
        steps: &mut Steps,
        mut ask: impl FnMut(usize, &Statement, bool, &mut Steps) -> bool,
    ) {
        let statement = |at: u32| {
            let at = usize::try_from(at).ok()?;
            Some((at, statements.get(at)?))
        };
        for (at, one) in self.always.iter().filter_map(|&at| statement(at)) {
            if effect.is_none_or(|effect| one.effect() == effect) && !ask(at, one, false, steps) {
                return;
            }
        }
        let after = self
            .beginnings
            .partition_point(|beginning| &*beginning.text <= action);
        let mut next = after.checked_sub(1);
        while let Some(beginning) = next.and_then(|at| self.beginnings.get(at)) {
            steps.take(1);
            next = usize::try_from(beginning.parent).ok();
            if !action.starts_with(&*beginning.text) {
                continue;
            }
            let range = usize::try_from(beginning.first_claim).unwrap_or(0)
                ..usize::try_from(beginning.last_claim).unwrap_or(0);
            let mut done = NONE;
            for claim in self.claims.get(range).unwrap_or_default() {
                if claim.statement == done {
                    continue;
                }
                let Some((at, one)) = statement(claim.statement) else {
                    continue;
                };
                if effect.is_some_and(|effect| one.effect() != effect) {
                    continue;
                }
                let matches = usize::try_from(claim.pattern)
                    .ok()
                    .and_then(|pattern| one.actions.patterns.get(pattern))
                    .is_some_and(|pattern| {
                        steps.take(1);
                        pattern.matches(action, steps) == Truth::True
                    });
                if !matches {
                    continue;
                }
                done = claim.statement;
                if !ask(at, one, true, steps) {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::Policy;

    proptest! {
        #[test]
        fn the_index_finds_what_matches_and_nothing_else(
            lists in prop::collection::vec(prop::collection::vec("(a|b|ab):[ab*?]{0,4}|\\*|x", 1..4), 1..12),
            action in "(a|b|ab):[ab]{1,4}",
        ) {
            let statements: Vec<serde_json::Value> = lists
                .iter()
                .map(|actions| serde_json::json!({"Effect": "Deny", "Action": actions, "Resource": "*"}))
                .collect();
            let document = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
            let policy = Policy::compile(&document.to_string()).expect("a policy");
            let mut steps = Steps::new(u64::MAX);
            let mut found = std::collections::BTreeSet::new();
            policy.index().candidates(&action, policy.statements(), None, &mut steps, |at, one, sure, steps| {
                if sure || one.actions.matches(&action, steps) != Truth::False {
                    found.insert(at);
                }
                true
            });
            let expected: std::collections::BTreeSet<usize> = policy
                .statements()
                .iter()
                .enumerate()
                .filter(|(_, one)| one.actions.matches(&action, &mut Steps::new(u64::MAX)) != Truth::False)
                .map(|(at, _)| at)
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
