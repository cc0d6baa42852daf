//! Sign-ins that are begun and not complete: sealed, short-lived, and of a type for each thing that is still to do.

use claviger_model::name::MfaDeviceName;
use claviger_model::{AccessKeyId, AccountId, Secret, Timestamp};
use claviger_store::Ring;
use data_encoding::BASE64URL_NOPAD;

use super::Refusal;
use crate::entity::ProtectionMethod;
use crate::entity::mfa_device::Who;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::session::{Session, SessionPrincipal};

/// How long a sign-in may take from its password to its end, in seconds.
pub(super) const LIFETIME_SECONDS: i64 = 600;
/// Longer cookies are not opened.
const MAX_BYTES: usize = 4_096;

/// What was proved so far.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Proved {
    pub(super) account: AccountId,
    pub(super) who: Who,
    /// The security epoch of the principal when the sign-in began.
    pub(super) epoch: u64,
    /// The epoch of the principal's sign-ins when this one began.
    pub(super) sign_in_epoch: u64,
    /// The field of the password that was right.
    pub(super) password: String,
    /// When it began.
    pub(super) begun: Timestamp,
    /// When a second factor was proved, if it was.
    pub(super) mfa: Option<Timestamp>,
    /// The serial number of the device, or `recovery code`.
    pub(super) factor: Option<String>,
    /// The way of the code that login protection has asked for, if it came back.
    #[serde(default)]
    pub(super) code: Option<ProtectionMethod>,
    /// Whether nobody has signed in with this browser before.
    #[serde(default)]
    pub(super) is_new_browser: bool,
    /// What the steps' audit events call the credentials.
    pub(super) access_key_id: AccessKeyId,
}

impl Proved {
    /// The session that a step is run in. It lasts no longer than the sign-in may take.
    pub(super) fn session(&self) -> Session {
        Session {
            access_key_id: self.access_key_id.clone(),
            principal: match &self.who {
                Who::Root => SessionPrincipal::Root(self.account),
                Who::User(id) => SessionPrincipal::User {
                    account: self.account,
                    id: id.clone(),
                },
            },
            epoch: self.epoch,
            issued: self.begun,
            expires: self.begun.plus_seconds(LIFETIME_SECONDS),
            mfa: self.mfa,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive: Vec::new(),
            source_identity: None,
            issued_to: None,
        }
    }

    fn seal(&self, ring: &Ring, purpose: &[u8]) -> Result<Secret<String>, Fault> {
        seal(self, ring, purpose)
    }

    fn open(ring: &Ring, purpose: &[u8], cookie: &str, now: Timestamp) -> Result<Self, Refusal> {
        open::<Self>(ring, purpose, cookie)?.still_good(now)
    }

    fn still_good(self, now: Timestamp) -> Result<Self, Refusal> {
        if now.seconds_since(self.begun) >= LIFETIME_SECONDS {
            return Err(Refusal::Over);
        }
        Ok(self)
    }
}

fn seal<T: serde::Serialize>(
    content: &T,
    ring: &Ring,
    purpose: &[u8],
) -> Result<Secret<String>, Fault> {
    let plain = serde_json::to_vec(content).map_err(Fault::service)?;
    Ok(Secret::new(
        BASE64URL_NOPAD.encode(&ring.seal(purpose, &plain)),
    ))
}

fn open<T: serde::de::DeserializeOwned>(
    ring: &Ring,
    purpose: &[u8],
    cookie: &str,
) -> Result<T, Refusal> {
    if cookie.len() > MAX_BYTES {
        return Err(Refusal::Over);
    }
    let sealed = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok();
    let plain = sealed.and_then(|sealed| ring.open(purpose, &sealed));
    plain
        .and_then(|plain| serde_json::from_slice(plain.expose()).ok())
        .ok_or(Refusal::Over)
}

/// A second factor that a person may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Factor {
    /// A device that shows codes, by its serial number.
    Totp {
        /// The serial number.
        serial: String,
        /// What its owner calls it, where that is another name.
        name: Option<MfaDeviceName>,
        /// Whether it is a token of its own and no app.
        hardware: bool,
    },
    /// A FIDO security key or passkey, by its serial number.
    SecurityKey {
        /// The serial number.
        serial: String,
        /// What its owner calls it, where that is another name.
        name: Option<MfaDeviceName>,
    },
    /// One of the codes that were written down.
    RecoveryCode,
}

/// A sign-in whose password was right and whose second factor is asked for.
#[derive(Debug, Clone)]
pub struct AwaitingFactor {
    pub(super) proved: Proved,
    /// What the person may choose from; the recovery codes come last.
    pub factors: Vec<Factor>,
}

/// A sign-in whose password was right and which login protection asks for a code that was sent.
#[derive(Debug, Clone)]
pub struct AwaitingCode {
    pub(super) proved: Proved,
    /// By which way the code is sent.
    pub(super) method: ProtectionMethod,
    /// What comes back with the code; absent before it is sent.
    pub(super) ticket: Option<Secret<String>>,
    /// Where the code goes, as far as that is shown.
    pub to: String,
}

/// The written form of an [`AwaitingCode`], for the seal.
#[derive(serde::Serialize, serde::Deserialize)]
struct SentCode {
    proved: Proved,
    ticket: String,
}

/// A sign-in that asks for another password.
#[derive(Debug, Clone)]
pub struct AwaitingPassword {
    pub(super) proved: Proved,
    /// Whether the password in force has expired; else somebody else has set it.
    pub expired: bool,
}

const FACTOR: &[u8] = b"claviger sign-in awaits a second factor 1";
const CODE: &[u8] = b"claviger sign-in awaits a sent code 1";
const PASSWORD: &[u8] = b"claviger sign-in awaits a password 1";

impl AwaitingFactor {
    /// Seals it for a cookie. What there is to choose from is looked up when it is opened.
    ///
    /// # Errors
    /// `ServiceFailure`.
    pub fn seal(&self, iam: &Iam) -> Result<Secret<String>, Fault> {
        self.proved.seal(iam.tokens(), FACTOR)
    }

    pub(super) fn open(ring: &Ring, cookie: &str, now: Timestamp) -> Result<Proved, Refusal> {
        Proved::open(ring, FACTOR, cookie, now)
    }
}

impl AwaitingCode {
    /// Seals it for a cookie.
    ///
    /// # Errors
    /// `ServiceFailure`.
    pub fn seal(&self, iam: &Iam) -> Result<Secret<String>, Fault> {
        let ticket = self.ticket.as_ref().map(|ticket| ticket.expose().clone());
        let content = SentCode {
            proved: self.proved.clone(),
            ticket: ticket.unwrap_or_default(),
        };
        seal(&content, iam.tokens(), CODE)
    }

    pub(super) fn open(
        ring: &Ring,
        cookie: &str,
        now: Timestamp,
    ) -> Result<(Proved, Secret<String>), Refusal> {
        let SentCode { proved, ticket } = open(ring, CODE, cookie)?;
        Ok((proved.still_good(now)?, Secret::new(ticket)))
    }
}

impl AwaitingPassword {
    /// Seals it for a cookie.
    ///
    /// # Errors
    /// `ServiceFailure`.
    pub fn seal(&self, iam: &Iam) -> Result<Secret<String>, Fault> {
        self.proved.seal(iam.tokens(), PASSWORD)
    }

    pub(super) fn open(ring: &Ring, cookie: &str, now: Timestamp) -> Result<Proved, Refusal> {
        Proved::open(ring, PASSWORD, cookie, now)
    }
}
