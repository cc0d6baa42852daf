//! The log: one line a request on standard error, text on a terminal and JSON elsewhere.
//!
//! Lines are gathered in memory and written together, since a write for each made requests wait for each other at
//! standard error. What is gathered is written within [`GATHER`], and all of it before the process ends in order.

mod json_line;

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::{Condvar, Mutex};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::Failure;

/// How long a line may wait for others to be written with it. A process that is killed loses what waited: the log is a
/// convenience, while the record of what was done is in the store.
const GATHER: Duration = Duration::from_millis(10);
/// Bytes that may wait for a reader of standard error who does not read. Lines beyond are dropped and counted: a stuck
/// reader must neither stop the server nor fill its memory.
const MAX_WAITING: usize = 4 << 20;

/// The log while it runs. Dropping it writes what is still waiting.
pub(crate) struct Log {
    lines: Arc<Lines>,
    writer: Option<JoinHandle<()>>,
}

/// What says nothing unless `RUST_LOG` has it speak: the libraries that verify security keys log an error for each response
/// that strangers make up, which is told by the request's own line.
const SILENCED: &str = "webauthn_rs_core=off,webauthn_attestation_ca=off,crypto_glue=off";

/// Starts the log. `RUST_LOG`, where it is set, is stronger than `filter`.
pub(crate) fn start(filter: &str, json: Option<bool>) -> Result<Log, Failure> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => EnvFilter::try_new(text),
        _ => EnvFilter::try_new(format!("{filter},{SILENCED}")),
    }
    .map_err(|error| Failure::Unusable(format!("the log filter cannot be read: {error}")))?;
    let lines = Arc::new(Lines::default());
    let writer = std::thread::Builder::new()
        .name(String::from("log"))
        .spawn({
            let lines = lines.clone();
            move || lines.write_to(&mut io::stderr(), GATHER)
        })
        .context("the log cannot be started")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Gatherer(lines.clone()))
        .with_target(false);
    if json.unwrap_or_else(|| !io::stderr().is_terminal()) {
        builder.event_format(json_line::JsonLine).init();
    } else {
        builder.init();
    }
    Ok(Log {
        lines,
        writer: Some(writer),
    })
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.stop();
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

/// Lines between those who say them and the one who writes them.
#[derive(Default)]
struct Lines {
    waiting: Mutex<Waiting>,
    /// Something came where nothing was.
    came: Condvar,
    stopped: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Lines dropped since the last write.
    lost: u64,
    is_stopped: bool,
}

impl Lines {
    fn add(&self, line: &[u8]) {
        let mut waiting = self.waiting.lock();
        let was_empty = waiting.bytes.is_empty();
        if waiting.bytes.len() + line.len() > MAX_WAITING {
            waiting.lost += 1;
            return;
        }
        waiting.bytes.extend_from_slice(line);
        if was_empty {
            self.came.notify_one();
        }
    }

    fn stop(&self) {
        self.waiting.lock().is_stopped = true;
        self.came.notify_one();
        self.stopped.notify_one();
    }

    /// Writes what comes until the log is stopped and nothing waits. An output that cannot be written to loses its lines.
    fn write_to(&self, output: &mut dyn Write, gather: Duration) {
        let mut batch = Vec::new();
        loop {
            let lost = {
                let mut waiting = self.waiting.lock();
                while waiting.bytes.is_empty() && !waiting.is_stopped {
                    self.came.wait(&mut waiting);
                }
                if !waiting.is_stopped {
                    self.stopped.wait_for(&mut waiting, gather);
                }
                std::mem::swap(&mut batch, &mut waiting.bytes);
                std::mem::take(&mut waiting.lost)
            };
            if batch.is_empty() {
                return;
            }
            drop(output.write_all(&batch).and_then(|()| output.flush()));
            batch.clear();
            if lost > 0 {
                tracing::warn!(lost, "lines of the log were lost: nobody read them in time");
            }
        }
    }
}

/// Makes tracing's lines wait in [`Lines`].
struct Gatherer(Arc<Lines>);

impl<'a> MakeWriter<'a> for Gatherer {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

/// Takes one line, which tracing gives whole.
struct Line<'a>(&'a Lines);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn what_waits_is_written_in_order_when_the_log_stops() {
        let lines = Arc::new(Lines::default());
        let writer = std::thread::spawn({
            let lines = lines.clone();
            move || {
                let mut output = Vec::new();
                lines.write_to(&mut output, LONG);
                output
            }
        });
        for number in 0..100 {
            lines.add(format!("{number}\n").as_bytes());
        }
        lines.stop();
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(writer.join().unwrap()).unwrap(), expected);
    }

    #[test]
    fn lines_that_nobody_reads_are_dropped_whole_and_counted() {
        let lines = Lines::default();
        let line = [b'x'; 1 << 10];
        for _ in 0..(MAX_WAITING / line.len() + 3) {
            lines.add(&line);
        }
        let waiting = lines.waiting.lock();
        assert_eq!((waiting.bytes.len(), waiting.lost), (MAX_WAITING, 3));
    }

    #[test]
    fn a_line_is_written_while_the_log_goes_on() {
        struct Told(std::sync::mpsc::Sender<Vec<u8>>);
        impl Write for Told {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.send(bytes.to_vec()).unwrap();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let lines = Arc::new(Lines::default());
        let (tell, told) = std::sync::mpsc::channel();
        let writer = std::thread::spawn({
            let lines = lines.clone();
            move || lines.write_to(&mut Told(tell), GATHER)
        });
        for line in [b"one", b"two"] {
            lines.add(line);
            assert_eq!(told.recv_timeout(LONG).unwrap(), line);
        }
        lines.stop();
        writer.join().unwrap();
    }
}
