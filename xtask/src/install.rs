//! Installing what the tests need and the machine lacks. What is there already is left alone.
//!
//! Debian packages are installed only by root on a machine with `apt-get`; anybody else is told what to install.
//! Cargo's tools go to `target/tools`, Python's packages to `target/py`: nothing outside `target/` is touched.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::step::{Step, ask};
use crate::workspace;

/// The versions that CI has run with. A newer one found on the machine is used as it is.
const CARGO_DENY: &str = "0.20.2";
const CARGO_FUZZ: &str = "0.13.2";
const CARGO_NEXTEST: &str = "0.9.143";

/// What fuzzing can use on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fuzzer {
    /// A nightly toolchain is there, and so is cargo-fuzz: coverage guides the inputs.
    Guided,
    /// No nightly toolchain: the same bodies run under a driver that mutates at random.
    Random,
}

/// Installs everything, and says which fuzzer there is.
///
/// # Errors
///
/// When something is missing and cannot be installed; the message says what and how.
pub(crate) fn everything() -> Result<Fuzzer> {
    debian()?;
    python()?;
    tool("cargo-nextest", CARGO_NEXTEST, &[])?;
    // Without its default features cargo-deny brings no TLS stack: the advisory database is not asked for.
    tool("cargo-deny", CARGO_DENY, &["--no-default-features"])?;
    if has_nightly() {
        tool("cargo-fuzz", CARGO_FUZZ, &[])?;
        Ok(Fuzzer::Guided)
    } else {
        Ok(Fuzzer::Random)
    }
}

fn debian() -> Result<()> {
    let missing: Vec<&str> = [
        ("postgresql", has_postgres()),
        ("faketime", has_faketime()),
        ("openssl", ask("openssl", &["version"]).is_some()),
        ("oathtool", ask("oathtool", &["--version"]).is_some()),
        // Logins to hosts are tried with a true sshd.
        ("openssh-server", Path::new("/usr/sbin/sshd").exists()),
        ("openssh-client", ask("ssh", &["-V"]).is_some()),
        // The console is tried with a true browser.
        ("chromium", Path::new("/usr/bin/chromium").exists()),
        ("python3", ask("python3", &["--version"]).is_some()),
        (
            "python3-venv",
            ask("python3", &["-c", "import venv, ensurepip"]).is_some(),
        ),
        // The SQLite that the store bundles is C; libFuzzer is C++.
        ("gcc", ask("cc", &["--version"]).is_some()),
        ("g++", ask("c++", &["--version"]).is_some()),
    ]
    .into_iter()
    .filter_map(|(package, present)| (!present).then_some(package))
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = ask("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    let has_apt = ask("apt-get", &["--version"]).is_some();
    if !(is_root && has_apt) {
        bail!(
            "these Debian packages are needed and missing: {0}\n  install them: sudo apt-get install --no-install-recommends {0}",
            missing.join(" ")
        );
    }
    Step::new("refresh Debian's package lists", "apt-get")
        .args(["update", "-q"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()?;
    Step::new(format!("install {}", missing.join(", ")), "apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()?;
    Ok(())
}

/// The store's tests start a cluster of their own, for which they need `initdb` and `pg_ctl`.
fn has_postgres() -> bool {
    children(Path::new("/usr/lib/postgresql"))
        .iter()
        .any(|version| version.join("bin/initdb").exists() && version.join("bin/pg_ctl").exists())
}

fn has_faketime() -> bool {
    children(Path::new("/usr/lib"))
        .iter()
        .any(|folder| folder.join("faketime/libfaketime.so.1").exists())
}

fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

fn has_nightly() -> bool {
    ask("rustup", &["toolchain", "list"])
        .is_some_and(|list| list.lines().any(|name| name.starts_with("nightly")))
}

fn tool(name: &str, version: &str, extra: &[&str]) -> Result<()> {
    if ask(name, &["--version"]).is_some()
        || ask(name, &[name.trim_start_matches("cargo-"), "--version"]).is_some()
    {
        return Ok(());
    }
    Step::cargo(format!("install {name} {version}"))
        .args(["install", "--locked", "--version", version, "--root"])
        .args([workspace::tools()])
        .args(extra)
        .args([name])
        .run()?;
    Ok(())
}

/// What the black-box tests install: files of pinned packages, and what pip is told besides.
const PYTHON_PACKAGES: &[(&str, &[&str])] = &[
    ("requirements.txt", &[]),
    ("requirements-audit.txt", &["--no-deps"]),
];

fn python() -> Result<()> {
    let tests = workspace::root().join("tests");
    let mut wanted = Vec::new();
    for (name, _) in PYTHON_PACKAGES {
        let path = tests.join(name);
        let file = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        wanted.extend_from_slice(&file);
    }
    let environment = workspace::python();
    // Written last, so that an installation that was cut short is done again.
    let stamp = environment.join("installed-requirements.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    Step::new("make the Python environment", "python3")
        .args(["-m", "venv", "--clear"])
        .args([&environment])
        .run()?;
    for (name, options) in PYTHON_PACKAGES {
        Step::new(
            format!("install the Python packages of {name}"),
            environment.join("bin/python"),
        )
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(*options)
        .args(["--requirement"])
        .args([&tests.join(name)])
        .run()?;
    }
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
