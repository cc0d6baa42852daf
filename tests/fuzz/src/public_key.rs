//! Reading SSH public keys.

use claviger_pki::RsaPublicKey;

/// Reads the bytes as a public key. One that is taken is written in each encoding and read again.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok((key, comment)) = RsaPublicKey::parse(text) else {
        return;
    };
    if let Some(comment) = comment {
        assert!(!comment.contains(['\n', '\r']), "a comment of two lines");
    }
    let line = key.to_openssh();
    let pem = key.to_pem().expect("a key that was read can be written");
    for written in [&line, &pem] {
        assert_eq!(
            RsaPublicKey::parse(written),
            Ok((key.clone(), None)),
            "what was written is another key"
        );
    }
    assert_eq!(key.md5_fingerprint().len(), 47);
    assert!((2_048..=16_384).contains(&key.bits()));
}
