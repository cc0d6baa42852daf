//! Programs that are started, watched through `/proc`, and stopped.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// Ticks of processor time a second in `/proc`. Linux tells programs 100 whatever it counts in.
const TICKS: f64 = 100.0;

/// A program that listens. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a server over this folder. Its log is kept beside the data, as a server's log is kept.
    pub(crate) fn server(
        program: &Path,
        data: &Path,
        settings: &BTreeMap<&str, String>,
    ) -> Result<Self> {
        let address = free_address()?;
        let log = |name: &str| File::create(data.with_extension(name));
        let child = Command::new(program)
            .arg("serve")
            .arg("--listen")
            .arg(address.to_string())
            .arg("--data-dir")
            .arg(data)
            .env_remove("RUST_LOG")
            .envs(settings)
            .stdin(Stdio::null())
            .stdout(log("out")?)
            .stderr(log("log")?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, address })
    }

    /// Starts the yardstick.
    pub(crate) fn yardstick(program: &Path) -> Result<Self> {
        let address = free_address()?;
        let child = Command::new(program)
            .arg(address.to_string())
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, address })
    }

    /// Waits until somebody listens.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        for _ in 0..20_000 {
            if tokio::net::TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the program ended: {status}");
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        bail!("nobody listens at {}", self.address)
    }

    /// Processor time that the program has used, in seconds.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        let stat = self.proc("stat")?;
        // The name of the program stands in brackets and may hold blanks.
        let (_, fields) = stat.rsplit_once(')').context("a stat line")?;
        let ticks: f64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Ok(ticks / TICKS)
    }

    /// Memory that the program has in its hands, in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line
            .and_then(|line| line.split_whitespace().next())
            .context("a line VmRSS")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    fn proc(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(format!(
            "/proc/{}/{name}",
            self.child.id()
        ))?)
    }

    /// Asks the program to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status()?;
        if !asked.success() {
            bail!("the program could not be told to stop");
        }
        for _ in 0..3_000 {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("the program ended badly: {status}");
                }
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the program did not stop")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already, which is as well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
