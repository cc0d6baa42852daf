//! Durable commits of the size of CreateUser: one writer, sixteen writers, and a bare driver that writes the same rows and
//! bytes with one sync for all that waits.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use claviger_benches::rounds::{median, ratio};
use claviger_benches::targets::{Aim, Targets};

#[path = "store/bare.rs"]
mod bare;
#[path = "store/ours.rs"]
mod ours;

use bare::Bare;
use ours::Ours;

/// Rounds; each makes four new databases.
const ROUNDS: usize = 9;
/// Commits of one writer, and of sixteen.
const ALONE: usize = 1_500;
const TOGETHER: usize = 8_000;
const WRITERS: usize = 16;

/// Something that commits.
trait Commits: Send + Sync + 'static {
    /// Makes the user of this number, durably.
    fn commit(&self, number: usize) -> impl Future<Output = Result<()>> + Send;
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut rates: [Vec<f64>; 4] = Default::default();
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let (one, sixteen) = (at("one"), at("sixteen"));
        let mut measured = [0.0; 4];
        measured[0] = ours(&one, 1, ALONE).await?;
        measured[1] = ours(&sixteen, WRITERS, TOGETHER).await?;
        let rows = bare::rows(&sixteen.join("claviger.db"), TOGETHER)?;
        let commits = Arc::new(rows);
        measured[2] = bare(&at("bare-one"), &sixteen, &commits, 1, ALONE).await?;
        measured[3] = bare(&at("bare-sixteen"), &sixteen, &commits, WRITERS, TOGETHER).await?;
        if round == 0 {
            println!(
                "a commit: {} rows, {} bytes in them",
                commits.rows_each(),
                commits.bytes_each()
            );
        }
        println!(
            "round {round}: {:.0} a second alone, {:.0} from sixteen; bare {:.0} alone, {:.0} from sixteen",
            measured[0], measured[1], measured[2], measured[3]
        );
        for (rates, measured) in rates.iter_mut().zip(measured) {
            rates.push(measured);
        }
    }
    let [one, sixteen, bare_one, bare_sixteen] = &rates;
    println!(
        "medians: {:.0} and {:.0} a second; bare {:.0} and {:.0}",
        median(one),
        median(sixteen),
        median(bare_one),
        median(bare_sixteen)
    );
    let mut targets = Targets::new();
    targets.add(
        "16 writers, of one writer",
        Aim::AtLeast,
        3.0,
        ratio(sixteen, one),
        " ×",
    );
    targets.add(
        "16 writers, of the bare driver",
        Aim::AtLeast,
        1.0 / 3.0,
        ratio(sixteen, bare_sixteen),
        " ×",
    );
    print!("{}", targets.table());
    Ok(())
}

/// Commits a second of the store in a new folder.
async fn ours(folder: &Path, writers: usize, commits: usize) -> Result<f64> {
    let store = Arc::new(Ours::open(folder).await?);
    let rate = drive(&store, writers, commits).await?;
    let store = Arc::into_inner(store).context("the writers have ended")?;
    store.close().await?;
    Ok(rate)
}

/// Commits a second of the bare driver in a new folder, over the schema of a store that is there.
async fn bare(
    folder: &Path,
    like: &Path,
    rows: &Arc<bare::Commits>,
    writers: usize,
    commits: usize,
) -> Result<f64> {
    let bare = Arc::new(Bare::open(folder, &like.join("claviger.db"), rows.clone())?);
    let rate = drive(&bare, writers, commits).await?;
    Arc::into_inner(bare)
        .context("the writers have ended")?
        .close()?;
    Ok(rate)
}

async fn drive<C: Commits>(target: &Arc<C>, writers: usize, commits: usize) -> Result<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (target, next) = (target.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= commits {
                        return anyhow::Ok(());
                    }
                    target.commit(number).await?;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(commits as f64 / begun.elapsed().as_secs_f64())
}
