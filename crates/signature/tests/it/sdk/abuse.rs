//! The abuse cases of signatures, by number, through this scheme.

use claviger_signature::sdk_hmac::SdkError;

use super::{ALL, KEY_ID, SECRET, Spoken, post};
use crate::call::{Call, STAMP};

fn header(name: &str) -> SdkError {
    SdkError::Header { name: name.into() }
}

#[test]
fn ac_01_a_guessed_secret_is_refused_as_any_bad_signature() {
    for spoken in ALL {
        let call = post().sdk_signed(spoken);
        assert_eq!(call.sdk_verdict(), Ok(()));
        for guess in ["", KEY_ID, "SDK", &SECRET[..39]] {
            assert_eq!(
                call.sdk_verdict_with(guess, "iam", STAMP),
                Err(SdkError::Mismatch),
                "{guess}"
            );
        }
    }
}

#[test]
fn ac_02_an_unsigned_absent_or_repeated_host_is_refused_before_any_lookup() {
    for spoken in ALL {
        let names = ["content-type", "x-domain-id", "x-sdk-date"];
        let unsigned = post()
            .header("x-sdk-date", STAMP)
            .sdk_signed_over(spoken, &names, STAMP);
        assert_eq!(unsigned.sdk_refused(), SdkError::HostNotSigned);
        let absent = post().sdk_signed(spoken).without("host");
        assert_eq!(absent.sdk_refused(), header("host"));
        let repeated = post().sdk_signed(spoken).header("host", "evil.example");
        assert_eq!(repeated.sdk_refused(), header("host"));
        let other = post().sdk_signed(spoken).bend("host", "iam", "sts");
        assert_eq!(other.sdk_verdict(), Err(SdkError::Mismatch));
    }
}

#[test]
fn ac_03_a_header_that_must_be_signed_is_refused_unsigned() {
    for spoken in ALL {
        for name in [
            "x-sdk-date",
            "x-domain-id",
            "x-project-id",
            "x-security-token",
            "x-sdk-other",
        ] {
            let mut call = post().without("x-domain-id").header("x-sdk-date", STAMP);
            if name != "x-sdk-date" {
                call = call.header(name, "d1");
            }
            let names: Vec<String> = call
                .headers
                .iter()
                .map(|(present, _)| present.clone())
                .filter(|present| present != name)
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let call = call.sdk_signed_over(spoken, &names, STAMP);
            // The client of the second dialect adds these after it has signed.
            let is_late =
                spoken == Spoken::Credential && !matches!(name, "x-sdk-date" | "x-sdk-other");
            if is_late {
                assert_eq!(call.sdk_verdict(), Ok(()), "{name}");
            } else {
                assert_eq!(call.sdk_refused(), SdkError::NotSigned, "{name}");
            }
        }
    }
}

#[test]
fn ac_04_what_is_there_twice_is_refused() {
    for spoken in ALL {
        for name in ["x-sdk-date", "x-domain-id", "content-type"] {
            let call = post().sdk_signed(spoken).header(name, "another");
            assert_eq!(call.sdk_refused(), header(name), "{name}");
        }
        let late = post()
            .without("x-domain-id")
            .sdk_signed(Spoken::Credential)
            .header("x-domain-id", "d1")
            .header("x-domain-id", "d2");
        assert_eq!(late.sdk_refused(), header("x-domain-id"));
        let mut twice = post();
        twice.query = "limit=1&limit=2".to_owned();
        assert_eq!(
            twice.sdk_signed(spoken).sdk_refused(),
            SdkError::Repeated {
                name: "limit".into()
            }
        );
        for piece in ["SignedHeaders=host", "Signature=00"] {
            let call = post().sdk_signed(spoken).bend(
                "authorization",
                ", SignedHeaders",
                &format!(", {piece}, SignedHeaders"),
            );
            let error = call.sdk_refused();
            assert!(matches!(error, SdkError::Repeated { .. }), "{error}");
        }
    }
}

