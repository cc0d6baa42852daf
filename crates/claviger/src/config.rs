//! Configuration: defaults, then the file, then the environment, then flags. What is not a key is an error.
//!
//! To add a setting, add a row to [`keys::KEYS`] and read it in [`Config::resolve`].

mod keys;
mod messages;
mod sources;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use claviger_iam::first_account::Wanted;
use claviger_iam::password::hasher::Cost;
use claviger_iam::quota::Quotas;
use claviger_model::{Scalar, Secret};
use ipnet::IpNet;

use crate::Failure;
use crate::arguments::{Flags, Output};
use messages::Messages;
use sources::Layered;

/// The socket for commands on the host, where the configuration names none: this in the data directory.
const HOST_SOCKET: &str = "claviger.sock";

/// Where records are kept.
#[derive(Debug, Clone)]
pub(crate) enum DatabaseChoice {
    /// SQLite in the data directory.
    Sqlite,
    /// PostgreSQL at this address.
    Postgres(Secret<String>),
}

/// Everything that the configuration says, checked.
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) host_socket: PathBuf,
    pub(crate) database: DatabaseChoice,
    pub(crate) master_key: Option<Secret<String>>,
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) public_url: Option<String>,
    /// What the one project of every account is called at the Huawei door.
    pub(crate) project: String,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) cache_bytes: usize,
    pub(crate) bounded: Option<Duration>,
    pub(crate) password_cost: Cost,
    pub(crate) quotas: Quotas,
    pub(crate) events_file: Option<PathBuf>,
    pub(crate) messages: Messages,
    pub(crate) log: String,
    pub(crate) json_log: Option<bool>,
    pub(crate) first_account: Wanted,
    layered: Layered,
}

/// Reads the configuration.
pub(crate) fn load(flags: &Flags) -> Result<Config, Failure> {
    let layered = sources::read(flags).map_err(Failure::Unusable)?;
    Config::resolve(layered).map_err(Failure::Unusable)
}

impl Config {
    fn resolve(layered: Layered) -> Result<Self, String> {
        let listen: SocketAddr =
            layered.parse("listen", "an address and a port such as 127.0.0.1:8040")?;
        let tls = match (layered.get("tls_cert"), layered.get("tls_key")) {
            (Some(cert), Some(key)) => Some((PathBuf::from(cert), PathBuf::from(key))),
            (None, None) => None,
            _ => {
                return Err(String::from(
                    "`tls_cert` and `tls_key` go together: give both or neither",
                ));
            }
        };
        let insecure: bool = layered.parse("insecure", "true or false")?;
        if tls.is_none() && !listen.ip().is_loopback() && !insecure {
            return Err(format!(
                "plain HTTP on {listen} would send secrets in the clear: give `--tls-cert` and `--tls-key`, or say `--insecure` if something in front of the server encrypts"
            ));
        }
        let database = match layered.get("database") {
            None => DatabaseChoice::Sqlite,
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                DatabaseChoice::Postgres(Secret::new(url.to_owned()))
            }
            Some(_) => {
                return Err(String::from(
                    "`database` must begin with postgres://; leave it out for SQLite",
                ));
            }
        };
        let public_url = layered
            .get("public_url")
            .map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = &public_url
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return Err(format!(
                "`public_url` must begin with https:// or http://, not `{url}`"
            ));
        }
        let bounded = match layered.get("consistency").unwrap_or_default() {
            "strict" => None,
            "bounded" => Some(Duration::from_millis(
                layered.parse("consistency_max_age_ms", "a number of milliseconds")?,
            )),
            other => return Err(format!("`consistency` is strict or bounded, not `{other}`")),
        };
        let json_log = match layered.get("log_format").unwrap_or_default() {
            "auto" => None,
            "json" => Some(true),
            "text" => Some(false),
            other => return Err(format!("`log_format` is auto, text or json, not `{other}`")),
        };
        let data_dir = PathBuf::from(layered.get("data_dir").unwrap_or_default());
        let cache_mib: usize = layered.parse("cache_mib", "a number of MiB")?;
        Ok(Self {
            listen,
            host_socket: layered
                .get("host_socket")
                .map_or_else(|| data_dir.join(HOST_SOCKET), PathBuf::from),
            data_dir,
            database,
            master_key: layered
                .get("master_key")
                .map(|text| Secret::new(text.to_owned())),
            tls,
            public_url,
            project: project(layered.get("project").unwrap_or_default())?,
            trusted_proxies: proxies(layered.get("trusted_proxies").unwrap_or_default())?,
            cache_bytes: cache_mib.saturating_mul(1 << 20),
            bounded,
            password_cost: password_cost(&layered)?,
            quotas: quotas(&layered)?,
            events_file: layered.get("events_file").map(PathBuf::from),
            messages: messages::read(&layered)?,
            log: layered.get("log").unwrap_or_default().to_owned(),
            json_log,
            first_account: first_account(&layered)?,
            layered,
        })
    }

    /// Prints every setting with its origin.
    pub(crate) fn show(&self, output: Output) {
        self.layered.show(output);
    }

    /// The address to tell clients, without a slash at the end.
    pub(crate) fn address(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        // WebAuthn needs a name, and so do certificates.
        if self.listen.ip().is_loopback() || self.listen.ip().is_unspecified() {
            format!("{scheme}://localhost:{}", self.listen.port())
        } else {
            format!("{scheme}://{}", self.listen)
        }
    }
}

