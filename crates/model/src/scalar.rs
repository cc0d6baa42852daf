//! How a single value is parsed and what is said when it is refused.

/// A rule that a single value must satisfy.
///
/// The rule is data: each front door renders it in its own words (for AWS: `Member must have length less than or equal
/// to 64`, AWS IAM API reference, "Common Errors", `ValidationError`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// A required value is missing.
    NotNull,
    /// Fewer Unicode scalar values than this (or, for lists, fewer elements).
    MinLength(u32),
    /// More Unicode scalar values than this (or, for lists, more elements).
    MaxLength(u32),
    /// A number below this.
    MinValue(i64),
    /// A number above this.
    MaxValue(i64),
    /// The text does not match this pattern, written as AWS's service model writes it.
    Pattern(&'static str),
    /// The text is none of these.
    Enum(&'static [&'static str]),
    /// The text breaks a rule that AWS words as a whole sentence, which follows
    /// `The specified value for <field> is invalid. `.
    Sentence(&'static str),
    /// The text is no number, truth value, instant or base64 at all.
    Malformed(Expected),
}

/// What a text should have been when it could not be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A signed 32-bit decimal number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An ISO 8601 instant in UTC.
    Timestamp,
    /// Base64.
    Blob,
    /// A text (JSON only: a form holds nothing but texts).
    Text,
    /// A list.
    List,
    /// A map.
    Map,
    /// A structure.
    Structure,
}

/// What a value is to formats that tell numbers from texts, and to those who describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A signed whole number.
    Integer,
    /// A truth value.
    Boolean,
    /// An instant in UTC: ISO 8601 in XML, seconds since the epoch in AWS's JSON.
    Instant,
    /// Bytes, in base64 on the wire.
    Blob,
    /// A policy document: plain text in requests and audit, percent-encoded in the answers of AWS IAM.
    Document,
}

/// A value that is written as one text: a name, a path, an identifier, a number.
pub trait Scalar: Sized {
    /// Every rule that [`Scalar::parse`] applies, in the order in which violations are named.
    const RULES: &'static [Constraint];

    /// Whether the text must never be printed, logged, or echoed in a violation.
    const SECRET: bool = false;

    /// What the text stands for.
    const KIND: Kind = Kind::Text;

    /// Reads the text.
    ///
    /// # Errors
    /// All rules that the text breaks, each of them one of [`Scalar::RULES`] (or [`Constraint::Malformed`]).
    fn parse(text: &str) -> Result<Self, Vec<Constraint>>;

    /// Writes the value as it stands on the wire.
    fn write(&self, to: &mut dyn FnMut(&str));
}

/// Checks a text against length and pattern rules; `matches` answers for the one pattern or sentence among `rules`.
///
/// # Errors
/// The rules that the text breaks, in the order of `rules`.
pub fn check(
    text: &str,
    rules: &'static [Constraint],
    matches: impl Fn(&str) -> bool,
) -> Result<(), Vec<Constraint>> {
    // Length is counted in Unicode scalar values, not bytes (recorded from AWS, 2026).
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let broken: Vec<Constraint> = rules
        .iter()
        .copied()
        .filter(|rule| match rule {
            Constraint::MinLength(least) => length < *least,
            Constraint::MaxLength(most) => length > *most,
            // A text that is empty or too long is told so; its characters are looked at only within bounds.
            Constraint::Pattern(_) | Constraint::Sentence(_) => !matches(text),
            Constraint::Enum(values) => !values.contains(&text),
            Constraint::NotNull
            | Constraint::MinValue(_)
            | Constraint::MaxValue(_)
            | Constraint::Malformed(_) => false,
        })
        .collect();
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken)
    }
}

