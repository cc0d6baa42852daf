//! The load program: drives a real `claviger serve` and a yardstick over loopback in turn, and prints ratios.
//!
//! `load SERVER YARDSTICK [--quick] [--only throughput|start|large|passwords|credentials] [--call NAME] [--log FILTER]`: the two programs to
//! drive; `--call` lets `throughput` make one call alone, for a profiler; `--log` sets what the server logs. It keeps to
//! loopback and to a folder of its own, is bounded in number and time, and stops what it has started.

mod client;
mod credentials;
mod large;
mod passwords;
mod people;
mod process;
mod report;
mod sign;
mod start;
mod throughput;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use claviger_benches::targets::Targets;

/// How much is measured.
pub(crate) struct Plan {
    /// The server's program.
    pub(crate) server: PathBuf,
    /// The yardstick's program.
    pub(crate) yardstick: PathBuf,
    /// Rounds of turns; the median counts.
    pub(crate) rounds: usize,
    /// Seconds a turn.
    pub(crate) turn: f64,
    /// Users of the large store.
    pub(crate) large: usize,
    /// Users whose keys and devices are made in each round.
    pub(crate) owners: usize,
    /// The one call that `throughput` makes.
    pub(crate) call: Option<String>,
    /// What the server logs; its default where absent.
    pub(crate) log: Option<String>,
    only: Option<String>,
}

impl Plan {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = arguments.peekable();
        let mut program = |what: &'static str| arguments.next().map(PathBuf::from).context(what);
        let mut plan = Self {
            server: program("the server's program comes first")?,
            yardstick: program("the yardstick's program comes second")?,
            rounds: 7,
            turn: 1.5,
            large: 100_000,
            owners: 1_500,
            call: None,
            log: None,
            only: None,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    (plan.rounds, plan.turn) = (3, 0.5);
                    (plan.large, plan.owners) = (10_000, 500);
                }
                "--only" => plan.only = Some(arguments.next().context("--only names a stage")?),
                "--call" => plan.call = Some(arguments.next().context("--call names a call")?),
                "--log" => plan.log = Some(arguments.next().context("--log has a filter")?),
                other => bail!("unknown argument `{other}`"),
            }
        }
        Ok(plan)
    }

    fn wants(&self, stage: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == stage)
    }
}

/// One thread: what the client costs is taken from the same two cores as the server.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let plan = Plan::read(std::env::args().skip(1))?;
    let mut targets = Targets::new();
    if ["throughput", "start", "passwords"]
        .into_iter()
        .any(|stage| plan.wants(stage))
    {
        let mut home = people::Home::with_users(&plan, 1_000).await?;
        if plan.wants("throughput") {
            throughput::measure(&plan, &home, &mut targets).await?;
        }
        if plan.wants("start") {
            start::measure(&mut home, &mut targets).await?;
        }
        if plan.wants("passwords") {
            passwords::measure(&mut home, &mut targets).await?;
        }
    }
    if plan.wants("credentials") {
        credentials::measure(&plan, &mut targets).await?;
    }
    if plan.wants("large") {
        large::measure(&plan, &mut targets).await?;
    }
    print!("{}", targets.table());
    Ok(())
}
