//! How many allocations a decision makes. A bench of its own: the allocator that counts would slow the others.

use anyhow::{Result, ensure};
use claviger_benches::targets::{Aim, Targets};
use claviger_policy::{Layers, PolicyRef, Silent, decide};

#[path = "policy/cases.rs"]
mod cases;

fn main() -> Result<()> {
    let mut targets = Targets::new();
    let all = [
        ("tutorial pair", cases::tutorial()?),
        ("last of 100 statements", cases::last_of(100)),
        (
            "1,000 statements, none by action",
            cases::none_by_action(1_000),
        ),
        (
            "1,000 statements, none by resource",
            cases::none_by_resource(1_000),
        ),
    ];
    for (what, case) in all {
        let policies = case.compile()?;
        let refs: Vec<PolicyRef<'_>> = policies.iter().map(PolicyRef::from).collect();
        let layers = Layers {
            identity: &refs,
            ..Layers::default()
        };
        ensure!(!case.cedar.is_empty(), "the case is whole");
        for question in &case.questions {
            let request = question.request()?;
            let mut answer = None;
            let counted = allocation_counter::measure(|| {
                answer = Some(decide(&request, &layers, &mut Silent));
            });
            ensure!(
                answer == Some(question.answer),
                "{}: {answer:?}",
                question.title()
            );
            targets.add(
                format!("{what}: {}", question.title()),
                Aim::AtMost,
                0.0,
                counted.count_total as f64,
                " allocations",
            );
        }
    }
    // The counter must be able to see one.
    let seen = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1_u64))));
    ensure!(seen.count_total == 1, "the counter counts");
    print!("{}", targets.table());
    Ok(())
}
