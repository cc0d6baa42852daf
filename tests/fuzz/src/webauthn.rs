//! What clients answer in FIDO ceremonies: the JSON of both, and the attestation object in one.

use std::sync::LazyLock;

use claviger_iam::entity::SecurityKeyPolicy;
use claviger_iam::entity::security_key_policy::TrustedRoot;
use claviger_iam::webauthn::{
    AssertionResponse, MOST_BYTES, Refusal, RegistrationResponse, RelyingParty,
};
use claviger_model::{AccountId, Timestamp};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

static PARTY: LazyLock<RelyingParty> = LazyLock::new(|| {
    RelyingParty::of("https://iam.example.com", "Claviger").expect("an address with a name")
});

/// Rules under which a model would be proved, if an attestation led to this root.
static POLICY: LazyLock<SecurityKeyPolicy> = LazyLock::new(|| {
    let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
    SecurityKeyPolicy {
        trusted_roots: vec![TrustedRoot {
            certificate: String::from(include_str!("../../credentials/vendor.pem")),
            models: vec![String::from("00112233-4455-6677-8899-aabbccddeeff")],
        }],
        ..SecurityKeyPolicy::default_of(account)
    }
});

const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);

/// Reads the bytes as a client's answer, and as what its authenticator put into one.
pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        registration(text);
        if let Ok(response) = AssertionResponse::read(text) {
            assert!(text.len() <= MOST_BYTES, "an answer without bounds");
            let id = response.credential_id().len();
            assert!((16..=1_023).contains(&id), "an id of {id} bytes");
            let handle = response.user_handle().map_or(1, <[u8]>::len);
            assert!((1..=64).contains(&handle), "a handle of {handle} bytes");
            // What answers a challenge to sign in registers nothing.
            let other = RegistrationResponse::read(text).err();
            assert!(other.is_some(), "an answer to two ceremonies");
        }
    }
    let id = BASE64URL_NOPAD.encode(&[1; 32]);
    let client_data = json!({
        "type": "webauthn.create",
        "challenge": BASE64URL_NOPAD.encode(&[0; 32]),
        "origin": "https://iam.example.com",
    });
    let answer = json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "attestationObject": BASE64URL_NOPAD.encode(data),
            "clientDataJSON": BASE64URL_NOPAD.encode(client_data.to_string().as_bytes()),
        },
    });
    registration(&answer.to_string());
}

fn registration(text: &str) {
    let registered = RegistrationResponse::read(text)
        .and_then(|response| PARTY.register(&response, &POLICY, NOW));
    match registered {
        Ok(registered) => {
            let id = registered.credential_id().len();
            assert!((16..=1_023).contains(&id), "an id of {id} bytes");
            assert_eq!(registered.model, None, "nobody has this root's key");
        }
        Err(refusal) => {
            // Only rules on models, of which there are none, refuse so.
            assert!(
                !matches!(
                    refusal,
                    Refusal::ModelUnproven
                        | Refusal::ModelDenied
                        | Refusal::ModelNotAllowed
                        | Refusal::ModelOfAnotherVendor
                ),
                "{refusal}"
            );
        }
    }
}
