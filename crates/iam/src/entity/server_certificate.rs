//! Server certificates: what a server shows to its clients, and the private key that goes with it.

use claviger_model::name::{EntityPath, ServerCertificateName};
use claviger_model::{AccountId, Arn, Timestamp, UniqueId};
use claviger_store::{Entries, Record, Scope, Sealed};

use super::index::SERVER_CERTIFICATES_BY_NAME;
use super::tags::Tags;

/// A server certificate.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ServerCertificate {
    /// The account it belongs to.
    pub account: AccountId,
    /// `ASCA…`.
    pub id: UniqueId,
    /// Unique in the account without regard to case.
    pub name: ServerCertificateName,
    /// Where it lies.
    pub path: EntityPath,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// When it ends to be valid.
    pub expires: Timestamp,
    /// The certificate in PEM.
    pub body: String,
    /// The certificates above it in PEM, the nearest first.
    pub chain: Option<String>,
    /// The private key in PEM, sealed. No operation tells it.
    pub private_key: Sealed,
    /// Its tags.
    pub tags: Tags,
}

/// The field that the private key is sealed as.
pub const PRIVATE_KEY: &str = "private_key";

impl ServerCertificate {
    /// Its resource name.
    #[must_use]
    pub fn arn(&self) -> Arn {
        Arn::server_certificate(self.account, self.path.as_str(), self.name.as_str())
    }
}

impl Record for ServerCertificate {
    const KIND: &'static str = "server_certificate";
    const FORMAT: u32 = 1;

    fn scope(&self) -> Scope {
        Scope::Account(self.account)
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn entries(&self, out: &mut Entries) {
        let key = claviger_model::text::fold(self.name.as_str());
        out.unique(&SERVER_CERTIFICATES_BY_NAME, key.as_bytes());
    }
}
