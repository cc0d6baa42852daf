//! Making accounts: the first one when the store is empty, with its root user.

use claviger_model::name::AccountAlias;
use claviger_model::{AccessKeyId, AccountId, EmailAddress, Scalar, Secret, access_key_id};
use claviger_store::{CommitError, Depends, Record, Scope, StoreError, Target, Unit};

use crate::authenticate::secret_field;
use crate::entity::account::{ACCOUNT_RECORD, Root, SignInSettings};
use crate::entity::contact::Contacts;
use crate::entity::credential::{AccessKey, AccessKeys, PasswordHash, Status};
use crate::entity::index::{ACCOUNTS, WHOLE};
use crate::entity::signing_certificate::SigningCertificates;
use crate::entity::{Account, EndedSessions};
use crate::fault::Fault;
use crate::iam::Iam;
use crate::password::rules;

/// What the operator wants of a new account. What is left out is drawn.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Its number.
    pub id: Option<AccountId>,
    /// Its alias.
    pub alias: Option<AccountAlias>,
    /// The e-mail address of its root user.
    pub root_email: Option<String>,
    /// The password of its root user.
    pub root_password: Option<Secret<String>>,
    /// The access key of its root user.
    pub root_access_key_id: Option<AccessKeyId>,
    /// The secret of that key.
    pub root_secret_access_key: Option<Secret<String>>,
}

