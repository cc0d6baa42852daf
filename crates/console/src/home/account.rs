//! The account on the first page: what should be done about its security, its numbers, and pictures of how far a second factor
//! and how old keys are.

use claviger_iam::Fault;
use claviger_iam::operation::account::GetAccountSummary;
use claviger_iam::operation::user_details::{
    GetCredentialSummary, GetCredentialSummaryOutput, KeysOfAge,
};

use super::{Advice, OLD_KEY_DAYS};
use crate::door::Visit;
use crate::view::fault_text;

/// A number of the account's.
pub(super) struct Count {
    pub(super) label: &'static str,
    pub(super) number: i32,
    pub(super) link: &'static str,
}

/// How many of those with a password have an MFA device.
pub(super) struct Coverage {
    pub(super) with: i32,
    pub(super) of: i32,
    /// Of a hundred.
    pub(super) part: i32,
}

/// How many keys are of an age.
pub(super) struct Age {
    pub(super) label: String,
    pub(super) count: i32,
    /// Of a hundred, where the most frequent age has a hundred.
    pub(super) part: i32,
    pub(super) is_old: bool,
}

/// The pictures.
pub(super) struct Pictures {
    pub(super) coverage: Coverage,
    pub(super) keys: i32,
    pub(super) ages: Vec<Age>,
}

/// What the page tells of the account. What may not be seen is left out, and why stands in `hidden`.
pub(super) struct Account {
    pub(super) advice: Vec<Advice>,
    pub(super) counts: Vec<Count>,
    pub(super) pictures: Option<Pictures>,
    pub(super) hidden: Vec<String>,
}

impl Account {
    pub(super) async fn read(visit: &Visit) -> Self {
        let mut account = Self {
            advice: Vec::new(),
            counts: Vec::new(),
            pictures: None,
            hidden: Vec::new(),
        };
        let is_root = visit.at.is_root();
        match summary(visit).await {
            Ok(summary) => {
                let number = |key: &str| summary.get(key).copied().unwrap_or_default();
                if !is_root {
                    account.advice.extend([
                        root_device(number("AccountMFAEnabled") > 0),
                        root_keys(number("AccountAccessKeysPresent") > 0),
                    ]);
                }
                account.counts = counts(number);
            }
            Err(fault) => account.hidden.push(fault_text(&fault)),
        }
        match visit.call(&GetCredentialSummary { days: None }).await {
            Ok(summary) => {
                account.advice.extend(credentials(&summary));
                account.pictures = Some(pictures(&summary));
            }
            Err(fault) => account.hidden.push(fault_text(&fault)),
        }
        account
    }
}

async fn summary(visit: &Visit) -> Result<std::collections::BTreeMap<String, i32>, Fault> {
    let summary = visit.call(&GetAccountSummary {}).await?;
    Ok(summary.summary_map)
}

fn counts(number: impl Fn(&str) -> i32) -> Vec<Count> {
    [
        ("Users", "Users", "/console/users"),
        ("Groups", "User groups", "/console/groups"),
        ("Roles", "Roles", "/console/roles"),
        (
            "Policies",
            "Policies of its own",
            "/console/policies?type=own",
        ),
        (
            "MFADevicesInUse",
            "MFA devices in use",
            "/console/users?show=mfa",
        ),
    ]
    .into_iter()
    .map(|(key, label, link)| Count {
        label,
        number: number(key),
        link,
    })
    .collect()
}

fn root_device(has_one: bool) -> Advice {
    Advice {
        good: has_one,
        text: String::from(match has_one {
            true => "The root user has an MFA device.",
            false => {
                "The root user has no MFA device. Whoever owns it should sign in and assign one."
            }
        }),
        link: None,
    }
}

fn root_keys(has_any: bool) -> Advice {
    Advice {
        good: !has_any,
        text: String::from(match has_any {
            false => "The root user has no active access key.",
            true => "The root user has an active access key. Whoever owns it should delete it.",
        }),
        link: None,
    }
}

fn users(count: i32) -> String {
    match count {
        1 => String::from("One user has"),
        count => format!("{count} users have"),
    }
}

/// What the credentials of users ask for.
fn credentials(summary: &GetCredentialSummaryOutput) -> [Advice; 4] {
    let days = OLD_KEY_DAYS;
    let one = |count: i32, good: String, what: &str, link: &'static str| Advice {
        good: count == 0,
        text: match count {
            0 => good,
            count => format!("{} {what}", users(count)),
        },
        link: (count > 0).then_some((link, "See who")),
    };
    [
        one(
            summary.with_password_without_mfa,
            String::from("Every user with a password has an MFA device."),
            "a password and no MFA device.",
            "/console/users?show=no-mfa",
        ),
        one(
            summary.with_old_key,
            format!("No active access key is older than {days} days."),
            &format!("an active access key that is older than {days} days."),
            "/console/users?show=old-key&sort=-key",
        ),
        one(
            summary.with_unused_key,
            format!("Every active access key was used or made in the last {days} days."),
            &format!("an active access key that nobody has used for {days} days."),
            "/console/users?show=unused-key",
        ),
        one(
            summary.with_old_password,
            format!("No password is older than {days} days."),
            &format!("a password that is older than {days} days."),
            "/console/users?show=old-password&sort=-password",
        ),
    ]
}

fn pictures(summary: &GetCredentialSummaryOutput) -> Pictures {
    let of = summary.with_password;
    let with = of - summary.with_password_without_mfa;
    let ages = &summary.active_keys_by_age;
    let most = ages.iter().map(|age| age.count).max().unwrap_or_default();
    Pictures {
        coverage: Coverage {
            with,
            of,
            part: part(with, of),
        },
        keys: summary.active_keys,
        ages: ages
            .iter()
            .map(|age| Age {
                label: label(age),
                count: age.count,
                part: part(age.count, most),
                is_old: i64::from(age.from_days) >= OLD_KEY_DAYS,
            })
            .collect(),
    }
}

fn label(age: &KeysOfAge) -> String {
    match (age.from_days, age.before_days) {
        (0, Some(before)) => format!("Under {before} days"),
        (from, Some(before)) => format!("{from} to {} days", before - 1),
        (from, None) => format!("{from} days and more"),
    }
}

/// So many of so many, of a hundred. Some are never none, and all but some are never all.
fn part(count: i32, of: i32) -> i32 {
    match (count, of) {
        (_, ..=0) | (..=0, _) => 0,
        (count, of) if count >= of => 100,
        (count, of) => {
            let part = i64::from(count) * 100 / i64::from(of);
            i32::try_from(part).unwrap_or(0).clamp(1, 99)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_never_drawn_as_none_and_most_never_as_all() {
        assert_eq!(part(0, 0), 0);
        assert_eq!(part(1, 10_000), 1);
        assert_eq!(part(9_999, 10_000), 99);
        assert_eq!(part(7, 7), 100);
        assert_eq!(part(1, 3), 33);
    }

    #[test]
    fn an_age_is_named_by_its_first_and_last_day() {
        let of = |from_days, before_days| {
            label(&KeysOfAge {
                from_days,
                before_days,
                count: 0,
            })
        };
        assert_eq!(of(0, Some(30)), "Under 30 days");
        assert_eq!(of(30, Some(90)), "30 to 89 days");
        assert_eq!(of(365, None), "365 days and more");
    }
}
