//! Which ways in are open to a user, and what is said of the user.

use claviger_iam::Fault;
use claviger_iam::entity::user_access::AccessMode;
use claviger_iam::operation::user_access::{GetUserAccess, SetUserAccess, SetUserDescription};
use claviger_model::name::ExistingUserName;

use crate::door::Visit;
use crate::field::read;

/// The ways in, as the forms show them.
pub(super) struct Ways {
    pub(super) enabled: bool,
    pub(super) mode: String,
    pub(super) description: String,
}

/// The ways that can be chosen, by their words.
pub(super) const MODES: [(AccessMode, &str); 3] = [
    (
        AccessMode::Default,
        "At the console, and with keys and tokens",
    ),
    (AccessMode::Console, "At the console alone"),
    (AccessMode::Programmatic, "With keys and tokens alone"),
];

impl Ways {
    /// The ways as they are; what was typed and refused stands in the form again.
    pub(super) async fn read(visit: &Visit, name: &ExistingUserName) -> Result<Self, Fault> {
        let get = GetUserAccess {
            user_name: name.clone(),
        };
        let held = visit.call(&get).await?;
        let form = &visit.asked.form;
        let description = match form.text("do") {
            "description" => form.text("description").to_owned(),
            _ => held
                .description
                .map_or_else(String::new, |text| text.as_str().to_owned()),
        };
        Ok(Self {
            enabled: held.enabled,
            mode: held.access_mode.as_str().to_owned(),
            description,
        })
    }
}

/// Enables the user, or disables.
pub(super) async fn switch(
    visit: &Visit,
    name: &ExistingUserName,
    enabled: bool,
) -> Result<&'static str, Fault> {
    let set = SetUserAccess {
        user_name: name.clone(),
        enabled: Some(enabled),
        access_mode: None,
    };
    let done = if enabled {
        "user-enabled"
    } else {
        "user-disabled"
    };
    visit.call(&set).await.map(|_| done)
}

/// Has the ways in be those of the form.
pub(super) async fn save_mode(
    visit: &Visit,
    name: &ExistingUserName,
) -> Result<&'static str, Fault> {
    let set = SetUserAccess {
        user_name: name.clone(),
        enabled: None,
        access_mode: Some(read(visit.asked.form.text("mode"), "The way in")?),
    };
    visit.call(&set).await.map(|_| "access-saved")
}

/// Has the description be that of the form.
pub(super) async fn save_description(
    visit: &Visit,
    name: &ExistingUserName,
) -> Result<&'static str, Fault> {
    let set = SetUserDescription {
        user_name: name.clone(),
        description: read(visit.asked.form.text("description"), "The description")?,
    };
    visit.call(&set).await.map(|_| "description-saved")
}
