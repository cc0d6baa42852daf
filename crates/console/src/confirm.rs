//! Confirming to be there, before a change of how somebody signs in (OWASP ASVS 5.0, 7.5.1).

use askama::Template;
use claviger_iam::signin::Refusal;
use claviger_model::Secret;

use crate::answer::{Answer, Failure, go, page, page_again, with_cookies};
use crate::cookies::Cookie;
use crate::door::Visit;
use crate::view::{Frame, name_of_device, own_path};

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    frame: Frame,
    error: Option<&'static str>,
    /// The devices that show codes.
    devices: Vec<(String, String)>,
    /// What the browser is told to ask a security key for, where there is one.
    options: Option<String>,
    /// Whether the password is the proof: there is no device.
    by_password: bool,
    to: String,
}

fn to(visit: &Visit) -> &str {
    let asked = &visit.asked;
    let wanted = asked.form.filled("to").unwrap_or(asked.query.text("to"));
    own_path(wanted).unwrap_or("/console/credentials")
}

impl Confirm {
    async fn new(visit: &Visit, error: Option<&'static str>) -> Self {
        let held = visit.at.mfa_devices();
        let asked = &visit.asked;
        let challenge = asked.iam().confirm_challenge(&visit.at, &asked.facts).await;
        Self {
            options: challenge.ok(),
            frame: Frame::of(visit, "Confirm that it is you", "credentials"),
            error,
            by_password: held.is_empty(),
            devices: held
                .iter()
                .filter(|device| !device.serial.as_str().contains(":u2f/"))
                .map(|device| {
                    let serial = device.serial.as_str().to_owned();
                    (serial, name_of_device(device).to_owned())
                })
                .collect(),
            to: to(visit).to_owned(),
        }
    }
}

/// The page that asks.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&Confirm::new(&visit, None).await)
}

/// Confirms, and goes back to where it was asked for. The session goes on under another token.
pub(crate) async fn confirm(visit: Visit) -> Answer {
    let asked = &visit.asked;
    let (iam, facts) = (asked.iam(), &asked.facts);
    let response = asked.form.secret("response");
    let proved = match asked.form.filled("with") {
        _ if !response.expose().is_empty() => {
            iam.confirm_with_security_key(&visit.at, response.expose(), facts)
                .await
        }
        Some(serial) => {
            let code: String = asked.form.text("code").split(' ').collect();
            iam.confirm_with_code(&visit.at, serial, &Secret::new(code), facts)
                .await
        }
        None => {
            let password = asked.form.secret("password");
            iam.confirm_with_password(&visit.at, &password, facts).await
        }
    };
    match proved {
        Ok(token) => Ok(with_cookies(
            go(to(&visit))?,
            [asked.set(Cookie::Session, token.expose())],
        )),
        Err(Refusal::Wrong) => page_again(&Confirm::new(&visit, Some("That is not right.")).await),
        Err(Refusal::TooMany) => page_again(
            &Confirm::new(
                &visit,
                Some("There were too many tries. Wait a quarter of an hour."),
            )
            .await,
        ),
        Err(Refusal::Fault(fault)) => Err(Failure::Fault(fault)),
        Err(_) => Err(Failure::SignIn),
    }
}
