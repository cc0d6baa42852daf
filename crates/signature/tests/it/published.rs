//! AWS's published examples: the Signature Version 4 test suite (`aws-sig-v4-test-suite`) and the worked example of the
//! IAM user guide.

use claviger_model::Secret;
use claviger_signature::sigv4::sign::Signer;
use claviger_signature::sigv4::{SignatureError, Terms, present};

use crate::call::{Call, KEY_ID, SECRET, STAMP, at, get_caller_identity, post};

const SUITE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SUITE_STAMP: &str = "20150830T123600Z";
const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
const UNRESERVED: &str = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An example: its name, the request, the signature in the header and in the query.
struct Example {
    name: &'static str,
    call: Call,
    token: Option<&'static str>,
    in_header: &'static str,
    in_query: &'static str,
}

fn call(method: &str, path: &str, query: &str) -> Call {
    Call {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    }
    .header("host", "example.amazonaws.com")
}

fn suite() -> Vec<Example> {
    let example = |name, call, in_header, in_query| Example {
        name,
        call,
        token: None,
        in_header,
        in_query,
    };
    let unreserved_query = format!("{UNRESERVED}={UNRESERVED}");
    let mut examples = vec![
        example(
            "get-vanilla",
            call("GET", "/", ""),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
        ),
        example(
            "get-header-value-trim",
            call("GET", "/", "")
                .header("my-header1", " value1")
                .header("my-header2", " \"a   b   c\""),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
        ),
        example(
            "get-unreserved",
            call("GET", &format!("/{UNRESERVED}"), ""),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005",
        ),
        example(
            "get-utf8",
            call("GET", "/ሴ", ""),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44",
        ),
        example(
            "get-vanilla-empty-query-key",
            call("GET", "/", "Param1=value1"),
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
            "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de",
        ),
        example(
            "get-vanilla-query-order-encoded",
            call("GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1"),
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
        ),
        example(
            "get-vanilla-query-order-key-case",
            call("GET", "/", "Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5",
        ),
        example(
            "get-vanilla-query-unreserved",
            call("GET", "/", &unreserved_query),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf",
        ),
        example(
            "get-vanilla-utf8-query",
            call("GET", "/", "ሴ=bar"),
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600",
        ),
        example(
            "post-header-key-sort",
            call("POST", "/", "").header("my-header1", "value1"),
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            "c09d07e0d55871f10f2a6d350d994acf6825a3cae70673d7def55616e6119dd7",
        ),
        example(
            "post-header-value-case",
            call("POST", "/", "").header("my-header1", "VALUE1"),
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
            "0698bc9e4f7f9139065ba2909c0e99da257e8e2a42492a097bcd46d792391fed",
        ),
        example(
            "post-vanilla",
            call("POST", "/", ""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b",
        ),
        example(
            "post-vanilla-query",
            call("POST", "/", "Param1=value1"),
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
            "a9ef26247f293bffe40eeff86a0480ba8c14d31503b2e0c3399e3a16bf1a3682",
        ),
    ];
    examples.push(Example {
        name: "post-sts-header-before",
        call: call("POST", "/", ""),
        token: Some(TOKEN),
        in_header: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        in_query: "46c2e3c63c1dbe7d39f8ada16fe7f001c1f56c5791441565323677f96308871c",
    });
    for (name, content_type, in_header, in_query) in [
        (
            "post-x-www-form-urlencoded",
            "application/x-www-form-urlencoded",
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            "89a40deed0f26f9461242825a082d2222717248abc7ab41f552ad84a94ad46e9",
        ),
        (
            "post-x-www-form-urlencoded-parameters",
            "application/x-www-form-urlencoded; charset=utf-8",
            "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
            "0dbeb9b026c7b6675f266b8427efec9b4fa8b1f6ef1477d717aea231106eab4d",
        ),
    ] {
        let mut call = call("POST", "/", "")
            .header("content-type", content_type)
            .header("content-length", "13");
        call.body = b"Param1=value1".to_vec();
        examples.push(example(name, call, in_header, in_query));
    }
    examples
}

fn terms() -> Terms<'static> {
    Terms {
        service: "service",
        now: at(SUITE_STAMP),
        presigned_at_least_seconds: 0,
    }
}

#[test]
fn the_header_signatures_of_the_test_suite_are_made_and_verified() {
    for example in suite() {
        let mut call = example.call;
        if !call.body.is_empty() {
            // The suite signs bodies with this header, and only in the header's way.
            call = call.header(
                "x-amz-content-sha256",
                "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
            );
        }
        let (secret, token) = (
            Secret::new(SUITE_SECRET.to_owned()),
            example.token.map(|token| Secret::new(token.to_owned())),
        );
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret: &secret,
            session_token: token.as_ref(),
            region: "us-east-1",
            service: "service",
        };
        let added = call
            .view(|request| signer.headers(request, at(SUITE_STAMP)))
            .unwrap();
        for (name, value) in added {
            call = call.header(name, &value);
        }
        let authorization = String::from_utf8(call.value("authorization").clone()).unwrap();
        assert!(
            authorization.ends_with(&format!("Signature={}", example.in_header)),
            "{}: {authorization}",
            example.name
        );
        assert_eq!(
            call.verdict_with(SUITE_SECRET, &terms()),
            Ok(()),
            "{}",
            example.name
        );
        call.view(|request| {
            let presented = present(request).unwrap();
            assert_eq!(presented.session_token(), example.token);
            assert_eq!(presented.access_key_id(), "AKIDEXAMPLE");
            assert!(!presented.is_presigned());
        });
    }
}

