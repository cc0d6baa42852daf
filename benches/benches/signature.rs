//! Reading and verifying a signed request with a cached key, against the bare hashing that no verification can do without:
//! the body's SHA-256, the canonical request's SHA-256, and one HMAC under a key that is set up already.

use anyhow::{Context as _, Result, ensure};
use claviger_benches::rounds::{self, Contender, ratio, time};
use claviger_benches::targets::{Aim, Targets};
use claviger_model::{Secret, Timestamp};
use claviger_signature::HttpRequest;
use claviger_signature::sigv4::sign::Signer;
use claviger_signature::sigv4::{SigningKey, Terms, present};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const STAMP: &str = "20260102T030405Z";
const SCOPE: &str = "20260102/us-east-1/iam/aws4_request";
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

    let bare = Bare::new()?;
    let authorization = added
        .iter()
        .find_map(|(name, value)| (*name == "authorization").then_some(value.as_str()))
        .context("it was signed")?;
    let signature: String = bare
        .sign()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ensure!(
        authorization.ends_with(&signature),
        "the bare hashing makes another signature"
    );

    let took = rounds::run(&mut [
        Contender::new("bare hashing", || bare.sign()),
        Contender::new("present and verify, cached key", || {
            present(&request).is_ok_and(|presented| presented.verify(&key, &terms).is_ok())
        }),
        Contender::new("deriving a key", || {
            SigningKey::derive(&secret, "20260102", "us-east-1", "iam")
        }),
    ]);
    for one in &took {
        println!("{:<34} {:>9}", one.name, time(one.median()));
    }
    let mut targets = Targets::new();
    if let [bare, verified, _] = took.as_slice() {
        let ratio = ratio(&verified.seconds, &bare.seconds);
        targets.add(
            "verifying with a cached key, of the bare hashing",
            Aim::AtMost,
            2.5,
            ratio,
            " ×",
        );
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

/// The hashing alone: every text is there already.
struct Bare {
    canonical: String,
    to_sign: String,
    key: Hmac<Sha256>,
}

impl Bare {
    fn new() -> Result<Self> {
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
            canonical,
            to_sign,
            key,
        })
    }

    fn sign(&self) -> [u8; 32] {
        std::hint::black_box(Sha256::digest(std::hint::black_box(BODY)));
        std::hint::black_box(Sha256::digest(std::hint::black_box(&self.canonical)));
        let mut mac = self.key.clone();
        mac.update(self.to_sign.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
