//! Reading certificates, their private keys and the chains above them.

use claviger_pki::{Certificate, KeyKind, pem, private_key};

/// Certificates of a chain that are read.
const MOST: usize = 4;

/// Reads the bytes as a certificate, a private key and a chain, with an empty line behind each.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut parts = text.splitn(3, "\n\n");
    let mut part = || parts.next().unwrap_or_default();
    let (body, key, chain) = (part(), part(), part());
    written_again(body);
    let Ok(certificate) = Certificate::parse(body) else {
        return;
    };
    let (begin, end) = certificate.validity();
    assert!(begin >= 0 && end >= 0, "an instant before 1970");
    let written = certificate.to_pem();
    let again = Certificate::parse(&written).expect("what was written is a certificate");
    assert_eq!(again.digest(), certificate.digest(), "another certificate");
    if private_key::check(key, &certificate).is_ok() {
        assert!(
            matches!(
                certificate.key_kind(),
                KeyKind::Rsa(2_048..=4_096) | KeyKind::P256 | KeyKind::P384
            ),
            "a private key of a kind that is not checked"
        );
    }
    let is_good = certificate.check_chain(chain, MOST).is_ok();
    if let Ok(above) = pem::read(chain, MOST) {
        assert!(!is_good || !above.is_empty(), "a chain of nothing");
    }
}

/// What is PEM in one way is the same PEM in another.
fn written_again(text: &str) {
    let Ok(blocks) = pem::read(text, MOST) else {
        return;
    };
    for block in blocks {
        let written = pem::write(block.label, &block.bytes);
        let again = pem::read(&written, 1).expect("what was written is PEM");
        assert_eq!(again.len(), 1);
        assert_eq!(*again[0].bytes, *block.bytes);
    }
}
