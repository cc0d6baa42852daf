//! What operations on keys and devices cost, against the like operation on users in the same run: processor time of the
//! server, `CreateUser` beside what writes and `GetUser` beside what reads.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use claviger_benches::rounds::ratio;
use claviger_benches::targets::{Aim, Targets};
use data_encoding::{BASE32, BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::Plan;
use crate::client::{CONNECTIONS, Client, well};
use crate::people::{ACCOUNT, Home};
use crate::process::Process;
use crate::sign::Key;
use crate::throughput::Series;

const SSH_KEY: &str = include_str!("../../../../tests/credentials/rsa.pub");

/// Of the foundation's like operation: as much as that, but for what such a ratio swings by.
const MOST: f64 = 1.3;

const WRITES: [&str; 6] = [
    "CreateUser",
    "UploadSSHPublicKey",
    "CreateAccessKey",
    "CreateVirtualMFADevice",
    "EnableMFADevice",
    "CreateServiceSpecificCredential",
];
const READS: [&str; 6] = [
    "GetUser",
    "ListAccessKeys",
    "ListMFADevices",
    "GetSSHPublicKey",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
];

/// A user of one round, with what is told when credentials are made.
struct Owner {
    name: String,
    ssh_key: String,
    seed: String,
}

impl Owner {
    fn write(&self, root: &Key, call: &str) -> Result<Vec<u8>> {
        let user = ("UserName", self.name.as_str());
        match call {
            "UploadSSHPublicKey" => root.iam(call, &[user, ("SSHPublicKeyBody", SSH_KEY)]),
            "CreateVirtualMFADevice" => root.iam(call, &[("VirtualMFADeviceName", &self.name)]),
            "EnableMFADevice" => {
                let serial = format!("arn:aws:iam::{ACCOUNT}:mfa/{}", self.name);
                let [before, now] = codes(&self.seed)?;
                let device = [
                    user,
                    ("SerialNumber", &serial),
                    ("AuthenticationCode1", &before),
                    ("AuthenticationCode2", &now),
                ];
                root.iam(call, &device)
            }
            "CreateServiceSpecificCredential" => {
                root.iam(call, &[user, ("ServiceName", "codecommit.amazonaws.com")])
            }
            _ => root.iam(call, &[user]),
        }
    }

    fn read(&self, root: &Key, call: &str) -> Result<Vec<u8>> {
        let user = ("UserName", self.name.as_str());
        if call == "GetSSHPublicKey" {
            let key = ("SSHPublicKeyId", self.ssh_key.as_str());
            return root.iam(call, &[user, key, ("Encoding", "SSH")]);
        }
        root.iam(call, &[user])
    }

    /// Keeps what an answer told.
    fn learn(&mut self, call: &str, told: String) {
        match call {
            "UploadSSHPublicKey" => self.ssh_key = told,
            "CreateVirtualMFADevice" => self.seed = told,
            _ => {}
        }
    }
}

/// The codes of the last step and of this one (RFC 6238).
#[expect(
    clippy::disallowed_methods,
    reason = "a load program is a binary and reads the clock itself"
)]
fn codes(seed: &str) -> Result<[String; 2]> {
    let seed = BASE32.decode(&BASE64.decode(seed.as_bytes())?)?;
    let step = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 30;
    let code = |step: u64| -> Result<String> {
        let mut mac = Hmac::<Sha1>::new_from_slice(&seed)?;
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest.last().copied().unwrap_or(0) & 15);
        let four = digest.get(at..at + 4).context("four bytes")?;
        let number = u32::from_be_bytes(four.try_into()?) & 0x7fff_ffff;
        Ok(format!("{:06}", number % 1_000_000))
    };
    Ok([code(step - 1)?, code(step)?])
}

/// Sends one write for each owner, and keeps what it cost and what was told.
async fn write(
    series: &mut Series,
    process: &Process,
    client: &mut Client,
    root: &Key,
    call: &'static str,
    owners: &mut [Owner],
) -> Result<()> {
    let requests = owners.iter().map(|owner| owner.write(root, call));
    let requests = requests.collect::<Result<Vec<_>>>()?;
    let before = process.processor_seconds()?;
    let told = client.each(requests, move |answer| {
        well(answer)?;
        let field = match call {
            "UploadSSHPublicKey" => "SSHPublicKeyId",
            "CreateVirtualMFADevice" => "Base32StringSeed",
            _ => return Ok(String::new()),
        };
        answer.text(field).context(field)
    });
    let told = told.await?;
    let used = process.processor_seconds()? - before;
    ensure!(
        told.len() == owners.len(),
        "an answer for each of the requests"
    );
    series.processor_us.push(used * 1e6 / told.len() as f64);
    for (owner, told) in owners.iter_mut().zip(told) {
        owner.learn(call, told);
    }
    Ok(())
}

/// Runs the stage.
pub(crate) async fn measure(plan: &Plan, targets: &mut Targets) -> Result<()> {
    let home = Home::empty(plan).await?;
    let root = home.make_administrator().await?;
    let mut client = home.client(CONNECTIONS).await?;
    let process = home.process()?;
    let mut series: [Series; WRITES.len() + READS.len()] = Default::default();
    // The first round warms up and is thrown away.
    for round in 0..=plan.rounds {
        let owner = |number: usize| Owner {
            name: format!("owner-{round:02}-{number:05}"),
            ssh_key: String::new(),
            seed: String::new(),
        };
        let mut owners: Vec<Owner> = (0..plan.owners).map(owner).collect();
        let (writes, reads) = series.split_at_mut(WRITES.len());
        for (call, series) in WRITES.into_iter().zip(writes) {
            write(series, process, &mut client, &root, call, &mut owners).await?;
        }
        for (call, series) in READS.into_iter().zip(reads) {
            let requests = owners.iter().map(|owner| owner.read(&root, call));
            let requests = requests.collect::<Result<Vec<_>>>()?;
            series
                .turn(process, &mut client, requests, plan.turn)
                .await?;
        }
        if round == 0 {
            series = Default::default();
        }
    }
    println!(
        "\nkeys and devices of {} users a round; processor time of the server a request",
        plan.owners
    );
    let (writes, reads) = series.split_at(WRITES.len());
    for (calls, series) in [(WRITES, writes), (READS, reads)] {
        let [foundation, ..] = calls;
        let Some(first) = series.first() else {
            continue;
        };
        for (call, series) in calls.into_iter().zip(series) {
            let of = ratio(&series.processor_us, &first.processor_us);
            println!(
                "{call:<32} {:>7.1} µs   {of:.2} × {foundation}",
                series.processor()
            );
            if call != foundation {
                targets.add(
                    format!("{call}: processor time, of {foundation}"),
                    Aim::AtMost,
                    MOST,
                    of,
                    " ×",
                );
            }
        }
    }
    Ok(())
}
