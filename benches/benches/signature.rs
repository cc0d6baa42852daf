//! Reading and verifying a signed request with a cached key, against the bare hashing that no verification can do without:
//! the body's SHA-256, the canonical request's SHA-256, and one HMAC under a key that is set up already.

use anyhow::{Context as _, Result, ensure};
use claviger_benches::rounds::{self, Contender, ratio, time};
use claviger_benches::targets::{Aim, Targets};
use claviger_model::{Secret, Timestamp};
use claviger_signature::HttpRequest;
use claviger_signature::sdk_hmac;
use claviger_signature::sigv4::sign::Signer;
use claviger_signature::sigv4::{SigningKey, Terms, present};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const STAMP: &str = "20260102T030405Z";
const SCOPE: &str = "20260102/us-east-1/iam/aws4_request";
const SDK_BODY: &str = r#"{"name": "alice", "description": "from the other door"}"#;
const SDK_AGENT: &str = "huaweicloud-usdk-python/3.0";
const DOMAIN: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
const BODY: &str = "Action=GetUser&UserName=alice&Version=2010-05-08";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

fn main() -> Result<()> {
    let at = Timestamp::parse_basic(STAMP).context("a time")?;
    let secret = Secret::new(SECRET.to_owned());
    let unsigned: [(&str, &[u8]); 2] = [
        ("content-type", CONTENT_TYPE.as_bytes()),
        ("host", b"localhost:8040"),
    ];
    let signer = Signer {
        access_key_id: KEY_ID,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "iam",
    };
    let added = signer.headers(&request(&unsigned), at)?;
    let mut headers: Vec<(&str, &[u8])> = unsigned.to_vec();
    // What the AWS CLI sends beside what it signs.
    headers.push(("accept-encoding", b"identity"));
    headers.push(("user-agent", b"aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0 exe/x86_64.debian.12 prompt/off command/iam.get-user"));
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    headers.push(("content-length", b"48"));
    let request = request(&headers);
    let key = SigningKey::derive(&secret, "20260102", "us-east-1", "iam");
    let terms = Terms {
        service: "iam",
        now: at,
        presigned_at_least_seconds: 0,
    };
    present(&request)?.verify(&key, &terms)?;

    let bare = Bare::of_aws()?;
    bare.agrees_with(&added)?;

    let unsigned: [(&str, &[u8]); 4] = [
        ("content-type", b"application/json"),
        ("host", b"localhost:8040"),
        ("user-agent", SDK_AGENT.as_bytes()),
        ("x-domain-id", DOMAIN.as_bytes()),
    ];
    let sdk_signer = sdk_hmac::sign::Signer {
        access_key_id: KEY_ID,
        secret: &secret,
        session_token: None,
        dialect: sdk_hmac::sign::Dialect::Access,
    };
    let sdk_added = sdk_signer.headers(&sdk_request(&unsigned), at)?;
    let mut sdk_headers: Vec<(&str, &[u8])> = unsigned.to_vec();
    // What the SDK sends beside what it signs.
    sdk_headers.push(("accept-encoding", b"gzip, deflate"));
    sdk_headers.push(("accept", b"*/*"));
    sdk_headers.extend(
        sdk_added
            .iter()
            .map(|(name, value)| (*name, value.as_bytes())),
    );
    sdk_headers.push(("content-length", b"55"));
    let sdk_request = sdk_request(&sdk_headers);
    let sdk_key = sdk_hmac::present(&sdk_request)?
        .scope()
        .derive(KEY_ID, &secret);
    sdk_hmac::present(&sdk_request)?.verify(&sdk_key, &terms)?;
    let sdk_bare = Bare::of_sdk()?;
    sdk_bare.agrees_with(&sdk_added)?;

    let took = rounds::run(&mut [
        Contender::new("bare hashing", || bare.sign()),
        Contender::new("present and verify, cached key", || {
            present(&request).is_ok_and(|presented| presented.verify(&key, &terms).is_ok())
        }),
        Contender::new("deriving a key", || {
            SigningKey::derive(&secret, "20260102", "us-east-1", "iam")
        }),
        Contender::new("bare hashing, SDK-HMAC-SHA256", || sdk_bare.sign()),
        Contender::new("present and verify, SDK-HMAC-SHA256", || {
            sdk_hmac::present(&sdk_request)
                .is_ok_and(|presented| presented.verify(&sdk_key, &terms).is_ok())
        }),
    ]);
    for one in &took {
        println!("{:<34} {:>9}", one.name, time(one.median()));
    }
    let mut targets = Targets::new();
    if let [bare, verified, _, sdk_bare, sdk_verified] = took.as_slice() {
        for (what, verified, bare) in [
            (
                "verifying with a cached key, of the bare hashing",
                verified,
                bare,
            ),
            ("the same of SDK-HMAC-SHA256", sdk_verified, sdk_bare),
        ] {
            let ratio = ratio(&verified.seconds, &bare.seconds);
            targets.add(what, Aim::AtMost, 2.5, ratio, " ×");
        }
    }
    print!("{}", targets.table());
    Ok(())
}

