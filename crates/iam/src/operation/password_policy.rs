//! The account's own rules for passwords (IAM user guide, "Setting an account password policy for IAM users").

use claviger_model::Code;
use claviger_model::scalar::Bounded;
use claviger_shape::Shape;

use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::account::PasswordPolicy;
use crate::entity::{Account, PasswordRules};
use crate::fault::Fault;
use crate::lookup;
use crate::password::rules::EMPTY_POLICY;
use crate::spec::unraised::NO_QUOTA;
use crate::spec::{Access, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<UpdateAccountPasswordPolicy>(),
    entry::<GetAccountPasswordPolicy>(),
    entry::<DeleteAccountPasswordPolicy>(),
];

// The fields stand in the order in which AWS names their violations (recorded 2026).

/// Sets the account's rules for passwords. The whole policy is replaced: what is left out goes back to its default.
#[derive(Shape)]
pub struct UpdateAccountPasswordPolicy {
    /// The least number of characters, 6 to 128; 6 when left out.
    pub minimum_password_length: Option<Bounded<6, 128>>,
    /// Whether at least one of ``! @ # $ % ^ & * ( ) _ + - = [ ] { } | '`` is required.
    pub require_symbols: Option<bool>,
    /// Whether at least one digit is required.
    pub require_numbers: Option<bool>,
    /// Whether at least one of `A` to `Z` is required.
    pub require_uppercase_characters: Option<bool>,
    /// Whether at least one of `a` to `z` is required.
    pub require_lowercase_characters: Option<bool>,
    /// Whether every user may change the own password.
    pub allow_users_to_change_password: Option<bool>,
    /// How many of the last passwords, the present one included, may not be used again, 1 to 24; no rule when left out.
    pub password_reuse_prevention: Option<Bounded<1, 24>>,
    /// Days after which passwords expire, 1 to 1,095; never when left out. Existing passwords are bound at once.
    pub max_password_age: Option<Bounded<1, 1095>>,
    /// Whether an expired password can be renewed by an administrator alone.
    pub hard_expiry: Option<bool>,
}

impl UpdateAccountPasswordPolicy {
    /// The policy that this makes of the one there is: what AWS's has no place for stays.
    fn policy(&self, held: Option<&PasswordPolicy>) -> PasswordPolicy {
        PasswordPolicy {
            minimum_length: self
                .minimum_password_length
                .map_or(EMPTY_POLICY.minimum_length, Bounded::get),
            require_symbols: self.require_symbols.unwrap_or(false),
            require_numbers: self.require_numbers.unwrap_or(false),
            require_uppercase: self.require_uppercase_characters.unwrap_or(false),
            require_lowercase: self.require_lowercase_characters.unwrap_or(false),
            allow_users_to_change: Some(self.allow_users_to_change_password.unwrap_or(false)),
            max_age_days: self.max_password_age.map(Bounded::get),
            reuse_prevention: self.password_reuse_prevention.map(Bounded::get),
            hard_expiry: self.hard_expiry,
            more: held.map_or(PasswordRules::NONE, |held| held.more),
        }
    }
}

impl Operation for UpdateAccountPasswordPolicy {
    const SPEC: Spec = Spec::iam("UpdateAccountPasswordPolicy", Access::Write)
        .faults(&[Code::ServiceFailure])
        .unraised(&[
            NO_QUOTA,
            (
                Code::MalformedPolicyDocument,
                "each rule is a parameter, and one that cannot be is a `ValidationError`",
            ),
            (
                Code::NoSuchEntity,
                "there is no account without a place for its password policy",
            ),
        ]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut account = Account::clone(&**lookup::account(cx).await?);
        account.password_policy = Some(self.policy(account.password_policy.as_ref()));
        cx.unit.put(account);
        Ok(Empty {})
    }
}

/// Tells the account's rules for passwords.
#[derive(Shape)]
pub struct GetAccountPasswordPolicy {}

/// The account's rules for passwords.
#[derive(Shape)]
#[shape(name = "PasswordPolicy")]
pub struct PasswordPolicyShape {
    /// The least number of characters.
    pub minimum_password_length: i32,
    /// Whether a symbol is required.
    pub require_symbols: bool,
    /// Whether a digit is required.
    pub require_numbers: bool,
    /// Whether an upper-case letter is required.
    pub require_uppercase_characters: bool,
    /// Whether a lower-case letter is required.
    pub require_lowercase_characters: bool,
    /// Whether every user may change the own password.
    pub allow_users_to_change_password: bool,
    /// Whether passwords expire.
    pub expire_passwords: bool,
    /// Days after which passwords expire.
    pub max_password_age: Option<i32>,
    /// How many of the last passwords may not be used again.
    pub password_reuse_prevention: Option<i32>,
    /// Whether an expired password can be renewed by an administrator alone.
    pub hard_expiry: Option<bool>,
}

