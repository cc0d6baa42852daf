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
    let page = |key: &Key| anyhow::Ok(vec![key.iam("ListUsers", &[("MaxItems", "100")])?]);
    let (mut get_small, mut get_hot, mut get_any) =
        (Series::default(), Series::default(), Series::default());
    let (mut list_small, mut list_large, mut list_middle) =
        (Series::default(), Series::default(), Series::default());
    for round in 0..=plan.rounds {
        let any: Vec<&String> = scattered(plan.large)
            .skip(round * UNIFORM)
            .take(UNIFORM)
            .filter_map(|at| names.get(at))
            .collect();
        let (of_small, of_large) = (small.process()?, large.process()?);
        get_small
            .turn(
                of_small,
                &mut clients.0,
                get_users(&small_admin, &few)?,
                plan.turn,
            )
            .await?;
        // What the last round's turn over all users has driven out of the cache is hot again before it counts.
        clients.1.all(get_users(&large_admin, &hot)?).await?;
        get_hot
            .turn(
                of_large,
                &mut clients.1,
                get_users(&large_admin, &hot)?,
                plan.turn,
            )
            .await?;
        list_small
            .turn(of_small, &mut clients.0, page(&small_admin)?, plan.turn)
            .await?;
        list_large
            .turn(of_large, &mut clients.1, page(&large_admin)?, plan.turn)
            .await?;
        let from_middle =
            large_admin.iam("ListUsers", &[("MaxItems", "100"), ("Marker", &middle)])?;
        list_middle
            .turn(of_large, &mut clients.1, vec![from_middle], plan.turn)
            .await?;
        get_any
            .turn(
                of_large,
                &mut clients.1,
                get_users(&large_admin, &any)?,
                plan.turn,
            )
            .await?;
        if round == 0 {
            for series in [
                &mut get_small,
                &mut get_hot,
                &mut get_any,
                &mut list_small,
                &mut list_large,
                &mut list_middle,
            ] {
                *series = Series::default();
            }
        }
    }
    for (what, series) in [
        ("GetUser, 100 users", &get_small),
        ("GetUser, hot set of 1,000", &get_hot),
        ("GetUser, all users evenly", &get_any),
        ("ListUsers, 100 users", &list_small),
        ("ListUsers, first page of many", &list_large),
        ("ListUsers, a page in the middle", &list_middle),
    ] {
        println!("{what:<34} {}", series.line());
    }
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
    add("GetUser, hot set:", &get_hot, &get_small);
    add("ListUsers, first page:", &list_large, &list_small);
    add("ListUsers, middle page:", &list_middle, &list_small);
    println!(
        "GetUser over all users evenly: {:.2} × the cost at {SMALL}",
        ratio(&get_any.processor_us, &get_small.processor_us)
    );
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
