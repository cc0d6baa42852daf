//! Whom a credential was seen to be of, kept with it, so that nothing of it is loaded anew while nothing has changed.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use claviger_store::{Unit, View};

use crate::caller::Caller;
use crate::fault::Fault;
use crate::principal::Principal;

/// A principal as it was loaded for a credential, with what it was loaded from.
pub(crate) struct Seen {
    pub(crate) caller: Caller,
    pub(crate) principal: Arc<Principal>,
    view: View,
}

/// The place where it is kept.
pub(crate) struct SeenCell(ArcSwapOption<Seen>);

impl SeenCell {
    /// One that knows nobody.
    pub(crate) fn empty() -> Self {
        Self(ArcSwapOption::empty())
    }

    /// The principal behind the credential, where nothing that it was made of has changed since: the credential is there and
    /// good, the principal has it, and these are its policies. `unit` must be fresh; it has then read all of it.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub(crate) async fn get(&self, unit: &mut Unit) -> Result<Option<Arc<Seen>>, Fault> {
        let Some(seen) = self.0.load_full() else {
            return Ok(None);
        };
        if unit.recall(&seen.view).await.map_err(Fault::unavailable)? {
            return Ok(Some(seen));
        }
        // What is no longer true need not be kept in memory.
        self.0.store(None);
        Ok(None)
    }

    /// Keeps the principal that `unit` has loaded for the credential, if all that it has read can be told when it changes.
    pub(crate) fn see(&self, unit: &Unit, caller: &Caller, principal: &Arc<Principal>) {
        if let Some(view) = unit.view() {
            self.0.store(Some(Arc::new(Seen {
                caller: caller.clone(),
                principal: principal.clone(),
                view,
            })));
        }
    }
}
