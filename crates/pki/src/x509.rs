//! X.509 certificates (RFC 5280): reading one, and who signed whom.

use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_cert::TbsCertificate;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use crate::pem;

/// The label of a certificate.
const CERTIFICATE: &str = "CERTIFICATE";

pub(crate) const RSA: ObjectIdentifier = pkcs1::ALGORITHM_OID;
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// Why a text is not taken for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is not one certificate in PEM and nothing else.
    #[error("the text is not a certificate in PEM")]
    NotPem,
    /// What stands in it is no certificate.
    #[error("the certificate cannot be read")]
    Malformed,
}

/// Why a chain is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// It is not certificates in PEM and nothing else, or there are too many.
    #[error("the text is not a chain of certificates in PEM")]
    Unreadable,
    /// This certificate did not sign the one before it.
    #[error("certificate {0} of the chain did not sign the one before it")]
    Broken(usize),
}

/// The kind of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, with a modulus of so many bits.
    Rsa(usize),
    /// On the curve P-256.
    P256,
    /// On the curve P-384.
    P384,
    /// Ed25519.
    Ed25519,
    /// Any other.
    Other,
}

impl KeyKind {
    pub(crate) fn of_curve(curve: ObjectIdentifier) -> Self {
        match curve {
            P256 => Self::P256,
            P384 => Self::P384,
            _ => Self::Other,
        }
    }
}

/// A certificate.
pub struct Certificate {
    der: Vec<u8>,
    /// How much of `der` lies before what is signed, and how long that is.
    signed: (usize, usize),
    content: TbsCertificate,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate in PEM.
    ///
    /// # Errors
    /// What the text is not.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        let blocks = pem::read(text, 1).map_err(|_| CertificateError::NotPem)?;
        let [block] = blocks.as_slice() else {
            return Err(CertificateError::NotPem);
        };
        if block.label != CERTIFICATE {
            return Err(CertificateError::NotPem);
        }
        Self::of_der(&block.bytes).map_err(|_| CertificateError::Malformed)
    }

    fn of_der(bytes: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(bytes)?;
        let (signed, algorithm, signature) = reader.sequence(|inner| -> der::Result<_> {
            // What was signed is kept as it came: written anew, it might be other bytes.
            let start = usize::try_from(inner.position())?;
            let signed = inner.tlv_bytes()?;
            let algorithm: AlgorithmIdentifierOwned = inner.decode()?;
            let signature: BitStringRef<'_> = inner.decode()?;
            let signature = signature
                .as_bytes()
                .ok_or_else(|| der::Tag::BitString.value_error())?;
            Ok(((start, signed.len()), algorithm, signature.to_vec()))
        })?;
        let content = TbsCertificate::from_der(part(bytes, signed))?;
        reader.finish()?;
        // The algorithm stands twice, and only once below the signature (RFC 5280, 4.1.1.2).
        if *content.signature() != algorithm {
            return Err(der::Tag::Sequence.value_error().into());
        }
        Ok(Self {
            der: bytes.to_vec(),
            signed,
            content,
            algorithm,
            signature,
        })
    }

    /// The certificate in PEM as it is written shortly: the very bytes that were read, in lines of 64 characters, without
    /// the white space that a text may have been filled up with.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::write(CERTIFICATE, &self.der)
    }

    /// The SHA-256 digest of the whole certificate: two texts are one certificate where this is one.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// When it begins and when it ends to be valid, in seconds since 1970.
    #[must_use]
    pub fn validity(&self) -> (i64, i64) {
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let validity = self.content.validity();
        (seconds(validity.not_before), seconds(validity.not_after))
    }

    /// The kind of the key that it is about.
    #[must_use]
    pub fn key_kind(&self) -> KeyKind {
        let key = self.content.subject_public_key_info();
        let of = key.algorithm.oid;
        if of == RSA {
            let parsed = pkcs1::RsaPublicKeyRef::from_der(self.public_key());
            return parsed.map_or(KeyKind::Other, |key| {
                KeyKind::Rsa(bits(key.modulus.as_bytes()))
            });
        }
        if of == ED {
            return KeyKind::Ed25519;
        }
        let parameters = key.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        match curve {
            Some(curve) if of == EC => KeyKind::of_curve(curve),
            _ => KeyKind::Other,
        }
    }

    /// The key that it is about, as its algorithm writes keys.
    pub(crate) fn public_key(&self) -> &[u8] {
        let key = self.content.subject_public_key_info();
        key.subject_public_key.as_bytes().unwrap_or_default()
    }

    /// Whether it says itself that its holder may sign certificates: it is of an authority (`CA:TRUE`), and its key usage
    /// is there and has `keyCertSign`, as every authority's must (RFC 5280, 4.2.1.3 and 4.2.1.9).
    #[must_use]
    pub fn states_authority(&self) -> bool {
        self.is_authority() && matches!(self.content.get_extension::<KeyUsage>(), Ok(Some(_)))
    }

    /// Whether its holder may sign certificates. Where nothing is said of the key's usage, it may be used for everything.
    fn is_authority(&self) -> bool {
        let constraints = self.content.get_extension::<BasicConstraints>();
        let usage = self.content.get_extension::<KeyUsage>();
        self.content.version() == Version::V3
            && matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
            && match usage {
                Ok(Some((_, usage))) => usage.key_cert_sign(),
                Ok(None) => true,
                Err(_) => false,
            }
    }

    /// Whether `issuer` signed it, and may sign.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        if self.content.issuer() != issuer.content.subject() || !issuer.is_authority() {
            return false;
        }
        let Some(algorithm) = verifier(self.algorithm.oid, issuer.key_kind()) else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, issuer.public_key())
            .verify(part(&self.der, self.signed), &self.signature)
            .is_ok()
    }

    /// Reads the certificates above this one, checks that each signed the one before it, and writes them as
    /// [`to_pem`](Self::to_pem) does, a line apart. At most `most` are read.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check_chain(&self, text: &str, most: usize) -> Result<String, ChainError> {
        let blocks = pem::read(text, most).map_err(|_| ChainError::Unreadable)?;
        if blocks.is_empty() {
            return Err(ChainError::Unreadable);
        }
        let mut above: Option<Self> = None;
        let mut written = Vec::with_capacity(blocks.len());
        for (place, block) in blocks.iter().enumerate() {
            if block.label != CERTIFICATE {
                return Err(ChainError::Unreadable);
            }
            let issuer = Self::of_der(&block.bytes).map_err(|_| ChainError::Unreadable)?;
            let signed = above.as_ref().unwrap_or(self);
            if !signed.is_signed_by(&issuer) {
                return Err(ChainError::Broken(place));
            }
            written.push(issuer.to_pem());
            above = Some(issuer);
        }
        Ok(written.join("\n"))
    }
}

