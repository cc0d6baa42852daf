//! Credential reports: who in an account has which credentials, since when, and when they were last used, as CSV (IAM user
//! guide, "Generate credential reports for your AWS account").
//!
//! A report is made in one pass over one state of the store and written in parts as it goes, so that memory does not grow
//! with the number of users. The account's record comes to name it once it is whole.

mod csv;
pub(crate) mod json;
pub mod runs;

use claviger_model::{AccountId, Timestamp};
use claviger_store::{CommitError, Mark, MarkKey, PartsKey, Scope, Snapshot, Store};

use crate::attachment::PART_BYTES;
use crate::authenticate::{ACCESS_KEY_USED, used_key};
use crate::caller::Who;
use crate::entity::account::{ACCOUNT_RECORD, PasswordPolicy};
use crate::entity::credential::AccessKeys;
use crate::entity::credential_report::{CredentialReport, REPORT};
use crate::entity::index::{USERS_BY_NAME, WHOLE};
use crate::entity::signing_certificate::SigningCertificates;
use crate::entity::{Account, Status, User};
use crate::fault::Fault;
use crate::iam::Iam;
use crate::operation::users::{PASSWORD_USED, ROOT_MARK};
use crate::password::state;
use csv::{Certificate, Key, Line, Password};

/// How long a report is good (IAM user guide: four hours).
pub const GOOD_SECONDS: i64 = 4 * 3_600;
/// Users read at once. Their marks are asked for together, and nobody else should wait long for that.
const PAGE: usize = 250;
/// Tries to have the account's record name the report.
const TRIES: usize = 100;

/// Makes a report of the account, in place of the one that there is.
///
/// # Errors
/// `ServiceUnavailable`, `ServiceFailure`.
pub(crate) async fn make(iam: &Iam, account: AccountId) -> Result<(), Fault> {
    let store = iam.store();
    let scope = Scope::Account(account);
    // Before the snapshot: what is changed after this instant may not be in the report, what was changed before is.
    let now = iam.settings().clock.now();
    let mut snapshot = store.snapshot().await.map_err(Fault::unavailable)?;
    let present = snapshot
        .get::<CredentialReport>(scope, REPORT)
        .await
        .map_err(Fault::unavailable)?;
    let name = text_name(now, present.as_ref(), &iam.settings().rng.uuid());
    let text = CredentialReport::text_of(account, &name);
    let mut parts = Parts::new(store, &text);
    let written = write(store, snapshot, account, now, &mut parts).await;
    let finished = match written {
        Ok(()) => parts.finish().await,
        Err(fault) => Err(fault),
    };
    let (parts, bytes) = match finished {
        Ok(whole) => whole,
        Err(fault) => {
            // What stays behind all the same goes when the report after the next is made.
            drop(store.drop_parts(&text).await);
            return Err(fault);
        }
    };
    let report = CredentialReport {
        account,
        generated: now,
        text: name,
        parts,
        bytes,
    };
    // A failure here may come after the commit, so the text stays: the account's record may name it.
    publish(store, report).await
}

/// The name of a new text: behind the present one's, whatever the clocks of the nodes say, and nobody else's.
fn text_name(now: Timestamp, present: Option<&CredentialReport>, unique: &str) -> String {
    let last = present
        .and_then(|report| report.text.split_once('-'))
        .and_then(|(number, _)| i64::from_str_radix(number, 16).ok());
    let number = last.map_or(now.micros(), |last| now.micros().max(last + 1));
    format!("{number:016x}-{unique}")
}

