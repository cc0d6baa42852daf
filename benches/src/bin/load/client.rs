//! Keep-alive connections, each with one request under way. No HTTP library: what the client costs, the server cannot use.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections, unless a stage says otherwise.
pub(crate) const CONNECTIONS: usize = 16;

/// Bytes of an answer.
const MOST: usize = 256 << 20;

/// An answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The text in the first element of this name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let body = std::str::from_utf8(self.body).ok()?;
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.to_owned())
    }
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 1 << 20],
        })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let mut head = None;
        loop {
            let read = self
                .stream
                .read(self.buffer.get_mut(filled..).unwrap_or_default())
                .await?;
            if read == 0 {
                bail!("the connection was closed, or the answer is too large");
            }
            filled += read;
            let so_far = self.buffer.get(..filled).unwrap_or_default();
            if head.is_none() {
                head = read_head(so_far)?;
            }
            // A credential report of many users is larger than any other answer.
            if let Some((_, begin, length)) = head
                && begin + length > self.buffer.len()
            {
                self.buffer.resize((begin + length).min(MOST), 0);
            }
            if let Some((status, begin, length)) = head
                && filled >= begin + length
            {
                let body = self.buffer.get(begin..begin + length).unwrap_or_default();
                return Ok(Answer { status, body });
            }
        }
    }
}

/// The status, where the body begins, and how long it is; `None` while the head is not whole.
fn read_head(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let status = head.get(9..12).context("a status line")?.parse()?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("a content-length")?;
    Ok(Some((status, end + 4, length.1.trim().parse()?)))
}

/// Connections to one server, kept from turn to turn.
pub(crate) struct Client {
    connections: Vec<Connection>,
}

/// What a turn came to.
pub(crate) struct Turn {
    pub(crate) requests: usize,
    pub(crate) seconds: f64,
}

impl Client {
    pub(crate) async fn open(address: SocketAddr, connections: usize) -> Result<Self> {
        let mut client = Self {
            connections: Vec::new(),
        };
        for _ in 0..connections {
            client.connections.push(Connection::open(address).await?);
        }
        Ok(client)
    }

    /// Sends these requests over and over for a while. All must be answered with 200.
    pub(crate) async fn repeat(&mut self, requests: Vec<Vec<u8>>, seconds: f64) -> Result<Turn> {
        let requests = Arc::new(requests);
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let end = begun + Duration::from_secs_f64(seconds);
        let mut tasks = Vec::new();
        for mut connection in self.connections.drain(..) {
            let (requests, next) = (requests.clone(), next.clone());
            tasks.push(tokio::spawn(async move {
                let mut done = 0;
                while Instant::now() < end {
                    let at = next.fetch_add(1, Ordering::Relaxed) % requests.len();
                    let request = requests.get(at).context("a request")?;
                    let answer = connection.ask(request).await?;
                    if answer.status != 200 {
                        bail!(
                            "{}: {}",
                            answer.status,
                            String::from_utf8_lossy(answer.body)
                        );
                    }
                    done += 1;
                }
                Ok((connection, done))
            }));
        }
        let mut turn = Turn {
            requests: 0,
            seconds: 0.0,
        };
        for task in tasks {
            let (connection, done) = task.await??;
            self.connections.push(connection);
            turn.requests += done;
        }
        turn.seconds = begun.elapsed().as_secs_f64();
        Ok(turn)
    }

    /// Sends each of these requests once, and gives what `read` makes of each answer, in the order of the requests.
    pub(crate) async fn each<T, R>(&mut self, requests: Vec<Vec<u8>>, read: R) -> Result<Vec<T>>
    where
        T: Send + 'static,
        R: Fn(&Answer<'_>) -> Result<T> + Clone + Send + 'static,
    {
        let count = requests.len();
        let requests = Arc::new(requests);
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for mut connection in self.connections.drain(..) {
            let (requests, next, read) = (requests.clone(), next.clone(), read.clone());
            tasks.push(tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(at) else {
                        return anyhow::Ok((connection, mine));
                    };
                    let answer = connection.ask(request).await?;
                    mine.push((at, read(&answer)?));
                }
            }));
        }
        let mut all = Vec::with_capacity(count);
        for task in tasks {
            let (connection, mine) = task.await??;
            self.connections.push(connection);
            all.extend(mine);
        }
        all.sort_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Sends each of these requests once. All must be answered with 200.
    pub(crate) async fn all(&mut self, requests: Vec<Vec<u8>>) -> Result<()> {
        self.each(requests, well).await.map(drop)
    }
}

/// Refuses an answer that is not 200.
pub(crate) fn well(answer: &Answer<'_>) -> Result<()> {
    if answer.status != 200 {
        bail!(
            "{}: {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
    }
    Ok(())
}
