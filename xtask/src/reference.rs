//! The generated reference under `docs/reference`: written by `update`, held fresh by `check`.
//!
//! The generator is a function of the `iam` crate over its tables of operations, reached through the feature
//! `reference` of this crate, so that the other commands do not wait for the whole workspace to compile.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// The files of the reference, by their path below `docs/reference`.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Writes the reference anew and removes what is no longer part of it.
pub(crate) fn update() -> Result<()> {
    let Some(wanted) = generated()? else {
        return again("update");
    };
    let folder = folder();
    let found = read(&folder)?;
    for (path, text) in &wanted {
        if found.get(path) != Some(text) {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)
                    .with_context(|| format!("cannot make {}", parent.display()))?;
            }
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    for path in found.keys().filter(|path| !wanted.contains_key(*path)) {
        let path = folder.join(path);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    println!("docs/reference holds {} files", wanted.len());
    Ok(())
}

/// Fails when the committed reference is not what the declarations say.
pub(crate) fn check() -> Result<()> {
    let Some(wanted) = generated()? else {
        return again("check-reference");
    };
    let found = read(&folder())?;
    let stale = differences(&wanted, &found);
    if !stale.is_empty() {
        bail!(
            "docs/reference is stale; run `cargo xtask update` and commit what it changed:\n  {}",
            stale.join("\n  ")
        );
    }
    println!("docs/reference is fresh: {} files", wanted.len());
    Ok(())
}

fn differences(wanted: &Files, found: &Files) -> Vec<String> {
    let mut stale = Vec::new();
    for (path, text) in wanted {
        match found.get(path) {
            None => stale.push(format!("{} is missing", path.display())),
            Some(other) if other != text => stale.push(format!("{} differs", path.display())),
            Some(_) => {}
        }
    }
    for path in found.keys().filter(|path| !wanted.contains_key(*path)) {
        stale.push(format!("{} is left over", path.display()));
    }
    stale
}

fn folder() -> PathBuf {
    workspace::root().join("docs").join("reference")
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            // A clone without the folder has no reference yet: everything is then missing.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot list {}", next.display()));
            }
        };
        for entry in entries {
            let path = entry
                .with_context(|| format!("cannot list {}", next.display()))?
                .path();
            if path.is_dir() {
                todo.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                let bytes =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                files.insert(name.to_path_buf(), bytes);
            }
        }
    }
    Ok(files)
}

#[cfg(feature = "reference")]
fn generated() -> Result<Option<Files>> {
    Ok(Some(
        claviger_iam::reference::generate()
            .into_iter()
            .map(|(path, text)| (PathBuf::from(path), text.into_bytes()))
            .collect(),
    ))
}

#[cfg(not(feature = "reference"))]
fn generated() -> Result<Option<Files>> {
    Ok(None)
}

/// Runs the same command in a build of this crate that has the generator.
fn again(command: &str) -> Result<()> {
    crate::step::Step::cargo("build the generator of docs/reference and run it")
        .args([
            "run",
            "--quiet",
            "--package",
            "xtask",
            "--features",
            "reference",
            "--",
            command,
        ])
        .run()
        .map(drop)
}
