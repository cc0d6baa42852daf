//! The first page: where somebody stands, and what should be done next.

mod account;

use askama::Template;

use self::account::Account;
use crate::answer::{Answer, page};
use crate::credentials::{Key, keys};
use crate::door::Visit;
use crate::settings::alias::sign_in_address;
use crate::view::{Frame, When};

/// Days before its end at which a password's owner is told.
const NOTICE_DAYS: i64 = 15;
/// Days after which an access key is called old (CIS AWS Foundations, 2.14).
pub(crate) const OLD_KEY_DAYS: i64 = 90;

/// Something to do, or something done.
struct Advice {
    good: bool,
    text: String,
    /// Where it is done, and what leads there.
    link: Option<(&'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    own: Vec<Advice>,
    account: Account,
    alias: bool,
    sign_in_address: String,
    mfa: bool,
    opened: When,
    /// Since when the person acts as a role.
    switched: Option<When>,
    source_ip: String,
}

async fn advice(visit: &Visit) -> Vec<Advice> {
    let root = visit.at.is_root();
    let mut advice = Vec::new();
    // A role has nothing of its own to look after.
    if visit.at.switched().is_some() {
        return advice;
    }
    let has_mfa = !visit.at.mfa_devices().is_empty();
    advice.push(Advice {
        good: has_mfa,
        text: match has_mfa {
            true => String::from("You have an MFA device."),
            false => {
                String::from("You have no MFA device: your password is all that protects you.")
            }
        },
        link: Some(("/console/credentials/mfa/new", "Assign one")),
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
                link: Some(("/console/credentials/password", "Change it")),
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
            link: Some(("/console/credentials", "See it")),
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
        link: Some(("/console/credentials", "See them")),
    })
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.at.session();
    let now = visit.asked.facts.now;
    let frame = Frame::of(&visit, "Home", "home");
    let sign_in_address = sign_in_address(&visit).await;
    page(&Home {
        own: advice(&visit).await,
        account: Account::read(&visit).await,
        alias: !sign_in_address.ends_with(&frame.account),
        sign_in_address,
        mfa: session.mfa.is_some(),
        opened: When::of(session.opened, now),
        switched: (visit.at.switched()).map(|switched| When::of(switched.begun(), now)),
        source_ip: session.source_ip.to_string(),
        frame,
    })
}
