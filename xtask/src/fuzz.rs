//! Running the fuzz targets for a stated time each.

use std::fs;

use anyhow::{Context as _, Result};

use crate::count::{self, Count};
use crate::install::Fuzzer;
use crate::step::Step;
use crate::workspace;

/// The targets of `fuzz/`, each a body of the crate `claviger-fuzz-bodies`.
const TARGETS: &[&str] = &[
    "policy",
    "form",
    "signature",
    "sdk_signature",
    "public_key",
    "certificate",
    "token_file",
    "webauthn",
];

/// Runs every target for `seconds`.
///
/// # Errors
///
/// When a target finds an input that breaks its body, or cannot be built.
pub(crate) fn run(fuzzer: Fuzzer, seconds: u32) -> Result<Count> {
    match fuzzer {
        Fuzzer::Guided => guided(seconds),
        Fuzzer::Random => random(seconds),
    }
}

fn guided(seconds: u32) -> Result<Count> {
    // The dependencies that are tested are the ones that are fuzzed; cargo adds the fuzzer's own.
    let (from, to) = (
        workspace::root().join("Cargo.lock"),
        workspace::root().join("fuzz").join("Cargo.lock"),
    );
    fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    let mut total = Count::default();
    for target in TARGETS {
        // libFuzzer writes what it learns to the first folder only; the committed seeds stay as they are.
        let corpus = workspace::root().join("fuzz").join("corpus").join(target);
        fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
        Step::cargo(format!("fuzz `{target}` for {seconds} s"))
            .args(["+nightly", "fuzz", "run", target])
            .args([
                format!("fuzz/corpus/{target}"),
                format!("fuzz/seeds/{target}"),
            ])
            .args(["--", "-max_len=65536", "-rss_limit_mb=4096", "-timeout=10"])
            .args([format!("-max_total_time={seconds}")])
            .run()?;
        total.add(Count {
            passed: 1,
            failed: 0,
        });
    }
    Ok(total)
}

fn random(seconds: u32) -> Result<Count> {
    println!("\nno nightly toolchain is here: the fuzz bodies run under the random driver");
    let output = Step::cargo(format!("drive each fuzz body at random for {seconds} s"))
        .args([
            "test",
            "--package",
            "claviger-fuzz-bodies",
            "--test",
            "random",
        ])
        .env("CLAVIGER_FUZZ_SECONDS", seconds.to_string())
        .run()?;
    Ok(count::read(&output))
}
