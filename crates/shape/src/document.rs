//! Policy documents.

use claviger_model::scalar::{Constraint, Kind, Scalar};

/// The text of a policy document in an answer. It is kept as it is; AWS IAM's XML percent-encodes it (RFC 3986; IAM API
/// reference, `GetPolicyVersion`), every other format shows it plain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document(pub String);

impl From<String> for Document {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl AsRef<str> for Document {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Scalar for Document {
    const RULES: &'static [Constraint] = &[];
    const KIND: Kind = Kind::Document;

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        Ok(Self(text.to_owned()))
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.0);
    }
}
