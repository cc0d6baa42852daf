//! A security key whose answers a test makes up part by part, signed with keys of its own, so that a refusal is for the
//! part that is wrong and for nothing else. What a true client answers is told by another author's, in the stories.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use ring::rand::{SecureRandom, SystemRandom};
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ADDRESS;

/// The user was present.
pub const PRESENT: u8 = 0x01;
/// The user was verified.
pub const VERIFIED: u8 = 0x04;
/// The key pair can be backed up.
pub const BACKUP_ELIGIBLE: u8 = 0x08;
/// The key pair is backed up.
pub const BACKED_UP: u8 = 0x10;
/// There is a new credential in the data.
const ATTESTED: u8 = 0x40;

/// A value in CBOR (RFC 8949), as far as authenticators need it.
pub enum Cbor {
    /// A whole number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A text.
    Text(&'static str),
    /// A list.
    Array(Vec<Cbor>),
    /// A map, in the order given.
    Map(Vec<(Cbor, Cbor)>),
}

impl Cbor {
    /// The value written out.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(number) if *number >= 0 => head(0, number.unsigned_abs(), out),
            Self::Int(number) => head(1, number.unsigned_abs() - 1, out),
            Self::Bytes(bytes) => {
                head(2, bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Self::Text(text) => {
                head(3, text.len() as u64, out);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Array(items) => {
                head(4, items.len() as u64, out);
                items.iter().for_each(|item| item.write(out));
            }
            Self::Map(pairs) => {
                head(5, pairs.len() as u64, out);
                for (key, value) in pairs {
                    key.write(out);
                    value.write(out);
                }
            }
        }
    }
}

fn head(major: u8, number: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match number {
        0..=23 => out.push(major | number as u8),
        24..=0xff => out.extend([major | 24, number as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((number as u16).to_be_bytes());
        }
        _ => {
            out.push(major | 26);
            out.extend((number as u32).to_be_bytes());
        }
    }
}

/// A maker of authenticators, with the certificate that its attestations lead to.
pub struct Vendor {
    name: String,
    issuer: Issuer<'static, KeyPair>,
    /// The certificate in PEM.
    pub root: String,
}

/// The year at whose beginning certificates end whose end does not matter.
const FAR: i32 = 3000;

fn root_params(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

impl Vendor {
    /// A new one of this name.
    pub fn new(name: &str) -> Self {
        Self::until(name, FAR)
    }

    /// One whose certificate ends when this year begins.
    pub fn until(name: &str, year: i32) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = root_params(name, year);
        let root = params.self_signed(&key).expect("a certificate").pem();
        Self {
            name: name.to_owned(),
            issuer: Issuer::new(params, key),
            root,
        }
    }

    /// Another certificate of the same name and key.
    pub fn renewed(&self) -> String {
        let params = root_params(&self.name, FAR);
        let renewed = params.self_signed(self.issuer.key());
        renewed.expect("a certificate").pem()
    }

    /// A certificate of attestation for a model, with its key (Web Authentication, 8.2.1).
    fn attest(&self, model: [u8; 16]) -> (Vec<u8>, EcdsaKeyPair) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        for (kind, value) in [
            (DnType::CountryName, "CH"),
            (DnType::OrganizationName, "Keys"),
            (DnType::OrganizationalUnitName, "Authenticator Attestation"),
            (DnType::CommonName, "Attestation"),
        ] {
            params.distinguished_name.push(kind, value);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        let content = [&[0x04, 0x10], model.as_slice()].concat();
        params.custom_extensions = vec![CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4],
            content,
        )];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let pair = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            &key.serialize_der(),
            &SystemRandom::new(),
        );
        (certificate.der().to_vec(), pair.expect("a key pair"))
    }
}

/// How a new key pair is attested.
pub enum Attestation<'v> {
    /// Not at all.
    None,
    /// By itself.
    Own,
    /// By its maker.
    Vendor(&'v Vendor),
}

/// ECDSA on P-256 with SHA-256, as COSE numbers algorithms (RFC 9053, RFC 8812).
pub const ES256: i64 = -7;
/// ECDSA on P-384 with SHA-384.
pub const ES384: i64 = -35;
/// RSA with SHA-256 by PKCS #1 version 1.5.
pub const RS256: i64 = -257;

