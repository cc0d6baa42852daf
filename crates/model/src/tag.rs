//! Tags: keys and values on entities and sessions (IAM user guide, "Tags for IAM resources").

use crate::scalar::Constraint::{MaxLength, MinLength, Pattern};
use crate::text;
use crate::text_scalar;

text_scalar! {
    /// The key of a tag: 1 to 128 letters, digits, spaces and `_.:/=+-@`.
    TagKey, [MaxLength(128), MinLength(1), Pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")],
    |text| !text.is_empty() && text::is_tag_text(text)
}
text_scalar! {
    /// The value of a tag: 0 to 256 of the same characters.
    TagValue, [MaxLength(256), Pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")], text::is_tag_text
}

impl TagKey {
    /// The form in which keys are compared on users and roles: without regard to case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.as_str().to_lowercase()
    }

    /// Whether the key lies in the name space that AWS keeps to itself.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.as_str()
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("aws:"))
    }
}

/// A tag as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tag {
    /// The key, in the case it was given in.
    pub key: TagKey,
    /// The value.
    pub value: TagValue,
}
