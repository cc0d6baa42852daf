//! RSA public keys as SSH and OpenSSL write them: `ssh-rsa` (RFC 4253, 6.6), and PEM of either of two kinds.

use data_encoding::{BASE64, BASE64_NOPAD};
use der::asn1::{BitStringRef, UintRef};
use der::{Decode, Encode};
use md5::{Digest, Md5};
use pkcs1::RsaPublicKeyRef;
use sha2::Sha256;
use spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use crate::pem;

/// The name of the algorithm, and of its format.
const SSH_RSA: &str = "ssh-rsa";
/// The label of a key with its algorithm (RFC 5280, `SubjectPublicKeyInfo`).
const PUBLIC_KEY: &str = "PUBLIC KEY";
/// The label of a key that can only be RSA (RFC 8017, `RSAPublicKey`).
const RSA_PUBLIC_KEY: &str = "RSA PUBLIC KEY";
/// Bits of the smallest modulus that is taken, and of the largest.
const BITS: std::ops::RangeInclusive<usize> = 2_048..=16_384;
/// Bytes of the largest public exponent that is taken (FIPS 186-5 ends at 256 bits).
const EXPONENT_BYTES: usize = 32;

/// Characters of the longest comment that is taken.
pub const COMMENT_CHARACTERS: usize = 256;

/// Why a text is not taken for a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// It is in none of the known formats.
    #[error("the key is neither in `ssh-rsa` format nor in PEM")]
    Unrecognized,
    /// It is in a known format, and broken.
    #[error("the key cannot be read")]
    Malformed,
    /// It is too short or too long.
    #[error("the key has {0} bits")]
    Size(usize),
    /// What stands behind it is longer than [`COMMENT_CHARACTERS`].
    #[error("the comment of the key is too long")]
    Comment,
}

