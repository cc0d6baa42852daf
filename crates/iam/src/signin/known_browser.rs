//! Browsers that have signed in before: a sealed cookie that tells so, for one user. It opens nothing; it only keeps the
//! tries of strangers from counting against its owner.

use claviger_model::{Rng, Secret, Timestamp};
use claviger_store::Ring;
use data_encoding::BASE64URL_NOPAD;

use crate::fault::Fault;
use crate::iam::Iam;

/// What these cookies are sealed for.
const PURPOSE: &[u8] = b"claviger known browser 1";
/// Longer ones are not opened.
const MAX_BYTES: usize = 1_024;
/// How long a browser is known, in seconds.
const KNOWN_SECONDS: i64 = 180 * 86_400;

/// A browser in which somebody has signed in.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct KnownBrowser {
    /// What its tries are counted under.
    pub id: String,
    /// Who signed in: the account's number and `root` or the user's unique id.
    pub subject: String,
    /// Until when.
    pub until: Timestamp,
}

impl KnownBrowser {
    /// One in which this subject has just signed in.
    #[must_use]
    pub fn new(subject: String, now: Timestamp, rng: &Rng) -> Self {
        Self {
            id: rng.uuid(),
            subject,
            until: now.plus_seconds(KNOWN_SECONDS),
        }
    }

    /// Seals it for a cookie.
    ///
    /// # Errors
    /// `ServiceFailure`.
    pub fn seal(&self, iam: &Iam) -> Result<Secret<String>, Fault> {
        let plain = serde_json::to_vec(self).map_err(Fault::service)?;
        Ok(Secret::new(
            BASE64URL_NOPAD.encode(&iam.tokens().seal(PURPOSE, &plain)),
        ))
    }

    /// Opens a cookie; `None` for what this server did not seal, or whose time is over.
    #[must_use]
    pub(super) fn open(ring: &Ring, cookie: &str, now: Timestamp) -> Option<Self> {
        if cookie.len() > MAX_BYTES {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
        let plain = ring.open(PURPOSE, &sealed)?;
        let browser: Self = serde_json::from_slice(plain.expose()).ok()?;
        (now < browser.until).then_some(browser)
    }
}