#[test]
fn the_query_signatures_of_the_test_suite_are_made_and_verified() {
    for example in suite() {
        let mut call = example.call;
        let (secret, token) = (
            Secret::new(SUITE_SECRET.to_owned()),
            example.token.map(|token| Secret::new(token.to_owned())),
        );
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret: &secret,
            session_token: token.as_ref(),
            region: "us-east-1",
            service: "service",
        };
        call.query = call
            .view(|request| signer.presigned_query(request, at(SUITE_STAMP), 3_600))
            .unwrap();
        assert!(
            call.query
                .ends_with(&format!("X-Amz-Signature={}", example.in_query)),
            "{}: {}",
            example.name,
            call.query
        );
        assert_eq!(
            call.verdict_with(SUITE_SECRET, &terms()),
            Ok(()),
            "{}",
            example.name
        );
        call.view(|request| {
            let presented = present(request).unwrap();
            assert_eq!(presented.session_token(), example.token);
            assert_eq!(presented.lifetime_seconds(), Some(3_600));
        });
    }
}

/// Where the suite joins or normalises, and its own right signature would otherwise do.
#[test]
fn ambiguous_requests_of_the_test_suite_are_refused_for_all_their_right_signatures() {
    let with = |call: Call, names: &str, signature: &str| {
        call.header("x-amz-date", SUITE_STAMP).header(
            "authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={names}, Signature={signature}"
            ),
        )
    };
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    for (path, signature) in [
        ("/example/..", vanilla),
        (
            "/example/..",
            "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282",
        ),
        ("/./", vanilla),
        (
            "/./",
            "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145",
        ),
        ("//", vanilla),
        (
            "//",
            "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e",
        ),
        (
            "//example//",
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
        (
            "/example space/",
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        ),
    ] {
        let call = with(call("GET", path, ""), "host;x-amz-date", signature);
        assert_eq!(
            call.verdict_with(SUITE_SECRET, &terms()),
            Err(SignatureError::Path),
            "{path}"
        );
    }
    // get-header-key-duplicate
    let call = with(
        call("GET", "/", "")
            .header("my-header1", "value2")
            .header("my-header1", "value2")
            .header("my-header1", "value1"),
        "host;my-header1;x-amz-date",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    );
    assert_eq!(
        call.verdict_with(SUITE_SECRET, &terms()),
        Err(SignatureError::Header {
            name: "my-header1".into()
        })
    );
}

#[test]
fn the_worked_example_of_the_user_guide_verifies() {
    let terms = Terms {
        service: "iam",
        now: at(SUITE_STAMP),
        presigned_at_least_seconds: 0,
    };
    let list_users = Call {
        headers: Vec::new(),
        ..call("GET", "/", "Action=ListUsers&Version=2010-05-08")
    }
    .header(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )
    .header("host", "iam.amazonaws.com");
    let in_header = list_users.clone().header("x-amz-date", SUITE_STAMP).header(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    );
    assert_eq!(in_header.verdict_with(SUITE_SECRET, &terms), Ok(()));
    let mut in_query = list_users;
    in_query.query.push_str(
        "&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fiam%2Faws4_request&X-Amz-Date=20150830T123600Z\
         &X-Amz-Expires=60&X-Amz-SignedHeaders=content-type%3Bhost\
         &X-Amz-Signature=37ac2f4fde00b0ac9bd9eadeb459b1bbee224158d66e7ae5fcadb70b2d181d02",
    );
    assert_eq!(in_query.verdict_with(SUITE_SECRET, &terms), Ok(()));
}

/// The same two requests, signed by AWS's Python SDK.
#[test]
fn what_the_python_sdk_signs_verifies() {
    let call = post().header("x-amz-date", STAMP).header(
        "authorization",
        &format!(
            "AWS4-HMAC-SHA256 Credential={KEY_ID}/20260102/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=809b7f2c507044bfc7ff7d8d0081af35abb77ae9443f592d0ec3268153f253a6"
        ),
    );
    assert_eq!(call.verdict(), Ok(()));
    let call = get_caller_identity().presigned(60);
    assert!(
        call.query.ends_with(
            "X-Amz-Signature=31ecea23217d86b7094b181258998b18c68c41c6e6e41c51061817f67c9704d8"
        ),
        "{}",
        call.query
    );
    let terms = Terms {
        service: "sts",
        now: at(STAMP),
        presigned_at_least_seconds: 0,
    };
    assert_eq!(call.verdict_with(SECRET, &terms), Ok(()));
}
