//! `claviger policy check` and `claviger policy decide`: the policy language without a server.

use std::io::{BufRead as _, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use claviger_policy::lint::{self, Finding, Grammar, Severity};
use claviger_policy::offline;

use crate::Failure;
use crate::arguments::{Output, PolicyCommand, PolicyType};
use crate::say;

/// Longer documents are refused unread: no policy of any kind is larger.
const MAX_DOCUMENT_BYTES: u64 = 1 << 20;
/// Longer request lines are answered with an error, so that one line cannot take all memory.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Runs one of the commands.
pub(crate) fn run(command: PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check {
            files,
            kind,
            output,
        } => {
            let mut errors = 0usize;
            let mut rows = Vec::new();
            for file in &files {
                let text = read(file)?;
                let found = lint::check(&text, grammar(kind));
                errors += found
                    .iter()
                    .filter(|finding| finding.severity == Severity::Error)
                    .count();
                rows.extend(
                    found
                        .into_iter()
                        .map(|finding| (file.display().to_string(), finding)),
                );
            }
            print(&rows, output);
            if errors == 0 {
                Ok(())
            } else {
                Err(Failure::Failed(anyhow::anyhow!("{errors} error(s) found")))
            }
        }
        PolicyCommand::Decide => Ok(decide()?),
    }
}

fn grammar(kind: PolicyType) -> Grammar {
    match kind {
        PolicyType::Identity => Grammar::Identity,
        PolicyType::Trust => Grammar::Trust,
        PolicyType::Resource => Grammar::Resource,
        PolicyType::Session => Grammar::Session,
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let result = if file.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(MAX_DOCUMENT_BYTES + 1)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(file)
            .and_then(|file| file.take(MAX_DOCUMENT_BYTES + 1).read_to_string(&mut text))
    };
    result.with_context(|| format!("{} cannot be read", file.display()))?;
    if text.len() as u64 > MAX_DOCUMENT_BYTES {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{} is larger than {MAX_DOCUMENT_BYTES} bytes",
            file.display()
        )));
    }
    Ok(text)
}

fn print(rows: &[(String, Finding)], output: Output) {
    match output {
        Output::Text => {
            for (file, finding) in rows {
                say(&format!(
                    "{file}:{}:{}: {}: {} [{}]",
                    finding.position.line,
                    finding.position.column,
                    finding.severity.name(),
                    finding.message,
                    finding.code
                ));
            }
        }
        Output::Json => {
            let findings: Vec<serde_json::Value> = rows
                .iter()
                .map(|(file, finding)| {
                    serde_json::json!({
                        "file": file,
                        "severity": finding.severity.name(),
                        "code": finding.code,
                        "line": finding.position.line,
                        "column": finding.position.column,
                        "message": finding.message,
                    })
                })
                .collect();
            say(&serde_json::json!({ "findings": findings }).to_string());
        }
    }
}

/// Answers each line of standard input with one on standard output, at once.
fn decide() -> anyhow::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .context("standard input cannot be read")?;
        if read == 0 {
            return Ok(());
        }
        let too_long = line.len() as u64 == MAX_LINE_BYTES && line.last() != Some(&b'\n');
        let answer = if too_long {
            skip_line(&mut input)?;
            String::from(r#"{"id":null,"error":"the line is too long"}"#)
        } else {
            match std::str::from_utf8(&line) {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => offline::decide_line(text),
                Err(_) => String::from(r#"{"id":null,"error":"the line is not UTF-8"}"#),
            }
        };
        writeln!(output, "{answer}")
            .and_then(|()| output.flush())
            .context("standard output cannot be written")?;
    }
}

fn skip_line(input: &mut impl std::io::BufRead) -> anyhow::Result<()> {
    loop {
        let buffer = input.fill_buf().context("standard input cannot be read")?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
