//! What an operation works with while it runs: the caller, the clock's one reading, chance, settings, and a view of the
//! store that remembers what it was asked.

use std::sync::Arc;

use claviger_model::{AccountId, Rng, Secret, Timestamp, UniqueId};
use claviger_store::{MarkKey, Message, Scope, Unit};
use parking_lot::Mutex;

use crate::attachment::Attachment;
use crate::caller::Caller;
use crate::context::RequestFacts;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::pins::Pins;
use crate::principal::Principal;

/// Results of slow work, kept when an operation starts over after a write conflict, so that a password is hashed once.
#[derive(Default)]
pub(crate) struct Slow {
    hashes: Mutex<Vec<(String, Secret<String>)>>,
}

/// What an operation works with while it runs.
pub struct Cx<'r> {
    pub(crate) iam: &'r Iam,
    pub(crate) caller: &'r Caller,
    pub(crate) request: &'r RequestFacts,
    pub(crate) slow: &'r Slow,
    /// Whom the request means by the names that it gives.
    pub(crate) pins: &'r Pins,
    pub(crate) principal: Option<Arc<Principal>>,
    /// The person behind the caller, where that is a role that somebody has switched to at the console.
    pub(crate) person: Option<Arc<Principal>>,
    /// The view of the store.
    pub unit: Unit,
    /// Whether an operation that changes no record has something to commit all the same.
    pub(crate) must_commit: bool,
    /// What is to be read while the answer is sent.
    pub(crate) attachment: Option<Attachment>,
    /// Marks of use that are set once the operation has been committed.
    pub(crate) used: Vec<MarkKey>,
}

impl<'r> Cx<'r> {
    /// The caller's account: the one that the operation works in.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.caller.account()
    }

    /// The caller's account, as the store names it.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::Account(self.caller.account())
    }

    /// The instant that everything about this request goes by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.request.now
    }

    /// The source of ids and secrets.
    #[must_use]
    pub fn rng(&self) -> &'r Rng {
        &self.iam.settings().rng
    }

    /// The server, for its settings and its shared machinery.
    #[must_use]
    pub fn iam(&self) -> &'r Iam {
        self.iam
    }

    /// The caller.
    #[must_use]
    pub fn caller(&self) -> &'r Caller {
        self.caller
    }

    /// What the front door knows of the request.
    #[must_use]
    pub fn request(&self) -> &'r RequestFacts {
        self.request
    }

    /// The principal behind the caller, read in this unit.
    ///
    /// # Errors
    /// `InvalidClientTokenId` if it is gone.
    pub async fn principal(&mut self) -> Result<Arc<Principal>, Fault> {
        if let Some(principal) = &self.principal {
            return Ok(principal.clone());
        }
        let now = self.now();
        let principal = Arc::new(Principal::load(&mut self.unit, self.caller, now).await?);
        self.principal = Some(principal.clone());
        Ok(principal)
    }

    /// Moves a mark with the commit, so that what it stands for happens once.
    pub fn advance(&mut self, mark: MarkKey, to: i64) {
        self.must_commit = true;
        self.unit.advance(mark, to);
    }

    /// Sends a message with the commit.
    pub fn message(&mut self, message: Message) {
        self.must_commit = true;
        self.unit.message(message);
    }

    /// Notes a use of what the mark tells of, should the operation succeed.
    pub fn used(&mut self, mark: MarkKey) {
        self.used.push(mark);
    }

    /// Has the bytes stand in the answer as the value of their member, read while it is sent.
    pub fn attach(&mut self, attachment: Attachment) {
        self.attachment = Some(attachment);
    }

    /// A fresh unique id.
    #[must_use]
    pub fn new_id(&self, kind: claviger_model::IdKind) -> UniqueId {
        UniqueId::generate(kind, self.account(), self.rng())
    }

    /// The result of slow work under this name, done once however often the operation starts over.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn once<F>(&self, name: &str, work: F) -> Result<Secret<String>, Fault>
    where
        F: Future<Output = Result<Secret<String>, Fault>>,
    {
        if let Some((_, kept)) = self
            .slow
            .hashes
            .lock()
            .iter()
            .find(|(kept, _)| kept == name)
        {
            return Ok(kept.clone());
        }
        let result = work.await?;
        self.slow
            .hashes
            .lock()
            .push((name.to_owned(), result.clone()));
        Ok(result)
    }
}
