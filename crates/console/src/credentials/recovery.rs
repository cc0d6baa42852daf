//! Recovery codes: how many are left, new ones, which are shown once, and a lost device that one of them takes away.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::recovery_codes::{
    CreateRecoveryCodes, DeleteRecoveryCodes, GetRecoveryCodes, RecoverMFADevice,
};
use claviger_model::{Code, Secret};

use super::whose::Whose;
use super::{Device, devices};
use crate::answer::{Answer, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, When, encode, fault_text};

/// The codes that somebody has.
enum Codes {
    None,
    Left(i32, When),
    Refused(String),
}

#[derive(Template)]
#[template(path = "credentials/recovery.html")]
struct Recovery {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    codes: Codes,
    /// Whether the session proved a device, without which there are no new codes.
    mfa: bool,
    /// The devices that a code can take away.
    devices: Vec<Device>,
}

#[derive(Template)]
#[template(path = "credentials/recovery_made.html")]
struct Made {
    frame: Frame,
    codes: Vec<Secret<String>>,
    /// The same as a file, for the address of a link.
    file: Secret<String>,
}

impl Recovery {
    async fn load(visit: &Visit, whose: &Whose, error: Option<String>) -> Self {
        let get = GetRecoveryCodes {
            user_name: whose.name(),
        };
        let codes = match visit.call(&get).await {
            Ok(codes) => Codes::Left(
                codes.remaining,
                When::of(codes.create_date, visit.asked.facts.now),
            ),
            Err(fault) if fault.code() == Code::NoSuchEntity => Codes::None,
            Err(fault) => Codes::Refused(fault_text(&fault)),
        };
        let devices = if whose.is_own() {
            devices(visit, whose.name()).await.unwrap_or_default()
        } else {
            Vec::new()
        };
        Self {
            frame: Frame::of(visit, whose.titled("Recovery codes"), whose.here()),
            whose: whose.clone(),
            error,
            codes,
            mfa: visit.at.session().mfa.is_some(),
            devices,
        }
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    page(&Recovery::load(&visit, &whose, None).await)
}

/// Makes new codes, deletes those that there are, or takes a lost device away.
pub(crate) async fn act(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    match run(&visit, &whose).await {
        Ok(answer) => answer,
        Err(fault) => page_again(&Recovery::load(&visit, &whose, Some(fault_text(&fault))).await),
    }
}

async fn run(visit: &Visit, whose: &Whose) -> Result<Answer, Fault> {
    let form = &visit.asked.form;
    match form.text("do") {
        "make" if whose.is_own() => make(visit).await,
        "delete" => {
            let delete = DeleteRecoveryCodes {
                user_name: whose.name(),
            };
            visit.call(&delete).await?;
            Ok(whose.done("codes-deleted"))
        }
        "recover" if whose.is_own() => {
            let code: String = form.text("code").split_whitespace().collect();
            let recover = RecoverMFADevice {
                serial_number: read(form.text("serial"), "The device")?,
                // SECURITY: what was typed may be good but for a slip, so it is not repeated.
                recovery_code: read(&code, "The recovery code")?,
            };
            visit.call(&recover).await?;
            Ok(whose.done("device-removed"))
        }
        _ => Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    }
}

/// Makes new codes, and shows them this once.
async fn make(visit: &Visit) -> Result<Answer, Fault> {
    let codes = visit.call(&CreateRecoveryCodes {}).await?.recovery_codes;
    let mut file = String::new();
    for code in &codes {
        file.push_str(code.expose());
        file.push_str("\r\n");
    }
    Ok(page(&Made {
        frame: Frame::of(visit, "Your new recovery codes", "credentials"),
        codes,
        file: Secret::new(encode(&file)),
    }))
}
