//! How requests are read.

use std::collections::BTreeMap;

use claviger_model::{Constraint, Timestamp};
use claviger_shape::{Form, FormError, Json, JsonError, Limits, Shape, Violations};

use crate::shapes::{
    CreateUser, Everything, Inner, Nothing, NothingInBraces, Paged, UntagPolicy, decode, form,
    refused,
};

fn constraints(violations: &Violations) -> Vec<(String, Vec<Constraint>)> {
    violations
        .iter()
        .map(|violation| (violation.path.clone(), violation.constraints.clone()))
        .collect()
}

#[test]
fn plus_and_percent_twenty_are_spaces_and_nothing_is_decoded_twice() {
    let form = form(b"a=x+y%20z&b=%2541&c=%2B&d%2ee=1&f=%C3%A9&g=a=b=c&h");
    assert_eq!(form.get("a"), Some("x y z"));
    assert_eq!(form.get("b"), Some("%41"));
    assert_eq!(form.get("c"), Some("+"));
    assert_eq!(form.get("d.e"), Some("1"));
    assert_eq!(form.get("f"), Some("é"));
    assert_eq!(form.get("g"), Some("a=b=c"));
    assert_eq!(form.get("h"), Some(""));
    assert_eq!(form.get("i"), None);
    assert_eq!(form.len(), 7);
}

#[test]
fn the_first_value_of_a_repeated_name_wins_however_it_is_spelt() {
    let form = form(b"UserName=alice&UserName=mallory&User%4eame=eve");
    assert_eq!(form.get("UserName"), Some("alice"));
    assert_eq!(form.len(), 1);
}

#[test]
fn ac_04_a_name_in_query_and_body_is_refused() {
    let refused = Form::parse("UserName=alice", b"User%4Eame=mallory", Limits::DEFAULT);
    assert_eq!(
        refused.err(),
        Some(FormError::InBoth("UserName".to_owned()))
    );
    let same = Form::parse("Action=A&Action=B", b"Version=1&Action=A", Limits::DEFAULT);
    assert_eq!(same.err(), Some(FormError::InBoth("Action".to_owned())));
    let both = Form::parse("Action=ListUsers&Version=1", b"MaxItems=3", Limits::DEFAULT).unwrap();
    assert_eq!(both.get("Action"), Some("ListUsers"));
    let paged: Paged = claviger_shape::decode(both.source()).unwrap();
    assert_eq!(paged.max_items.map(|n| n.get()), Some(3));
}

#[test]
fn names_differ_by_case() {
    let violations = refused::<CreateUser>("username=alice&USERNAME=bob");
    assert_eq!(
        constraints(&violations),
        [("userName".to_owned(), vec![Constraint::NotNull])]
    );
}

#[test]
fn unknown_parameters_are_ignored() {
    let user: CreateUser =
        decode("Action=CreateUser&UserName=alice&UserName.Bogus=1&Bogus.member.1=x").unwrap();
    assert_eq!(user.user_name.as_str(), "alice");
    assert!(user.path.is_none());
}

#[test]
fn elements_stand_in_the_order_of_their_numbers_and_gaps_close() {
    let body = "TagKeys.member.10=ten&TagKeys.member.2=two&TagKeys.member.4000000000=last&TagKeys.member.9=nine";
    let untag: UntagPolicy = decode(body).unwrap();
    let keys: Vec<&str> = untag.tag_keys.iter().map(|key| key.as_str()).collect();
    assert_eq!(keys, ["two", "nine", "ten", "last"]);
}

#[test]
fn an_empty_list_is_there_and_a_missing_one_is_not() {
    let user: CreateUser = decode("UserName=alice&Tags=").unwrap();
    assert!(user.tags.is_empty());
    let untag: UntagPolicy = decode("TagKeys=").unwrap();
    assert!(untag.tag_keys.is_empty());
    assert_eq!(
        constraints(&refused::<UntagPolicy>("")),
        [("tagKeys".to_owned(), vec![Constraint::NotNull])]
    );
}

#[test]
fn the_least_number_of_elements_holds_for_lists_that_are_there() {
    #[derive(Debug, Shape)]
    struct AtLeastOne {
        #[shape(min = 1)]
        names: Vec<String>,
    }
    assert!(decode::<AtLeastOne>("").unwrap().names.is_empty());
    assert_eq!(
        constraints(&refused::<AtLeastOne>("Names=")),
        [("names".to_owned(), vec![Constraint::MinLength(1)])]
    );
}

#[test]
fn an_optional_structure_is_there_when_any_of_its_members_is() {
    #[derive(Debug, Shape)]
    struct Outer {
        inner: Option<Inner>,
    }
    assert!(decode::<Outer>("Innermost.arn=x").unwrap().inner.is_none());
    let outer: Outer = decode("Inner.arn=x&Inner.moreArns.member.1=y").unwrap();
    assert_eq!(outer.inner.unwrap().more_arns, ["y"]);
    assert_eq!(
        constraints(&refused::<Outer>("Inner.moreArns.member.1=y")),
        [("inner.arn".to_owned(), vec![Constraint::NotNull])]
    );
}

