//! Laws over random requests.

use claviger_model::Secret;
use claviger_signature::sdk_hmac::present;
use claviger_signature::sdk_hmac::sign::{Dialect, Signer};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{ALL, KEY_ID, SECRET, Spoken, literal};
use crate::call::{Call, STAMP, at};

/// A query in one of two ways to write it.
fn written(parameters: &[(String, String)], plain: bool) -> String {
    let write = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' if plain => (byte as char).to_string(),
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
        path in "(/[a-zA-Z0-9~*=-]{1,5}|/%2[0-9a-d][a-z]|/ü{1,2}){0,3}/?",
        parameters in btree_map("[a-zA-Z +/&=é%{.-]{1,5}", "[ -~é]{0,8}", 0..5),
        plain in any::<bool>(),
        headers in btree_map("[b-w][a-z0-9-]{0,8}", "[ -~]{0,12}", 0..5),
        domain in proptest::option::of("[a-f0-9]{32}"),
        body in vec(any::<u8>(), 0..200),
        empty in any::<bool>(),
    ) -> Call {
        let parameters: Vec<(String, String)> = parameters.into_iter().collect();
        let body = if empty { Vec::new() } else { body };
        let mut call = Call { method, path, query: written(&parameters, plain), headers: Vec::new(), body };
        for (name, value) in headers {
            if name != "host" {
                call = call.header(&name, &value);
            }
        }
        if let Some(domain) = domain {
            call = call.header("x-domain-id", &domain);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn both_signers_agree_and_what_they_sign_verifies(call in call(), spoken in prop::sample::select(&ALL[..])) {
        let literally = call.clone().sdk_signed(spoken);
        prop_assert_eq!(literally.sdk_verdict(), Ok(()));
        let secret = Secret::new(SECRET.to_owned());
        let signer = Signer { access_key_id: KEY_ID, secret: &secret, session_token: None, dialect: dialect(spoken) };
        let added = call.view(|request| signer.headers(request, at(STAMP))).unwrap();
        let mut fast = call;
        for (name, value) in added {
            fast = fast.header(name, &value);
        }
        prop_assert_eq!(fast, literally);
    }

    #[test]
    fn one_changed_byte_is_refused(
        call in call(),
        spoken in prop::sample::select(&ALL[..]),
        part in 0usize..8,
        place in any::<prop::sample::Index>(),
        byte in 0x20u8..0x7f,
    ) {
        let signed = call.sdk_signed(spoken);
        let mut changed = signed.clone();
        crate::laws::change(&mut changed, part, place, byte);
        if changed.sdk_verdict().is_ok() {
            // Then it must be the same request, by the guide's own reading, with the same authentication…
            let signed_names = names(&signed);
            prop_assert_eq!(
                literal::canonical_request(&changed, spoken, &signed_names),
                literal::canonical_request(&signed, spoken, &signed_names)
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
    fn nothing_that_arrives_panics(
        method in ".{0,4}",
        path in ".{0,20}",
        query in "([^&=]{0,3}[&=%]){0,8}",
        authorization in "((SDK|V11)-HMAC-SHA256 )?((Access|Credential|Signature|SignedHeaders)=[ -~]{0,40},){0,4}.{0,10}",
        date in "[0-9TZ]{14,18}|.{0,10}",
        body in vec(any::<u8>(), 0..20),
    ) {
        let call = Call { method, path, query, headers: Vec::new(), body }
            .header("host", "h")
            .header("x-sdk-date", &date);
        // No valid signature can come of this; what counts is that there is an answer.
        prop_assert!(call.sdk_verdict().is_err());
        prop_assert!(call.header("authorization", &authorization).sdk_verdict().is_err());
    }
}
