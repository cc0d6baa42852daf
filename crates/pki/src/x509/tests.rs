use super::*;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/credentials/", $name))
    };
}

fn certificate(text: &str) -> Certificate {
    Certificate::parse(text).expect("a certificate")
}

#[test]
fn a_certificate_tells_its_validity_its_key_and_its_digest() {
    let leaf = certificate(file!("leaf.pem"));
    // 2025-01-01 and a hundred times 365 days later.
    assert_eq!(leaf.validity(), (1_735_689_600, 4_889_289_600));
    for (text, kind) in [
        (file!("leaf.pem"), KeyKind::Rsa(2_048)),
        (file!("small.pem"), KeyKind::Rsa(1_024)),
        (file!("p256.pem"), KeyKind::P256),
        (file!("p384.pem"), KeyKind::P384),
        (file!("p521.pem"), KeyKind::Other),
        (file!("ed25519.pem"), KeyKind::Ed25519),
    ] {
        assert_eq!(certificate(text).key_kind(), kind);
    }
    let again = file!("leaf.pem").replace('\n', "\r\n");
    assert_eq!(certificate(&again).digest(), leaf.digest());
    assert_eq!(certificate(&again).to_pem(), file!("leaf.pem").trim_end());
    assert_ne!(certificate(file!("root.pem")).digest(), leaf.digest());
}

#[test]
fn what_is_no_certificate_is_refused() {
    let good = file!("leaf.pem");
    let two = [good, good].concat();
    let lengthened = {
        let blocks = pem::read(good, 1).expect("PEM");
        pem::write(CERTIFICATE, &[blocks[0].bytes.as_slice(), &[0]].concat())
    };
    for (text, error) in [
        ("", CertificateError::NotPem),
        ("invalid", CertificateError::NotPem),
        (two.as_str(), CertificateError::NotPem),
        (file!("leaf.key"), CertificateError::NotPem),
        (lengthened.as_str(), CertificateError::Malformed),
        (
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            CertificateError::Malformed,
        ),
        (
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            CertificateError::Malformed,
        ),
    ] {
        assert_eq!(Certificate::parse(text).err(), Some(error), "{text}");
    }
}

#[test]
fn every_byte_that_is_cut_off_or_flipped_is_noticed_or_harmless() {
    let blocks = pem::read(file!("p256.pem"), 1).expect("PEM");
    let whole = blocks[0].bytes.as_slice();
    for end in 0..whole.len() {
        assert!(Certificate::of_der(&whole[..end]).is_err(), "{end}");
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.to_vec();
            flipped[place] ^= 1 << bit;
            if let Ok(read) = Certificate::of_der(&flipped) {
                let _ = (read.key_kind(), read.validity());
            }
        }
    }
}

#[test]
fn a_chain_goes_up_step_by_step() {
    let leaf = certificate(file!("leaf.pem"));
    let (between, root) = (file!("between.pem"), file!("root.pem"));
    let check = |chain: &[&str]| leaf.check_chain(&chain.concat(), 2);
    let written = |chain: &[&str]| chain.concat().trim_end().to_owned();
    assert_eq!(check(&[between]), Ok(written(&[between])));
    assert_eq!(check(&[between, root]), Ok(written(&[between, root])));
    // What fills a text up is no part of the chain.
    let filled = [between, root].concat().replace('\n', "  \r\n\n");
    assert_eq!(check(&[&filled]), Ok(written(&[between, root])));
    assert_eq!(check(&[root, between]), Err(ChainError::Broken(0)));
    assert_eq!(check(&[root]), Err(ChainError::Broken(0)));
    assert_eq!(
        check(&[between, file!("p256.pem")]),
        Err(ChainError::Broken(1))
    );
    assert_eq!(
        check(&[file!("leaf.pem"), between]),
        Err(ChainError::Broken(0))
    );
    assert_eq!(check(&[between, root, root]), Err(ChainError::Unreadable));
    assert_eq!(check(&[]), Err(ChainError::Unreadable));
    assert_eq!(check(&["text", between]), Err(ChainError::Unreadable));
    assert_eq!(check(&[file!("leaf.key")]), Err(ChainError::Unreadable));
}

#[test]
fn a_name_alone_signs_nothing_and_neither_does_who_is_no_authority() {
    let forged = certificate(file!("forged.pem"));
    assert_eq!(
        forged.check_chain(file!("between.pem"), 9),
        Err(ChainError::Broken(0))
    );
    let by_member = certificate(file!("by_member.pem"));
    assert_eq!(
        by_member.check_chain(file!("member.pem"), 9),
        Err(ChainError::Broken(0))
    );
    let member = certificate(file!("member.pem"));
    assert!(member.check_chain(file!("root.pem"), 9).is_ok());
}

#[test]
fn an_authority_signs_with_every_kind_of_key_that_is_known() {
    let root = certificate(file!("root.pem"));
    let between = certificate(file!("between.pem"));
    assert!(root.is_signed_by(&root), "RSA");
    assert!(between.is_signed_by(&root), "RSA with SHA-512");
    assert!(
        certificate(file!("leaf.pem")).is_signed_by(&between),
        "P-384"
    );
}

#[test]
fn an_authority_states_that_it_is_one_and_what_its_key_is_for() {
    for (text, states) in [
        (file!("vendor.pem"), true),
        // Of an authority, without a word on its key's usage.
        (file!("root.pem"), false),
        (file!("vendor.usage.pem"), false),
        (file!("leaf.pem"), false),
    ] {
        assert_eq!(certificate(text).states_authority(), states);
    }
}

#[test]
fn a_certificate_is_written_as_it_was_read() {
    let root = certificate(file!("root.pem"));
    assert_eq!(certificate(&root.to_pem()).digest(), root.digest());
    assert_eq!(root.to_pem().trim(), file!("root.pem").trim());
}
