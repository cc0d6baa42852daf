//! The fast evaluator against a slow, literal one that was written from the documentation and shares no code with it.
//!
//! `CLAVIGER_POLICY_CASES` sets the number of generated cases (default 200,000), `CLAVIGER_POLICY_SEED` the seed.

#[cfg(test)]
#[path = "reference/slow.rs"]
mod slow;

#[cfg(test)]
#[path = "reference/generator.rs"]
mod generator;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use claviger_policy::offline::decide_line;
    use serde_json::Value;

    use crate::generator::Chance;
    use crate::slow::{Mutation, Slow};

    fn setting(name: &str, default: u64) -> u64 {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    }

    fn fast(line: &Value) -> String {
        let answer: Value = serde_json::from_str(&decide_line(&line.to_string())).expect("JSON");
        answer["decision"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer} to {line}"))
            .to_owned()
    }

    #[test]
    fn fast_and_slow_agree() {
        let cases = setting("CLAVIGER_POLICY_CASES", 200_000);
        let mut chance = Chance::new(setting("CLAVIGER_POLICY_SEED", 1));
        let mut hits: BTreeMap<String, u64> = BTreeMap::new();
        for name in crate::slow::expected_hits() {
            hits.insert(name, 0);
        }
        for case in 0..cases {
            let line = chance.line(case);
            let mut slow = Slow::new(&line, None);
            let expected = slow.decide();
            for name in slow.hits {
                *hits.entry(name).or_default() += 1;
            }
            *hits.entry(format!("decision {expected}")).or_default() += 1;
            // `cargo xtask mutants` looks for these words, to tell this failure from any other.
            let answer = fast(&line);
            assert!(
                answer == expected,
                "the evaluators differ at case {case}: fast {answer}, slow {expected}: {line:#}"
            );
        }
        for (name, count) in &hits {
            println!("{count:>9} {name}");
        }
        if cases >= 50_000 {
            let missed: Vec<&String> = hits
                .iter()
                .filter(|(_, n)| **n == 0)
                .map(|(name, _)| name)
                .collect();
            assert!(missed.is_empty(), "never exercised: {missed:?}");
        }
    }

    #[test]
    fn a_changed_rule_is_noticed() {
        let cases = setting("CLAVIGER_POLICY_CASES", 200_000);
        for mutation in Mutation::ALL {
            let mut chance = Chance::new(7);
            let noticed = (0..cases).find(|&case| {
                let line = chance.line(case);
                Slow::new(&line, Some(mutation)).decide() != fast(&line)
            });
            println!("{mutation:?}: noticed at case {noticed:?}");
            assert!(noticed.is_some(), "{mutation:?} goes unnoticed");
        }
    }
}
