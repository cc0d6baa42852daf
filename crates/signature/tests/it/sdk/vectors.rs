//! Worked examples: those of the first and the third dialect were made by running the signer of `huaweicloudsdkcore`
//! 3.1.219, the one of the second follows `signer_helper.go` of `opentelekomcloud/gophertelekomcloud`.

use claviger_model::Secret;
use claviger_signature::sdk_hmac::sign::{Dialect, Signer};
use sha2::{Digest, Sha256};

use super::{KEY_ID, SECRET, Spoken, literal};
use crate::call::{Call, at};
use crate::literal::hex;

const STAMP: &str = "20250102T030405Z";
const DOMAIN: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90";

struct Vector {
    name: &'static str,
    call: Call,
    token: Option<&'static str>,
    spoken: Spoken,
    /// The hash of the canonical request, where it is published.
    canonical: Option<&'static str>,
    signature: &'static str,
}

fn call(method: &str, path: &str, query: &str, body: &str) -> Call {
    Call {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
    .header("host", "iam.claviger.test")
}

fn sdk(call: Call) -> Call {
    call.header("content-type", "application/json")
        .header("user-agent", "huaweicloud-usdk-python/3.0")
        .header("x-domain-id", DOMAIN)
}

fn vectors() -> Vec<Vector> {
    let listing = format!("name=alice%20smith&domain_id={DOMAIN}&enabled=true");
    vec![
        Vector {
            name: "a list with a query",
            call: sdk(call("GET", "/v3/users", &listing, "")),
            token: None,
            spoken: Spoken::Access,
            canonical: Some("72ef80c6b8279dac3548fbb37ee7d6bd8b970c0d16aa86726e435563476701a8"),
            signature: "23920e0ea54dd81f60e47504ef251b773b6b24060518e473c3093a1553dcc178",
        },
        Vector {
            name: "a body",
            call: sdk(call(
                "POST",
                "/v3.0/OS-CREDENTIAL/credentials",
                "",
                r#"{"credential": {"user_id": "u1"}}"#,
            )),
            token: None,
            spoken: Spoken::Access,
            canonical: Some("7bdd83e51e073b1ed3370b8760aa0863bd0a485870f766209202fa9654a6ac03"),
            signature: "1e3826cddc539ebbed74498efce06fdb40ac9a7e7f3c2174f0a1476b0dbd65e6",
        },
        Vector {
            name: "a token and an escaped query",
            call: call(
                "DELETE",
                "/v3.0/OS-MFA/virtual-mfa-devices",
                "user_id=u1&serial_number=iam%3Ad1%3Amfa%2Fdev%201~%C3%A9",
                "",
            )
            .header("x-domain-id", DOMAIN),
            token: Some(" tok "),
            spoken: Spoken::Access,
            canonical: Some("b552db15a02685645b535154114125776877a8e1c96fe6d61a822c0455b2ed8d"),
            signature: "cb13d12187926920659fe55a26d4f4fcb2f80a36edbe575eec4e3197a025c00a",
        },
        Vector {
            name: "the Go client",
            call: call("GET", "/v3/auth/projects", "", "").header("accept", "application/json"),
            token: None,
            spoken: Spoken::Credential,
            canonical: Some("1cabcb97dc21f8fc15511886ffc27a9c4522078c9933e11a7ab9ad75270bceaf"),
            signature: "68665ffba775cbd6178c10e70c0a1e5cb791e9c25baa01e302bcac7a2e6f94cd",
        },
        Vector {
            name: "a derived key",
            call: call("GET", "/v3/auth/domains", "", ""),
            token: None,
            spoken: Spoken::Derived,
            canonical: None,
            signature: "70489410591f7eaf597d957ceeef5128d86ca4179642cea295887e5ae8e20e5f",
        },
    ]
}

fn dialect(spoken: Spoken) -> Dialect<'static> {
    match spoken {
        Spoken::Access => Dialect::Access,
        Spoken::Credential => Dialect::Credential {
            region: "",
            service: "",
        },
        Spoken::Derived => Dialect::Derived {
            region: "globe",
            service: "iam",
        },
    }
}

#[test]
fn every_example_is_signed_as_its_client_signs_it_and_verifies() {
    for vector in vectors() {
        let secret = Secret::new(SECRET.to_owned());
        let token = vector.token.map(|token| Secret::new(token.to_owned()));
        let signer = Signer {
            access_key_id: KEY_ID,
            secret: &secret,
            session_token: token.as_ref(),
            dialect: dialect(vector.spoken),
        };
        let added = vector
            .call
            .view(|request| signer.headers(request, at(STAMP)))
            .unwrap();
        let mut signed = vector.call.clone();
        for (name, value) in added {
            signed = signed.header(name, &value);
        }
        let text = String::from_utf8(signed.value("authorization").clone()).unwrap();
        let end = format!("Signature={}", vector.signature);
        assert!(text.ends_with(&end), "{}: {text}", vector.name);
        let verdict = signed.sdk_verdict_with(SECRET, "iam", STAMP);
        assert_eq!(verdict, Ok(()), "{}", vector.name);
        if let Some(canonical) = vector.canonical {
            let names: Vec<&str> = signed
                .headers
                .iter()
                .map(|(name, _)| name.as_str())
                .filter(|name| *name != "authorization")
                .collect();
            let request = literal::canonical_request(&signed, vector.spoken, &names).unwrap();
            assert_eq!(hex(&Sha256::digest(request)), canonical, "{}", vector.name);
        }
    }
}

#[test]
fn the_keys_are_the_published_ones() {
    assert_eq!(
        hex(&literal::key(Spoken::Credential, KEY_ID, SECRET, STAMP)),
        "9619fc15e74b9dd9b2b10ea5a41a5c5c24d875e34f25288f4ca977760040a56d"
    );
    assert_eq!(
        literal::key(Spoken::Derived, KEY_ID, SECRET, STAMP),
        b"4b2a63e4c8333efc16b31b9ebbb1b6f306f748df5359a86315fe03f8f9f16d8a"
    );
}

#[test]
fn the_path_on_the_wire_may_have_its_last_slash_or_not() {
    let signed = sdk(call("GET", "/v3/users", "", "")).sdk_signed(Spoken::Access);
    assert_eq!(signed.sdk_verdict(), Ok(()));
    let slashed = Call {
        path: "/v3/users/".to_owned(),
        ..signed
    };
    assert_eq!(slashed.sdk_verdict(), Ok(()));
}
