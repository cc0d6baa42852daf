//! What is written is read back, in every format.

use std::collections::BTreeMap;

use claviger_model::scalar::Bounded;
use claviger_model::{Scalar, Secret, TagKey, TagValue, Timestamp};
use claviger_shape::{Blob, Document, Json, JsonEncoder, XmlEncoder};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

use crate::form_encoder;
use crate::shapes::{Everything, Inner, Paged, Password, Status, TagInput, decode};

/// Characters that are hard on forms, JSON and XML, and a few that are not.
fn text() -> impl Strategy<Value = String> {
    "[a-z&=+%. <>\"\\\\/\u{e9}\u{1f600}\n\r\t;\u{0}]{0,12}"
}

fn tag() -> impl Strategy<Value = TagInput> {
    ("[a-z:/ é]{1,8}", "[a-z:/ é]{0,8}").prop_map(|(key, value)| TagInput {
        key: TagKey::parse(&key).unwrap(),
        value: TagValue::parse(&value).unwrap(),
    })
}

fn inner() -> impl Strategy<Value = Inner> {
    (text(), vec(text(), 0..4)).prop_map(|(arn, more_arns)| Inner { arn, more_arns })
}

fn everything() -> impl Strategy<Value = Everything> {
    let scalars = (
        text(),
        of(text()),
        "[ -~é]{1,20}",
        of(any::<bool>()),
        any::<i32>(),
        of(0i64..253_402_300_799),
        any::<bool>(),
        vec(any::<u8>(), 0..40),
        of(vec(any::<u8>(), 0..40)),
        of(text()),
    );
    let containers = (
        of(text()),
        of(1i32..=1000),
        vec(text(), 0..14),
        of(vec(any::<i32>(), 0..4)),
        vec(tag(), 0..14),
        inner(),
        of(inner()),
        btree_map(text(), any::<i32>(), 0..14),
        of(btree_map(text(), text(), 0..4)),
    );
    (scalars, containers).prop_map(|(one, many)| Everything {
        text: one.0,
        maybe: one.1,
        password: Secret::new(Password(one.2)),
        truth: one.3,
        number: one.4,
        at: one.5.map(Timestamp::from_seconds),
        status: if one.6 {
            Status::Active
        } else {
            Status::Inactive
        },
        blob: Blob(one.7),
        seed: one.8.map(|bytes| Secret::new(Blob(bytes))),
        document: one.9.map(Document),
        paged: Paged {
            marker: many.0,
            max_items: many.1.map(|n| Bounded::parse(&n.to_string()).unwrap()),
        },
        texts: many.2,
        numbers: many.3,
        tags: many.4,
        inner: many.5,
        maybe_inner: many.6,
        map: many.7,
        maybe_map: many.8,
    })
}

fn assert_same(read: &Everything, written: &Everything) {
    assert_eq!(read.text, written.text);
    assert_eq!(read.maybe, written.maybe);
    assert_eq!(read.password.expose(), written.password.expose());
    assert_eq!(read.truth, written.truth);
    assert_eq!(read.number, written.number);
    assert_eq!(read.at, written.at);
    assert_eq!(read.status, written.status);
    assert_eq!(read.blob, written.blob);
    assert_eq!(
        read.seed.as_ref().map(Secret::expose),
        written.seed.as_ref().map(Secret::expose)
    );
    assert_eq!(read.document, written.document);
    assert_eq!(read.paged, written.paged);
    assert_eq!(read.texts, written.texts);
    assert_eq!(read.numbers, written.numbers);
    assert_eq!(read.tags, written.tags);
    assert_eq!(read.inner, written.inner);
    assert_eq!(read.maybe_inner, written.maybe_inner);
    assert_eq!(read.map, written.map);
    assert_eq!(read.maybe_map, written.maybe_map);
}

proptest! {
    #[test]
    fn a_form_gives_back_what_was_written(written in everything()) {
        let form = form_encoder::form(&written);
        assert_same(&decode(&form).unwrap(), &written);
    }

    #[test]
    fn json_gives_back_what_was_written(written in everything()) {
        let mut text = String::new();
        JsonEncoder::new(&mut text).object(&written);
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_same(&claviger_shape::decode(json.source()).unwrap(), &written);
    }

    #[test]
    fn the_order_of_parameters_does_not_matter(written in everything(), turn in 0usize..50) {
        let form = form_encoder::form(&written);
        let mut pieces: Vec<&str> = form.split('&').collect();
        let turn = turn % pieces.len();
        pieces.rotate_left(turn);
        pieces.reverse();
        assert_same(&decode(&pieces.join("&")).unwrap(), &written);
    }

    #[test]
    fn xml_never_holds_what_xml_cannot(written in everything()) {
        let mut text = String::new();
        XmlEncoder::new(&mut text).element("Everything", &written);
        prop_assert!(!text.contains(['\0', '\r']));
        prop_assert!(!text.contains("& "));
    }
}

#[test]
fn an_absent_and_an_empty_list_stay_apart() {
    let mut written = Everything {
        text: String::new(),
        maybe: None,
        password: Secret::new(Password("x".to_owned())),
        truth: None,
        number: 0,
        at: None,
        status: Status::Active,
        blob: Blob::default(),
        seed: None,
        document: None,
        paged: Paged {
            marker: None,
            max_items: None,
        },
        texts: Vec::new(),
        numbers: None,
        tags: Vec::new(),
        inner: Inner {
            arn: String::new(),
            more_arns: Vec::new(),
        },
        maybe_inner: None,
        map: BTreeMap::new(),
        maybe_map: None,
    };
    let absent = form_encoder::form(&written);
    assert!(!absent.contains("Numbers"));
    written.numbers = Some(Vec::new());
    written.maybe_map = Some(BTreeMap::new());
    let empty = form_encoder::form(&written);
    assert!(empty.contains("Numbers=&") && empty.contains("MaybeMap="));
    assert_same(&decode(&empty).unwrap(), &written);
}
