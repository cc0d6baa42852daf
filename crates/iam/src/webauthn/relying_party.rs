//! The relying party: this server, as authenticators know it.

use std::time::Duration;

use url::{Host, Url};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::COSEAlgorithm;

/// Algorithms of key pairs, the best first: those that are verified here.
pub(super) const OFFERED: [COSEAlgorithm; 3] = [
    COSEAlgorithm::ES256,
    COSEAlgorithm::ES384,
    COSEAlgorithm::RS256,
];

/// Milliseconds that a client waits for its user: as long as the challenge is good.
pub(super) const TIMEOUT_MS: u32 = 300_000;

/// Why security keys cannot be used at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableAddress {
    /// It is no address at all.
    #[error("the public address cannot be read")]
    Unreadable,
    /// Authenticators know servers by name.
    #[error("the public address has no name but a number")]
    NoName,
    /// Browsers offer authenticators to encrypted sites and to `localhost` alone.
    #[error("the public address is neither https nor localhost")]
    Unencrypted,
}

/// This server, as authenticators know it.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) core: WebauthnCore,
}

impl RelyingParty {
    /// The relying party of a server that people reach at this address, and call by this name.
    ///
    /// # Errors
    /// Why no client would use an authenticator there (Web Authentication, 5.1.3 and 5.1.4.1).
    pub fn of(address: &str, name: &str) -> Result<Self, UnusableAddress> {
        let origin = Url::parse(address).map_err(|_| UnusableAddress::Unreadable)?;
        let id = match origin.host() {
            Some(Host::Domain(domain)) => domain.to_owned(),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(UnusableAddress::NoName),
            None => return Err(UnusableAddress::Unreadable),
        };
        let is_local = id == "localhost" || id.ends_with(".localhost");
        match origin.scheme() {
            "https" => {}
            "http" if is_local => {}
            "http" => return Err(UnusableAddress::Unencrypted),
            _ => return Err(UnusableAddress::Unreadable),
        }
        let core = WebauthnCore::new_unsafe_experts_only(
            name,
            &id,
            vec![origin],
            Duration::from_millis(TIMEOUT_MS.into()),
            Some(false),
            Some(false),
        );
        Ok(Self {
            id,
            name: name.to_owned(),
            core,
        })
    }

    /// The name by which authenticators know this server.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webauthn::challenge::LIFETIME_SECONDS;

    #[test]
    fn a_client_waits_as_long_as_its_challenge_is_good() {
        assert_eq!(i64::from(TIMEOUT_MS), LIFETIME_SECONDS * 1_000);
    }

    #[test]
    fn a_server_is_known_by_its_name_where_clients_use_authenticators() {
        let id = |address: &str| RelyingParty::of(address, "Claviger").map(|party| party.id);
        assert_eq!(
            id("https://iam.example.com"),
            Ok(String::from("iam.example.com"))
        );
        assert_eq!(
            id("https://IAM.example.com:8443/below"),
            Ok(String::from("iam.example.com"))
        );
        assert_eq!(id("http://localhost:8040"), Ok(String::from("localhost")));
        for (address, why) in [
            ("https://192.0.2.7", UnusableAddress::NoName),
            ("https://[2001:db8::1]:8040", UnusableAddress::NoName),
            ("http://iam.example.com", UnusableAddress::Unencrypted),
            ("http://notlocalhost:80", UnusableAddress::Unencrypted),
            ("iam.example.com", UnusableAddress::Unreadable),
            ("ftp://iam.example.com", UnusableAddress::Unreadable),
            ("", UnusableAddress::Unreadable),
        ] {
            assert_eq!(id(address), Err(why), "{address}");
        }
    }
}
