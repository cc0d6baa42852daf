//! The first step: an account, a name, a password. Whatever is wrong with them, the answer is one, and it takes one time
//! (AC-30).

use std::borrow::Cow;
use std::sync::Arc;

use claviger_model::contact::email_key;
use claviger_model::{
    AccessKeyId, AccountId, EmailAddress, MobileNumber, Scalar as _, Secret, UniqueId, text,
    unique_id,
};
use claviger_store::{CommitError, Scope, Stored, Unit};

use super::attempts::Attempts;
use super::event::{self, Failed};
use super::half_open::Proved;
use super::known_browser::KnownBrowser;
use super::steps::subject_of;
use super::{Next, Refusal};
use crate::caller::Entrance;
use crate::context::RequestFacts;
use crate::entity::ProtectionMethod;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::contact::Address;
use crate::entity::credential::PasswordHash;
use crate::entity::index::{ACCOUNTS, ALIASES, EMAILS, MOBILES, ROOT_EMAILS, USERS_BY_NAME};
use crate::entity::mfa_device::Who;
use crate::entity::user_access::Shut;
use crate::entity::{Account, User};
use crate::fault::Fault;
use crate::iam::Iam;
use crate::operation::password_hashes::Whose;

/// Characters that are looked at of an account, a name or an e-mail address.
const MAX_NAME: usize = 256;
/// Characters of the longest password there can be. A longer one is wrong, and is not hashed (AC-41).
pub(super) const MAX_PASSWORD: usize = 128;

/// Who says to sign in.
#[derive(Debug, Clone, Copy)]
pub enum SignInName<'a> {
    /// The root user of whatever account has this e-mail address.
    Root {
        /// The address.
        email: &'a str,
    },
    /// A user.
    User {
        /// The account's number or alias.
        account: &'a str,
        /// The user's name.
        name: &'a str,
    },
    /// A user, or root by the name of the account itself where no user bears that: its alias, or its number while it has
    /// none (Huawei Cloud IAM user guide, "Basic Concepts": the account's administrator goes by the account's name).
    InDomain {
        /// The account's number or alias.
        account: &'a str,
        /// The name.
        name: &'a str,
    },
    /// A user by the unique id.
    ById(&'a UniqueId),
    /// The root user of an account.
    RootOf {
        /// The account's number.
        account: &'a str,
    },
}

impl SignInName<'_> {
    /// The account that is named.
    fn account(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Root { .. } => None,
            Self::User { account, .. }
            | Self::InDomain { account, .. }
            | Self::RootOf { account } => Some((*account).into()),
            Self::ById(id) => Some(unique_id::account_of(id.as_str())?.to_string().into()),
        }
    }
}

/// A try to sign in with a password.
#[derive(Debug, Clone, Copy)]
pub struct PasswordAttempt<'a> {
    /// Who.
    pub name: SignInName<'a>,
    /// With what.
    pub password: &'a Secret<String>,
    /// The cookie of a browser that has signed in before.
    pub known_browser: Option<&'a str>,
}

/// Whom a name may mean.
pub(super) struct Found {
    pub(super) account: AccountId,
    pub(super) who: Who,
    epoch: u64,
    sign_in_epoch: u64,
    pub(super) user: Option<Arc<Stored<User>>>,
    password: Option<PasswordHash>,
    record: Arc<Stored<Account>>,
}

impl Found {
    /// Why whoever this is may not come in there, if so.
    fn shut(&self, entrance: Entrance) -> Option<Shut> {
        let access = self.user.as_ref()?.access;
        match entrance {
            Entrance::Console => access.shut_at_console(),
            Entrance::Token => access.shut_to_requests(),
        }
    }
}

/// A password that is the one in force.
struct Right {
    field: String,
    /// Whether its hash costs something else than hashes cost now.
    is_outdated: bool,
}