fn request<'a>(headers: &'a [(&'a str, &'a [u8])]) -> HttpRequest<'a> {
    HttpRequest {
        method: "POST",
        path: "/",
        query: "",
        headers,
        body: BODY.as_bytes(),
    }
}

fn sdk_request<'a>(headers: &'a [(&'a str, &'a [u8])]) -> HttpRequest<'a> {
    HttpRequest {
        method: "POST",
        path: "/v5/users",
        query: "",
        headers,
        body: SDK_BODY.as_bytes(),
    }
}

/// The hashing alone: every text is there already.
struct Bare {
    body: &'static str,
    canonical: String,
    to_sign: String,
    key: Hmac<Sha256>,
}

impl Bare {
    fn of_aws() -> Result<Self> {
        let canonical = format!(
            "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:localhost:8040\nx-amz-date:{STAMP}\n\n\
             content-type;host;x-amz-date\n{}",
            hex(&Sha256::digest(BODY))
        );
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{STAMP}\n{SCOPE}\n{}",
            hex(&Sha256::digest(&canonical))
        );
        let mut key = Hmac::<Sha256>::new_from_slice(format!("AWS4{SECRET}").as_bytes())?;
        for part in SCOPE.split('/') {
            key.update(part.as_bytes());
            key = Hmac::new_from_slice(&key.finalize().into_bytes())?;
        }
        Ok(Self {
            body: BODY,
            canonical,
            to_sign,
            key,
        })
    }

    fn of_sdk() -> Result<Self> {
        let canonical = format!(
            "POST\n/v5/users/\n\ncontent-type:application/json\nhost:localhost:8040\nuser-agent:{SDK_AGENT}\n\
             x-domain-id:{DOMAIN}\nx-sdk-date:{STAMP}\n\n\
             content-type;host;user-agent;x-domain-id;x-sdk-date\n{}",
            hex(&Sha256::digest(SDK_BODY))
        );
        let to_sign = format!(
            "SDK-HMAC-SHA256\n{STAMP}\n{}",
            hex(&Sha256::digest(&canonical))
        );
        Ok(Self {
            body: SDK_BODY,
            canonical,
            to_sign,
            key: Hmac::new_from_slice(SECRET.as_bytes())?,
        })
    }

    /// Makes sure that this makes the signature that was made of the request.
    fn agrees_with(&self, added: &[(&str, String)]) -> Result<()> {
        let authorization = added
            .iter()
            .find_map(|(name, value)| (*name == "authorization").then_some(value.as_str()))
            .context("it was signed")?;
        ensure!(
            authorization.ends_with(&hex(&self.sign())),
            "the bare hashing makes another signature"
        );
        Ok(())
    }

    fn sign(&self) -> [u8; 32] {
        std::hint::black_box(Sha256::digest(std::hint::black_box(self.body)));
        std::hint::black_box(Sha256::digest(std::hint::black_box(&self.canonical)));
        let mut mac = self.key.clone();
        mac.update(self.to_sign.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
