//! Signing certificates of users and of root.

use claviger_model::{CertificateId, Timestamp};

use super::credential::Status;
use crate::fault::Fault;

/// An X.509 certificate whose holder signs requests of services that ask for one.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SigningCertificate {
    /// What requests call it by.
    pub id: CertificateId,
    /// Whether it is good for use.
    pub status: Status,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// The certificate in PEM, written anew: bounded by what it says.
    pub body: String,
    /// The SHA-256 digest of the certificate itself: no account has one twice.
    pub digest: [u8; 32],
}

/// The signing certificates of one user or of root, in the order in which they were uploaded.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SigningCertificates(Vec<SigningCertificate>);

impl SigningCertificates {
    /// Oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, SigningCertificate> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a certificate. Inactive ones count. That no other user has it is for the caller to see to.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub fn add(&mut self, certificate: SigningCertificate, limit: u64) -> Result<(), Fault> {
        if self.0.len() as u64 >= limit {
            return Err(Fault::quota("CertificatesPerUser", limit));
        }
        self.0.push(certificate);
        Ok(())
    }

    /// Sets a certificate's status.
    ///
    /// # Errors
    /// `NoSuchEntity` if the certificate is not one of these.
    pub fn set_status(&mut self, id: &CertificateId, status: Status) -> Result<(), Fault> {
        let mut certificates = self.0.iter_mut();
        let certificate = certificates.find(|certificate| certificate.id == *id);
        certificate.ok_or_else(|| missing(id))?.status = status;
        Ok(())
    }

    /// Removes a certificate.
    ///
    /// # Errors
    /// `NoSuchEntity` if the certificate is not one of these.
    pub fn remove(&mut self, id: &CertificateId) -> Result<(), Fault> {
        let before = self.0.len();
        self.0.retain(|certificate| certificate.id != *id);
        if self.0.len() == before {
            return Err(missing(id));
        }
        Ok(())
    }
}

fn missing(id: &CertificateId) -> Fault {
    Fault::missing(format!("The Certificate with id {id} cannot be found."))
}

#[cfg(test)]
mod tests {
    use claviger_model::{Code, Scalar};

    use super::*;

    fn certificate(number: u8) -> SigningCertificate {
        SigningCertificate {
            id: CertificateId::parse(&format!("{number:032}")).expect("an id"),
            status: Status::Active,
            uploaded: Timestamp::EPOCH,
            body: String::new(),
            digest: [number; 32],
        }
    }

    #[test]
    fn an_inactive_certificate_counts_and_a_removed_one_does_not() {
        let mut all = SigningCertificates::default();
        all.add(certificate(1), 1).expect("the first");
        all.set_status(&certificate(1).id, Status::Inactive)
            .expect("it is there");
        let fault = all.add(certificate(2), 1).expect_err("too many");
        assert_eq!(fault.code(), Code::LimitExceeded);
        all.remove(&certificate(1).id).expect("it is there");
        all.add(certificate(2), 1).expect("room again");
        assert!(all.set_status(&certificate(1).id, Status::Active).is_err());
        assert!(all.remove(&certificate(1).id).is_err());
    }
}
