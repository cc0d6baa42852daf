//! A PostgreSQL cluster of the test process's own: durable as in earnest, reached over a socket in its own directory.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Where distributions put PostgreSQL's programs; the first that is there is used. `CLAVIGER_POSTGRES_BIN` goes before.
const PLACES: &[&str] = &[
    "/usr/lib/postgresql/15/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/local/pgsql/bin",
];

/// A running cluster. It is stopped, and its files go, when this process ends, however it ends: a small shell waits for
/// that on a pipe.
#[derive(Debug)]
pub struct Cluster {
    socket: PathBuf,
    /// Held open; its closing tells the shell to clean up.
    _lifeline: std::process::ChildStdin,
}

/// The cluster that all tests of this process share.
///
/// # Errors
/// PostgreSQL is not installed or does not start. That is a failure, not a reason to skip.
pub fn shared() -> Result<&'static Cluster, String> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    CLUSTER
        .get_or_init(Cluster::start)
        .as_ref()
        .map_err(Clone::clone)
}

impl Cluster {
    /// Makes and starts a cluster.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self, String> {
        let programs = programs()?;
        let directory = TempDir::with_prefix("claviger-pg-")
            .map_err(|error| format!("making a directory: {error}"))?;
        let (data, socket) = (directory.path().join("data"), directory.path().join("run"));
        let user = unprivileged()?;
        for path in [&data, &socket] {
            std::fs::create_dir(path)
                .map_err(|error| format!("making {}: {error}", path.display()))?;
        }
        if let Some(user) = &user {
            open_to_all(directory.path())?;
            for path in [&data, &socket] {
                give(path, user)?;
            }
        }
        let data_text = data.display().to_string();
        // The cluster's own files need no syncing while they are made; afterwards it runs with fsync on.
        run(
            &user,
            &programs.join("initdb"),
            &[
                "-D",
                &data_text,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--locale=C",
            ],
        )?;
        let settings = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=on -c synchronous_commit=on \
             -c max_connections=300 -c shared_buffers=64MB",
            socket.display()
        );
        let log = data.join("log").display().to_string();
        let started = run(
            &user,
            &programs.join("pg_ctl"),
            &[
                "-D", &data_text, "-w", "-t", "60", "-l", &log, "-o", &settings, "start",
            ],
        );
        if let Err(error) = started {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            return Err(format!("{error}\n{log}"));
        }
        let lifeline = watch(&user, &programs, directory)?;
        Ok(Self {
            socket,
            _lifeline: lifeline,
        })
    }

    /// The address of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let host = self.socket.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }
}

fn programs() -> Result<PathBuf, String> {
    let chosen = std::env::var_os("CLAVIGER_POSTGRES_BIN").map(PathBuf::from);
    chosen
        .into_iter()
        .chain(PLACES.iter().map(PathBuf::from))
        .find(|place| place.join("initdb").is_file() && place.join("pg_ctl").is_file())
        .ok_or_else(|| {
            "these tests need PostgreSQL 15 or later: install the Debian package `postgresql`, or name the directory of \
             initdb and pg_ctl in CLAVIGER_POSTGRES_BIN"
                .to_owned()
        })
}

/// A user to run PostgreSQL as.
struct User {
    name: &'static str,
    /// How to become that user.
    become_it: [String; 5],
}

/// Whom to run PostgreSQL as: it refuses to run as root.
fn unprivileged() -> Result<Option<User>, String> {
    let output = Command::new("id")
        .arg("-u")
        .output()
        .map_err(|error| format!("asking who runs this: {error}"))?;
    if output.stdout.trim_ascii() != b"0" {
        return Ok(None);
    }
    let number = |kind: &str, user: &str| {
        let output = Command::new("id")
            .args([kind, user])
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8(output.stdout)
            .ok()
            .map(|text| text.trim().to_owned())
    };
    let user = ["postgres", "nobody"].into_iter().find_map(|name| {
        let (user, group) = (number("-u", name)?, number("-g", name)?);
        let become_it = [
            "setpriv".to_owned(),
            format!("--reuid={user}"),
            format!("--regid={group}"),
            "--clear-groups".to_owned(),
            "--".to_owned(),
        ];
        Some(User { name, become_it })
    });
    user.map(Some)
        .ok_or_else(|| "there is no unprivileged user to run PostgreSQL as".to_owned())
}

fn open_to_all(path: &Path) -> Result<(), String> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode)
            .map_err(|error| format!("opening {}: {error}", path.display()))?;
    }
    Ok(())
}

fn give(path: &Path, user: &User) -> Result<(), String> {
    run(
        &None,
        Path::new("chown"),
        &[OsStr::new(user.name), path.as_os_str()],
    )
}

fn run<S: AsRef<OsStr>>(
    user: &Option<User>,
    program: &Path,
    arguments: &[S],
) -> Result<(), String> {
    let mut command = match user {
        Some(user) => {
            let [first, rest @ ..] = &user.become_it;
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    };
    // A server that keeps a pipe of ours open would keep its reader waiting for ever, so errors go to a file.
    let mut errors = tempfile::tempfile().map_err(|error| format!("making a file: {error}"))?;
    let copy = errors
        .try_clone()
        .map_err(|error| format!("copying a handle: {error}"))?;
    let status = command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(copy)
        .status()
        .map_err(|error| format!("running {}: {error}", program.display()))?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let read = std::io::Seek::rewind(&mut errors)
        .and_then(|()| std::io::Read::read_to_string(&mut errors, &mut text));
    read.map_err(|error| format!("reading an error: {error}"))?;
    Err(format!("{} failed ({status}): {text}", program.display()))
}

/// Starts the shell that outlives this process by a moment, to stop the cluster and remove its files. The signals that
/// end a test run by the keyboard do not reach it: it is a session of its own.
fn watch(
    user: &Option<User>,
    programs: &Path,
    directory: TempDir,
) -> Result<std::process::ChildStdin, String> {
    let stop = match user {
        Some(user) => user.become_it.join(" "),
        None => String::new(),
    };
    let script = format!(
        "cd /; cat >/dev/null; {stop} \"$1\" -D \"$2/data\" -m immediate stop; rm -rf \"$2\""
    );
    let mut child = Command::new("setsid")
        .args(["sh", "-c", &script, "sh"])
        .arg(programs.join("pg_ctl"))
        .arg(directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("starting the cluster's keeper: {error}"))?;
    let mut lifeline = child
        .stdin
        .take()
        .ok_or_else(|| "the cluster's keeper has no input".to_owned())?;
    lifeline
        .write_all(b"\n")
        .map_err(|error| format!("writing to the cluster's keeper: {error}"))?;
    // The keeper removes the directory from now on.
    drop(directory.keep());
    Ok(lifeline)
}
