//! What a password's age and flags mean for a sign-in (IAM user guide, "Setting an account password policy", options).

use claviger_model::Timestamp;

use crate::entity::account::PasswordPolicy;
use crate::entity::credential::LoginProfile;

const DAY_SECONDS: i64 = 86_400;

/// What the right password leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordState {
    /// In, or on to the second factor.
    Good,
    /// A new password must be set first: an administrator asked for it.
    MustChange,
    /// A new password must be set first: this one is too old.
    Expired,
    /// No sign-in until an administrator sets a new password.
    HardExpired,
}

/// When a password of this age expires, if it does.
#[must_use]
pub fn expires(profile: &LoginProfile, policy: Option<&PasswordPolicy>) -> Option<Timestamp> {
    let days = policy?.max_age_days?;
    Some(profile.changed.plus_seconds(i64::from(days) * DAY_SECONDS))
}

/// The state of a login profile at this instant.
#[must_use]
pub fn password_state(
    profile: &LoginProfile,
    policy: Option<&PasswordPolicy>,
    now: Timestamp,
) -> PasswordState {
    let expired = expires(profile, policy).is_some_and(|at| now >= at);
    let hard = policy.is_some_and(|policy| policy.hard_expiry == Some(true));
    match (expired, hard, profile.reset_required) {
        (true, true, _) => PasswordState::HardExpired,
        (true, false, _) => PasswordState::Expired,
        (false, _, true) => PasswordState::MustChange,
        (false, _, false) => PasswordState::Good,
    }
}
