//! Whoever works on the server's own host: the operating system vouches for it, by the socket that only the server's own
//! user and root can open, or by the exclusive hold of the store. No policy speaks of it; what it may run says so in its
//! [`Spec`](crate::Spec), and every change is in the audit trail under its name.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use claviger_model::{AccountId, Code};
use claviger_store::Scope;

use crate::authenticate::Admitted;
use crate::caller::Caller;
use crate::context::{Door, RequestFacts};
use crate::fault::Fault;
use crate::first_account;
use crate::iam::Iam;
use crate::principal::Principal;

impl Iam {
    /// Admits whoever works on the server's own host, for work on an account: the one named, or the only one there is.
    /// `uid` is the user of the operating system.
    ///
    /// SECURITY: whoever calls this answers for the operating system having said so. Nothing that comes over a network may
    /// lead here.
    ///
    /// # Errors
    /// `NoSuchEntity` where there is no such account; `InvalidInput` where there are several and none is named;
    /// `ServiceUnavailable`.
    pub async fn admit_on_host(
        &self,
        account: Option<AccountId>,
        uid: u32,
    ) -> Result<Admitted, Fault> {
        let account = match account {
            Some(account) => account,
            None => self.only_account().await?,
        };
        let caller = Caller::on_host(account, uid);
        let mut unit = self
            .store()
            .unit(&[Scope::Global, Scope::Account(account)])
            .await
            .map_err(Fault::unavailable)?;
        let principal =
            Arc::new(Principal::load(&mut unit, &caller, self.settings().clock.now()).await?);
        Ok(Admitted::new(caller, unit, principal))
    }

    /// What is known of a request that is made on the host. `command` says what made it.
    #[must_use]
    pub fn request_on_host(&self, command: &str) -> RequestFacts {
        RequestFacts {
            id: self.settings().rng.uuid().into(),
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: Some(command.to_owned()),
            referer: None,
            // Nothing leaves the host.
            secure_transport: true,
            region: Cow::Borrowed("us-east-1"),
            door: Door::Aws,
            now: self.settings().clock.now(),
        }
    }

    async fn only_account(&self) -> Result<AccountId, Fault> {
        let mut unit = self
            .store()
            .unit(&[Scope::Global])
            .await
            .map_err(Fault::unavailable)?;
        let accounts = first_account::accounts(&mut unit)
            .await
            .map_err(Fault::unavailable)?;
        let mut ids = accounts.iter().filter_map(|target| match target.scope {
            Scope::Account(account) => Some(account),
            Scope::Global => None,
        });
        match (ids.next(), ids.next()) {
            (Some(account), None) => Ok(account),
            (None, _) => Err(Fault::missing("There is no account yet.")),
            (Some(_), Some(_)) => Err(Fault::new(
                Code::InvalidInput,
                "There are several accounts: name one.",
            )),
        }
    }
}

/// What is said of an account that is not there.
pub(crate) fn no_such_account(account: AccountId) -> Fault {
    Fault::missing(format!("There is no account {account}."))
}
