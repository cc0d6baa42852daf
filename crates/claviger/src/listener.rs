//! Accepting connections, and what surrounds every request: its id, where it comes from, its line in the log.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use claviger_iam::context::{Origin, Outcome};
use claviger_model::{Clock, Rng};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_service::Service as _;

use crate::origin;
use crate::tls;

/// Connections at once. More wait to be accepted.
const MAX_CONNECTIONS: usize = 8_192;
/// How long a client may take to send a request's headers, or to say hello in TLS.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a whole request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests in flight get to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(20);

/// What every connection needs.
pub(crate) struct Surroundings {
    pub(crate) router: Router,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) rng: Arc<Rng>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tls: Option<tls::Current>,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Serves until `stop` resolves, then finishes the requests in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    surroundings: Arc<Surroundings>,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(64 * 1024)
        .max_concurrent_streams(100)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        let surroundings = surroundings.clone();
        let watcher = graceful.watcher();
        let builder = builder.clone();
        tokio::spawn(async move {
            let _place = place;
            drop(stream.set_nodelay(true));
            let secure = surroundings.tls.is_some();
            let service = {
                let surroundings = surroundings.clone();
                service_fn(move |request| {
                    let surroundings = surroundings.clone();
                    async move {
                        Ok::<_, std::convert::Infallible>(
                            surroundings.answer(request, peer.ip(), secure).await,
                        )
                    }
                })
            };
            // A connection that breaks is the peer's business; requests on it were logged as they came.
            match &surroundings.tls {
                None => {
                    let connection = builder.serve_connection(TokioIo::new(stream), service);
                    drop(watcher.watch(connection.into_owned()).await);
                }
                Some(current) => {
                    let acceptor = tokio_rustls::TlsAcceptor::from(current.load_full());
                    if let Ok(Ok(stream)) =
                        tokio::time::timeout(HEADER_TIMEOUT, acceptor.accept(stream)).await
                    {
                        let connection = builder.serve_connection(TokioIo::new(stream), service);
                        drop(watcher.watch(connection.into_owned()).await);
                    }
                }
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(
    tokio::net::TcpStream,
    SocketAddr,
    tokio::sync::OwnedSemaphorePermit,
)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            // Out of file descriptors, most likely: trying again at once would only burn the processor.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

impl Surroundings {
    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        secure: bool,
    ) -> Response<Body> {
        let started = self.clock.now();
        let request_id = self.rng.uuid();
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let source = origin::client(peer, request.headers(), &self.trusted_proxies);
        let mut answer = match source {
            Some(source_ip) => self.route(request, source_ip, secure, &request_id).await,
            None => {
                let mut answer = Response::new(Body::from(
                    "the proxy's X-Forwarded-For header cannot be read\n",
                ));
                *answer.status_mut() = StatusCode::BAD_REQUEST;
                answer
            }
        };
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            answer.headers_mut().insert(REQUEST_ID, value);
        }
        let outcome = answer
            .extensions_mut()
            .remove::<Outcome>()
            .unwrap_or_default();
        let elapsed_us = self.clock.now().micros() - started.micros();
        tracing::info!(
            request_id,
            method = method.as_str(),
            path,
            status = answer.status().as_u16(),
            operation = outcome.operation,
            caller = outcome.caller,
            code = outcome.code.map(claviger_model::Code::as_str),
            source = source.map(|ip| ip.to_string()),
            elapsed_us,
            "request"
        );
        answer
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        source_ip: IpAddr,
        secure: bool,
        request_id: &str,
    ) -> Response<Body> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Origin {
            request_id: request_id.to_owned(),
            source_ip,
            secure_transport: secure,
        });
        let mut router = self.router.clone();
        match tokio::time::timeout(REQUEST_TIMEOUT, router.call(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(never)) => match never {},
            Err(_) => {
                let mut answer = Response::new(Body::from("the request took too long\n"));
                *answer.status_mut() = StatusCode::REQUEST_TIMEOUT;
                answer
            }
        }
    }
}
