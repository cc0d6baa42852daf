//! The credential report of many users: how long its making and its sending take, and what they do to memory.

use std::time::Instant;

use anyhow::{Result, ensure};
use claviger_benches::targets::{Aim, Targets};

use crate::client::well;
use crate::people::Home;
use crate::sign::Key;

/// Reports made; the slowest counts, so that the first, which finds nothing ready, is not hidden.
const TURNS: usize = 3;

/// Runs the stage against a store of so many users.
pub(crate) async fn measure(
    home: &Home,
    key: &Key,
    users: usize,
    targets: &mut Targets,
) -> Result<()> {
    let mut client = home.client(1).await?;
    let before = home.process()?.resident_mib()?;
    let (mut slowest, mut most, mut bytes) = (0.0_f64, before, 0);
    for turn in 1..=TURNS {
        let begun = Instant::now();
        let ask = vec![key.iam("GenerateCredentialReport", &[])?];
        client.each(ask, well).await?;
        let made = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let get = vec![key.iam("GetCredentialReport", &[])?];
        let sizes = client.each(get, |answer| {
            well(answer)?;
            Ok(answer.text("Content").map_or(0, |content| content.len()))
        });
        bytes = sizes.await?.into_iter().next().unwrap_or(0) / 4 * 3;
        let sent = begun.elapsed().as_secs_f64();
        let resident = home.process()?.resident_mib()?;
        println!(
            "credential report {turn} of {users} users: made in {made:.2} s, sent in {sent:.2} s, {resident:.0} MiB resident (before: {before:.0})"
        );
        (slowest, most) = (slowest.max(made), most.max(resident));
    }
    ensure!(
        bytes > users * 150,
        "a report of {bytes} bytes does not tell of {users} users"
    );
    println!("the report has {:.1} MB", bytes as f64 / 1e6);
    targets.add(
        format!("credential report of {users} users"),
        Aim::AtMost,
        5.0,
        slowest,
        " s",
    );
    targets.add(
        format!("memory that making and sending it adds at {users} users"),
        Aim::AtMost,
        16.0,
        most - before,
        " MiB",
    );
    Ok(())
}
