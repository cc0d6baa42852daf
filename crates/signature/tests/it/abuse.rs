//! The abuse cases of signatures, by number.

use claviger_model::Code;
use claviger_signature::sigv4::{SignatureError, Terms, present};

use crate::call::{Call, KEY_ID, SECRET, STAMP, at, get_caller_identity, post};

fn sts(now: &str, presigned_at_least_seconds: i64) -> Terms<'_> {
    Terms {
        service: "sts",
        now: at(now),
        presigned_at_least_seconds,
    }
}

#[test]
fn ac_01_a_guessed_secret_is_refused_as_any_bad_signature() {
    let call = post().signed();
    let terms = Terms {
        service: "iam",
        now: at(STAMP),
        presigned_at_least_seconds: 0,
    };
    assert_eq!(call.verdict_with(SECRET, &terms), Ok(()));
    for guess in [
        "",
        KEY_ID,
        "AWS4",
        "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
        &SECRET[..39],
    ] {
        assert_eq!(
            call.verdict_with(guess, &terms),
            Err(SignatureError::Mismatch),
            "{guess}"
        );
    }
}

#[test]
fn ac_02_an_unsigned_absent_or_repeated_host_is_refused_before_any_lookup() {
    let unsigned = post().header("x-amz-date", STAMP).signed_over(
        &["content-type", "x-amz-date"],
        "iam",
        STAMP,
    );
    assert_eq!(
        unsigned.refused_before_lookup(),
        SignatureError::HostNotSigned
    );
    let header = SignatureError::Header {
        name: "host".into(),
    };
    let absent = post().signed().without("host");
    assert_eq!(absent.refused_before_lookup(), header);
    let repeated = post().signed().header("host", "iam.amazonaws.com");
    assert_eq!(repeated.refused_before_lookup(), header);
    let two_names = post().signed().header(":authority", "evil.example");
    assert_eq!(two_names.refused_before_lookup(), header);
    let signed_twice =
        post()
            .signed()
            .bend("authorization", "=content-type", "=:authority;content-type");
    assert_eq!(signed_twice.refused_before_lookup(), header);
    let unsigned = get_caller_identity().without("host").presigned(60);
    assert_eq!(
        unsigned.refused_before_lookup(),
        SignatureError::HostNotSigned
    );
}

#[test]
fn ac_02_another_host_is_another_request() {
    let call = post().signed().bend("host", "iam", "sts");
    assert_eq!(call.verdict(), Err(SignatureError::Mismatch));
}

#[test]
fn ac_02_the_authority_of_http_2_is_the_host() {
    let mut call = post().signed();
    for (name, _) in &mut call.headers {
        if name == "host" {
            ":authority".clone_into(name);
        }
    }
    assert_eq!(call.verdict(), Ok(()));
}

