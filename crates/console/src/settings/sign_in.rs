//! How people sign in to the console.

use claviger_iam::Fault;
use claviger_iam::operation::sign_in_settings::{GetSignInSettings, UpdateSignInSettings};

use crate::door::Visit;
use crate::field::{read, seconds};

/// The settings, as the form shows them: as typed, or as they are.
pub(super) struct SignIn {
    pub(super) demand_mfa: bool,
    pub(super) passkey_alone: bool,
    pub(super) session_minutes: String,
    pub(super) idle_minutes: String,
}

impl SignIn {
    pub(super) async fn read(visit: &Visit) -> Result<Self, Fault> {
        let form = &visit.asked.form;
        let held = visit.call(&GetSignInSettings {}).await?;
        if form.text("do") == "sign-in" {
            return Ok(Self {
                demand_mfa: form.ticked("demand-mfa"),
                passkey_alone: form.ticked("passkey-alone"),
                session_minutes: form.text("session").to_owned(),
                idle_minutes: form.text("idle").to_owned(),
            });
        }
        Ok(Self {
            demand_mfa: held.demand_mfa,
            passkey_alone: held.allow_passkey_alone,
            session_minutes: (held.session_seconds / 60).to_string(),
            idle_minutes: (held.idle_seconds / 60).to_string(),
        })
    }
}

/// Saves them.
pub(super) async fn save(visit: &Visit) -> Result<&'static str, Fault> {
    let form = &visit.asked.form;
    let update = UpdateSignInSettings {
        demand_mfa: Some(form.ticked("demand-mfa")),
        allow_passkey_alone: Some(form.ticked("passkey-alone")),
        session_seconds: Some(read(
            &seconds(form.text("session")),
            "The length of a session, in seconds,",
        )?),
        idle_seconds: Some(read(
            &seconds(form.text("idle")),
            "The length of a session that is not used, in seconds,",
        )?),
    };
    visit.call(&update).await.map(|_| "settings-saved")
}