impl From<&PasswordPolicy> for PasswordPolicyShape {
    fn from(policy: &PasswordPolicy) -> Self {
        Self {
            minimum_password_length: policy.minimum_length,
            require_symbols: policy.require_symbols,
            require_numbers: policy.require_numbers,
            require_uppercase_characters: policy.require_uppercase,
            require_lowercase_characters: policy.require_lowercase,
            allow_users_to_change_password: policy.allow_users_to_change.unwrap_or(false),
            expire_passwords: policy.max_age_days.is_some(),
            max_password_age: policy.max_age_days,
            password_reuse_prevention: policy.reuse_prevention,
            hard_expiry: policy.hard_expiry,
        }
    }
}

/// The answer of [`GetAccountPasswordPolicy`].
#[derive(Shape)]
pub struct GetAccountPasswordPolicyOutput {
    /// The rules.
    pub password_policy: PasswordPolicyShape,
}

impl Operation for GetAccountPasswordPolicy {
    const SPEC: Spec = Spec::iam("GetAccountPasswordPolicy", Access::Read)
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = GetAccountPasswordPolicyOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = lookup::account(cx).await?;
        let policy = account.password_policy.as_ref().ok_or_else(|| {
            Fault::missing(format!(
                "The Password Policy with domain name {} cannot be found.",
                account.id
            ))
        })?;
        Ok(GetAccountPasswordPolicyOutput {
            password_policy: PasswordPolicyShape::from(policy),
        })
    }
}

/// Deletes the account's rules for passwords; the built-in ones are in force again.
#[derive(Shape)]
pub struct DeleteAccountPasswordPolicy {}

impl Operation for DeleteAccountPasswordPolicy {
    const SPEC: Spec = Spec::iam("DeleteAccountPasswordPolicy", Access::Permissions)
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut account = Account::clone(&**lookup::account(cx).await?);
        if account.password_policy.take().is_none() {
            return Err(Fault::missing(
                "The account policy with name PasswordPolicy cannot be found.",
            ));
        }
        cx.unit.put(account);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar;
    use claviger_shape::{Form, Limits, render_iam};

    use super::*;

    fn decode(body: &str) -> Result<UpdateAccountPasswordPolicy, String> {
        let form = Form::parse("", body.as_bytes(), Limits::DEFAULT).expect("a form");
        claviger_shape::decode(form.source())
            .map_err(|violations| render_iam(&violations).1.unwrap_or_default())
    }

    #[test]
    fn violations_come_in_the_recorded_order() {
        let message =
            decode("MinimumPasswordLength=256&PasswordReusePrevention=256&MaxPasswordAge=10000")
                .err()
                .expect("refused");
        assert_eq!(
            message,
            "3 validation errors detected: Value at 'minimumPasswordLength' failed to satisfy constraint: Member must \
             have value less than or equal to 128; Value at 'passwordReusePrevention' failed to satisfy constraint: \
             Member must have value less than or equal to 24; Value at 'maxPasswordAge' failed to satisfy constraint: \
             Member must have value less than or equal to 1095"
        );
    }

    #[test]
    fn what_is_left_out_goes_back_to_its_default() {
        let empty = decode("").expect("accepted");
        let said = PasswordPolicy {
            allow_users_to_change: Some(false),
            ..EMPTY_POLICY
        };
        assert_eq!(empty.policy(None), said);
        let more = PasswordRules {
            longest_run: 2,
            ..PasswordRules::NONE
        };
        let held = PasswordPolicy {
            minimum_length: 12,
            more,
            ..EMPTY_POLICY
        };
        assert_eq!(empty.policy(Some(&held)), PasswordPolicy { more, ..said });
    }

    #[test]
    fn zero_is_no_way_to_say_never() {
        assert!(decode("MaxPasswordAge=0").is_err());
        assert!(decode("PasswordReusePrevention=0").is_err());
        assert!(Bounded::<1, 24>::parse("1").is_ok());
    }

    #[test]
    fn passwords_expire_exactly_where_an_age_is_set() {
        let shape = |policy: PasswordPolicy| PasswordPolicyShape::from(&policy);
        assert!(!shape(EMPTY_POLICY).expire_passwords);
        let aged = PasswordPolicy {
            max_age_days: Some(90),
            ..EMPTY_POLICY
        };
        assert!(shape(aged).expire_passwords);
    }
}
