//! Laws over random requests.

use claviger_model::Secret;
use claviger_signature::sigv4::present;
use claviger_signature::sigv4::sign::Signer;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::call::{Call, KEY_ID, REGION, SECRET, STAMP, at};
use crate::literal;

/// A query in one of the many ways to write it.
fn written(parameters: &[(String, String)], plain: bool) -> String {
    let write = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b' ' if plain => "+".to_owned(),
                b'a'..=b'z' | b'0'..=b'9' if plain => (byte as char).to_string(),
                _ => format!("%{byte:02x}"),
            })
            .collect()
    };
    let pieces: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", write(name), write(value)))
        .collect();
    pieces.join("&")
}

prop_compose! {
    fn call()(
        method in "GET|POST|PUT|DELETE",
        path in "(/[a-z0-9~*=]{1,5}|/%2[0-9a-d][a-z]|/ü{1,2}){0,3}/?",
        parameters in btree_map("[a-z +/&=é%.-]{1,5}", "[ -~é]{0,8}", 0..5),
        plain in any::<bool>(),
        headers in btree_map("[b-w][a-z0-9-]{0,8}", "[ -~]{0,12}", 0..5),
        token in proptest::option::of("[A-Za-z0-9/+=]{1,40}"),
        body in vec(any::<u8>(), 0..200),
    ) -> Call {
        let parameters: Vec<(String, String)> = parameters.into_iter().collect();
        let mut call = Call { method, path, query: written(&parameters, plain), headers: Vec::new(), body };
        for (name, value) in headers {
            if name != "host" && name != "date" {
                call = call.header(&name, &value);
            }
        }
        if let Some(token) = token {
            call = call.header("x-amz-security-token", &token);
        }
        call.header("host", "iam.example:8040")
    }
}

fn names(call: &Call) -> Vec<&str> {
    call.headers
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != "authorization")
        .collect()
}

fn with_signer<R>(sign: impl FnOnce(&Signer<'_>) -> R) -> R {
    let secret = Secret::new(SECRET.to_owned());
    sign(&Signer {
        access_key_id: KEY_ID,
        secret: &secret,
        session_token: None,
        region: REGION,
        service: "iam",
    })
}

/// One change of one byte (or character) somewhere in a request.
pub(crate) fn change(call: &mut Call, part: usize, place: prop::sample::Index, byte: u8) {
    let replace = |text: &mut String| {
        let mut characters: Vec<char> = text.chars().collect();
        if characters.is_empty() {
            text.push(char::from(byte));
            return;
        }
        let at = place.index(characters.len());
        characters[at] = char::from(byte);
        *text = characters.into_iter().collect();
    };
    let replace_byte = |bytes: &mut Vec<u8>| {
        if bytes.is_empty() {
            bytes.push(byte);
        } else {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
    };
    match part {
        0 => replace(&mut call.method),
        1 => replace(&mut call.path),
        2 => replace(&mut call.query),
        3 => replace_byte(&mut call.body),
        _ => {
            let count = call.headers.len();
            let at = (part + place.index(count)) % count;
            replace_byte(&mut call.headers[at].1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn both_signers_agree_and_what_they_sign_verifies(call in call()) {
        let literally = call.clone().signed();
        prop_assert_eq!(literally.verdict(), Ok(()));
        let added = with_signer(|signer| call.view(|request| signer.headers(request, at(STAMP)))).unwrap();
        let mut fast = call;
        for (name, value) in added {
            fast = fast.header(name, &value);
        }
        prop_assert_eq!(fast, literally);
    }

    #[test]
    fn both_signers_agree_on_presigned_requests(call in call()) {
        let mut call = call.without("x-amz-security-token");
        call.query = with_signer(|signer| call.view(|request| signer.presigned_query(request, at(STAMP), 60))).unwrap();
        prop_assert_eq!(call.verdict(), Ok(()));
        let literally = literal::signature(&call, &names(&call), SECRET, STAMP, "20260102/us-east-1/iam/aws4_request");
        prop_assert!(call.query.ends_with(&literally));
    }

    #[test]
    fn one_changed_byte_is_refused(
        call in call(),
        part in 0usize..8,
        place in any::<prop::sample::Index>(),
        byte in 0x20u8..0x7f,
    ) {
        let signed = call.signed();
        let signed_names: Vec<String> = names(&signed).into_iter().map(str::to_owned).collect();
        let signed_names: Vec<&str> = signed_names.iter().map(String::as_str).collect();
        let mut changed = signed.clone();
        change(&mut changed, part, place, byte);
        if changed.verdict().is_ok() {
            // Then it must be the same request, by the documentation's own reading, with the same authentication…
            prop_assert_eq!(
                literal::canonical_request(&changed, &signed_names),
                literal::canonical_request(&signed, &signed_names)
            );
            // …but for the key id, which says which key to take and is not signed itself.
            let id = changed.view(|request| present(request).unwrap().access_key_id().to_owned());
            if id == KEY_ID {
                let squeezed = |call: &Call| {
                    let mut call = call.clone();
                    let text = String::from_utf8(call.value("authorization").clone()).unwrap();
                    text.replace(' ', "")
                };
                prop_assert_eq!(squeezed(&changed), squeezed(&signed));
            }
        }
    }

    #[test]
    fn one_changed_byte_of_a_presigned_request_is_refused(
        call in call(),
        place in any::<prop::sample::Index>(),
        byte in 0x20u8..0x7f,
    ) {
        let mut signed = call.without("x-amz-security-token");
        signed.query = with_signer(|signer| signed.view(|request| signer.presigned_query(request, at(STAMP), 60))).unwrap();
        let mut changed = signed.clone();
        change(&mut changed, 2, place, byte);
        if changed.verdict().is_ok() {
            let id = changed.view(|request| present(request).unwrap().access_key_id().to_owned());
            if id == KEY_ID {
                prop_assert_eq!(literal::canonical_query(&changed.query), literal::canonical_query(&signed.query));
            }
        }
    }

    #[test]
    fn nothing_that_arrives_panics(
        method in ".{0,4}",
        path in ".{0,20}",
        query in "([^&=]{0,3}[&=%]|X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=[!-~]{0,20}&){0,8}",
        authorization in "(AWS4-HMAC-SHA256 )?((Credential|Signature|SignedHeaders)=[ -~]{0,40},){0,4}.{0,10}",
        date in "[0-9TZ]{14,18}|.{0,10}",
        body in vec(any::<u8>(), 0..20),
    ) {
        let call = Call { method, path, query, headers: Vec::new(), body }
            .header("host", "h")
            .header("x-amz-date", &date);
        // No valid signature can come of this; what counts is that there is an answer.
        prop_assert!(call.verdict().is_err());
        prop_assert!(call.header("authorization", &authorization).verdict().is_err());
    }
}
