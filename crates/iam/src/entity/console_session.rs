//! Console sessions: what stands behind the cookie of somebody who has signed in.
//!
//! The record holds a digest of the token, never the token. A session ends by being deleted, by its time, and by what
//! its principal's record tells: another password, another security epoch.

use std::net::IpAddr;

use claviger_model::{AccessKeyId, AccountId, Rng, Secret, Timestamp};
use claviger_store::{Entries, Record, Scope};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use super::index::{CONSOLE_SESSIONS, CONSOLE_SESSIONS_BY_END, CONSOLE_SESSIONS_OF, WHOLE};
use super::mfa_device::Who;

/// How long a proof counts as fresh, in seconds (OWASP ASVS 5.0, 7.5.1).
pub const FRESH_SECONDS: i64 = 600;
/// Sessions that one user has at once; one more ends the oldest.
pub const MAX_SESSIONS: u64 = 20;

/// What the cookie of a session holds: 256 bits of chance, in URL-safe base64.
#[derive(Clone)]
pub struct ConsoleToken(Secret<String>);

/// What a digest is made for, so that no other one-time means of this server has the same.
const PURPOSE: &[u8] = b"claviger console session 1\0";
/// What the proof in forms is made for.
const FORM_PURPOSE: &[u8] = b"claviger console form 1\0";

impl ConsoleToken {
    /// Draws a token.
    #[must_use]
    pub fn draw(rng: &Rng) -> Self {
        Self(Secret::new(BASE64URL_NOPAD.encode(&rng.bytes::<32>())))
    }

    /// The token in a cookie; `None` for what cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(Secret::new(text.to_owned())))
    }

    /// The token. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the record of its session is found by.
    #[must_use]
    pub fn digest(&self) -> String {
        self.hash(PURPOSE, "")
    }

    /// What forms of this session carry to show that they come from its own pages. It tells nothing of the token.
    #[must_use]
    pub fn form_proof(&self) -> String {
        self.hash(FORM_PURPOSE, "")
    }

    /// The same for forms that are filled in as a role: they do nothing once the session acts as somebody else.
    #[must_use]
    pub fn form_proof_as(&self, switched: Option<&str>) -> String {
        self.hash(FORM_PURPOSE, switched.unwrap_or_default())
    }

    fn hash(&self, purpose: &[u8], switched: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(purpose);
        // INVARIANT: every token is of one length, so that what follows it cannot be taken for a part of it.
        hash.update(self.0.expose().as_bytes());
        hash.update(switched.as_bytes());
        HEXLOWER.encode(&hash.finalize())
    }
}

impl std::fmt::Debug for ConsoleToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsoleToken")
    }
}

/// How far a session reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// As far as policies let its principal.
    Whole,
    /// To assigning a first MFA device, which the account demands, and no further.
    Enrolment,
}

/// A session of a person in the console.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ConsoleSession {
    /// The account.
    pub account: AccountId,
    /// What the session is called. No secret.
    pub id: String,
    /// What its token is found by.
    pub digest: String,
    /// Whose it is.
    pub who: Who,
    /// What audit events call its credentials.
    pub access_key_id: AccessKeyId,
    /// The security epoch of its principal when it was opened.
    pub epoch: u64,
    /// The field of the password in force when it was opened. Another password ends it.
    pub password: Option<String>,
    /// How far it reaches.
    pub reach: Reach,
    /// When the sign-in was complete.
    pub opened: Timestamp,
    /// When its owner last proved to be there.
    pub proved: Timestamp,
    /// When its owner last proved a second factor.
    pub mfa: Option<Timestamp>,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// Where it was opened from.
    pub source_ip: IpAddr,
    /// With what it was opened.
    pub user_agent: Option<String>,
    /// The role that its owner has switched to, sealed and bound to this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched: Option<String>,
}

impl ConsoleSession {
    /// Whether its owner proved to be there lately enough for a change of credentials.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.seconds_since(self.proved) <= FRESH_SECONDS
    }

    /// What the sessions of this user are listed under.
    #[must_use]
    pub fn group(who: &Who) -> &[u8] {
        match who {
            Who::Root => b"root",
            Who::User(id) => id.as_str().as_bytes(),
        }
    }

    /// Its place among those of the account by when they end: the earliest comes first.
    #[must_use]
    pub fn place_by_end(&self) -> Vec<u8> {
        let mut key = self.expires.micros().to_be_bytes().to_vec();
        key.extend_from_slice(self.id.as_bytes());
        key
    }

    /// Its place in the list of its owner's sessions: the oldest come first.
    #[must_use]
    pub fn place(&self) -> Vec<u8> {
        let mut key = self.opened.micros().to_be_bytes().to_vec();
        key.extend_from_slice(self.id.as_bytes());
        key
    }
}

impl Record for ConsoleSession {
    const KIND: &'static str = "console_session";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn entries(&self, out: &mut Entries) {
        out.unique(&CONSOLE_SESSIONS, self.digest.as_bytes());
        out.ordered(
            &CONSOLE_SESSIONS_OF,
            Self::group(&self.who),
            self.place().as_slice(),
        );
        out.ordered(
            &CONSOLE_SESSIONS_BY_END,
            WHOLE,
            self.place_by_end().as_slice(),
        );
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_token_is_read_back_and_tells_nothing_in_its_digests() {
        let token = ConsoleToken::draw(&Rng::new(ChaCha20Rng::from_seed([5; 32])));
        let read = ConsoleToken::parse(token.expose()).expect("a token");
        assert_eq!(read.digest(), token.digest());
        assert_ne!(token.digest(), token.form_proof());
        assert_eq!(token.form_proof(), token.form_proof_as(None));
        assert_ne!(
            token.form_proof_as(Some("a")),
            token.form_proof_as(Some("b"))
        );
        assert_ne!(token.form_proof_as(Some("a")), token.form_proof());
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "abc", "!!!!", &"A".repeat(42), &"A".repeat(44)] {
            assert!(ConsoleToken::parse(text).is_none(), "{text}");
        }
    }
}
