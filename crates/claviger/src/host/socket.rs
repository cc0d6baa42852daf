//! The server's local socket: HTTP/1.1, one small request a connection, `POST /v1/<operation>` with a JSON object.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Body;
use claviger_iam::Iam;
use claviger_model::{AccountId, Scalar as _};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::door::{self, Call};

/// Connections at once. More wait to be accepted.
const MAX_CONNECTIONS: u32 = 16;
/// Bytes of a request's body.
const MAX_BODY_BYTES: usize = 64 << 10;
/// How long a connection may take in all.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests in flight get to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Bytes of a path that every platform takes for a socket's address.
const MAX_PATH: usize = 100;

/// What paths of operations begin with.
pub(super) const PREFIX: &str = "/v1/";
/// The header that names the account.
pub(super) const ACCOUNT: &str = "claviger-account";

/// The socket, bound and not yet served.
pub(crate) struct Bound {
    listener: UnixListener,
    path: PathBuf,
    /// The user of this process.
    own: u32,
    /// Held for as long as the socket is this server's.
    lock: File,
}

/// The socket while it is served.
pub(crate) struct Listener {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

/// The user that this process runs as.
///
/// # Errors
/// The operating system does not tell.
pub(super) fn own_uid() -> io::Result<u32> {
    // Asked as it is asked about any peer, so that the two can be compared.
    let (one, _other) = UnixStream::pair()?;
    Ok(one.peer_cred()?.uid())
}

/// A socket's path as an address, with what must be kept until the address was used. Addresses are short: on Linux a
/// longer path is reached through its directory.
///
/// # Errors
/// The directory cannot be opened, or the path is too long for this platform.
pub(super) fn address(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    if path.as_os_str().len() <= MAX_PATH {
        return Ok((path.to_owned(), None));
    }
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "the path is too long");
    let (parent, name) = path
        .parent()
        .zip(path.file_name())
        .filter(|_| cfg!(target_os = "linux"))
        .ok_or_else(too_long)?;
    let parent = File::open(parent)?;
    let short = Path::new("/proc/self/fd")
        .join(parent.as_raw_fd().to_string())
        .join(name);
    if short.as_os_str().len() > MAX_PATH {
        return Err(too_long());
    }
    Ok((short, Some(parent)))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Binds the socket at this path, in place of one that a server left behind which is no longer there.
///
/// # Errors
/// Another server has the socket; something else lies at the path; the directory cannot be written.
pub(crate) fn bind(path: &Path) -> anyhow::Result<Bound> {
    let own = own_uid().context("the operating system does not tell this process's user")?;
    let lock = take_lock(&beside(path, ".lock"))?;
    match std::fs::symlink_metadata(path) {
        Ok(found) => anyhow::ensure!(
            found.file_type().is_socket(),
            "{} is no socket: name another path in `host_socket`",
            path.display()
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    }
    let listener =
        make(path).with_context(|| format!("the socket {} cannot be made", path.display()))?;
    Ok(Bound {
        listener,
        path: path.to_owned(),
        own,
        lock,
    })
}

/// Whoever holds the lock owns the socket beside it, whatever lies there.
fn take_lock(path: &Path) -> anyhow::Result<File> {
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(anyhow::anyhow!(
            "another server holds {}: give each server a data directory or a `host_socket` of its own",
            path.display()
        )),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// Makes the socket where nobody else can enter, closes it to all but its owner, and puts it in its place.
fn make(path: &Path) -> io::Result<UnixListener> {
    let folder = beside(path, ".new");
    let inside = folder.join("s");
    // A server that was killed may have left these.
    for gone in [std::fs::remove_file(&inside), std::fs::remove_dir(&folder)] {
        match gone {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    DirBuilder::new().mode(0o700).create(&folder)?;
    let (short, _kept) = address(&inside)?;
    let listener = UnixListener::bind(short)?;
    std::fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
    std::fs::rename(&inside, path)?;
    std::fs::remove_dir(&folder)?;
    Ok(listener)
}

impl Bound {
    /// Serves the socket until [`Listener::finish`].
    pub(crate) fn serve(self, iam: Iam) -> Listener {
        let stop = Arc::new(Notify::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let places = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
            tokio::select! {
                () = self.accept(&iam, &places) => {}
                () = stopped.notified() => {}
            }
            // Gone before the server has ended, so that a command does not wait for it.
            if let Err(error) = std::fs::remove_file(&self.path) {
                tracing::warn!(%error, "the host socket could not be removed");
            }
            drop(self.listener);
            let all = places.acquire_many(MAX_CONNECTIONS);
            if tokio::time::timeout(DRAIN, all).await.is_err() {
                tracing::warn!("some host requests did not finish in time and were cut off");
            }
            drop(self.lock);
        });
        Listener { stop, task }
    }

    async fn accept(&self, iam: &Iam, places: &Arc<Semaphore>) {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection to the host socket could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(uid) = self.admitted(&stream) else {
                // Dropped unanswered.
                continue;
            };
            let iam = iam.clone();
            tokio::spawn(async move {
                let _kept = place;
                let service = service_fn(|request| {
                    let iam = iam.clone();
                    async move { Ok::<_, std::convert::Infallible>(respond(&iam, uid, request).await) }
                });
                let conversation = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .keep_alive(false)
                    .max_buf_size(16 << 10)
                    .serve_connection(TokioIo::new(stream), service);
                drop(tokio::time::timeout(TIMEOUT, conversation).await);
            });
        }
    }

    /// The peer's user, where it may use the socket.
    fn admitted(&self, stream: &UnixStream) -> Option<u32> {
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == 0 || peer.uid() == self.own => Some(peer.uid()),
            Ok(peer) => {
                tracing::warn!(
                    uid = peer.uid(),
                    "a user who may not was refused at the host socket"
                );
                None
            }
            Err(error) => {
                tracing::warn!(%error, "a peer of the host socket is not known and was refused");
                None
            }
        }
    }
}

impl Listener {
    /// Takes the socket away and finishes the requests in flight.
    pub(crate) async fn finish(self) {
        self.stop.notify_one();
        drop(self.task.await);
    }
}

async fn respond(iam: &Iam, uid: u32, request: Request<Incoming>) -> Response<Body> {
    let call = match read(request).await {
        Ok(call) => call,
        Err(status) => {
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = status;
            return answer;
        }
    };
    let reply = door::answer(iam, uid, &call).await;
    let mut answer = Response::new(Body::from(reply.body.as_bytes().to_vec()));
    *answer.status_mut() = reply.status;
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}

async fn read(request: Request<Incoming>) -> Result<Call, StatusCode> {
    let (parts, body) = request.into_parts();
    let operation = parts
        .uri
        .path()
        .strip_prefix(PREFIX)
        .ok_or(StatusCode::NOT_FOUND)?
        .to_owned();
    if parts.method != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let account = match text(&parts.headers, ACCOUNT)? {
        Some(text) => Some(AccountId::parse(text).map_err(|_| StatusCode::BAD_REQUEST)?),
        None => None,
    };
    let command = text(&parts.headers, http::header::USER_AGENT.as_str())?
        .unwrap_or_default()
        .to_owned();
    let body = Limited::new(body, MAX_BODY_BYTES)
        .collect()
        .await
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?
        .to_bytes();
    Ok(Call {
        operation,
        account,
        command,
        input: Zeroizing::new(body.to_vec()),
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, StatusCode> {
    headers
        .get(name)
        .map(|value| value.to_str().map_err(|_| StatusCode::BAD_REQUEST))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.sock");
        let bound = bind(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&beside(&path, ".lock")), 0o600);
        assert!(!beside(&path, ".new").exists());
        assert!(UnixStream::connect(&path).await.is_ok());
        drop(bound);
    }

    #[tokio::test]
    async fn a_second_server_is_refused_and_a_dead_ones_socket_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.sock");
        let first = bind(&path).unwrap();
        assert!(
            bind(&path)
                .err()
                .unwrap()
                .to_string()
                .contains("another server")
        );
        // As when the process was killed: the socket and a half-made one stay behind, the lock does not.
        drop(first);
        std::fs::create_dir(beside(&path, ".new")).unwrap();
        std::fs::write(beside(&path, ".new").join("s"), "").unwrap();
        assert!(UnixStream::connect(&path).await.is_err());
        let second = bind(&path).unwrap();
        assert!(UnixStream::connect(&path).await.is_ok());
        drop(second);
    }

    #[tokio::test]
    async fn what_is_no_socket_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.sock");
        std::fs::write(&path, "mine").unwrap();
        assert!(bind(&path).err().unwrap().to_string().contains("no socket"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_path_too_long_for_an_address_is_reached_through_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let path = deep.join("s.sock");
        let bound = bind(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        let (short, _kept) = address(&path).unwrap();
        assert!(UnixStream::connect(short).await.is_ok());
        drop(bound);
    }
}
