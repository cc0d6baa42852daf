//! Lists that these clients take whole: read page by page behind the door.

use claviger_iam::operation::page::{Marker, Paged};
use claviger_model::Scalar as _;
use claviger_model::scalar::Bounded;

use crate::error::Error;

/// Where a list is read on. Bounded: nobody is answered more than a hundred thousand rows at once.
pub(super) struct Pages {
    marker: Option<Option<String>>,
    left: u32,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            marker: Some(None),
            left: 100,
        }
    }
}

impl Pages {
    /// The marker of the next page, `None` where there is none to read.
    pub(super) fn next(&mut self) -> Option<Option<String>> {
        self.left = self.left.checked_sub(1)?;
        self.marker.take()
    }

    /// Goes on behind this marker, if there is one.
    pub(super) fn after(&mut self, marker: Option<impl ToString>) {
        self.marker = marker.map(|marker| Some(marker.to_string()));
    }
}

/// A page of a thousand rows behind this marker.
pub(super) fn page(marker: Option<String>) -> Result<Paged, Error> {
    let wrong = |_| Error::marker();
    Ok(Paged {
        max_items: Some(Bounded::parse("1000").map_err(wrong)?),
        marker: marker
            .map(|marker| Marker::parse(&marker).map_err(wrong))
            .transpose()?,
    })
}
