//! The form parser and all that hangs on a field table: decoding, refusals, encoders, masks.

use std::collections::BTreeMap;

use claviger_model::name::{EntityPath, UserName};
use claviger_model::{Constraint, Secret, TagKey, TagValue, Timestamp, text_scalar};
use claviger_shape::{
    Blob, Form, FormError, Json, JsonEncoder, Limits, MaskedJson, Shape, XmlEncoder, decode,
    render_iam, render_sts,
};
use zeroize::Zeroize;

text_scalar! {
    in Box<str>;
    /// A text with rules that a fuzzer breaks soon, which nobody must see.
    Hidden,
    [
        Constraint::MaxLength(64),
        Constraint::MinLength(1),
        Constraint::Pattern("[ -~]*")
    ],
    |text| text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

impl Zeroize for Hidden {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A tag.
#[derive(Shape)]
pub struct ProbeTag {
    /// Its key.
    pub key: TagKey,
    /// Its value.
    pub value: TagValue,
}

/// One field of each kind.
#[derive(Shape)]
pub struct Probe {
    /// A required name.
    pub user_name: UserName,
    /// An optional path.
    pub path: Option<EntityPath>,
    /// A number.
    pub max_items: Option<i32>,
    /// A truth value.
    pub flag: Option<bool>,
    /// An instant.
    pub since: Option<Timestamp>,
    /// Bytes.
    pub blob: Option<Blob>,
    /// A list of texts.
    #[shape(max = 50)]
    pub tag_keys: Vec<TagKey>,
    /// A list of structs.
    #[shape(max = 50)]
    pub tags: Vec<ProbeTag>,
    /// A map.
    pub map: BTreeMap<String, TagValue>,
    /// What nobody must see.
    pub password: Secret<Hidden>,
}

/// Splits the bytes at the first newline into query and body, and reads them as a request.
pub fn run(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n');
    let (query, body) = match cut {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&data[..0], data),
    };
    let Ok(query) = std::str::from_utf8(query) else {
        return;
    };
    let limits = Limits::DEFAULT;
    let form = match Form::parse(query, body, limits) {
        Ok(form) => form,
        Err(error) => {
            refused_for_a_reason(&error, query, body);
            return;
        }
    };
    assert!(
        form.len() <= limits.parameters,
        "more parameters than the limit"
    );
    let names: Vec<&str> = form.iter().map(|(name, _)| name).collect();
    assert!(
        names.windows(2).all(|pair| pair[0] < pair[1]),
        "a name twice, or out of order"
    );
    for (name, value) in form.iter() {
        assert_eq!(
            form.get(name),
            Some(value),
            "a parameter that iterates but is not found"
        );
    }

    match decode::<Probe>(form.source()) {
        Ok(probe) => encoded_and_read_back(&probe),
        Err(violations) => {
            assert!(!violations.is_empty(), "refused without a violation");
            let password = form.get("Password").unwrap_or_default();
            // A short text may stand in a refusal by chance; in another parameter it may be shown.
            let telling = password.len() >= 12
                && form
                    .iter()
                    .filter(|(_, value)| value.contains(password))
                    .count()
                    == 1
                && !stands_there_anyway(&form, limits, password);
            for (_, message) in [render_iam(&violations), render_sts(&violations)] {
                if telling && message.is_some_and(|text| text.contains(password)) {
                    panic!("a refusal repeats a secret");
                }
            }
        }
    }
}

/// Whether the refusal of the same request with another password has this text too: it is the refusal's own then.
fn stands_there_anyway(form: &Form<'_>, limits: Limits, password: &str) -> bool {
    let escaped = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    let other = "0".repeat(password.len());
    let pairs: Vec<String> = form
        .iter()
        .map(|(name, value)| {
            let value = if name == "Password" { &other } else { value };
            format!("{}={}", escaped(name), escaped(value))
        })
        .collect();
    let encoded = pairs.join("&");
    let Ok(form) = Form::parse(&encoded, &[], limits) else {
        return false;
    };
    let Err(violations) = decode::<Probe>(form.source()) else {
        return false;
    };
    [render_iam(&violations), render_sts(&violations)]
        .iter()
        .any(|(_, message)| message.as_ref().is_some_and(|text| text.contains(password)))
}

fn refused_for_a_reason(error: &FormError, query: &str, body: &[u8]) {
    match error {
        FormError::TooLarge => assert!(query.len() + body.len() > Limits::DEFAULT.bytes, "{error}"),
        FormError::TooManyParameters => {
            let separators = query
                .bytes()
                .chain(body.iter().copied())
                .filter(|byte| *byte == b'&')
                .count();
            assert!(separators + 2 > Limits::DEFAULT.parameters, "{error}");
        }
        FormError::InBoth(_) => assert!(!query.is_empty() && !body.is_empty(), "{error}"),
        FormError::NotUtf8 | FormError::BadEscape => {}
    }
}

fn encoded_and_read_back(probe: &Probe) {
    let mut xml = String::new();
    XmlEncoder::new(&mut xml).element("Probe", probe);
    assert!(
        xml.chars()
            .all(|c| matches!(c, '\t' | '\n' | '\r') || c >= ' '),
        "a character that XML cannot hold"
    );
    let masked = MaskedJson::of(probe);
    let shown = masked.get("password").and_then(serde_json::Value::as_str);
    assert_eq!(
        shown,
        Some(claviger_shape::HIDDEN),
        "a mask that does not hide"
    );

    let mut json = String::new();
    JsonEncoder::new(&mut json).object(probe);
    let json = Json::parse(json.as_bytes()).expect("an encoder writes JSON");
    let Ok(again) = decode::<Probe>(json.source()) else {
        panic!("what was accepted is refused when it is read back");
    };
    assert_eq!(again.user_name.as_str(), probe.user_name.as_str());
    assert_eq!(again.tags.len(), probe.tags.len());
    assert_eq!(again.map.len(), probe.map.len());
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_that_is_a_piece_of_the_refusal_itself_is_no_leak() {
        super::run(b"e=a+b2Fc&Path=nope&MaxItems\nPassword=ue for decimal type&Map.en  ytr   =99999\nUe  U gS=aVeryLon             U gSecretTy.e");
    }
}
