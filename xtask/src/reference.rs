//! The generated reference under `docs/reference`: written by `update`, held fresh by `check`.
//!
//! The generator is a function of the `iam` crate over its tables of operations, reached through the feature
//! `reference` of this crate, so that the other commands do not wait for the whole workspace to compile. The last part of
//! the book's table of contents, below [`HEADING`], is generated with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// The files of the reference, by their path below `docs/reference`.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What the generated part of `docs/SUMMARY.md` stands below.
const HEADING: &str = "# Reference\n";

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
    let (path, current) = contents()?;
    fs::write(&path, with_reference(&current, &wanted)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("docs/reference holds {} files", wanted.len());
    Ok(())
}

/// Fails when the committed reference is not what the declarations say.
pub(crate) fn check() -> Result<()> {
    let Some(wanted) = generated()? else {
        return again("check-reference");
    };
    let found = read(&folder())?;
    let mut stale = differences(&wanted, &found);
    let (path, current) = contents()?;
    if with_reference(&current, &wanted)? != current {
        stale.push(format!("{} differs", path.display()));
    }
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

fn contents() -> Result<(PathBuf, String)> {
    let path = workspace::root().join("docs").join("SUMMARY.md");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok((path, text))
}

/// The table of contents with the pages of the reference at its end.
fn with_reference(contents: &str, files: &Files) -> Result<String> {
    let (before, _) = contents
        .split_once(HEADING)
        .context("docs/SUMMARY.md has no part `# Reference`")?;
    let mut text = format!("{before}{HEADING}");
    let mut opened = false;
    for (path, page) in files
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|kind| kind == "md"))
    {
        let title = String::from_utf8_lossy(page)
            .lines()
            .find_map(|line| line.strip_prefix("# ").map(|title| title.trim().to_owned()))
            .unwrap_or_else(|| path.with_extension("").display().to_string());
        if !opened {
            text.push('\n');
            opened = true;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "- [{title}](reference/{})", path.display());
    }
    Ok(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> Files {
        of.iter()
            .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn what_is_missing_differs_or_is_left_over_is_named() {
        let wanted = files(&[("a.md", "1"), ("b.md", "2"), ("c.md", "3")]);
        let found = files(&[("b.md", "2"), ("c.md", "x"), ("d.md", "4")]);
        assert_eq!(
            differences(&wanted, &found),
            ["a.md is missing", "c.md differs", "d.md is left over"]
        );
        assert_eq!(differences(&wanted, &wanted), Vec::<String>::new());
    }

    #[test]
    fn the_contents_end_with_the_pages_of_the_reference() {
        let pages = files(&[
            ("iam/a.md", "# The letter a\n\ntext\n"),
            ("actions.json", "{}"),
        ]);
        let contents = "# Summary\n\n# Reference\n\n- [Gone](reference/gone.md)\n";
        assert_eq!(
            with_reference(contents, &pages).unwrap(),
            "# Summary\n\n# Reference\n\n- [The letter a](reference/iam/a.md)\n"
        );
        assert!(with_reference("# Summary\n", &pages).is_err());
    }
}
