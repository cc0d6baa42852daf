//! Passwords that nobody chose.

use claviger_model::{Rng, Secret};

use super::rules;
use crate::entity::User;
use crate::entity::account::PasswordPolicy;
use crate::entity::password_rules::Owner;
use crate::fault::Fault;
use crate::first_account::draw_password;

/// How often one is drawn before the rules are said to accept none.
const TRIES: usize = 1_000;
/// Characters of the longest password there can be.
const MOST: usize = 128;

/// Draws a password that the account's rules accept.
///
/// # Errors
/// `ServiceFailure` where the rules accept none that could be drawn.
pub(crate) fn by_rules(
    rng: &Rng,
    policy: Option<&PasswordPolicy>,
    owner: &User,
) -> Result<Secret<String>, Fault> {
    let least = policy.map_or(0, |policy| policy.minimum_length);
    let least = usize::try_from(least).unwrap_or(MOST).min(MOST);
    let owner = Owner {
        name: owner.name.as_str(),
        contacts: &owner.contacts,
    };
    for _ in 0..TRIES {
        let mut password = draw_password(rng);
        while password.expose().len() < least {
            let more = draw_password(rng);
            let joined: String = password
                .expose()
                .chars()
                .chain(more.expose().chars())
                .take(least.max(password.expose().len()))
                .collect();
            password = Secret::new(joined);
        }
        if rules::check(password.expose(), policy, &[], Some(owner)).is_ok() {
            return Ok(password);
        }
    }
    Err(Fault::service(
        "the password rules accept nothing that is drawn",
    ))
}
