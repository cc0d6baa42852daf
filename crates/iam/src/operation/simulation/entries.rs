//! The context entries of a simulation: typed texts, as the request brings them.

use std::net::IpAddr;

use claviger_model::scalar::Constraint::{MaxLength, MinLength};
use claviger_model::{Code, enum_scalar, text_scalar};
use claviger_policy::{Context, OwnedValue};
use claviger_shape::Shape;

use crate::fault::Fault;

text_scalar! {
    /// The name of a condition key: 5 to 256 characters.
    ContextKeyName, [MaxLength(256), MinLength(5)], |_| true
}

enum_scalar! {
    /// What the values of a condition key are.
    ContextKeyType {
        /// A text.
        String = "string",
        /// Several texts.
        StringList = "stringList",
        /// A number.
        Numeric = "numeric",
        /// Several numbers.
        NumericList = "numericList",
        /// A truth value.
        Boolean = "boolean",
        /// Several truth values.
        BooleanList = "booleanList",
        /// An address.
        Ip = "ip",
        /// Several addresses.
        IpList = "ipList",
        /// Bytes in base64.
        Binary = "binary",
        /// Several times bytes in base64.
        BinaryList = "binaryList",
        /// An instant.
        Date = "date",
        /// Several instants.
        DateList = "dateList",
    }
}

/// What one condition key stands for.
#[derive(Shape)]
pub struct ContextEntry {
    /// The key, such as `aws:SourceIp`.
    pub context_key_name: Option<ContextKeyName>,
    /// Its values. A key without any is not part of the request.
    pub context_key_values: Vec<String>,
    /// What the values are; texts when left out.
    pub context_key_type: Option<ContextKeyType>,
}

impl ContextKeyType {
    const fn is_list(self) -> bool {
        matches!(
            self,
            Self::StringList
                | Self::NumericList
                | Self::BooleanList
                | Self::IpList
                | Self::BinaryList
                | Self::DateList
        )
    }

    /// The value as enforcement would know it, or `None` for a text that is no such value.
    fn read(self, text: &str) -> Option<OwnedValue> {
        match self {
            Self::Boolean | Self::BooleanList => match text.to_ascii_lowercase().as_str() {
                "true" => Some(OwnedValue::Bool(true)),
                "false" => Some(OwnedValue::Bool(false)),
                _ => None,
            },
            Self::Ip | Self::IpList => text.parse::<IpAddr>().ok().map(OwnedValue::Ip),
            // A number stays as it is written: text operators may look at it too.
            Self::Numeric | Self::NumericList => is_number(text).then(|| OwnedValue::from(text)),
            Self::String
            | Self::StringList
            | Self::Binary
            | Self::BinaryList
            | Self::Date
            | Self::DateList => Some(OwnedValue::from(text)),
        }
    }
}

/// A decimal number, with or without sign, fraction and exponent.
fn is_number(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

impl ContextEntry {
    /// Puts the entry in place of what the context knows under the key.
    pub(super) fn put(&self, context: &mut Context) -> Result<(), Fault> {
        let Some(name) = &self.context_key_name else {
            return Err(Fault::new(
                Code::InvalidInput,
                "A context entry must name its key.",
            ));
        };
        let kind = self.context_key_type.unwrap_or(ContextKeyType::String);
        let mut values = Vec::with_capacity(self.context_key_values.len());
        for text in &self.context_key_values {
            values.push(kind.read(text).ok_or_else(|| {
                Fault::new(
                    Code::InvalidInput,
                    format!(
                        "A value of context key {name} is no value of type {}.",
                        kind.as_str()
                    ),
                )
            })?);
        }
        if !kind.is_list() && values.len() == 1 {
            values.into_iter().for_each(|value| {
                context.insert(name.as_str(), value);
            });
        } else {
            context.insert_list(name.as_str(), values);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar;
    use claviger_policy::{Facts, Found, Value};

    use super::*;

    fn put(kind: ContextKeyType, values: &[&str]) -> Result<Context, Fault> {
        let mut context = Context::new();
        context.insert("aws:Thing", "before");
        ContextEntry {
            context_key_name: Some(ContextKeyName::parse("AWS:thing").expect("a key")),
            context_key_values: values.iter().map(|value| (*value).to_owned()).collect(),
            context_key_type: Some(kind),
        }
        .put(&mut context)?;
        Ok(context)
    }

    #[test]
    fn an_entry_replaces_what_is_known_of_the_caller_in_any_case() {
        let context = put(ContextKeyType::String, &["after"]).expect("accepted");
        assert!(matches!(
            context.find("aws:thing"),
            Found::One(Value::Text("after"))
        ));
    }

    #[test]
    fn an_entry_without_values_takes_the_key_away() {
        let context = put(ContextKeyType::String, &[]).expect("accepted");
        assert!(context.find("aws:thing").is_absent());
    }

    #[test]
    fn a_list_of_one_stays_a_list() {
        let context = put(ContextKeyType::StringList, &["one"]).expect("accepted");
        assert!(matches!(context.find("aws:thing"), Found::Many(_)));
    }

    #[test]
    fn values_must_be_of_their_type() {
        for (kind, good, bad) in [
            (ContextKeyType::Numeric, "10.5", "ten"),
            (ContextKeyType::NumericList, "-3", "nan"),
            (ContextKeyType::Boolean, "True", "yes"),
            (ContextKeyType::Ip, "2001:db8::1", "203.0.113.0/24"),
        ] {
            assert!(put(kind, &[good]).is_ok(), "{good}");
            let fault = put(kind, &[bad]).expect_err("refused");
            assert_eq!(fault.code(), Code::InvalidInput, "{bad}");
        }
    }
}
