//! The string to sign (IAM user guide, "Create a signed AWS API request", steps 2 to 4).

use hmac::Mac;

use crate::canonical::{Blanks, PathStyle, Style};
use crate::digest::{self, Hex};
use crate::key::SigningKey;

/// How Signature Version 4 writes a canonical request.
pub(super) const STYLE: Style = Style {
    path: PathStyle::EncodedAgain,
    blanks: Blanks::Joined,
};

/// The signature: the MAC of the string to sign. `stamp` is the request's time in ISO 8601 basic format, `scope` all of a
/// credential but the key id.
pub(super) fn sign(key: &SigningKey, stamp: &str, scope: &str, request_hash: &Hex) -> Hex {
    let mut to = key.mac();
    to.update(b"AWS4-HMAC-SHA256\n");
    for piece in [stamp, "\n", scope, "\n"] {
        to.update(piece.as_bytes());
    }
    to.update(request_hash);
    digest::hex(&to.finalize().into_bytes().into())
}
