//! A policy document: the text as it was sent, and what it compiles to, compiled once.

use std::sync::{Arc, LazyLock, OnceLock};

use claviger_policy::Policy;

/// A stored policy document. The text is kept byte for byte; the compiled form is made on first use and shared by all
/// who hold the record.
#[derive(Clone)]
pub struct Document {
    text: Arc<str>,
    compiled: OnceLock<Arc<Policy>>,
}

/// What stands in for a document that cannot be compiled: it denies everything. Documents are validated before they
/// are stored, so this answers for a store that was tampered with or written by a later version.
static UNREADABLE: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::deny_everything()));

impl Document {
    /// Takes a document that was validated.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The text, as it was sent.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the text means.
    pub fn policy(&self) -> &Arc<Policy> {
        self.compiled.get_or_init(|| {
            Policy::compile(&self.text).map_or_else(
                |error| {
                    // SECURITY: what cannot be understood must not weaken a Deny.
                    tracing::error!(%error, "a stored policy document cannot be read; it denies everything");
                    UNREADABLE.clone()
                },
                Arc::new,
            )
        })
    }

    /// The size that quotas speak of: characters without white space.
    #[must_use]
    pub fn counted_size(&self) -> u64 {
        claviger_policy::counted_size(&self.text) as u64
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(&self.text).finish()
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl serde::Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Document {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <Box<str> as serde::Deserialize>::deserialize(from).map(Self::new)
    }
}
