//! The policy simulator: what policies would decide, those of somebody or ones that are written here, without anything
//! being done. An address may carry what is asked, so that other pages lead here; documents are sent by `POST`, as they are too
//! long for addresses.

mod scenario;
mod verdict;

use askama::Template;

use crate::answer::{Answer, page, page_again};
use crate::door::Visit;
use crate::form::Form;
use crate::view::{Frame, fault_text};
use scenario::Scenario;
use verdict::Verdict;

/// What a page of verdicts has.
struct Verdicts {
    rows: Vec<Verdict>,
    /// Where the next page begins.
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "simulator.html")]
struct Simulator<'a> {
    frame: Frame,
    error: Option<String>,
    /// The fields as they were typed.
    typed: &'a Form,
    /// Whether the policies are those written here, and nobody's.
    of_nobody: bool,
    /// Whether the policies written here are in sight.
    written: bool,
    /// What is written of policies, and room for another where that was asked.
    policies: Vec<String>,
    /// The condition keys, with those that policies ask for where that was asked.
    context: String,
    /// Whether the fields that few need are open.
    more: bool,
    verdicts: Option<Verdicts>,
}

/// Policies that can be written beside one another.
const POLICIES: usize = 5;

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let asked = &visit.asked;
    // A form that was sent always says whose policies are asked.
    let typed = if asked.form.ticked("of") {
        &asked.form
    } else {
        &asked.query
    };
    let mut policies: Vec<String> = typed
        .all("policy")
        .filter(|policy| !policy.is_empty())
        .map(str::to_owned)
        .collect();
    let of_nobody = typed.text("of") == "nobody";
    let wants_another = typed.text("do") == "more";
    if (policies.is_empty() || wants_another) && policies.len() < POLICIES {
        policies.push(String::new());
    }
    let mut shown = Simulator {
        frame: Frame::of(&visit, "Policy simulator", "simulator"),
        error: None,
        typed,
        of_nobody,
        written: of_nobody || wants_another || policies.iter().any(|policy| !policy.is_empty()),
        policies,
        context: typed.text("context").to_owned(),
        more: ["boundary", "on", "owner", "caller"]
            .iter()
            .any(|field| typed.filled(field).is_some()),
        verdicts: None,
    };
    let done = if typed.text("do") == "keys" {
        keys(&visit, typed).await.map(|keys| shown.context = keys)
    } else if typed.ticked("actions") {
        decide(&visit, typed)
            .await
            .map(|verdicts| shown.verdicts = Some(verdicts))
    } else {
        Ok(())
    };
    match done {
        Ok(()) => page(&shown),
        Err(fault) => {
            shown.error = Some(fault_text(&fault));
            page_again(&shown)
        }
    }
}

async fn decide(visit: &Visit, typed: &Form) -> Result<Verdicts, claviger_iam::Fault> {
    let simulated = Scenario::read(typed)?.simulate(visit).await?;
    Ok(Verdicts {
        rows: (simulated.evaluation_results.into_iter())
            .map(Verdict::of)
            .collect(),
        next: simulated.end.marker,
    })
}

/// The condition keys as they were typed, with those below that the policies ask for and nobody has typed yet.
async fn keys(visit: &Visit, typed: &Form) -> Result<String, claviger_iam::Fault> {
    let asked_for = scenario::keys(visit, typed).await?;
    let mut lines: Vec<String> = typed.text("context").lines().map(str::to_owned).collect();
    for key in asked_for {
        let is_there = |line: &String| {
            let (typed, _) = line.split_once('=').unwrap_or((line, ""));
            typed.trim().eq_ignore_ascii_case(&key)
        };
        if !lines.iter().any(is_there) {
            lines.push(format!("{key} = "));
        }
    }
    Ok(lines.join("\n"))
}
