//! The field table.

use claviger_model::Scalar;
use claviger_model::name::UserName;
use claviger_model::scalar::Kind;
use claviger_shape::{Field, Shape, Type};

use crate::shapes::{CreateUser, Everything, Inner, Nothing, Paged, TagInput, UntagPolicy};

fn field<S: Shape>(wire: &str) -> Field {
    *S::FIELDS
        .iter()
        .find(|field| field.name.wire == wire)
        .unwrap()
}

#[test]
fn doc_comments_are_kept() {
    assert_eq!(CreateUser::NAME, "CreateUser");
    assert_eq!(
        CreateUser::DOC,
        "Creates a user.\n\nThe user can do nothing yet."
    );
    assert_eq!(field::<CreateUser>("Tags").doc, "Up to fifty tags.");
    assert_eq!(Nothing::FIELDS, []);
}

#[test]
fn the_members_of_a_flattened_struct_stand_in_its_place() {
    let names: Vec<&str> = Everything::FIELDS
        .iter()
        .map(|field| field.name.wire)
        .collect();
    assert_eq!(
        names,
        [
            "Text",
            "Maybe",
            "Password",
            "Truth",
            "Number",
            "At",
            "Status",
            "Blob",
            "Base32StringSeed",
            "Document",
            "Marker",
            "MaxItems",
            "MFACodes",
            "Numbers",
            "Tags",
            "Inner",
            "MaybeInner",
            "Map",
            "MaybeMap"
        ]
    );
    assert_eq!(field::<Everything>("Marker"), field::<Paged>("Marker"));
}

#[test]
fn a_field_tells_what_it_holds() {
    let name = field::<CreateUser>("UserName");
    assert!(name.required && !name.secret());
    assert_eq!(name.name.camel, "userName");
    let Type::Scalar { kind, rules, .. } = name.holds else {
        panic!("{name:?}");
    };
    assert_eq!((kind, rules), (Kind::Text, UserName::RULES));

    let tags = field::<CreateUser>("Tags");
    assert!(!tags.required);
    let Type::List { element, min, max } = tags.holds else {
        panic!("{tags:?}");
    };
    assert_eq!((min, max), (0, 50));
    let Type::Structure { name, doc, fields } = element else {
        panic!("{element:?}");
    };
    assert_eq!(
        (*name, *doc, *fields),
        ("TagInput", "A tag.", TagInput::FIELDS)
    );

    assert!(field::<UntagPolicy>("TagKeys").required);
    assert!(field::<Everything>("Password").secret());
    assert!(field::<Everything>("Base32StringSeed").secret());
    assert!(!field::<Everything>("MaybeInner").required);
    assert_eq!(field::<Everything>("MFACodes").name.camel, "mFACodes");
    assert_eq!(field::<Inner>("moreArns").name.wire, "moreArns");
    assert!(matches!(
        field::<Everything>("At").holds,
        Type::Scalar {
            kind: Kind::Instant,
            ..
        }
    ));
}
