//! FIDO security keys and passkeys: registration of a device and proof of possession (W3C, Web Authentication Level 3).
//!
//! Each ceremony has two steps. The first issues a challenge that tells, sealed, what it is good for and since when; the
//! second verifies what the client answers, and then writes that the challenge was used. Signatures and attestation statements are verified by `webauthn-rs-core`; what that library leaves to its callers stands here: whose a
//! challenge is, cross-origin use, ids that contradict each other, curves, trust in attestations and rules on models.
//!
//! SECURITY: what a client sends is read within bounds, and a refusal says which rule was broken and nothing of what was
//! sent. To a stranger every refusal must look the same: it is for the front door not to tell the [`Refusal`].

mod assertion;
pub(crate) mod challenge;
mod devices;
pub(crate) mod event;
mod refusal;
mod registration;
mod relying_party;
mod response;
mod trust;

pub use assertion::{BegunAssertion, CeremonyError, SecurityKeyProof};
pub use challenge::Purpose;
pub(crate) use devices::{fido_devices, policy, used_mark};
pub use refusal::Refusal;
pub use registration::{Registered, creation_options};
pub use relying_party::{RelyingParty, UnusableAddress};
pub use response::{AssertionResponse, MOST_BYTES, RegistrationResponse};
pub use trust::check_policy;

use claviger_model::AccountId;
use sha2::{Digest, Sha256};

use crate::entity::mfa_device::Who;

/// The identifier under which authenticators keep a user's passkeys. It stays when the user is renamed, and tells a stranger
/// nothing (Web Authentication, 14.6.1, "User Handle Contents").
#[must_use]
pub fn user_handle(account: AccountId, who: &Who) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"claviger user handle\0");
    hash.update(account.to_string());
    hash.update(b"\0");
    hash.update(match who {
        Who::User(id) => id.as_str(),
        Who::Root => "root",
    });
    hash.finalize().into()
}
