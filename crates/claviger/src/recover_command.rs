//! `claviger recover`: getting back into an account from the server's own host.

use std::io::{BufRead as _, Read as _};

use anyhow::Context as _;
use claviger_model::Timestamp;
use claviger_shape::Json;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::arguments::{About, Output, RecoverCommand};
use crate::config::Config;
use crate::host::{Call, Connection};
use crate::{Failure, log, say};

/// Longer lines of standard input are refused: a password has 128 characters at the most.
const MAX_LINE_BYTES: u64 = 4_096;

/// Runs one of the commands.
pub(crate) fn run(command: RecoverCommand, config: &Config) -> Result<(), Failure> {
    let nothing = || Ok(Zeroizing::new(String::from("{}")));
    let (about, name, operation, input, tell): (_, _, _, Result<_, Failure>, fn(&Value) -> String) =
        match command {
            RecoverCommand::Status { about } => (about, "status", "GetRootUser", nothing(), status),
            RecoverCommand::RootPassword {
                about,
                password_stdin: true,
            } => {
                let input = read_line().and_then(|line| member("Password", &line));
                (about, "root-password", "ResetRootPassword", input, password)
            }
            RecoverCommand::RootPassword { about, .. } => {
                let operation = "ResetRootPassword";
                (about, "root-password", operation, nothing(), password)
            }
            RecoverCommand::RootMfa { about, which } => {
                let input = match &which.serial {
                    Some(serial) => member("SerialNumber", serial),
                    None => nothing(),
                };
                (about, "root-mfa", "ResetRootMFADevices", input, devices)
            }
            RecoverCommand::RootAccessKey { about } => {
                let operation = "ReplaceRootAccessKeys";
                (about, "root-access-key", operation, nothing(), access_key)
            }
        };
    let _log = log::start("warn", Some(false))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let call = Call {
        operation: operation.to_owned(),
        account: about.account,
        command: format!("claviger/{} recover {name}", env!("CARGO_PKG_VERSION")),
        input: Zeroizing::new(input?.as_bytes().to_vec()),
    };
    let answer = runtime.block_on(async { Connection::open(config).await?.run(call).await })?;
    print(&answer, &about, tell);
    Ok(())
}

/// An input of one text.
fn member(name: &str, text: &str) -> Result<Zeroizing<String>, Failure> {
    let text = serde_json::to_string(text).context("the text cannot be written as JSON")?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(format!("{{\"{name}\":{}}}", &*text)))
}

/// One line of standard input, without its end.
fn read_line() -> Result<Zeroizing<String>, Failure> {
    // Room from the start: growing would leave copies behind.
    let room = usize::try_from(MAX_LINE_BYTES).unwrap_or_default() + 1;
    let mut line = Zeroizing::new(String::with_capacity(room));
    std::io::stdin()
        .lock()
        .take(MAX_LINE_BYTES)
        .read_line(&mut line)
        .context("standard input cannot be read")?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    if line.is_empty() {
        return Err(Failure::Unusable(String::from(
            "no password came on standard input",
        )));
    }
    Ok(line)
}

fn print(answer: &Json, about: &About, tell: fn(&Value) -> String) {
    let text = Zeroizing::new(match about.output {
        Output::Text => tell(answer.value()),
        Output::Json => answer.value().to_string(),
    });
    say(&text);
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn count(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_i64).unwrap_or_default()
}

/// The JSON protocol tells instants as seconds.
fn instant(value: &Value, name: &str) -> Option<Timestamp> {
    let seconds = value.get(name)?.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fractions of seconds are not shown"
    )]
    Some(Timestamp::from_seconds(seconds as i64))
}

fn shown(at: Option<Timestamp>) -> String {
    at.map_or_else(|| String::from("unknown"), |at| at.to_string())
}

fn status(answer: &Value) -> String {
    let mut lines = vec![
        format!("account        {}", text(answer, "Account")),
        format!("root e-mail    {}", text(answer, "Email")),
        match instant(answer, "PasswordChanged") {
            Some(at) => format!("root password  set at {at}"),
            None => String::from("root password  none"),
        },
    ];
    for device in list(answer, "MFADevices") {
        lines.push(format!(
            "MFA device     {}  since {}",
            text(device, "SerialNumber"),
            shown(instant(device, "EnableDate"))
        ));
    }
    match count(answer, "RecoveryCodes") {
        0 => {}
        left => lines.push(format!("recovery codes {left} left")),
    }
    for key in list(answer, "AccessKeys") {
        lines.push(format!(
            "access key     {}  {}, made at {}",
            text(key, "AccessKeyId"),
            text(key, "Status"),
            shown(instant(key, "CreateDate"))
        ));
    }
    lines.join("\n")
}

fn password(answer: &Value) -> String {
    let told = match text(answer, "Password") {
        "" => String::from("(as given)"),
        drawn => format!("{drawn}   (shown this once)"),
    };
    format!(
        "The root user of account {} has a new password, and its sessions have ended.\n\n  root e-mail    {}\n  root password  {told}",
        text(answer, "Account"),
        text(answer, "Email"),
    )
}

fn devices(answer: &Value) -> String {
    let mut lines = vec![format!(
        "The root user of account {} no longer holds these, and its sessions have ended:",
        text(answer, "Account")
    )];
    for serial in list(answer, "SerialNumbers") {
        lines.push(format!(
            "  MFA device     {}",
            serial.as_str().unwrap_or_default()
        ));
    }
    match count(answer, "RecoveryCodes") {
        0 => {}
        gone => lines.push(format!("  recovery codes {gone}, which are void")),
    }
    lines.join("\n")
}

fn access_key(answer: &Value) -> String {
    let mut lines = vec![
        format!(
            "The root user of account {} has a new access key, and its sessions have ended. The secret is shown this once.\n",
            text(answer, "Account")
        ),
        format!("aws_access_key_id = {}", text(answer, "AccessKeyId")),
        format!(
            "aws_secret_access_key = {}",
            text(answer, "SecretAccessKey")
        ),
    ];
    for (name, what) in [("Deactivated", "switched off"), ("Deleted", "deleted")] {
        for id in list(answer, name) {
            lines.push(format!("\n{what}: {}", id.as_str().unwrap_or_default()));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_root_no_longer_holds_is_told_with_its_recovery_codes() {
        let answer = json!({"Account": "123456789012", "SerialNumbers": ["arn:mfa/phone"], "RecoveryCodes": 7});
        assert_eq!(
            devices(&answer),
            "The root user of account 123456789012 no longer holds these, and its sessions have ended:\n  \
             MFA device     arn:mfa/phone\n  recovery codes 7, which are void"
        );
        let none = json!({"Account": "123456789012", "SerialNumbers": [], "RecoveryCodes": 0});
        assert!(!devices(&none).contains("recovery codes"));
        assert!(status(&answer).contains("recovery codes 7 left"));
    }
}
