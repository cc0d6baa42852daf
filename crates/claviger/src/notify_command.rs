//! `claviger notify`: the messages that the server sends to people.

use anyhow::Context as _;
use claviger_model::Clock as _;

use crate::arguments::NotifyCommand;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::messages::{Answered, Letter, Outcome};
use crate::{Failure, chance, domain, log, messages, say};

/// Runs one of the commands.
pub(crate) fn run(command: NotifyCommand, config: &Config) -> Result<(), Failure> {
    let _log = log::start("warn", Some(false))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    match command {
        NotifyCommand::Test { to } => runtime.block_on(async {
            match (&to.email, &to.sms) {
                (Some(email), _) => told(test_email(config, email).await?, ""),
                (None, Some(number)) => {
                    let answered = test_sms(config, number).await?;
                    told(answered.outcome, &answered.body)
                }
                (None, None) => Ok(()),
            }
        }),
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

async fn test_sms(config: &Config, to: &str) -> Result<Answered, Failure> {
    let webhook = config.messages.webhook.as_ref().ok_or_else(|| {
        Failure::Unusable(String::from(
            "no webhook is configured: set `sms.url` (CLAVIGER_SMS_URL)",
        ))
    })?;
    let id = chance::system().uuid();
    let now = SystemClock.now();
    let text = messages::test_text(&domain::sender(config));
    Ok(webhook.send(&id, to, &text, now).await)
}

/// `more` is what came with the answer.
fn told(outcome: Outcome, more: &str) -> Result<(), Failure> {
    let more = match more {
        "" => String::new(),
        more => format!(": {more}"),
    };
    match outcome {
        Outcome::Taken(answer) => {
            say(&format!("It was taken: {answer}{more}"));
            Ok(())
        }
        Outcome::Later(why) | Outcome::Away(why) => Err(Failure::Failed(anyhow::anyhow!(
            "it was not taken, and the server would try again: {why}{more}"
        ))),
        Outcome::Refused(why) => Err(Failure::Failed(anyhow::anyhow!(
            "it was refused for good: {why}{more}"
        ))),
    }
}
