//! How a command on the host reaches the store: through the server where one serves, else by opening the store itself.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Body;
use claviger_iam::Iam;
use claviger_model::Clock;
use claviger_shape::Json;
use claviger_store::OpenError;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use super::behind::Believed;
use super::door::{self, Call};
use super::socket;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::{Failure, chance, domain};

/// How often the way in is looked for while a server starts or stops, and how long between.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);
/// How long the server may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The way to the store.
pub(crate) enum Connection {
    /// A server has the store.
    Server(UnixStream),
    /// Nobody else has it.
    Store { iam: Iam, uid: u32 },
}

impl Connection {
    /// The way through a server that serves, and no other.
    ///
    /// SECURITY: what strangers can set off, as they do with logins, must not hold the store while a server starts.
    ///
    /// # Errors
    /// No server serves, its socket is not for this user, or it may be another's; it is named relative to the current
    /// directory, which is not the operator's where sshd runs the command.
    pub(crate) async fn to_server(config: &Config) -> Result<Self, Failure> {
        if !config.host_socket.is_absolute() {
            return Err(Failure::Unusable(format!(
                "the server's socket is looked for at {}, and from which directory that is depends on who runs the command: \
                 name `data_dir` or `host_socket` from the root directory on",
                config.host_socket.display()
            )));
        }
        match connect(config).await? {
            Some(stream) => Ok(Self::Server(stream)),
            None => Err(Failure::Failed(anyhow::anyhow!(
                "no server answers at {}",
                config.host_socket.display()
            ))),
        }
    }

    /// Finds the way.
    ///
    /// # Errors
    /// There is no store, it is not for this user, its socket may be another's, or somebody holds it without answering.
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        for _ in 0..TRIES {
            if let Some(stream) = connect(config).await? {
                return Ok(Self::Server(stream));
            }
            domain::require_store(config)?;
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let rng = Arc::new(chance::system());
            match domain::open_store(config, &clock, &rng).await? {
                Ok(store) => {
                    let uid = socket::own_uid()
                        .context("the operating system does not tell this process's user")?;
                    let iam = domain::start(config, store, clock, rng).await?;
                    return Ok(Self::Store { iam, uid });
                }
                // A server that has the store and no socket yet, or no longer: which it is will show.
                Err(OpenError::InUse(_)) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(domain::unopened(error)),
            }
        }
        Err(Failure::Failed(anyhow::anyhow!(
            "another process has the store, and nothing answers at {}",
            config.host_socket.display()
        )))
    }

    /// Runs an operation, and gives what it answers.
    ///
    /// # Errors
    /// Its refusal, or that the server did not answer.
    pub(crate) async fn run(self, call: Call) -> Result<Json, Failure> {
        let (status, body) = match self {
            Self::Server(stream) => ask(stream, &call).await?,
            Self::Store { iam, uid } => {
                let reply = door::answer(&iam, uid, &call).await;
                iam.flush().await;
                let store = iam.store().clone();
                drop(iam);
                store
                    .close()
                    .await
                    .context("the store could not be closed in order")?;
                (reply.status, Zeroizing::new(reply.body.as_bytes().to_vec()))
            }
        };
        let json = Json::parse(&body)
            .ok()
            .filter(|json| json.value().is_object())
            .with_context(|| format!("the server answered {status} and nothing readable"))?;
        if status == StatusCode::OK {
            return Ok(json);
        }
        let text = |name: &str| {
            let value = json.value().get(name);
            value
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Err(Failure::Failed(anyhow::anyhow!(
            "{}: {}",
            text("__type"),
            text("message")
        )))
    }
}

/// The server's socket; `None` where no server has it.
async fn connect(config: &Config) -> Result<Option<UnixStream>, Failure> {
    let path = &config.host_socket;
    match connected(path, &Believed::of(&config.data_dir)?).await {
        Ok(stream) => Ok(stream),
        Err(error) => match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
            Some(io::ErrorKind::PermissionDenied) => Err(Failure::Failed(anyhow::anyhow!(
                "{} is not for this user: run the command as the server's user or as root",
                path.display()
            ))),
            Some(_) => Err(Failure::Failed(error.context(format!(
                "the server cannot be reached at {}",
                path.display()
            )))),
            None => Err(Failure::Failed(error)),
        },
    }
}

async fn connected(path: &Path, believed: &Believed) -> anyhow::Result<Option<UnixStream>> {
    if !believed.check_path(path)? {
        return Ok(None);
    }
    let (short, _kept) = socket::address(path)?;
    let stream = UnixStream::connect(short).await?;
    believed.check_peer(&stream)?;
    Ok(Some(stream))
}

async fn ask(stream: UnixStream, call: &Call) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Failure> {
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("{}{}", socket::PREFIX, call.operation))
        .header(http::header::HOST, "localhost")
        .header(http::header::USER_AGENT, call.command.as_str());
    if let Some(account) = call.account {
        request = request.header(socket::ACCOUNT, account.to_string());
    }
    let request = request
        .body(Body::from(call.input.to_vec()))
        .context("the request cannot be made")?;
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(anyhow::Error::from_boxed)?
            .to_bytes();
        driver.abort();
        anyhow::Ok((status, Zeroizing::new(body.to_vec())))
    };
    let answered = tokio::time::timeout(TIMEOUT, exchange)
        .await
        .context("the server does not answer")?;
    Ok(answered
        .context("the server did not answer: it refuses other users than its own and root")?)
}
