//! Measuring: the benches of `benches/`, which is a workspace of its own, and its load program against a release build of
//! the server. Neither is a test; each prints ratios and the table of targets.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::step::Step;
use crate::workspace;

/// Runs the benches; `names` picks some of them, none means all.
///
/// # Errors
///
/// When one cannot be built or fails.
pub(crate) fn bench(names: &[&str]) -> Result<()> {
    let mut step = beside("benches")?.args(["bench"]);
    for name in names {
        step = step.args(["--bench", name]);
    }
    if names.is_empty() {
        step = step.args(["--benches"]);
    }
    step.run().map(drop)
}

/// Builds the server and the load program for release, and runs the one against the other. The words are the load
/// program's own.
///
/// # Errors
///
/// When something cannot be built, or the load program fails.
pub(crate) fn load(words: &[&str]) -> Result<()> {
    Step::cargo("the server, for release")
        .args(["build", "--release", "--package", "claviger"])
        .run()?;
    if words == ["--only", "console"] {
        return console();
    }
    beside("the load program and its yardstick")?
        .args(["build", "--release", "--bins"])
        .run()?;
    let built = |name: &str| target().join("release").join(name).into_os_string();
    let server = workspace::target().join("release").join("claviger");
    Step::new("load", built("load"))
        .args([server.into_os_string(), built("yardstick")])
        .args(words.iter().map(OsString::from))
        .run()
        .map(drop)
}

/// Measures the console in a true browser: the server's time for each page, its weight, the first paint.
fn console() -> Result<()> {
    Step::new("the console", workspace::python().join("bin/python"))
        .args(["console/measure.py"])
        .folder(&workspace::root().join("tests"))
        .env(
            "CLAVIGER_BIN",
            workspace::target().join("release").join("claviger"),
        )
        .run()
        .map(drop)
}

/// Cargo in the folder `benches`, with the dependencies that the server is built from.
fn beside(title: &str) -> Result<Step> {
    let folder = workspace::root().join("benches");
    let (from, to) = (
        workspace::root().join("Cargo.lock"),
        folder.join("Cargo.lock"),
    );
    fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(Step::cargo(title)
        .folder(&folder)
        .env("CARGO_TARGET_DIR", target()))
}

/// Where `benches/` is built: within the target folder, not beside the sources.
fn target() -> PathBuf {
    workspace::target().join("benches")
}
