//! Temporary credentials: what a session token holds, and how it is sealed.
//!
//! A token is self-contained: any node opens it with the key ring, and nothing is stored when one is issued. It ends by
//! what is looked up anyway: the principal's existence under its unique id, and the security epoch sealed in.

use claviger_model::{AccessKeyId, AccountId, Arn, Secret, Tag, TagKey, Timestamp, UniqueId};
use claviger_store::Ring;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::entity::Document;
use crate::fault::Fault;

/// Longer tokens are refused before they are opened.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// What tokens are sealed for: nothing sealed for another purpose opens as a token.
const PURPOSE: &[u8] = b"claviger session token 1";

/// What temporary credentials stand for.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Session {
    /// The key that came with the token; it opens with no other.
    pub access_key_id: AccessKeyId,
    /// Who acts.
    pub principal: SessionPrincipal,
    /// The principal's security epoch when the session was issued.
    pub epoch: u64,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When the principal last proved a second factor, if at all.
    pub mfa: Option<Timestamp>,
    /// The inline session policy, if one was passed.
    pub policy: Option<Document>,
    /// Managed policies passed as session policies.
    pub policy_arns: Vec<Arn>,
    /// Tags of the session, transitive ones from earlier in the chain included.
    pub tags: Vec<Tag>,
    /// Which of the tags go on to sessions made from this one.
    pub transitive: Vec<TagKey>,
    /// The identity set when the chain began.
    pub source_identity: Option<String>,
    /// The long-term key that it was issued to, whose bounds hold for it too (`GetSessionToken`). Sessions of roles have
    /// none: a role is a principal of its own, which its owner bounds by its trust policy and its policies
    /// (`aws:SourceIp`), and whoever takes it on may well hand its credentials to somebody elsewhere. Sessions from before
    /// keys had bounds have none either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_to: Option<IssuedTo>,
}

/// The long-term key that a session was issued to. The key's bounds are looked up at each request, so that they hold as
/// they are then.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IssuedTo {
    /// The key.
    pub key: AccessKeyId,
    /// The key epoch of its owner when the session was issued: what tells, once the key is gone, whether it can have had
    /// bounds.
    pub key_epoch: u64,
}

/// The principal of a session.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SessionPrincipal {
    /// The root user of an account.
    #[serde(rename = "root")]
    Root(AccountId),
    /// A user (`GetSessionToken`).
    #[serde(rename = "user")]
    User {
        /// The user's account.
        account: AccountId,
        /// The user.
        id: UniqueId,
    },
    /// A role (`AssumeRole`).
    #[serde(rename = "role")]
    Role {
        /// The role's account.
        account: AccountId,
        /// The role.
        id: UniqueId,
        /// The name that the caller gave the session.
        session_name: String,
    },
}

impl SessionPrincipal {
    /// The principal's account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        match self {
            Self::Root(account) | Self::User { account, .. } | Self::Role { account, .. } => {
                *account
            }
        }
    }
}

impl Session {
    /// Whether policies were passed that narrow the session.
    #[must_use]
    pub fn has_policies(&self) -> bool {
        self.policy.is_some() || !self.policy_arns.is_empty()
    }
}

/// The parts of a token as they are sealed. The secret stands beside the session so that [`Session`] itself can be
/// printed.
#[derive(serde::Serialize, serde::Deserialize)]
struct Sealed<S, T> {
    secret: S,
    session: T,
}

/// Seals a session into a token of at least `minimum` bytes.
///
/// # Errors
/// `ServiceFailure` if the session cannot be written.
pub fn seal(
    ring: &Ring,
    session: &Session,
    secret: &Secret<String>,
    minimum: usize,
) -> Result<Secret<String>, Fault> {
    let mut plain = Zeroizing::new(
        serde_json::to_vec(&Sealed {
            secret: secret.expose(),
            session,
        })
        .map_err(Fault::service)?,
    );
    // Blanks after JSON mean nothing. Four characters of base64 hold three bytes, so this many make the token long enough.
    if plain.len() < minimum / 4 * 3 + 3 && minimum > 0 {
        plain.resize(minimum / 4 * 3 + 3, b' ');
    }
    Ok(Secret::new(BASE64.encode(&ring.seal(PURPOSE, &plain))))
}

/// Opens a token, or `None` for anything that this server did not seal.
#[must_use]
pub fn open(ring: &Ring, token: &str) -> Option<(Session, Secret<String>)> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let sealed = BASE64.decode(token.as_bytes()).ok()?;
    let plain = ring.open(PURPOSE, &sealed)?;
    let Sealed { secret, session } =
        serde_json::from_slice::<Sealed<String, Session>>(plain.expose()).ok()?;
    Some((session, Secret::new(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_from_before_keys_had_bounds_is_read_and_bound_to_no_key() {
        let old = r#"{"access_key_id":"ASIAQNZGKIQY56JQ7WML","principal":{"user":{"account":"123456789012",
            "id":"AIDAQNZGKIQY56JQ7WML2"}},"epoch":0,"issued":1767323045000000,"expires":1767366245000000,"mfa":null,
            "policy":null,"policy_arns":[],"tags":[],"transitive":[],"source_identity":null}"#;
        let session: Session = serde_json::from_str(old).expect("a session");
        assert_eq!(session.issued_to, None);
        let again = serde_json::to_value(&session).expect("JSON");
        assert!(again.get("issued_to").is_none(), "{again}");
    }
}
