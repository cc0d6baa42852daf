//! Deriving signing keys.

use claviger_model::Secret;

use super::TERMINATOR;
use crate::key::SigningKey;

impl SigningKey {
    /// Derives the key of Signature Version 4 (IAM user guide, "Create a signed AWS API request", step 4). `date` is
    /// `YYYYMMDD`. Whatever the texts are, a key comes out; one for a scope that nobody presents verifies nothing.
    #[must_use]
    pub fn derive(secret: &Secret<String>, date: &str, region: &str, service: &str) -> Self {
        Self::chain("AWS4", secret, [date, region, service, TERMINATOR])
    }
}