/// A new account, with what can be told only now.
#[derive(Debug)]
pub struct Created {
    /// Its number.
    pub id: AccountId,
    /// Its alias.
    pub alias: Option<AccountAlias>,
    /// The e-mail address of its root user.
    pub root_email: String,
    /// The password of its root user; `None` where the operator gave it and so knows it.
    pub root_password: Option<Secret<String>>,
    /// The access key of its root user.
    pub root_access_key_id: AccessKeyId,
    /// The secret of that key; `None` where the operator gave it.
    pub root_secret_access_key: Option<Secret<String>>,
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateAccountError {
    /// What was wanted cannot be.
    #[error("{0}")]
    Unacceptable(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The commit failed.
    #[error("the account could not be written")]
    Commit(#[from] CommitError),
    /// Something else failed.
    #[error("the account could not be made: {0}")]
    Fault(Fault),
}

/// What generated root passwords are made of: no letters that look alike.
const PASSWORD_ALPHABET: &[u8] =
    b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_+=!@#$%^&*";
const PASSWORD_LENGTH: usize = 24;

/// The address that root signs in with where the operator gave none. No mail reaches it (RFC 2606, section 3).
pub(crate) fn drawn_email(account: AccountId) -> String {
    format!("root@{account}.example.com")
}

impl Iam {
    /// Makes the first account if there is none; `None` where there is one already.
    ///
    /// # Errors
    /// See [`CreateAccountError`].
    pub async fn create_first_account(
        &self,
        wanted: Wanted,
    ) -> Result<Option<Created>, CreateAccountError> {
        let mut unit = self.store().unit(&[Scope::Global]).await?;
        let accounts = unit
            .keys(
                Scope::Global,
                &ACCOUNTS,
                WHOLE,
                b"",
                None,
                1,
                Depends::Nothing,
            )
            .await?;
        if !accounts.items.is_empty() {
            return Ok(None);
        }
        match self.create_account(wanted, true).await {
            Ok(created) => Ok(Some(created)),
            // Another node was faster.
            Err(CreateAccountError::Commit(CommitError::Taken("first_account"))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// See [`CreateAccountError`]. A number, alias, e-mail address or access key that is in use is
    /// [`CommitError::Taken`].
    pub async fn create_account(
        &self,
        wanted: Wanted,
        first: bool,
    ) -> Result<Created, CreateAccountError> {
        let settings = self.settings();
        let rng = &settings.rng;
        let id = wanted.id.unwrap_or_else(|| draw_account_id(rng));
        let root_email = wanted.root_email.unwrap_or_else(|| drawn_email(id));
        if EmailAddress::parse(&root_email).is_err() {
            return Err(CreateAccountError::Unacceptable(format!(
                "`{}` is no e-mail address: name one such as root@example.com",
                root_email.escape_debug()
            )));
        }
        if wanted.root_secret_access_key.is_some() != wanted.root_access_key_id.is_some() {
            return Err(CreateAccountError::Unacceptable(String::from(
                "an access key id and its secret go together: give both or neither",
            )));
        }
        let alias_text = wanted.alias.as_ref().map_or("", AccountAlias::as_str);
        if let Some(password) = &wanted.root_password {
            rules::check(password.expose(), None, &[alias_text, &root_email], None).map_err(|_| {
                CreateAccountError::Unacceptable(String::from(
                    "the root password is too weak: at least 8 characters, three of upper case, lower case, digits and symbols",
                ))
            })?;
        }
        let given_password = wanted.root_password.is_some();
        let password = wanted.root_password.unwrap_or_else(|| draw_password(rng));
        let given_key = wanted.root_access_key_id.is_some();
        let key_id = wanted
            .root_access_key_id
            .unwrap_or_else(|| AccessKeyId::generate(id, rng));
        let secret = wanted
            .root_secret_access_key
            .unwrap_or_else(|| access_key_id::generate_secret(rng));

        let scope = Scope::Account(id);
        let now = settings.clock.now();
        let mut unit = self.store().unit(&[Scope::Global, scope]).await?;
        unit.label("CreateAccount", now);
        if unit.get::<Account>(scope, ACCOUNT_RECORD).await?.is_some() {
            return Err(CreateAccountError::Commit(CommitError::Taken(
                ACCOUNTS.name,
            )));
        }
        let hash = settings
            .hasher
            .hash(&password, None, rng)
            .await
            .map_err(CreateAccountError::Fault)?;
        let field = PasswordHash::new_field(rng);
        let sealed_hash = unit
            .seal(
                scope,
                Account::KIND,
                ACCOUNT_RECORD,
                &field,
                hash.expose().as_bytes(),
            )
            .await?;
        let sealed_secret = unit
            .seal(
                scope,
                Account::KIND,
                ACCOUNT_RECORD,
                &secret_field(key_id.as_str()),
                secret.expose().as_bytes(),
            )
            .await?;
        let mut access_keys = AccessKeys::default();
        access_keys
            .add(
                AccessKey {
                    id: key_id.clone(),
                    status: Status::Active,
                    created: now,
                    secret: sealed_secret,
                    bounds: None,
                },
                settings.quotas.access_keys_per_user,
            )
            .map_err(CreateAccountError::Fault)?;
        unit.put(Account {
            id,
            created: now,
            alias: wanted.alias.clone(),
            first,
            root: Root {
                email: root_email.clone(),
                password: Some(PasswordHash {
                    field,
                    sealed: sealed_hash,
                }),
                password_changed: Some(now),
                access_keys,
                signing_certificates: SigningCertificates::default(),
                mfa_devices: Vec::new(),
                recovery_codes: None,
                contacts: Contacts::default(),
                security_epoch: 0,
                key_epoch: 0,
                sign_in_epoch: 0,
                ended_sessions: EndedSessions::default(),
            },
            password_policy: None,
            access_key_settings: None,
            sign_in: SignInSettings::default(),
        });
        unit.commit().await?;
        Ok(Created {
            id,
            alias: wanted.alias,
            root_email,
            root_password: (!given_password).then_some(password),
            root_access_key_id: key_id,
            root_secret_access_key: (!given_key).then_some(secret),
        })
    }
}

/// Every account of the store, by number.
///
/// # Errors
/// The store does not answer.
pub async fn accounts(unit: &mut Unit) -> Result<Vec<Target>, StoreError> {
    let mut all = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = unit
            .keys(
                Scope::Global,
                &ACCOUNTS,
                WHOLE,
                b"",
                after.as_deref(),
                1_000,
                Depends::Nothing,
            )
            .await?;
        after = page.items.last().map(|(key, _)| key.clone());
        let more = page.more;
        all.extend(page.items.into_iter().map(|(_, target)| target));
        if !more {
            return Ok(all);
        }
    }
}

pub(crate) fn draw_account_id(rng: &claviger_model::Rng) -> AccountId {
    // Never below 100000000000, so that a spreadsheet does not lose leading zeros.
    let number = 100_000_000_000 + u64::from(rng.below(u32::MAX)) * 200 + u64::from(rng.below(200));
    AccountId::from_number(number).unwrap_or_else(|| draw_account_id(rng))
}

/// Draws a password: 24 characters, none of which looks like another, by the rules that hold where an account sets none.
pub fn draw_password(rng: &claviger_model::Rng) -> Secret<String> {
    loop {
        let password = Secret::new(rng.text(PASSWORD_ALPHABET, PASSWORD_LENGTH));
        if rules::check(password.expose(), None, &[], None).is_ok() {
            return password;
        }
    }
}
