//! A thousand wrong passwords at once, while others go on asking for themselves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use claviger_benches::rounds::quantile;
use claviger_benches::targets::{Aim, Targets};

use crate::client::{Connection, well};
use crate::people::Home;

const PASSWORD: &str = "Correct-Horse-1-Battery";
/// Attempts at once: few enough that the last of them does not wait until the server turns it away.
const ATTACKERS: usize = 32;
/// Connections that go on asking, each so long after its last answer.
const OTHERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(4);

/// Runs the stage.
pub(crate) async fn measure(home: &mut Home, targets: &mut Targets) -> Result<()> {
    let root = home.root.clone();
    // No more at once than the server lets wait.
    let mut client = home.client(ATTACKERS).await?;
    let create = |name: &str| {
        root.iam(
            "CreateLoginProfile",
            &[("UserName", name), ("Password", PASSWORD)],
        )
    };
    for people in home.people.chunks(250) {
        let requests = people
            .iter()
            .map(|person| create(&person.name))
            .collect::<Result<_>>()?;
        client.all(requests).await?;
    }
    drop(client);
    // What making them took must not count as there before.
    home.stop().await?;
    home.start().await?;
    let mut quiet = Vec::new();
    ask_on(home, Instant::now() + Duration::from_secs(3), &mut quiet).await?;
    let before = home.process()?.resident_mib()?;

    let mut attackers = home.client(ATTACKERS).await?;
    let wrong = |person: &crate::people::Person| {
        person.key.iam(
            "ChangePassword",
            &[
                ("OldPassword", "not-it"),
                ("NewPassword", "Another-Horse-2-Battery"),
            ],
        )
    };
    let attempts = home.people.iter().map(wrong).collect::<Result<Vec<_>>>()?;
    let (count, begun) = (attempts.len(), Instant::now());
    let attack = async {
        let codes = attackers
            .each(attempts, |answer| {
                Ok(answer.text("Code").unwrap_or_default())
            })
            .await;
        (codes, Instant::now())
    };
    let mut latencies = Vec::new();
    let (codes, latest) = {
        let mut attack = std::pin::pin!(attack);
        let mut done = None;
        // In short stretches, so that the asking ends with the attack.
        while done.is_none() {
            let stretch = ask_on(
                home,
                Instant::now() + Duration::from_millis(250),
                &mut latencies,
            );
            tokio::pin!(stretch);
            tokio::select! {
                asked = &mut stretch => asked?,
                ended = &mut attack => { done = Some(ended); stretch.await?; }
            }
        }
        done.context("the attack ends")?
    };
    let mut by_code: BTreeMap<String, usize> = BTreeMap::new();
    for code in codes? {
        *by_code.entry(code).or_default() += 1;
    }
    let seconds = (latest - begun).as_secs_f64();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = home.process()?.resident_mib()?;
    println!("\n{count} wrong passwords in {seconds:.1} s, answered {by_code:?}");
    ensure!(
        !by_code.contains_key("Throttling") && !by_code.contains_key(""),
        "not every attempt was checked"
    );
    let part = |of: &[f64], at| quantile(of, at) * 1e3;
    println!(
        "GetUser while they are checked: {} calls, median {:.2} ms, p99 {:.2} ms, slowest {:.2} ms (without them: median {:.2} ms, p99 {:.2} ms)",
        latencies.len(),
        part(&latencies, 0.5),
        part(&latencies, 0.99),
        part(&latencies, 1.0),
        part(&quiet, 0.5),
        part(&quiet, 0.99),
    );
    println!("resident: {before:.1} MiB before, {after:.1} MiB after");
    targets.add(
        "GetUser's p99 while passwords are checked",
        Aim::AtMost,
        10.0,
        part(&latencies, 0.99),
        " ms",
    );
    targets.add(
        "memory after 1,000 password checks, more than before",
        Aim::AtMost,
        50.0,
        after - before,
        " MiB",
    );
    Ok(())
}

/// Asks for oneself over a few connections until an instant, and notes how long each answer took, in seconds.
async fn ask_on(home: &Home, until: Instant, latencies: &mut Vec<f64>) -> Result<()> {
    let mut tasks = Vec::new();
    for number in 0..OTHERS {
        let mut connection = Connection::open(home.process()?.address).await?;
        let requests = home.people.iter().skip(number).step_by(OTHERS).take(64);
        let requests = requests
            .map(crate::people::Person::get_user)
            .collect::<Result<Vec<_>>>()?;
        tasks.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            for request in requests.iter().cycle() {
                if Instant::now() >= until {
                    break;
                }
                let begun = Instant::now();
                well(&connection.ask(request).await?)?;
                mine.push(begun.elapsed().as_secs_f64());
                tokio::time::sleep(PAUSE).await;
            }
            anyhow::Ok(mine)
        }));
    }
    for task in tasks {
        latencies.extend(task.await??);
    }
    Ok(())
}
