//! Forms made to hurt.

use claviger_model::scalar::Expected;
use claviger_model::{Code, Constraint};
use claviger_shape::{Form, FormError, Limits, Shape, render_iam};
use proptest::prelude::*;

use crate::shapes::{CreateUser, Everything, UntagPolicy, decode, refused};

fn error(body: &[u8]) -> Option<FormError> {
    Form::parse("", body, Limits::DEFAULT).err()
}

#[test]
fn the_thousand_and_first_parameter_is_one_too_many() {
    let body = |count: usize| vec!["a=1"; count].join("&");
    assert_eq!(error(body(1_000).as_bytes()), None);
    assert_eq!(
        error(body(1_001).as_bytes()),
        Some(FormError::TooManyParameters)
    );
    let (query, rest) = (body(501), body(500));
    let both = Form::parse(&query, rest.as_bytes(), Limits::DEFAULT);
    assert_eq!(both.err(), Some(FormError::TooManyParameters));
    // Separators alone are no parameters and take no room.
    assert_eq!(error("&".repeat(1 << 20).as_bytes()), None);
}

#[test]
fn a_form_beyond_its_limit_is_not_looked_at() {
    let limits = Limits {
        bytes: 10,
        ..Limits::DEFAULT
    };
    assert!(Form::parse("a=1&", b"b=1234", limits).is_ok());
    assert_eq!(
        Form::parse("a=1&", b"b=12345", limits).err(),
        Some(FormError::TooLarge)
    );
}

#[test]
fn ac_09_broken_escapes_and_broken_utf_8_are_refused() {
    for bad in ["a=%", "a=%4", "a=%zz", "%=1", "a=%+1", "a=1%2"] {
        assert_eq!(error(bad.as_bytes()), Some(FormError::BadEscape), "{bad}");
    }
    for bad in [
        &b"a=\xff"[..],
        b"a=%ff",
        b"%c3=1",
        b"a=%ed%a0%80",
        b"a=%c0%80",
    ] {
        assert_eq!(error(bad), Some(FormError::NotUtf8), "{bad:?}");
    }
}

#[test]
fn numbers_that_are_none_are_refused_and_not_left_out() {
    let malformed = vec![Constraint::Malformed(Expected::List)];
    for bad in [
        "TagKeys.member.0=a",
        "TagKeys.member.01=a",
        "TagKeys.member.1=a&TagKeys.member.01=b",
        "TagKeys.member.-1=a",
        "TagKeys.member.x=a",
        "TagKeys.member.=a",
        "TagKeys.member.99999999999999999999=a",
        "TagKeys.member=a",
        "TagKeys.1=a",
        "TagKeys.entry.1.key=a",
        "TagKeys=a",
        "TagKeys=a&TagKeys.member.1=b",
        "TagKeys.=a",
    ] {
        let violations = refused::<UntagPolicy>(bad);
        let told: Vec<_> = violations.iter().map(|v| &v.constraints).collect();
        assert_eq!(told, [&malformed], "{bad}");
        assert_eq!(render_iam(&violations), (Code::MalformedInput, None));
    }
}

#[test]
fn what_sorts_between_a_number_and_its_members_does_not_pass_as_one() {
    for stranger in ["1-Key", "1%20", "1+Key", "1,.Key", "1!.Value", "1-"] {
        let body = format!(
            "UserName=alice&Tags.member.1=&Tags.member.{stranger}=b&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.10.Key=z&Tags.member.10.Value=v"
        );
        let violations = refused::<CreateUser>(&body);
        assert_eq!(violations.len(), 1, "{stranger}");
        assert_eq!(
            render_iam(&violations).0,
            Code::MalformedInput,
            "{stranger}"
        );
    }
}

#[test]
fn an_element_of_the_wrong_kind_is_refused() {
    // A text where a structure should be.
    let violations = refused::<CreateUser>("UserName=a&Tags.member.1=x");
    assert_eq!(render_iam(&violations).0, Code::MalformedInput);
    // A structure where a text should be.
    let violations = refused::<UntagPolicy>("TagKeys.member.1.Key=x");
    assert_eq!(render_iam(&violations).0, Code::ValidationError);
}

#[test]
fn a_name_that_begins_like_a_list_is_not_part_of_it() {
    let user: CreateUser = decode(
        "UserName=alice&Tags-.member.1=x&TagsX.member.1=x&Tags%00=x&Tags.member.1.Key=k&Tags.member.1.Value=v",
    )
    .unwrap();
    assert_eq!(user.tags.len(), 1);
}

/// Names built of the pieces that matter, so that most of them nearly fit.
fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop::sample::select(vec![
            "Tags",
            "MFACodes",
            "Numbers",
            "Map",
            "Inner",
            "MaybeInner",
            "member",
            "entry",
            "Key",
            "key",
            "Value",
            "value",
            "arn",
            "moreArns",
            "1",
            "2",
            "10",
            "0",
            "01",
            "4000000000",
            "-",
            "",
            "Text",
            "Number",
            "At",
            "Blob",
            "Status",
            "Password",
        ]),
        1..5,
    )
    .prop_map(|words| words.join("."))
}

proptest! {
    #[test]
    fn nothing_panics_and_what_is_refused_says_why(
        parameters in proptest::collection::vec((name(), ".{0,6}"), 0..40),
    ) {
        let body: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let body = body.join("&");
        if let Ok(form) = Form::parse("", body.as_bytes(), Limits::DEFAULT)
            && let Err(violations) = claviger_shape::decode::<Everything>(form.source())
        {
            prop_assert!(!violations.is_empty());
            let (code, message) = render_iam(&violations);
            prop_assert!(code == Code::MalformedInput || message.is_some());
        }
    }

    #[test]
    fn any_bytes_are_a_form_or_an_error(
        query in ".{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(form) = Form::parse(&query, &body, Limits::DEFAULT) {
            for (name, value) in form.iter() {
                prop_assert_eq!(form.get(name), Some(value));
            }
        }
    }

    #[test]
    fn the_form_agrees_with_a_plain_reading(
        parameters in proptest::collection::vec(("[ab.]{0,3}", "[xy]{0,2}"), 0..30),
    ) {
        let body: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = body.join("&");
        let form = Form::parse("", body.as_bytes(), Limits::DEFAULT).unwrap();
        for (name, _) in &parameters {
            let first = parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
            prop_assert_eq!(form.get(name), first);
        }
    }
}

#[test]
fn a_debugged_form_shows_names_only() {
    let form = Form::parse("", b"NewPassword=hunter2&a=%41", Limits::DEFAULT).unwrap();
    let shown = format!("{form:?} {:?}", form.source());
    assert!(shown.contains("NewPassword") && !shown.contains("hunter2"));
}

#[test]
fn a_shape_is_only_made_of_a_request_without_violations() {
    #[derive(Debug, Shape)]
    struct Two {
        #[shape(required)]
        tag_keys: Vec<String>,
        number: i32,
    }
    let violations = refused::<Two>("Number=x");
    assert_eq!(violations.len(), 2);
    let two: Two = decode("Number=1&TagKeys.member.1=a").unwrap();
    assert_eq!((two.number, two.tag_keys.len()), (1, 1));
}
