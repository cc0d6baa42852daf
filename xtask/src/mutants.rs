//! `cargo xtask mutants`: the rules of the fast policy evaluator, broken one at a time in its true source, to prove that
//! the comparison with the slow one notices each.
//!
//! The list is written by hand ([`LIST`]). cargo-mutants replaces operators and whole functions wherever they stand: it
//! cannot say which rule of IAM a change breaks, tries many that break none, and would be built anew on every machine.
//! Everything happens to a copy below `target`; the working tree is only read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::count::Count;
use crate::step::{Outcome, Step};
use crate::workspace;

/// The mutations, below the root. Its head says how to add one.
const LIST: &str = "crates/policy/tests/reference/mutants.txt";

/// The crates of the workspace that the comparison needs.
const CRATES: &[&str] = &["crates/model", "crates/policy"];

/// Three times what the rarest mutation of the list takes. A value that the caller has set stands.
const CASES: (&str, &str) = ("CLAVIGER_POLICY_CASES", "100000");

/// What the comparison says when it finds a difference; the number of the case follows.
const DIFFERENCE: &str = "the evaluators differ at case ";

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mutation {
    rule: String,
    file: String,
    old: String,
    new: String,
}

/// What came of one mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// The evaluators differ, first at this case.
    Caught(String),
    /// The comparison passes all the same.
    Survived,
    /// The comparison fails, but not because the evaluators differ: this proves nothing.
    Unclear(&'static str),
}

