//! The answers word for word.

use claviger_model::Code;
use claviger_signature::sigv4::{SignatureError, Terms};

use crate::call::{Call, SECRET, STAMP, at, get_caller_identity, post};

fn answer(call: &Call, now: &str) -> (Code, String) {
    let error = call.verdict_at("iam", now).unwrap_err();
    (error.code(), error.message())
}

#[test]
fn an_unsigned_request_misses_its_token() {
    assert_eq!(
        answer(&post(), STAMP),
        (
            Code::MissingAuthenticationToken,
            "Request is missing Authentication Token".to_owned()
        )
    );
}

#[test]
fn what_the_header_lacks_is_said_in_one_answer() {
    let call = post().header("authorization", "AWS4-HMAC-SHA256 ");
    let all = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
               Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a \
               'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=";
    let (code, message) = answer(&call, STAMP);
    assert_eq!(code, Code::IncompleteSignature);
    let hash = message.strip_prefix(all).unwrap();
    assert_eq!(hash.len(), 44, "{hash}");
    let call = post()
        .header("date", "Fri, 02 Jan 2026 03:04:05 GMT")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host",
        );
    let (_, message) = answer(&call, STAMP);
    assert!(
        message.starts_with(
            "Authorization header requires 'Signature' parameter. (Hashed with SHA-256 and encoded with Base64) \
             Authorization="
        ),
        "{message}"
    );
}

#[test]
fn a_piece_without_an_equal_sign_is_named() {
    let call = post()
        .header("x-amz-date", STAMP)
        .header("authorization", "AWS4-HMAC-SHA256 Credential, Signature=00");
    let (code, message) = answer(&call, STAMP);
    assert_eq!(code, Code::IncompleteSignature);
    assert!(
        message.starts_with(
            "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: "
        ),
        "{message}"
    );
}

#[test]
fn what_the_query_lacks_is_said_in_one_answer() {
    let mut call = get_caller_identity();
    call.query
        .push_str("&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60");
    assert_eq!(
        answer(&call, STAMP),
        (
            Code::IncompleteSignature,
            "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
             'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the \
             query-string parameters."
                .to_owned()
        )
    );
    let call = get_caller_identity()
        .presigned(60)
        .bend_query("X-Amz-Algorithm", "Other");
    assert_eq!(
        answer(&call, STAMP).1,
        "AWS query-string parameters must include 'X-Amz-Algorithm'. Re-examine the query-string parameters."
    );
}

#[test]
fn the_parts_of_the_scope_are_named_region_first() {
    let call = post()
        .signed()
        .bend("authorization", "/us-east-1/iam/", "//sts/");
    assert_eq!(
        answer(&call, STAMP),
        (
            Code::SignatureDoesNotMatch,
            "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'iam'. "
                .to_owned()
        )
    );
    let call = post()
        .signed()
        .bend("authorization", "aws4_request", "aws4");
    assert_eq!(
        answer(&call, STAMP).1,
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'."
    );
    let call = post().signed().bend(
        "authorization",
        "20260102/us-east-1/iam/aws4_request",
        "20260102/iam/aws4_request",
    );
    assert_eq!(
        answer(&call, STAMP).1,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
         'AKIAIOSFODNN7EXAMPLE/20260102/iam/aws4_request'"
    );
}

#[test]
fn a_wrong_clock_is_told_the_servers_time() {
    let call = post().signed();
    assert_eq!(
        answer(&call, "20260102T031000Z"),
        (
            Code::SignatureDoesNotMatch,
            "Signature expired: 20260102T030405Z is now earlier than 20260102T030500Z (20260102T031000Z - 5 min.)"
                .to_owned()
        )
    );
    assert_eq!(
        answer(&call, "20260102T025000Z").1,
        "Signature not yet current: 20260102T030405Z is still later than 20260102T025500Z (20260102T025000Z + 5 min.)"
    );
    let presigned = get_caller_identity().presigned(60);
    let terms = |presigned_at_least_seconds| Terms {
        service: "sts",
        now: at("20260102T040000Z"),
        presigned_at_least_seconds,
    };
    let error = presigned.verdict_with(SECRET, &terms(900)).unwrap_err();
    assert_eq!(error.code(), Code::SignatureDoesNotMatch);
    assert_eq!(
        error.message(),
        "Signature expired: 20260102T030405Z is now earlier than 20260102T034500Z (20260102T040000Z - 15 min.)"
    );
    assert!(
        get_caller_identity()
            .presigned(61)
            .verdict_with(SECRET, &terms(0))
            .unwrap_err()
            .message()
            .ends_with("(20260102T040000Z - 61 sec.)")
    );
}

