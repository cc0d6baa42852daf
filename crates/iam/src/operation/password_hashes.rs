//! Passwords as they are kept, of users and of root alike: hashed, sealed, and compared under a bounded number of tries.

use claviger_model::{Code, Secret};
use claviger_store::{Bucket, Record, Scope, Unit};

use super::login_profiles::Password;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::credential::PasswordHash;
use crate::entity::{Account, User};
use crate::fault::Fault;
use crate::iam::Iam;

/// The kind of the buckets that bound how often a wrong old password may be named; the id is the user's, or `root`.
pub const CHANGE_PASSWORD_TRIES: &str = "change_password";
/// Tries in one window.
const TRIES: u32 = 10;
/// Seconds that a window lasts.
const TRIES_WINDOW: u32 = 300;

/// What is said of an old password that is not the one in force.
pub(super) const WRONG_OLD: &str = "The old password was incorrect.";

/// Whose password it is: the record that its hash is sealed for.
#[derive(Clone, Copy)]
pub(crate) struct Whose<'a> {
    scope: Scope,
    kind: &'static str,
    record: &'a str,
    bucket: &'a str,
}

impl<'a> Whose<'a> {
    /// A user's.
    pub(crate) fn of_user(user: &'a User) -> Self {
        Self {
            scope: user.scope(),
            kind: User::KIND,
            record: user.id.as_str(),
            bucket: user.id.as_str(),
        }
    }

    /// That of an account's root user.
    pub(crate) fn of_root(account: &Account) -> Self {
        Self {
            scope: account.scope(),
            kind: Account::KIND,
            record: ACCOUNT_RECORD,
            bucket: "root",
        }
    }

    /// Opens the hash of a password that is or was in force.
    ///
    /// # Errors
    /// `ServiceUnavailable`, `ServiceFailure`.
    pub(super) async fn open(
        self,
        cx: &Cx<'_>,
        hash: &PasswordHash,
    ) -> Result<Secret<String>, Fault> {
        self.unseal(cx.iam(), hash).await
    }

    /// Opens a hash outside of an operation: when somebody signs in.
    ///
    /// # Errors
    /// `ServiceUnavailable`, `ServiceFailure`.
    pub(crate) async fn unseal(
        self,
        iam: &Iam,
        hash: &PasswordHash,
    ) -> Result<Secret<String>, Fault> {
        let opened = iam
            .store()
            .unseal(
                self.scope,
                self.kind,
                self.record,
                &hash.field,
                &hash.sealed,
            )
            .await
            .map_err(Fault::unavailable)?;
        String::from_utf8(opened.expose().clone())
            .map(Secret::new)
            .map_err(|_| Fault::service("a stored password hash is no text"))
    }

    /// Seals a hash under a field of its own.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub(super) async fn seal(
        self,
        cx: &mut Cx<'_>,
        hash: &Secret<String>,
    ) -> Result<PasswordHash, Fault> {
        let field = PasswordHash::new_field(cx.rng());
        self.seal_as(&mut cx.unit, field, hash).await
    }

    /// Seals a hash under this field: another hash of the password that is sealed so already.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub(crate) async fn seal_as(
        self,
        unit: &mut Unit,
        field: String,
        hash: &Secret<String>,
    ) -> Result<PasswordHash, Fault> {
        let sealed = unit
            .seal(
                self.scope,
                self.kind,
                self.record,
                &field,
                hash.expose().as_bytes(),
            )
            .await
            .map_err(Fault::unavailable)?;
        Ok(PasswordHash { field, sealed })
    }

    /// Refuses a wrong old password. Each try takes a ticket, which stays taken whatever follows but success.
    ///
    /// # Errors
    /// `AccessDenied`; `Throttling` after too many tries.
    pub(super) async fn check_old(
        self,
        cx: &Cx<'_>,
        current: &PasswordHash,
        old: &Secret<Password>,
    ) -> Result<(), Fault> {
        let hash = self.open(cx, current).await?;
        let verdict = cx
            .once(&format!("old/{}", current.field), async {
                let store = cx.iam().store();
                let bucket = Bucket::new(self.scope, CHANGE_PASSWORD_TRIES, self.bucket);
                let ticket = store
                    .take(&bucket, TRIES, TRIES_WINDOW, cx.now())
                    .await
                    .map_err(Fault::unavailable)?;
                if !ticket {
                    return Err(Fault::new(Code::Throttling, "Rate exceeded"));
                }
                let old = Secret::new(old.expose().as_str().to_owned());
                if !cx.iam().settings().hasher.verify(&old, &hash).await? {
                    return Ok(Secret::new(String::from("wrong")));
                }
                store.refill(&bucket).await.map_err(Fault::unavailable)?;
                Ok(Secret::new(String::from("right")))
            })
            .await?;
        if verdict.expose() == "right" {
            Ok(())
        } else {
            Err(Fault::denied(WRONG_OLD))
        }
    }
}