#[test]
fn ac_03_an_unsigned_amz_header_is_refused() {
    for (name, value) in [
        ("x-amz-security-token", "token"),
        ("x-amz-target", "CloudTrail_20131101.LookupEvents"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("x-amz-", ""),
    ] {
        let call = post().signed().header(name, value);
        assert_eq!(
            call.refused_before_lookup(),
            SignatureError::NotSigned,
            "{name}"
        );
    }
    let date =
        post()
            .header("x-amz-date", STAMP)
            .signed_over(&["content-type", "host"], "iam", STAMP);
    assert_eq!(date.refused_before_lookup(), SignatureError::NotSigned);
    let presigned = get_caller_identity()
        .presigned(60)
        .header("x-amz-target", "x");
    assert_eq!(presigned.refused_before_lookup(), SignatureError::NotSigned);
    let upper_case = post().signed().header("X-Amz-Target", "x");
    assert_eq!(
        upper_case.refused_before_lookup(),
        SignatureError::Header {
            name: "X-Amz-Target".into()
        }
    );
    // Others go unsigned: clients and proxies add them on the way.
    let other = post().signed().header("x-amzn-trace-id", "Root=1");
    assert_eq!(other.verdict(), Ok(()));
}

#[test]
fn ac_04_what_is_there_twice_is_refused() {
    for (name, value) in [
        ("content-type", "text/plain"),
        ("x-amz-date", STAMP),
        ("x-amz-date", "20260102T030406Z"),
    ] {
        let call = post().signed().header(name, value);
        assert_eq!(
            call.refused_before_lookup(),
            SignatureError::Header { name: name.into() }
        );
    }
    let presigned = get_caller_identity().presigned(60);
    for piece in presigned.query.split('&') {
        let mut twice = presigned.clone();
        twice.query = format!("{}&{piece}", presigned.query);
        assert!(
            matches!(
                twice.refused_before_lookup(),
                SignatureError::Repeated { .. }
            ),
            "{piece}"
        );
    }
    // The canonical form sorts the values, so both orders would have one signature.
    let mut call = post();
    call.query = "Action=GetUser&Action=DeleteUser".to_owned();
    assert_eq!(
        call.signed().refused_before_lookup(),
        SignatureError::Repeated {
            name: "Action".into()
        }
    );
    let twice = post().signed().bend(
        "authorization",
        "Credential=",
        "Credential=a/b/c/d/e,Credential=",
    );
    assert_eq!(
        twice.refused_before_lookup(),
        SignatureError::Repeated {
            name: "Credential".into()
        }
    );
}

#[test]
fn ac_05_the_body_is_always_hashed() {
    let mut call = post().signed();
    call.body = b"Action=DeleteUser&Version=2010-05-08".to_vec();
    assert_eq!(call.verdict(), Err(SignatureError::Mismatch));
    let mut call = get_caller_identity().presigned(60);
    call.body = b"Action=DeleteUser".to_vec();
    assert_eq!(
        call.verdict_with(SECRET, &sts(STAMP, 0)),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn ac_05_a_declared_hash_must_be_the_true_one() {
    let hash = "b6359072c78d70ebee1e81adcbab4f01bf2c23245fa365ef83fe8f1f955085e2";
    let call = post().header("x-amz-content-sha256", hash).signed();
    assert_eq!(call.verdict(), Ok(()));
    for declared in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "",
        &hash.to_uppercase(),
    ] {
        let call = post().header("x-amz-content-sha256", declared).signed();
        assert_eq!(call.verdict(), Err(SignatureError::Payload), "{declared}");
    }
    let mut call = get_caller_identity();
    call.query
        .push_str("&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD");
    assert_eq!(
        call.presigned(60).verdict_with(SECRET, &sts(STAMP, 0)),
        Err(SignatureError::Payload)
    );
}

#[test]
fn ac_06_there_is_one_place_for_authentication() {
    for piece in [
        "X-Amz-Signature=00",
        "X-Amz-Signatur%65=00",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=a",
        "X-Amz-Date=20260102T030405Z",
        "X-Amz-Expires=60",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Security-Token=t",
        "AWSAccessKeyId=a",
        "Signature=b",
        "SignatureVersion=2",
    ] {
        let mut call = post();
        call.query = piece.to_owned();
        assert_eq!(
            call.signed().refused_before_lookup(),
            SignatureError::TwoPlaces,
            "{piece}"
        );
        let mut appended = post().signed();
        appended.query = piece.to_owned();
        assert_eq!(
            appended.refused_before_lookup(),
            SignatureError::TwoPlaces,
            "{piece}"
        );
    }
    let presigned = get_caller_identity().presigned(60);
    for name in [
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
    ] {
        let call = presigned.clone().header(name, "x");
        assert_eq!(
            call.refused_before_lookup(),
            SignatureError::TwoPlaces,
            "{name}"
        );
    }
    let two_headers = post().signed().header("authorization", "Basic eDp5");
    assert_eq!(
        two_headers.refused_before_lookup(),
        SignatureError::TwoPlaces
    );
}

#[test]
fn ac_07_the_scope_must_be_right_in_every_part() {
    let call = post().signed();
    assert_eq!(call.verdict(), Ok(()));
    for (from, to) in [
        ("/iam/", "/sts/"),
        ("/iam/", "/IAM/"),
        ("/iam/", "//"),
        ("/us-east-1/", "//"),
        ("/us-east-1/", "/us east/"),
        ("/us-east-1/", "/../"),
        ("/20260102/", "/20260101/"),
        ("/20260102/", "//"),
        ("/20260102/", "/2026010/"),
        ("/aws4_request", "/aws4_reques"),
        ("/aws4_request", "/"),
    ] {
        let bent = call.clone().bend("authorization", from, to);
        let error = bent.verdict().unwrap_err();
        assert!(
            matches!(
                error,
                SignatureError::Scope { .. } | SignatureError::Credential { .. }
            ),
            "{from} -> {to}: {error}"
        );
    }
    assert!(matches!(
        call.verdict_at("sts", STAMP),
        Err(SignatureError::Scope { .. })
    ));
    // Which region it is does not matter, but it is signed like everything else.
    let other_region = call.bend("authorization", "us-east-1", "eu-de");
    assert_eq!(other_region.verdict(), Err(SignatureError::Mismatch));
}

#[test]
fn ac_07_a_scope_of_another_day_is_refused_though_it_is_signed_so() {
    let call = post().header("x-amz-date", STAMP);
    let authorization = crate::literal::authorization(
        &call,
        &["content-type", "host", "x-amz-date"],
        KEY_ID,
        SECRET,
        STAMP,
        "20260101/us-east-1/iam/aws4_request",
    );
    let call = call.header("authorization", &authorization);
    assert_eq!(
        call.verdict().unwrap_err().message(),
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '20260101' != '20260102', from '20260102T030405Z'."
    );
}

#[test]
fn ac_08_a_signature_is_good_for_five_minutes_either_way() {
    let call = post().signed();
    for (now, good) in [
        ("20260102T030405Z", true),
        ("20260102T030905Z", true),
        ("20260102T030906Z", false),
        ("20260102T025905Z", true),
        ("20260102T025904Z", false),
        ("20260102T032005Z", false),
        ("20260102T024805Z", false),
        ("20270102T030405Z", false),
    ] {
        assert_eq!(call.verdict_at("iam", now).is_ok(), good, "{now}");
    }
}

#[test]
fn ac_08_a_presigned_request_lives_as_long_as_it_says() {
    let call = get_caller_identity().presigned(60);
    for (now, at_least, good) in [
        ("20260102T030405Z", 0, true),
        ("20260102T030505Z", 0, true),
        ("20260102T030506Z", 0, false),
        ("20260102T025904Z", 0, false),
        ("20260102T030506Z", 900, true),
        ("20260102T031905Z", 900, true),
        ("20260102T031906Z", 900, false),
    ] {
        let verdict = call.verdict_with(SECRET, &sts(now, at_least));
        assert_eq!(verdict.is_ok(), good, "{now} {at_least}");
    }
    let week = get_caller_identity().presigned(604_800);
    assert_eq!(
        week.verdict_with(SECRET, &sts("20260109T030405Z", 0)),
        Ok(())
    );
    assert!(
        week.verdict_with(SECRET, &sts("20260109T030406Z", 0))
            .is_err()
    );
}

#[test]
fn ac_08_a_life_out_of_bounds_is_refused() {
    for expires in [0, -1, 604_801, i64::MAX, i64::MIN] {
        let call = get_caller_identity().presigned(expires);
        assert_eq!(
            call.refused_before_lookup(),
            SignatureError::Lifetime,
            "{expires}"
        );
    }
    for text in [
        "",
        "%2B60",
        "60.0",
        "0x3C",
        "99999999999999999999",
        "60%20",
        "0000060",
    ] {
        let call = get_caller_identity()
            .presigned(60)
            .bend_query("Expires=60", &format!("Expires={text}"));
        assert_eq!(
            call.refused_before_lookup(),
            SignatureError::Lifetime,
            "{text}"
        );
    }
}

#[test]
fn ac_09_a_query_is_decoded_once() {
    let mut call = post();
    call.query = "a=%2F&b=+&c=%25&d=%c3%bc&e&f=".to_owned();
    let call = call.signed();
    assert_eq!(call.verdict(), Ok(()));
    // Other ways to write the same.
    for (from, to) in [
        ("%2F", "/"),
        ("%2F", "%2f"),
        ("=+", "=%20"),
        ("%c3%bc", "%C3%BC"),
        ("&e&", "&e=&"),
        ("a=", "%61="),
    ] {
        let same = call.clone().bend_query(from, to);
        assert_eq!(same.verdict(), Ok(()), "{from} -> {to}");
    }
    // Others look alike and are not the same.
    for (from, to) in [
        ("%2F", "%252F"),
        ("=+", "=%2B"),
        ("=+", "="),
        ("%25", "%2525"),
        ("&e&", "&"),
        ("f=", "f=%00"),
        ("f=", "F="),
    ] {
        let other = call.clone().bend_query(from, to);
        assert_eq!(
            other.verdict(),
            Err(SignatureError::Mismatch),
            "{from} -> {to}"
        );
    }
    for (from, to) in [
        ("%2F", "%2"),
        ("%2F", "%G0"),
        ("%c3%bc", "%c3"),
        ("%c3%bc", "%ff"),
        ("%c3%bc", "%c0%af"),
        ("&e&", "&&"),
        ("&e&", "&=e&"),
        ("&e&", "&e &"),
    ] {
        let bad = call.clone().bend_query(from, to);
        assert_eq!(
            bad.refused_before_lookup(),
            SignatureError::Query,
            "{from} -> {to}"
        );
    }
}

#[test]
fn ac_09_a_path_that_readers_could_disagree_on_is_refused() {
    for path in [
        "//",
        "/.",
        "/..",
        "/a/./b",
        "/a/%2e%2e/b",
        "/a//b",
        "/%zz",
        "/%",
        "a",
        "*",
        "/a\nb",
        "http://iam.amazonaws.com/",
    ] {
        let mut call = post();
        call.path = path.to_owned();
        assert_eq!(call.signed().verdict(), Err(SignatureError::Path), "{path}");
    }
    for (path, other) in [
        ("/a%2Fb", "/a/b"),
        ("/a%2Fb", "/a%2fb"),
        ("/%25", "/%2525"),
        ("/", "/a"),
    ] {
        let mut call = post();
        call.path = path.to_owned();
        let mut call = call.signed();
        assert_eq!(call.verdict(), Ok(()), "{path}");
        call.path = other.to_owned();
        assert_eq!(call.verdict(), Err(SignatureError::Mismatch), "{other}");
    }
}

#[test]
fn ac_10_a_session_token_is_part_of_what_is_signed() {
    let call = post().header("x-amz-security-token", "token").signed();
    assert_eq!(call.verdict(), Ok(()));
    call.view(|request| {
        assert_eq!(present(request).unwrap().session_token(), Some("token"));
    });
    let other = call.clone().bend("x-amz-security-token", "token", "tokeN");
    assert_eq!(other.verdict(), Err(SignatureError::Mismatch));
    let gone = call.without("x-amz-security-token");
    assert_eq!(
        gone.refused_before_lookup(),
        SignatureError::Header {
            name: "x-amz-security-token".into()
        }
    );
    let call = get_caller_identity().presigned(60);
    let added = call.bend_query(
        "&X-Amz-Signature",
        "&X-Amz-Security-Token=t&X-Amz-Signature",
    );
    assert_eq!(
        added.verdict_with(SECRET, &sts(STAMP, 0)),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn ac_11_other_algorithms_and_none_are_refused() {
    let anonymous = post();
    assert_eq!(anonymous.refused_before_lookup(), SignatureError::Missing);
    assert_eq!(
        anonymous.refused_before_lookup().code(),
        Code::MissingAuthenticationToken
    );
    let code = |call: Call| call.refused_before_lookup().code();
    for authorization in [
        "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=",
        "AWS3-HTTPS AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE,Algorithm=HmacSHA256,Signature=x",
        "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA512 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00",
        "aws4-hmac-sha256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=00",
        "Bearer token",
        "Basic eDp5",
        "AWS4-HMAC-SHA256",
        "",
    ] {
        let call = post()
            .header("x-amz-date", STAMP)
            .header("authorization", authorization);
        assert_eq!(code(call), Code::IncompleteSignature, "{authorization}");
    }
    let mut version_2 = get_caller_identity();
    version_2.query.push_str(
        "&AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&SignatureMethod=HmacSHA256&SignatureVersion=2&Signature=x",
    );
    assert_eq!(version_2.refused_before_lookup(), SignatureError::Missing);
    let version_4a = get_caller_identity()
        .presigned(60)
        .bend_query("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    assert_eq!(
        version_4a.refused_before_lookup(),
        SignatureError::Algorithm {
            algorithm: "AWS4-ECDSA-P256-SHA256".into()
        }
    );
}

#[test]
fn ac_12_a_signature_must_be_whole_and_exact() {
    let call = post().signed();
    let authorization = String::from_utf8(call.clone().value("authorization").clone()).unwrap();
    let (_, signature) = authorization.split_once("Signature=").unwrap();
    for (name, other) in [
        ("empty", String::new()),
        ("short", signature[..63].to_owned()),
        ("long", format!("{signature}0")),
        ("upper case", signature.to_uppercase()),
        ("zeros", "0".repeat(64)),
    ] {
        let bent = call.clone().bend("authorization", signature, &other);
        assert_eq!(bent.verdict(), Err(SignatureError::Mismatch), "{name}");
    }
}