#[test]
fn a_date_comes_from_either_header_and_must_be_readable() {
    let names = ["content-type", "date", "host"];
    for date in ["Fri, 02 Jan 2026 03:04:05 GMT", STAMP] {
        let call = post()
            .header("date", date)
            .signed_over(&names, "iam", STAMP);
        assert_eq!(call.verdict(), Ok(()), "{date}");
        let twice = call.header("date", date);
        assert!(
            matches!(twice.verdict(), Err(SignatureError::Repeated { .. })),
            "{date}"
        );
    }
    // X-Amz-Date goes first.
    let call = post().header("date", "nonsense").signed();
    assert_eq!(call.verdict(), Ok(()));
    let call = post()
        .signed()
        .bend("x-amz-date", STAMP, "2026-01-02T03:04:05Z");
    assert_eq!(
        answer(&call, STAMP),
        (
            Code::IncompleteSignature,
            "Date must be in ISO-8601 'basic format'. Got '2026-01-02T03:04:05Z'. See \
             http://en.wikipedia.org/wiki/ISO_8601"
                .to_owned()
        )
    );
}

#[test]
fn other_answers_have_their_words() {
    let call = post().header("x-amz-date", STAMP).signed_over(
        &["content-type", "x-amz-date"],
        "iam",
        STAMP,
    );
    assert_eq!(
        answer(&call, STAMP),
        (
            Code::SignatureDoesNotMatch,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
        )
    );
    let mut call = post().signed();
    call.body.clear();
    assert_eq!(
        answer(&call, STAMP),
        (
            Code::SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
             Key and signing method. Consult the service documentation for details."
                .to_owned()
        )
    );
}

#[test]
fn the_list_of_signed_headers_is_lower_case_sorted_and_bounded() {
    let list = |list: &str| {
        post()
            .signed()
            .bend("authorization", "content-type;host;x-amz-date", list)
    };
    for bad in [
        "",
        ";host",
        "host;",
        "Host;x-amz-date",
        "x-amz-date;host",
        "host;host;x-amz-date",
        "content-type; host;x-amz-date",
        ":host;x-amz-date",
    ] {
        assert_eq!(
            list(bad).refused_before_lookup(),
            SignatureError::SignedHeaders,
            "{bad}"
        );
    }
    let mut many = post();
    for number in 0..101 {
        many = many.header(&format!("a{number:03}"), "x");
    }
    assert_eq!(
        many.signed().refused_before_lookup(),
        SignatureError::SignedHeaders
    );
    let mut most = post();
    for number in 0..97 {
        most = most.header(&format!("a{number:03}"), "x");
    }
    assert_eq!(most.signed().verdict(), Ok(()));
    let mut too_many = post().signed();
    for number in 0..255 {
        too_many = too_many.header(&format!("a{number:03}"), "x");
    }
    assert_eq!(too_many.refused_before_lookup(), SignatureError::TooLarge);
}

#[test]
fn nothing_that_is_printed_holds_a_credential() {
    let call = post().header("x-amz-security-token", "hunter2").signed();
    call.view(|request| {
        let presented = claviger_signature::sigv4::present(request).unwrap();
        let text = format!("{presented:?} {request:?}");
        assert!(!text.contains("hunter2"), "{text}");
        let signature = crate::literal::signature(
            &call,
            &["content-type", "host", "x-amz-date", "x-amz-security-token"],
            SECRET,
            STAMP,
            "20260102/us-east-1/iam/aws4_request",
        );
        assert!(!text.contains(&signature), "{text}");
    });
}