fn part(bytes: &[u8], (start, length): (usize, usize)) -> &[u8] {
    bytes.get(start..start + length).unwrap_or_default()
}

pub(crate) fn bits(modulus: &[u8]) -> usize {
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
    (modulus.len() * 8).saturating_sub(unused as usize)
}

/// What checks signatures of this algorithm by keys of this kind. SHA-1 is not among them: it can be forged.
fn verifier(
    algorithm: ObjectIdentifier,
    key: KeyKind,
) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (algorithm, key) {
        (RSA_SHA256, KeyKind::Rsa(_)) => &RSA_PKCS1_2048_8192_SHA256,
        (RSA_SHA384, KeyKind::Rsa(_)) => &RSA_PKCS1_2048_8192_SHA384,
        (RSA_SHA512, KeyKind::Rsa(_)) => &RSA_PKCS1_2048_8192_SHA512,
        (ECDSA_SHA256, KeyKind::P256) => &ECDSA_P256_SHA256_ASN1,
        (ECDSA_SHA384, KeyKind::P256) => &ECDSA_P256_SHA384_ASN1,
        (ECDSA_SHA256, KeyKind::P384) => &ECDSA_P384_SHA256_ASN1,
        (ECDSA_SHA384, KeyKind::P384) => &ECDSA_P384_SHA384_ASN1,
        (ED, KeyKind::Ed25519) => &ED25519,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