/// The command: like [`run`], with a code to exit with.
pub(crate) fn command(words: &[&str]) -> Result<ExitCode> {
    let count = run(words)?;
    Ok(if count.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Tries the mutations whose rule or file holds one of `words`; all, where there are none. One that is not caught counts as failed.
///
/// # Errors
///
/// When the list is not current, when the evaluators differ without any mutation, or when a command cannot run.
pub(crate) fn run(words: &[&str]) -> Result<Count> {
    let begun = Instant::now();
    println!("\n==> mutations of the fast policy evaluator");
    let root = workspace::root();
    let mut mutations = read_list(&root)?;
    mutations.retain(|mutation| {
        words.is_empty()
            || words
                .iter()
                .any(|word| mutation.rule.contains(word) || mutation.file.contains(word))
    });
    if mutations.is_empty() {
        bail!("no mutation in {LIST} is named by `{}`", words.join(" "));
    }

    let folder = workspace::target().join("mutants");
    let tree = folder.join("tree");
    copy_tree(&root, &tree)?;
    let unchanged = compare(&tree, &folder)?;
    if !unchanged.well {
        println!("{}", unchanged.output);
        bail!("the comparison fails without any mutation");
    }
    println!("    passes    without any mutation");

    let mut count = Count::default();
    for mutation in &mutations {
        let begun = Instant::now();
        let path = tree.join(&mutation.file);
        let source = read(&path)?;
        write(&path, &source.replacen(&mutation.old, &mutation.new, 1))?;
        let outcome = compare(&tree, &folder);
        write(&path, &source)?;
        let outcome = outcome?;
        let (word, at) = match judge(&outcome) {
            Verdict::Caught(case) => {
                count.passed += 1;
                ("caught  ", format!("at case {case}, "))
            }
            Verdict::Survived => {
                count.failed += 1;
                ("SURVIVED", String::new())
            }
            Verdict::Unclear(why) => {
                println!("{}", outcome.output);
                count.failed += 1;
                ("UNCLEAR ", format!("{why}, "))
            }
        };
        let file = mutation.file.rsplit('/').next().unwrap_or_default();
        println!(
            "    {word}  {file}: {} ({at}{:.1} s)",
            mutation.rule,
            begun.elapsed().as_secs_f32()
        );
    }
    println!(
        "    {} mutations: {} caught, {} not ({:.0} s)",
        mutations.len(),
        count.passed,
        count.failed,
        begun.elapsed().as_secs_f32()
    );
    Ok(count)
}

/// Reads the list, and holds it to the source as it is now.
fn read_list(root: &Path) -> Result<Vec<Mutation>> {
    let mutations = parse(&read(&root.join(LIST))?).with_context(|| format!("in {LIST}"))?;
    let mut stale = String::new();
    for mutation in &mutations {
        let source = read(&root.join(&mutation.file))?;
        let found = source.matches(&*mutation.old).count();
        if found != 1 {
            stale.push_str(&format!(
                "\n  {}: {}: the text stands {found} times",
                mutation.file, mutation.rule
            ));
        }
    }
    if !stale.is_empty() {
        bail!("{LIST} is not current; each text must stand exactly once in its file:{stale}");
    }
    Ok(mutations)
}

/// Blocks with an empty line between them: the rule after `# `, the file after `@ `, the old lines after `-`, the new ones after `+`.
fn parse(list: &str) -> Result<Vec<Mutation>> {
    let mut mutations = Vec::new();
    for block in list.split("\n\n") {
        let lines = |mark: &str| -> Vec<&str> {
            block
                .lines()
                .filter_map(|line| line.strip_prefix(mark))
                .collect()
        };
        let (rule, file, old, new) = (lines("# "), lines("@ "), lines("-"), lines("+"));
        // The head of the list is a block of remarks alone.
        if file.is_empty() && old.is_empty() && new.is_empty() {
            continue;
        }
        let (&[rule], &[file]) = (&*rule, &*file) else {
            bail!("a block needs one line with `# ` and one with `@ `:\n{block}");
        };
        let odd = block
            .lines()
            .any(|line| !line.is_empty() && !line.starts_with(['#', '@', '-', '+']));
        if old.is_empty() || new.is_empty() || old == new || odd {
            bail!("`{rule}`: lines with `-`, then other lines with `+`, and nothing else");
        }
        mutations.push(Mutation {
            rule: rule.to_owned(),
            file: file.to_owned(),
            old: old.join("\n"),
            new: new.join("\n"),
        });
    }
    Ok(mutations)
}

/// Runs the comparison, and it alone, on the copy.
fn compare(tree: &Path, folder: &Path) -> Result<Outcome> {
    let mut step = Step::cargo("the comparison")
        .quiet()
        .folder(tree)
        .args([
            "test",
            "--package",
            "claviger-policy",
            "--test",
            "reference",
        ])
        .args(["--target-dir"])
        .args([folder.join("build")])
        .args(["--", "--exact", "tests::fast_and_slow_agree"])
        // Mutated code has values and branches that nothing uses.
        .env("RUSTFLAGS", "--cap-lints=allow");
    if std::env::var_os(CASES.0).is_none() {
        step = step.env(CASES.0, CASES.1);
    }
    step.outcome()
}

fn judge(outcome: &Outcome) -> Verdict {
    let output = &*outcome.output;
    if outcome.well {
        // A name that matches no test would pass too.
        return if output.contains("1 passed") {
            Verdict::Survived
        } else {
            Verdict::Unclear("the comparison did not run")
        };
    }
    if let Some((_, rest)) = output.split_once(DIFFERENCE) {
        return Verdict::Caught(rest.chars().take_while(char::is_ascii_digit).collect());
    }
    if output.contains("could not compile") {
        Verdict::Unclear("does not compile")
    } else {
        Verdict::Unclear("fails for another reason")
    }
}

/// Copies the crates, under a workspace of their own. The files are new, so that cargo never takes a build of another run for theirs.
fn copy_tree(root: &Path, tree: &Path) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    }
    for one in CRATES {
        let (from, to) = (root.join(one), tree.join(one));
        copy_folder(&from.join("src"), &to.join("src"))?;
        let tests = from.join("tests");
        if tests.exists() {
            copy_folder(&tests, &to.join("tests"))?;
        }
        let manifest = read(&from.join("Cargo.toml"))?;
        // The comparison needs none of the tools of the other tests, and building them takes longer than all else.
        let manifest = sections(&manifest, |name| name != "dev-dependencies");
        write(&to.join("Cargo.toml"), &manifest)?;
    }
    write(
        &tree.join("Cargo.toml"),
        &small_workspace(&read(&root.join("Cargo.toml"))?),
    )?;
    // The versions are those that the project is tested with.
    write(&tree.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)
}