/// A key pair in an authenticator.
pub struct SoftKey {
    /// What the authenticator calls it.
    pub credential_id: Vec<u8>,
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Default for SoftKey {
    fn default() -> Self {
        Self::of_algorithm(ES256)
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key pair")
}

/// The one RSA key that there is: making one takes long.
fn rsa() -> RsaKeyPair {
    let text = include_str!("../credentials/leaf.key");
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    let der = BASE64.decode(lines.collect::<String>().as_bytes());
    RsaKeyPair::from_pkcs8(&der.expect("base64")).expect("an RSA key")
}

impl SoftKey {
    /// A new key pair of this algorithm.
    pub fn of_algorithm(algorithm: i64) -> Self {
        let mut credential_id = vec![0; 32];
        let random = SystemRandom::new();
        random.fill(&mut credential_id).expect("chance");
        Self {
            credential_id,
            pair: match algorithm {
                ES384 => Pair::P384(ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING)),
                RS256 => Pair::Rsa(rsa()),
                _ => Pair::P256(ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)),
            },
        }
    }

    /// A new key pair under this id.
    pub fn of_id(credential_id: Vec<u8>) -> Self {
        Self {
            credential_id,
            ..Self::default()
        }
    }

    fn algorithm(&self) -> i64 {
        match self.pair {
            Pair::P256(_) => ES256,
            Pair::P384(_) => ES384,
            Pair::Rsa(_) => RS256,
        }
    }

    /// The public key, said to be of this algorithm (RFC 9053; RFC 8230 for RSA).
    fn cose(&self, algorithm: i64) -> Cbor {
        let int = Cbor::Int;
        let mut pairs = vec![(int(3), int(algorithm))];
        let (pair, curve) = match &self.pair {
            Pair::Rsa(pair) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                pairs.push((int(1), int(3)));
                pairs.push((int(-1), Cbor::Bytes(public.n)));
                pairs.push((int(-2), Cbor::Bytes(public.e)));
                return Cbor::Map(pairs);
            }
            Pair::P256(pair) => (pair, 1),
            Pair::P384(pair) => (pair, 2),
        };
        // Behind the byte that says that the point is not compressed.
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        if algorithm == -8 {
            pairs.push((int(1), int(1)));
            pairs.push((int(-1), int(6)));
        } else {
            pairs.push((int(1), int(2)));
            pairs.push((int(-1), int(curve)));
            pairs.push((int(-3), Cbor::Bytes(y.to_vec())));
        }
        pairs.push((int(-2), Cbor::Bytes(x.to_vec())));
        Cbor::Map(pairs)
    }

    fn sign(&self, data: &[u8], client_data: &str) -> Vec<u8> {
        match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => sign(pair, data, client_data),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let random = SystemRandom::new();
                let signed = signed(data, client_data);
                pair.sign(&RSA_PKCS1_SHA256, &random, &signed, &mut signature)
                    .expect("a signature");
                signature
            }
        }
    }
}

fn signed(data: &[u8], client_data: &str) -> Vec<u8> {
    [data, Sha256::digest(client_data).as_slice()].concat()
}

fn sign(pair: &EcdsaKeyPair, data: &[u8], client_data: &str) -> Vec<u8> {
    let signature = pair.sign(&SystemRandom::new(), &signed(data, client_data));
    signature.expect("a signature").as_ref().to_vec()
}

/// An answer to a challenge, in which everything can be made wrong.
pub struct Answer<'k> {
    /// The key pair.
    pub key: &'k SoftKey,
    /// The challenge.
    pub challenge: String,
    /// The relying party.
    pub rp_id: String,
    /// Where the client was.
    pub origin: String,
    /// What the client calls the ceremony; what it is if left alone.
    pub kind: Option<&'static str>,
    /// What else the client tells.
    pub told: Value,
    /// [`PRESENT`] and the others.
    pub flags: u8,
    /// The signature counter.
    pub counter: u32,
    /// The model that the authenticator says it is.
    pub model: [u8; 16],
    /// The algorithm of the key.
    pub algorithm: i64,
    /// How a new key pair is attested.
    pub attestation: Attestation<'k>,
    /// The user whom the key pair is kept for.
    pub user_handle: Option<String>,
}

