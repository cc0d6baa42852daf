//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! `test` is what a contributor and CI run: it installs what is missing and then checks everything. To add a check, add
//! a step to [`test::run`]; to add a command, add an arm to [`dispatch`] and a line to [`USAGE`].

#![expect(
    clippy::print_stdout,
    reason = "a developer's command line speaks on standard output"
)]

mod count;
mod fuzz;
mod graph;
mod install;
mod load;
mod mutants;
mod reference;
mod screenshots;
mod step;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  test             install what is missing, then run every check and every test
  test --long      the same with many more rounds, longer fuzzing and more generated cases
  install          only install what the tests need
  update           write docs/reference anew from the operations' declarations
  check-reference  fail when docs/reference is stale
  mutants [WORD…]  break one rule of the policy evaluator after the other, and see that its test notices each;
                   with words, only the rules that are named by one of them
  bench [NAME…]    run the benches: policy, allocations, signature, store
  load [--quick] [--only throughput|start|large|passwords|credentials|console]
                   drive a release build of the server beside a yardstick
  screenshots      walk the console in a browser, and put the pictures that are made on the way into docs/console
  graph            print which crate depends on which, and check the rules they keep
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(code) => code,
        Err(error) => {
            println!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<ExitCode> {
    match words {
        ["test"] => return Ok(test::run(test::Length::Short)),
        ["test", "--long"] => return Ok(test::run(test::Length::Long)),
        ["screenshots"] => screenshots::make()?,
        ["install"] => install::everything().map(drop)?,
        ["update"] => reference::update()?,
        ["check-reference"] => reference::check()?,
        ["graph"] => graph::print()?,
        ["mutants", words @ ..] => return mutants::command(words),
        ["bench", names @ ..] => load::bench(names)?,
        ["load", words @ ..] => load::load(words)?,
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
        }
        other => bail!("unknown command `{}`\n\n{USAGE}", other.join(" ")),
    }
    Ok(ExitCode::SUCCESS)
}
