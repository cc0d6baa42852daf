//! Deciding, against `cedar-policy` with equivalent policies written the way its language wants them: services as groups
//! of actions, buckets as parents of objects. Both sides have their policies compiled, their requests and entities built.

use std::str::FromStr as _;

use anyhow::{Context as _, Result, ensure};
use claviger_benches::rounds::{self, Contender, Took, ratio, time};
use claviger_benches::targets::{Aim, Targets};
use claviger_policy::{Decision, Layers, Policy, PolicyRef, Silent, decide};

#[path = "policy/cases.rs"]
mod cases;
#[path = "policy/cedar.rs"]
mod cedar;

use cases::{Case, Question};
use cedar::Other;

fn main() -> Result<()> {
    let mut targets = Targets::new();
    tutorial(&mut targets)?;
    let many = [
        (cases::last_of(100), "last of 100 statements", 15.0),
        (
            cases::none_by_action(1_000),
            "1,000 statements, none by action",
            1_000.0,
        ),
        (
            cases::none_by_resource(1_000),
            "1,000 statements, none by resource",
            20.0,
        ),
    ];
    for (case, what, target) in many {
        let other = Other::new(&case)?;
        let measured = against(&case, &other)?;
        for (question, (ours, theirs)) in case.questions.iter().zip(&measured) {
            let ratio = ratio(&theirs.seconds, &ours.seconds);
            print(what, question, ours, theirs, ratio);
            targets.add(
                format!("{what}: faster than Cedar"),
                Aim::AtLeast,
                target,
                ratio,
                " ×",
            );
        }
    }
    compiling(&mut targets)?;
    print!("{}", targets.table());
    Ok(())
}

fn print(what: &str, question: &Question, ours: &Took, theirs: &Took, ratio: f64) {
    println!(
        "{what:<36} {:<34} {:>9}   Cedar {:>9}   {ratio:.0} ×",
        question.title(),
        time(ours.median()),
        time(theirs.median()),
    );
}

/// The policies of IAM's credential tutorial, against the four calls that it is about.
fn tutorial(targets: &mut Targets) -> Result<()> {
    let case = cases::tutorial()?;
    let other = Other::new(&case)?;
    let measured = against(&case, &other)?;
    let mut worst = 0.0_f64;
    for (question, (ours, theirs)) in case.questions.iter().zip(&measured) {
        print(
            "tutorial pair",
            question,
            ours,
            theirs,
            ratio(&theirs.seconds, &ours.seconds),
        );
        worst = worst.max(ours.median());
    }
    targets.add(
        "tutorial pair, the slowest of its calls",
        Aim::AtMost,
        1.0,
        worst * 1e6,
        " µs",
    );
    Ok(())
}

/// Both engines on each question of a case, after both have shown that they know the answer.
fn against(case: &Case, other: &Other) -> Result<Vec<(Took, Took)>> {
    let policies = case.compile()?;
    let refs: Vec<PolicyRef<'_>> = policies.iter().map(PolicyRef::from).collect();
    let layers = Layers {
        identity: &refs,
        ..Layers::default()
    };
    let mut measured = Vec::new();
    for question in &case.questions {
        let request = question.request()?;
        let ours = decide(&request, &layers, &mut Silent);
        ensure!(
            ours == question.answer,
            "{}: Claviger says {ours:?}",
            question.title()
        );
        let asked = other.request(question)?;
        ensure!(
            other.allows(&asked) == (question.answer == Decision::Allow),
            "{}: Cedar disagrees",
            question.title()
        );
        let mut took = rounds::run(&mut [
            Contender::new("claviger", || decide(&request, &layers, &mut Silent)),
            Contender::new("cedar", || other.allows(&asked)),
        ])
        .into_iter();
        let (Some(ours), Some(theirs)) = (took.next(), took.next()) else {
            continue;
        };
        measured.push((ours, theirs));
    }
    Ok(measured)
}

fn compiling(targets: &mut Targets) -> Result<()> {
    let case = cases::none_by_action(1_000);
    let document = case.documents.first().context("the case has a document")?;
    let (first, other) = (
        Policy::compile(document)?,
        cedar_policy::PolicySet::from_str(&case.cedar)?,
    );
    ensure!(
        first.statements().len() == 1_000 && other.policies().count() == 1_000,
        "1,000 statements"
    );
    let took = rounds::run(&mut [
        Contender::new("claviger", || Policy::compile(document).ok()),
        Contender::new("cedar", || {
            cedar_policy::PolicySet::from_str(&case.cedar).ok()
        }),
    ]);
    let [ours, theirs] = took.as_slice() else {
        return Ok(());
    };
    println!(
        "{:<71} {:>9}   Cedar {:>9}   {:.0} ×",
        "compiling 1,000 statements",
        time(ours.median()),
        time(theirs.median()),
        ratio(&theirs.seconds, &ours.seconds),
    );
    targets.add(
        "compiling 1,000 statements",
        Aim::AtMost,
        5.0,
        ours.median() * 1e3,
        " ms",
    );
    Ok(())
}
