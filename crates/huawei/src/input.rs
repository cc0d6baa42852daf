//! Reading a JSON body: members by name, each of its type. What is not known is passed over, as these clients expect, and
//! a member that is null is as one that is not there.

use claviger_model::Scalar;
use claviger_shape::Json;
use serde_json::Value;
use serde_json::map::Map;

use crate::error::Error;

/// Bodies larger than this are refused (API reference, "Error Codes", `IAM.1101`).
const MAX_BYTES: usize = 32 << 10;

/// A body.
pub(crate) struct Input(Json);

/// What the refusals of an object's members are called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codes {
    /// A member is missing that must be there.
    pub(crate) missing: &'static str,
    /// A member is of another type than it must be.
    pub(crate) mistyped: &'static str,
    /// A member's value is none that it can have.
    pub(crate) wrong: &'static str,
}

impl Codes {
    /// Where the references name none of their own.
    pub(crate) const COMMON: Self = Self {
        missing: "IAM.0011",
        mistyped: "IAM.0011",
        wrong: "IAM.0007",
    };
    /// Users'.
    pub(crate) const USER: Self = Self {
        missing: "1100",
        mistyped: "IAM.0011",
        wrong: "IAM.0007",
    };
    /// The security settings of an account.
    #[cfg_attr(not(test), expect(dead_code, reason = "their calls follow"))]
    pub(crate) const SETTINGS: Self = Self {
        missing: "IAM.0072",
        mistyped: "IAM.0073",
        wrong: "IAM.0073",
    };
}

impl Input {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 where it is empty, too large, or no JSON object.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let input = Self::parse(body)?;
        if !input.0.value().is_object() {
            return Err(Error::bad("IAM.0011", "The body must be a JSON object."));
        }
        Ok(input)
    }

    fn parse(body: &[u8]) -> Result<Self, Error> {
        if body.is_empty() || body.len() > MAX_BYTES {
            return Err(Error::bad(
                "IAM.1101",
                format!("The request body is empty or larger than {MAX_BYTES} bytes."),
            ));
        }
        Json::parse(body)
            .map(Self)
            .map_err(|error| Error::bad("IAM.0011", format!("The body is refused: {error}.")))
    }

    /// Reads a body that is a list.
    ///
    /// # Errors
    /// 400 where it is empty, too large, or no JSON list.
    pub(crate) fn read_list(body: &[u8]) -> Result<Self, Error> {
        let input = Self::parse(body)?;
        if !input.0.value().is_array() {
            return Err(Error::bad("IAM.0011", "The body must be a JSON list."));
        }
        Ok(input)
    }

    /// The elements of a body that is a list.
    pub(crate) fn elements(&self) -> &[Value] {
        self.0.value().as_array().map_or(&[], Vec::as_slice)
    }

    /// The members of the body itself.
    pub(crate) fn members(&self, codes: Codes) -> Members<'_> {
        Members {
            object: self.0.value().as_object(),
            codes,
        }
    }

    /// The members of the object that the body wraps under this name.
    ///
    /// # Errors
    /// 400 where there is none.
    pub(crate) fn within(&self, name: &str, codes: Codes) -> Result<Members<'_>, Error> {
        self.members(codes)
            .object(name)?
            .ok_or_else(|| missing(codes, name))
    }
}

/// The members of an object.
#[derive(Clone, Copy)]
pub(crate) struct Members<'a> {
    object: Option<&'a Map<String, Value>>,
    codes: Codes,
}

