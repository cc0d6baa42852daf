//! `claviger`: the command line, configuration and wiring. No rule of the domain stands here.
//!
//! Exit codes: 0 well, 1 failed while running, 2 unusable arguments or configuration.

mod arguments;
mod chance;
mod client;
mod clock;
mod config;
mod domain;
mod events_file;
mod health;
mod host;
mod listener;
mod log;
mod master_key;
mod messages;
mod notify_command;
mod origin;
mod policy_command;
mod profile;
mod recover_command;
mod serve;
mod ssh_keys_command;
mod tls;
mod welcome;

use std::process::ExitCode;

use arguments::{Arguments, Command, ConfigCommand};
use clap::Parser;

/// Why the program ends early.
enum Failure {
    /// Arguments or configuration that cannot be used: exit code 2.
    Unusable(String),
    /// Something that failed while running: exit code 1.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

fn main() -> ExitCode {
    // clap exits with 2 for arguments that it cannot use.
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Serve(flags) => config::load(&flags).and_then(serve::run),
        Command::Config { command, flags } => match command {
            ConfigCommand::Show { output } => {
                config::load(&flags).map(|config| config.show(output))
            }
            ConfigCommand::Check => {
                config::load(&flags).map(|_| say("The configuration is usable."))
            }
        },
        Command::Recover { command, flags } => {
            config::load(&flags).and_then(|config| recover_command::run(command, &config))
        }
        Command::Notify { command, flags } => {
            config::load(&flags).and_then(|config| notify_command::run(command, &config))
        }
        Command::SshKeys(asked) => ssh_keys_command::run(&asked),
        Command::Policy { command } => policy_command::run(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Unusable(message)) => {
            complain(&message);
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard output; a reader that has gone away is no error.
fn say(line: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// Writes a line to standard error.
fn complain(line: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "claviger: {line}"));
}