#[test]
fn ac_05_the_body_is_always_hashed() {
    for spoken in ALL {
        let mut call = post().sdk_signed(spoken);
        call.body.push(b' ');
        assert_eq!(call.sdk_verdict(), Err(SdkError::Mismatch));
        for declared in [
            "UNSIGNED-PAYLOAD",
            "",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            let call = post()
                .header("x-sdk-content-sha256", declared)
                .sdk_signed(spoken);
            assert_eq!(call.sdk_verdict(), Err(SdkError::Payload), "{declared}");
        }
        // Of `{"name": "alice"}`.
        let call = post()
            .header(
                "x-sdk-content-sha256",
                "908d668657dee6e72afd5f3f81c795d480dac2ac7fc509da1b7631945ab7a634",
            )
            .sdk_signed(spoken);
        assert_eq!(call.sdk_verdict(), Ok(()));
    }
}

#[test]
fn ac_05_a_query_signed_as_a_body_is_signed() {
    let mut call = post();
    call.body = Vec::new();
    let signed = call.clone().sdk_signed(Spoken::Credential);
    assert_eq!(signed.sdk_verdict(), Ok(()));
    let bent = signed.bend_query("limit=10", "limit=11");
    assert_eq!(bent.sdk_verdict(), Err(SdkError::Mismatch));
    // A hash of no body would leave the query out of what is signed.
    let waived = call
        .header(
            "x-sdk-content-sha256",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        )
        .sdk_signed(Spoken::Credential);
    assert_eq!(waived.sdk_verdict(), Err(SdkError::Payload));
}

#[test]
fn ac_06_there_is_one_place_for_authentication() {
    for spoken in ALL {
        let signed = post().sdk_signed(spoken);
        let token = signed.clone().header("x-auth-token", "token");
        assert_eq!(token.sdk_refused(), SdkError::TwoPlaces);
        let again = signed.clone().value("authorization").clone();
        let twice = signed.header("authorization", std::str::from_utf8(&again).unwrap());
        assert_eq!(twice.sdk_refused(), SdkError::TwoPlaces);
    }
    let both = post().sdk_signed(Spoken::Access).bend(
        "authorization",
        "Access=",
        "Credential=a/b/c/d/sdk_request, Access=",
    );
    assert_eq!(both.sdk_refused(), SdkError::Credential);
    assert_eq!(post().sdk_refused(), SdkError::Missing);
}

#[test]
fn ac_07_the_scope_must_be_right_in_every_part() {
    let bend = |spoken: Spoken, from: &str, to: &str| {
        post()
            .sdk_signed(spoken)
            .bend("authorization", from, to)
            .sdk_verdict()
    };
    for (spoken, from, to) in [
        (Spoken::Credential, "/20260102/", "/20260103/"),
        (Spoken::Credential, "///sdk_request", "//sts/sdk_request"),
        (Spoken::Credential, "///sdk_request", "/a b//sdk_request"),
        (Spoken::Credential, "/sdk_request", "/aws4_request"),
        (Spoken::Derived, "/20260102/", "/20260101/"),
        (Spoken::Derived, "/globe/", "//"),
        (Spoken::Derived, "/iam", "/sts"),
        (Spoken::Derived, "/iam", "/"),
    ] {
        let error = bend(spoken, from, to).unwrap_err();
        assert!(
            matches!(error, SdkError::Scope | SdkError::Credential),
            "{to}: {error}"
        );
    }
    // Other parts that are allowed are signed.
    for (spoken, from, to) in [
        (
            Spoken::Credential,
            "///sdk_request",
            "/eu-de/iam/sdk_request",
        ),
        (Spoken::Derived, "/globe/", "/eu-de/"),
    ] {
        assert_eq!(bend(spoken, from, to), Err(SdkError::Mismatch), "{to}");
    }
    for spoken in [Spoken::Credential, Spoken::Derived] {
        let call = post().sdk_signed(spoken);
        assert_eq!(
            call.sdk_verdict_with(SECRET, "iam", STAMP),
            Ok(()),
            "{spoken:?}"
        );
    }
    let derived = post().sdk_signed(Spoken::Derived);
    assert_eq!(
        derived.sdk_verdict_with(SECRET, "sts", STAMP),
        Err(SdkError::Scope)
    );
}