impl<'a> Members<'a> {
    /// A member, unless it is null.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.object?.get(name).filter(|value| !value.is_null())
    }

    /// Whether a member is there, whatever it is.
    #[cfg(test)]
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn typed<T>(
        &self,
        name: &str,
        what: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.get(name)
            .map(|value| {
                read(value).ok_or_else(|| {
                    Error::bad(self.codes.mistyped, format!("{name} must be {what}."))
                })
            })
            .transpose()
    }

    /// An object.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Members<'a>>, Error> {
        let object = self.typed(name, "an object", Value::as_object)?;
        Ok(object.map(|object| Members {
            object: Some(object),
            codes: self.codes,
        }))
    }

    /// A list.
    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a [Value]>, Error> {
        self.typed(name, "a list", |value| value.as_array().map(Vec::as_slice))
    }

    /// Whether a member is this text.
    pub(crate) fn is_text(&self, name: &str, text: &str) -> bool {
        self.get(name).and_then(Value::as_str) == Some(text)
    }

    /// A list of objects that must be there.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Members<'a>>, Error> {
        let mistyped = || {
            Error::bad(
                self.codes.mistyped,
                format!("{name} must be a list of objects."),
            )
        };
        let list = self.list(name)?.ok_or_else(|| missing(self.codes, name))?;
        list.iter()
            .map(|value| {
                value
                    .as_object()
                    .ok_or_else(mistyped)
                    .map(|object| Members {
                        object: Some(object),
                        codes: self.codes,
                    })
            })
            .collect()
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        self.typed(name, "a string", Value::as_str)
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, name: &str) -> Result<&'a str, Error> {
        self.text(name)?.ok_or_else(|| missing(self.codes, name))
    }

    /// A truth value.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.typed(name, "true or false", Value::as_bool)
    }

    /// A truth value that must be there.
    pub(crate) fn required_flag(&self, name: &str) -> Result<bool, Error> {
        self.flag(name)?.ok_or_else(|| missing(self.codes, name))
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Error> {
        self.typed(name, "a whole number", Value::as_i64)
    }

    /// A text that stands for a value with rules of its own.
    pub(crate) fn scalar<T: Scalar>(&self, name: &str) -> Result<Option<T>, Error> {
        self.scalar_or(name, self.codes.wrong)
    }

    /// The same, where its refusal has a code of its own. What the text is stays unsaid: it may be a secret.
    pub(crate) fn scalar_or<T: Scalar>(
        &self,
        name: &str,
        code: &'static str,
    ) -> Result<Option<T>, Error> {
        let wrong = |_| Error::bad(code, format!("The value of {name} is invalid."));
        self.text(name)?
            .map(|text| T::parse(text).map_err(wrong))
            .transpose()
    }

    /// A text with rules of its own that must be there.
    pub(crate) fn required<T: Scalar>(&self, name: &str) -> Result<T, Error> {
        self.required_or(name, self.codes.wrong)
    }

    /// The same, where its refusal has a code of its own.
    pub(crate) fn required_or<T: Scalar>(
        &self,
        name: &str,
        code: &'static str,
    ) -> Result<T, Error> {
        self.scalar_or(name, code)?
            .ok_or_else(|| missing(self.codes, name))
    }
}

fn missing(codes: Codes, name: &str) -> Error {
    Error::bad(codes.missing, format!("{name} is required."))
}

#[cfg(test)]
mod tests {
    use claviger_model::name::UserName;

    use super::*;

    fn code<T>(result: Result<T, Error>) -> Option<&'static str> {
        result.err().map(|error| error.code())
    }

    #[test]
    fn members_are_of_their_types_and_null_is_none() {
        let input = Input::read(
            br#"{"user":{"name":"alice","enabled":true,"age":3,"none":null,"odd":{}}}"#,
        );
        let input = input.expect("an object");
        let user = input.within("user", Codes::USER).expect("a user");
        assert_eq!(user.required_text("name").ok(), Some("alice"));
        assert_eq!(user.flag("enabled").ok(), Some(Some(true)));
        assert_eq!(user.number("age").ok(), Some(Some(3)));
        assert_eq!(user.text("none").ok(), Some(None));
        assert!(!user.has("none"));
        for mistyped in ["enabled", "age", "odd"] {
            assert_eq!(code(user.text(mistyped)), Some("IAM.0011"), "{mistyped}");
        }
        assert_eq!(code(user.flag("name")), Some("IAM.0011"));
        assert_eq!(code(user.number("enabled")), Some("IAM.0011"));
        assert_eq!(code(user.required_text("none")), Some("1100"));
        assert_eq!(code(user.required_flag("absent")), Some("1100"));
        assert_eq!(code(user.object("name")), Some("IAM.0011"));
        assert_eq!(code(user.list("name")), Some("IAM.0011"));
        assert_eq!(
            code(input.within("group", Codes::SETTINGS)),
            Some("IAM.0072")
        );
        assert_eq!(
            code(
                input
                    .within("user", Codes::SETTINGS)
                    .and_then(|user| user.flag("age"))
            ),
            Some("IAM.0073")
        );
    }

    #[test]
    fn a_refusal_does_not_repeat_the_value() {
        let input = Input::read(br#"{"name":"planted secret"}"#).expect("an object");
        let refused = input
            .members(Codes::COMMON)
            .required_or::<UserName>("name", "1101");
        let error = refused.expect_err("no name");
        assert_eq!(error.code(), "1101");
        assert!(!format!("{error:?}").contains("planted"));
    }

    #[test]
    fn what_is_no_object_of_a_bearable_size_is_refused() {
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_BYTES));
        let deep = format!(r#"{{"a":{}}}"#, "[".repeat(100));
        for (body, expected) in [
            ("", "IAM.1101"),
            (large.as_str(), "IAM.1101"),
            ("[]", "IAM.0011"),
            ("null", "IAM.0011"),
            ("{", "IAM.0011"),
            (r#"{"a":1,"a":2}"#, "IAM.0011"),
            (deep.as_str(), "IAM.0011"),
            ("{\"a\":\"\u{0}\"}", "IAM.0011"),
        ] {
            assert_eq!(
                code(Input::read(body.as_bytes())),
                Some(expected),
                "{body:.20}"
            );
        }
    }
}
