//! Accepting connections, and what surrounds every request: its id, where it comes from, its line in the log.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use claviger_iam::context::{Origin, Outcome};
use claviger_model::{Arn, Clock, Rng};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower_service::Service as _;

use crate::origin;
use crate::tls;

/// Connections at once. More wait to be accepted.
const MAX_CONNECTIONS: usize = 8_192;
/// How long a client may take to say hello in TLS.
const HELLO_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a connection may go without a request in flight: one that says nothing, never finishes its headers, or only
/// ever answers pings, must not hold a place for ever.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections at once from one address, unless it is a trusted proxy's.
const MAX_CONNECTIONS_PER_PEER: usize = 1_024;
/// Bytes of an answer that may take a slow peer longer than it may be idle.
const LONG_ANSWER: u64 = 256 << 10;
/// How long a whole request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests in flight get to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(20);

/// What every connection needs.
pub(crate) struct Surroundings {
    pub(crate) router: Router,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) request_ids: Rng,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tls: Option<tls::Current>,
    pub(crate) peers: Arc<Peers>,
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
        // The time of a client who does not finish its headers is limited by `Activity::idle`, without a timer for each
        // request.
        .header_read_timeout(None)
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
        let Some(visit) = surroundings.visit(peer.ip()) else {
            // Dropped unanswered: answering would cost more than refusing is worth.
            continue;
        };
        let surroundings = surroundings.clone();
        let watcher = graceful.watcher();
        let builder = builder.clone();
        tokio::spawn(async move {
            let _kept = (place, visit);
            drop(stream.set_nodelay(true));
            let activity = Arc::new(Activity::default());
            let service = {
                let (surroundings, activity) = (surroundings.clone(), activity.clone());
                let secure = surroundings.tls.is_some();
                service_fn(move |request| {
                    let (surroundings, activity) = (surroundings.clone(), activity.clone());
                    async move {
                        let _busy = activity.begin();
                        let answer = surroundings.answer(request, peer.ip(), secure).await;
                        Ok::<_, std::convert::Infallible>(answer.map(|body| {
                            if body
                                .size_hint()
                                .exact()
                                .is_some_and(|bytes| bytes < LONG_ANSWER)
                            {
                                return body;
                            }
                            // As long as the peer takes what it asked for, its connection is not idle.
                            let activity = activity.clone();
                            Body::new(body.map_frame(move |frame| {
                                activity.moved();
                                frame
                            }))
                        }))
                    }
                })
            };
            // A connection that breaks is the peer's business; requests on it were logged as they came.
            let conversation = async {
                match &surroundings.tls {
                    None => {
                        let connection = builder.serve_connection(TokioIo::new(stream), service);
                        drop(watcher.watch(connection.into_owned()).await);
                    }
                    Some(current) => {
                        let acceptor = tokio_rustls::TlsAcceptor::from(current.load_full());
                        let accepted = tokio::time::timeout(HELLO_TIMEOUT, acceptor.accept(stream));
                        if let Ok(Ok(stream)) = accepted.await {
                            let connection =
                                builder.serve_connection(TokioIo::new(stream), service);
                            drop(watcher.watch(connection.into_owned()).await);
                        }
                    }
                }
            };
            tokio::select! {
                () = conversation => {}
                () = activity.idle() => {}
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

/// Whether a connection has requests in flight, and since when it has none.
struct Activity {
    state: parking_lot::Mutex<(usize, Instant)>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            state: parking_lot::Mutex::new((0, Instant::now())),
        }
    }
}

impl Activity {
    /// A request is in flight until what this gives is dropped.
    fn begin(self: &Arc<Self>) -> Busy {
        self.state.lock().0 += 1;
        Busy(self.clone())
    }

    /// Something of an answer has been taken.
    fn moved(&self) {
        self.state.lock().1 = Instant::now();
    }

    /// Resolves once there was no request in flight for too long.
    async fn idle(&self) {
        loop {
            let (requests, since) = *self.state.lock();
            let end = since + IDLE_TIMEOUT;
            if requests > 0 {
                tokio::time::sleep(IDLE_TIMEOUT).await;
            } else if Instant::now() >= end {
                return;
            } else {
                tokio::time::sleep_until(end).await;
            }
        }
    }
}

/// A request in flight.
struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.0 = state.0.saturating_sub(1);
        state.1 = Instant::now();
    }
}

/// One of a peer's connections.
struct Visit {
    peers: Arc<Peers>,
    peer: IpAddr,
}

/// How many connections each peer has.
pub(crate) type Peers = parking_lot::Mutex<HashMap<IpAddr, usize>>;

impl Drop for Visit {
    fn drop(&mut self) {
        let mut peers = self.peers.lock();
        if let Some(count) = peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                peers.remove(&self.peer);
            }
        }
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
    /// Counts a connection of this peer, or refuses one too many.
    fn visit(&self, peer: IpAddr) -> Option<Visit> {
        let peer = peer.to_canonical();
        let mut peers = self.peers.lock();
        let count = peers.entry(peer).or_default();
        let is_proxy = self.trusted_proxies.iter().any(|net| net.contains(&peer));
        if *count >= MAX_CONNECTIONS_PER_PEER && !is_proxy {
            return None;
        }
        *count += 1;
        Some(Visit {
            peers: self.peers.clone(),
            peer,
        })
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        secure: bool,
    ) -> Response<Body> {
        let started = self.clock.now();
        let request_id: Arc<str> = self.request_ids.uuid().into();
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
            request_id = &*request_id,
            method = method.as_str(),
            path,
            status = answer.status().as_u16(),
            operation = outcome.operation,
            caller = outcome.caller.as_ref().map(Arn::as_str),
            code = outcome.code.map(claviger_model::Code::as_str),
            source = source.map(tracing::field::display),
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
        request_id: &Arc<str>,
    ) -> Response<Body> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Origin {
            request_id: request_id.clone(),
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::{chance, clock::SystemClock};

    /// A server that knows no path, and a connection to it.
    async fn connected() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let surroundings = Surroundings {
            router: Router::new(),
            trusted_proxies: Vec::new(),
            request_ids: chance::for_request_ids(),
            clock: Arc::new(SystemClock),
            tls: None,
            peers: Arc::default(),
        };
        tokio::spawn(serve(
            listener,
            Arc::new(surroundings),
            std::future::pending(),
        ));
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_headers_never_end_is_closed() {
        let mut stream = connected().await;
        let begun = Instant::now();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let (mut read, mut write) = stream.split();
        let trickle = async {
            while write.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let mut answer = Vec::new();
        tokio::select! {
            _ = read.read_to_end(&mut answer) => {}
            () = trickle => {}
            () = tokio::time::sleep(IDLE_TIMEOUT * 3) => {}
        }
        assert!(begun.elapsed() >= IDLE_TIMEOUT, "{:?}", begun.elapsed());
        assert!(begun.elapsed() < IDLE_TIMEOUT * 2, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_used_now_and_then_stays() {
        let mut stream = connected().await;
        for _ in 0..5 {
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                .await
                .unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 404");
            let mut rest = [0; 4_096];
            assert!(stream.read(&mut rest).await.unwrap() > 0);
            tokio::time::sleep(IDLE_TIMEOUT * 3 / 4).await;
        }
    }
}
