//! Running one command: announced, timed, its output shown as it comes and kept for counting.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, pipe};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// One command with a title that a reader of CI's log understands.
pub(crate) struct Step {
    title: String,
    command: Command,
    quiet: bool,
}

impl Step {
    /// A step that runs `program` in the root folder, with the installed tools first on `PATH`.
    pub(crate) fn new(title: impl Into<String>, program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(workspace::root());
        command.stdin(Stdio::null());
        if let Some(path) = path_with_tools() {
            command.env("PATH", path);
        }
        // `cargo run` describes this crate to us; build scripts that watch these would run again for every command.
        for (name, _) in std::env::vars_os() {
            let of_this_crate = [
                "CARGO_PKG_",
                "CARGO_MANIFEST_",
                "CARGO_BIN_",
                "CARGO_CRATE_",
            ];
            if name
                .to_str()
                .is_some_and(|name| of_this_crate.iter().any(|start| name.starts_with(start)))
            {
                command.env_remove(name);
            }
        }
        Self {
            title: title.into(),
            command,
            quiet: false,
        }
    }

    /// A step that runs cargo.
    pub(crate) fn cargo(title: impl Into<String>) -> Self {
        // The name, not `$CARGO`: only the proxy on PATH understands `+nightly`.
        Self::new(title, "cargo")
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Shows nothing: for a command whose failure is expected, and of which the caller tells what matters.
    pub(crate) fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Runs the command, shows its output, and returns it.
    ///
    /// # Errors
    ///
    /// When the command cannot be started or does not end well; the message names the step and the command.
    pub(crate) fn run(self) -> Result<String> {
        let outcome = self.outcome()?;
        if !outcome.well {
            bail!("step `{}` failed: {}", outcome.title, outcome.line);
        }
        Ok(outcome.output)
    }

    /// Runs the command like [`Step::run`], but leaves it to the caller what a failure means.
    pub(crate) fn outcome(mut self) -> Result<Outcome> {
        if !self.quiet {
            println!("\n==> {}", self.title);
        }
        let begun = Instant::now();
        let line = line_of(&self.command);
        let (reader, writer) = pipe().context("cannot make a pipe")?;
        let other = writer.try_clone().context("cannot share a pipe")?;
        let mut child = self
            .command
            .stdout(writer)
            .stderr(other)
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        // The command still holds the writing ends: without this the reader would never see the end.
        drop(self.command);
        let mut output = String::new();
        let mut reader = BufReader::new(reader);
        let mut bytes = Vec::new();
        while reader
            .read_until(b'\n', &mut bytes)
            .context("cannot read the command's output")?
            > 0
        {
            let text = String::from_utf8_lossy(&bytes);
            if !self.quiet {
                print!("{text}");
            }
            output.push_str(&text);
            bytes.clear();
        }
        let status = child.wait().context("cannot wait for the command")?;
        let seconds = begun.elapsed().as_secs_f32();
        let word = if status.success() { "done" } else { "FAILED" };
        if !self.quiet {
            println!("    {word}: {} ({seconds:.1} s)", self.title);
        }
        Ok(Outcome {
            title: self.title,
            line,
            well: status.success(),
            output,
        })
    }
}

/// How a command ended.
pub(crate) struct Outcome {
    pub(crate) title: String,
    pub(crate) line: String,
    pub(crate) well: bool,
    pub(crate) output: String,
}

/// What a command prints on standard output, without showing it; `None` when it cannot run or does not end well.
pub(crate) fn ask(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    if let Some(path) = path_with_tools() {
        command.env("PATH", path);
    }
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn path_with_tools() -> Option<std::ffi::OsString> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let first = workspace::tools().join("bin");
    std::env::join_paths(std::iter::once(first).chain(std::env::split_paths(&old))).ok()
}

fn line_of(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        // Writing to a String cannot fail.
        let _ = write!(line, " {}", argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_kept_in_one_text() {
        let output = Step::new("two streams", "sh")
            .args(["-c", "echo one; echo two >&2"])
            .run()
            .unwrap();
        assert!(
            output.contains("one\n") && output.contains("two\n"),
            "{output}"
        );
    }

    #[test]
    fn a_failing_command_fails_its_step_by_name() {
        let error = Step::new("doomed", "sh")
            .args(["-c", "exit 3"])
            .run()
            .unwrap_err();
        assert!(format!("{error}").contains("`doomed`"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Step::new("nothing", "no-such-program-here")
            .run()
            .unwrap_err();
        assert!(
            format!("{error}").contains("no-such-program-here"),
            "{error}"
        );
    }
}
