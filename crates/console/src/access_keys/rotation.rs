//! Replacing an access key in stages, so that nothing stops working: each stage shows what is known of the use of both keys.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::access_keys::{RotateAccessKey, RotateAccessKeyOutput};

use super::{address, described, key_id, made, run};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::credentials::Key;
use crate::credentials::whose::Whose;
use crate::door::Visit;
use crate::field::read_filled;
use crate::view::{Frame, fault_text};

/// How long the old key may go on: hours, and what that is called.
const GRACES: &[(&str, &str)] = &[
    ("24", "1 day"),
    ("168", "7 days"),
    ("720", "30 days"),
    ("2160", "90 days"),
];

#[derive(Template)]
#[template(path = "key_rotation.html")]
struct Rotation {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    address: String,
    old: Key,
    /// The newest key that was made after it.
    new: Option<Key>,
    /// Whether the old key has not been used since there is the new one.
    quiet: bool,
    graces: &'static [(&'static str, &'static str)],
}

impl Rotation {
    async fn load(visit: &Visit, whose: &Whose, error: Option<String>) -> Result<Self, Failure> {
        let id = visit.asked.param("id");
        // Oldest first.
        let keys = described(visit, whose).await?;
        let mut keys = keys.into_iter().skip_while(|key| key.id != id);
        let old = keys.next().ok_or(Failure::Missing)?;
        let new = keys.last();
        let quiet = match (&new, old.used_at) {
            (Some(new), Some(used)) => used < new.made_at,
            (Some(_), None) => true,
            (None, _) => false,
        };
        Ok(Self {
            frame: Frame::of(visit, whose.titled("Replace an access key"), whose.here()),
            whose: whose.clone(),
            error,
            address: address(whose, id),
            old,
            new,
            quiet,
            graces: GRACES,
        })
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&Rotation::load(&visit, &Whose::of(&visit)?, None).await?)
}

/// Goes one stage further.
pub(crate) async fn go_on(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    let id = visit.asked.param("id");
    let here = format!("{}/rotate", address(&whose, id));
    let gone_on = match visit.asked.form.text("do") {
        "rotate" => rotate(&visit, &whose, id)
            .await
            .map(|rotated| made(&visit, &whose, rotated.access_key, None, here)),
        _ => run(&visit, &whose, id)
            .await
            .map(|done| go(&format!("{here}?done={done}"))),
    };
    match gone_on {
        Ok(answer) => answer,
        Err(fault) => page_again(&Rotation::load(&visit, &whose, Some(fault_text(&fault))).await?),
    }
}

async fn rotate(visit: &Visit, whose: &Whose, id: &str) -> Result<RotateAccessKeyOutput, Fault> {
    let rotate = RotateAccessKey {
        user_name: whose.name(),
        access_key_id: key_id(id)?,
        grace_period_hours: read_filled(visit.asked.form.filled("grace"), "The time")?,
        access_key_expiration_date: None,
    };
    visit.call(&rotate).await
}
