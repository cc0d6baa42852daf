//! How answers are written and what audit sees of a request.

use std::collections::BTreeMap;

use claviger_model::scalar::Bounded;
use claviger_model::{Scalar, Secret, TagKey, TagValue, Timestamp};
use claviger_shape::{Blob, Document, HIDDEN, JsonEncoder, MaskedJson, Shape, XmlEncoder};

use crate::shapes::{Everything, Inner, Nothing, Paged, Password, Status, TagInput};

fn example() -> Everything {
    Everything {
        text: "a<b>&c\r\n".to_owned(),
        maybe: None,
        password: Secret::new(Password("hunter2".to_owned())),
        truth: Some(true),
        number: -42,
        at: Timestamp::parse_extended("2026-01-02T03:04:05.678Z"),
        status: Status::Inactive,
        blob: Blob(vec![0, 1, 254, 255]),
        seed: Some(Secret::new(Blob(b"hunter2".to_vec()))),
        document: Some(Document(
            "{\"Statement\": [{\"Action\": \"iam:*\"}]}".to_owned(),
        )),
        paged: Paged {
            marker: Some("next".to_owned()),
            max_items: Bounded::parse("1000").ok(),
        },
        texts: vec!["one".to_owned(), String::new()],
        numbers: Some(Vec::new()),
        tags: vec![TagInput {
            key: TagKey::parse("team").unwrap(),
            value: TagValue::parse("").unwrap(),
        }],
        inner: Inner {
            arn: "{".to_owned(),
            more_arns: Vec::new(),
        },
        maybe_inner: None,
        map: BTreeMap::from([("one\"".to_owned(), 1), ("two".to_owned(), 2)]),
        maybe_map: None,
    }
}

#[test]
fn xml_is_written_as_the_query_protocol_wants_it() {
    let mut xml = String::new();
    XmlEncoder::new(&mut xml).element("EverythingResult", &example());
    insta::assert_snapshot!(xml.replace("><", ">\n<"), @r##"
    <EverythingResult>
    <Text>a&lt;b&gt;&amp;c&#xD;
    </Text>
    <Password>hunter2</Password>
    <Truth>true</Truth>
    <Number>-42</Number>
    <At>2026-01-02T03:04:05Z</At>
    <Status>Inactive</Status>
    <Blob>AAH+/w==</Blob>
    <Base32StringSeed>aHVudGVyMg==</Base32StringSeed>
    <Document>%7B%22Statement%22%3A%20%5B%7B%22Action%22%3A%20%22iam%3A%2A%22%7D%5D%7D</Document>
    <Marker>next</Marker>
    <MaxItems>1000</MaxItems>
    <MFACodes>
    <member>one</member>
    <member/>
    </MFACodes>
    <Numbers/>
    <Tags>
    <member>
    <Key>team</Key>
    <Value/>
    </member>
    </Tags>
    <Inner>
    <arn>{</arn>
    <moreArns/>
    </Inner>
    <Map>
    <entry>
    <key>one"</key>
    <value>1</value>
    </entry>
    <entry>
    <key>two</key>
    <value>2</value>
    </entry>
    </Map>
    </EverythingResult>
    "##);
}

#[test]
fn json_is_written_as_awss_json_protocol_wants_it() {
    let mut json = String::new();
    JsonEncoder::new(&mut json).object(&example());
    insta::assert_snapshot!(json, @r##"{"Text":"a<b>&c\r\n","Password":"hunter2","Truth":true,"Number":-42,"At":1767323045,"Status":"Inactive","Blob":"AAH+/w==","Base32StringSeed":"aHVudGVyMg==","Document":"{\"Statement\": [{\"Action\": \"iam:*\"}]}","Marker":"next","MaxItems":1000,"MFACodes":["one",""],"Numbers":[],"Tags":[{"Key":"team","Value":""}],"Inner":{"arn":"{","moreArns":[]},"Map":{"one\"":1,"two":2}}"##);
}

#[test]
fn a_result_without_fields_is_an_empty_element_or_object() {
    let mut xml = String::new();
    XmlEncoder::new(&mut xml).element("NothingResult", &Nothing);
    assert_eq!(xml, "<NothingResult/>");
    let mut json = String::new();
    JsonEncoder::new(&mut json).object(&Nothing);
    assert_eq!(json, "{}");
    assert_eq!(MaskedJson::of(&Nothing), serde_json::json!({}));
}

#[test]
fn an_empty_list_is_present_and_empty() {
    #[derive(Shape)]
    struct ListAccountAliasesOutput {
        account_aliases: Vec<String>,
        is_truncated: bool,
    }
    let output = ListAccountAliasesOutput {
        account_aliases: Vec::new(),
        is_truncated: false,
    };
    let mut xml = String::new();
    XmlEncoder::new(&mut xml).element("ListAccountAliasesResult", &output);
    assert_eq!(
        xml,
        "<ListAccountAliasesResult><AccountAliases/><IsTruncated>false</IsTruncated></ListAccountAliasesResult>"
    );
}

#[test]
fn audit_sees_lower_camel_names_and_no_secret() {
    let masked = MaskedJson::of(&example());
    assert_eq!(
        masked,
        serde_json::json!({
            "text": "a<b>&c\r\n",
            "password": HIDDEN,
            "truth": true,
            "number": -42,
            "at": "2026-01-02T03:04:05Z",
            "status": "Inactive",
            "blob": "AAH+/w==",
            "base32StringSeed": HIDDEN,
            "document": "{\"Statement\": [{\"Action\": \"iam:*\"}]}",
            "marker": "next",
            "maxItems": 1000,
            "mFACodes": ["one", ""],
            "tags": [{"key": "team", "value": ""}],
            "inner": {"arn": "{"},
            "map": {"one\"": 1, "two": 2},
        })
    );
    assert!(!masked.to_string().contains("hunter2"));
}

#[test]
fn audit_cuts_long_texts_and_says_so() {
    let mut long = example();
    long.text = "é".repeat(2_049);
    long.document = Some(Document("x".repeat(2_048)));
    let masked = MaskedJson::of(&long);
    let text = masked["text"].as_str().unwrap();
    assert_eq!(
        text,
        format!("{}… [2048 of 2049 characters]", "é".repeat(2_048))
    );
    assert_eq!(masked["document"].as_str().map(str::len), Some(2_048));
}

#[test]
fn secrets_in_lists_and_inside_structures_are_hidden_too() {
    #[derive(Shape)]
    struct Inside {
        codes: Vec<Secret<String>>,
    }
    #[derive(Shape)]
    struct Outside {
        inside: Inside,
        by_name: BTreeMap<String, Secret<String>>,
    }
    let value = Outside {
        inside: Inside {
            codes: vec![Secret::new("hunter2".to_owned())],
        },
        by_name: BTreeMap::from([("a".to_owned(), Secret::new("hunter2".to_owned()))]),
    };
    assert_eq!(
        MaskedJson::of(&value),
        serde_json::json!({"inside": {"codes": [HIDDEN]}, "byName": {"a": HIDDEN}})
    );
}
