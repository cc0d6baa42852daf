//! Users with what bears on their credentials: put in order, chosen by it, and counted. Operations of this server's own.

use claviger_model::name::EntityPath;
use claviger_model::scalar::Bounded;
use claviger_model::scalar::Constraint::{MaxLength, MinLength};
use claviger_model::{Arn, Timestamp, enum_scalar, text, text_scalar};
use claviger_shape::Shape;

use super::page::{PageEnd, Paged};
use super::{Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::census::{self, Counted, Facts};
use crate::cx::Cx;
use crate::entity::user_access::{AccessMode, UserDescription};
use crate::entity::{Status, User};
use crate::fault::Fault;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<ListUserDetails>(), entry::<GetCredentialSummary>()];

enum_scalar! {
    /// What users are put in order by.
    UserSortKey {
        /// The name, without regard to case.
        UserName = "UserName",
        /// When the user was made.
        CreateDate = "CreateDate",
        /// The later of the last sign-in by password and the last use of an access key.
        LastActivity = "LastActivity",
        /// When the password was last changed.
        PasswordChanged = "PasswordChanged",
        /// When the oldest access key was made that is active.
        OldestActiveKey = "OldestActiveKey",
    }
}

enum_scalar! {
    /// Which way something is put in order. What lacks that by which it is, stands last either way.
    SortOrder {
        /// From A to Z, the earliest first.
        Ascending = "Ascending",
        /// From Z to A, the latest first.
        Descending = "Descending",
    }
}

text_scalar! {
    /// A part of a name: 1 to 128 characters.
    NamePart, [MaxLength(128), MinLength(1)],
    |text| matches!(text.chars().count(), 1..=128)
}

/// A number of days, up to a hundred years.
pub type Days = Bounded<0, 36_500>;

/// An access key, as the credential report tells of it.
#[derive(Shape)]
pub struct AccessKeyFacts {
    /// Whether requests signed with it are accepted.
    pub status: Status,
    /// When it was made.
    pub create_date: Timestamp,
    /// When it was last used; left out where it never was.
    pub last_used_date: Option<Timestamp>,
}

/// A user, with what the credential report tells.
#[derive(Shape)]
pub struct UserFacts {
    /// Where the user lies.
    pub path: EntityPath,
    /// The user's name.
    pub user_name: String,
    /// `AIDA…`.
    pub user_id: String,
    /// The user's resource name.
    pub arn: Arn,
    /// When the user was made.
    pub create_date: Timestamp,
    /// When the password was last changed; left out where there is none.
    pub password_changed_date: Option<Timestamp>,
    /// When the user last signed in with it; left out where that never happened.
    pub password_last_used: Option<Timestamp>,
    /// Whether the user has an MFA device.
    #[shape(name = "MFAActive")]
    pub mfa_active: bool,
    /// The access keys, oldest first, without their ids: `ListAccessKeys` tells those.
    pub access_keys: Vec<AccessKeyFacts>,
    /// How many signing certificates are active.
    pub active_signing_certificates: i32,
    /// How many groups the user is in.
    pub group_count: i32,
    /// The later of the last sign-in by password and the last use of an access key.
    pub last_activity_date: Option<Timestamp>,
    /// Whether any way in is open to the user.
    pub enabled: bool,
    /// Which ways are open while one is.
    pub access_mode: AccessMode,
    /// What is said of the user.
    pub description: Option<UserDescription>,
}

