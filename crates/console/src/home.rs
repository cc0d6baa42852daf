//! The first page: where somebody stands, and what should be done next.

use askama::Template;
use claviger_iam::operation::account::GetAccountSummary;
use claviger_model::Code;

use crate::answer::{Answer, page};
use crate::credentials::{Key, keys};
use crate::door::Visit;
use crate::view::{Frame, When};

/// Days before its end at which a password's owner is told.
const NOTICE_DAYS: i64 = 15;
/// Days after which an access key is called old (CIS AWS Foundations, 2.14).
pub(crate) const OLD_KEY_DAYS: i64 = 90;

/// Something to do, or something done.
struct Advice {
    good: bool,
    text: String,
    link: &'static str,
    label: &'static str,
}

/// A number of the account's.
struct Count {
    label: &'static str,
    number: i32,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    advice: Vec<Advice>,
    counts: Vec<Count>,
    sign_in_address: String,
    mfa: bool,
    opened: When,
    source_ip: String,
}

async fn advice(visit: &Visit) -> Vec<Advice> {
    let root = visit.user_name().is_none();
    let mut advice = Vec::new();
    let has_mfa = !visit.at.mfa_devices().is_empty();
    advice.push(Advice {
        good: has_mfa,
        text: match has_mfa {
            true => String::from("You have an MFA device."),
            false => {
                String::from("You have no MFA device: your password is all that protects you.")
            }
        },
        link: "/console/credentials/mfa/new",
        label: "Assign one",
    });
    if let Ok(held) = keys(visit).await {
        advice.extend(key_advice(&held, root));
    }
    if let Some(expires) = visit.at.password_expires() {
        let days = expires.seconds_since(visit.asked.facts.now) / 86_400;
        if days < NOTICE_DAYS {
            advice.push(Advice {
                good: false,
                text: match days {
                    ..=0 => String::from("Your password expires today."),
                    1 => String::from("Your password expires tomorrow."),
                    days => format!("Your password expires in {days} days."),
                },
                link: "/console/credentials/password",
                label: "Change it",
            });
        }
    }
    advice
}

fn key_advice(held: &[Key], root: bool) -> Option<Advice> {
    let active: Vec<&Key> = held.iter().filter(|key| key.active).collect();
    if root {
        let none = active.is_empty();
        return Some(Advice {
            good: none,
            text: match none {
                true => String::from("The root user has no active access key."),
                false => String::from(
                    "The root user has an active access key. Create a user for what it is used for, and delete it.",
                ),
            },
            link: "/console/credentials",
            label: "See it",
        });
    }
    let old = active.iter().filter(|key| key.days > OLD_KEY_DAYS).count();
    (!active.is_empty()).then(|| Advice {
        good: old == 0,
        text: match old {
            0 => format!("None of your access keys is older than {OLD_KEY_DAYS} days."),
            1 => format!("One of your access keys is older than {OLD_KEY_DAYS} days."),
            old => format!("{old} of your access keys are older than {OLD_KEY_DAYS} days."),
        },
        link: "/console/credentials",
        label: "See them",
    })
}

/// The numbers of the account, where they may be seen.
async fn counts(visit: &Visit) -> Result<Vec<Count>, claviger_iam::Fault> {
    let summary = match visit.call(&GetAccountSummary {}).await {
        Ok(summary) => summary.summary_map,
        Err(fault) if fault.code() == Code::AccessDenied => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    Ok([
        ("Users", "Users"),
        ("Groups", "Groups"),
        ("Roles", "Roles"),
        ("Policies", "Policies"),
        ("MFADevicesInUse", "MFA devices in use"),
    ]
    .into_iter()
    .filter_map(|(key, label)| {
        let number = *summary.get(key)?;
        Some(Count { label, number })
    })
    .collect())
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.at.session();
    let now = visit.asked.facts.now;
    page(&Home {
        frame: Frame::of(&visit, "Home", "home"),
        advice: advice(&visit).await,
        counts: counts(&visit).await?,
        sign_in_address: format!(
            "{}/signin/{}",
            visit.asked.door.site.address,
            visit.at.principal().account
        ),
        mfa: session.mfa.is_some(),
        opened: When::of(session.opened, now),
        source_ip: session.source_ip.to_string(),
    })
}