/// Declares a newtype over text with its rules. Cloning one is cheap: names and resource names travel with every request.
///
/// `text_scalar! { /// docs  Name, [rules], |text| predicate }`
///
/// A secret must be wiped when it is dropped, so it cannot be shared: its declaration begins with `in Box<str>;`.
#[macro_export]
macro_rules! text_scalar {
    ($(#[$meta:meta])* $name:ident, [$($rule:expr),* $(,)?], $matches:expr) => {
        $crate::text_scalar! { in std::sync::Arc<str>; $(#[$meta])* $name, [$($rule),*], $matches }
    };
    (in $text:ty; $(#[$meta:meta])* $name:ident, [$($rule:expr),* $(,)?], $matches:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($text);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::scalar::Scalar for $name {
            const RULES: &'static [$crate::scalar::Constraint] = &[$($rule),*];

            fn parse(text: &str) -> Result<Self, Vec<$crate::scalar::Constraint>> {
                $crate::scalar::check(text, Self::RULES, $matches)?;
                Ok(Self(text.into()))
            }

            fn write(&self, to: &mut dyn FnMut(&str)) {
                to(&self.0);
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for $text {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            // COMPAT: a stored text is taken as it is: a rule that is later made stricter must not make a record
            // unreadable. Input from outside comes through `Scalar::parse` alone.
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <Box<str> as serde::Deserialize>::deserialize(from).map(|text| Self(text.into()))
            }
        }
    };
}

/// Declares an enumeration whose variants are texts on the wire.
///
/// `enum_scalar! { /// docs  Name { /// docs Variant = "text", … } }`
#[macro_export]
macro_rules! enum_scalar {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// The text on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl $crate::scalar::Scalar for $name {
            const RULES: &'static [$crate::scalar::Constraint] =
                &[$crate::scalar::Constraint::Enum(&[$($text),+])];

            fn parse(text: &str) -> Result<Self, Vec<$crate::scalar::Constraint>> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(Self::RULES.to_vec()),
                }
            }

            fn write(&self, to: &mut dyn FnMut(&str)) {
                to(self.as_str());
            }
        }
    };
}

/// Writes a short value, such as a number or an instant, without allocating.
pub(crate) fn write_short(value: impl std::fmt::Display, to: &mut dyn FnMut(&str)) {
    use std::io::Write;

    let mut buffer = [0u8; 32];
    let mut rest = buffer.as_mut_slice();
    let written = write!(rest, "{value}");
    let left = rest.len();
    let text = buffer
        .get(..buffer.len() - left)
        .and_then(|text| std::str::from_utf8(text).ok());
    match (written, text) {
        (Ok(()), Some(text)) => to(text),
        _ => to(&value.to_string()),
    }
}

impl Scalar for String {
    const RULES: &'static [Constraint] = &[];

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        Ok(text.to_owned())
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(self);
    }
}

impl Scalar for bool {
    const RULES: &'static [Constraint] = &[];
    const KIND: Kind = Kind::Boolean;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(vec![Constraint::Malformed(Expected::Boolean)]),
        }
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(if *self { "true" } else { "false" });
    }
}

impl Scalar for i32 {
    const RULES: &'static [Constraint] = &[];
    const KIND: Kind = Kind::Integer;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        text.parse()
            .map_err(|_| vec![Constraint::Malformed(Expected::Integer)])
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        write_short(self, to);
    }
}

/// A whole number from `MIN` to `MAX`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounded<const MIN: i32, const MAX: i32>(i32);

impl<const MIN: i32, const MAX: i32> Bounded<MIN, MAX> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl<const MIN: i32, const MAX: i32> Scalar for Bounded<MIN, MAX> {
    const RULES: &'static [Constraint] = &[
        Constraint::MaxValue(MAX as i64),
        Constraint::MinValue(MIN as i64),
    ];
    const KIND: Kind = Kind::Integer;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        let number = i32::parse(text)?;
        if number > MAX {
            return Err(vec![Constraint::MaxValue(i64::from(MAX))]);
        }
        if number < MIN {
            return Err(vec![Constraint::MinValue(i64::from(MIN))]);
        }
        Ok(Self(number))
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        write_short(self.0, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_names_the_bound_that_it_breaks() {
        type MinimumPasswordLength = Bounded<6, 128>;
        assert_eq!(
            MinimumPasswordLength::parse("129"),
            Err(vec![Constraint::MaxValue(128)])
        );
        assert_eq!(
            MinimumPasswordLength::parse("5"),
            Err(vec![Constraint::MinValue(6)])
        );
        assert_eq!(
            MinimumPasswordLength::parse("six"),
            Err(vec![Constraint::Malformed(Expected::Integer)])
        );
        assert_eq!(MinimumPasswordLength::parse("6").map(Bounded::get), Ok(6));
    }
}
