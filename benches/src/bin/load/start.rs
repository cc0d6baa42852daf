//! From the start to the first signed answer over a store that is there, and what the server holds when it idles.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use claviger_benches::rounds::median;
use claviger_benches::targets::{Aim, Targets};

use crate::client::well;
use crate::people::Home;

const STARTS: usize = 11;

/// Runs the stage. The server is running again when it is over.
pub(crate) async fn measure(home: &mut Home, targets: &mut Targets) -> Result<()> {
    let mut millis = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..STARTS {
        home.stop().await?;
        let first = home
            .people
            .first()
            .context("somebody")?
            .key
            .sts("GetCallerIdentity", &[])?;
        let begun = Instant::now();
        home.start().await?;
        home.client(1).await?.each(vec![first], well).await?;
        millis.push(begun.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(500)).await;
        idle.push(home.process()?.resident_mib()?);
    }
    println!("\nstarts to the first signed answer: {millis:.1?} ms");
    targets.add(
        "start to the first signed answer",
        Aim::AtMost,
        50.0,
        median(&millis),
        " ms",
    );
    targets.add("idle memory", Aim::AtMost, 30.0, median(&idle), " MiB");
    Ok(())
}
