//! The account's alias, which stands for its number in the sign-in address.

use claviger_iam::Fault;
use claviger_iam::operation::account::{
    CreateAccountAlias, DeleteAccountAlias, ListAccountAliases,
};

use crate::door::Visit;
use crate::field::{paged, read};

/// Where the users of the account sign in: by its alias, where it has one that may be seen.
pub(crate) async fn sign_in_address(visit: &Visit) -> String {
    let alias = match paged(None, 1) {
        Ok(page) => visit.call(&ListAccountAliases { page }).await.ok(),
        Err(_) => None,
    };
    let alias = alias.and_then(|listed| listed.account_aliases.into_iter().next());
    let account = alias.map_or_else(
        || visit.at.principal().account.to_string(),
        |alias| alias.as_str().to_owned(),
    );
    format!("{}/signin/{account}", visit.asked.door.site.address)
}

/// The alias, as the form shows it.
pub(super) struct Alias {
    /// The one that there is.
    pub(super) held: Option<String>,
    pub(super) typed: String,
    /// Where people sign in now.
    pub(super) address: String,
    /// What comes before the alias there.
    pub(super) prefix: String,
}

impl Alias {
    pub(super) async fn read(visit: &Visit) -> Result<Self, Fault> {
        let list = ListAccountAliases {
            page: paged(None, 1)?,
        };
        let listed = visit.call(&list).await?.account_aliases;
        let held = listed.first().map(|alias| alias.as_str().to_owned());
        let prefix = format!("{}/signin/", visit.asked.door.site.address);
        let account = visit.at.principal().account.to_string();
        let form = &visit.asked.form;
        Ok(Self {
            address: format!("{prefix}{}", held.as_deref().unwrap_or(&account)),
            prefix,
            typed: match form.text("do") {
                "alias" => form.text("alias").to_owned(),
                _ => held.clone().unwrap_or_default(),
            },
            held,
        })
    }
}

/// Gives the account this alias in place of any it has.
pub(super) async fn save(visit: &Visit) -> Result<&'static str, Fault> {
    let create = CreateAccountAlias {
        account_alias: read(visit.asked.form.text("alias"), "The alias")?,
    };
    visit.call(&create).await.map(|_| "alias-set")
}

/// Takes the alias away.
pub(super) async fn delete(visit: &Visit) -> Result<&'static str, Fault> {
    let delete = DeleteAccountAlias {
        account_alias: read(visit.asked.form.text("held"), "The alias")?,
    };
    visit.call(&delete).await.map(|_| "alias-deleted")
}
