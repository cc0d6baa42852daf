//! Reading settings from where they can stand, and remembering where each came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::arguments::{Flags, Output};
use crate::say;

use super::keys::{KEYS, Key};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Every value that some source gives, the strongest source last.
pub(super) struct Layered(BTreeMap<&'static str, (String, Origin)>);

/// The file that is read where none is named.
const DEFAULT_FILE: &str = "claviger.toml";

/// Reads all sources.
pub(super) fn read(flags: &Flags) -> Result<Layered, String> {
    let mut values = BTreeMap::new();
    for key in KEYS {
        if let Some(default) = key.default {
            values.insert(key.name, (default.to_owned(), Origin::Default));
        }
    }
    if let Some((path, text)) = config_file(flags.config.as_deref())? {
        for (name, value) in flatten(&path, &text)? {
            let key = find(&name)
                .ok_or_else(|| format!("{}: there is no setting `{name}`", path.display()))?;
            values.insert(key.name, (value, Origin::File(path.clone())));
        }
    }
    for key in KEYS {
        if let Some((value, variable)) = from_environment(key)? {
            values.insert(key.name, (value, Origin::Variable(variable)));
        }
    }
    unknown_variables()?;
    for (name, value) in flags.given() {
        if let Some(key) = find(name) {
            let flag = format!("--{}", name.replace('_', "-"));
            values.insert(key.name, (value, Origin::Flag(flag)));
        }
    }
    Ok(Layered(values))
}

fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

fn config_file(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, String> {
    let path = match named {
        Some(path) => path.to_owned(),
        None if Path::new(DEFAULT_FILE).exists() => PathBuf::from(DEFAULT_FILE),
        None => return Ok(None),
    };
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(Some((path, text)))
}

/// The file's values as texts, tables flattened with dots.
fn flatten(path: &Path, text: &str) -> Result<Vec<(String, String)>, String> {
    let table: toml::Table = text
        .parse()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let mut values = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => {
                for (inner_name, value) in inner {
                    values.push((
                        format!("{name}.{inner_name}"),
                        scalar(path, &inner_name, &value)?,
                    ));
                }
            }
            value => values.push((name.clone(), scalar(path, &name, &value)?)),
        }
    }
    Ok(values)
}

fn scalar(path: &Path, name: &str, value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(truth) => Ok(truth.to_string()),
        toml::Value::Array(items) => {
            let texts: Result<Vec<String>, String> =
                items.iter().map(|item| scalar(path, name, item)).collect();
            Ok(texts?.join(","))
        }
        _ => Err(format!(
            "{}: `{name}` must be a text, a number, true, false, or a list of them",
            path.display()
        )),
    }
}

fn from_environment(key: &Key) -> Result<Option<(String, String)>, String> {
    let read = |name: &str| match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    };
    let value = read(key.variable)?;
    let file_variable = format!("{}_FILE", key.variable);
    let file = read(&file_variable)?;
    match (value, file) {
        (Some(_), Some(_)) => Err(format!(
            "{} and {file_variable} are both set: set one",
            key.variable
        )),
        (Some(value), None) => Ok(Some((value, key.variable.to_owned()))),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("{file_variable}: {path} cannot be read: {error}"))?;
            Ok(Some((
                text.trim_end_matches(['\r', '\n']).to_owned(),
                file_variable,
            )))
        }
        (None, None) => Ok(None),
    }
}

/// Variables that tests and wrappers of the server use themselves.
const FOREIGN: &[&str] = &["CLAVIGER_BIN"];

/// A misspelt variable would silently leave a setting at its default.
fn unknown_variables() -> Result<(), String> {
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("CLAVIGER_")) else {
            continue;
        };
        let known = KEYS.iter().any(|key| {
            name == key.variable
                || name
                    .strip_suffix("_FILE")
                    .is_some_and(|base| base == key.variable)
        });
        let for_tests = [
            "CLAVIGER_TEST_",
            "CLAVIGER_RACE_",
            "CLAVIGER_KILL_",
            "CLAVIGER_POLICY_",
            "CLAVIGER_FUZZ_",
            "CLAVIGER_SIMULATOR_",
            "CLAVIGER_SMALL_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix));
        if !known && !for_tests && !FOREIGN.contains(&name) {
            return Err(format!(
                "there is no setting for the environment variable {name}"
            ));
        }
    }
    Ok(())
}

impl Layered {
    /// The value of a key; an empty text is no value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|(value, _)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The value of a key that must be there, read as what it must be.
    pub(super) fn parse<T: FromStr>(&self, name: &str, what: &str) -> Result<T, String> {
        let (value, origin) = self
            .0
            .get(name)
            .ok_or_else(|| format!("the setting `{name}` is missing"))?;
        value
            .parse()
            .map_err(|_| format!("`{name}` must be {what}, not `{value}` ({origin})"))
    }

    /// Prints all, secrets masked.
    pub(super) fn show(&self, output: Output) {
        let rows: Vec<(&str, Option<&str>, String)> = KEYS
            .iter()
            .map(|key| match self.0.get(key.name) {
                Some((value, origin)) if key.secret && !value.is_empty() => {
                    (key.name, Some("(hidden)"), origin.to_string())
                }
                Some((value, origin)) => (key.name, Some(value.as_str()), origin.to_string()),
                None => (key.name, None, String::from("not set")),
            })
            .collect();
        match output {
            Output::Text => {
                for (name, value, origin) in rows {
                    say(&format!("{name} = {}  # {origin}", value.unwrap_or("-")));
                }
            }
            Output::Json => {
                let all: serde_json::Map<String, serde_json::Value> = rows
                    .into_iter()
                    .map(|(name, value, origin)| {
                        (
                            name.to_owned(),
                            serde_json::json!({ "value": value, "origin": origin }),
                        )
                    })
                    .collect();
                say(&serde_json::Value::Object(all).to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_none_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("claviger.toml");
        std::fs::write(&path, "listne = \"127.0.0.1:1\"\n").expect("written");
        let flags = Flags {
            config: Some(path),
            ..Flags::default()
        };
        let message = read(&flags).err().expect("an error");
        assert!(message.contains("listne"), "{message}");
    }

    #[test]
    fn a_flag_is_stronger_than_the_file_and_the_file_than_the_default() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("claviger.toml");
        std::fs::write(
            &path,
            "listen = \"127.0.0.1:1\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n[quotas]\nusers = 7\n",
        )
        .expect("written");
        let flags = Flags {
            config: Some(path),
            data_dir: Some(String::from("elsewhere")),
            ..Flags::default()
        };
        let layered = read(&flags).expect("readable");
        assert_eq!(layered.get("listen"), Some("127.0.0.1:1"));
        assert_eq!(layered.get("data_dir"), Some("elsewhere"));
        assert_eq!(layered.get("quotas.users"), Some("7"));
        assert_eq!(layered.get("trusted_proxies"), Some("10.0.0.0/8,::1"));
        assert_eq!(layered.get("cache_mib"), Some("32"));
    }
}