/// Has the account's record name the report, unless it names one already that was begun later. The report before stays
/// until the next one, for those who are reading it.
async fn publish(store: &Store, report: CredentialReport) -> Result<(), Fault> {
    let scope = Scope::Account(report.account);
    for _ in 0..TRIES {
        let mut unit = store.unit(&[scope]).await.map_err(Fault::unavailable)?;
        let present = unit
            .get::<CredentialReport>(scope, REPORT)
            .await
            .map_err(Fault::unavailable)?;
        if let Some(present) = &present
            && present.text > report.text
        {
            let own = CredentialReport::text_of(report.account, &report.text);
            return store.drop_parts(&own).await.map_err(Fault::unavailable);
        }
        unit.label("GenerateCredentialReport", report.generated);
        unit.put(report.clone());
        match unit.commit().await {
            Ok(_) => {
                if let Some(present) = present {
                    let before = CredentialReport::text_of(report.account, &present.text);
                    // The report is there, whatever becomes of older texts: they go with the next one.
                    if let Err(error) = store.drop_parts_before(&before).await {
                        tracing::warn!(%error, "the text of an older report is kept");
                    }
                }
                return Ok(());
            }
            Err(CommitError::Conflict) => {}
            Err(error) => return Err(Fault::unavailable(error)),
        }
    }
    Err(Fault::unavailable(
        "the report of an account was replaced again and again",
    ))
}

/// A text on its way into the store.
struct Parts<'s> {
    store: &'s Store,
    text: &'s PartsKey,
    buffer: String,
    written: u32,
    bytes: u64,
}

impl<'s> Parts<'s> {
    fn new(store: &'s Store, text: &'s PartsKey) -> Self {
        Self {
            store,
            text,
            buffer: String::with_capacity(2 * PART_BYTES),
            written: 0,
            bytes: 0,
        }
    }

    /// Writes what fills a part.
    async fn flush(&mut self) -> Result<(), Fault> {
        while self.buffer.len() >= PART_BYTES {
            // A line may hold what is no ASCII, so a part is cut from bytes, not from characters.
            let mut part = std::mem::take(&mut self.buffer).into_bytes();
            let rest = part.split_off(PART_BYTES);
            self.put(part).await?;
            self.buffer = String::from_utf8(rest).map_err(Fault::service)?;
        }
        Ok(())
    }

    async fn put(&mut self, part: Vec<u8>) -> Result<(), Fault> {
        self.bytes += part.len() as u64;
        self.store
            .put_part(self.text, self.written, part)
            .await
            .map_err(Fault::unavailable)?;
        self.written += 1;
        Ok(())
    }

    /// Writes the rest, and tells how many parts and bytes there are.
    async fn finish(mut self) -> Result<(u32, u64), Fault> {
        let rest = std::mem::take(&mut self.buffer).into_bytes();
        if !rest.is_empty() {
            self.put(rest).await?;
        }
        Ok((self.written, self.bytes))
    }
}

/// Writes, as of this instant, the header, root's line, and the users' by name without regard to case.
async fn write(
    store: &Store,
    mut snapshot: Snapshot,
    account: AccountId,
    now: Timestamp,
    parts: &mut Parts<'_>,
) -> Result<(), Fault> {
    let scope = Scope::Account(account);
    let owner = snapshot
        .get::<Account>(scope, ACCOUNT_RECORD)
        .await
        .map_err(Fault::unavailable)?
        .ok_or_else(|| Fault::service("an account without its record"))?;
    csv::header(&mut parts.buffer);
    root_line(store, &owner, now, &mut parts.buffer).await?;
    let mut after = Vec::new();
    loop {
        let page = snapshot
            .page::<User>(scope, &USERS_BY_NAME, WHOLE, &after, PAGE)
            .await
            .map_err(Fault::unavailable)?;
        let marks: Vec<MarkKey> = page.iter().flat_map(|(_, user)| marks_of(user)).collect();
        let found = store.marks_of(&marks).await.map_err(Fault::unavailable)?;
        let mut found = found.into_iter();
        for (_, user) in &page {
            user_line(
                user,
                owner.password_policy.as_ref(),
                now,
                &mut found,
                &mut parts.buffer,
            );
        }
        parts.flush().await?;
        match page.into_iter().next_back() {
            Some((last, _)) => after = last,
            None => return Ok(()),
        }
    }
}

/// The keys in the order of the report: by id.
fn sorted(keys: &AccessKeys) -> Vec<&crate::entity::AccessKey> {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
    keys
}

