use super::*;

const OPENSSH: &str = include_str!("../../../../tests/credentials/rsa.pub");
const SPKI: &str = include_str!("../../../../tests/credentials/rsa.spki.pem");
const PKCS1: &str = include_str!("../../../../tests/credentials/rsa.pkcs1.pem");
const SMALL: &str = include_str!("../../../../tests/credentials/small.pub");
const ED25519: &str = include_str!("../../../../tests/credentials/ed25519.pub");

fn key(text: &str) -> RsaPublicKey {
    RsaPublicKey::parse(text).expect("a key").0
}

/// A key in `ssh-rsa` format of these three fields.
fn line(name: &[u8], exponent: &[u8], modulus: &[u8]) -> String {
    let mut blob = Vec::new();
    for field in [name, exponent, modulus] {
        write_string(&mut blob, &[], field);
    }
    format!("ssh-rsa {}", BASE64.encode(&blob))
}

/// A positive number of this many bits.
fn number(bits: usize) -> Vec<u8> {
    let mut bytes = vec![0xff; bits.div_ceil(8)];
    bytes[0] >>= bytes.len() * 8 - bits;
    if bytes[0] >= 0x80 {
        bytes.insert(0, 0);
    }
    bytes
}

#[test]
fn the_three_formats_are_one_key() {
    let one = key(OPENSSH);
    assert_eq!(one, key(SPKI));
    assert_eq!(one, key(PKCS1));
    assert_eq!(one.bits(), 2_048);
    assert!(OPENSSH.starts_with(&one.to_openssh()));
    assert_eq!(one.to_pem().expect("PEM"), SPKI.trim());
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    let one = key(OPENSSH);
    assert_eq!(
        one.md5_fingerprint(),
        "b5:21:8c:f5:e6:de:fe:30:3a:15:45:69:96:9c:34:4b"
    );
    assert_eq!(
        one.sha256_fingerprint(),
        "SHA256:Y/bj6lpbjHMbscwKnbOub6asqBh+yTIkB7jMuzF0u0g"
    );
}

#[test]
fn a_comment_is_told_apart_from_the_key() {
    let comment = |text: &str| {
        RsaPublicKey::parse(text)
            .expect("a key")
            .1
            .map(str::to_owned)
    };
    assert_eq!(comment(OPENSSH).as_deref(), Some("alice@example.com"));
    let bare = key(OPENSSH).to_openssh();
    assert_eq!(comment(&bare), None);
    assert_eq!(
        comment(&format!("{bare}  two words \n")).as_deref(),
        Some("two words")
    );
    // Characters are counted, not bytes.
    let longest = "é".repeat(COMMENT_CHARACTERS);
    assert_eq!(comment(&format!("{bare} {longest}")), Some(longest.clone()));
    assert_eq!(
        RsaPublicKey::parse(&format!("{bare} {longest}x")),
        Err(PublicKeyError::Comment)
    );
    let filled = format!("{bare}{}", " ".repeat(9_000));
    assert_eq!(comment(&filled), None);
}

#[test]
fn what_is_in_no_known_format_is_unrecognized() {
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    for text in [
        "",
        "ssh-rsa",
        "AAAAB3NzaC1yc2E=",
        "ssh-dss AAAA",
        "SSH-RSA AAAA",
        ED25519,
        private,
    ] {
        assert_eq!(
            RsaPublicKey::parse(text),
            Err(PublicKeyError::Unrecognized),
            "{text}"
        );
    }
}

#[test]
fn sizes_have_two_ends() {
    assert_eq!(RsaPublicKey::parse(SMALL), Err(PublicKeyError::Size(1_024)));
    for (bits, taken) in [
        (2_047, false),
        (2_048, true),
        (3_071, true),
        (16_384, true),
        (16_385, false),
    ] {
        let text = line(b"ssh-rsa", &[1, 0, 1], &number(bits));
        let size = RsaPublicKey::parse(&text).map(|(key, _)| key.bits());
        let expected = if taken {
            Ok(bits)
        } else {
            Err(PublicKeyError::Size(bits))
        };
        assert_eq!(size, expected);
    }
}

#[test]
fn a_broken_key_is_malformed() {
    let modulus = number(2_048);
    let mut even = modulus.clone();
    even[256] = 0xfe;
    let padded = [&[0], modulus.as_slice()].concat();
    let good = line(b"ssh-rsa", &[1, 0, 1], &modulus);
    assert!(RsaPublicKey::parse(&good).is_ok());
    for text in [
        line(b"ssh-dss", &[1, 0, 1], &modulus),
        line(b"ssh-rsa", &[1, 0, 1], &even),
        line(b"ssh-rsa", &[1, 0, 1], &padded),
        line(b"ssh-rsa", &[1, 0, 1], &modulus[1..]),
        line(b"ssh-rsa", &[1, 0, 1], &[]),
        line(b"ssh-rsa", &[1], &modulus),
        line(b"ssh-rsa", &[4], &modulus),
        line(b"ssh-rsa", &[0, 1, 0, 1], &modulus),
        line(b"ssh-rsa", &[0x7f; 33], &modulus),
        good.strip_suffix("////").expect("ones").to_owned(),
        good.replace("ssh-rsa ", "ssh-rsa #"),
        format!("{good} one\nssh-rsa two"),
        format!("{good}\n{good}"),
        SPKI.replace("MIIB", "MIIC"),
        format!("{SPKI}{SPKI}"),
        PKCS1.replace("RSA PUBLIC KEY", "PUBLIC KEY"),
        SPKI.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
    ] {
        assert_eq!(
            RsaPublicKey::parse(&text),
            Err(PublicKeyError::Malformed),
            "{text}"
        );
    }
}

#[test]
fn a_length_that_lies_reads_nothing_else() {
    for length in [u32::MAX, 1 << 31, 8] {
        let blob = [&length.to_be_bytes(), b"ssh-rsa".as_slice()].concat();
        let text = format!("ssh-rsa {}", BASE64.encode(&blob));
        assert_eq!(RsaPublicKey::parse(&text), Err(PublicKeyError::Malformed));
    }
}
