//! Making a key and a certificate that it has signed itself.

use std::time::Duration;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};
use zeroize::{Zeroize, Zeroizing};

/// The last second that a certificate can name (RFC 5280, 4.1.2.5).
const END_OF_TIME: u64 = 253_402_300_799;

/// A certificate with the private key that has signed it.
pub struct SelfSigned {
    /// The certificate in PEM.
    pub certificate: String,
    /// The key in PEM, as PKCS#8.
    pub private_key: Zeroizing<String>,
}

/// Why none was made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be made: {0}")]
pub struct SelfSignedError(#[from] rcgen::Error);

/// Makes a key on the curve P-256 and a certificate for it, by which signatures can be checked and nothing else: of this
/// name, good from one second to another, both of them included, since the beginning of 1970.
///
/// # Errors
/// Where the source of chance fails.
pub fn make(name: &str, begin: u64, end: u64) -> Result<SelfSigned, SelfSignedError> {
    let at = |second: u64| date_time_ymd(1970, 1, 1) + Duration::from_secs(second.min(END_OF_TIME));
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    let mut asked = CertificateParams::default();
    asked.distinguished_name = subject;
    asked.not_before = at(begin);
    asked.not_after = at(end);
    asked.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let mut key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let signed = asked.self_signed(&key);
    let private_key = Zeroizing::new(key.serialize_pem());
    key.zeroize();
    Ok(SelfSigned {
        certificate: signed?.pem(),
        private_key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Certificate, KeyKind, private_key};

    #[test]
    fn the_certificate_is_good_for_as_long_as_asked_and_its_key_belongs_to_it() {
        let made = make("alice", 1_767_323_045, 1_798_859_045).expect("made");
        let certificate = Certificate::parse(&made.certificate).expect("a certificate");
        assert_eq!(certificate.validity(), (1_767_323_045, 1_798_859_045));
        assert_eq!(certificate.key_kind(), KeyKind::P256);
        assert!(private_key::check(&made.private_key, &certificate).is_ok());
        let other = make("alice", 1_767_323_045, 1_798_859_045).expect("made");
        assert!(private_key::check(&other.private_key, &certificate).is_err());
        assert_ne!(
            certificate.digest(),
            Certificate::parse(&other.certificate)
                .expect("a certificate")
                .digest()
        );
    }

    #[test]
    fn no_date_is_too_far_away() {
        let made = make("alice", 0, u64::MAX).expect("made");
        let certificate = Certificate::parse(&made.certificate).expect("a certificate");
        assert_eq!(certificate.validity(), (0, 253_402_300_799));
    }
}
