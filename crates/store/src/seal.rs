//! Sealed values: secrets that must be readable again, under a data key of their own principal.

use serde::{Deserialize, Serialize};

/// A value that only the store opens. Stands in a record's body as base64 text; names the version of the data key that
/// it is sealed under, and is bound to scope, kind, id and field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub(crate) String);
