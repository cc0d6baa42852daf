//! Views: what a unit has read, to be taken up by later units without reading it again.

use std::sync::Arc;

use super::Unit;
use super::reads::Read;
use crate::error::StoreError;
use crate::record::Kept;
use crate::scope::Scope;

/// The records that a unit has read. It keeps them in memory, so hold few views, and drop one that is not current.
pub struct View {
    kept: Vec<Arc<dyn Kept>>,
    scopes: Vec<Scope>,
}

impl Unit {
    /// What this unit has read so far, or `None` where it has seen more than records can speak for: that something was
    /// absent, an entry, a count.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        if !self.places.is_empty() || !self.spans.is_empty() || self.wants.is_some() {
            return None;
        }
        let kept = self.reads.iter().map(|read| match read {
            Read::Found(kept) => Some(Arc::clone(kept)),
            Read::Absent { .. } => None,
        });
        let kept: Vec<_> = kept.collect::<Option<_>>()?;
        let mut scopes: Vec<_> = kept.iter().map(|kept| kept.scope()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        Some(View { kept, scopes })
    }

    /// Takes up a view as if this unit, which must not have read anything yet, had read all of it now. `false`, and
    /// nothing is taken up, where any of it has changed or is no longer in the cache.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn recall(&mut self, view: &View) -> Result<bool, StoreError> {
        if self.reads.iter().next().is_some() || self.wants.is_some() {
            return Ok(false);
        }
        for &scope in &view.scopes {
            if !self.knows(scope) {
                self.learn(&view.scopes).await?;
                break;
            }
        }
        if !view.kept.iter().all(|kept| kept.is_cached()) {
            return Ok(false);
        }
        for kept in &view.kept {
            self.reads.note(Read::Found(Arc::clone(kept)));
        }
        Ok(true)
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("View")
    }
}
