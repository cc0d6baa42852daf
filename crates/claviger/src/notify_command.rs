//! `claviger notify`: the messages that the server sends to people.

use anyhow::Context as _;
use claviger_model::Clock as _;

use crate::arguments::NotifyCommand;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::messages::{Letter, Outcome};
use crate::{Failure, chance, domain, log, messages, say};

/// Runs one of the commands.
pub(crate) fn run(command: NotifyCommand, config: &Config) -> Result<(), Failure> {
    let _log = log::start("warn", Some(false))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    match command {
        NotifyCommand::Test { email } => told(runtime.block_on(test_email(config, &email))?),
    }
}

async fn test_email(config: &Config, to: &str) -> Result<Outcome, Failure> {
    let relay = config.messages.relay.as_ref().ok_or_else(|| {
        Failure::Unusable(String::from(
            "no mail server is configured: set `smtp.url` (CLAVIGER_SMTP_URL)",
        ))
    })?;
    let id = chance::system().uuid();
    let letter = Letter::test(&id, SystemClock.now(), &domain::sender(config))
        .context("the letter cannot be written")?;
    Ok(messages::send_one(relay, &letter, to).await)
}

fn told(outcome: Outcome) -> Result<(), Failure> {
    match outcome {
        Outcome::Taken(answer) => {
            say(&format!("It was taken: {answer}"));
            Ok(())
        }
        Outcome::Later(why) | Outcome::Away(why) => Err(Failure::Failed(anyhow::anyhow!(
            "it was not taken, and the server would try again: {why}"
        ))),
        Outcome::Refused(why) => Err(Failure::Failed(anyhow::anyhow!(
            "it was refused for good: {why}"
        ))),
    }
}
