//! The account's rules for passwords with those that AWS has none of. There is one policy: what AWS's operations show and
//! set of it, these show and set too. Operations of this server's own.

use claviger_model::scalar::Bounded;
use claviger_shape::Shape;

use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::account::PasswordPolicy;
use crate::entity::{Account, PasswordRules};
use crate::fault::Fault;
use crate::lookup;
use crate::password::rules::FIRST_POLICY;
use crate::spec::{Access, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<GetPasswordRules>(), entry::<SetPasswordRules>()];

/// Tells the rules for passwords that are in force, also where the account has no policy of its own. An operation of this
/// server's own, allowed by `iam:GetAccountPasswordPolicy`.
#[derive(Shape)]
pub struct GetPasswordRules {}

/// The answer of [`GetPasswordRules`].
#[derive(Shape)]
pub struct GetPasswordRulesOutput {
    /// Whether the account has a policy of its own. Where it has none, no password may be the name, the number or the e-mail
    /// address of the account either.
    pub has_policy: bool,
    /// The least number of characters.
    pub minimum_password_length: i32,
    /// Of upper case, lower case, digits and other signs, so many are needed.
    pub required_character_kinds: i32,
    /// How often the same character may stand in a row; any number where it is zero.
    pub maximum_identical_run: i32,
    /// Minutes for which a password stays before its owner may change it.
    pub minimum_password_age_minutes: i32,
    /// Whether a password may not be the user's name, nor that backwards.
    pub refuse_user_name: bool,
    /// Whether a password may not hold the user's e-mail address or mobile number.
    pub refuse_contacts: bool,
    /// How many of the last passwords, the present one included, may not be used again.
    pub password_reuse_prevention: i32,
    /// Days after which passwords expire; never where it is zero.
    pub max_password_age: i32,
    /// Whether every user may change the own password; left out where nobody has said so.
    pub allow_users_to_change_password: Option<bool>,
}

impl Operation for GetPasswordRules {
    const SPEC: Spec =
        Spec::iam("GetPasswordRules", Access::Read).governed_by("GetAccountPasswordPolicy");
    type Output = GetPasswordRulesOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let held = lookup::account(cx).await?.password_policy;
        let policy = held.unwrap_or(FIRST_POLICY);
        Ok(GetPasswordRulesOutput {
            has_policy: held.is_some(),
            minimum_password_length: policy.minimum_length,
            required_character_kinds: policy.more.kinds.into(),
            maximum_identical_run: policy.more.longest_run.into(),
            minimum_password_age_minutes: policy.more.minimum_age_minutes.into(),
            refuse_user_name: policy.more.not_the_name,
            refuse_contacts: policy.more.not_the_contacts,
            password_reuse_prevention: policy.reuse_prevention.unwrap_or(0),
            max_password_age: policy.max_age_days.unwrap_or(0),
            allow_users_to_change_password: policy.allow_users_to_change,
        })
    }
}

/// Sets rules for passwords. What is left out stays as it is, and an account without a policy of its own gets one that begins
/// with what is in force without: eight characters of three kinds. New passwords are bound by it, whoever sets them and by
/// whichever door; expiry and minimum age bind existing ones too. An operation of this server's own, allowed by
/// `iam:UpdateAccountPasswordPolicy`.
#[derive(Shape)]
pub struct SetPasswordRules {
    /// The least number of characters, 6 to 128.
    pub minimum_password_length: Option<Bounded<6, 128>>,
    /// Of upper case, lower case, digits and other signs, the blank among them, so many are needed: 2 to 4; no rule where it is
    /// zero or one.
    pub required_character_kinds: Option<Bounded<0, 4>>,
    /// How often the same character may stand in a row, 1 to 32; any number where it is zero.
    pub maximum_identical_run: Option<Bounded<0, 32>>,
    /// Minutes for which a password stays before its owner may change it, up to 1,440. One that has to be changed may be
    /// changed at once.
    pub minimum_password_age_minutes: Option<Bounded<0, 1_440>>,
    /// Whether a password may not be the user's name, nor that backwards, in whatever case.
    pub refuse_user_name: Option<bool>,
    /// Whether a password may not hold the user's e-mail address or mobile number.
    pub refuse_contacts: Option<bool>,
    /// How many of the last passwords, the present one included, may not be used again, up to 24.
    pub password_reuse_prevention: Option<Bounded<0, 24>>,
    /// Days after which passwords expire, up to 1,095; never where it is zero.
    pub max_password_age: Option<Bounded<0, 1_095>>,
    /// Whether every user may change the own password.
    pub allow_users_to_change_password: Option<bool>,
}

/// A number that its bounds keep small.
fn small<T: TryFrom<i32>>(given: i32) -> Result<T, Fault> {
    T::try_from(given).map_err(|_| Fault::service("a bounded number out of its bounds"))
}

/// A number of which zero says that there is no rule.
fn rule(given: i32) -> Option<i32> {
    (given > 0).then_some(given)
}

impl SetPasswordRules {
    fn policy(&self, held: PasswordPolicy) -> Result<PasswordPolicy, Fault> {
        let more = held.more;
        Ok(PasswordPolicy {
            minimum_length: self
                .minimum_password_length
                .map_or(held.minimum_length, Bounded::get),
            allow_users_to_change: self
                .allow_users_to_change_password
                .or(held.allow_users_to_change),
            max_age_days: self
                .max_password_age
                .map_or(held.max_age_days, |days| rule(days.get())),
            reuse_prevention: self
                .password_reuse_prevention
                .map_or(held.reuse_prevention, |reach| rule(reach.get())),
            more: PasswordRules {
                kinds: match self.required_character_kinds {
                    Some(kinds) => small(kinds.get())?,
                    None => more.kinds,
                },
                longest_run: match self.maximum_identical_run {
                    Some(run) => small(run.get())?,
                    None => more.longest_run,
                },
                minimum_age_minutes: match self.minimum_password_age_minutes {
                    Some(minutes) => small(minutes.get())?,
                    None => more.minimum_age_minutes,
                },
                not_the_name: self.refuse_user_name.unwrap_or(more.not_the_name),
                not_the_contacts: self.refuse_contacts.unwrap_or(more.not_the_contacts),
            },
            ..held
        })
    }
}

impl Operation for SetPasswordRules {
    const SPEC: Spec =
        Spec::iam("SetPasswordRules", Access::Write).governed_by("UpdateAccountPasswordPolicy");
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut account = Account::clone(&**lookup::account(cx).await?);
        let held = account.password_policy.unwrap_or(FIRST_POLICY);
        account.password_policy = Some(self.policy(held)?);
        cx.unit.put(account);
        Ok(Empty {})
    }
}
