//! Until when and from where an access key is good.

use claviger_iam::Fault;
use claviger_iam::entity::SourceNetwork;
use claviger_iam::operation::access_keys::UpdateAccessKeyBounds;
use claviger_model::{Code, Timestamp};

use super::key_id;
use crate::credentials::whose::Whose;
use crate::credentials::{Key, keys_of};
use crate::door::Visit;
use crate::field::read;

/// The bounds as they stand in the form.
pub(super) struct Typed {
    /// The day.
    pub(super) expires: String,
    /// One network a line.
    pub(super) networks: String,
}

impl Typed {
    /// Those of the key; where the form comes back, what was typed.
    pub(super) fn of(visit: &Visit, key: &Key, failed: bool) -> Self {
        let form = &visit.asked.form;
        if failed && form.text("do") == "bound" {
            return Self {
                expires: form.text("expires").to_owned(),
                networks: form.text("networks").to_owned(),
            };
        }
        Self {
            expires: key.ends_at.map_or_else(String::new, day),
            networks: key.networks.join("\n"),
        }
    }
}

/// The day of an instant, as forms write it: `2026-01-02`.
fn day(at: Timestamp) -> String {
    let exact = at.whole_seconds().to_string();
    exact
        .split_once('T')
        .map_or(exact.clone(), |(day, _)| day.to_owned())
}

/// Sets what the form says, and leaves alone what it does not change.
///
/// # Errors
/// What is no day or no network; what the operation refuses.
pub(super) async fn set(visit: &Visit, whose: &Whose, id: &str) -> Result<(), Fault> {
    let form = &visit.asked.form;
    let keys = keys_of(visit, whose.name()).await?;
    let key = keys
        .into_iter()
        .find(|key| key.id == id)
        .ok_or_else(|| Fault::new(Code::NoSuchEntity, "There is no such access key."))?;
    let before = Typed::of(visit, &key, false);
    let expires = form.text("expires");
    let expiration_date = match expires {
        "" => None,
        // An end within the day is not moved to its beginning by a form that shows the day alone.
        same if same == before.expires => None,
        day => Some(read::<Timestamp>(
            &format!("{day}T00:00:00Z"),
            "The day of expiry",
        )?),
    };
    let wanted: Vec<&str> = form.text("networks").split_whitespace().collect();
    let changed = wanted != key.networks;
    let source_networks = if changed {
        wanted
            .iter()
            .map(|network| read::<SourceNetwork>(network, &format!("“{network}”")))
            .collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    let update = UpdateAccessKeyBounds {
        user_name: whose.name(),
        access_key_id: key_id(id)?,
        remove_expiration_date: (expires.is_empty() && key.ends_at.is_some()).then_some(true),
        remove_source_networks: (wanted.is_empty() && changed).then_some(true),
        expiration_date,
        source_networks,
    };
    let is_same =
        update.remove_expiration_date.is_none() && update.expiration_date.is_none() && !changed;
    if is_same {
        return Ok(());
    }
    visit.call(&update).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_forms_write_it() {
        assert_eq!(day(Timestamp::from_seconds(1_767_323_045)), "2026-01-02");
    }
}
