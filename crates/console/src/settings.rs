//! Account settings: the rules for passwords, how people sign in, the alias, and how many access keys a user may have.

pub(crate) mod alias;
pub(crate) mod hardware_mfa;
mod passwords;
pub(crate) mod security_keys;
pub(crate) mod server_certificates;
mod sign_in;
pub(crate) mod virtual_mfa;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::access_keys::{GetAccessKeySettings, PutAccessKeySettings};
use claviger_iam::operation::security_key_policy::GetAccountSecurityKeyPolicy;
use claviger_model::Code;

use self::alias::Alias;
use self::passwords::Passwords;
use self::sign_in::SignIn;
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, fault_text};

/// A section: what it holds, or why it is not to be seen.
type Shown<T> = Result<T, String>;

fn shown<T>(got: Result<T, Fault>) -> Shown<T> {
    got.map_err(|fault| fault_text(&fault))
}

/// Which security keys may be assigned.
struct SecurityKeys {
    user_verification: &'static str,
    attestation: &'static str,
    roots: bool,
    allowed: Vec<String>,
    denied: Vec<String>,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings {
    frame: Frame,
    /// The section whose form was refused, and why.
    error: Option<(&'static str, String)>,
    passwords: Shown<Passwords>,
    sign_in: Shown<SignIn>,
    alias: Shown<Alias>,
    keys: Shown<String>,
    security_keys: Shown<SecurityKeys>,
}

impl Settings {
    async fn new(visit: &Visit, error: Option<(&'static str, String)>) -> Self {
        Self {
            frame: Frame::of(visit, "Account settings", "settings"),
            error,
            passwords: shown(Passwords::read(visit).await),
            sign_in: shown(SignIn::read(visit).await),
            alias: shown(Alias::read(visit).await),
            keys: shown(keys(visit).await),
            security_keys: shown(security_keys(visit).await),
        }
    }

    /// What was wrong with the form of a section.
    fn error_of(&self, section: &str) -> Option<&str> {
        let (place, said) = self.error.as_ref()?;
        (*place == section).then_some(said)
    }
}

/// How many access keys a user may have: as typed, or as it is.
async fn keys(visit: &Visit) -> Result<String, Fault> {
    if let Some(typed) = visit.asked.form.get("access-keys") {
        return Ok(typed.to_owned());
    }
    let settings = visit.call(&GetAccessKeySettings {}).await?;
    Ok(settings.max_access_keys_per_user.to_string())
}

async fn save_keys(visit: &Visit) -> Result<&'static str, Fault> {
    let put = PutAccessKeySettings {
        max_access_keys_per_user: read(
            visit.asked.form.text("access-keys"),
            "The number of access keys",
        )?,
    };
    visit.call(&put).await.map(|_| "settings-saved")
}

async fn security_keys(visit: &Visit) -> Result<SecurityKeys, Fault> {
    let policy = visit.call(&GetAccountSecurityKeyPolicy {}).await?;
    let policy = policy.security_key_policy;
    Ok(SecurityKeys {
        user_verification: policy.user_verification.as_str(),
        attestation: policy.attestation.as_str(),
        roots: !policy.trusted_roots.is_empty(),
        allowed: policy.allowed_aaguids,
        denied: policy.denied_aaguids,
    })
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&Settings::new(&visit, None).await)
}

/// Saves one section.
pub(crate) async fn save(visit: Visit) -> Answer {
    let wanted = visit.asked.form.text("do");
    let (section, saved) = match wanted {
        "password-policy" => ("password-policy", passwords::save(&visit).await),
        "password-default" => ("password-policy", passwords::back_to_default(&visit).await),
        "sign-in" => ("sign-in", sign_in::save(&visit).await),
        "alias" => ("alias", alias::save(&visit).await),
        "alias-delete" => ("alias", alias::delete(&visit).await),
        "keys" => ("keys", save_keys(&visit).await),
        _ => (
            "",
            Err(Fault::new(Code::InvalidInput, "Choose what to save.")),
        ),
    };
    match saved {
        Ok(done) => go(&format!("/console/settings?done={done}")),
        Err(fault) => {
            let error = Some((section, fault_text(&fault)));
            page_again(&Settings::new(&visit, error).await)
        }
    }
}
