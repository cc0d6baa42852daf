//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use claviger_model::{AccountId, Scalar as _};

/// A self-hosted identity and access management server that speaks AWS IAM and STS.
#[derive(Parser)]
#[command(name = "claviger", version, about, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Serve(Flags),
    /// Look at the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
        #[command(flatten)]
        flags: Flags,
    },
    /// Get back into an account whose root user has lost its password, MFA device or access keys. Run it on the server's
    /// host, as the server's user or as root; the server may be running or stopped.
    Recover {
        #[command(subcommand)]
        command: RecoverCommand,
        #[command(flatten)]
        flags: Flags,
    },
    /// Look after the messages that the server sends to people.
    Notify {
        #[command(subcommand)]
        command: NotifyCommand,
        #[command(flatten)]
        flags: Flags,
    },
    /// Print the SSH public keys by which a user may log in to this host: what sshd's AuthorizedKeysCommand asks. Prints
    /// nothing and fails where anything is in doubt.
    SshKeys(Box<SshKeys>),
    /// Work with policies without a server.
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
}

/// What to do with the configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its value and where the value comes from. Secrets are masked.
    Show {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
    },
    /// Say whether the configuration is usable.
    Check,
}

/// What to do about messages.
#[derive(Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send one message the way the server would, and print what the other side answered. Asks no server and no store.
    Test {
        #[command(flatten)]
        to: Recipient,
    },
}

/// Whom to write to.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Recipient {
    /// The address to write to.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// The number to write to, in the international format: +4930123456.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) sms: Option<String>,
}

/// What to recover.
#[derive(Subcommand)]
pub(crate) enum RecoverCommand {
    /// Say what the root user has to prove who it is. Changes nothing.
    Status {
        #[command(flatten)]
        about: About,
    },
    /// Give the root user a new password, and end its sessions.
    RootPassword {
        #[command(flatten)]
        about: About,
        /// Read the password from standard input, one line. Without this one is drawn, and printed this once.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Take an MFA device out of the root user's hands, void the recovery codes, and end its sessions. The device stays and
    /// can be enabled again.
    RootMfa {
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        which: WhichDevice,
    },
    /// Make an access key for the root user, switch off those it had, and end its sessions. Where it had two, the older is
    /// deleted.
    RootAccessKey {
        #[command(flatten)]
        about: About,
    },
}

/// Whose keys are asked for, and of whom.
#[derive(Args)]
pub(crate) struct SshKeys {
    /// The user, by the name in the account: `%u`.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    /// The name that the user logs in under, where that is another.
    #[arg(long, value_name = "NAME")]
    pub(crate) login_name: Option<String>,
    /// Only keys of this type: `%t`.
    #[arg(long, value_name = "TYPE")]
    pub(crate) key_type: Option<String>,
    /// Only the key of this fingerprint: `%f`.
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) fingerprint: Option<String>,
    /// Only this key, in base64: `%k`.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// This host's name in policies; without it, what the host calls itself.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// The profile that says who asks; without it, AWS_PROFILE or `default`.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The file that the profile stands in; without it, the files of the AWS command line.
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
    /// The server, where the profile does not say.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// The certificates that the server's must be signed by, PEM; without it, those that the system trusts.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Seconds to wait for the server.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) timeout: u64,
    /// Let the host's root be logged in to by whoever is called `root` in the account and may log in.
    #[arg(long)]
    pub(crate) allow_root: bool,
    /// Ask over the server's local socket, as the server's user or root, on the server's own host.
    #[arg(long)]
    pub(crate) socket: bool,
    /// With `--socket`, the account's number; may be left out where there is only one account.
    #[arg(long, value_name = "ID", value_parser = account, requires = "socket")]
    pub(crate) account: Option<AccountId>,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

/// Whom a recovery is about, and how it is told.
#[derive(Args)]
pub(crate) struct About {
    /// The account's number; may be left out where there is only one account.
    #[arg(long, value_name = "ID", value_parser = account)]
    pub(crate) account: Option<AccountId>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// Which device to take away.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhichDevice {
    /// The device of this serial number.
    #[arg(long, value_name = "SERIAL")]
    pub(crate) serial: Option<String>,
    /// Every device that the root user holds.
    #[arg(long)]
    pub(crate) all: bool,
}

fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|_| String::from("an account's number has twelve digits"))
}

/// What to do with policies.
#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check policy documents: errors that AWS would refuse them for, and warnings. Exits 1 if there is an error.
    Check {
        /// The documents; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What the documents are.
        #[arg(long = "type", value_enum, default_value_t = PolicyType::Identity)]
        kind: PolicyType,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
    },
    /// Decide requests: one JSON request a line on standard input, one JSON decision a line on standard output.
    Decide,
}

/// How to print.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The kinds of policy documents.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyType {
    /// For users, groups and roles.
    Identity,
    /// Who may assume a role.
    Trust,
    /// On a resource of another service.
    Resource,
    /// Passed with a session.
    Session,
}

/// The settings that the command line can give. Everything else stands in the file or the environment.
#[derive(Args, Default)]
pub(crate) struct Flags {
    /// The configuration file. Without it, `claviger.toml` in the working directory is read if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Where the data is kept.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub(crate) data_dir: Option<String>,
    /// A `postgres://` address; without it, SQLite in the data directory.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// The certificate chain, PEM.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_cert: Option<String>,
    /// The certificate's private key, PEM.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_key: Option<String>,
    /// The address that clients reach the server at, where it is not the one it listens on.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Serve plain HTTP on an address that others can reach.
    #[arg(long, global = true)]
    pub(crate) insecure: bool,
}

impl Flags {
    /// The settings given, by key.
    pub(crate) fn given(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("listen", &self.listen),
            ("data_dir", &self.data_dir),
            ("database", &self.database),
            ("tls_cert", &self.tls_cert),
            ("tls_key", &self.tls_key),
            ("public_url", &self.public_url),
        ];
        let mut given: Vec<(&'static str, String)> = texts
            .into_iter()
            .filter_map(|(key, value)| value.clone().map(|value| (key, value)))
            .collect();
        if self.insecure {
            given.push(("insecure", String::from("true")));
        }
        given
    }
}
