//! GetCallerIdentity, GetUser and SimulatePrincipalPolicy by a thousand users, against the yardstick.

use anyhow::Result;
use claviger_benches::rounds::{median, ratio};
use claviger_benches::targets::{Aim, Targets};

use crate::Plan;
use crate::client::{CONNECTIONS, Client};
use crate::people::{Home, Person};
use crate::process::Process;

/// What is asked: its name, and the call of a person for themselves.
type Call = (&'static str, fn(&Person) -> Result<Vec<u8>>);

const CALLS: [Call; 3] = [
    ("GetCallerIdentity", |person| {
        person.key.sts("GetCallerIdentity", &[])
    }),
    ("GetUser", Person::get_user),
    ("SimulatePrincipalPolicy", |person| {
        person.key.iam(
            "SimulatePrincipalPolicy",
            &[
                ("PolicySourceArn", &person.arn()),
                ("ActionNames.member.1", "ec2:DescribeInstances"),
            ],
        )
    }),
];

/// Requests a second and processor time a request, a round each.
#[derive(Default)]
pub(crate) struct Series {
    pub(crate) a_second: Vec<f64>,
    pub(crate) processor_us: Vec<f64>,
}

impl Series {
    /// One turn of these requests.
    pub(crate) async fn turn(
        &mut self,
        process: &Process,
        client: &mut Client,
        requests: Vec<Vec<u8>>,
        seconds: f64,
    ) -> Result<()> {
        let before = process.processor_seconds()?;
        let turn = client.repeat(requests, seconds).await?;
        let used = process.processor_seconds()? - before;
        self.a_second.push(turn.requests as f64 / turn.seconds);
        self.processor_us.push(used * 1e6 / turn.requests as f64);
        Ok(())
    }

    /// The median processor time, in microseconds.
    pub(crate) fn processor(&self) -> f64 {
        median(&self.processor_us)
    }

    /// The medians, as a line of text.
    pub(crate) fn line(&self) -> String {
        format!(
            "{:>7.0} a second {:>6.1} µs",
            median(&self.a_second),
            median(&self.processor_us)
        )
    }
}

/// Runs the stage.
pub(crate) async fn measure(plan: &Plan, home: &Home, targets: &mut Targets) -> Result<()> {
    let mut yardstick = Process::yardstick(&plan.yardstick)?;
    yardstick.ready().await?;
    let mut bare_client = Client::open(yardstick.address, CONNECTIONS).await?;
    let mut client = home.client(CONNECTIONS).await?;
    let server = home.process()?;
    let calls: Vec<Call> = CALLS
        .into_iter()
        .filter(|(name, _)| plan.call.as_deref().is_none_or(|only| only == *name))
        .collect();
    let mut measured: Vec<(Series, Series)> = calls.iter().map(|_| Default::default()).collect();
    // The first round warms up and is thrown away.
    for round in 0..=plan.rounds {
        for ((_, call), (ours, bare)) in calls.iter().zip(&mut measured) {
            let requests = || home.people.iter().map(call).collect::<Result<Vec<_>>>();
            bare.turn(&yardstick, &mut bare_client, requests()?, plan.turn)
                .await?;
            ours.turn(server, &mut client, requests()?, plan.turn)
                .await?;
        }
        if round == 0 {
            measured
                .iter_mut()
                .for_each(|pair| *pair = Default::default());
        }
    }
    println!(
        "\n{} users, {CONNECTIONS} connections; processor time of the server a request",
        home.people.len()
    );
    for ((name, _), (ours, bare)) in calls.iter().zip(&measured) {
        let (a_second, processor) = (
            ratio(&ours.a_second, &bare.a_second),
            ratio(&ours.processor_us, &bare.processor_us),
        );
        println!(
            "{name:<24} {}   yardstick {}   {a_second:.2} × the requests, {processor:.2} × the processor time",
            ours.line(),
            bare.line()
        );
        if *name != "SimulatePrincipalPolicy" {
            targets.add(
                format!("{name}: requests a second, of the yardstick"),
                Aim::AtLeast,
                0.5,
                a_second,
                " ×",
            );
            targets.add(
                format!("{name}: processor time, of the yardstick"),
                Aim::AtMost,
                2.0,
                processor,
                " ×",
            );
        }
    }
    if let [_, (get_user, _), (simulate, _)] = measured.as_slice() {
        let of = ratio(&simulate.processor_us, &get_user.processor_us);
        targets.add(
            "SimulatePrincipalPolicy: processor time, of GetUser",
            Aim::AtMost,
            3.0,
            of,
            " ×",
        );
    }
    println!("resident after it: {:.1} MiB", server.resident_mib()?);
    Ok(())
}