#[test]
fn a_map_is_read_from_numbered_entries() {
    #[derive(Debug, Shape)]
    struct Counted {
        #[shape(max = 3)]
        counts: BTreeMap<String, i32>,
    }
    let body = "Counts.entry.2.key=b&Counts.entry.2.value=2&Counts.entry.1.key=a&Counts.entry.1.value=1&Counts.entry.3.key=a&Counts.entry.3.value=9";
    let counted: Counted = decode(body).unwrap();
    assert_eq!(
        counted.counts.into_iter().collect::<Vec<_>>(),
        [("a".to_owned(), 1), ("b".to_owned(), 2)]
    );
    let (_, message) = claviger_shape::render_iam(&refused::<Counted>("Counts.entry.1.value=1"));
    assert_eq!(
        message.unwrap(),
        "1 validation error detected: Value at 'counts' failed to satisfy constraint: Map keys must satisfy constraint: [Member must not be null]"
    );
    let (_, message) = claviger_shape::render_iam(&refused::<Counted>("Counts.entry.1.key=1"));
    assert_eq!(
        message.unwrap(),
        "1 validation error detected: Value at 'counts' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]"
    );
}

#[test]
fn a_struct_without_fields_reads_anything() {
    assert_eq!(decode::<Nothing>("Action=X").unwrap(), Nothing);
    let NothingInBraces {} = decode("Action=X").unwrap();
}

#[test]
fn json_numbers_and_truth_values_are_read_and_null_is_absent() {
    let body = br#"{"Text":"t","Maybe":null,"Password":"p","Truth":true,"Number":-7,"At":1767323045.5,
        "Status":"Active","Blob":"AAE=","Marker":"m","MaxItems":5,"MFACodes":["a","b"],"Unknown":{"x":[1]},
        "Tags":[{"Key":"k","Value":"v"}],"Inner":{"arn":"i"},"Map":{"one":1}}"#;
    let json = Json::parse(body).unwrap();
    let read: Everything = claviger_shape::decode(json.source()).unwrap();
    assert_eq!(read.maybe, None);
    assert_eq!(read.truth, Some(true));
    assert_eq!(read.number, -7);
    assert_eq!(read.at, Some(Timestamp::from_micros(1_767_323_045_500_000)));
    assert_eq!(read.blob.0, [0, 1]);
    assert_eq!(read.paged.max_items.map(|n| n.get()), Some(5));
    assert_eq!(read.texts, ["a", "b"]);
    assert_eq!(read.tags.len(), 1);
    assert_eq!(read.map.get("one"), Some(&1));
}

#[test]
fn json_of_the_wrong_type_is_malformed() {
    use claviger_model::scalar::Expected;
    let body = br#"{"Text":1,"Maybe":{},"Password":2,"Truth":"true","Number":"7","At":1e300,
        "Status":"Active","Blob":[],"MFACodes":"a","Numbers":{},"Tags":["k"],"Inner":[],"Map":[]}"#;
    let json = Json::parse(body).unwrap();
    let violations = claviger_shape::decode::<Everything>(json.source()).unwrap_err();
    let expected = [
        ("text", Expected::Text),
        ("maybe", Expected::Text),
        ("password", Expected::Text),
        ("truth", Expected::Boolean),
        ("number", Expected::Integer),
        ("at", Expected::Timestamp),
        ("blob", Expected::Blob),
        ("mFACodes", Expected::List),
        ("numbers", Expected::List),
        ("tags.1.member", Expected::Structure),
        ("inner", Expected::Structure),
        ("map", Expected::Map),
    ]
    .map(|(path, expected)| (path.to_owned(), vec![Constraint::Malformed(expected)]));
    assert_eq!(constraints(&violations), expected);
}

#[test]
fn ac_16_json_is_read_without_surprises() {
    let error = |text: &str| Json::parse(text.as_bytes()).unwrap_err();
    let many = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    assert_eq!(error(&many(Json::VALUES + 1)), JsonError::TooMany);
    let inside = format!("[{}, {}]", many(Json::VALUES / 2), many(Json::VALUES / 2));
    assert_eq!(error(&inside), JsonError::TooMany);
    assert!(Json::parse(many(Json::VALUES).as_bytes()).is_ok());
    assert_eq!(error(&"[".repeat(100_000)), JsonError::TooDeep);
    assert_eq!(
        error(&format!("{}{}", "[".repeat(65), "]".repeat(65))),
        JsonError::TooDeep
    );
    assert!(Json::parse(format!("{}{}", "[".repeat(64), "]".repeat(64)).as_bytes()).is_ok());
    assert_eq!(
        error(r#"{"a":1,"\u0061":2}"#),
        JsonError::Duplicate("a".to_owned())
    );
    for bad in [
        "",
        "{",
        "NaN",
        "{\"a\":1e400}",
        "\u{feff}{}",
        r#""\ud800""#,
        "{} {}",
        "{\"a\":1,}",
        "'a'",
    ] {
        let error = error(bad);
        assert!(
            matches!(error, JsonError::Malformed { .. }),
            "{bad}: {error}"
        );
    }
    assert!(matches!(
        Json::parse(b"\"\xff\""),
        Err(JsonError::Malformed { .. })
    ));
}
