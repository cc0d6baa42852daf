//! Signing in to the console: a password, then whatever the account, the password's age and the devices ask for, then a
//! session.
//!
//! Each step is a type of its own. What is half done is sealed into [`AwaitingFactor`] or [`AwaitingPassword`], for ten
//! minutes, and neither is anything but the permission to take the next step (AC-37, AC-39). Every step looks at the
//! principal's record again, so that what was locked, changed or deleted meanwhile stops it (AC-32).
//!
//! Sources: IAM user guide, "Sign in to the AWS Management Console as an IAM user"; OWASP ASVS 5.0, chapters V6 and V7;
//! NIST SP 800-63B.

mod attempts;
pub(crate) mod console;
mod event;
mod half_open;
mod known_browser;
mod own_password;
mod password;
mod security_key;
mod sent_code;
mod steps;
mod switch;
pub(crate) mod token;

pub use self::console::AtConsole;
pub use self::half_open::{AwaitingCode, AwaitingFactor, AwaitingPassword, Factor};
pub use self::known_browser::KnownBrowser;
pub use self::own_password::PasswordOwner;
pub use self::password::{PasswordAttempt, SignInName};
pub use self::steps::Opened;
pub use self::switch::{Colour, RoleDisplayName, SwitchTo, Switched};

use crate::fault::Fault;

/// Why a sign-in goes no further. What a stranger may not learn is not in it: whatever was wrong is [`Refusal::Wrong`].
#[derive(Debug)]
pub enum Refusal {
    /// Something given is not right; which, is not said.
    Wrong,
    /// Too many tries, by this source or at this name, whether or not there is such a user.
    TooMany,
    /// What was begun is over, or something has changed meanwhile: begin again.
    Over,
    /// The password has expired, and only an administrator may set a new one.
    HardExpired,
    /// The account demands a second factor, and this user can have none here: the reason.
    Unable(&'static str),
    /// The step was refused with this fault, which the person may read: a password that the rules refuse, a policy that
    /// does not allow the change.
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What a step leads to.
#[derive(Debug)]
pub enum Next {
    /// A second factor is asked for.
    Factor(AwaitingFactor),
    /// A code is asked for that was sent.
    Code(AwaitingCode),
    /// Another password is asked for.
    Password(AwaitingPassword),
    /// It is complete.
    Open(Opened),
}
