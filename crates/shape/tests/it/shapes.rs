//! Shapes that the tests share.

use std::collections::BTreeMap;

use claviger_model::name::{EntityPath, UserName};
use claviger_model::scalar::Bounded;
use claviger_model::scalar::Constraint::{MaxLength, MinLength};
use claviger_model::{Scalar, Secret, TagKey, TagValue, Timestamp, enum_scalar};
use claviger_shape::{Blob, Document, Form, Limits, SecretBlob, Shape, Violations};
use zeroize::Zeroize;

/// A password of 1 to 128 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Password(pub(crate) String);

impl Zeroize for Password {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Scalar for Password {
    const RULES: &'static [claviger_model::Constraint] = &[MaxLength(128), MinLength(1)];

    fn parse(text: &str) -> Result<Self, Vec<claviger_model::Constraint>> {
        claviger_model::scalar::check(text, Self::RULES, |_| true)?;
        Ok(Self(text.to_owned()))
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.0);
    }
}

enum_scalar! {
    /// Whether a thing works.
    Status {
        /// It does.
        Active = "Active",
        /// It does not.
        Inactive = "Inactive"
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Shape)]
pub(crate) struct TagInput {
    /// The key.
    pub(crate) key: TagKey,
    /// The value.
    pub(crate) value: TagValue,
}

/// Creates a user.
///
/// The user can do nothing yet.
#[derive(Debug, Shape)]
pub(crate) struct CreateUser {
    /// The path.
    pub(crate) path: Option<EntityPath>,
    /// The name.
    pub(crate) user_name: UserName,
    /// Up to fifty tags.
    #[shape(max = 50)]
    pub(crate) tags: Vec<TagInput>,
}

/// Takes tags off a policy.
#[derive(Debug, Shape)]
pub(crate) struct UntagPolicy {
    /// The keys.
    #[shape(required, max = 50)]
    pub(crate) tag_keys: Vec<TagKey>,
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Shape)]
pub(crate) struct Paged {
    /// Where the last page ended.
    pub(crate) marker: Option<String>,
    /// How many to a page.
    pub(crate) max_items: Option<Bounded<1, 1000>>,
}

/// No fields at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Shape)]
pub(crate) struct Nothing;

/// No fields either.
#[derive(Debug, Shape)]
pub(crate) struct NothingInBraces {}

/// A structure inside another.
#[derive(Debug, Clone, PartialEq, Eq, Shape)]
#[shape(rename_all = "camelCase")]
pub(crate) struct Inner {
    /// An ARN, in lower case on the wire.
    pub(crate) arn: String,
    /// More of them.
    pub(crate) more_arns: Vec<String>,
}

/// Every kind of field there is.
#[derive(Debug, Clone, Shape)]
pub(crate) struct Everything {
    /// A text.
    pub(crate) text: String,
    /// Perhaps a text.
    pub(crate) maybe: Option<String>,
    /// A secret.
    pub(crate) password: Secret<Password>,
    /// A truth value.
    pub(crate) truth: Option<bool>,
    /// A number.
    pub(crate) number: i32,
    /// An instant.
    pub(crate) at: Option<Timestamp>,
    /// One of few.
    pub(crate) status: Status,
    /// Bytes.
    pub(crate) blob: Blob,
    /// Secret bytes.
    #[shape(name = "Base32StringSeed")]
    pub(crate) seed: Option<SecretBlob>,
    /// A document.
    pub(crate) document: Option<Document>,
    /// Which page.
    #[shape(flatten)]
    pub(crate) paged: Paged,
    /// Texts.
    #[shape(name = "MFACodes")]
    pub(crate) texts: Vec<String>,
    /// Perhaps numbers.
    pub(crate) numbers: Option<Vec<i32>>,
    /// Tags.
    pub(crate) tags: Vec<TagInput>,
    /// A structure.
    pub(crate) inner: Inner,
    /// Perhaps a structure.
    pub(crate) maybe_inner: Option<Inner>,
    /// A map.
    pub(crate) map: BTreeMap<String, i32>,
    /// Perhaps a map of texts.
    pub(crate) maybe_map: Option<BTreeMap<String, String>>,
}

/// Reads a form body.
pub(crate) fn form(body: &[u8]) -> Form<'_> {
    Form::parse("", body, Limits::DEFAULT).unwrap()
}

/// Decodes a form body.
pub(crate) fn decode<T: Shape>(body: &str) -> Result<T, Violations> {
    claviger_shape::decode(form(body.as_bytes()).source())
}

/// What a form body breaks.
pub(crate) fn refused<T: Shape>(body: &str) -> Violations {
    match decode::<T>(body) {
        Ok(_) => panic!("`{body}` should have been refused"),
        Err(violations) => violations,
    }
}

/// The message of AWS IAM to a form body.
pub(crate) fn message<T: Shape>(body: &str) -> String {
    let (code, message) = claviger_shape::render_iam(&refused::<T>(body));
    assert_eq!(code, claviger_model::Code::ValidationError);
    message.unwrap()
}
