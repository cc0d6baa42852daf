//! What is checked of a certificate when it is uploaded.

use claviger_model::{Code, Timestamp};
use claviger_pki::{Certificate, ChainError, PrivateKeyError, private_key};
use zeroize::Zeroizing;

use crate::fault::Fault;

/// Certificates that a chain may have: no client follows a longer one, and each costs a signature to check.
const MOST_IN_CHAIN: usize = 10;

fn malformed(message: impl Into<String>) -> Fault {
    Fault::new(Code::MalformedCertificate, message)
}

/// A certificate that is good to keep.
pub(super) struct Checked {
    /// When it ends.
    pub(super) expires: Timestamp,
    /// The certificate in PEM, written anew: white space that a text is filled up with would be in every version of the
    /// record.
    pub(super) body: String,
    /// The private key in PEM, written anew too.
    pub(super) key: Zeroizing<String>,
    /// The certificates above it, written anew too.
    pub(super) chain: Option<String>,
}

/// Checks that certificate, private key and chain belong together and are good now, and answers what is kept of them.
pub(super) fn check(
    body: &str,
    key: &str,
    chain: Option<&str>,
    now: Timestamp,
) -> Result<Checked, Fault> {
    let certificate = Certificate::parse(body).map_err(|error| {
        malformed("Unable to parse certificate. Please ensure the certificate is in PEM format.")
            .because(error)
    })?;
    let (begin, end) = certificate.validity();
    // COMPAT: AWS refuses a certificate that begins in the future as well (aws/aws-sdk-go#2586).
    if now.seconds() < begin {
        return Err(malformed("The certificate is not valid yet."));
    }
    if now.seconds() > end {
        return Err(malformed("The certificate has expired."));
    }
    let key = private_key::check(key, &certificate).map_err(|error| match error {
        PrivateKeyError::Malformed => malformed(
            "Unable to parse private key. Please ensure the private key is in PEM format.",
        ),
        PrivateKeyError::Encrypted => malformed(
            "Unable to parse private key. Please ensure the private key is not encrypted.",
        ),
        PrivateKeyError::Unsupported => malformed(
            "The private key is not supported. Only RSA keys of 2048 to 4096 bits and keys on the curves P-256 and P-384 are.",
        ),
        PrivateKeyError::Mismatch => Fault::new(
            Code::KeyPairMismatch,
            "The public key certificate and the private key do not match.",
        ),
    })?;
    let chain = chain.map(|chain| certificate.check_chain(chain, MOST_IN_CHAIN));
    let chain = chain.transpose().map_err(|error| {
        let order = "Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, followed by any intermediaries in order.";
        match error {
            ChainError::Unreadable => malformed(order),
            ChainError::Broken(place) => malformed(format!(
                "{order} The index within the chain of the invalid certificate is: {place}"
            )),
        }
    })?;
    Ok(Checked {
        expires: Timestamp::from_seconds(end),
        body: certificate.to_pem(),
        key,
        chain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! file {
        ($name:literal) => {
            include_str!(concat!("../../../../../tests/credentials/", $name))
        };
    }

    const DAY: Timestamp = Timestamp::from_seconds(1_767_323_045);

    #[test]
    fn what_belongs_together_is_taken_and_its_end_told() {
        let end = Timestamp::from_seconds(4_889_289_600);
        let checked = |body, key, chain| {
            check(body, key, chain, DAY)
                .map(|checked| checked.expires)
                .map_err(|fault| fault.code())
        };
        let (leaf, key) = (file!("leaf.pem"), file!("leaf.key"));
        assert_eq!(checked(leaf, key, None), Ok(end));
        assert_eq!(checked(leaf, key, Some(file!("between.pem"))), Ok(end));
        assert_eq!(
            checked(file!("p256.pem"), file!("p256.sec1.key"), None),
            Ok(end)
        );
        for (body, key, chain, code) in [
            ("invalid", key, None, Code::MalformedCertificate),
            (leaf, "invalid", None, Code::MalformedCertificate),
            (leaf, key, Some("invalid"), Code::MalformedCertificate),
            (
                leaf,
                key,
                Some(file!("root.pem")),
                Code::MalformedCertificate,
            ),
            (
                leaf,
                file!("leaf.encrypted.key"),
                None,
                Code::MalformedCertificate,
            ),
            (
                file!("small.pem"),
                file!("small.key"),
                None,
                Code::MalformedCertificate,
            ),
            (file!("expired.pem"), key, None, Code::MalformedCertificate),
            (file!("future.pem"), key, None, Code::MalformedCertificate),
            (file!("p256.pem"), key, None, Code::KeyPairMismatch),
            (file!("root.pem"), key, None, Code::KeyPairMismatch),
        ] {
            assert_eq!(checked(body, key, chain), Err(code));
        }
    }
}
