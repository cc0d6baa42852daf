//! One-time links by which a user sets a password. The store holds a digest alone.

use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{EmailAddress, Rng, Secret, Timestamp, text_scalar};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::User;
use super::contact::Address;
use super::login_protection::ProtectionMethod;

/// How long a link is good for, in days.
pub const LIFETIME_DAYS: u32 = 7;
/// What stands before what is digested, so that no other digest is one of these.
const PURPOSE: &[u8] = b"claviger password link 1";

text_scalar! {
    in Box<str>;
    /// What stands in a link: 256 bits.
    LinkToken, [MaxLength(43), MinLength(43), Pattern(r"[A-Za-z0-9_-]+")],
    |text| BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == 32)
}

impl Zeroize for LinkToken {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl LinkToken {
    /// Draws one.
    #[must_use]
    pub(crate) fn draw(rng: &Rng) -> Secret<String> {
        Secret::new(BASE64URL_NOPAD.encode(&rng.bytes::<32>()))
    }
}

/// What the record of its user is found by.
#[must_use]
pub(crate) fn digest(token: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(PURPOSE);
    hash.update(token.as_bytes());
    HEXLOWER.encode(&hash.finalize())
}

/// A link that was sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PasswordLink {
    /// The digest of what stands in it.
    pub digest: String,
    /// Where it went.
    pub to: EmailAddress,
    /// Until when it is good.
    pub expires: Timestamp,
}

impl User {
    /// Whether this is in the link that was sent last, which is still good. One that went to an address that is not the user's
    /// any more is none.
    #[must_use]
    pub fn is_password_link(&self, token: &str, now: Timestamp) -> bool {
        self.password_link.as_ref().is_some_and(|link| {
            let still = self.contacts.verified(ProtectionMethod::Email);
            let is_there =
                matches!(still, Some(Address::Email(email)) if email.key() == link.to.key());
            is_there && now < link.expires && link.digest == digest(token)
        })
    }
}