/// The name of a project: up to 64 letters, digits, hyphens and underscores (Identity and Access Management API reference,
/// "Creating a Project").
fn project(text: &str) -> Result<String, String> {
    let is_name = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_name.then(|| text.to_owned()).ok_or_else(|| {
        format!("`project` has 1 to 64 letters, digits, hyphens and underscores, not `{text}`")
    })
}

fn proxies(text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| format!("`trusted_proxies`: `{part}` is neither an address nor a network such as 10.0.0.0/8"))
        })
        .collect()
}

fn password_cost(layered: &Layered) -> Result<Cost, String> {
    let cost = Cost {
        memory_kib: layered.parse("password_memory_kib", "a number of KiB")?,
        passes: layered.parse("password_passes", "a number of passes")?,
    };
    if !(8..=4 * 1024 * 1024).contains(&cost.memory_kib) || !(1..=1_000).contains(&cost.passes) {
        return Err(String::from(
            "`password_memory_kib` is 8 to 4194304, `password_passes` is 1 to 1000",
        ));
    }
    Ok(cost)
}

fn quotas(layered: &Layered) -> Result<Quotas, String> {
    let mut quotas = Quotas::default();
    for name in Quotas::CONFIGURABLE {
        let key = format!("quotas.{name}");
        if layered.get(&key).is_some() {
            let value: u64 = layered.parse(&key, "a whole number")?;
            if let Some(quota) = quotas.account_wide(name) {
                *quota = value;
            }
        }
    }
    Ok(quotas)
}

fn first_account(layered: &Layered) -> Result<Wanted, String> {
    fn parse<T: Scalar>(layered: &Layered, key: &str, what: &str) -> Result<Option<T>, String> {
        layered
            .get(key)
            .map(|text| T::parse(text).map_err(|_| format!("`{key}` must be {what}")))
            .transpose()
    }
    Ok(Wanted {
        id: parse(layered, "account_id", "twelve digits")?,
        alias: parse(
            layered,
            "account_alias",
            "3 to 63 lower-case letters, digits and single hyphens",
        )?,
        root_email: layered.get("root_email").map(str::to_owned),
        root_password: layered
            .get("root_password")
            .map(|text| Secret::new(text.to_owned())),
        root_access_key_id: parse(
            layered,
            "root_access_key_id",
            "16 to 128 letters, digits and underscores",
        )?,
        root_secret_access_key: layered
            .get("root_secret_access_key")
            .map(|text| Secret::new(text.to_owned())),
    })
}
