//! Pages of lists: `limit` and `marker` in, `page_info` out.

use claviger_iam::Fault;
use claviger_iam::operation::page::{Marker, PageEnd, Paged};
use claviger_model::scalar::Bounded;
use claviger_model::{Code, Scalar as _};
use claviger_shape::Form;
use serde_json::{Value, json};

use crate::error::Error;

/// Items on a page where none is asked for, and the most.
const DEFAULT_LIMIT: i32 = 100;
const MAX_LIMIT: i32 = 200;
/// Characters of a marker.
const MARKER: std::ops::RangeInclusive<usize> = 4..=400;

/// The page that a request asks for.
pub(super) struct Page {
    limit: Bounded<1, 1000>,
    marker: Option<Marker>,
}

impl Page {
    /// Reads what the query says of it.
    ///
    /// # Errors
    /// 400 where it says something that cannot be.
    pub(super) fn read(query: &Form<'_>) -> Result<Self, Error> {
        Ok(Self {
            limit: limit(query.get("limit"))?,
            marker: query.get("marker").map(marker).transpose()?,
        })
    }

    /// The page as operations are asked for it.
    pub(super) fn asked(&self) -> Paged {
        Paged {
            max_items: Some(self.limit),
            marker: self.marker.clone(),
        }
    }

    /// The same, of a list that is about the one of this kind that was asked for by this id.
    pub(super) fn refused_about(&self, fault: Fault, kind: &str, id: &str) -> Error {
        match fault.code() {
            Code::NoSuchEntity => Error::of(fault, kind, id),
            _ => self.refused(fault),
        }
    }

    /// The refusal of an operation that takes nothing else that could be wrong.
    pub(super) fn refused(&self, fault: Fault) -> Error {
        match fault.code() {
            Code::ValidationError if self.marker.is_some() => Error::marker(),
            _ => Error::from(fault),
        }
    }
}

/// What is said of where a page ends.
pub(super) fn info(count: usize, end: PageEnd) -> Value {
    let mut info = json!({ "current_count": count });
    if let (Some(marker), Some(info)) = (end.marker, info.as_object_mut()) {
        info.insert(String::from("next_marker"), Value::from(marker));
    }
    info
}

fn limit(text: Option<&str>) -> Result<Bounded<1, 1000>, Error> {
    let wrong = || Error::invalid(format!("limit must be a number from 1 to {MAX_LIMIT}."));
    let Some(text) = text else {
        return Bounded::parse(&DEFAULT_LIMIT.to_string()).map_err(|_| wrong());
    };
    let limit: Bounded<1, 1000> = Bounded::parse(text).map_err(|_| wrong())?;
    if limit.get() > MAX_LIMIT {
        return Err(wrong());
    }
    Ok(limit)
}

fn marker(text: &str) -> Result<Marker, Error> {
    if !MARKER.contains(&text.chars().count()) {
        return Err(Error::marker());
    }
    Marker::parse(text).map_err(|_| Error::marker())
}
