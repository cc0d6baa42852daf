//! `cargo xtask test`: everything that must hold before a change lands, in the order in which it is cheapest to fail.

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::count::{self, Count};
use crate::step::Step;
use crate::{fuzz, install, mutants, reference, workspace};

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// What CI runs for every change.
    Short,
    /// Many rounds, for a release or a change to the store or the evaluator.
    Long,
}

impl Length {
    /// The profile in `.config/nextest.toml`.
    fn profile(self) -> &'static str {
        match self {
            Length::Short => "default",
            Length::Long => "long",
        }
    }

    fn fuzz_seconds(self) -> u32 {
        match self {
            Length::Short => 10,
            Length::Long => 60,
        }
    }

    /// What the tests read from the environment. A value that the caller has set stands.
    fn rounds(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Length::Short => &[],
            Length::Long => &[
                ("CLAVIGER_RACE_ROUNDS", "1000"),
                ("CLAVIGER_KILL_ROUNDS", "50"),
                ("CLAVIGER_POLICY_CASES", "1000000"),
                ("CLAVIGER_SIMULATOR_ROUNDS", "300"),
            ],
        }
    }

    fn put_on(self, mut step: Step) -> Step {
        for (name, value) in self.rounds() {
            if std::env::var_os(name).is_none() {
                step = step.env(name, value);
            }
        }
        step
    }
}

/// Runs every check. The last line that it prints is the total of the tests that ran.
pub(crate) fn run(length: Length) -> ExitCode {
    let begun = Instant::now();
    let mut total = Count::default();
    let mut outcome = every_step(length, &mut total);
    if outcome.is_ok() && total.passed == 0 {
        outcome = Err(anyhow!("no test ran"));
    }
    println!("\ntotal time: {:.0} s", begun.elapsed().as_secs_f32());
    match outcome {
        Ok(()) => {
            println!("{} passed, {} failed", total.passed, total.failed);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("\nxtask: {error:#}\n");
            // A check that is no test counts as one failure, so that no reader takes the run for a good one.
            println!("{} passed, {} failed", total.passed, total.failed.max(1));
            ExitCode::FAILURE
        }
    }
}

fn every_step(length: Length, total: &mut Count) -> Result<()> {
    let fuzzer = install::everything()?;
    // In CI the committed lock file is the one that is tested.
    let locked: &[&str] = if workspace::is_ci() {
        &["--locked"]
    } else {
        &[]
    };

    Step::cargo("formatting")
        .args(["fmt", "--all", "--check"])
        .run()?;
    Step::cargo("lints")
        .args(["clippy", "--workspace", "--all-targets"])
        .args(locked)
        .args(["--", "-D", "warnings"])
        .run()?;
    Step::cargo("licences, bans and sources of dependencies")
        .args([
            "deny",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ])
        .run()?;
    Step::cargo("documentation comments")
        .args([
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ])
        .args(locked)
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;

    tests(
        length.put_on(
            Step::cargo("unit, property and integration tests")
                .args([
                    "nextest",
                    "run",
                    "--workspace",
                    "--no-fail-fast",
                    "--profile",
                    length.profile(),
                ])
                .args(locked),
        ),
        total,
    )?;
    if length == Length::Long {
        on_a_full_disk(total)?;
    }
    tests(
        Step::cargo("examples in documentation")
            .args(["test", "--workspace", "--doc"])
            .args(locked),
        total,
    )?;

    reference::check()?;

    Step::cargo("the server for the black-box tests")
        .args(["build", "--package", "claviger"])
        .args(locked)
        .run()?;
    let python = workspace::python().join("bin/python");
    tests(
        length.put_on(
            Step::new("black-box tests", python)
                .args([
                    "-m",
                    "pytest",
                    "-q",
                    "conformance",
                    "aws",
                    "huawei",
                    "faults",
                    "console",
                ])
                .folder(&workspace::root().join("tests"))
                .env("CLAVIGER_BIN", workspace::target().join("debug/claviger")),
        ),
        total,
    )?;

    if length == Length::Long {
        let count = mutants::run(&[])?;
        total.add(count);
        if count.failed > 0 {
            bail!("the comparison of the evaluators does not notice a broken rule");
        }
    }

    total.add(fuzz::run(fuzzer, length.fuzz_seconds())?);
    Ok(())
}

/// The test that needs a disk which is soon full. Making one takes the right to mount; who has it not is told.
fn on_a_full_disk(total: &mut Count) -> Result<()> {
    let disk = workspace::target().join("small-disk");
    fs::create_dir_all(&disk).with_context(|| format!("cannot make {}", disk.display()))?;
    let mounted = Step::new("a disk of 6 MiB", "mount")
        .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
        .args([&disk])
        .outcome()?;
    if !mounted.well {
        println!("a full disk is not tried: that takes the right to mount one");
        return Ok(());
    }
    let tried = tests(
        Step::cargo("a full disk")
            .args(["nextest", "run", "--package", "claviger-store"])
            .args(["--run-ignored", "only", "a_full_disk"])
            .env("CLAVIGER_SMALL_DISK", &disk),
        total,
    );
    Step::new("take the disk away", "umount")
        .args([&disk])
        .run()?;
    tried
}

fn tests(step: Step, total: &mut Count) -> Result<()> {
    let outcome = step.outcome()?;
    let count = count::read(&outcome.output);
    total.add(count);
    if !outcome.well {
        bail!("step `{}` failed: {}", outcome.title, outcome.line);
    }
    Ok(())
}