/// An RSA public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaPublicKey {
    /// Big-endian, without zeros at the front.
    modulus: Vec<u8>,
    /// Big-endian, without zeros at the front.
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    /// Reads a key in `ssh-rsa` format or in PEM, and the comment that stands behind it in the former.
    ///
    /// # Errors
    /// What the text is not.
    pub fn parse(text: &str) -> Result<(Self, Option<&str>), PublicKeyError> {
        let text = text.trim();
        if text.starts_with("-----BEGIN ") {
            return Self::of_pem(text).map(|key| (key, None));
        }
        let (format, rest) = text
            .split_once([' ', '\t'])
            .ok_or(PublicKeyError::Unrecognized)?;
        if format != SSH_RSA {
            return Err(PublicKeyError::Unrecognized);
        }
        let rest = rest.trim_start();
        let (blob, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        if comment.contains(char::is_control) {
            return Err(PublicKeyError::Malformed);
        }
        let blob = BASE64
            .decode(blob.as_bytes())
            .map_err(|_| PublicKeyError::Malformed)?;
        let key = Self::of_blob(&blob)?;
        let comment = comment.trim();
        if comment.chars().count() > COMMENT_CHARACTERS {
            return Err(PublicKeyError::Comment);
        }
        Ok((key, (!comment.is_empty()).then_some(comment)))
    }

    fn of_blob(blob: &[u8]) -> Result<Self, PublicKeyError> {
        let (name, rest) = string(blob).ok_or(PublicKeyError::Malformed)?;
        let (exponent, rest) = string(rest).ok_or(PublicKeyError::Malformed)?;
        let (modulus, rest) = string(rest).ok_or(PublicKeyError::Malformed)?;
        if name != SSH_RSA.as_bytes() || !rest.is_empty() {
            return Err(PublicKeyError::Malformed);
        }
        Self::new(
            positive(modulus).ok_or(PublicKeyError::Malformed)?,
            positive(exponent).ok_or(PublicKeyError::Malformed)?,
        )
    }

    fn of_pem(text: &str) -> Result<Self, PublicKeyError> {
        let blocks = pem::read(text, 1).map_err(|_| PublicKeyError::Malformed)?;
        let [block] = blocks.as_slice() else {
            return Err(PublicKeyError::Malformed);
        };
        match block.label {
            PUBLIC_KEY => {
                let key = SubjectPublicKeyInfoRef::from_der(&block.bytes)
                    .map_err(|_| PublicKeyError::Malformed)?;
                if key.algorithm.oid != pkcs1::ALGORITHM_OID {
                    return Err(PublicKeyError::Malformed);
                }
                let bits = key.subject_public_key.as_bytes();
                Self::of_pkcs1(bits.ok_or(PublicKeyError::Malformed)?)
            }
            RSA_PUBLIC_KEY => Self::of_pkcs1(&block.bytes),
            _ => Err(PublicKeyError::Unrecognized),
        }
    }

    fn of_pkcs1(der: &[u8]) -> Result<Self, PublicKeyError> {
        let key = RsaPublicKeyRef::from_der(der).map_err(|_| PublicKeyError::Malformed)?;
        Self::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())
    }

    fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, PublicKeyError> {
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        if !is_odd(modulus)
            || !is_odd(exponent)
            || exponent == [1]
            || exponent.len() > EXPONENT_BYTES
        {
            return Err(PublicKeyError::Malformed);
        }
        let key = Self {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        };
        if !BITS.contains(&key.bits()) {
            return Err(PublicKeyError::Size(key.bits()));
        }
        Ok(key)
    }

    /// The length of the modulus.
    #[must_use]
    pub fn bits(&self) -> usize {
        let unused = self
            .modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
        self.modulus.len() * 8 - unused
    }

    /// The key as SSH sends it.
    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(self.modulus.len() + self.exponent.len() + 32);
        write_string(&mut blob, &[], SSH_RSA.as_bytes());
        for number in [&self.exponent, &self.modulus] {
            // A number whose first bit is set would be taken for a negative one.
            let sign: &[u8] = match number.first() {
                Some(0x80..) => &[0],
                _ => &[],
            };
            write_string(&mut blob, sign, number);
        }
        blob
    }

    /// The key in `ssh-rsa` format, without a comment: one line for `authorized_keys`.
    #[must_use]
    pub fn to_openssh(&self) -> String {
        [SSH_RSA, " ", &BASE64.encode(&self.blob())].concat()
    }

    /// The key in PEM, with its algorithm.
    ///
    /// # Errors
    /// The key cannot be written as DER.
    pub fn to_pem(&self) -> Result<String, der::Error> {
        let key = RsaPublicKeyRef {
            modulus: UintRef::new(&self.modulus)?,
            public_exponent: UintRef::new(&self.exponent)?,
        }
        .to_der()?;
        let with_algorithm = SubjectPublicKeyInfo {
            algorithm: pkcs1::ALGORITHM_ID,
            subject_public_key: BitStringRef::from_bytes(&key)?,
        }
        .to_der()?;
        Ok(pem::write(PUBLIC_KEY, &with_algorithm))
    }

    /// The MD5 fingerprint that AWS shows: sixteen bytes in hexadecimal, with colons between.
    #[must_use]
    pub fn md5_fingerprint(&self) -> String {
        let bytes: Vec<String> = Md5::digest(self.blob())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        bytes.join(":")
    }

    /// The fingerprint that `ssh-keygen -l` shows.
    #[must_use]
    pub fn sha256_fingerprint(&self) -> String {
        let digest = Sha256::digest(self.blob());
        ["SHA256:", &BASE64_NOPAD.encode(&digest)].concat()
    }
}

/// A string of SSH's at the front (RFC 4251, 5), and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn write_string(to: &mut Vec<u8>, sign: &[u8], bytes: &[u8]) {
    let length = u32::try_from(sign.len() + bytes.len()).unwrap_or(u32::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(sign);
    to.extend_from_slice(bytes);
}

/// A positive number of SSH's without its sign, where it is written as shortly as can be (RFC 4251, 5, `mpint`).
fn positive(bytes: &[u8]) -> Option<&[u8]> {
    let has_sign = |byte: &u8| *byte >= 0x80;
    match bytes {
        [0, rest @ ..] => rest.first().is_some_and(has_sign).then_some(rest),
        [first, ..] => (!has_sign(first)).then_some(bytes),
        [] => None,
    }
}

#[cfg(test)]
mod tests;