impl<'k> Answer<'k> {
    /// What a good authenticator answers to these options of the server.
    pub fn to(options: &str, key: &'k SoftKey) -> Self {
        let options: Value = serde_json::from_str(options).expect("JSON");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            key,
            challenge: text(&options["challenge"]).expect("a challenge"),
            rp_id: text(&options["rp"]["id"])
                .or_else(|| text(&options["rpId"]))
                .expect("a relying party"),
            origin: ADDRESS.to_owned(),
            kind: None,
            told: json!({}),
            flags: PRESENT | VERIFIED,
            counter: 0,
            model: [0; 16],
            algorithm: key.algorithm(),
            attestation: Attestation::None,
            user_handle: None,
        }
    }

    fn client_data(&self, kind: &str) -> String {
        let mut told = self.told.clone();
        told["type"] = json!(self.kind.unwrap_or(kind));
        told["challenge"] = json!(self.challenge);
        told["origin"] = json!(self.origin);
        told.to_string()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The attestation object of a new key pair.
    pub fn attestation_object(&self, client_data: &str) -> Vec<u8> {
        let mut data = self.data(self.flags | ATTESTED);
        data.extend(self.model);
        data.extend((self.key.credential_id.len() as u16).to_be_bytes());
        data.extend(&self.key.credential_id);
        data.extend(self.key.cose(self.algorithm).encode());
        let (format, statement) = match &self.attestation {
            Attestation::None => ("none", Cbor::Map(Vec::new())),
            Attestation::Own => (
                "packed",
                Cbor::Map(vec![
                    (Cbor::Text("alg"), Cbor::Int(self.algorithm)),
                    (
                        Cbor::Text("sig"),
                        Cbor::Bytes(self.key.sign(&data, client_data)),
                    ),
                ]),
            ),
            Attestation::Vendor(vendor) => {
                let (certificate, pair) = vendor.attest(self.model);
                (
                    "packed",
                    Cbor::Map(vec![
                        (Cbor::Text("alg"), Cbor::Int(ES256)),
                        (
                            Cbor::Text("sig"),
                            Cbor::Bytes(sign(&pair, &data, client_data)),
                        ),
                        (
                            Cbor::Text("x5c"),
                            Cbor::Array(vec![Cbor::Bytes(certificate)]),
                        ),
                    ]),
                )
            }
        };
        Cbor::Map(vec![
            (Cbor::Text("fmt"), Cbor::Text(format)),
            (Cbor::Text("attStmt"), statement),
            (Cbor::Text("authData"), Cbor::Bytes(data)),
        ])
        .encode()
    }

    /// The answer to a registration.
    pub fn registration(&self) -> String {
        let client_data = self.client_data("webauthn.create");
        self.registration_of(&self.attestation_object(&client_data), &client_data)
    }

    /// The answer to a registration with this attestation object.
    pub fn registration_with(&self, attestation_object: &[u8]) -> String {
        self.registration_of(attestation_object, &self.client_data("webauthn.create"))
    }

    fn registration_of(&self, attestation_object: &[u8], client_data: &str) -> String {
        let id = BASE64URL_NOPAD.encode(&self.key.credential_id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": BASE64URL_NOPAD.encode(attestation_object),
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
                "transports": ["usb", "of the future"],
            },
        })
        .to_string()
    }

    /// The answer to an assertion.
    pub fn assertion(&self) -> String {
        let client_data = self.client_data("webauthn.get");
        let data = self.data(self.flags);
        let signature = self.key.sign(&data, &client_data);
        let id = BASE64URL_NOPAD.encode(&self.key.credential_id);
        let mut answer = json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": BASE64URL_NOPAD.encode(&data),
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
                "signature": BASE64URL_NOPAD.encode(&signature),
            },
        });
        if let Some(handle) = &self.user_handle {
            answer["response"]["userHandle"] = json!(handle);
        }
        answer.to_string()
    }
}