fn key_marks(account: AccountId, owner: &Who, keys: &AccessKeys) -> Vec<MarkKey> {
    let scope = Scope::Account(account);
    sorted(keys)
        .into_iter()
        .map(|key| MarkKey::new(scope, ACCESS_KEY_USED, used_key(owner, key.id.as_str())))
        .collect()
}

/// What tells when the user's credentials were last used, in the order in which [`user_line`] takes it.
fn marks_of(user: &User) -> Vec<MarkKey> {
    let who = Who::User {
        account: user.account,
        id: user.id.clone(),
    };
    let password = user.login_profile.as_ref().map(|_| {
        let scope = Scope::Account(user.account);
        MarkKey::new(scope, PASSWORD_USED, user.id.as_str())
    });
    password
        .into_iter()
        .chain(key_marks(user.account, &who, &user.access_keys))
        .collect()
}

fn keys_of(
    keys: &AccessKeys,
    now: Timestamp,
    marks: &mut impl Iterator<Item = Option<Mark>>,
) -> Vec<Key> {
    sorted(keys)
        .into_iter()
        .map(|key| Key::new(key, now, marks.next().flatten()))
        .collect()
}

fn user_line(
    user: &User,
    policy: Option<&PasswordPolicy>,
    now: Timestamp,
    marks: &mut impl Iterator<Item = Option<Mark>>,
    to: &mut String,
) {
    let password = match &user.login_profile {
        None => Password::None,
        Some(profile) => Password::Set {
            used: marks.next().flatten().map(at),
            changed: profile.changed,
            expires: state::expires(profile, policy),
        },
    };
    csv::line(
        &Line {
            name: user.name.as_str(),
            arn: user.arn().as_str(),
            created: user.created,
            password,
            mfa: !user.mfa_devices.is_empty(),
            keys: &keys_of(&user.access_keys, now, marks),
            certificates: &certificates(&user.signing_certificates),
        },
        to,
    );
}

async fn root_line(
    store: &Store,
    account: &Account,
    now: Timestamp,
    to: &mut String,
) -> Result<(), Fault> {
    let who = Who::Root(account.id);
    let scope = Scope::Account(account.id);
    let mut marks = vec![MarkKey::new(scope, PASSWORD_USED, ROOT_MARK)];
    marks.extend(key_marks(account.id, &who, &account.root.access_keys));
    let mut found = store
        .marks_of(&marks)
        .await
        .map_err(Fault::unavailable)?
        .into_iter();
    let used = found.next().flatten().map(at);
    csv::line(
        &Line {
            name: "<root_account>",
            arn: claviger_model::Arn::root(account.id).as_str(),
            created: account.created,
            password: Password::Root { used },
            mfa: !account.root.mfa_devices.is_empty(),
            keys: &keys_of(&account.root.access_keys, now, &mut found),
            certificates: &certificates(&account.root.signing_certificates),
        },
        to,
    );
    Ok(())
}

fn at(mark: Mark) -> Timestamp {
    Timestamp::from_micros(mark.value)
}

/// Signing certificates in the order of the report: the inactive first.
fn certificates(of: &SigningCertificates) -> Vec<Certificate> {
    let mut list: Vec<_> = of
        .iter()
        .map(|certificate| Certificate {
            active: certificate.status == Status::Active,
            uploaded: certificate.uploaded,
        })
        .collect();
    list.sort_by_key(|certificate| certificate.active);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_text_stands_behind_an_earlier_one_whatever_the_clock_says() {
        let report = |text: String| CredentialReport {
            account: AccountId::from_number(123_456_789_012).expect("twelve digits"),
            generated: Timestamp::EPOCH,
            text,
            parts: 0,
            bytes: 0,
        };
        let noon = Timestamp::from_seconds(1_767_323_045);
        let first = text_name(noon, None, "a");
        let later = text_name(noon.plus_seconds(1), Some(&report(first.clone())), "a");
        let back = text_name(noon.plus_seconds(-9), Some(&report(later.clone())), "a");
        assert!(first < later && later < back, "{first} < {later} < {back}");
    }
}