/// What tries at this name are counted under. Names are compared as they are when a user is looked for.
///
/// An account that is there counts as one, whether its number or its alias is given.
///
/// SECURITY: by what was named, not by who was found. Two names that used up each other's tries would be told to be one
/// person's, and who knows an account's number could use up root's tries at the console.
pub(super) fn counted(name: SignInName<'_>, known: Option<AccountId>) -> String {
    match name {
        SignInName::Root { email } => format!("root {}", bounded(email).to_lowercase()),
        SignInName::User { account, name } | SignInName::InDomain { account, name } => {
            let account = known.map_or_else(
                || bounded(account).to_lowercase(),
                |known| known.to_string(),
            );
            format!("user {account} {}", text::fold(&bounded(name)))
        }
        SignInName::ById(id) => format!("id {id}"),
        SignInName::RootOf { account } => format!("root of {}", bounded(account)),
    }
}

fn bounded(text: &str) -> String {
    text.trim().chars().take(MAX_NAME).collect()
}

/// The account of this number or alias.
pub(super) async fn account_of(
    unit: &mut Unit,
    account: &str,
) -> Result<Option<Arc<Stored<Account>>>, Fault> {
    let account = bounded(account);
    for (index, key) in [
        (&ACCOUNTS, account.clone()),
        (&ALIASES, account.to_lowercase()),
    ] {
        let found = unit
            .find::<Account>(Scope::Global, index, key.as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

pub(super) async fn find(unit: &mut Unit, name_of: SignInName<'_>) -> Result<Option<Found>, Fault> {
    match name_of {
        SignInName::Root { email } => {
            let key = email_key(&bounded(email));
            let found = unit
                .find::<Account>(Scope::Global, &ROOT_EMAILS, &key)
                .await
                .map_err(Fault::unavailable)?;
            Ok(found.map(Found::root))
        }
        SignInName::User { account, name } | SignInName::InDomain { account, name } => {
            let Some(account) = account_of(unit, account).await? else {
                return Ok(None);
            };
            let key = text::fold(&bounded(name));
            let found = unit
                .find::<User>(Scope::Account(account.id), &USERS_BY_NAME, key.as_bytes())
                .await
                .map_err(Fault::unavailable)?;
            // A name always wins over an address.
            let found = match found {
                Some(user) => Some(user),
                None => by_address(unit, account.id, &bounded(name)).await?,
            };
            let is_domains = || text::fold(&account.called()) == key;
            Ok(match found {
                Some(user) => Some(Found::user(account, user)),
                None if matches!(name_of, SignInName::InDomain { .. }) && is_domains() => {
                    Some(Found::root(account))
                }
                None => None,
            })
        }
        SignInName::RootOf { account } => Ok(account_of(unit, account).await?.map(Found::root)),
        SignInName::ById(id) => {
            let Some(number) = unique_id::account_of(id.as_str()) else {
                return Ok(None);
            };
            let Some(account) = account_of(unit, &number.to_string()).await? else {
                return Ok(None);
            };
            let found = unit
                .get::<User>(Scope::Account(account.id), id.as_str())
                .await
                .map_err(Fault::unavailable)?;
            Ok(found.map(|user| Found::user(account, user)))
        }
    }
}

/// The user of the account who has shown this e-mail address or mobile number to be the own one.
async fn by_address(
    unit: &mut Unit,
    account: AccountId,
    text: &str,
) -> Result<Option<Arc<Stored<User>>>, Fault> {
    let email = EmailAddress::parse(text).map(|email| (Address::Email(email), &EMAILS));
    let mobile = || MobileNumber::parse(text).map(|mobile| (Address::Mobile(mobile), &MOBILES));
    let Ok((address, index)) = email.or_else(|_| mobile()) else {
        return Ok(None);
    };
    let scope = Scope::Account(account);
    let target = unit.target(scope, index, &address.key()).await;
    let Some(target) = target.map_err(Fault::unavailable)? else {
        return Ok(None);
    };
    // SECURITY: root's address lies in the account too, and root does not sign in by this door.
    if target.scope != scope || target.id == ACCOUNT_RECORD {
        return Ok(None);
    }
    let user = unit.get::<User>(scope, &target.id).await;
    let is_shown = |user: &User| {
        let held = [ProtectionMethod::Email, ProtectionMethod::Sms];
        let mut held = held
            .into_iter()
            .filter_map(|method| user.contacts.verified(method));
        held.any(|held| held.key() == address.key())
    };
    Ok(user
        .map_err(Fault::unavailable)?
        .filter(|user| is_shown(user)))
}

impl Found {
    fn root(account: Arc<Stored<Account>>) -> Self {
        Self {
            account: account.id,
            who: Who::Root,
            epoch: account.root.security_epoch,
            sign_in_epoch: account.root.sign_in_epoch,
            user: None,
            password: account.root.password.clone(),
            record: account,
        }
    }

    fn user(account: Arc<Stored<Account>>, user: Arc<Stored<User>>) -> Self {
        let profile = user.login_profile.as_ref();
        Self {
            account: account.id,
            who: Who::User(user.id.clone()),
            epoch: user.security_epoch,
            sign_in_epoch: user.sign_in_epoch,
            password: profile.map(|profile| profile.password.clone()),
            user: Some(user),
            record: account,
        }
    }
}

impl Iam {
    /// Signs in with a password, as far as that leads.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] for whatever is not right, [`Refusal::TooMany`]; what [`Next`] is refused with.
    pub async fn sign_in(
        &self,
        attempt: &PasswordAttempt<'_>,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let proved = self
            .prove_password(attempt, Entrance::Console, request)
            .await?;
        self.next(proved, request).await
    }

    /// Proves a password: the first step of every sign-in.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] for whatever is not right, [`Refusal::TooMany`].
    pub(super) async fn prove_password(
        &self,
        attempt: &PasswordAttempt<'_>,
        entrance: Entrance,
        request: &RequestFacts,
    ) -> Result<Proved, Refusal> {
        let mut unit = self
            .store()
            .unit(&[Scope::Global])
            .await
            .map_err(Fault::unavailable)?;
        let found = find(&mut unit, attempt.name).await?;
        let known = match attempt.name.account() {
            Some(account) => account_of(&mut unit, &account).await?,
            None => None,
        }
        .map(|account| account.id);
        let browser = attempt
            .known_browser
            .and_then(|cookie| KnownBrowser::open(self.tokens(), cookie, request.now))
            .filter(|browser| {
                found
                    .as_ref()
                    .is_some_and(|found| subject_of(found.account, &found.who) == browser.subject)
            });
        let attempts = Attempts::new(
            &counted(attempt.name, known),
            &request.source_network().to_string(),
            browser.as_ref(),
        );
        if !attempts.take(self, request.now).await? {
            return Err(Refusal::TooMany);
        }
        let shut = found.as_ref().and_then(|found| found.shut(entrance));
        // A user to whom the console is closed is answered like one whose password is wrong, and as late; of one who may come in
        // there alone, clients expect to be told.
        let is_told = entrance == Entrance::Token && shut == Some(Shut::ConsoleOnly);
        let right = (self.is_right(found.as_ref(), attempt.password).await?)
            .filter(|_| shut.is_none() || is_told);
        let Some((found, right)) = found.as_ref().zip(right) else {
            self.tell_failure(&mut unit, (attempt.name, entrance), found.as_ref(), request)
                .await?;
            return Err(Refusal::Wrong);
        };
        attempts.succeeded(self, request.now).await?;
        if let Some(why) = shut {
            return Err(Refusal::Fault(Fault::shut_out(why)));
        }
        if right.is_outdated {
            self.hash_anew(found, attempt.password, request).await;
        }
        Ok(Proved {
            account: found.account,
            who: found.who.clone(),
            epoch: found.epoch,
            sign_in_epoch: found.sign_in_epoch,
            password: right.field,
            begun: request.now,
            mfa: None,
            factor: None,
            code: None,
            is_new_browser: browser.is_none(),
            access_key_id: AccessKeyId::generate_temporary(found.account, &self.settings().rng),
        })
    }

    /// What is known of the password that was given, if it is the one in force. Where there is none, as much is hashed.
    async fn is_right(
        &self,
        found: Option<&Found>,
        password: &Secret<String>,
    ) -> Result<Option<Right>, Fault> {
        let hasher = &self.settings().hasher;
        let nothing = Secret::new(String::new());
        let is_long = password.expose().chars().count() > MAX_PASSWORD;
        let given = if is_long { &nothing } else { password };
        let held = found.and_then(|found| Some((found, found.password.as_ref()?)));
        let Some((found, held)) = held else {
            drop(hasher.hash(given, None, &self.settings().rng).await?);
            return Ok(None);
        };
        let whose = found.user.as_deref().map_or_else(
            || Whose::of_root(&found.record),
            |user| Whose::of_user(user),
        );
        let hash = whose.unseal(self, held).await?;
        let matches = hasher.verify(given, &hash).await?;
        Ok((matches && !is_long).then(|| Right {
            field: held.field.clone(),
            is_outdated: !hasher.is_current(&hash),
        }))
    }

    /// Keeps another hash of the same password, which costs what hashes cost now. Nothing else changes: the field stays,
    /// and with it every session; where the record has changed since, it stays as it is.
    async fn hash_anew(&self, found: &Found, password: &Secret<String>, request: &RequestFacts) {
        if let Err(fault) = self.try_hash_anew(found, password, request).await {
            tracing::warn!(cause = %fault, "an old password hash stays for now");
        }
    }

    async fn try_hash_anew(
        &self,
        found: &Found,
        password: &Secret<String>,
        request: &RequestFacts,
    ) -> Result<(), Fault> {
        let settings = self.settings();
        let hash = settings.hasher.hash(password, None, &settings.rng).await?;
        let scope = Scope::Account(found.account);
        let unit = self.store().unit(&[Scope::Global, scope]).await;
        let mut unit = unit.map_err(Fault::unavailable)?;
        match &found.who {
            Who::Root => {
                let held = account_record(&mut unit, found.account).await?;
                let Some(held) = held.filter(|held| held.root.password == found.password) else {
                    return Ok(());
                };
                let Some(old) = &held.root.password else {
                    return Ok(());
                };
                let field = old.field.clone();
                let renewed = Whose::of_root(&held)
                    .seal_as(&mut unit, field, &hash)
                    .await?;
                let mut account: Account = Account::clone(&held);
                account.root.password = Some(renewed);
                unit.put(account);
            }
            Who::User(id) => {
                let held = unit.get::<User>(scope, id.as_str()).await;
                let Some(held) = held.map_err(Fault::unavailable)? else {
                    return Ok(());
                };
                let mut user: User = User::clone(&held);
                let profile = user.login_profile.as_mut();
                let Some(profile) =
                    profile.filter(|profile| Some(&profile.password) == found.password.as_ref())
                else {
                    return Ok(());
                };
                let field = profile.password.field.clone();
                profile.password = Whose::of_user(&held)
                    .seal_as(&mut unit, field, &hash)
                    .await?;
                unit.put(user);
            }
        }
        unit.label("RenewPasswordHash", request.now);
        match unit.commit().await {
            Ok(_)
            | Err(CommitError::Conflict | CommitError::Taken(_) | CommitError::Replayed(_)) => {
                Ok(())
            }
            Err(error) => Err(Fault::unavailable(error)),
        }
    }

    /// Tells the account of a try that failed. That of a name that nobody has does not repeat the name: it may be a
    /// password in the wrong place.
    async fn tell_failure(
        &self,
        unit: &mut Unit,
        (name, entrance): (SignInName<'_>, Entrance),
        found: Option<&Found>,
        request: &RequestFacts,
    ) -> Result<(), Fault> {
        let failed = match (found, name) {
            (Some(found), _) => Failed {
                account: found.account,
                user: found.user.as_deref().map(|user| &**user),
                is_root: found.who == Who::Root,
            },
            (None, name) => {
                let Some(account) = name.account() else {
                    return Ok(());
                };
                let Some(account) = account_of(unit, &account).await? else {
                    return Ok(());
                };
                Failed {
                    account: account.id,
                    user: None,
                    is_root: false,
                }
            }
        };
        self.journal().denied_to_strangers(event::failed(
            self.settings().rng.uuid(),
            entrance,
            &failed,
            None,
            request,
        ));
        Ok(())
    }
}

/// The account's record.
pub(super) async fn account_record(
    unit: &mut Unit,
    account: AccountId,
) -> Result<Option<Arc<Stored<Account>>>, Fault> {
    unit.get::<Account>(Scope::Account(account), ACCOUNT_RECORD)
        .await
        .map_err(Fault::unavailable)
}
