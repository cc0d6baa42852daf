//! Pictures of the console's pages, for the documentation: those that the browser tests make on their way, which they write
//! below `target`.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::step::Step;
use crate::{install, workspace};

/// Walks the console and copies the pictures into `docs/console`.
///
/// # Errors
///
/// When a test fails, or a picture cannot be copied.
pub(crate) fn make() -> Result<()> {
    install::everything()?;
    let (from, to) = (
        workspace::root().join("target/screenshots"),
        workspace::root().join("docs/console"),
    );
    // Pages that are gone leave no picture behind.
    for folder in [&from, &to] {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot empty {}", folder.display()))?;
        }
    }
    Step::cargo("the server for the browser tests")
        .args(["build", "--package", "claviger"])
        .run()?;
    Step::new("the console", workspace::python().join("bin/python"))
        .args(["-m", "pytest", "-q", "console"])
        .folder(&workspace::root().join("tests"))
        .env("CLAVIGER_BIN", workspace::target().join("debug/claviger"))
        .run()?;
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut copied = 0;
    for entry in
        fs::read_dir(&from).with_context(|| format!("no pictures in {}", from.display()))?
    {
        let picture = entry?;
        fs::copy(picture.path(), to.join(picture.file_name()))?;
        copied += 1;
    }
    if copied == 0 {
        bail!("the tests made no picture");
    }
    println!("docs/console holds {copied} pictures");
    Ok(())
}