impl UserFacts {
    fn new(user: &User, facts: &Facts) -> Self {
        let keys = facts.keys.iter();
        Self {
            path: user.path.clone(),
            user_name: user.name.as_str().to_owned(),
            user_id: user.id.as_str().to_owned(),
            arn: user.arn(),
            create_date: user.created,
            password_changed_date: facts.password_changed(),
            password_last_used: facts.password.as_ref().and_then(|password| password.used),
            mfa_active: facts.mfa,
            access_keys: keys
                .map(|key| AccessKeyFacts {
                    status: key.status,
                    create_date: key.created,
                    last_used_date: key.used,
                })
                .collect(),
            active_signing_certificates: number(facts.certificates),
            group_count: number(facts.groups),
            last_activity_date: facts.last_activity(),
            enabled: user.access.enabled,
            access_mode: user.access.mode,
            description: user.description.clone(),
        }
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Lists users with what the credential report tells of them, put in order or chosen by it. The order and the choice are as of
/// an instant up to ten seconds ago, which the answer names; what is told of each user is as it is now. An operation of this
/// server's own, allowed by `iam:ListUsers` and `iam:GetCredentialReport`.
#[derive(Shape)]
pub struct ListUserDetails {
    /// Only users whose name holds this, without regard to case.
    pub name_contains: Option<NamePart>,
    /// Only users with an MFA device, or only those without.
    #[shape(name = "MFAActive")]
    pub mfa_active: Option<bool>,
    /// Only users with a password, or only those without.
    pub has_password: Option<bool>,
    /// Only users who are enabled, or only those who are not.
    pub enabled: Option<bool>,
    /// Only users to whom these ways in are open while they are enabled.
    pub access_mode: Option<AccessMode>,
    /// Only users whose password was last changed more than so many days ago.
    pub password_older_than_days: Option<Days>,
    /// Only users with an active access key that was made more than so many days ago.
    pub access_key_older_than_days: Option<Days>,
    /// Only users with an active access key that was not used for so many days, nor made in them.
    pub access_key_unused_for_days: Option<Days>,
    /// What the users are put in order by; the name when left out.
    pub sort_by: Option<UserSortKey>,
    /// Which way; `Ascending` when left out.
    pub sort_order: Option<SortOrder>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListUserDetails`].
#[derive(Shape)]
pub struct ListUserDetailsOutput {
    /// The users.
    pub users: Vec<UserFacts>,
    /// The instant as of which they were chosen and put in order.
    pub generated_time: Timestamp,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl ListUserDetails {
    /// Whether a user is asked for.
    fn wants(&self, user: &Counted, part: Option<&str>, now: Timestamp) -> bool {
        let facts = &user.facts;
        let before = |days: Days| now.plus_seconds(-86_400 * i64::from(days.get()));
        part.is_none_or(|part| user.folded.contains(part))
            && self.mfa_active.is_none_or(|mfa| mfa == facts.mfa)
            && self
                .has_password
                .is_none_or(|has| has == facts.password.is_some())
            && self
                .enabled
                .is_none_or(|enabled| enabled == facts.access.enabled)
            && self
                .access_mode
                .is_none_or(|mode| mode == facts.access.mode)
            && self.password_older_than_days.is_none_or(|days| {
                facts
                    .password_changed()
                    .is_some_and(|changed| changed < before(days))
            })
            && self.access_key_older_than_days.is_none_or(|days| {
                facts
                    .oldest_key()
                    .is_some_and(|created| created < before(days))
            })
            && self.access_key_unused_for_days.is_none_or(|days| {
                facts
                    .keys
                    .iter()
                    .any(|key| key.lies_idle_since(before(days)))
            })
    }

    /// The place of a user in the order asked for, in bytes that sort like it.
    fn place(&self, user: &Counted) -> Vec<u8> {
        let facts = &user.facts;
        let downwards = self.sort_order == Some(SortOrder::Descending);
        let at = match self.sort_by.unwrap_or(UserSortKey::UserName) {
            UserSortKey::UserName => return named(&user.folded, downwards),
            UserSortKey::CreateDate => Some(facts.created),
            UserSortKey::LastActivity => facts.last_activity(),
            UserSortKey::PasswordChanged => facts.password_changed(),
            UserSortKey::OldestActiveKey => facts.oldest_key(),
        };
        let mut place = match at {
            None => vec![1],
            Some(at) => {
                // Flipping the sign bit has the bytes of negative numbers stand before those of others.
                let number = at.micros().cast_unsigned() ^ (1 << 63);
                let number = if downwards { !number } else { number };
                [&[0], number.to_be_bytes().as_slice()].concat()
            }
        };
        place.extend(named(&user.folded, downwards));
        place
    }

    /// What tells this list from others, for its markers: they lead on in the same order alone.
    fn list(&self) -> String {
        let by = self.sort_by.unwrap_or(UserSortKey::UserName);
        let order = self.sort_order.unwrap_or(SortOrder::Ascending);
        format!("user_details/{}/{}", by.as_str(), order.as_str())
    }
}

/// The place of a name among names. Downwards every byte is turned round, and the end stands behind what is longer.
fn named(folded: &str, downwards: bool) -> Vec<u8> {
    if !downwards {
        return folded.as_bytes().to_vec();
    }
    let turned = folded.bytes().map(|byte| !byte);
    turned.chain([u8::MAX]).collect()
}

impl Operation for ListUserDetails {
    const SPEC: Spec = Spec::iam("ListUserDetails", Access::List)
        .governed_by("ListUsers")
        .on(&[ResourceType::User]);
    type Output = ListUserDetailsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let users = Check::on(cx.account(), &Arn::user(cx.account(), "/", ""));
        let report = Check::on_account().also("iam:GetCredentialReport");
        Ok(Target::of(users).and(report))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let list = self.list();
        let after = self.page.after(cx, list.as_bytes())?;
        let census = census::of(cx).await?;
        let part = self
            .name_contains
            .as_ref()
            .map(|part| text::fold(part.as_str()));
        let now = cx.now();
        let mut found: Vec<(Vec<u8>, &Counted)> = census
            .users
            .iter()
            .filter(|user| self.wants(user, part.as_deref(), now))
            .map(|user| (self.place(user), user))
            .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
            .collect();
        let limit = self.page.limit();
        let more = found.len() > limit;
        if more {
            // Who asks for fifty of ten thousand waits for no more than fifty to be put in order.
            found.select_nth_unstable_by(limit, |one, other| one.0.cmp(&other.0));
            found.truncate(limit);
        }
        found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let scope = cx.scope();
        let mut users = Vec::with_capacity(found.len());
        for (_, counted) in &found {
            let user = cx.unit.get::<User>(scope, &counted.id).await;
            users.extend(user.map_err(Fault::unavailable)?);
        }
        let facts = Facts::of(cx, users.iter().map(|user| &***user)).await?;
        let last = found.last().map(|(place, _)| place.as_slice());
        Ok(ListUserDetailsOutput {
            users: users
                .iter()
                .zip(&facts)
                .map(|(user, facts)| UserFacts::new(user, facts))
                .collect(),
            generated_time: census.taken,
            end: PageEnd::new(cx, list.as_bytes(), more, last),
        })
    }
}

/// Counts the users and credentials of the account that the credential report tells of, root's apart: by age, by use, and by
/// whether a second factor stands beside a password. The counts are as of an instant up to ten seconds ago. An operation of
/// this server's own, allowed by `iam:GetCredentialReport`.
#[derive(Shape)]
pub struct GetCredentialSummary {
    /// After how many days a password or a key counts as old, and a key as unused; 90 when left out.
    pub days: Option<Days>,
}

/// How many access keys are of an age.
#[derive(Shape)]
pub struct KeysOfAge {
    /// From this many days on.
    pub from_days: i32,
    /// Before this many days; left out of the last.
    pub before_days: Option<i32>,
    /// How many active keys.
    pub count: i32,
}

/// The answer of [`GetCredentialSummary`].
#[derive(Shape, Default)]
pub struct GetCredentialSummaryOutput {
    /// How many users there are.
    pub users: i32,
    /// How many of them have a password.
    pub with_password: i32,
    /// How many have a password and no MFA device.
    #[shape(name = "WithPasswordWithoutMFA")]
    pub with_password_without_mfa: i32,
    /// How many have an MFA device.
    #[shape(name = "WithMFA")]
    pub with_mfa: i32,
    /// How many have a password that is old.
    pub with_old_password: i32,
    /// How many have an active access key that is old.
    pub with_old_key: i32,
    /// How many have an active access key that is not used.
    pub with_unused_key: i32,
    /// How many access keys are active.
    pub active_keys: i32,
    /// The active access keys by age.
    pub active_keys_by_age: Vec<KeysOfAge>,
    /// The instant of the counts; left out of none.
    pub generated_time: Option<Timestamp>,
}

/// The days at which the next age begins.
const AGES: [i32; 3] = [30, 90, 365];
/// The days after which something is old, where nothing else is asked for (CIS AWS Foundations Benchmark, 1.14).
const OLD: i32 = 90;

impl Operation for GetCredentialSummary {
    const SPEC: Spec =
        Spec::iam("GetCredentialSummary", Access::Read).governed_by("GetCredentialReport");
    type Output = GetCredentialSummaryOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let census = census::of(cx).await?;
        let days = self.days.map_or(OLD, Days::get);
        Ok(summary(&census.users, days, census.taken))
    }
}

fn summary(users: &[Counted], days: i32, now: Timestamp) -> GetCredentialSummaryOutput {
    let before = |days: i32| now.plus_seconds(-86_400 * i64::from(days));
    let old = before(days);
    let count =
        |is: &dyn Fn(&Facts) -> bool| number(users.iter().filter(|user| is(&user.facts)).count());
    let active: Vec<Timestamp> = users
        .iter()
        .flat_map(|user| &user.facts.keys)
        .filter(|key| key.is_active())
        .map(|key| key.created)
        .collect();
    let starts = [0].into_iter().chain(AGES);
    let ends = AGES.into_iter().map(Some).chain([None]);
    GetCredentialSummaryOutput {
        users: number(users.len()),
        with_password: count(&|facts| facts.password.is_some()),
        with_password_without_mfa: count(&|facts| facts.password.is_some() && !facts.mfa),
        with_mfa: count(&|facts| facts.mfa),
        with_old_password: count(&|facts| {
            facts
                .password_changed()
                .is_some_and(|changed| changed < old)
        }),
        with_old_key: count(&|facts| facts.oldest_key().is_some_and(|created| created < old)),
        with_unused_key: count(&|facts| facts.keys.iter().any(|key| key.lies_idle_since(old))),
        active_keys: number(active.len()),
        active_keys_by_age: starts
            .zip(ends)
            .map(|(from_days, before_days)| {
                let is_of_age = |created: &&Timestamp| {
                    let young_enough = before_days.is_none_or(|days| **created > before(days));
                    (from_days == 0 || **created <= before(from_days)) && young_enough
                };
                KeysOfAge {
                    from_days,
                    before_days,
                    count: number(active.iter().filter(is_of_age).count()),
                }
            })
            .collect(),
        generated_time: Some(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::{KeyFacts, PasswordFacts};
    use crate::entity::UserAccess;

    const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);

    fn ago(days: i64) -> Timestamp {
        NOW.plus_seconds(-86_400 * days)
    }

    fn counted(name: &str, password: Option<i64>, keys: &[(i64, Option<i64>)]) -> Counted {
        Counted {
            id: name.into(),
            folded: name.into(),
            facts: Facts {
                created: ago(500),
                password: password.map(|days| PasswordFacts {
                    changed: ago(days),
                    used: None,
                }),
                mfa: false,
                access: UserAccess::default(),
                keys: keys
                    .iter()
                    .map(|(made, used)| KeyFacts {
                        status: Status::Active,
                        created: ago(*made),
                        used: used.map(ago),
                    })
                    .collect(),
                certificates: 0,
                groups: 0,
            },
        }
    }

    fn ordered(by: UserSortKey, order: SortOrder, users: &[Counted]) -> Vec<&str> {
        let list = ListUserDetails {
            name_contains: None,
            mfa_active: None,
            has_password: None,
            enabled: None,
            access_mode: None,
            password_older_than_days: None,
            access_key_older_than_days: None,
            access_key_unused_for_days: None,
            sort_by: Some(by),
            sort_order: Some(order),
            page: Paged {
                marker: None,
                max_items: None,
            },
        };
        let mut users: Vec<&Counted> = users.iter().collect();
        users.sort_by_key(|user| list.place(user));
        users.into_iter().map(|user| &*user.folded).collect()
    }

    #[test]
    fn what_lacks_that_by_which_it_is_ordered_stands_last_either_way() {
        use {SortOrder::*, UserSortKey::*};
        let users = [
            counted("b", None, &[(3, None)]),
            counted("a", Some(7), &[]),
            counted("ab", Some(40_000), &[(1, None), (9, None)]),
        ];
        assert_eq!(ordered(UserName, Ascending, &users), ["a", "ab", "b"]);
        assert_eq!(ordered(UserName, Descending, &users), ["b", "ab", "a"]);
        // The second of these dates lies before 1970.
        assert_eq!(
            ordered(PasswordChanged, Ascending, &users),
            ["ab", "a", "b"]
        );
        assert_eq!(
            ordered(PasswordChanged, Descending, &users),
            ["a", "ab", "b"]
        );
        assert_eq!(
            ordered(OldestActiveKey, Ascending, &users),
            ["ab", "b", "a"]
        );
        assert_eq!(
            ordered(OldestActiveKey, Descending, &users),
            ["b", "ab", "a"]
        );
    }

    #[test]
    fn every_active_key_counts_at_one_age_and_idle_is_what_was_not_used() {
        let users = [
            counted("a", Some(91), &[(0, None), (29, None)]),
            counted("b", Some(89), &[(30, None), (90, Some(2))]),
            counted("c", None, &[(91, Some(91)), (365, Some(1)), (4_000, None)]),
        ];
        let summary = summary(&users, 90, NOW);
        let ages: Vec<_> = summary
            .active_keys_by_age
            .iter()
            .map(|age| (age.from_days, age.before_days, age.count))
            .collect();
        assert_eq!(
            ages,
            [
                (0, Some(30), 2),
                (30, Some(90), 1),
                (90, Some(365), 2),
                (365, None, 2)
            ]
        );
        assert_eq!((summary.users, summary.active_keys), (3, 7));
        assert_eq!((summary.with_password, summary.with_old_password), (2, 1));
        assert_eq!(summary.with_password_without_mfa, 2);
        assert_eq!((summary.with_old_key, summary.with_unused_key), (1, 1));
    }
}
