//! What a client answers, read within bounds: the JSON of `PublicKeyCredential.toJSON()` (Web Authentication, 5.1).

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use webauthn_rs_core::proto::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::refusal::Refusal;

/// Bytes of a response: the longest attestations, a chain of certificates among them, take less than half of it.
pub const MOST_BYTES: usize = 32 << 10;
/// Bytes that a credential id has (Web Authentication, 4, "Credential ID").
const CREDENTIAL_ID_BYTES: std::ops::RangeInclusive<usize> = 16..=1_023;
/// Bytes that a user handle has.
const USER_HANDLE_BYTES: std::ops::RangeInclusive<usize> = 1..=64;

/// What of the client's own data is looked at before a signature is verified.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    #[serde(default)]
    cross_origin: Option<bool>,
    #[serde(default)]
    top_origin: Option<IgnoredAny>,
}

impl ClientData {
    /// Reads the client's data of a ceremony, and answers the challenge in it.
    fn read(bytes: &[u8], kind: &str) -> Result<Vec<u8>, Refusal> {
        let data: Self = serde_json::from_slice(bytes).map_err(|_| Refusal::Malformed)?;
        if data.kind != kind {
            return Err(Refusal::WrongCeremony);
        }
        // SECURITY: the library looks at `crossOrigin` in registrations alone, and at `topOrigin` never.
        if data.cross_origin == Some(true) || data.top_origin.is_some() {
            return Err(Refusal::CrossOrigin);
        }
        BASE64URL_NOPAD
            .decode(data.challenge.as_bytes())
            .map_err(|_| Refusal::Malformed)
    }
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Refusal> {
    if text.len() > MOST_BYTES {
        return Err(Refusal::Malformed);
    }
    serde_json::from_str(text).map_err(|_| Refusal::Malformed)
}

/// Refuses an answer whose ids contradict each other, or cannot be of a credential.
fn check_id(id: &str, raw_id: &[u8], kind: &str) -> Result<(), Refusal> {
    let is_same = BASE64URL_NOPAD
        .decode(id.as_bytes())
        .is_ok_and(|id| id == raw_id);
    if is_same && kind == "public-key" && CREDENTIAL_ID_BYTES.contains(&raw_id.len()) {
        Ok(())
    } else {
        Err(Refusal::Malformed)
    }
}

/// A client's answer in a registration.
#[derive(Debug)]
pub struct RegistrationResponse {
    pub(super) credential: RegisterPublicKeyCredential,
    challenge: Vec<u8>,
}

impl RegistrationResponse {
    /// Reads `RegistrationResponseJSON`.
    ///
    /// # Errors
    /// It cannot be read, or is of another ceremony.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let credential: RegisterPublicKeyCredential = read(text)?;
        check_id(&credential.id, &credential.raw_id, &credential.type_)?;
        let challenge = ClientData::read(&credential.response.client_data_json, "webauthn.create")?;
        Ok(Self {
            credential,
            challenge,
        })
    }

    /// The challenge that the client says it answers.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }
}

/// A client's answer in an assertion.
#[derive(Debug)]
pub struct AssertionResponse {
    pub(super) credential: PublicKeyCredential,
    challenge: Vec<u8>,
}

impl AssertionResponse {
    /// Reads `AuthenticationResponseJSON`.
    ///
    /// # Errors
    /// It cannot be read, or is of another ceremony.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let credential: PublicKeyCredential = read(text)?;
        check_id(&credential.id, &credential.raw_id, &credential.type_)?;
        let handle = credential.response.user_handle.as_ref();
        if handle.is_some_and(|handle| !USER_HANDLE_BYTES.contains(&handle.len())) {
            return Err(Refusal::Malformed);
        }
        let challenge = ClientData::read(&credential.response.client_data_json, "webauthn.get")?;
        Ok(Self {
            credential,
            challenge,
        })
    }

    /// The challenge that the client says it answers.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// The id of the credential that the client says it used.
    #[must_use]
    pub fn credential_id(&self) -> &[u8] {
        &self.credential.raw_id
    }

    /// The user whom the authenticator keeps the key pair for.
    #[must_use]
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.credential.response.user_handle.as_deref()
    }

    /// The signature counter in the authenticator's data, which is verified with the signature alone.
    pub(super) fn counter(&self) -> u32 {
        let data = &self.credential.response.authenticator_data;
        // Behind the digest of the relying party's id and the flags (Web Authentication, 6.1).
        let bytes = data.get(33..37).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assertion(client_data: &str, id: &str, raw_id: &str) -> String {
        serde_json::json!({
            "id": id, "rawId": raw_id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "authenticatorData": "AAAA", "signature": "AAAA",
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
            },
        })
        .to_string()
    }

    const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    fn read_client_data(client_data: &str) -> Result<Vec<u8>, Refusal> {
        AssertionResponse::read(&assertion(client_data, ID, ID)).map(|read| read.challenge)
    }

    #[test]
    fn ac_36_a_response_names_ceremony_and_challenge_and_no_other_site() {
        let plain = r#"{"type":"webauthn.get","challenge":"AQID","origin":"https://a.example"}"#;
        assert_eq!(read_client_data(plain), Ok(vec![1, 2, 3]));
        for (client_data, why) in [
            (
                r#"{"type":"webauthn.create","challenge":"AQID"}"#,
                Refusal::WrongCeremony,
            ),
            (
                r#"{"type":"webauthn.get","challenge":"AQID","crossOrigin":true}"#,
                Refusal::CrossOrigin,
            ),
            (
                r#"{"type":"webauthn.get","challenge":"AQID","topOrigin":"https://b.example"}"#,
                Refusal::CrossOrigin,
            ),
            (
                r#"{"type":"webauthn.get","challenge":"AQID="}"#,
                Refusal::Malformed,
            ),
            (
                r#"{"type":"webauthn.get","challenge":"AQID","challenge":"AQIE"}"#,
                Refusal::Malformed,
            ),
            (r#"{"type":"webauthn.get"}"#, Refusal::Malformed),
            ("", Refusal::Malformed),
        ] {
            assert_eq!(read_client_data(client_data), Err(why), "{client_data}");
        }
    }

    #[test]
    fn ac_36_ids_that_contradict_each_other_are_refused() {
        let client_data = r#"{"type":"webauthn.get","challenge":"AQID"}"#;
        for (id, raw_id) in [("AQID", "AQID"), (ID, "BAAAAAAAAAAAAAAAAAAAAA"), ("", "")] {
            let read = AssertionResponse::read(&assertion(client_data, id, raw_id));
            assert_eq!(read.err(), Some(Refusal::Malformed), "{id} {raw_id}");
        }
    }

    #[test]
    fn ac_36_what_is_too_long_or_too_deep_is_not_read() {
        for text in [
            " ".repeat(MOST_BYTES + 1),
            "[".repeat(10_000),
            format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)),
            String::from("null"),
            String::new(),
        ] {
            assert_eq!(
                RegistrationResponse::read(&text).err(),
                Some(Refusal::Malformed)
            );
            assert_eq!(
                AssertionResponse::read(&text).err(),
                Some(Refusal::Malformed)
            );
        }
    }
}