/// The root manifest with these crates alone, built for a short build rather than for a fast program.
fn small_workspace(manifest: &str) -> String {
    let kept = sections(manifest, |name| {
        name.starts_with("workspace.") && !name.starts_with("workspace.lints")
    });
    let members: Vec<String> = CRATES.iter().map(|one| format!("{one:?}")).collect();
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n{kept}\n[workspace.lints]\n\n\
         [profile.dev]\ndebug = false\n\n[profile.dev.package.\"*\"]\nopt-level = 1\n",
        members.join(", ")
    )
}

/// A manifest with only those of its sections that `keep` names.
fn sections(manifest: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut kept = String::new();
    let mut keeping = false;
    for line in manifest.lines() {
        if let Some((name, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            keeping = keep(name);
        }
        if keeping {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", from.display()))?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            // Written, not copied: a copy could keep an old time, which cargo would take for unchanged.
            let bytes = fs::read(entry.path())
                .with_context(|| format!("cannot read {}", entry.path().display()))?;
            fs::write(&target, bytes)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_fits_the_source_as_it_is() {
        let mutations = read_list(&workspace::root()).unwrap();
        let mut rules: Vec<&str> = mutations.iter().map(|one| &*one.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        assert_eq!(rules.len(), mutations.len(), "a rule stands twice");
    }

    #[test]
    fn a_block_is_a_rule_a_file_and_two_texts() {
        let list = "# How this is written\n# and read.\n\n# a deny is ignored\n@ a.rs\n-one\n-  two\n+three\n";
        assert_eq!(
            parse(list).unwrap(),
            [Mutation {
                rule: "a deny is ignored".to_owned(),
                file: "a.rs".to_owned(),
                old: "one\n  two".to_owned(),
                new: "three".to_owned(),
            }]
        );
        for bad in [
            "# rule\n-a\n+b",
            "# rule\n@ a.rs\n-a",
            "# rule\n@ a.rs\n-a\n+a",
            "# rule\n@ a.rs\n-a\nb\n+c",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_difference_between_the_evaluators_counts() {
        let outcome = |well, output: &str| Outcome {
            title: String::new(),
            line: String::new(),
            well,
            output: output.to_owned(),
        };
        for (well, output, verdict) in [
            (
                false,
                "the evaluators differ at case 17: fast allow",
                Verdict::Caught("17".to_owned()),
            ),
            (true, "test result: ok. 1 passed;", Verdict::Survived),
            (
                true,
                "test result: ok. 0 passed;",
                Verdict::Unclear("the comparison did not run"),
            ),
            (
                false,
                "error: could not compile",
                Verdict::Unclear("does not compile"),
            ),
            (
                false,
                "attempt to subtract with overflow",
                Verdict::Unclear("fails for another reason"),
            ),
        ] {
            assert_eq!(judge(&outcome(well, output)), verdict, "{output}");
        }
    }

    #[test]
    fn the_copy_keeps_versions_and_leaves_other_crates_out() {
        let manifest = small_workspace(
            "[workspace]\nmembers = [\"crates/*\"]\n\n[workspace.dependencies]\nserde = \"1\"\n\n\
             [profile.release]\nlto = \"thin\"\n",
        );
        assert!(manifest.contains("serde = \"1\""), "{manifest}");
        assert!(!manifest.contains("crates/*"), "{manifest}");
        assert!(!manifest.contains("lto"), "{manifest}");
    }
}
