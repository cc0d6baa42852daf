//! Exporting audit events as JSON lines: one CloudTrail record a line, appended to a file.
//!
//! At least once: how far the export has come is kept in a file of its own beside the first, so that nothing is left out
//! after a crash or a full disk. The last minutes may be written again then; `eventID` tells repetitions apart.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claviger_model::{Clock, Timestamp};
use claviger_store::{Event, EventQuery, Scope, Store};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How often new events are looked for.
const INTERVAL: Duration = Duration::from_secs(1);
/// An event's time is that of its request, so an event may appear this much later than one with a later time.
const OVERLAP_SECONDS: i64 = 60;
const PAGE: usize = 500;

/// A running export.
pub(crate) struct Exporter {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Writes what is still missing, and ends.
    pub(crate) async fn finish(self) {
        self.stop.notify_one();
        drop(self.task.await);
    }
}

/// Where the position is kept.
fn position_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".position");
    PathBuf::from(name)
}

/// Starts exporting from where the last export ended; from now on where there was none.
pub(crate) fn start(
    path: PathBuf,
    store: Store,
    clock: Arc<dyn Clock>,
) -> Result<Exporter, String> {
    let position = position_file(&path);
    let since = match std::fs::read_to_string(&position) {
        Ok(text) => Timestamp::parse_extended(text.trim()).ok_or_else(|| {
            format!(
                "{} holds no instant: write one such as 2026-01-02T03:04:05Z into it to export from there",
                position.display()
            )
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let now = clock.now();
            keep_position(&position, now)
                .map_err(|error| format!("{} cannot be written: {error}", position.display()))?;
            now
        }
        Err(error) => return Err(format!("{} cannot be read: {error}", position.display())),
    };
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        let mut state = State {
            path,
            store,
            position,
            since,
            written: HashSet::new(),
        };
        loop {
            let last = tokio::time::timeout(INTERVAL, stopped.notified())
                .await
                .is_ok();
            if let Err(error) = state.step(clock.now()).await {
                tracing::error!(
                    error = format!("{error:#}"),
                    "audit events could not be exported; trying again"
                );
            }
            if last {
                return;
            }
        }
    });
    Ok(Exporter { stop, task })
}

/// Replaces the position, so that a crash leaves the old one or the new one.
fn keep_position(file: &Path, at: Timestamp) -> std::io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    std::fs::write(&new, format!("{at}\n"))?;
    std::fs::File::open(&new)?.sync_all()?;
    std::fs::rename(&new, file)
}

struct State {
    path: PathBuf,
    store: Store,
    position: PathBuf,
    since: Timestamp,
    /// Ids of the events written whose time lies in the overlap.
    written: HashSet<(Timestamp, String)>,
}

impl State {
    async fn step(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let from = self.since.plus_seconds(-OVERLAP_SECONDS);
        let mut unit = self.store.unit(&[Scope::Global]).await?;
        let accounts = claviger_iam::first_account::accounts(&mut unit).await?;
        let mut fresh: Vec<Event> = Vec::new();
        for account in accounts {
            let mut query = EventQuery {
                from: Some(from),
                limit: PAGE,
                ..EventQuery::default()
            };
            loop {
                let page = self.store.events(account.scope, &query).await?;
                fresh.extend(
                    page.events
                        .into_iter()
                        .filter(|event| !self.written.contains(&(event.time, event.id.clone()))),
                );
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
        }
        if !fresh.is_empty() {
            fresh.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
            self.append(&fresh).await?;
            keep_position(&self.position, now)?;
            self.written
                .extend(fresh.into_iter().map(|event| (event.time, event.id)));
        }
        self.since = now;
        let keep = now.plus_seconds(-2 * OVERLAP_SECONDS);
        self.written.retain(|(time, _)| *time >= keep);
        Ok(())
    }

    async fn append(&self, events: &[Event]) -> anyhow::Result<()> {
        let mut lines = String::new();
        for event in events {
            lines.push_str(&event.body.to_string());
            lines.push('\n');
        }
        let mut file = tokio::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .await?;
        file.write_all(lines.as_bytes()).await?;
        file.sync_data().await?;
        Ok(())
    }
}
