//! Secrets of service-specific credentials: drawn, hashed, compared.
//!
//! A secret is 256 bits of chance and never chosen by anybody, so no guessing is slowed down by a costly hash, and a
//! service can have one verified with every request.

use claviger_model::{Rng, Secret};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::entity::service_credential::Service;

/// What is hashed with every secret: no hash of another kind is taken for one of these.
const PURPOSE: &[u8] = b"claviger service-specific credential 1";

/// Draws a secret for a credential that the service knows by this name. A key carries the name, since it is all that a
/// client sends.
#[must_use]
pub fn draw(service: Service, name: &str, rng: &Rng) -> Secret<String> {
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(rng.bytes());
    let password = Zeroizing::new(BASE64.encode(&*bytes));
    Secret::new(match service.key_prefix {
        None => password.to_string(),
        Some(prefix) => {
            let inner = Zeroizing::new([name, ":", &password].concat());
            [prefix, &BASE64.encode(inner.as_bytes())].concat()
        }
    })
}

/// The name that a key carries, if it is a key of this service.
#[must_use]
pub fn name_in(service: Service, key: &Secret<String>) -> Option<String> {
    let encoded = key.expose().strip_prefix(service.key_prefix?)?;
    let inner = Zeroizing::new(BASE64.decode(encoded.as_bytes()).ok()?);
    let at = inner.iter().rposition(|byte| *byte == b':')?;
    String::from_utf8(inner.get(..at)?.to_vec()).ok()
}

/// The hash of a secret, bound to the credential that it is of.
#[must_use]
pub fn hash(credential: &str, secret: &Secret<String>) -> Secret<String> {
    #[cfg(test)]
    tests::HASHED.with(|hashed| {
        hashed
            .borrow_mut()
            .push(credential.len() + secret.expose().len())
    });
    let mut hash = Sha256::new();
    for part in [PURPOSE, credential.as_bytes(), secret.expose().as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut digest: [u8; 32] = hash.finalize().into();
    let text = HEXLOWER.encode(&digest);
    digest.zeroize();
    Secret::new(text)
}

/// A hash that no secret has: it is of the length of one, and not in its alphabet.
pub const NO_HASH: &[u8; 64] = &[0; 64];
/// An id that no credential has, as long as those that they have: what is hashed is then as long.
const NO_CREDENTIAL: &str = "ACCA00000000000000000";

/// Whether the secret is that of a credential: its id and its hash. One secret is hashed and one hash compared, also where
/// there is no credential.
#[must_use]
pub fn check(kept: Option<(&str, &[u8])>, secret: &Secret<String>) -> bool {
    let (credential, kept) = kept.unwrap_or((NO_CREDENTIAL, NO_HASH));
    hash(credential, secret).matches(kept)
}

#[cfg(test)]
mod tests {
    use claviger_model::{AccountId, IdKind, UniqueId};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    const NAME: &str = "jane-at-123456789012";

    thread_local! {
        /// How many bytes each run of the hash was given.
        pub(super) static HASHED: std::cell::RefCell<Vec<usize>> = const { std::cell::RefCell::new(Vec::new()) };
    }

    #[test]
    fn a_credential_that_is_not_there_costs_what_one_that_is_does() {
        let secret = draw(service("codecommit.amazonaws.com"), NAME, &rng());
        let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
        let id = UniqueId::generate(IdKind::ServiceSpecificCredential, account, &rng());
        let right = hash(id.as_str(), &secret);
        let right = right.expose().as_bytes();
        let mut costs = Vec::new();
        for (kept, expected) in [
            (Some((id.as_str(), right)), true),
            (Some((id.as_str(), NO_HASH.as_slice())), false),
            (None, false),
        ] {
            HASHED.take();
            assert_eq!(check(kept, &secret), expected);
            costs.push(HASHED.take());
        }
        assert_eq!(costs[0].len(), 1, "one run");
        assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
        assert_eq!(right.len(), NO_HASH.len());
    }

    fn service(name: &str) -> Service {
        Service::find(name).expect("a service")
    }

    fn rng() -> Rng {
        Rng::new(ChaCha20Rng::from_seed([3; 32]))
    }

    #[test]
    fn a_password_has_256_bits_and_no_two_are_alike() {
        let rng = rng();
        let codecommit = service("codecommit.amazonaws.com");
        let (one, two) = (draw(codecommit, NAME, &rng), draw(codecommit, NAME, &rng));
        assert_eq!(
            BASE64
                .decode(one.expose().as_bytes())
                .expect("base64")
                .len(),
            32
        );
        assert_ne!(one.expose(), two.expose());
        assert_eq!(name_in(codecommit, &one), None);
    }

    #[test]
    fn a_key_carries_its_name_for_its_own_service_alone() {
        let (bedrock, logs) = (
            service("bedrock.amazonaws.com"),
            service("logs.amazonaws.com"),
        );
        let key = draw(bedrock, NAME, &rng());
        assert!(key.expose().starts_with("ABSK"));
        assert_eq!(name_in(bedrock, &key).as_deref(), Some(NAME));
        assert_eq!(name_in(logs, &key), None);
        for broken in ["", "ABSK", "ABSK!", "ABSKAAAA"] {
            assert_eq!(name_in(bedrock, &Secret::new(broken.to_owned())), None);
        }
    }

    #[test]
    fn a_hash_is_of_one_secret_of_one_credential() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let hashed = hash("ACCA1", &secret("one"));
        assert!(hashed.matches(hash("ACCA1", &secret("one")).expose().as_bytes()));
        for other in [
            hash("ACCA2", &secret("one")),
            hash("ACCA1", &secret("two")),
            hash("ACCA1o", &secret("ne")),
        ] {
            assert!(!hashed.matches(other.expose().as_bytes()));
        }
    }
}
