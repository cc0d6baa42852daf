//! A store of many users beside one of a hundred, in turn.

use std::time::Instant;

use anyhow::{Context as _, Result};
use claviger_benches::rounds::ratio;
use claviger_benches::targets::{Aim, Targets};

use crate::Plan;
use crate::client::{CONNECTIONS, well};
use crate::people::Home;
use crate::sign::Key;
use crate::throughput::Series;

const SMALL: usize = 100;
const HOT: usize = 1_000;
/// Requests of one turn over all users; each names another.
const UNIFORM: usize = 20_000;

/// What is asked in a turn.
#[derive(Clone, Copy)]
enum Call {
    GetFew,
    GetHot,
    GetAny,
    ListFew,
    ListFirst,
    ListMiddle,
}

/// The turns of a round, and what they are called.
const CALLS: [(Call, &str); 6] = [
    (Call::GetFew, "GetUser, 100 users"),
    (Call::GetHot, "GetUser, hot set of 1,000"),
    (Call::GetAny, "GetUser, all users evenly"),
    (Call::ListFew, "ListUsers, 100 users"),
    (Call::ListFirst, "ListUsers, first page of many"),
    (Call::ListMiddle, "ListUsers, a page in the middle"),
];

/// Runs the stage.
pub(crate) async fn measure(plan: &Plan, targets: &mut Targets) -> Result<()> {
    let (small, large) = (Home::empty(plan).await?, Home::empty(plan).await?);
    let names: Vec<String> = (0..plan.large)
        .map(|number| format!("person-{number:06}"))
        .collect();
    small
        .make_users(names.get(..SMALL).context("so many names")?)
        .await?;
    let begun = Instant::now();
    large.make_users(&names).await?;
    let rate = names.len() as f64 / begun.elapsed().as_secs_f64();
    println!("\n{} users made at {rate:.0} a second", names.len());
    let (small_admin, large_admin) = (
        small.make_administrator().await?,
        large.make_administrator().await?,
    );
    let middle = marker(&large, &large_admin, plan.large / 2).await?;

    let mut clients = (
        small.client(CONNECTIONS).await?,
        large.client(CONNECTIONS).await?,
    );
    let hot: Vec<&String> = scattered(plan.large)
        .take(HOT)
        .filter_map(|at| names.get(at))
        .collect();
    let few: Vec<&String> = names.iter().take(SMALL).collect();
    let mut series: [Series; 6] = Default::default();
    for round in 0..=plan.rounds {
        for ((call, title), series) in CALLS.into_iter().zip(&mut series) {
            if plan.call.as_deref().is_some_and(|only| only != title) {
                continue;
            }
            let (of, client, key) = match call {
                Call::GetFew | Call::ListFew => (small.process()?, &mut clients.0, &small_admin),
                _ => (large.process()?, &mut clients.1, &large_admin),
            };
            let requests = || match call {
                Call::GetFew => get_users(key, &few),
                Call::GetHot => get_users(key, &hot),
                Call::GetAny => {
                    let any = scattered(plan.large).skip(round * UNIFORM).take(UNIFORM);
                    let any: Vec<&String> = any.filter_map(|at| names.get(at)).collect();
                    get_users(key, &any)
                }
                Call::ListFew | Call::ListFirst => {
                    Ok(vec![key.iam("ListUsers", &[("MaxItems", "100")])?])
                }
                Call::ListMiddle => {
                    let parameters = [("MaxItems", "100"), ("Marker", middle.as_str())];
                    Ok(vec![key.iam("ListUsers", &parameters)?])
                }
            };
            if matches!(call, Call::GetFew | Call::GetHot) {
                // What the last round's turn over all users has driven out of the cache is hot again before it counts.
                for _ in 0..3 {
                    client.all(requests()?).await?;
                }
            }
            series.turn(of, client, requests()?, plan.turn).await?;
        }
        if round == 0 {
            series = Default::default();
        }
    }
    for ((_, title), series) in CALLS.iter().zip(&series) {
        println!("{title:<34} {}", series.line());
    }
    let [get_few, get_hot, get_any, list_few, list_first, list_middle] = &series;
    let count = names.len();
    let mut add = |what: &str, of: &Series, to: &Series| {
        let ratio = ratio(&of.processor_us, &to.processor_us);
        targets.add(
            format!("{what} at {count} users, of at {SMALL}"),
            Aim::AtMost,
            1.3,
            ratio,
            " ×",
        );
    };
    add("GetUser, hot set:", get_hot, get_few);
    add("ListUsers, first page:", list_first, list_few);
    add("ListUsers, middle page:", list_middle, list_few);
    println!(
        "GetUser over all users evenly: {:.2} × the cost at {SMALL}",
        ratio(&get_any.processor_us, &get_few.processor_us)
    );
    crate::report::measure(&large, &large_admin, count, targets).await?;
    let resident = large.process()?.resident_mib()?;
    targets.add(
        format!("memory at {count} users, after all this"),
        Aim::AtMost,
        150.0,
        resident,
        " MiB",
    );
    Ok(())
}

fn get_users(key: &Key, names: &[&String]) -> Result<Vec<Vec<u8>>> {
    names
        .iter()
        .map(|name| key.iam("GetUser", &[("UserName", name)]))
        .collect()
}

/// Every place below `count` in an order without rhyme, for ever.
fn scattered(count: usize) -> impl Iterator<Item = usize> {
    // A prime that divides no round number of users, so that every place comes once before any comes again.
    (0..).map(move |step: usize| step.wrapping_mul(7_368_787) % count)
}

/// The marker of the page that begins after about so many users.
async fn marker(home: &Home, key: &Key, after: usize) -> Result<String> {
    let mut client = home.client(1).await?;
    let mut marker: Option<String> = None;
    for _ in 0..after.div_ceil(1_000) {
        let mut parameters = vec![("MaxItems", "1000")];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let pages = client.each(vec![key.iam("ListUsers", &parameters)?], |answer| {
            well(answer)?;
            answer.text("Marker").context("more pages")
        });
        marker = pages.await?.into_iter().next();
    }
    marker.context("a marker")
}
