//! The string to sign: its algorithm, its time, its scope where the dialect has one, and the hash of the canonical request.

use hmac::Mac;

use super::algorithm;
use crate::credential::Scheme;
use crate::digest::{self, Hex};
use crate::key::SigningKey;

/// The signature: the MAC of the string to sign. `scope` is all of a credential but the key id, empty where there is no
/// more of it.
pub(super) fn sign(
    key: &SigningKey,
    scheme: Scheme,
    stamp: &str,
    scope: &str,
    request_hash: &Hex,
) -> Hex {
    let mut to = key.mac();
    for piece in [algorithm(scheme), "\n", stamp, "\n", scope] {
        to.update(piece.as_bytes());
    }
    if scheme != Scheme::SdkAccess {
        to.update(b"\n");
    }
    to.update(request_hash);
    digest::hex(&to.finalize().into_bytes().into())
}
