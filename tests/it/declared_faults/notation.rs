//! The notation of the scenarios in the `.txt` files beside this one.
//!
//! ```text
//! CreateUser
//!   EntityAlreadyExists: User with name Alice already exists.
//!     CreateUser UserName=alice
//!     CreateUser UserName=Alice
//! ```
//!
//! An operation, below it a fault with the message that it must come with (none where the words do not matter, `(no Message element)` where there must be none), below that
//! the calls: all must succeed but the last, which is the operation's and must be refused with the fault. `, recorded`
//! behind the fault says that AWS was seen to answer this, in 2025 or 2026. A line that is indented deeper goes on with the
//! one before it. Every scenario has an account of its own.
//!
//! - Calls are root's. `(user)` before one makes it the user's to whom the last access key was given, `(session)` that of
//!   the last temporary credentials. `wait 60` moves the clock.
//! - `Tags=a:1,b:2`, `TagKeys=a,b` and `TransitiveTagKeys=a,b` are lists; a value in `'…'` may hold spaces; what follows
//!   the name of an operation in the JSON protocol is its input.
//! - `$Name` is the text of `<Name>` in the last answer that has one, and with a small letter one of the values that
//!   [`Values`](super::stage::Values) knows, keys and certificates among them. `$name = value` at the beginning of a line adds one to a file.

use claviger_model::Code;

/// Stands where the message would, of a refusal that must come without one.
pub(super) const SILENT: &str = "(no Message element)";

/// What leads to a refusal.
#[derive(Debug)]
pub(super) struct Scenario {
    /// The file and the line of the fault.
    pub(super) place: String,
    /// The operation that is refused.
    pub(super) operation: &'static str,
    /// With what.
    pub(super) code: Code,
    /// In which words.
    pub(super) message: Option<&'static str>,
    /// Whether AWS was seen to answer this.
    pub(super) recorded: bool,
    /// The calls, of which the last is refused.
    pub(super) calls: Vec<String>,
    /// The values that the file adds.
    pub(super) values: Vec<(&'static str, &'static str)>,
}

/// Reads a file of scenarios.
pub(super) fn read(file: &str, text: &'static str) -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut values = Vec::new();
    let mut operation = "";
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{file}:{number}");
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match line.len() - line.trim_start().len() {
            0 => match content
                .strip_prefix('$')
                .and_then(|rest| rest.split_once(" = "))
            {
                Some(value) => values.push(value),
                None => operation = content,
            },
            2 => {
                let (code, message) = match content.split_once(": ") {
                    Some((code, message)) => (code, Some(message)),
                    None => (content, None),
                };
                let (code, recorded) = match code.strip_suffix(", recorded") {
                    Some(code) => (code, true),
                    None => (code, false),
                };
                let code = Code::ALL.iter().find(|known| known.as_str() == code);
                scenarios.push(Scenario {
                    code: *code.unwrap_or_else(|| panic!("{place}: {content} is no fault")),
                    place,
                    operation,
                    message,
                    recorded,
                    calls: Vec::new(),
                    values: Vec::new(),
                });
            }
            indent => {
                let scenario = scenarios.last_mut().expect("a fault above the call");
                match scenario.calls.last_mut() {
                    Some(last) if indent > 4 => {
                        last.push(' ');
                        last.push_str(content);
                    }
                    _ => scenario.calls.push(content.to_owned()),
                }
            }
        }
    }
    for scenario in &mut scenarios {
        scenario.values.clone_from(&values);
    }
    scenarios
}

/// One call, read once the values in it are known.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    /// Whose it is.
    pub(super) by: Caller,
    /// The operation.
    pub(super) operation: String,
    /// Its parameters.
    pub(super) parameters: Vec<(String, String)>,
}

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Caller {
    /// The account's root user.
    Root,
    /// Whoever got the last access key.
    User,
    /// Whoever got the last temporary credentials.
    Session,
}

/// The parts of a call without its values.
pub(super) fn split(call: &str) -> (Caller, &str, &str) {
    let (by, rest) = match call.split_once(") ") {
        Some(("(user", rest)) => (Caller::User, rest),
        Some(("(session", rest)) => (Caller::Session, rest),
        _ => (Caller::Root, call),
    };
    let (operation, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    (by, operation, rest)
}

/// The parameters of a call. `fill` puts the values in.
pub(super) fn parameters(text: &str, fill: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    for word in words(text) {
        let (name, value) = word.split_once('=').expect("a name and a value");
        let value = fill(value);
        match name {
            "Tags" => {
                for (place, tag) in (1..).zip(value.split(',')) {
                    let (key, value) = tag.split_once(':').expect("a key and a value");
                    parameters.push((format!("Tags.member.{place}.Key"), key.to_owned()));
                    parameters.push((format!("Tags.member.{place}.Value"), value.to_owned()));
                }
            }
            "TagKeys" | "TransitiveTagKeys" => {
                for (place, key) in (1..).zip(value.split(',')) {
                    parameters.push((format!("{name}.member.{place}"), key.to_owned()));
                }
            }
            _ => parameters.push((name.to_owned(), value)),
        }
    }
    parameters
}

/// Words between spaces, of which quotes make one.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn a_call_is_read_as_it_is_written() {
    assert_eq!(
        split("(user) ChangePassword OldPassword=a NewPassword=b"),
        (
            Caller::User,
            "ChangePassword",
            "OldPassword=a NewPassword=b"
        )
    );
    assert_eq!(split("ListUsers"), (Caller::Root, "ListUsers", ""));
    let read = parameters("A='x y' Tags=k:v,l: TagKeys=a,b", str::to_owned);
    let pairs: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        pairs,
        [
            ("A", "x y"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
            ("Tags.member.2.Key", "l"),
            ("Tags.member.2.Value", ""),
            ("TagKeys.member.1", "a"),
            ("TagKeys.member.2", "b"),
        ]
    );
}
