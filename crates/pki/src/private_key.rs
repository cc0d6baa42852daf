//! Private keys of certificates: whether one belongs to the certificate that it comes with.
//!
//! That the key names the right public half proves little; it is loaded, so that its private half is checked too.

use der::Decode;
use der::asn1::ObjectIdentifier;
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::PrivateKeyInfoRef;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm,
};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use crate::pem::{self, PemError};
use crate::x509::{Certificate, EC, KeyKind, RSA};

/// Why a private key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// It is not one private key in PEM and nothing else, or it is broken.
    #[error("the text is not a private key in PEM")]
    Malformed,
    /// It is encrypted.
    #[error("the private key is encrypted")]
    Encrypted,
    /// It is of a kind or a size that cannot be checked.
    #[error("private keys of this kind or size are not taken")]
    Unsupported,
    /// It is another certificate's.
    #[error("the private key is not that of the certificate")]
    Mismatch,
}

/// The private half of a key, within the DER that it was read from.
enum Key<'d> {
    /// PKCS#1.
    Rsa(&'d [u8]),
    /// SEC 1, and the curve where that is told outside of it.
    Ec(&'d [u8], Option<ObjectIdentifier>),
}

/// Checks that the text is the certificate's private key in PEM, as PKCS#8, PKCS#1 or SEC 1, and not encrypted. RSA of
/// 2,048 to 4,096 bits and the curves P-256 and P-384 can be checked. The answer is the key in PEM in the same format, in
/// lines of 64 characters and with nothing beside it.
///
/// # Errors
/// What the text is not.
pub fn check(text: &str, certificate: &Certificate) -> Result<Zeroizing<String>, PrivateKeyError> {
    let blocks = pem::read(text, 2).map_err(|error| match error {
        PemError::Headers => PrivateKeyError::Encrypted,
        _ => PrivateKeyError::Malformed,
    })?;
    // OpenSSL writes the name of the curve into a block of its own, before the key that names it too.
    let mut keys = blocks.iter().filter(|block| block.label != "EC PARAMETERS");
    let (Some(block), None) = (keys.next(), keys.next()) else {
        return Err(PrivateKeyError::Malformed);
    };
    let key = match block.label {
        "PRIVATE KEY" => {
            let info = PrivateKeyInfoRef::from_der(&block.bytes)
                .map_err(|_| PrivateKeyError::Malformed)?;
            let inner = info.private_key.as_bytes();
            if info.algorithm.oid == RSA {
                Key::Rsa(inner)
            } else if info.algorithm.oid == EC {
                Key::Ec(inner, info.algorithm.parameters_oid().ok())
            } else {
                return Err(PrivateKeyError::Unsupported);
            }
        }
        "RSA PRIVATE KEY" => Key::Rsa(&block.bytes),
        "EC PRIVATE KEY" => Key::Ec(&block.bytes, None),
        "ENCRYPTED PRIVATE KEY" => return Err(PrivateKeyError::Encrypted),
        _ => return Err(PrivateKeyError::Malformed),
    };
    match key {
        Key::Rsa(der) => check_rsa(der, certificate)?,
        Key::Ec(der, curve) => check_ec(der, curve, certificate)?,
    }
    Ok(Zeroizing::new(pem::write(block.label, &block.bytes)))
}

fn check_rsa(der: &[u8], certificate: &Certificate) -> Result<(), PrivateKeyError> {
    let private = RsaPrivateKeyRef::from_der(der).map_err(|_| PrivateKeyError::Malformed)?;
    let KeyKind::Rsa(bits) = certificate.key_kind() else {
        return Err(PrivateKeyError::Mismatch);
    };
    let public = RsaPublicKeyRef::from_der(certificate.public_key())
        .map_err(|_| PrivateKeyError::Mismatch)?;
    if private.public_key() != public {
        return Err(PrivateKeyError::Mismatch);
    }
    if !(2_048..=4_096).contains(&bits) {
        return Err(PrivateKeyError::Unsupported);
    }
    ring::rsa::KeyPair::from_der(der).map_err(|_| PrivateKeyError::Malformed)?;
    Ok(())
}

fn check_ec(
    der: &[u8],
    curve: Option<ObjectIdentifier>,
    certificate: &Certificate,
) -> Result<(), PrivateKeyError> {
    let private = EcPrivateKey::from_der(der).map_err(|_| PrivateKeyError::Malformed)?;
    let inner = private.parameters.and_then(sec1::EcParameters::named_curve);
    let curve = match (curve, inner) {
        (Some(outer), Some(inner)) if outer != inner => return Err(PrivateKeyError::Malformed),
        (outer, inner) => outer.or(inner).ok_or(PrivateKeyError::Malformed)?,
    };
    let (kind, algorithm): (_, &'static EcdsaSigningAlgorithm) = match KeyKind::of_curve(curve) {
        kind @ KeyKind::P256 => (kind, &ECDSA_P256_SHA256_ASN1_SIGNING),
        kind @ KeyKind::P384 => (kind, &ECDSA_P384_SHA384_ASN1_SIGNING),
        _ => return Err(PrivateKeyError::Unsupported),
    };
    if certificate.key_kind() != kind {
        return Err(PrivateKeyError::Mismatch);
    }
    // The source of chance is for signing, which is not done here: the check has one outcome.
    EcdsaKeyPair::from_private_key_and_public_key(
        algorithm,
        private.private_key,
        certificate.public_key(),
        &SystemRandom::new(),
    )
    .map_err(|_| PrivateKeyError::Mismatch)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! file {
        ($name:literal) => {
            include_str!(concat!("../../../tests/credentials/", $name))
        };
    }

    fn of(text: &str, certificate: &str) -> Result<(), PrivateKeyError> {
        let certificate = Certificate::parse(certificate).expect("a certificate");
        check(text, &certificate).map(|_| ())
    }

    #[test]
    fn a_key_is_written_anew_without_what_fills_its_text_up() {
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        for (key, certificate) in [
            (file!("leaf.key"), file!("leaf.pem")),
            (file!("leaf.pkcs1.key"), file!("leaf.pem")),
            (file!("p256.sec1.key"), file!("p256.pem")),
        ] {
            let certificate = Certificate::parse(certificate).expect("a certificate");
            let ec = key.contains("EC PRIVATE KEY");
            let filled = [
                if ec { parameters } else { "" },
                &key.replace('\n', "  \r\n\n"),
            ]
            .concat();
            let written = check(&filled, &certificate).expect("its key");
            assert_eq!(written.as_str(), key.trim_end());
        }
    }

    #[test]
    fn a_key_is_taken_in_each_of_its_formats() {
        for (key, certificate) in [
            (file!("leaf.key"), file!("leaf.pem")),
            (file!("leaf.pkcs1.key"), file!("leaf.pem")),
            (file!("p256.key"), file!("p256.pem")),
            (file!("p256.sec1.key"), file!("p256.pem")),
            (file!("p384.key"), file!("p384.pem")),
            (file!("p384.sec1.key"), file!("p384.pem")),
        ] {
            assert_eq!(of(key, certificate), Ok(()), "{key}");
        }
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        let with_parameters = [parameters, file!("p256.sec1.key")].concat();
        assert_eq!(of(&with_parameters, file!("p256.pem")), Ok(()));
        assert_eq!(
            of(parameters, file!("p256.pem")),
            Err(PrivateKeyError::Malformed)
        );
    }

    #[test]
    fn a_key_of_another_certificate_is_a_mismatch() {
        for (key, certificate) in [
            (file!("leaf.key"), file!("root.pem")),
            (file!("leaf.key"), file!("p256.pem")),
            (file!("p256.key"), file!("leaf.pem")),
            (file!("p256.key"), file!("p384.pem")),
            (file!("p384.sec1.key"), file!("between.pem")),
        ] {
            assert_eq!(of(key, certificate), Err(PrivateKeyError::Mismatch));
        }
    }

    #[test]
    fn an_encrypted_key_is_told_apart() {
        for key in [file!("leaf.encrypted.key"), file!("leaf.headers.key")] {
            assert_eq!(of(key, file!("leaf.pem")), Err(PrivateKeyError::Encrypted));
        }
    }

    #[test]
    fn a_key_whose_private_half_is_wrong_is_refused() {
        // The last bytes of PKCS#1 are the coefficient: the public half is untouched.
        let blocks = pem::read(file!("leaf.pkcs1.key"), 1).expect("PEM");
        let mut bytes = blocks[0].bytes.to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let broken = pem::write("RSA PRIVATE KEY", &bytes);
        assert_eq!(
            of(&broken, file!("leaf.pem")),
            Err(PrivateKeyError::Malformed)
        );
    }

    #[test]
    fn kinds_that_cannot_be_checked_and_what_is_no_key_are_refused() {
        for (key, certificate, error) in [
            (
                file!("p521.key"),
                file!("p521.pem"),
                PrivateKeyError::Unsupported,
            ),
            (
                file!("ed25519.key"),
                file!("ed25519.pem"),
                PrivateKeyError::Unsupported,
            ),
            (
                file!("small.key"),
                file!("small.pem"),
                PrivateKeyError::Unsupported,
            ),
            (
                file!("leaf.pem"),
                file!("leaf.pem"),
                PrivateKeyError::Malformed,
            ),
            ("", file!("leaf.pem"), PrivateKeyError::Malformed),
            (
                concat!(
                    include_str!("../../../tests/credentials/leaf.key"),
                    include_str!("../../../tests/credentials/leaf.key")
                ),
                file!("leaf.pem"),
                PrivateKeyError::Malformed,
            ),
        ] {
            assert_eq!(of(key, certificate), Err(error));
        }
    }
}