#[test]
fn ac_08_a_signature_is_good_for_fifteen_minutes_either_way() {
    for spoken in ALL {
        let call = post().sdk_signed(spoken);
        for (now, good) in [
            ("20260102T031905Z", true),
            ("20260102T031906Z", false),
            ("20260102T024905Z", true),
            ("20260102T024904Z", false),
            ("20270102T030405Z", false),
        ] {
            let verdict = call.sdk_verdict_with(SECRET, "iam", now);
            assert_eq!(verdict.is_ok(), good, "{now}: {verdict:?}");
        }
    }
    for date in [
        "",
        "2026-01-02T03:04:05Z",
        "20260102T030405",
        "20261302T030405Z",
    ] {
        let call = post().sdk_signed_at(Spoken::Access, date);
        assert_eq!(call.sdk_refused(), SdkError::Date, "{date}");
    }
    let dateless = post().sdk_signed(Spoken::Access).without("x-sdk-date");
    assert_eq!(
        dateless.sdk_refused(),
        SdkError::Incomplete {
            missing: "X-Sdk-Date"
        }
    );
}

#[test]
fn ac_09_what_can_be_read_in_two_ways_is_refused() {
    for spoken in ALL {
        // What a literal reader could sign is signed, so that nothing but the rule refuses it.
        for path in [
            "/v3/a%2Fb",
            "/v3//users",
            "/v3/../v5/users",
            "/v3/%2e%2e/users",
            "/v3/./a",
        ] {
            let call = Call {
                path: path.to_owned(),
                ..post()
            };
            let verdict = call.sdk_signed(spoken).sdk_verdict();
            assert_eq!(verdict, Err(SdkError::Path), "{path}");
        }
        let bad_query = |query: &str| {
            let signed = post().sdk_signed(spoken);
            let call = Call {
                query: query.to_owned(),
                ..signed
            };
            call.sdk_refused()
        };
        for query in ["a=%", "a=%zz", "a=%ff", "a=1&&b=2", "=1", "a=1&"] {
            assert_eq!(bad_query(query), SdkError::Query, "{query}");
        }
    }
    for spoken in [Spoken::Access, Spoken::Derived] {
        let mut call = post();
        call.query = "name=a+b".to_owned();
        assert_eq!(call.sdk_signed(spoken).sdk_refused(), SdkError::Query);
    }
    // Go writes blanks so.
    let mut call = post();
    call.query = "name=a+b".to_owned();
    let signed = call.sdk_signed(Spoken::Credential);
    assert_eq!(signed.sdk_verdict(), Ok(()));
    let escaped = signed.bend_query("a+b", "a%20b");
    assert_eq!(escaped.sdk_verdict(), Ok(()));
    let plus = escaped.bend_query("a%20b", "a%2Bb");
    assert_eq!(plus.sdk_verdict(), Err(SdkError::Mismatch));
}

#[test]
fn ac_11_other_algorithms_are_refused() {
    for algorithm in [
        "SDK-HMAC-SM3",
        "SDK-ECDSA-P256-SHA256",
        "SDK-SM2-SM3",
        "AWS4-HMAC-SHA256",
        "Bearer",
        "sdk-hmac-sha256",
    ] {
        let call =
            post()
                .sdk_signed(Spoken::Access)
                .bend("authorization", "SDK-HMAC-SHA256", algorithm);
        assert_eq!(call.sdk_refused(), SdkError::Algorithm, "{algorithm}");
    }
    // One dialect's signature is none of another's.
    let access = post()
        .sdk_signed(Spoken::Access)
        .bend("authorization", "Access=", "Credential=")
        .bend(
            "authorization",
            KEY_ID,
            &format!("{KEY_ID}/20260102///sdk_request"),
        );
    assert_eq!(access.sdk_verdict(), Err(SdkError::Mismatch));
    let derived = post()
        .sdk_signed(Spoken::Derived)
        .bend("authorization", "V11-", "SDK-")
        .bend("authorization", "Credential=", "Access=")
        .bend("authorization", "/20260102/globe/iam", "");
    assert_eq!(derived.sdk_verdict(), Err(SdkError::Mismatch));
}

#[test]
fn what_the_header_holds_is_never_told_back() {
    for (from, to) in [
        ("Access=", "planted-secret "),
        ("Access=", "Access=planted-secret/planted-secret"),
        ("SDK-HMAC-SHA256", "planted-secret"),
        ("SignedHeaders=", "SignedHeaders=PLANTED-secret;"),
    ] {
        let call = post()
            .sdk_signed(Spoken::Access)
            .bend("authorization", from, to);
        let text = call.sdk_verdict().unwrap_err().to_string();
        assert!(!text.to_lowercase().contains("planted"), "{text}");
    }
}
