//! What a unit is about to change, for who must tell of it in the same commit.

use std::sync::Arc;

use super::reads::Read;
use super::{Unit, typed};
use crate::error::StoreError;
use crate::record::{Record, Stored};

/// A record as this unit has read it and as it will be.
pub struct Written<R> {
    /// As it was read; absent where there was none.
    pub before: Option<Arc<Stored<R>>>,
    /// As it will be; absent where it is deleted. Its revision says nothing yet.
    pub after: Option<Arc<Stored<R>>>,
}

impl Unit {
    /// Every record of this kind that the unit has put, or has read and deleted, in the order of writing.
    ///
    /// # Errors
    /// `Corrupt` if two types share the kind.
    pub fn written<R: Record>(&self) -> Result<Vec<Written<R>>, StoreError> {
        let Some(wants) = &self.wants else {
            return Ok(Vec::new());
        };
        wants
            .writes
            .iter()
            .filter(|write| write.kind == R::KIND)
            .map(|write| {
                let read = self.reads.find(write.account, write.kind, &write.id);
                let before = match read {
                    Some(Read::Found(kept)) => Some(typed(Arc::clone(kept))?),
                    Some(Read::Absent { .. }) | None => None,
                };
                let put = write.put.as_ref().map(|put| Arc::clone(&put.kept));
                Ok(Written {
                    before,
                    after: put.map(typed).transpose()?,
                })
            })
            .collect()
    }
}
