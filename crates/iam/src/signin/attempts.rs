//! How often somebody may try to sign in.
//!
//! Tickets are taken before a password is looked at, and are kept by the store, so that neither parallel requests nor a
//! restart nor another node gives more of them (AC-31). Strangers share tickets that a browser which has signed in
//! before does not need: it has a bucket of its own ([`KnownBrowser`]), so that nobody can lock out somebody else
//! (OWASP, "Slow down online guessing attacks with device cookies").

use claviger_model::Timestamp;
use claviger_store::{Bucket, Scope};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::known_browser::KnownBrowser;
use crate::fault::Fault;
use crate::iam::Iam;

/// Tries at one name from one source, or by one browser that has signed in before.
const TRIES: u32 = 10;
/// Tries from one source, at whatever names.
const TRIES_OF_SOURCE: u32 = 100;
/// Tries at one name by all strangers together, in [`STRANGERS_WINDOW`].
const TRIES_OF_STRANGERS: u32 = 100;
/// Seconds that a window lasts.
const WINDOW: u32 = 900;
/// Seconds that the window of all strangers lasts.
const STRANGERS_WINDOW: u32 = 3_600;

/// The kind of the buckets of a source.
const BY_SOURCE: &str = "sign_in_source";
/// The kind of the buckets of a source at a name.
const BY_SOURCE_AND_NAME: &str = "sign_in_source_name";
/// The kind of the buckets of all strangers at a name.
const BY_NAME: &str = "sign_in_name";
/// The kind of the buckets of a browser that has signed in before.
const BY_BROWSER: &str = "sign_in_browser";

/// The buckets that one try takes from.
#[derive(Debug)]
pub(super) struct Attempts {
    /// That of the source at the name, or of the browser.
    own: Bucket,
    /// Those of strangers: of the source at all names, and of the name from all sources.
    strangers: Option<(Bucket, Bucket)>,
}

impl Attempts {
    /// Those of a try at the name that `subject` spells out, from this network. Whether there is such a user is not asked.
    #[must_use]
    pub(super) fn new(subject: &str, source: &str, browser: Option<&KnownBrowser>) -> Self {
        let name = HEXLOWER.encode(&Sha256::digest(subject.as_bytes()));
        let bucket = |kind, id: String| Bucket::new(Scope::Global, kind, id);
        if let Some(browser) = browser {
            return Self {
                own: bucket(BY_BROWSER, browser.id.clone()),
                strangers: None,
            };
        }
        Self {
            own: bucket(BY_SOURCE_AND_NAME, format!("{source} {name}")),
            strangers: Some((bucket(BY_SOURCE, source.to_owned()), bucket(BY_NAME, name))),
        }
    }

    /// Takes a ticket of each; false where one gives none.
    ///
    /// # Errors
    /// `ServiceUnavailable`: nobody is let in while tries cannot be counted.
    pub(super) async fn take(&self, iam: &Iam, now: Timestamp) -> Result<bool, Fault> {
        // The source's own come first: who floods takes little of what others need.
        let mut buckets = vec![(&self.own, TRIES, WINDOW)];
        if let Some((by_source, by_name)) = &self.strangers {
            buckets.insert(0, (by_source, TRIES_OF_SOURCE, WINDOW));
            buckets.push((by_name, TRIES_OF_STRANGERS, STRANGERS_WINDOW));
        }
        for (bucket, tries, window) in buckets {
            let taken = iam.store().take(bucket, tries, window, now).await;
            if !taken.map_err(Fault::unavailable)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Once the password was right: the source has all its tries at this name again, and of those that strangers share,
    /// the one that this was.
    ///
    /// # Errors
    /// `ServiceUnavailable`.
    pub(super) async fn succeeded(&self, iam: &Iam, taken: Timestamp) -> Result<(), Fault> {
        let store = iam.store();
        store.refill(&self.own).await.map_err(Fault::unavailable)?;
        // SECURITY: never more than the one. Who knows one password must not get tries at others for it.
        if let Some((by_source, by_name)) = &self.strangers {
            for bucket in [by_source, by_name] {
                let given = store.give_back(bucket, taken).await;
                given.map_err(Fault::unavailable)?;
            }
        }
        Ok(())
    }
}
