//! Paths as this API writes them: as resource names do, without the slash at their beginning.

use claviger_model::Scalar;

use crate::error::Error;

/// A path as a request brings it.
///
/// # Errors
/// 400 where it is none.
pub(super) fn read<T: Scalar>(text: &str) -> Result<T, Error> {
    T::parse(&format!("/{text}")).map_err(|_| Error::invalid("The path is invalid."))
}

/// A path as an answer shows it.
pub(super) fn told(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}
