//! Field tables: a struct that derives [`Shape`] is decoded from a form or from JSON with **all** its violations
//! collected, encoded to XML or JSON, shown with its secrets masked, and described for documentation, all from the one
//! declaration.
//!
//! ```
//! use claviger_model::name::{EntityPath, UserName};
//! use claviger_model::{Secret, TagKey, TagValue};
//! use claviger_shape::{Form, Limits, Shape};
//!
//! /// A tag of a new user.
//! #[derive(Shape)]
//! pub struct TagInput {
//!     /// The key.
//!     pub key: TagKey,
//!     /// The value.
//!     pub value: TagValue,
//! }
//!
//! /// Creates a user.
//! #[derive(Shape)]
//! pub struct CreateUser {
//!     /// The path; `/` when left out.
//!     pub path: Option<EntityPath>,
//!     /// The name.
//!     pub user_name: UserName,
//!     /// Up to fifty tags.
//!     #[shape(max = 50)]
//!     pub tags: Vec<TagInput>,
//! }
//!
//! let body = b"UserName=alice&Tags.member.1.Key=team&Tags.member.1.Value=blue";
//! let form = Form::parse("", body, Limits::DEFAULT).unwrap();
//! let input: CreateUser = claviger_shape::decode(form.source()).unwrap();
//! assert_eq!(input.user_name.as_str(), "alice");
//! assert_eq!(input.tags.len(), 1);
//! ```
//!
//! # Fields
//!
//! | declared as | absent | wire |
//! | --- | --- | --- |
//! | `T` | violation `NotNull` | a [`Scalar`](claviger_model::Scalar) or a struct that derives [`Shape`] |
//! | `Option<T>` | `None` | left out when `None` |
//! | `Vec<T>` | empty (`NotNull` with `#[shape(required)]`) | `X.member.N`; always written, also when empty |
//! | `Option<Vec<T>>` | `None` | left out when `None`, written when empty |
//! | `BTreeMap<K, T>` | as `Vec<T>` | `X.entry.N.key` and `X.entry.N.value` |
//!
//! The words `Option`, `Vec` and `BTreeMap` are recognised as they are written; a type alias for one of them is not.
//!
//! | attribute of a field | meaning |
//! | --- | --- |
//! | `name = "MFADevices"` | the name on the wire; otherwise `mfa_devices` becomes `MfaDevices` |
//! | `min = 1`, `max = 50` | bounds on the elements of a list or map |
//! | `required` | on a list or map: absent is a violation |
//! | `sparse` | on a list of scalars: the refusal does not name `Member must not be null` |
//! | `flatten` | the members of this struct stand among those of the outer one |
//!
//! On the struct itself, `name = "…"` names it, and `rename_all = "camelCase" | "snake_case"` derives its wire names.
//!
//! Violations are told in the order in which the fields are declared.

extern crate self as claviger_shape;

mod blob;
mod bounds;
mod document;
mod encode;
mod field;
mod form;
mod json;
mod masked;
mod path;
mod render;
mod source;
mod violation;
pub mod wire;
mod xml;

pub use blob::{Blob, SecretBlob};
pub use bounds::check_bounds;
pub use claviger_shape_derive::Shape;
pub use document::Document;
pub use encode::{Encoder, Part, Pieces};
pub use field::{Field, Name, Type};
pub use form::{Form, FormError, Limits};
pub use json::{Json, JsonEncoder, JsonError};
pub use masked::{HIDDEN, MaskedJson};
pub use path::Path;
pub use render::{Dialect, render, render_iam, render_sts};
pub use source::Source;
pub use violation::{Given, Subject, Violation, Violations};
pub use xml::{XmlEncoder, escape_xml};

/// A struct with a field table. Derive it; nobody writes it by hand.
pub trait Shape: Sized {
    /// The name of the struct, or what `#[shape(name = "…")]` says.
    const NAME: &'static str;
    /// The doc comment of the struct.
    const DOC: &'static str;
    /// The fields in the order of their declaration, those of flattened structs in their place.
    const FIELDS: &'static [Field];

    /// Reads the members of the struct from `from`, which stands at `at` in the request.
    ///
    /// Returns `None` exactly when it added a violation.
    fn decode(from: &Source<'_>, at: &Path<'_>, violations: &mut Violations) -> Option<Self>;

    /// Writes the members of the struct, without what encloses them.
    fn encode(&self, to: &mut dyn Encoder);
}

/// Reads a whole request.
///
/// # Errors
/// Every rule that the request breaks.
pub fn decode<T: Shape>(from: Source<'_>) -> Result<T, Violations> {
    let mut violations = Violations::new();
    match T::decode(&from, &Path::ROOT, &mut violations) {
        Some(value) if violations.is_empty() => Ok(value),
        _ => Err(violations),
    }
}
